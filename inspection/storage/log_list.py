"""Reading the log as a list: its pages, how long it is, what occurs in it.

Everything here hands out frozen records or DataFrames with the columns its docstring names, and
leaves out judgements that a later one replaced, unless they are asked for by number.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Connection, Engine, exists, func, select

from inspection.domain import clocks
from inspection.domain.inspections import MOST_LETTERS, UNKNOWN
from inspection.domain.letters import shortened
from inspection.storage.column_types import AnySelect, frame
from inspection.storage.database import looking
from inspection.storage.first_inspections import is_first_now
from inspection.storage.log_filter import LogFilter, chosen
from inspection.storage.tables import audit, defect, inspection, left_out, photo, unit

LOG_COLUMNS = (
    "id",
    "inspected_at",
    "day",
    "shift",
    "line",
    "station",
    "vehicle_model",
    "body_number",
    "panel",
    "colour",
    "inspector",
    "verdict",
    "disposition",
    "standing",
    "score",
    "defects",
    "defect_area_px",
    "defect_area_mm2",
    "longest_mm",
    "photo_name",
    "photo_sha256",
    "is_first",
    "repeats",
)
# Why the figures leave an inspection out, "" where they do not.
WHY_LEFT_OUT = func.coalesce(
    select(left_out.c.why).where(left_out.c.inspection_id == inspection.c.id).scalar_subquery(), ""
).label("left_out")


@dataclass(frozen=True, slots=True)
class ImpossibleDate:
    """An inspection with a date that a wrong clock wrote.

    wrong: "inspected_at", "captured_at" or both, as `clocks.impossible_dates` names them. Moments
    in UTC.
    """

    id: int
    inspected_at: datetime
    captured_at: datetime | None
    wrong: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KnownValues:
    """What occurs in the log, for the choices of a filter; sorted, UNKNOWN last for "".

    first_day, last_day: None in an empty log.
    """

    first_day: date | None
    last_day: date | None
    shifts: tuple[str, ...]
    lines: tuple[str, ...]
    stations: tuple[str, ...]
    vehicle_models: tuple[str, ...]
    panels: tuple[str, ...]
    colours: tuple[str, ...]
    inspectors: tuple[str, ...]
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The inspections beside one of the list, None at its ends."""

    newer: int | None
    older: int | None


# Of several types the first in their alphabet: photos of one type stand together.
_FIRST_TYPE = (
    select(func.min(defect.c.type))
    .where(defect.c.inspection_id == inspection.c.id)
    .scalar_subquery()
)
_ORDER_COLUMNS = {
    **{
        name: inspection.c[name]
        for name in (
            *("id", "inspected_at", "day", "shift", "line", "station", "vehicle_model", "panel"),
            *("colour", "inspector", "verdict", "disposition", "standing", "score", "defects"),
            *("defect_area_mm2", "longest_mm", "photo_name"),
        )
    },
    "body_number": unit.c.body_number,
    "types": _FIRST_TYPE,
}
ORDERED_BY = tuple(_ORDER_COLUMNS)
# A code or a name that nobody gave is "", and goes to the end as an unknown number does.
_ORDER_TEXTS = (
    *("shift", "line", "station", "vehicle_model", "panel", "colour", "inspector", "disposition"),
    *("photo_name", "body_number"),
)


@dataclass(frozen=True, slots=True)
class LogOrder:
    """Sorted by a column of `log_list.log_page`; what has no value there stands last either way."""

    by: str = "id"
    falling: bool = True

    def __post_init__(self) -> None:
        if self.by not in _ORDER_COLUMNS:
            raise ValueError(
                f"the log is sorted by one of {', '.join(_ORDER_COLUMNS)}; got {self.by!r}"
            )


NEWEST_FIRST = LogOrder()


def log_page(
    engine: Engine,
    where: LogFilter,
    after: int | None = None,
    limit: int = 50,
    *,
    order: LogOrder = NEWEST_FIRST,
    skip: int = 0,
) -> pd.DataFrame:
    """One page of the log, newest first unless `order` says otherwise.

    after: the last id of the page before, newest first. skip: how many stand before the page,
    in any other order.

    Columns: id, inspected_at (UTC), day (date), shift, line, station, vehicle_model, body_number,
    panel, colour, inspector, verdict, disposition, standing, score, defects, defect_area_px,
    defect_area_mm2 and longest_mm (NaN without a scale), photo_name, photo_sha256, is_first,
    repeats, left_out (why the figures leave it out, "" = they do not), types (distinct type codes
    joined by ", ").
    """
    question = _in_order(_list().where(chosen(where)), order)
    if after is not None:
        question = question.where(inspection.c.id < after)
    with looking(engine) as connection:
        return _listed(connection, question.limit(limit).offset(skip))


def log_rows(engine: Engine, numbers: list[int]) -> pd.DataFrame:
    """These inspections, newest first, with the columns of `log_page`."""
    with looking(engine) as connection:
        question = _list().where(inspection.c.id.in_(numbers))
        return _listed(connection, _in_order(question, NEWEST_FIRST))


def columns_of(names: Iterable[str]) -> list[ColumnElement[Any]]:
    """Columns of an inspection; its body number in the normal form, which stands with the body."""
    of_body = {
        "body_number": unit.c.body_number,
        # A photo without a body number is no inspection of any body.
        "is_first": (is_first_now() & (unit.c.body_number != "")).label("is_first"),
    }
    return [of_body.get(name, inspection.c[name]) for name in names]


def last_inspections(engine: Engine, n: int) -> pd.DataFrame:
    """The newest n inspections, with the columns of `log_page`."""
    return log_page(engine, LogFilter(), limit=n)


def count(engine: Engine, where: LogFilter) -> int:
    """How many inspections the filter chooses."""
    with looking(engine) as connection:
        question = select(func.count()).select_from(inspection).where(chosen(where))
        return connection.execute(question).scalar_one()


def count_from(engine: Engine, source: str) -> int:
    """How many inspections came from a source ("upload", "camera", "demo", …)."""
    with looking(engine) as connection:
        return connection.execute(
            select(func.count())
            .select_from(inspection)
            .where(inspection.c.photo_source == source, inspection.c.superseded_by.is_(None))
        ).scalar_one()


def impossible_dates(engine: Engine, first_day: date, now: datetime) -> tuple[ImpossibleDate, ...]:
    """Every inspection with a date that `clocks.impossible_dates` names, in order."""
    # A day more than needed: the exact word is spoken below.
    earliest = datetime.combine(first_day, time(), UTC) + timedelta(days=1)
    table, taken_at = inspection.c, photo.c.captured_at
    question = (
        select(inspection.c.id, inspection.c.inspected_at, photo.c.captured_at)
        .join_from(inspection, photo, inspection.c.photo_sha256 == photo.c.sha256)
        .where(
            (table.inspected_at < earliest)
            | (table.inspected_at > now)
            | (taken_at < earliest)
            | (taken_at > table.inspected_at)
        )
        .order_by(inspection.c.id)
    )
    with looking(engine) as connection:
        rows = connection.execute(question).all()
    found = [
        ImpossibleDate(*row, clocks.impossible_dates(*row[1:], first_day, now)) for row in rows
    ]
    return tuple(one for one in found if one.wrong)


def data_version(engine: Engine) -> int:
    """Grows with every change of the log: a key for caches. Number of the last audit event."""
    with looking(engine) as connection:
        return connection.scalar(select(func.max(audit.c.id))) or 0


def known_values(engine: Engine, possible: tuple[date, date] = (date.min, date.max)) -> KnownValues:
    """The values that occur, for the choices of a filter.

    possible: first and last day that a right clock may have written; days beyond are no first and
    no last day of the log, as long as there are others.
    """
    table = inspection.c
    with looking(engine) as connection:
        ends = select(func.min(table.day), func.max(table.day))
        days = connection.execute(ends.where(table.day.between(*possible))).one()
        if days[0] is None:
            days = connection.execute(ends).one()
        return KnownValues(
            first_day=days[0],
            last_day=days[1],
            types=_distinct(connection, defect.c.type),
            **{
                f"{name}s": _distinct(connection, table[name])
                for name in (
                    "shift",
                    "line",
                    "station",
                    "vehicle_model",
                    "panel",
                    "colour",
                    "inspector",
                )
            },
        )


def newer_than(engine: Engine, where: LogFilter, number: int) -> int:
    """How many chosen inspections are newer than this one: its place in the list, from 0."""
    question = select(func.count()).select_from(inspection)
    with looking(engine) as connection:
        newer = question.where(chosen(where), inspection.c.id > number)
        return connection.execute(newer).scalar_one()


def neighbours(engine: Engine, where: LogFilter, number: int) -> Neighbours:
    """The chosen inspections next to this one, which need not be chosen itself."""
    newer = select(func.min(inspection.c.id)).where(chosen(where), inspection.c.id > number)
    older = select(func.max(inspection.c.id)).where(chosen(where), inspection.c.id < number)
    with looking(engine) as connection:
        return Neighbours(connection.scalar(newer), connection.scalar(older))


def page_above(engine: Engine, where: LogFilter, first: int, limit: int) -> int | None:
    """What `log_page` wants as `after` for the page above the one that starts with `first`.

    None when that is the newest page.
    """
    above = (
        select(inspection.c.id)
        .where(chosen(where), inspection.c.id > first)
        .order_by(inspection.c.id)
        .limit(limit + 1)
        .subquery()
    )
    with looking(engine) as connection:
        found, highest = connection.execute(
            select(func.count(), func.max(above.c.id)).select_from(above)
        ).one()
    return highest if found > limit else None


def same_body(engine: Engine, number: int, limit: int = 60) -> list[int]:
    """The other inspections of the body that this one shows, newest first.

    Judgements that a later one replaced are left out. Without a body number every photo is a
    body of its own, so the list is empty but for repeated inspections.
    """
    table = inspection.c
    body = select(table.unit_id).where(table.id == number).scalar_subquery()
    question = (
        select(table.id)
        .where(table.unit_id == body, table.superseded_by.is_(None), table.id != number)
        .order_by(table.id.desc())
        .limit(limit)
    )
    with looking(engine) as connection:
        return list(connection.scalars(question))


def _list() -> AnySelect:
    return select(*columns_of(LOG_COLUMNS), WHY_LEFT_OUT).join_from(inspection, unit)


def _listed(connection: Connection, question: AnySelect) -> pd.DataFrame:
    page = frame(connection, question)
    for name in MOST_LETTERS.keys() & set(page):
        # An earlier version kept texts of any length.
        for row, text in enumerate(page[name]):
            if len(text) > MOST_LETTERS[name]:
                page.loc[row, name] = shortened(text, MOST_LETTERS[name])
    page["types"] = pd.Series(_types_of(connection, page["id"].tolist()), dtype=object)
    return page


def _distinct(connection: Connection, column: ColumnElement[str]) -> tuple[str, ...]:
    """The values of an indexed column, each found from the one before: DISTINCT reads all rows."""
    values: list[str] = []
    last: str | None = ""
    while (last := connection.scalar(select(func.min(column)).where(column > last))) is not None:
        if len(last) <= max(MOST_LETTERS.values()):
            # A longer one comes from an earlier version: nobody could choose it from a list.
            values.append(last)
    is_missing = connection.scalar(select(exists(select(column).where(column == ""))))
    return (*sorted(values), *([UNKNOWN] if is_missing else []))


def _types_of(connection: Connection, numbers: list[int]) -> list[str]:
    """Type codes of each inspection, in the order of `numbers`."""
    found: dict[int, list[str]] = {}
    if numbers:
        question = (
            select(defect.c.inspection_id, defect.c.type)
            .where(defect.c.inspection_id.in_(numbers))
            .distinct()
            .order_by(defect.c.type)
        )
        for row in connection.execute(question):
            found.setdefault(row.inspection_id, []).append(row.type)
    return [", ".join(found.get(number, ())) for number in numbers]


def _in_order(question: AnySelect, order: LogOrder) -> AnySelect:
    """`question` about inspections and their units, sorted; among equals the newest first."""
    column: ColumnElement[Any] = _ORDER_COLUMNS[order.by]
    if order.by == "id":
        return question.order_by(column.desc() if order.falling else column)
    value = func.nullif(column, "") if order.by in _ORDER_TEXTS else column
    sorted_value = value.desc() if order.falling else value.asc()
    return question.order_by(sorted_value.nulls_last(), inspection.c.id.desc())
