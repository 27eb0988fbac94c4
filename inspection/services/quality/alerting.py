"""Alerts of control charts: found once, kept in the log, told outside where the settings say so.

Watched are the u chart by day of each vehicle model, and every chart on which a person froze a
baseline. A point counts when its time is over. Telling is off by default; what could not be told
is tried again at a later check and never keeps anybody waiting.
"""

import http.client
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from inspection.domain.chart_choice import ChartChoice
from inspection.errors import MailError
from inspection.i18n import Translate, translator
from inspection.services.mailing import mail_is_on, send_mail
from inspection.services.quality import control_charts
from inspection.services.quality.control_charts import ChartSignal
from inspection.services.quality.signal_words import (
    chart_address,
    chart_link,
    chart_name,
    point_key,
    point_name,
    value_text,
)
from inspection.services.station import Station
from inspection.storage import chart_alerts, chart_notes
from inspection.storage.chart_alerts import FAILED, SENT, ChartAlert, NumberedAlert

# Older signals are history: they stand on the charts and are no news.
WATCHED_DAYS = 35
_WEBHOOK_TIMEOUT_S = 5

_telling = threading.Lock()


@dataclass(frozen=True, slots=True)
class OpenAlerts:
    """The unexplained signals of one chart, newest first; at least one."""

    chart: ChartChoice
    alerts: tuple[NumberedAlert, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """How one channel ("webhook" or "mail") did: alerts it took, or the reason it took none."""

    channel: str
    alerts: int
    reason: str = ""


def watched_charts(station: Station, today: date | None = None) -> tuple[ChartChoice, ...]:
    """The charts whose signals become alerts."""
    today = today or station.calendar.slot_at(datetime.now(UTC)).day
    models = control_charts.models_of(station, today - timedelta(days=WATCHED_DAYS), today)
    usual = [ChartChoice("u", "day", 0, "vehicle_model", model) for model in models]
    frozen = [
        one.note.chart
        for one in chart_notes.standing_notes(station.engine)
        if one.note.kind == "baseline"
    ]
    return tuple(dict.fromkeys([*usual, *frozen]))


def check_signals(station: Station, now: datetime | None = None) -> tuple[NumberedAlert, ...]:
    """Look at every watched chart; answers the alerts that are new, and keeps them in the log."""
    now = now or datetime.now(UTC)
    today = station.calendar.slot_at(now).day
    since = today - timedelta(days=WATCHED_DAYS)
    settings = station.settings
    found = []
    for chart in watched_charts(station, today):
        plotted = control_charts.plot(station, chart, since, today)
        signals = plotted.signals(settings.alert_rules, laney=settings.alert_limits == "laney")
        for signal in signals:
            ends_at = plotted.points["last_at"].iloc[signal.first_place]
            if signal.first_place >= plotted.first and ends_at <= now:
                found.append(_alert(signal))
    found.sort(key=lambda alert: alert.first_at)
    return chart_alerts.raise_alerts(station.engine, found)


def open_alerts(station: Station, now: datetime | None = None) -> tuple[OpenAlerts, ...]:
    """Alerts of the WATCHED_DAYS for which nobody has noted a cause, by chart, most first."""
    now = now or datetime.now(UTC)
    since = now - timedelta(days=WATCHED_DAYS + 1)
    causes = [
        one.note
        for one in chart_notes.standing_notes(station.engine, since - timedelta(days=90))
        if one.note.kind == "cause"
    ]
    by_chart: dict[ChartChoice, list[NumberedAlert]] = {}
    for one in chart_alerts.alerts_since(station.engine, since):
        alert = one.alert
        # The first point's beginning lies inside it, whatever its length.
        until = alert.first_at + timedelta(microseconds=1)
        explained = any(
            note.covers(alert.began_at, until) and note.chart.speaks_for(alert.chart)
            for note in causes
        )
        if not explained:
            by_chart.setdefault(alert.chart, []).append(one)
    groups = [OpenAlerts(chart, tuple(alerts)) for chart, alerts in by_chart.items()]
    return tuple(sorted(groups, key=lambda one: -len(one.alerts)))


def tells_outside(station: Station) -> bool:
    """Whether the settings name a webhook or ask for mail."""
    return bool(_channels(station))


def tell_alerts(station: Station, now: datetime | None = None) -> tuple[Told, ...]:
    """Tell each channel what it is owed, in one message; answers how that went.

    Takes as long as the other side lets us wait: pages call `tell_in_background`.
    """
    now = now or datetime.now(UTC)
    outcomes = []
    for channel, send in _channels(station).items():
        owed = chart_alerts.claim_deliveries(station.engine, channel, now)
        if not owed:
            continue
        try:
            send(tuple(one for one, _ in owed))
        except (OSError, http.client.HTTPException, ValueError, MailError) as error:
            reason = str(error) or type(error).__name__
            chart_alerts.finish_deliveries(station.engine, channel, owed, FAILED, reason)
            outcomes.append(Told(channel, 0, reason))
        else:
            chart_alerts.finish_deliveries(station.engine, channel, owed, SENT)
            outcomes.append(Told(channel, len(owed)))
    return tuple(outcomes)


def tell_in_background(station: Station) -> threading.Thread | None:
    """`tell_alerts` in a thread of its own; None when nothing is to be told outside, or when this
    process is at it already."""
    if not tells_outside(station) or not _telling.acquire(blocking=False):
        return None

    def tell() -> None:
        try:
            tell_alerts(station)
        finally:
            _telling.release()

    thread = threading.Thread(target=tell, daemon=True, name="alerts")
    thread.start()
    return thread


def alert_sentence(t: Translate, station: Station, alert: ChartAlert) -> str:
    """Chart, rule, since when, and the value against its bound."""
    points, calendar = alert.chart.points, station.calendar
    first, began = (calendar.slot_at(moment) for moment in (alert.first_at, alert.began_at))
    side = "above" if alert.above else "below"
    return t(
        f"control.alert_{alert.rule}_{side}",
        chart=chart_name(t, station.bodies, alert.chart),
        when=point_name(t, points, first.day, first.shift if points == "shift" else ""),
        since=point_name(t, points, began.day),
        value=value_text(t, alert.chart.kind, alert.value),
        bound=value_text(t, alert.chart.kind, alert.bound),
    )


def alerts_address(
    station: Station, alerts: Sequence[NumberedAlert], today: date
) -> dict[str, str]:
    """The chart's page with the signals chosen on it, as address parameters.

    alerts: of one chart, at least one. Four weeks before the first signal stand beside it.
    """
    began = min(one.alert.began_at for one in alerts)
    last = max(one.alert.first_at for one in alerts)
    day = station.calendar.slot_at(began).day
    shown = chart_address(alerts[0].alert.chart, day - timedelta(days=28), max(today, day))
    return shown | {"sel_from": point_key(began), "sel_to": point_key(last)}


def _alert(signal: ChartSignal) -> ChartAlert:
    return ChartAlert(
        signal.chart,
        signal.rule,
        signal.above,
        signal.first_at,
        signal.began_at,
        signal.value,
        signal.bound,
    )


def _channels(station: Station) -> dict[str, Callable[[tuple[NumberedAlert, ...]], object]]:
    settings = station.settings
    channels: dict[str, Callable[..., object]] = {}
    if settings.alert_webhook.get_secret_value():
        channels["webhook"] = lambda alerts: _post(station, alerts)
    if settings.alert_mail and mail_is_on(settings):
        channels["mail"] = lambda alerts: _mail(station, alerts)
    return channels


def _lines(station: Station, alerts: tuple[NumberedAlert, ...]) -> list[tuple[str, str]]:
    """Sentence and link of each alert, in the installation's language."""
    t = translator(station.settings.language)
    today = station.calendar.slot_at(datetime.now(UTC)).day
    return [
        (
            alert_sentence(t, station, one.alert),
            chart_link(station.settings.site_url, alerts_address(station, [one], today)),
        )
        for one in alerts
    ]


def _post(station: Station, alerts: tuple[NumberedAlert, ...]) -> None:
    """One JSON object: `text` as chat services read it, `alerts` for programs."""
    lines = _lines(station, alerts)
    body = {
        "text": "\n".join(f"{text} {link}".strip() for text, link in lines),
        "alerts": [
            {
                "id": one.id,
                "chart": one.alert.chart.code,
                "rule": one.alert.rule,
                "above": one.alert.above,
                "first_at": one.alert.first_at.isoformat(),
                "began_at": one.alert.began_at.isoformat(),
                "value": one.alert.value,
                "bound": one.alert.bound,
                "text": text,
                "link": link,
            }
            for one, (text, link) in zip(alerts, lines, strict=True)
        ],
    }
    try:
        request = urllib.request.Request(
            station.settings.alert_webhook.get_secret_value(),
            data=json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"),
            headers={"Content-Type": "application/json; charset=utf-8"},
        )
        with urllib.request.urlopen(request, timeout=_WEBHOOK_TIMEOUT_S):
            pass
    except urllib.error.HTTPError as error:
        raise OSError(f"HTTP {error.code}") from None
    except (ValueError, http.client.InvalidURL):
        # What they say repeats the address, and who knows it may write into that chat.
        raise OSError("the address in the setting alert_webhook cannot be used") from None


def _mail(station: Station, alerts: tuple[NumberedAlert, ...]) -> None:
    t = translator(station.settings.language)
    lines = _lines(station, alerts)
    send_mail(
        station.settings,
        t("control.mail_subject", n=len(alerts)),
        "\n\n".join(f"{text}\n{link}".strip() for text, link in lines),
    )
