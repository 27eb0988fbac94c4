"""Writing into the log: each function is one short transaction, all of it or nothing.

What was seen and said is never changed afterwards. A correction is a new row that points at the
old one: `repeats` (the same photo inspected again on purpose), `rejudges` (the same inspection
under other thresholds or another spec), `replaces` (a later word about the same inspection).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import islice

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Row,
    Select,
    Table,
    Text,
    bindparam,
    cast,
    func,
    insert,
    select,
    tuple_,
    update,
)

from inspection.domain.counting_words import SCALE_CORRECTED, VOIDED, CountingWord
from inspection.domain.defects import Defect
from inspection.domain.inspections import Decision, Inspection, Reason
from inspection.domain.shifts import VISIT_PAUSE, ShiftSlot
from inspection.errors import AlreadyInspected, Conflict, NotFound, StorageError
from inspection.storage import tables
from inspection.storage.audit import (
    RECORD,
    ChainReport,
    Event,
    append_event,
    append_events,
    record_digest,
    verify_chain,
)
from inspection.storage.column_types import storable
from inspection.storage.counting import (
    check_daily_count,
    counts,
    in_figures,
    is_left_out,
    kept,
    rebuild_daily_count,
    standing,
)
from inspection.storage.counting_records import state, write_words
from inspection.storage.database import writing
from inspection.storage.first_inspections import SENT_BACK, is_first_now

__all__ = [
    "ChainReport",
    "LikeAnother",
    "append_event",
    "check_daily_count",
    "decide",
    "decide_many",
    "other_photo",
    "rebuild_daily_count",
    "record_inspection",
    "record_many",
    "rejudge",
    "undo",
    "verify_chain",
]

BATCH = 250


@dataclass(frozen=True, slots=True)
class LikeAnother:
    """A photo that looks like an earlier shot of its body.

    inspection_id: that shot. word: what is said about it, one of WAITING, SAME_SHOT, OTHER_SHOT.
    who: "" while nobody has answered.
    """

    inspection_id: int
    word: str
    who: str = ""


@dataclass(frozen=True, slots=True)
class _Entry:
    inspection: Inspection
    slot: ShiftSlot
    request_id: str | None = None
    like: LikeAnother | None = None


@dataclass(frozen=True, slots=True)
class _Versions:
    """Model cards and spec texts by their hash, kept when the version is first used."""

    cards: Mapping[str, dict]
    texts: Mapping[str, str]


def record_inspection(
    engine: Engine,
    inspection: Inspection,
    slot: ShiftSlot,
    request_id: str | None = None,
    *,
    model_card: dict | None = None,
    spec_text: str = "",
    like: LikeAnother | None = None,
    pause: timedelta = VISIT_PAUSE,
) -> int:
    """Write one inspection; answers its id. like: what is said at once about an earlier shot.

    slot: the shift in which it was made. A photo that goes on with a visit of its body, at most
    `pause` after another one at the same station, is filed under the shift of that visit.

    request_id: made once by whoever asks; the same one again answers the first id and writes
    nothing. Raises AlreadyInspected when the photo was inspected before and `inspection.repeats`
    is None, Conflict when the request id belongs to another photo, NotFound when the inspection to
    repeat does not exist.
    """
    versions = _Versions(
        {inspection.model_sha256: model_card} if model_card else {},
        {inspection.spec_sha256: spec_text},
    )
    with writing(engine) as connection:
        entry = _Entry(inspection, slot, request_id, like)
        (number,) = _write(connection, [entry], versions, pause)
    return number


def record_many(
    engine: Engine,
    inspections: Iterable[tuple[Inspection, ShiftSlot] | tuple[Inspection, ShiftSlot, str]],
    *,
    model_cards: Mapping[str, dict] | None = None,
    spec_texts: Mapping[str, str] | None = None,
    batch: int = BATCH,
    pause: timedelta = VISIT_PAUSE,
) -> list[int]:
    """Write many inspections in their order, `batch` of them a transaction; answers their ids.

    The same meaning as `record_inspection` one by one; a third part is its request id.
    model_cards, spec_texts: by hash. When one is refused its batch is not written, the batches
    before it are. A larger batch is quicker and keeps other writers waiting longer: a thousand
    take about half a second.
    """
    versions = _Versions(model_cards or {}, spec_texts or {})
    numbers: list[int] = []
    for some in _in_batches((_Entry(*one) for one in inspections), batch):
        with writing(engine) as connection:
            numbers += _write(connection, some, versions, pause)
    return numbers


def rejudge(
    engine: Engine,
    earlier_id: int,
    inspection: Inspection,
    inspector: str,
    request_id: str | None = None,
    *,
    spec_text: str = "",
    corrects_scale: str = "",
) -> int:
    """Write the judgement of a logged inspection under other thresholds or another spec.

    A new row that points at the old one and takes its place in lists and counts, under the old
    one's body, day and shift: the body was inspected then. inspector: who asked for it.
    corrects_scale: the reason where the old millimetres were wrong; then a decision is no obstacle,
    for it rested on them, and the new judgement is decided anew. Raises NotFound, Conflict when the
    old one was judged again, left out or decided meanwhile (undo the decision first), StorageError
    when the photo is another one.
    """
    with writing(engine) as connection:
        known = _by_request(connection, [request_id] if request_id else [])
        if known:
            return known[request_id].id
        earlier = _open_inspection(connection, earlier_id)
        if earlier.photo_sha256 != inspection.photo_sha256:
            raise StorageError(
                f"no. {earlier_id} shows photo {earlier.photo_sha256[:12]}, not "
                f"{inspection.photo_sha256[:12]}; judge the photo it shows"
            )
        if earlier.disposition and not corrects_scale:
            raise Conflict(
                f"no. {earlier_id} was decided as {earlier.disposition}; undo the decision before "
                "judging it again"
            )
        entry = _Entry(inspection, ShiftSlot(earlier.day, earlier.shift), request_id)
        _keep_versions(connection, [entry], _Versions({}, {inspection.spec_sha256: spec_text}))
        number = _next(connection, tables.inspection)
        row = _inspection_row(entry, number, earlier.unit_id, earlier.is_first, rejudges=earlier_id)
        defects = _defect_rows(row, inspection, _next(connection, tables.defect))
        with kept(connection, [earlier.unit_id]):
            _insert(connection, tables.inspection, [row])
            _insert(connection, tables.defect, defects)
            _change(connection, {earlier_id: {"superseded_by": number}})
            append_events(connection, [_event("rejudgement", inspector, row, defects)])
            if corrects_scale:
                at = inspection.inspected_at
                said = CountingWord(
                    earlier_id, SCALE_CORRECTED, corrects_scale, inspector, at, number
                )
                write_words(connection, [said])
    return number


def decide(engine: Engine, decision: Decision, expected_last: int | None) -> int:
    """Append a person's word about an inspection; answers the number of the decision.

    expected_last: the last decision the person saw (`InspectionDetail.last_decision_id`), None for
    none. Raises Conflict naming who changed it meanwhile and when, NotFound without inspection.
    What it replaces is the word that stood until now, whatever `decision.replaces` says; a word is
    taken back by `undo`.
    """
    if decision.withdrawn:
        raise ValueError("a decision is withdrawn by undo, not by decide")
    with writing(engine) as connection:
        seen = _open_inspection(connection, decision.inspection_id)
        if seen.last_decision_id != expected_last:
            raise _changed_meanwhile(connection, seen)
        (number,) = _say(connection, {seen.id: seen}, [decision])
    return number


def decide_many(engine: Engine, decisions: Iterable[Decision], *, batch: int = BATCH) -> list[int]:
    """Append many words in their order, `batch` of them a transaction, each over the one before.

    Raises NotFound and Conflict as `decide` does; the batch is not written then.
    """
    numbers = []
    for some in _in_batches(decisions, batch):
        if any(word.withdrawn for word in some):
            raise ValueError("a decision is withdrawn by undo, not by decide_many")
        with writing(engine) as connection:
            seen = _open_inspections(connection, {word.inspection_id for word in some})
            numbers += _say(connection, seen, some)
    return numbers


def undo(
    engine: Engine,
    inspection_id: int,
    inspector: str,
    at: datetime,
    expected_last: int | None = None,
) -> int:
    """Take back the word that stands: appends a withdrawing decision and answers its number.

    The word before it stands again, if there was one. expected_last: as in `decide`; None does
    not check. Raises NotFound when no word stands.
    """
    with writing(engine) as connection:
        seen = _open_inspection(connection, inspection_id)
        if expected_last is not None and seen.last_decision_id != expected_last:
            raise _changed_meanwhile(connection, seen)
        if seen.decision_id is None:
            raise NotFound(f"no. {inspection_id} has no decision that could be undone")
        word = _decision(connection, seen.decision_id)
        before = _decision(connection, word.replaces) if word.replaces else None
        withdrawal = Decision(
            inspection_id, word.disposition, "", inspector, at, replaces=word.id, withdrawn=True
        )
        (number,) = _say(connection, {seen.id: seen}, [withdrawal], stands_again=before)
    return number


# --- one batch of inspections ---


def _write(
    connection: Connection, entries: Sequence[_Entry], versions: _Versions, pause: timedelta
) -> list[int]:
    known = _by_request(connection, [entry.request_id for entry in entries if entry.request_id])
    answers, fresh = [], []
    number = _next(connection, tables.inspection)
    for entry in entries:
        first = known.get(entry.request_id)
        if first is None:
            fresh.append(entry)
            answers.append(number)
            number += 1
        elif first.photo_sha256 != entry.inspection.photo_sha256:
            raise other_photo(entry.request_id, first.id)
        else:
            answers.append(first.id)
    if fresh:
        _write_fresh(connection, fresh, versions, pause)
    return answers


def _write_fresh(
    connection: Connection, entries: Sequence[_Entry], versions: _Versions, pause: timedelta
) -> None:
    _refuse_duplicates(connection, entries)
    _keep_photos(connection, entries)
    _keep_versions(connection, entries, versions)
    entries = _of_known_models(connection, entries)
    units = _units(connection, entries)
    entries, moved = _filed(connection, entries, units, pause)
    in_use = _photos_in_use(connection, entries)
    sent_back = _panels_sent_back(connection, [one.id for one in units.values()])
    number, defect_number = _next(connection, tables.inspection), _next(connection, tables.defect)
    rows, defects, events, words = [], [], [], []
    for entry in entries:
        body = units[_unit_key(entry.inspection)]
        is_first = _is_first(entry, body, sent_back, in_use)
        row = _inspection_row(entry, number, body.id, is_first)
        parts = _defect_rows(row, entry.inspection, defect_number)
        rows.append(row)
        defects += parts
        events.append(_event("inspection", row["inspector"], row, parts))
        if like := entry.like:
            at = entry.inspection.inspected_at
            words.append(CountingWord(number, like.word, "", like.who, at, like.inspection_id))
        number, defect_number = number + 1, defect_number + len(parts)
    with kept(connection, (one.id for one in units.values())):
        _insert(connection, tables.inspection, rows)
        _insert(connection, tables.defect, defects)
        append_events(connection, events)
        if words:
            write_words(connection, words)
        if moved:
            _file_anew(connection, moved, {one.id: one for one in units.values()}, sent_back)


def other_photo(request_id: str, number: int) -> Conflict:
    """The refusal of a request id that belongs to another photo."""
    return Conflict(
        f"request {request_id!r} wrote no. {number}, which shows another photo; make a new request "
        "id for a new photo"
    )


def _by_request(connection: Connection, request_ids: Sequence[str]) -> dict[str, Row]:
    if not request_ids:
        return {}
    table = tables.inspection.c
    rows = connection.execute(
        select(table.request_id, table.id, table.photo_sha256).where(
            table.request_id.in_(request_ids)
        )
    )
    return {row.request_id: row for row in rows}


def _refuse_duplicates(connection: Connection, entries: Sequence[_Entry]) -> None:
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
    number = _next(connection, tables.inspection)
    for place, entry in enumerate(entries):
        one = entry.inspection
        if one.repeats is not None:
            _refuse_wrong_repeat(connection, one)
        elif one.photo_sha256 in seen and one.photo_source != tables.POOLED_SOURCE:
            earlier, at = seen[one.photo_sha256]
            raise AlreadyInspected(
                f"{one.photo_name}: already inspected at {at:%Y-%m-%d %H:%M} UTC (no. {earlier}); "
                "ask for a re-inspection to judge it again",
                earlier,
                at,
            )
        seen[one.photo_sha256] = (number + place, one.inspected_at)


def _refuse_wrong_repeat(connection: Connection, one: Inspection) -> None:
    earlier = connection.execute(
        select(tables.inspection.c.photo_sha256).where(tables.inspection.c.id == one.repeats)
    ).first()
    if earlier is None:
        raise NotFound(f"no. {one.repeats}, which {one.photo_name} repeats, does not exist")
    if earlier.photo_sha256 != one.photo_sha256:
        raise StorageError(
            f"{one.photo_name} cannot repeat no. {one.repeats}: that is another photo; log it as a "
            "new inspection"
        )


def _keep_photos(connection: Connection, entries: Sequence[_Entry]) -> None:
    rows = {
        one.photo_sha256: {
            "sha256": one.photo_sha256,
            "width_px": int(one.width_px),
            "height_px": int(one.height_px),
            "captured_at": one.captured_at,
            "first_seen_at": one.inspected_at,
        }
        for one in (entry.inspection for entry in entries)
    }
    _insert_unknown(connection, tables.photo, rows)


def _keep_versions(connection: Connection, entries: Sequence[_Entry], versions: _Versions) -> None:
    models, specs = {}, {}
    for one in (entry.inspection for entry in reversed(entries)):
        models[one.model_sha256] = {
            "sha256": one.model_sha256,
            "name": one.model_name,
            "card": versions.cards.get(one.model_sha256),
            "first_used_at": one.inspected_at,
        }
        specs[one.spec_sha256] = {
            "sha256": one.spec_sha256,
            "name": one.spec_name,
            "text": versions.texts.get(one.spec_sha256, ""),
            "first_used_at": one.inspected_at,
        }
    _insert_unknown(connection, tables.model, models)
    _insert_unknown(connection, tables.spec, specs)
    _fill(connection, tables.model.c.card, versions.cards, models)
    _fill(connection, tables.spec.c.text, versions.texts, specs)


def _insert_unknown(connection: Connection, table: Table, rows: Mapping[str, dict]) -> None:
    """Write the rows whose hash the table does not know yet."""
    known = set(connection.scalars(select(table.c.sha256).where(table.c.sha256.in_(list(rows)))))
    _insert(connection, table, [row for sha256, row in rows.items() if sha256 not in known])


def _fill(
    connection: Connection, column: Column, given: Mapping[str, object], used: Mapping[str, dict]
) -> None:
    """Add the card or the text of a version that was first used without it."""
    table = column.table
    for sha256 in given.keys() & used.keys():
        if given[sha256]:
            missing = (table.c.sha256 == sha256) & (column.is_(None) | (cast(column, Text) == ""))
            connection.execute(update(table).where(missing).values({column: given[sha256]}))


@dataclass(frozen=True, slots=True)
class _Body:
    id: int
    first_day: date
    first_shift: str


def _unit_key(one: Inspection) -> tuple[str, str, str]:
    subject = one.subject
    # Without a body number nobody can tell two bodies apart: each photo stands for its own.
    sha256 = "" if subject.body_number else one.photo_sha256
    return storable(subject.vehicle_model), storable(subject.body_number), sha256


def _of_known_models(connection: Connection, entries: Sequence[_Entry]) -> Sequence[_Entry]:
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
        model, number, _ = _unit_key(entry.inspection)
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


def _under_model(entry: _Entry, known: Mapping[str, str]) -> _Entry:
    model, number, _ = _unit_key(entry.inspection)
    if model or number not in known:
        return entry
    subject = replace(entry.inspection.subject, vehicle_model=known[number])
    return replace(entry, inspection=replace(entry.inspection, subject=subject))


def _units(connection: Connection, entries: Sequence[_Entry]) -> dict[tuple, _Body]:
    """The bodies of these photos; those seen for the first time are written."""
    columns = (tables.unit.c.vehicle_model, tables.unit.c.body_number, tables.unit.c.photo_sha256)
    keys = {_unit_key(entry.inspection) for entry in entries}
    stored = connection.execute(select(tables.unit).where(tuple_(*columns).in_(list(keys)))).all()
    bodies = {
        (row.vehicle_model, row.body_number, row.photo_sha256): _Body(
            row.id, row.first_day, row.first_shift
        )
        for row in stored
    }
    colourless = {row.id for row in stored if not row.colour}
    uncounted = _uncounted(connection, [row.id for row in stored])
    number, rows = _next(connection, tables.unit), {}
    for entry in entries:
        one = entry.inspection
        key, subject = _unit_key(one), one.subject
        if key in bodies and bodies[key].id in uncounted:
            # All that was seen of it is left out: only now it is inspected for the first time.
            body = bodies[key] = _Body(bodies[key].id, entry.slot.day, entry.slot.shift)
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
            bodies[key] = _Body(number, entry.slot.day, entry.slot.shift)
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
    _insert(connection, tables.unit, list(rows.values()))
    return bodies


def _uncounted(connection: Connection, unit_ids: list[int]) -> set[int]:
    """Bodies, and photos without a body number, of which nothing is in the figures."""
    table = tables.inspection.c
    those = select(table.unit_id).where(is_first_now(), in_figures(), table.unit_id.in_(unit_ids))
    those = those.distinct()
    return set(unit_ids) - set(connection.scalars(those))


@dataclass(slots=True)
class _Seen:
    """A photo of a visit. number: of its inspection; None for one that is being written, which
    stands at `place` among the entries."""

    at: datetime
    slot: ShiftSlot
    number: int | None = None
    place: int = -1


def _filed(
    connection: Connection,
    entries: Sequence[_Entry],
    units: Mapping[tuple, _Body],
    pause: timedelta,
) -> tuple[list[_Entry], dict[int, ShiftSlot]]:
    """The entries, each under the shift of the visit that it goes on with, and the inspections that
    a photo logged late has joined to another visit, with their new shift.

    A body belongs to the shift of the first photo of a visit: photos at one station, each at most
    `pause` from another one.
    """
    moments = [entry.inspection.inspected_at for entry in entries]
    table = tables.inspection.c
    ids = {units[_unit_key(entry.inspection)].id for entry in entries}
    rows = connection.execute(
        _standing_photos()
        .where(table.unit_id.in_(sorted(ids)))
        .where(table.inspected_at.between(min(moments) - pause, max(moments) + pause))
    )
    visits: dict[tuple[int, str], dict[int, _Seen]] = {}
    for row in rows:
        seen = _Seen(row.inspected_at, ShiftSlot(row.day, row.shift), row.id)
        visits.setdefault((row.unit_id, row.station), {})[row.id] = seen
    filed: list[_Entry] = []
    moved: dict[int, ShiftSlot] = {}
    for place, entry in enumerate(entries):
        at = entry.inspection.inspected_at
        key = units[_unit_key(entry.inspection)].id, storable(entry.inspection.subject.station)
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


def _standing_photos() -> Select:
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


def _file_anew(
    connection: Connection,
    moved: Mapping[int, ShiftSlot],
    bodies: Mapping[int, _Body],
    sent_back: set[tuple[int, str]],
) -> None:
    """Write these inspections again under another shift; the new rows take the old ones' place.

    What a person has decided stays under the shift in which it was decided.
    """
    table = tables.inspection
    olds = connection.execute(
        select(table)
        .where(table.c.id.in_(sorted(moved)), table.c.disposition == "")
        .order_by(table.c.id)
    ).mappings()
    number, defect_number = _next(connection, table), _next(connection, tables.defect)
    rows, defects, events = [], [], []
    for old in olds.all():
        slot, body = moved[old["id"]], bodies[old["unit_id"]]
        came_back = (body.id, old["panel"]) in sent_back
        same_slot = (body.first_day, body.first_shift) == (slot.day, slot.shift)
        row = {
            **old,
            "id": number,
            "request_id": None,
            "day": slot.day,
            "shift": slot.shift,
            "rejudges": old["id"],
            "is_first": same_slot and not came_back and old["repeats"] is None,
            "decision_id": None,
            "last_decision_id": None,
            "superseded_by": None,
        }
        parts = [
            {
                **part,
                "id": defect_number + place,
                "inspection_id": number,
                "day": slot.day,
            }
            for place, part in enumerate(
                connection.execute(
                    select(tables.defect)
                    .where(tables.defect.c.inspection_id == old["id"])
                    .order_by(tables.defect.c.id)
                )
                .mappings()
                .all()
            )
        ]
        rows.append(row)
        defects += parts
        events.append(_event("rejudgement", "", row, parts))
        number, defect_number = number + 1, defect_number + len(parts)
    _insert(connection, table, rows)
    _insert(connection, tables.defect, defects)
    _change(connection, {row["rejudges"]: {"superseded_by": row["id"]} for row in rows})
    append_events(connection, events)


def _panels_sent_back(connection: Connection, unit_ids: list[int]) -> set[tuple[int, str]]:
    """(unit, panel) that a person has sent to repair or to re-inspection."""
    table = tables.inspection.c
    rows = connection.execute(
        select(table.unit_id, table.panel)
        .where(counts(), table.unit_id.in_(unit_ids), table.disposition.in_(SENT_BACK))
        .distinct()
    )
    return {(row.unit_id, row.panel) for row in rows}


def _photos_in_use(connection: Connection, entries: Sequence[_Entry]) -> set[str]:
    """Of the photos that are repeated: those of which an inspection stands that is not voided."""
    repeated = {one.inspection.photo_sha256 for one in entries if one.inspection.repeats}
    table = tables.inspection.c
    question = select(table.photo_sha256).where(
        table.photo_sha256.in_(repeated),
        table.superseded_by.is_(None),
        ~is_left_out(table.id, VOIDED),
    )
    return set(connection.scalars(question)) if repeated else set()


def _is_first(
    entry: _Entry, body: _Body, sent_back: set[tuple[int, str]], in_use: set[str]
) -> bool:
    """Whether this photo belongs to the body's first inspection; the rule stands in `counting`."""
    one = entry.inspection
    same_slot = (body.first_day, body.first_shift) == (entry.slot.day, entry.slot.shift)
    came_back = (body.id, storable(one.subject.panel)) in sent_back
    is_repeat = one.repeats is not None and one.photo_sha256 in in_use
    return not is_repeat and same_slot and not came_back


def _inspection_row(
    entry: _Entry, number: int, unit_id: int, is_first: bool, rejudges: int | None = None
) -> dict:
    one, subject, thresholds = (
        entry.inspection,
        entry.inspection.subject,
        entry.inspection.thresholds,
    )
    defects, verdict = one.judgement.defects, one.judgement.verdict
    areas = [float(part.area_mm2) for part in defects if part.area_mm2 is not None]
    lengths = [float(part.length_mm) for part in defects if part.length_mm is not None]
    return {
        "id": number,
        "request_id": entry.request_id,
        "photo_sha256": one.photo_sha256,
        "photo_name": one.photo_name,
        "photo_source": one.photo_source,
        "unit_id": unit_id,
        "vehicle_model": subject.vehicle_model,
        "body_number": subject.body_typed,
        "panel": subject.panel,
        "colour": subject.colour,
        "station": subject.station,
        "line": subject.line,
        "inspector": subject.inspector,
        "day": entry.slot.day,
        "shift": entry.slot.shift,
        "inspected_at": one.inspected_at,
        "verdict": verdict,
        "reasons": [_reason(reason) for reason in one.judgement.reasons],
        "score": float(one.score),
        "quality": list(one.quality),
        "mm_per_px": None if one.scale is None else float(one.scale.mm_per_px),
        "scale_source": None if one.scale is None else one.scale.source,
        "region_threshold": float(thresholds.region),
        "smallest_px": int(thresholds.smallest_px),
        "peak": float(thresholds.peak),
        "ok_below": float(thresholds.ok_below),
        "reject_from": float(thresholds.reject_from),
        "model_sha256": one.model_sha256,
        "spec_sha256": one.spec_sha256,
        "duration_ms": int(one.duration_ms),
        "defects": len(defects),
        "defect_area_px": sum(int(part.region.area_px) for part in defects),
        "defect_area_mm2": sum(areas) if areas else None,
        "longest_mm": max(lengths, default=None),
        "repeats": one.repeats,
        "rejudges": rejudges,
        "is_first": is_first,
        "standing": standing(verdict, ""),
        "disposition": "",
        "decision_id": None,
        "last_decision_id": None,
        "superseded_by": None,
    }


def _reason(reason: Reason) -> dict:
    # A measured value may come as a numpy number.
    values = {
        name: value.item() if hasattr(value, "item") else value
        for name, value in reason.values.items()
    }
    return {"code": reason.code, "values": values}


def _defect_rows(row: Mapping, one: Inspection, first_number: int) -> list[dict]:
    return [
        _defect_row(row, part, first_number + place, place)
        for place, part in enumerate(one.judgement.defects)
    ]


def _defect_row(row: Mapping, part: Defect, number: int, place: int) -> dict:
    region = part.region
    x_px, y_px, box_width_px, box_height_px = (int(value) for value in region.bbox_px)
    return {
        "id": number,
        "inspection_id": row["id"],
        "number": place,
        "day": row["day"],
        "vehicle_model": row["vehicle_model"],
        "panel": row["panel"],
        "type": region.type,
        "severity": part.severity,
        "zone": part.zone,
        "near_character_line": bool(part.near_character_line),
        "source": part.source,
        "score": float(region.score),
        "area_px": int(region.area_px),
        "length_px": float(region.length_px),
        "width_px": float(region.width_px),
        "width_error_px": _number_or_none(region.width_error_px),
        "area_mm2": _number_or_none(part.area_mm2),
        "length_mm": _number_or_none(part.length_mm),
        "width_mm": _number_or_none(part.width_mm),
        "x_px": x_px,
        "y_px": y_px,
        "box_width_px": box_width_px,
        "box_height_px": box_height_px,
        "outline_px": [[int(x), int(y)] for x, y in region.outline_px],
        "position_x": float(region.position[0]),
        "position_y": float(region.position[1]),
    }


def _number_or_none(value: float | None) -> float | None:
    return None if value is None else float(value)


def _event(kind: str, who: str, row: Mapping, defects: Sequence[Mapping]) -> Event:
    details = {
        "inspection": row["id"],
        "photo": row["photo_sha256"],
        "verdict": row["verdict"],
        "defects": row["defects"],
        RECORD: record_digest(row, defects),
    }
    for link in ("repeats", "rejudges"):
        if row[link] is not None:
            details[link] = row[link]
    return Event(kind, who, details, row["id"])


# --- what people say ---


def _open_inspection(connection: Connection, number: int) -> Row:
    """The inspection a person speaks about; refused when a later judgement took its place."""
    return _open_inspections(connection, {number})[number]


def _open_inspections(connection: Connection, numbers: set[int]) -> dict[int, Row]:
    table = tables.inspection.c
    rows = connection.execute(
        select(
            table.id,
            table.unit_id,
            table.photo_sha256,
            table.day,
            table.shift,
            table.verdict,
            is_first_now().label("is_first"),
            table.disposition,
            table.decision_id,
            table.last_decision_id,
            table.superseded_by,
        ).where(table.id.in_(sorted(numbers)))
    ).all()
    missing = numbers - {row.id for row in rows}
    if missing:
        raise NotFound(f"inspection no. {min(missing)} does not exist")
    for number, why in state(connection, numbers).items():
        raise Conflict(
            f"no. {number} is left out of the figures ({why}); let it count again before deciding"
        )
    for row in rows:
        if row.superseded_by is not None:
            later = connection.scalar(
                select(table.inspected_at).where(table.id == row.superseded_by)
            )
            raise Conflict(
                f"no. {row.id} was judged again as no. {row.superseded_by} at "
                f"{later:%Y-%m-%d %H:%M} UTC; decide about that one"
            )
    return {row.id: row for row in rows}


def _decision(connection: Connection, number: int) -> Row:
    return connection.execute(select(tables.decision).where(tables.decision.c.id == number)).one()


def _changed_meanwhile(connection: Connection, seen: Row) -> Conflict:
    if seen.last_decision_id is None:
        return Conflict(f"no. {seen.id} has no decision any more; look at it again")
    last = _decision(connection, seen.last_decision_id)
    return Conflict(
        f"no. {seen.id} was changed by {last.inspector or 'somebody'} at "
        f"{last.decided_at:%Y-%m-%d %H:%M} UTC; look at it again before deciding"
    )


def _say(
    connection: Connection,
    seen: Mapping[int, Row],
    words: Sequence[Decision],
    stands_again: Row | None = None,
) -> list[int]:
    """Write words, where their inspections now stand, and their events; answers their numbers.

    seen: the inspections spoken about, by number. stands_again: the word that a withdrawal lets
    stand again.
    """
    stands = {number: row.decision_id for number, row in seen.items()}
    rows, changes, events = [], {}, []
    for number, word in enumerate(words, _next(connection, tables.decision)):
        about = seen[word.inspection_id]
        row = {
            "id": number,
            "inspection_id": about.id,
            "disposition": word.disposition,
            "reason": word.reason,
            "inspector": word.inspector,
            "decided_at": word.decided_at,
            "replaces": word.replaces if word.withdrawn else stands[about.id],
            "withdrawn": word.withdrawn,
        }
        if word.withdrawn:
            stands[about.id] = stands_again.id if stands_again else None
            disposition = stands_again.disposition if stands_again else ""
        else:
            stands[about.id], disposition = number, word.disposition
        rows.append(row)
        changes[about.id] = {
            "standing": standing(about.verdict, disposition),
            "disposition": disposition,
            "decision_id": stands[about.id],
            "last_decision_id": number,
        }
        events.append(_said(row))
    with kept(connection, {row.unit_id for row in seen.values()}):
        _insert(connection, tables.decision, rows)
        _change(connection, changes)
    append_events(connection, events)
    return [row["id"] for row in rows]


def _said(row: Mapping) -> Event:
    """The event of one written word."""
    details = {
        "decision": row["id"],
        "disposition": row["disposition"],
        "reason": row["reason"],
        "replaces": row["replaces"],
        RECORD: record_digest(row),
    }
    kind = "undo" if row["withdrawn"] else "decision"
    return Event(kind, row["inspector"], details, row["inspection_id"])


# --- small parts ---


def _change(connection: Connection, changes: Mapping[int, dict]) -> None:
    """Set standing columns; changes: by number, all with the same columns."""
    which = tables.inspection.c.id == bindparam("changed")
    columns = next(iter(changes.values()))
    statement = update(tables.inspection).where(which).values({n: bindparam(n) for n in columns})
    connection.execute(
        statement, [{"changed": number, **values} for number, values in changes.items()]
    )


def _next(connection: Connection, table: Table) -> int:
    """The next free number; safe, because `writing` lets one writer in at a time.

    The number of an inspection that was taken out with the demo line is not given again: an
    address or a note about it must not lead to another photo.
    """
    last = connection.scalar(select(func.max(table.c.id))) or 0
    if table is tables.inspection:
        spoken_of = connection.scalar(select(func.max(tables.audit.c.inspection_id)))
        last = max(last, spoken_of or 0)
    return last + 1


def _insert(connection: Connection, table: Table, rows: list[dict]) -> None:
    if rows:
        connection.execute(insert(table), rows)


def _in_batches(entries: Iterable, size: int) -> Iterable[list]:
    rest = iter(entries)
    while some := list(islice(rest, size)):
        yield some
