"""Signals of control charts as the log keeps them, and the attempts to tell them outside."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine, func, insert, select, update

from inspection.domain.chart_choice import ChartChoice
from inspection.storage.audit import append_event
from inspection.storage.chart_tables import alert_delivery, chart_alert
from inspection.storage.column_types import AnyRow, AnySelect
from inspection.storage.database import looking, writing

SENT, FAILED = "sent", "failed"
# An attempt without an outcome after this long was cut off; it counts as failed.
_CUT_OFF = timedelta(minutes=10)
# What could not be told within a week is no news any more; nor is what a channel that is switched
# on later finds in the log.
_NEWS = timedelta(days=7)
_FIRST_WAIT, _LONGEST_WAIT = timedelta(minutes=5), timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class ChartAlert:
    """One signal of a chart. first_at: beginning (UTC) of the first point at which the rule held;
    began_at: of the run's first point. value: of that point; bound: the limit or centre that it
    is compared with. What makes it one and the same signal: chart, rule, above, first_at."""

    chart: ChartChoice
    rule: str
    above: bool
    first_at: datetime
    began_at: datetime
    value: float
    bound: float


@dataclass(frozen=True, slots=True)
class NumberedAlert:
    """An alert as the log holds it. raised_at: UTC."""

    id: int
    alert: ChartAlert
    raised_at: datetime


def raise_alerts(engine: Engine, alerts: Sequence[ChartAlert]) -> tuple[NumberedAlert, ...]:
    """Write those alerts that the log does not hold yet; answers the new ones. Audited.

    Two checkers may call this at once: the write lock lets one in, the other finds the rows.
    """
    if not alerts or not _unknown(engine, alerts):
        return ()
    now, new = datetime.now(UTC), []
    with writing(engine) as connection:
        held = {_key(row) for row in connection.execute(_like(alerts))}
        number = connection.scalar(select(func.max(chart_alert.c.id))) or 0
        for alert in alerts:
            key = (alert.chart.code, alert.rule, alert.above, alert.first_at)
            if key in held:
                continue
            held.add(key)
            number += 1
            row = {
                "id": number,
                "chart": alert.chart.code,
                "rule": alert.rule,
                "above": alert.above,
                "first_at": alert.first_at,
                "began_at": alert.began_at,
                "value": float(alert.value),
                "bound": float(alert.bound),
                "raised_at": now,
            }
            connection.execute(insert(chart_alert), [row])
            details = {name: row[name] for name in ("chart", "rule", "above", "value", "bound")}
            details |= {"chart_alert": number, "first_at": alert.first_at.isoformat()}
            append_event(connection, "chart_alert", "", details)
            new.append(NumberedAlert(number, alert, now))
    return tuple(new)


def alerts_since(engine: Engine, moment: datetime) -> tuple[NumberedAlert, ...]:
    """Alerts whose signal began to hold at `moment` or later, newest first."""
    question = (
        select(chart_alert)
        .where(chart_alert.c.first_at >= moment)
        .order_by(chart_alert.c.first_at.desc(), chart_alert.c.id.desc())
    )
    with looking(engine) as connection:
        return tuple(_alert(row) for row in connection.execute(question))


def claim_deliveries(
    engine: Engine, channel: str, now: datetime
) -> tuple[tuple[NumberedAlert, int], ...]:
    """The alerts that this channel owes and may be told now, each with the number of the attempt.

    The attempts are written here, before anything is sent: another checker that asks meanwhile is
    given none of them. A failed attempt is due again after 5, 10, 20 … minutes, at most 6 hours.
    """
    with looking(engine) as connection:
        if not _due(connection, channel, now):
            return ()
    with writing(engine) as connection:
        claimed = _due(connection, channel, now)
        rows = [
            {
                "alert_id": one.id,
                "channel": channel,
                "attempt": attempt,
                "started_at": now,
                "outcome": "",
                "told": "",
            }
            for one, attempt in claimed
        ]
        if rows:
            connection.execute(insert(alert_delivery), rows)
    return claimed


def finish_deliveries(
    engine: Engine,
    channel: str,
    claimed: Sequence[tuple[NumberedAlert, int]],
    outcome: str,
    told: str = "",
) -> None:
    """Write how the attempts went: SENT, or FAILED with what the other side told."""
    row = alert_delivery.c
    with writing(engine) as connection:
        for one, attempt in claimed:
            this = (row.alert_id == one.id) & (row.channel == channel) & (row.attempt == attempt)
            connection.execute(
                update(alert_delivery).where(this).values(outcome=outcome, told=told[:500])
            )


def _due(
    connection: Connection, channel: str, now: datetime
) -> tuple[tuple[NumberedAlert, int], ...]:
    last: dict[int, AnyRow] = {}
    of_channel = select(alert_delivery).where(
        alert_delivery.c.channel == channel, alert_delivery.c.started_at > now - 2 * _NEWS
    )
    for row in connection.execute(of_channel.order_by(alert_delivery.c.attempt)):
        last[row.alert_id] = row
    news = select(chart_alert).where(chart_alert.c.raised_at > now - _NEWS)
    return tuple(
        (_alert(row), last[row.id].attempt + 1 if row.id in last else 1)
        for row in connection.execute(news.order_by(chart_alert.c.id))
        if row.id not in last or _is_due(last[row.id], now)
    )


def _is_due(last: AnyRow, now: datetime) -> bool:
    if last.outcome == SENT:
        return False
    if last.outcome == "":
        return now - last.started_at >= _CUT_OFF
    wait = min(_FIRST_WAIT * 2 ** min(last.attempt - 1, 10), _LONGEST_WAIT)
    return now - last.started_at >= wait


def _unknown(engine: Engine, alerts: Sequence[ChartAlert]) -> bool:
    """Whether anything is new; read without the write lock, as most checks find nothing."""
    with looking(engine) as connection:
        held = {_key(row) for row in connection.execute(_like(alerts))}
    return any((one.chart.code, one.rule, one.above, one.first_at) not in held for one in alerts)


def _like(alerts: Sequence[ChartAlert]) -> AnySelect:
    return select(chart_alert).where(
        chart_alert.c.first_at >= min(alert.first_at for alert in alerts)
    )


def _key(row: AnyRow) -> tuple[object, ...]:
    return row.chart, row.rule, bool(row.above), row.first_at


def _alert(row: AnyRow) -> NumberedAlert:
    return NumberedAlert(
        row.id,
        ChartAlert(
            ChartChoice.of_code(row.chart),
            row.rule,
            bool(row.above),
            row.first_at,
            row.began_at,
            row.value,
            row.bound,
        ),
        row.raised_at,
    )
