"""What counts, and the roll-up that answers for it.

A body (unit) is known by vehicle model and body number (a photo without a model: by the number
alone, where one model has it). Nobody can tell how many bodies photos without a body number show:
they stand apart, as photos, and are in no figure about bodies. What counts is a body's **first
inspection** [project convention]:

- its photos of the production day and shift in which it was first inspected; a visit that lasts
  beyond the end of its shift (photos at one station, each at most half an hour, a setting, after
  another) is filed whole under the shift of its first photo (`records`); where a photo logged late
  joins two visits, the photos of the later one are written anew under that shift,
- but for deliberate repeats of a photo, and for photos of a panel that a person had already sent
  to repair or to re-inspection: these show the body after its first inspection.

Whether an inspection counts is settled when it is written and stored as `is_first`; where the
first visit of a body is left out later, the next one takes its place (`first_inspections`). A
judgement made again under other thresholds takes the place of the one it points at
(`superseded_by`). An inspection that was voided, or that looks like an earlier shot of its body, is
left out of every figure (`in_figures`) until a later word lets it count again.

Where an inspection stands: the person's word, else the proposal. `accept` stands as "ok",
`reinspect` and `hold` as "undecided", every repair as "rework"; without a person `human` is
"undecided". A body is "rework" when one of its first inspections is, else "undecided" when one is,
else it passed. A body is counted under the day, shift and line of its first photo.

Every write recomputes what its bodies add to `daily_count`, before and after, and books the
difference in the same transaction; `rebuild_daily_count` asks the same question for all bodies, a
month at a time.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Connection,
    Engine,
    Integer,
    Row,
    Text,
    bindparam,
    case,
    cast,
    delete,
    func,
    insert,
    literal,
    select,
    true,
    union_all,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from inspection.domain.counting_words import left_out as left_out_now
from inspection.domain.quality import REPAIRS
from inspection.storage.audit import append_event
from inspection.storage.column_types import AnySelect, NewRow
from inspection.storage.database import looking, writing
from inspection.storage.first_inspections import is_first_now, settle, wrongly_settled
from inspection.storage.tables import (
    counting_word,
    daily_count,
    decision,
    defect,
    first_changed,
    inspection,
    left_out,
    unit,
)

STANDINGS = ("ok", "rework", "undecided")
# Types that were written down but are no paint defects.
NO_DEFECTS = ("pseudo_defect",)

KEY = ("level", "day", "shift", "line", "vehicle_model", "panel", "type")
COUNTS = ("units", "rework_units", "undecided_units", "defects", "measured", "area_um2")
UM2_PER_MM2 = 1e6

_CHECKED_AT_ONCE = 20_000

Counts = tuple[int, ...]
Progress = Callable[[int, int], object]


@dataclass(frozen=True, slots=True)
class Difference:
    """A stored figure that does not follow from the rows. Counts in the order of `COUNTS`."""

    where: str
    key: tuple[object, ...]
    stored: tuple[object, ...]
    from_rows: tuple[object, ...]


def standing(verdict: str, disposition: str) -> str:
    """Where an inspection stands; disposition "" = no person has spoken."""
    if disposition == "accept":
        return "ok"
    if disposition in REPAIRS:
        return "rework"
    if disposition or verdict == "human":
        return "undecided"
    return verdict


def set_standing(connection: Connection, changes: Mapping[int, NewRow]) -> None:
    """Set standing columns; changes: by number, all with the same columns."""
    which = inspection.c.id == bindparam("changed")
    columns = next(iter(changes.values()))
    statement = update(inspection).where(which).values({n: bindparam(n) for n in columns})
    connection.execute(
        statement, [{"changed": number, **values} for number, values in changes.items()]
    )


def in_figures() -> ColumnElement[bool]:
    """Condition: this judgement still stands, and nothing leaves the inspection out."""
    return inspection.c.superseded_by.is_(None) & ~is_left_out(inspection.c.id)


def is_left_out(number: ColumnElement[int], why: str = "") -> ColumnElement[bool]:
    """Condition: the inspection of this number is left out, for that reason or for any."""
    those = select(left_out.c.inspection_id)
    return number.in_(those.where(left_out.c.why == why) if why else those)


def counts() -> ColumnElement[bool]:
    """Condition: this inspection is a first one of a body and is in the figures."""
    return is_first_now() & in_figures() & ~_is_unnumbered()


def _is_unnumbered() -> ColumnElement[bool]:
    body = unit.alias("body_of_photo")
    nameless = select(body.c.id).where(body.c.id == inspection.c.unit_id, body.c.body_number == "")
    return nameless.correlate(inspection).exists()


def has_counted() -> ColumnElement[bool]:
    """Condition on `unit`: not everything that counted of this body is left out."""
    touched = select(inspection.c.unit_id).where(is_left_out(inspection.c.id))
    left = select(inspection.c.unit_id).where(inspection.c.unit_id.in_(touched), counts())
    return unit.c.id.not_in(touched.except_(left))


def not_counted() -> AnySelect:
    """Numbers of those that do not count as they were written or judged again, in the words of
    `ix_inspection_not_counted`; `ceased`, those left out and `unnumbered_photos` stand apart."""
    written = ~inspection.c.is_first | inspection.c.superseded_by.is_not(None)
    became_first = select(first_changed.c.inspection_id)
    return select(inspection.c.id).where(written, inspection.c.id.not_in(became_first))


def unnumbered_photos() -> AnySelect:
    """Numbers of the inspections of photos without a body number."""
    return select(inspection.c.id).join_from(inspection, unit).where(unit.c.body_number == "")


def counted(condition: ColumnElement[bool] | None = None) -> CompoundSelect[*tuple[Any, ...]]:
    """The roll-up as it follows from the rows, with the columns of `daily_count`.

    condition: on `inspection`; None = all of them.
    """
    among = true() if condition is None else condition
    asked = counts() & among
    return union_all(
        _judged("body", asked),
        _judged("panel", asked),
        _types(asked),
        _photos(is_first_now() & in_figures() & _is_unnumbered() & among),
    )


def counts_from_rows(
    connection: Connection, condition: ColumnElement[bool] | None = None
) -> dict[tuple[object, ...], Counts]:
    """The same as a mapping: `KEY` -> `COUNTS`."""
    return _as_mapping(connection.execute(counted(condition)))


@cache
def _counted_of_bodies() -> CompoundSelect[*tuple[Any, ...]]:
    """The same for the bodies `unit_ids`: built once, since every write asks it twice."""
    return counted(inspection.c.unit_id.in_(bindparam("unit_ids", expanding=True)))


def _as_mapping(rows: Iterable[Row[Any]]) -> dict[tuple[object, ...], Counts]:
    return {
        tuple(row[: len(KEY)]): tuple(int(value or 0) for value in row[len(KEY) :]) for row in rows
    }


def _judged(level: str, asked: ColumnElement[bool]) -> AnySelect:
    """Bodies, or bodies and panels, by where they stand."""
    per = [inspection.c.unit_id] + ([inspection.c.panel] if level == "panel" else [])
    states = (
        select(*per, any_stands("rework").label("rework"), any_stands("undecided").label("open"))
        .where(asked)
        .group_by(*per)
        .subquery()
    )
    panel = states.c.panel if level == "panel" else literal("", Text)
    undecided = func.sum(case((states.c.rework == 1, 0), else_=states.c.open))
    sums = (func.count(), func.sum(states.c.rework), undecided, *_zeros(3))
    return (
        _labelled(level, panel, literal("", Text), sums)
        .join_from(states, unit, states.c.unit_id == unit.c.id)
        .group_by(*_slot(), *([panel] if level == "panel" else []))
    )


def _types(asked: ColumnElement[bool]) -> AnySelect:
    area_um2 = func.sum(cast(func.round(defect.c.area_mm2 * UM2_PER_MM2), BigInteger))
    sums = (*_zeros(3), func.count(), func.count(defect.c.area_mm2), func.coalesce(area_um2, 0))
    return (
        _labelled("type", inspection.c.panel, defect.c.type, sums)
        .select_from(inspection)
        .join(unit, inspection.c.unit_id == unit.c.id)
        .join(defect, defect.c.inspection_id == inspection.c.id)
        .where(asked)
        .group_by(*_slot(), inspection.c.panel, defect.c.type)
    )


def _photos(asked: ColumnElement[bool]) -> AnySelect:
    """Photos without a body number; they are counted as `units` of a level of their own."""
    return (
        _labelled("photo", inspection.c.panel, literal("", Text), (func.count(), *_zeros(5)))
        .join_from(inspection, unit, inspection.c.unit_id == unit.c.id)
        .where(asked)
        .group_by(*_slot(), inspection.c.panel)
    )


def any_stands(state: str) -> ColumnElement[int]:
    """1 when at least one inspection of the group stands so, else 0."""
    return func.max(case((inspection.c.standing == state, 1), else_=0))


def _slot() -> tuple[ColumnElement[Any], ...]:
    return (unit.c.first_day, unit.c.first_shift, unit.c.first_line, unit.c.vehicle_model)


def _labelled(
    level: str,
    panel: ColumnElement[Any],
    of_type: ColumnElement[Any],
    sums: Sequence[ColumnElement[Any]],
) -> AnySelect:
    columns = (literal(level, Text), *_slot(), panel, of_type, *sums)
    names = KEY + COUNTS
    return select(*(column.label(name) for name, column in zip(names, columns, strict=True)))


def _zeros(n: int) -> list[ColumnElement[int]]:
    return [literal(0, Integer) for _ in range(n)]


@contextmanager
def kept(connection: Connection, unit_ids: Iterable[int]) -> Iterator[None]:
    """Keep the roll-up, and which photos come first, right over whatever is written inside about
    these bodies."""
    numbers = sorted(set(unit_ids))
    theirs = {"unit_ids": numbers}
    before = _as_mapping(connection.execute(_counted_of_bodies(), theirs))
    yield
    settle(connection, numbers)
    after = _as_mapping(connection.execute(_counted_of_bodies(), theirs))
    none = (0,) * len(COUNTS)
    changes = {}
    for key in before.keys() | after.keys():
        pairs = zip(before.get(key, none), after.get(key, none), strict=True)
        change = tuple(now - then for then, now in pairs)
        if any(change):
            changes[key] = change
    _book(connection, changes)


def _book(connection: Connection, changes: Mapping[tuple[object, ...], Counts]) -> None:
    if not changes:
        return
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    adding = dialect.insert(daily_count)
    adding = adding.on_conflict_do_update(
        index_elements=list(KEY),
        set_={name: daily_count.c[name] + adding.excluded[name] for name in COUNTS},
    )
    connection.execute(adding, _as_rows(changes))


def _as_rows(found: Mapping[tuple[object, ...], Counts]) -> list[NewRow]:
    return [dict(zip(KEY + COUNTS, key + value, strict=True)) for key, value in found.items()]


def rebuild_daily_count(engine: Engine, progress: Progress = lambda done, of: None) -> int:
    """Write the roll-up anew from the rows; answers how many rows it has. Audited."""
    with writing(engine) as connection:
        return recount(connection, progress)


def recount(connection: Connection, progress: Progress = lambda done, of: None) -> int:
    """The same in the transaction of what made it necessary."""
    settle(connection)
    connection.execute(delete(daily_count))
    pieces = list(_months(connection))
    for done, days in enumerate(pieces, 1):
        found = counted(_bodies_of(days)).subquery()
        rows = select(*(found.c[name] for name in KEY + COUNTS))
        connection.execute(insert(daily_count).from_select(KEY + COUNTS, rows))
        progress(done, len(pieces))
    rows = connection.scalar(select(func.count()).select_from(daily_count))
    append_event(connection, "rebuild_daily_count", "", {"rows": rows})
    return rows


def check_daily_count(
    engine: Engine, progress: Progress = lambda done, of: None
) -> tuple[Difference, ...]:
    """Every figure of the roll-up and every standing that does not follow from the rows.

    A month of bodies is held at a time, then some thousand inspections: a log of years is
    checked in the memory of a small one.
    """
    with looking(engine) as connection:
        pieces = list(_months(connection))
        last = connection.scalar(select(func.max(inspection.c.id))) or 0
        starts = range(1, last + 1, _CHECKED_AT_ONCE)
        steps = len(pieces) + len(starts)
        wrong: list[Difference] = []
        for done, days in enumerate(pieces, 1):
            wrong += _wrong_counts(connection, days)
            progress(done, steps)
        superseded = _superseded(connection)
        for done, start in enumerate(starts, len(pieces) + 1):
            numbers = (start, start + _CHECKED_AT_ONCE - 1)
            wrong += _wrong_standings(connection, numbers, superseded)
            progress(done, steps)
        wrong += _wrongly_left_out(connection)
        wrong += (
            Difference(
                "first_changed",
                (number,),
                (sorted(stored.changed), *stored.slot),
                (sorted(expected.changed), *expected.slot),
            )
            for number, stored, expected in wrongly_settled(connection)
        )
    return tuple(wrong)


def _months(connection: Connection) -> Iterator[tuple[date, date]]:
    """Spans of days, both included, that hold every body and every row of the roll-up.

    Of days that hold any: one photo of a camera without a clock lies decades before the others.
    """
    days: set[date] = set()
    for column in (unit.c.first_day, daily_count.c.day):
        days.update(connection.execute(select(column).distinct()).scalars())
    last = None
    for first in sorted(days - {None}):
        if last is None or first > last:
            last = first + timedelta(days=30)
            yield first, last


def _bodies_of(days: tuple[date, date]) -> ColumnElement[bool]:
    return inspection.c.unit_id.in_(select(unit.c.id).where(unit.c.first_day.between(*days)))


def _wrong_counts(connection: Connection, days: tuple[date, date]) -> Iterator[Difference]:
    none = (0,) * len(COUNTS)
    from_rows = counts_from_rows(connection, _bodies_of(days))
    kept_rows = select(*(daily_count.c[name] for name in KEY + COUNTS))
    stored = {
        tuple(row[: len(KEY)]): tuple(row[len(KEY) :])
        for row in connection.execute(kept_rows.where(daily_count.c.day.between(*days)))
    }
    for key in sorted(stored.keys() | from_rows.keys(), key=str):
        if stored.get(key, none) != from_rows.get(key, none):
            yield Difference("daily_count", key, stored.get(key, none), from_rows.get(key, none))


def left_out_by_words(connection: Connection, numbers: Iterable[int] = ()) -> dict[int, str]:
    """Inspection -> why it is left out, by what was said; numbers: only of these, if any."""
    said: dict[int, list[str]] = {}
    words = select(counting_word).order_by(counting_word.c.id)
    if numbers := list(numbers):
        words = words.where(counting_word.c.inspection_id.in_(numbers))
    for row in connection.execute(words):
        said.setdefault(row.inspection_id, []).append(row.word)
    return {number: why for number, those in said.items() if (why := left_out_now(those))}


def _wrongly_left_out(connection: Connection) -> Iterator[Difference]:
    stored = dict(connection.execute(select(left_out.c.inspection_id, left_out.c.why)).all())
    said = left_out_by_words(connection)
    for number in sorted(stored.keys() | said.keys()):
        if stored.get(number) != said.get(number):
            found = ((stored.get(number, ""),), (said.get(number, ""),))
            yield Difference("left_out", (number,), *found)


def _superseded(connection: Connection) -> dict[int, int]:
    """Judgement -> the one that took its place."""
    question = select(inspection.c.rejudges, inspection.c.id)
    return dict(connection.execute(question.where(inspection.c.rejudges.is_not(None))).all())


def _wrong_standings(
    connection: Connection, numbers: tuple[int, int], superseded: Mapping[int, int]
) -> Iterator[Difference]:
    """Replay what people said about these inspections, in its order, and compare."""
    said: dict[int, dict[int, str]] = {}
    last: dict[int, int] = {}
    spoken = select(decision).where(decision.c.inspection_id.between(*numbers))
    for row in connection.execute(spoken.order_by(decision.c.id)):
        words = said.setdefault(row.inspection_id, {})
        last[row.inspection_id] = row.id
        if row.withdrawn:
            words.pop(row.replaces, None)
        else:
            words[row.id] = row.disposition
    question = select(
        inspection.c.id,
        inspection.c.verdict,
        inspection.c.standing,
        inspection.c.disposition,
        inspection.c.decision_id,
        inspection.c.last_decision_id,
        inspection.c.superseded_by,
    ).where(inspection.c.id.between(*numbers))
    for row in connection.execute(question):
        words = said.get(row.id, {})
        word = max(words, default=None)
        disposition = "" if word is None else words[word]
        expected = (
            standing(row.verdict, disposition),
            disposition,
            word,
            last.get(row.id),
            superseded.get(row.id),
        )
        if tuple(row[2:]) != expected:
            yield Difference("inspection", (row.id,), tuple(row[2:]), expected)
