"""The demo line in the log: when it was loaded, how much of it there is, and taking it out again.

Nothing else is ever taken out of the log. What goes are inspections of the demo line and of its
photos, and what rests on them alone; the audit chain keeps every event and names what went.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    Table,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    text,
    update,
)

from inspection.domain.inspections import as_logged
from inspection.errors import NotFound
from inspection.storage import tables
from inspection.storage.audit import REMOVED, append_event
from inspection.storage.chart_tables import chart_alert, chart_note, repeat_case
from inspection.storage.column_types import AnyRow
from inspection.storage.counting import COUNTS, kept
from inspection.storage.database import looking, next_number, writing
from inspection.storage.report.table import shift_note, shift_note_word, signed_report
from inspection.storage.specs.versions import kept_specs

SOURCE = tables.POOLED_SOURCE
LOADING, LOADED = "demo_loading", "demo_loaded"
_AT_ONCE = 1000

Progress = Callable[[int, int], object]


@dataclass(frozen=True, slots=True)
class DemoLoad:
    """A demo line in the log. plan: what it was loaded with, JSON values.

    finished_at: None while it is being loaded, and for ever where that was cut short.
    """

    id: int
    who: str
    plan: dict[str, Any]
    begun_at: datetime
    finished_at: datetime | None


def begin(engine: Engine, who: str, plan: Mapping[str, object], at: datetime) -> DemoLoad:
    """Note that a demo line is being loaded. Audited."""
    with writing(engine) as connection:
        number = next_number(connection, tables.demo_load)
        row = {"id": number, "who": who, "plan": dict(plan), "begun_at": at}
        connection.execute(insert(tables.demo_load), [row])
        append_event(connection, LOADING, who, {"load": number, **plan})
    return DemoLoad(number, who, dict(plan), at, finished_at=None)


def finish(engine: Engine, load: DemoLoad, at: datetime) -> None:
    """Note that all of it stands in the log. Audited."""
    with writing(engine) as connection:
        connection.execute(
            update(tables.demo_load).where(tables.demo_load.c.id == load.id).values(finished_at=at)
        )
        held = _how_many(connection, tables.inspection.c.photo_source == SOURCE)
        append_event(connection, LOADED, load.who, {"load": load.id, "inspections": held})


def standing_load(engine: Engine) -> DemoLoad | None:
    """The load that was begun last and not taken out; None for a log of an earlier version."""
    table = tables.demo_load.c
    question = (
        select(table.id, table.who, table.plan, table.begun_at, table.finished_at)
        .where(table.removed_at.is_(None))
        .order_by(table.id.desc())
        .limit(1)
    )
    with looking(engine) as connection:
        row = connection.execute(question).first()
    return DemoLoad(*row) if row else None


def demo_state(engine: Engine) -> str:
    """How the demo line stands: "" (none), "loading", "loaded" or "removing".

    "loading" and "removing" also where that was cut short. Quick, whatever the length of the log.
    """
    load = standing_load(engine)
    if load is None:
        with looking(engine) as connection:
            name = select(tables.model.c.sha256).where(tables.model.c.name == tables.POOLED_MODEL)
            return "loaded" if connection.scalar(name.limit(1)) else ""
    if load.plan.get("removing"):
        return "removing"
    return "loading" if load.finished_at is None else "loaded"


def has_demo(engine: Engine, first_day: date, last_day: date) -> bool:
    """Whether an inspection of the demo line stands under one of these production days."""
    if not demo_state(engine):
        return False
    table = tables.inspection.c
    condition = table.day.between(first_day, last_day) & (table.photo_source == SOURCE)
    with looking(engine) as connection:
        return _any(connection, condition)


def demo_count(engine: Engine) -> int:
    """How many inspections of the demo line the log holds, replaced judgements included."""
    with looking(engine) as connection:
        return _how_many(connection, tables.inspection.c.photo_source == SOURCE)


def real_count(engine: Engine) -> int:
    """How many inspections of the log are none of the demo line."""
    with looking(engine) as connection:
        return _how_many(connection, tables.inspection.c.photo_source != SOURCE)


def still_undecided(engine: Engine, numbers: Sequence[int]) -> set[int]:
    """Those of these inspections about which nobody has said anything yet."""
    table = tables.inspection.c
    open_ones: set[int] = set()
    with looking(engine) as connection:
        for start in range(0, len(numbers), _AT_ONCE):
            some = table.id.in_(list(numbers[start : start + _AT_ONCE]))
            question = select(table.id).where(some, table.last_decision_id.is_(None))
            open_ones.update(connection.scalars(question))
    return open_ones


def remove(
    engine: Engine, who: str, at: datetime, progress: Progress = lambda done, of: None
) -> tuple[int, list[str]]:
    """Take the demo line out of the log: inspections with their defects and words, what people
    and charts said about them alone, and what they add to the counts.

    Answers how many inspections went, and the photos that no record speaks of any more. One short
    transaction after the other: whoever is cut short calls it again. Raises NotFound where there
    is nothing to remove.
    """
    load, pool = _what_stands(engine, who, at)
    is_demo = tables.inspection.c.photo_sha256.in_(pool)
    with looking(engine) as connection:
        total = _how_many(connection, is_demo)
    with writing(engine) as connection:
        _remove_what_was_said(connection, who, is_demo, load)
    gone = 0
    while True:
        with writing(engine) as connection:
            some = _remove_some(connection, who, is_demo)
        if not some:
            break
        gone += some
        progress(gone, max(total, gone))
    with writing(engine) as connection:
        photos = _remove_versions(connection, pool)
        done = {"removed": {}, "load": load.id, "inspections": gone, "photos": len(photos)}
        append_event(connection, REMOVED, who, done)
        open_loads = update(tables.demo_load).where(tables.demo_load.c.removed_at.is_(None))
        connection.execute(open_loads.values(removed_at=at))
    return gone, photos


def keep_photos(engine: Engine, load: DemoLoad, photos: Iterable[str], **more: object) -> None:
    """Note which photos the demo line shows: they go with it, also where nothing shows them yet.

    more: further parts of the plan.
    """
    plan = {**load.plan, **more, "photos": sorted(photos)}
    which = tables.demo_load.c.id == load.id
    with writing(engine) as connection:
        connection.execute(update(tables.demo_load).where(which).values(plan=plan))


def _what_stands(engine: Engine, who: str, at: datetime) -> tuple[DemoLoad, list[str]]:
    """The load that is to go and its photos, noted so that a removal cut short finds them again."""
    load = standing_load(engine)
    with looking(engine) as connection:
        table = tables.inspection.c
        shown = select(table.photo_sha256).where(table.photo_source == SOURCE).distinct()
        pool = set(connection.scalars(shown)) | set(load.plan.get("photos", ()) if load else ())
    if load is None:
        if not pool:
            raise NotFound("demo_none")
        # Loaded by a version that kept no note of it.
        load = begin(engine, who, {}, datetime.min.replace(year=1900, tzinfo=UTC))
    keep_photos(engine, load, pool, removing=True)
    return load, sorted(pool)


# --- what belongs to the demo ---


def _how_many(connection: Connection, condition: ColumnElement[bool]) -> int:
    question = select(func.count()).select_from(tables.inspection).where(condition)
    return connection.execute(question).scalar_one()


def _remove_what_was_said(
    connection: Connection, who: str, is_demo: ColumnElement[bool], load: DemoLoad
) -> None:
    """Notes, reports, cases and alerts that were written since the load and rest on it alone."""
    since = load.begun_at
    note, word = shift_note, shift_note_word
    signed, case = signed_report, repeat_case
    alert, remark = chart_alert, chart_note
    notes = [
        row.id
        for row in connection.execute(select(note).where(note.c.at >= since))
        if not _has_real(connection, is_demo, row)
    ]
    reports = [
        row.id
        for row in connection.execute(select(signed).where(signed.c.sealed_at >= since))
        # Made of demo rows, and marked so: it could never be held against the log again.
        if _has_demo(connection, is_demo, row) or not _has_real(connection, is_demo, row)
    ]
    cases = [
        row.id
        for row in connection.execute(select(case.c.id, case.c.evidence))
        if _rests_on_demo(connection, is_demo, row.evidence)
    ]
    alerts = [
        row.id
        for row in connection.execute(select(alert).where(alert.c.raised_at >= since))
        if not _real_between(connection, is_demo, row.began_at, row.first_at)
    ]
    remarks = [
        row.id
        for row in connection.execute(select(remark).where(remark.c.said_at >= since))
        if not _real_between(connection, is_demo, row.first_at, row.last_at or row.first_at)
    ]
    words = select(word.c.id).where(word.c.note_id.in_(notes))
    withdrawn = select(remark.c.id).where(remark.c.withdraws.in_(remarks))
    remarks += [one for one in connection.scalars(withdrawn) if one not in remarks]
    gone = {
        word: list(connection.scalars(words)),
        note: notes,
        signed: reports,
        case: cases,
        alert: alerts,
        remark: remarks,
    }
    _take_out(connection, who, gone)


def _has_real(connection: Connection, is_demo: ColumnElement[bool], place: AnyRow) -> bool:
    return _any(connection, _of_place(place) & ~is_demo)


def _has_demo(connection: Connection, is_demo: ColumnElement[bool], place: AnyRow) -> bool:
    return _any(connection, _of_place(place) & is_demo)


def _of_place(place: AnyRow) -> ColumnElement[bool]:
    table = tables.inspection.c
    here = (table.day == place.day) & (table.shift == place.shift)
    return here & (table.line == as_logged(place.line)) if place.line else here


def _rests_on_demo(
    connection: Connection, is_demo: ColumnElement[bool], evidence: Mapping[str, Any]
) -> bool:
    numbers = [number for number in evidence.get("inspections", ()) if isinstance(number, int)]
    theirs = tables.inspection.c.id.in_(numbers)
    return _any(connection, theirs & is_demo) and not _any(connection, theirs & ~is_demo)


def _real_between(
    connection: Connection, is_demo: ColumnElement[bool], first: datetime, last: datetime
) -> bool:
    # A point is at most a day of inspections from its beginning on.
    within = tables.inspection.c.inspected_at.between(first, last + timedelta(days=1))
    return _any(connection, within & ~is_demo)


def _any(connection: Connection, condition: ColumnElement[bool]) -> bool:
    found = select(tables.inspection.c.id).where(condition).limit(1)
    return connection.scalar(found) is not None


# --- taking it out ---


def _remove_some(connection: Connection, who: str, is_demo: ColumnElement[bool]) -> int:
    """Some of its inspections, the latest first: nothing may point at what is gone."""
    table = tables.inspection.c
    rows = connection.execute(
        select(table.id, table.unit_id).where(is_demo).order_by(table.id.desc()).limit(_AT_ONCE)
    ).all()
    if not rows:
        return 0
    units = {row.unit_id for row in rows}
    with kept(connection, units):
        _take_out(connection, who, {tables.inspection: [row.id for row in rows]})
    empty = and_(*(tables.daily_count.c[name] == 0 for name in COUNTS))
    connection.execute(delete(tables.daily_count).where(empty))
    still = set(connection.scalars(select(table.unit_id).where(table.unit_id.in_(units))))
    connection.execute(delete(tables.unit).where(tables.unit.c.id.in_(sorted(units - still))))
    return len(rows)


def _take_out(connection: Connection, who: str, rows: Mapping[Table, list[int]]) -> None:
    """Delete rows with all that points at them, and say in the chain which ones went."""
    gone: dict[Table, set[int]] = {}
    for table, numbers in rows.items():
        _with_pointing(connection, table, numbers, gone)
    gone = {table: numbers for table, numbers in gone.items() if numbers}
    if not gone:
        return
    with _unlocked(connection, gone):
        for table in reversed(tables.metadata.sorted_tables):
            for some in _in_parts(sorted(gone.get(table, ()), reverse=True)):
                connection.execute(delete(table).where(_key(table).in_(some)))
    removed = {table.name: _ranges(numbers) for table, numbers in gone.items()}
    append_event(connection, REMOVED, who, {"removed": removed})


def _with_pointing(
    connection: Connection, table: Table, numbers: Iterable[int], gone: dict[Table, set[int]]
) -> None:
    """Add these rows, and whatever points at them by a key or as `inspection_id`, to `gone`."""
    fresh = set(numbers) - gone.setdefault(table, set())
    if not fresh:
        return
    gone[table] |= fresh
    for other in tables.metadata.sorted_tables:
        if other is tables.audit or other.name == tables.demo_load.name:
            continue
        pointing = [
            column
            for column in other.c
            if any(key.column.table is table for key in column.foreign_keys)
            or (table is tables.inspection and column.name == "inspection_id")
        ]
        for some in _in_parts(sorted(fresh)) if pointing else ():
            condition = or_(*(column.in_(some) for column in pointing))
            found = connection.scalars(select(_key(other)).where(condition))
            _with_pointing(connection, other, list(found), gone)


def _key(table: Table) -> Column[Any]:
    """The column that names a row; of tables without a number the one that points."""
    return table.c.id if "id" in table.c else next(iter(table.primary_key.columns))


def _in_parts(numbers: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(numbers), _AT_ONCE):
        yield numbers[start : start + _AT_ONCE]


def _ranges(numbers: Iterable[int]) -> list[list[int]]:
    """Numbers as [first, last] pairs of unbroken runs."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return runs


@contextmanager
def _unlocked(connection: Connection, gone: Iterable[Table]) -> Iterator[None]:
    """Without the triggers that forbid it, until the end of this block; a rollback restores them
    as well."""
    names = [table.name for table in gone]
    if connection.dialect.name == "postgresql":
        for name in names:
            connection.execute(text(f"ALTER TABLE {name} DISABLE TRIGGER USER"))
        yield
        for name in names:
            connection.execute(text(f"ALTER TABLE {name} ENABLE TRIGGER USER"))
        return
    found = text("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'")
    triggers = [row for row in connection.execute(found) if row.tbl_name in names]
    for row in triggers:
        connection.execute(text(f'DROP TRIGGER "{row.name}"'))
    yield
    for row in triggers:
        connection.exec_driver_sql(row.sql)


def _remove_versions(connection: Connection, pool: Sequence[str]) -> list[str]:
    """Photos, models and specs that no inspection speaks of any more; answers the photos."""
    table = tables.inspection.c
    shown = select(table.photo_sha256).where(table.photo_sha256.in_(pool))
    still = set(connection.scalars(shown))
    photos = [sha256 for sha256 in pool if sha256 not in still]
    connection.execute(delete(tables.photo).where(tables.photo.c.sha256.in_(photos)))
    for version, used in ((tables.model, table.model_sha256), (tables.spec, table.spec_sha256)):
        unused = delete(version).where(version.c.sha256.not_in(select(used).distinct()))
        if version is tables.spec:
            unused = unused.where(version.c.sha256.not_in(kept_specs(connection)))
        connection.execute(unused)
    return photos
