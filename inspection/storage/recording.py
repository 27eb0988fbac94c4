"""Writing inspections into the log: each function is one short transaction, all of it or nothing.

What was seen is never changed afterwards. A correction is a new row that points at the old one:
`repeats` (the same photo inspected again on purpose), `rejudges` (the same inspection under other
thresholds or another spec).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    RowMapping,
    Table,
    Text,
    cast,
    select,
    update,
)

from inspection.domain.counting_words import SCALE_CORRECTED, CountingWord, LikeAnother
from inspection.domain.defects import Defect
from inspection.domain.inspections import Inspection, Reason
from inspection.domain.shifts import VISIT_PAUSE, ShiftSlot
from inspection.errors import Conflict, StorageError
from inspection.storage import tables
from inspection.storage.audit import RECORD, Event, append_events, next_inspection, record_digest
from inspection.storage.column_types import AnyRow, NewRow, Values
from inspection.storage.correcting.records import standing_correction
from inspection.storage.correcting.table import correction
from inspection.storage.counting import kept, set_standing, standing
from inspection.storage.counting_records import write_words
from inspection.storage.database import insert_rows, next_number, writing
from inspection.storage.deciding import BATCH, in_batches, open_inspection
from inspection.storage.ignoring.records import IgnoringRows
from inspection.storage.rows import number_or_none, region_values
from inspection.storage.visits import (
    Body,
    Entry,
    bodies_of,
    filed,
    is_first_of_body,
    panels_sent_back,
    photos_in_use,
    refuse_duplicates,
    under_known_models,
    unit_key,
)


@dataclass(frozen=True, slots=True)
class _Versions:
    """Model cards and spec texts by their hash, kept when the version is first used."""

    cards: Mapping[str, Mapping[str, object]]
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Judged:
    """An inspection's row, those of its defects, and what was ignored there."""

    row: NewRow
    defects: list[NewRow]
    ignored: list[NewRow]


def record_inspection(
    engine: Engine,
    inspection: Inspection,
    slot: ShiftSlot,
    request_id: str | None = None,
    *,
    model_card: Mapping[str, object] | None = None,
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
        entry = Entry(inspection, slot, request_id, like)
        (number,) = _write(connection, [entry], versions, pause)
    return number


def record_many(
    engine: Engine,
    inspections: Iterable[tuple[Inspection, ShiftSlot] | tuple[Inspection, ShiftSlot, str]],
    *,
    model_cards: Mapping[str, Mapping[str, object]] | None = None,
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
    for some in in_batches((Entry(*one) for one in inspections), batch):
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
    corrects_scale: the reason where the old millimetres were wrong; then a decision or a corrected
    region is no obstacle, for it rested on them, and the new judgement is decided anew. Raises
    NotFound, Conflict when the old one was judged again, left out, decided (undo the decision
    first) or corrected meanwhile, StorageError when the photo is another one.
    """
    with writing(engine) as connection:
        known = _by_request(connection, [request_id] if request_id else [])
        if request_id and known:
            return known[request_id].id
        earlier = open_inspection(connection, earlier_id)
        if earlier.photo_sha256 != inspection.photo_sha256:
            raise StorageError(
                "judge_other_photo",
                number=earlier_id,
                shown=earlier.photo_sha256[:12],
                given=inspection.photo_sha256[:12],
            )
        if earlier.disposition and not corrects_scale:
            raise Conflict("undo_first", number=earlier_id, disposition=earlier.disposition)
        stands = standing_correction(connection, earlier_id)
        if stands and not corrects_scale:
            raise Conflict("corrected_stays", number=earlier_id, who=stands.said.who)
        entry = Entry(inspection, ShiftSlot(earlier.day, earlier.shift), request_id)
        _keep_versions(connection, [entry], _Versions({}, {inspection.spec_sha256: spec_text}))
        number = next_inspection(connection)
        row = _inspection_row(entry, number, earlier.unit_id, earlier.is_first, rejudges=earlier_id)
        defects = _defect_rows(row, inspection, next_number(connection, tables.defect))
        ignored = IgnoringRows(connection)
        judged = _Judged(row, defects, ignored.of(number, inspection))
        with kept(connection, [earlier.unit_id]):
            _supersede(connection, inspector, [judged], ignored)
            if corrects_scale:
                at = inspection.inspected_at
                said = CountingWord(
                    earlier_id, SCALE_CORRECTED, corrects_scale, inspector, at, number
                )
                write_words(connection, [said])
    return number


def _write(
    connection: Connection, entries: Sequence[Entry], versions: _Versions, pause: timedelta
) -> list[int]:
    known = _by_request(connection, [entry.request_id for entry in entries if entry.request_id])
    answers: list[int] = []
    fresh: list[Entry] = []
    number = next_inspection(connection)
    for entry in entries:
        first = known.get(entry.request_id or "")
        if first is None:
            fresh.append(entry)
            answers.append(number)
            number += 1
        elif first.photo_sha256 != entry.inspection.photo_sha256:
            raise other_photo(first.request_id, first.id)
        else:
            answers.append(first.id)
    if fresh:
        _write_fresh(connection, fresh, versions, pause)
    return answers


def _write_fresh(
    connection: Connection, entries: Sequence[Entry], versions: _Versions, pause: timedelta
) -> None:
    refuse_duplicates(connection, entries)
    _keep_photos(connection, entries)
    _keep_versions(connection, entries, versions)
    entries = under_known_models(connection, entries)
    units = bodies_of(connection, entries)
    entries, moved = filed(connection, entries, units, pause)
    in_use = photos_in_use(connection, entries)
    sent_back = panels_sent_back(connection, [one.id for one in units.values()])
    number, defect_number = next_inspection(connection), next_number(connection, tables.defect)
    rows, defects, events, words = [], [], [], []
    ignored = IgnoringRows(connection)
    for entry in entries:
        body = units[unit_key(entry.inspection)]
        is_first = is_first_of_body(entry, body, sent_back, in_use)
        row = _inspection_row(entry, number, body.id, is_first)
        parts = _defect_rows(row, entry.inspection, defect_number)
        judged = _Judged(row, parts, ignored.of(number, entry.inspection))
        rows.append(row)
        defects += parts
        events.append(_event("inspection", row["inspector"], judged))
        if like := entry.like:
            at = entry.inspection.inspected_at
            words.append(CountingWord(number, like.word, "", like.who, at, like.inspection_id))
        number, defect_number = number + 1, defect_number + len(parts)
    with kept(connection, (one.id for one in units.values())):
        insert_rows(connection, tables.inspection, rows)
        insert_rows(connection, tables.defect, defects)
        ignored.write()
        append_events(connection, events)
        if words:
            write_words(connection, words)
        if moved:
            _file_anew(connection, moved, {one.id: one for one in units.values()}, sent_back)


def other_photo(request_id: str, number: int) -> Conflict:
    """The refusal of a request id that belongs to another photo."""
    return Conflict("request_id_taken", request=request_id, number=number)


def _by_request(connection: Connection, request_ids: Sequence[str]) -> dict[str, AnyRow]:
    if not request_ids:
        return {}
    table = tables.inspection.c
    rows = connection.execute(
        select(table.request_id, table.id, table.photo_sha256).where(
            table.request_id.in_(request_ids)
        )
    )
    return {row.request_id: row for row in rows}


def _keep_photos(connection: Connection, entries: Sequence[Entry]) -> None:
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


def _keep_versions(connection: Connection, entries: Sequence[Entry], versions: _Versions) -> None:
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


def _insert_unknown(connection: Connection, table: Table, rows: Mapping[str, NewRow]) -> None:
    """Write the rows whose hash the table does not know yet."""
    known = set(connection.scalars(select(table.c.sha256).where(table.c.sha256.in_(list(rows)))))
    insert_rows(connection, table, [row for sha256, row in rows.items() if sha256 not in known])


def _fill(
    connection: Connection,
    column: Column[Any],
    given: Mapping[str, object],
    used: Mapping[str, NewRow],
) -> None:
    """Add the card or the text of a version that was first used without it."""
    table = column.table
    for sha256 in given.keys() & used.keys():
        if given[sha256]:
            missing = (table.c.sha256 == sha256) & (column.is_(None) | (cast(column, Text) == ""))
            connection.execute(update(table).where(missing).values({column: given[sha256]}))


def _file_anew(
    connection: Connection,
    moved: Mapping[int, ShiftSlot],
    bodies: Mapping[int, Body],
    sent_back: set[tuple[int, str]],
) -> None:
    """Write these inspections again under another shift; the new rows take the old ones' place.

    What a person has decided or corrected stays under the shift in which that was done.
    """
    table = tables.inspection
    olds = connection.execute(
        select(table)
        .where(
            table.c.id.in_(sorted(moved)),
            table.c.disposition == "",
            table.c.id.not_in(select(correction.c.inspection_id)),
        )
        .order_by(table.c.id)
    ).mappings()
    number, defect_number = next_inspection(connection), next_number(connection, tables.defect)
    judged = []
    ignored = IgnoringRows(connection)
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
            {**part, "id": defect_number + place, "inspection_id": number, "day": slot.day}
            for place, part in enumerate(_stored_defects(connection, old["id"]))
        ]
        judged.append(_Judged(row, parts, ignored.again(old["id"], number)))
        number, defect_number = number + 1, defect_number + len(parts)
    _supersede(connection, "", judged, ignored)


def _stored_defects(connection: Connection, number: int) -> Sequence[RowMapping]:
    table = tables.defect
    question = select(table).where(table.c.inspection_id == number).order_by(table.c.id)
    return connection.execute(question).mappings().all()


def _supersede(
    connection: Connection, who: str, judged: Sequence[_Judged], ignored: IgnoringRows
) -> None:
    """Write judgements with their defects; each takes the place of the one that it `rejudges`."""
    rows = [one.row for one in judged]
    insert_rows(connection, tables.inspection, rows)
    insert_rows(connection, tables.defect, [part for one in judged for part in one.defects])
    ignored.write()
    set_standing(connection, {row["rejudges"]: {"superseded_by": row["id"]} for row in rows})
    append_events(connection, [_event("rejudgement", who, one) for one in judged])


def _inspection_row(
    entry: Entry, number: int, unit_id: int, is_first: bool, rejudges: int | None = None
) -> NewRow:
    one = entry.inspection
    subject, thresholds = one.subject, one.thresholds
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
        "scale_error_percent": None if one.scale is None else one.scale.error_percent,
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


def _reason(reason: Reason) -> dict[str, object]:
    # A measured value may come as a numpy number.
    values = {
        name: value.item() if hasattr(value, "item") else value
        for name, value in reason.values.items()
    }
    return {"code": reason.code, "values": values}


def _defect_rows(row: Values, one: Inspection, first_number: int) -> list[NewRow]:
    return [
        _defect_row(row, part, first_number + place, place)
        for place, part in enumerate(one.judgement.defects)
    ]


def _defect_row(row: Values, part: Defect, number: int, place: int) -> NewRow:
    return {
        "id": number,
        "inspection_id": row["id"],
        "number": place,
        "day": row["day"],
        "vehicle_model": row["vehicle_model"],
        "panel": row["panel"],
        "severity": part.severity,
        "zone": part.zone,
        "near_character_line": bool(part.near_character_line),
        "source": part.source,
        "area_mm2": number_or_none(part.area_mm2),
        "length_mm": number_or_none(part.length_mm),
        "width_mm": number_or_none(part.width_mm),
        **region_values(part.region),
    }


def _event(kind: str, who: str, judged: _Judged) -> Event:
    row = judged.row
    details = {
        "inspection": row["id"],
        "photo": row["photo_sha256"],
        "verdict": row["verdict"],
        "defects": row["defects"],
        RECORD: record_digest(row, [*judged.defects, *judged.ignored]),
    }
    for link in ("repeats", "rejudges"):
        if row[link] is not None:
            details[link] = row[link]
    return Event(kind, who, details, row["id"])
