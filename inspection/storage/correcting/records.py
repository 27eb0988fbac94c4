"""Corrections in the log: one written in a transaction of its own, and how they are read.

A correction is never changed: a later one about the same inspection names it in `based_on`.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection, Engine, insert, select

from inspection.domain.corrections import Correction, DrawnRegion, Overlap
from inspection.domain.inspections import Judgement
from inspection.errors import Conflict, CorrectionRefused
from inspection.storage.audit import RECORD, append_event, record_digest
from inspection.storage.column_types import AnyRow, NewRow
from inspection.storage.correcting.table import correction
from inspection.storage.database import looking, next_number, writing
from inspection.storage.deciding import open_inspection
from inspection.storage.tables import POOLED_SOURCE, inspection, left_out, unit

EVENT = "correction"
_JUDGEMENT = TypeAdapter(Judgement)


@dataclass(frozen=True, slots=True)
class NumberedCorrection:
    """A correction with its number in the log."""

    id: int
    said: Correction


def record_correction(engine: Engine, said: Correction) -> int:
    """Append a correction; answers its number.

    Raises NotFound without the inspection, Conflict when a correction stands that `said` is not
    based on, or when the inspection is left out or was judged again meanwhile.
    """
    with writing(engine) as connection:
        about = open_inspection(connection, said.inspection_id)
        refuse_stale(
            said.inspection_id, said.based_on, standing_correction(connection, said.inspection_id)
        )
        number = next_number(connection, correction)
        if number == said.inspection_id:
            # One number must not mean two records of one photo: `based_on` names either.
            number += 1
        row = {
            "id": number,
            "inspection_id": said.inspection_id,
            "based_on": said.based_on,
            "who": said.who,
            "reason": said.reason,
            "at": said.at,
            "mask_sha256": said.mask_sha256,
            "regions": [[region.n, region.type, region.px] for region in said.regions],
            "overlaps": [[overlap.place, overlap.n, overlap.px] for overlap in said.overlaps],
            "judgement": _written(said.judgement),
            "duration_ms": said.duration_ms,
        }
        connection.execute(insert(correction), [row])
        details = {
            EVENT: number,
            "photo": about.photo_sha256,
            "mask": said.mask_sha256,
            "verdict": said.judgement.verdict,
            "defects": len(said.regions),
            "reason": said.reason,
            RECORD: record_digest(row),
        }
        append_event(connection, EVENT, said.who, details, said.inspection_id)
    return number


def refuse_stale(
    inspection_id: int, based_on: int | None, stands: NumberedCorrection | None
) -> None:
    """Raise Conflict where a correction rests on another record than the one that stands.

    While none stands the machine's record does: None, or the inspection's own number.
    """
    _refuse_newer(inspection_id, based_on, stands)
    if stands is None and based_on not in (None, inspection_id):
        raise Conflict("correction_unknown_base", number=inspection_id, based_on=based_on)


def refuse_unseen(connection: Connection, inspection_id: int, seen: int | None) -> None:
    """Raise Conflict where another correction stands than the one a person saw (None: none)."""
    _refuse_newer(inspection_id, seen, standing_correction(connection, inspection_id))


def _refuse_newer(inspection_id: int, seen: int | None, stands: NumberedCorrection | None) -> None:
    if stands is not None and stands.id != seen:
        raise Conflict(
            "corrected_meanwhile", number=inspection_id, who=stands.said.who, at=stands.said.at
        )


def standing_correction(connection: Connection, inspection_id: int) -> NumberedCorrection | None:
    """The correction that stands for an inspection's record, None while the machine's does."""
    about = corrections_about(connection, [inspection_id]).get(inspection_id, ())
    return about[-1] if about else None


def corrections_about(
    connection: Connection, numbers: Iterable[int]
) -> dict[int, tuple[NumberedCorrection, ...]]:
    """Inspection -> its corrections, oldest first; one that is damaged is left out, as the audit
    chain names it."""
    question = select(correction).where(correction.c.inspection_id.in_(sorted(numbers)))
    about: dict[int, tuple[NumberedCorrection, ...]] = {}
    for row in connection.execute(question.order_by(correction.c.id)):
        if (said := _read(row)) is not None:
            about[row.inspection_id] = (*about.get(row.inspection_id, ()), said)
    return about


def corrected_inspections(engine: Engine, model_sha256: str = "") -> list[int]:
    """Inspections that stand, count and have a correction, oldest first; none of the demo line.

    model_sha256: only those that this model judged; "" = of every model.
    """
    table = inspection.c
    question = (
        select(table.id)
        .where(
            table.id.in_(select(correction.c.inspection_id)),
            table.superseded_by.is_(None),
            table.photo_source != POOLED_SOURCE,
            table.id.not_in(select(left_out.c.inspection_id)),
        )
        .order_by(table.id)
    )
    if model_sha256:
        question = question.where(table.model_sha256 == model_sha256)
    with looking(engine) as connection:
        return list(connection.scalars(question))


@dataclass(frozen=True, slots=True)
class CorrectedPhoto:
    """A photo that was corrected: by the newest inspection of it that stands and counts.

    body: a code that is the same for all photos of one car body, "" where nobody can tell.
    """

    inspection_id: int
    photo_sha256: str
    body: str


def corrected_photos(engine: Engine) -> tuple[CorrectedPhoto, ...]:
    """Every photo of `corrected_inspections`, oldest first.

    A body is its number, whatever model was named with it: one car logged once without its model
    and once with it is still one.
    """
    numbers = corrected_inspections(engine)
    question = (
        select(inspection.c.id, inspection.c.photo_sha256, unit.c.body_number)
        .join_from(inspection, unit, inspection.c.unit_id == unit.c.id)
        .where(inspection.c.id.in_(numbers))
        .order_by(inspection.c.id)
    )
    newest: dict[str, CorrectedPhoto] = {}
    with looking(engine) as connection:
        for number, sha256, body_number in connection.execute(question):
            newest.pop(sha256, None)
            newest[sha256] = CorrectedPhoto(number, sha256, body_number or "")
    return tuple(newest.values())


def bodies_of(engine: Engine, numbers: Iterable[int]) -> dict[int, int]:
    """Inspection -> the number of its body; a photo without a body number is one of its own."""
    question = select(inspection.c.id, inspection.c.unit_id).where(
        inspection.c.id.in_(sorted(numbers))
    )
    with looking(engine) as connection:
        return dict(connection.execute(question).all())


def _written(judgement: Judgement) -> NewRow:
    # A measured value may come as a numpy number.
    return json.loads(_JUDGEMENT.dump_json(judgement, fallback=lambda value: value.item()))


def _read(row: AnyRow) -> NumberedCorrection | None:
    try:
        said = Correction(
            inspection_id=row.inspection_id,
            who=row.who,
            reason=row.reason,
            at=row.at,
            based_on=row.based_on,
            mask_sha256=row.mask_sha256,
            regions=tuple(DrawnRegion(*one) for one in row.regions),
            overlaps=tuple(Overlap(*one) for one in row.overlaps),
            judgement=_JUDGEMENT.validate_python(row.judgement),
            duration_ms=row.duration_ms,
        )
    except (ValidationError, CorrectionRefused, ValueError, TypeError):
        return None
    return NumberedCorrection(row.id, said)
