"""Which body a photo shows, under which shift its visit is filed, and whether it was seen before.

Asked while a photo is written into the log; everything runs in the transaction of `recording`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, select, tuple_, update

from inspection.domain.counting_words import VOIDED, LikeAnother
from inspection.domain.inspections import Inspection
from inspection.domain.shifts import ShiftSlot
from inspection.errors import AlreadyInspected, NotFound, StorageError
from inspection.storage import tables
from inspection.storage.audit import next_inspection
from inspection.storage.column_types import AnySelect, storable
from inspection.storage.counting import counts, in_figures, is_left_out, kept
from inspection.storage.database import Engine, insert_rows, next_number
from inspection.storage.first_inspections import SENT_BACK, is_first_now


@dataclass(frozen=True, slots=True)
class Entry:
    inspection: Inspection
    slot: ShiftSlot
    request_id: str | None = None
    like: LikeAnother | None = None


@dataclass(frozen=True, slots=True)
class Body:
    id: int
    first_day: date
    first_shift: str


@dataclass(slots=True)
class _Seen:
    """A photo of a visit. number: of its inspection; None for one that is being written, which
    stands at `place` among the entries."""

    at: datetime
    slot: ShiftSlot
    number: int | None = None
    place: int = -1


def unit_key(one: Inspection) -> tuple[str, str, str]:
    subject = one.subject
    # Without a body number nobody can tell two bodies apart: each photo stands for its own.
    sha256 = "" if subject.body_number else one.photo_sha256
    return storable(subject.vehicle_model), storable(subject.body_number), sha256


def under_known_models(connection: Connection, entries: Sequence[Entry]) -> Sequence[Entry]:
    """The entries, those without a vehicle model under the one that the body's number is known by.

    A body that was first logged without a model gets it from the photo that names one. Where two
    models have one number, nobody can tell whose photo it is: it stays as it was typed.
    """
    numbers = {storable(entry.inspection.subject.body_number) for entry in entries} - {""}
    table = tables.unit
    rows = connection.execute(
        select(table.c.id, table.c.vehicle_model, table.c.body_number)
        .where(table.c.body_number.in_(sorted(numbers)))
        .order_by(table.c.id)
    ).all()
    models: dict[str, set[str]] = {number: set() for number in numbers}
    for row in rows:
        models[row.body_number].add(row.vehicle_model)
    nameless = {row.body_number: row.id for row in rows if not row.vehicle_model}
    named = {number for number, those in models.items() if those - {""}}
    for entry in entries:
        model, number, _ = unit_key(entry.inspection)
        if number and model:
            models[number].add(model)
    known = {
        number: next(iter(those - {""}))
        for number, those in models.items()
        if len(those - {""}) == 1
    }
    gain = {
        unit_id: known[number]
        for number, unit_id in nameless.items()
        if number in known and number not in named
    }
    if gain:
        with kept(connection, gain):
            for unit_id, model in gain.items():
                connection.execute(
                    update(table).where(table.c.id == unit_id).values(vehicle_model=model)
                )
    return [_under_model(entry, known) for entry in entries]


def body_in_log(engine: Engine, body_number: str) -> dict[str, str]:
    """`vehicle_model` and `colour` of a body as the log has them, what is not known left out.

    body_number: in its normal form. Where two models have the number, neither is said.
    """
    columns = (tables.unit.c.vehicle_model, tables.unit.c.colour)
    with engine.connect() as connection:
        rows = connection.execute(
            select(*columns).where(tables.unit.c.body_number == storable(body_number))
        ).all()
    models = {row.vehicle_model for row in rows} - {""}
    colours = {row.colour for row in rows} - {"", None}
    found = (("vehicle_model", models), ("colour", colours))
    return {name: next(iter(those)) for name, those in found if len(those) == 1}


def bodies_of(connection: Connection, entries: Sequence[Entry]) -> dict[tuple[str, str, str], Body]:
    """The bodies of these photos; those seen for the first time are written."""
    columns = (tables.unit.c.vehicle_model, tables.unit.c.body_number, tables.unit.c.photo_sha256)
    keys = {unit_key(entry.inspection) for entry in entries}
    stored = connection.execute(select(tables.unit).where(tuple_(*columns).in_(list(keys)))).all()
    bodies = {
        (row.vehicle_model, row.body_number, row.photo_sha256): Body(
            row.id, row.first_day, row.first_shift
        )
        for row in stored
    }
    colourless = {row.id for row in stored if not row.colour}
    uncounted = _uncounted(connection, [row.id for row in stored])
    number, rows = next_number(connection, tables.unit), {}
    for entry in entries:
        one = entry.inspection
        key, subject = unit_key(one), one.subject
        if key in bodies and bodies[key].id in uncounted:
            # All that was seen of it is left out: only now it is inspected for the first time.
            body = bodies[key] = Body(bodies[key].id, entry.slot.day, entry.slot.shift)
            uncounted.discard(body.id)
            connection.execute(
                update(tables.unit)
                .where(tables.unit.c.id == body.id)
                .values(
                    first_day=entry.slot.day,
                    first_shift=entry.slot.shift,
                    first_line=subject.line,
                )
            )
        if key not in bodies:
            bodies[key] = Body(number, entry.slot.day, entry.slot.shift)
            rows[key] = {
                "id": number,
                "vehicle_model": key[0],
                "body_number": key[1],
                "photo_sha256": key[2],
                "colour": subject.colour,
                "first_day": entry.slot.day,
                "first_shift": entry.slot.shift,
                "first_line": subject.line,
            }
            number += 1
        elif key in rows:
            rows[key]["colour"] = rows[key]["colour"] or subject.colour
        elif subject.colour and bodies[key].id in colourless:
            colourless.discard(bodies[key].id)
            connection.execute(
                update(tables.unit)
                .where(tables.unit.c.id == bodies[key].id)
                .values(colour=subject.colour)
            )
    insert_rows(connection, tables.unit, list(rows.values()))
    return bodies


def filed(
    connection: Connection,
    entries: Sequence[Entry],
    units: Mapping[tuple[str, str, str], Body],
    pause: timedelta,
) -> tuple[list[Entry], dict[int, ShiftSlot]]:
    """The entries, each under the shift of the visit that it goes on with, and the inspections that
    a photo logged late has joined to another visit, with their new shift.

    A body belongs to the shift of the first photo of a visit: photos at one station, each at most
    `pause` from another one.
    """
    moments = [entry.inspection.inspected_at for entry in entries]
    table = tables.inspection.c
    ids = {units[unit_key(entry.inspection)].id for entry in entries}
    rows = connection.execute(
        _standing_photos()
        .where(table.unit_id.in_(sorted(ids)))
        .where(table.inspected_at.between(min(moments) - pause, max(moments) + pause))
    )
    visits: dict[tuple[int, str], dict[int, _Seen]] = {}
    for row in rows:
        seen = _Seen(row.inspected_at, ShiftSlot(row.day, row.shift), row.id)
        visits.setdefault((row.unit_id, row.station), {})[row.id] = seen
    filed: list[Entry] = []
    moved: dict[int, ShiftSlot] = {}
    for place, entry in enumerate(entries):
        at = entry.inspection.inspected_at
        key = units[unit_key(entry.inspection)].id, storable(entry.inspection.subject.station)
        known = visits.setdefault(key, {})
        # One moment lies in one shift: two say that somebody else counts the shifts.
        near = [one for one in known.values() if one.at != at and abs(at - one.at) <= pause]
        if near:
            entry = replace(entry, slot=min(near, key=lambda seen: seen.at).slot)
        for neighbour in near:
            if neighbour.slot == entry.slot:
                continue
            for one in _visit_of(connection, neighbour, key, known, pause):
                one.slot = entry.slot
                if one.number is None:
                    filed[one.place] = replace(filed[one.place], slot=entry.slot)
                else:
                    moved[one.number] = entry.slot
        # Below zero no inspection has its number.
        known[-1 - place] = _Seen(at, entry.slot, place=place)
        filed.append(entry)
    return filed, moved


def panels_sent_back(connection: Connection, unit_ids: list[int]) -> set[tuple[int, str]]:
    """(unit, panel) that a person has sent to repair or to re-inspection."""
    table = tables.inspection.c
    rows = connection.execute(
        select(table.unit_id, table.panel)
        .where(counts(), table.unit_id.in_(unit_ids), table.disposition.in_(SENT_BACK))
        .distinct()
    )
    return {(row.unit_id, row.panel) for row in rows}


def photos_in_use(connection: Connection, entries: Sequence[Entry]) -> set[str]:
    """Of the photos that are repeated: those of which an inspection stands that is not voided."""
    repeated = {one.inspection.photo_sha256 for one in entries if one.inspection.repeats}
    table = tables.inspection.c
    question = select(table.photo_sha256).where(
        table.photo_sha256.in_(repeated),
        table.superseded_by.is_(None),
        ~is_left_out(table.id, VOIDED),
    )
    return set(connection.scalars(question)) if repeated else set()


def is_first_of_body(
    entry: Entry, body: Body, sent_back: set[tuple[int, str]], in_use: set[str]
) -> bool:
    """Whether this photo belongs to the body's first inspection; the rule stands in `counting`."""
    one = entry.inspection
    same_slot = (body.first_day, body.first_shift) == (entry.slot.day, entry.slot.shift)
    came_back = (body.id, storable(one.subject.panel)) in sent_back
    is_repeat = one.repeats is not None and one.photo_sha256 in in_use
    return not is_repeat and same_slot and not came_back


def refuse_duplicates(connection: Connection, entries: Sequence[Entry]) -> None:
    table = tables.inspection.c
    # Not the demo line's: a hundred photos of its pool stand for a million inspections.
    hashes = {
        one.photo_sha256
        for one in (entry.inspection for entry in entries)
        if one.photo_source != tables.POOLED_SOURCE
    }
    rows = connection.execute(
        select(table.photo_sha256, table.id, table.inspected_at)
        .where(table.photo_sha256.in_(hashes), table.superseded_by.is_(None))
        .order_by(table.id)
    )
    # The latest one wins: it is what the person should be shown.
    seen = {row.photo_sha256: (row.id, row.inspected_at) for row in rows}
    number = next_inspection(connection)
    for place, entry in enumerate(entries):
        one = entry.inspection
        if one.repeats is not None:
            _refuse_wrong_repeat(connection, one)
        elif one.photo_sha256 in seen and one.photo_source != tables.POOLED_SOURCE:
            earlier, at = seen[one.photo_sha256]
            raise AlreadyInspected(
                "already",
                inspection_id=earlier,
                inspected_at=at,
                name=one.photo_name,
                at=at,
                number=earlier,
            )
        seen[one.photo_sha256] = (number + place, one.inspected_at)


def _under_model(entry: Entry, known: Mapping[str, str]) -> Entry:
    model, number, _ = unit_key(entry.inspection)
    if model or number not in known:
        return entry
    subject = replace(entry.inspection.subject, vehicle_model=known[number])
    return replace(entry, inspection=replace(entry.inspection, subject=subject))


def _uncounted(connection: Connection, unit_ids: list[int]) -> set[int]:
    """Bodies, and photos without a body number, of which nothing is in the figures."""
    table = tables.inspection.c
    those = select(table.unit_id).where(is_first_now(), in_figures(), table.unit_id.in_(unit_ids))
    those = those.distinct()
    return set(unit_ids) - set(connection.scalars(those))


def _standing_photos() -> AnySelect:
    table = tables.inspection.c
    return (
        select(table.id, table.unit_id, table.station, table.inspected_at, table.day, table.shift)
        .where(~is_left_out(table.id), table.superseded_by.is_(None))
        .order_by(table.id)
    )


def _visit_of(
    connection: Connection,
    one: _Seen,
    key: tuple[int, str],
    known: dict[int, _Seen],
    pause: timedelta,
) -> list[_Seen]:
    """All photos of the visit to which this one belongs; those not known yet become so."""
    table = tables.inspection.c
    rows = connection.execute(
        _standing_photos().where(
            table.unit_id == key[0],
            table.station == key[1],
            table.day == one.slot.day,
            table.shift == one.slot.shift,
        )
    )
    for row in rows:
        known.setdefault(row.id, _Seen(row.inspected_at, one.slot, row.id))
    same = sorted((seen for seen in known.values() if seen.slot == one.slot), key=lambda s: s.at)
    first = last = next(place for place, seen in enumerate(same) if seen is one)
    while first > 0 and same[first].at - same[first - 1].at <= pause:
        first -= 1
    while last + 1 < len(same) and same[last + 1].at - same[last].at <= pause:
        last += 1
    return same[first : last + 1]


def _refuse_wrong_repeat(connection: Connection, one: Inspection) -> None:
    earlier = connection.execute(
        select(tables.inspection.c.photo_sha256).where(tables.inspection.c.id == one.repeats)
    ).first()
    if earlier is None:
        raise NotFound("repeats_missing", number=one.repeats, name=one.photo_name)
    if earlier.photo_sha256 != one.photo_sha256:
        raise StorageError("repeats_other_photo", name=one.photo_name, number=one.repeats)
