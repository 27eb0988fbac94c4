"""Reading one thing of the log whole: an inspection with all that belongs to it, a photo, a card.

Judgements that a later one replaced are found by their number only.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Engine, case, select

from inspection.domain.counting_words import VOIDED
from inspection.domain.defects import Defect
from inspection.domain.ignoring.regions import Ignoring
from inspection.domain.inspections import (
    MOST_LETTERS,
    MOST_REASON_LETTERS,
    Decision,
    Inspection,
    Judgement,
    Subject,
)
from inspection.domain.letters import shortened
from inspection.errors import NotFound
from inspection.storage import tables
from inspection.storage.column_types import AnyRow, AnySelect
from inspection.storage.correcting.records import NumberedCorrection, corrections_about
from inspection.storage.counting import is_left_out
from inspection.storage.counting_records import NumberedWord, state, words_about
from inspection.storage.database import looking
from inspection.storage.demo_loads import standing_load
from inspection.storage.first_inspections import is_first_now
from inspection.storage.ignoring.records import ignoring_about
from inspection.storage.log_list import WHY_LEFT_OUT
from inspection.storage.rows import defect_of, reasons_of, scale_of, thresholds_of
from inspection.storage.tables import audit, decision, defect, inspection, photo, unit


@dataclass(frozen=True, slots=True)
class EarlierInspection:
    """The latest inspection of a photo: number, moment (UTC), where it stands, and why the figures
    leave it out ("" = they do not)."""

    id: int
    inspected_at: datetime
    verdict: str
    disposition: str
    standing: str
    left_out: str = ""


@dataclass(frozen=True, slots=True)
class RelatedInspection:
    """Another judgement of the same photo; in the demo line, of the same body too.

    replaced: a later judgement took its place. model_name, spec_name, region_threshold and
    mm_per_px: what it was judged by.
    """

    id: int
    inspected_at: datetime
    verdict: str
    disposition: str
    repeats: int | None
    rejudges: int | None
    replaced: bool
    model_name: str
    spec_name: str
    region_threshold: float
    mm_per_px: float | None


@dataclass(frozen=True, slots=True)
class NumberedDecision:
    """A person's word with its number in the log."""

    id: int
    decision: Decision


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One event of an inspection's history. details: as written, JSON values."""

    id: int
    at: datetime
    kind: str
    who: str
    inspection_id: int
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class InspectionDetail:
    """Everything the log knows about one inspection.

    inspection: as it was recorded. disposition: the person's word that stands, "" = none;
    standing: "ok", "rework" or "undecided". decisions, events: in their order. last_decision_id:
    what `deciding.decide` wants as `expected_last`. superseded_by: the judgement that took this
    one's place. related: the other judgements of the same photo. left_out: why no figure holds it,
    "" = they do; counting: what was said about that. corrections: of its regions, oldest first.
    """

    id: int
    inspection: Inspection
    day: date
    shift: str
    standing: str
    disposition: str
    is_first: bool
    rejudges: int | None
    superseded_by: int | None
    last_decision_id: int | None
    decisions: tuple[NumberedDecision, ...]
    related: tuple[RelatedInspection, ...]
    events: tuple[AuditEvent, ...]
    left_out: str = ""
    counting: tuple[NumberedWord, ...] = ()
    corrections: tuple[NumberedCorrection, ...] = ()

    @property
    def correction(self) -> NumberedCorrection | None:
        """The correction that stands for the machine's regions and verdict; None without one."""
        return self.corrections[-1] if self.corrections else None

    @property
    def shown(self) -> Inspection:
        """The inspection as it stands: as a person corrected it, else as it was recorded."""
        if self.correction is None:
            return self.inspection
        return replace(self.inspection, judgement=self.correction.said.judgement)

    @property
    def photo_sha256(self) -> str:
        return self.inspection.photo_sha256

    @property
    def model_sha256(self) -> str:
        return self.inspection.model_sha256

    @property
    def width_px(self) -> int:
        return self.inspection.width_px

    @property
    def height_px(self) -> int:
        return self.inspection.height_px

    @property
    def quality(self) -> tuple[str, ...]:
        return self.inspection.quality

    @property
    def inspected_at(self) -> datetime:
        return self.inspection.inspected_at

    @property
    def subject(self) -> Subject:
        return self.inspection.subject

    @property
    def photo_name(self) -> str:
        return self.inspection.photo_name

    @property
    def photo_source(self) -> str:
        return self.inspection.photo_source

    @property
    def mm_per_px(self) -> float | None:
        return None if self.inspection.scale is None else self.inspection.scale.mm_per_px

    @property
    def score(self) -> float:
        return self.inspection.score

    @property
    def verdict(self) -> str:
        return self.inspection.judgement.verdict

    @property
    def defects(self) -> tuple[Defect, ...]:
        return self.inspection.judgement.defects


def find_photo(engine: Engine, sha256: str) -> EarlierInspection | None:
    """The latest inspection of this photo, None when it was never inspected.

    A voided one is answered only where all of them are.
    """
    table = inspection.c
    question = (
        select(
            table.id,
            table.inspected_at,
            table.verdict,
            table.disposition,
            table.standing,
            WHY_LEFT_OUT,
        )
        .where(table.photo_sha256 == sha256, table.superseded_by.is_(None))
        .order_by(case((is_left_out(table.id, VOIDED), 1), else_=0), table.id.desc())
        .limit(1)
    )
    with looking(engine) as connection:
        row = connection.execute(question).first()
    return EarlierInspection(*row) if row else None


def has_photo(engine: Engine, sha256: str) -> bool:
    """Whether any record of the log speaks of this photo, one that does not count included."""
    with looking(engine) as connection:
        return connection.scalar(select(photo.c.sha256).where(photo.c.sha256 == sha256)) is not None


def find_request(engine: Engine, request_id: str) -> tuple[int, str] | None:
    """(number, SHA-256 of the photo) of the inspection that a request wrote; None for none."""
    question = select(inspection.c.id, inspection.c.photo_sha256).where(
        inspection.c.request_id == request_id
    )
    with looking(engine) as connection:
        row = connection.execute(question).first()
    return tuple(row) if row else None


def shots_of_body(
    engine: Engine, body_number: str, within: tuple[datetime, datetime], but_not: str
) -> list[tuple[int, str]]:
    """(inspection, photo) of every other photo logged of a body number in a span of time.

    Those that count come first, then the oldest; judgements that were replaced, voided ones, photos
    of the demo's pool and photo `but_not` are left out.
    """
    table = inspection.c
    question = (
        select(table.id, table.photo_sha256)
        .join_from(inspection, unit)
        .where(
            unit.c.body_number == body_number,
            table.inspected_at.between(*within),
            table.superseded_by.is_(None),
            table.photo_source != tables.POOLED_SOURCE,
            table.photo_sha256 != but_not,
            ~is_left_out(table.id, VOIDED),
        )
        .order_by(case((is_left_out(table.id), 1), else_=0), table.id)
    )
    with looking(engine) as connection:
        found: dict[str, int] = {}
        for number, sha256 in connection.execute(question):
            found.setdefault(sha256, number)
    return [(number, sha256) for sha256, number in found.items()]


def known_photos(engine: Engine, hashes: Collection[str]) -> frozenset[str]:
    """Of these photos, by their SHA-256, the ones whose files have to be kept: a record speaks of
    them, or the demo line shows them as soon as it goes on."""
    with looking(engine) as connection:
        logged = connection.scalars(select(photo.c.sha256).where(photo.c.sha256.in_(list(hashes))))
        found = frozenset(logged)
    if found.issuperset(hashes):
        return found
    load = standing_load(engine)
    shown = load.plan.get("photos", ()) if load else ()
    return found | frozenset(shown).intersection(hashes)


def model_card(engine: Engine, sha256: str) -> dict[str, Any]:
    """The card of a model that judged photos in this log; NotFound when none was kept."""
    with looking(engine) as connection:
        card = connection.scalar(select(tables.model.c.card).where(tables.model.c.sha256 == sha256))
    if not card:
        raise NotFound("no_card", sha256=sha256[:12] or "(none)")
    return card


def spec_text(engine: Engine, sha256: str) -> str:
    """The text of an acceptance spec as it was used; NotFound when none was kept."""
    with looking(engine) as connection:
        text = connection.scalar(select(tables.spec.c.text).where(tables.spec.c.sha256 == sha256))
    if not text:
        raise NotFound("no_spec_text", sha256=sha256[:12] or "(none)")
    return text


def inspection_detail(engine: Engine, number: int) -> InspectionDetail:
    """One inspection with all that belongs to it; raises NotFound without one."""
    with looking(engine) as connection:
        row = connection.execute(whole_inspections().where(inspection.c.id == number)).first()
        if row is None:
            raise NotFound("no_inspection", number=number)
        related = _related(connection, row)
        return detail_of(
            row,
            _defects(connection, row),
            _decisions(connection, number),
            related,
            _events(connection, [number, *(one.id for one in related)]),
            state(connection, [number]).get(number, ""),
            words_about(connection, number),
            corrections_about(connection, [number]).get(number, ()),
            ignoring_about(connection, [number]).get(number),
        )


def whole_inspections() -> AnySelect:
    """Inspections with what `_inspection` needs of photo, model and spec."""
    return (
        select(
            inspection,
            is_first_now().label("is_first_now"),
            photo.c.width_px,
            photo.c.height_px,
            photo.c.captured_at,
            tables.model.c.name.label("model_name"),
            tables.spec.c.name.label("spec_name"),
        )
        .join_from(inspection, photo, inspection.c.photo_sha256 == photo.c.sha256)
        .join(tables.model, inspection.c.model_sha256 == tables.model.c.sha256)
        .join(tables.spec, inspection.c.spec_sha256 == tables.spec.c.sha256)
    )


def detail_of(
    row: AnyRow,
    defects: tuple[Defect, ...],
    decisions: tuple[NumberedDecision, ...],
    related: tuple[RelatedInspection, ...] = (),
    events: tuple[AuditEvent, ...] = (),
    why_left_out: str = "",
    counting: tuple[NumberedWord, ...] = (),
    corrections: tuple[NumberedCorrection, ...] = (),
    ignoring: Ignoring | None = None,
) -> InspectionDetail:
    return InspectionDetail(
        id=row.id,
        inspection=_inspection(row, defects, ignoring),
        day=row.day,
        shift=row.shift,
        standing=row.standing,
        disposition=row.disposition,
        is_first=row.is_first_now,
        rejudges=row.rejudges,
        superseded_by=row.superseded_by,
        last_decision_id=row.last_decision_id,
        decisions=decisions,
        related=related,
        events=events,
        left_out=why_left_out,
        counting=counting,
        corrections=corrections,
    )


def _inspection(row: AnyRow, defects: tuple[Defect, ...], ignoring: Ignoring | None) -> Inspection:
    return Inspection(
        subject=Subject.as_logged(
            vehicle_model=row.vehicle_model,
            body_number=row.body_number,
            panel=row.panel,
            colour=row.colour,
            station=row.station,
            line=row.line,
            inspector=row.inspector,
        ),
        photo_sha256=row.photo_sha256,
        photo_name=row.photo_name,
        width_px=row.width_px,
        height_px=row.height_px,
        inspected_at=row.inspected_at,
        judgement=Judgement(row.verdict, reasons_of(row), defects),
        score=row.score,
        scale=scale_of(row),
        thresholds=thresholds_of(row),
        model_name=row.model_name,
        model_sha256=row.model_sha256,
        spec_name=row.spec_name,
        spec_sha256=row.spec_sha256,
        duration_ms=row.duration_ms,
        quality=tuple(row.quality),
        captured_at=row.captured_at,
        photo_source=row.photo_source,
        repeats=row.repeats,
        ignoring=ignoring,
    )


def _defects(connection: Connection, row: AnyRow) -> tuple[Defect, ...]:
    rows = connection.execute(
        select(defect).where(defect.c.inspection_id == row.id).order_by(defect.c.number)
    )
    return tuple(defect_of(one, row) for one in rows)


def _decisions(connection: Connection, number: int) -> tuple[NumberedDecision, ...]:
    rows = connection.execute(
        select(decision).where(decision.c.inspection_id == number).order_by(decision.c.id)
    )
    return tuple(numbered_decision(row) for row in rows)


def numbered_decision(row: AnyRow) -> NumberedDecision:
    # An earlier version kept texts of any length.
    said = Decision(
        row.inspection_id,
        row.disposition,
        shortened(row.reason, MOST_REASON_LETTERS),
        shortened(row.inspector, MOST_LETTERS["inspector"]),
        row.decided_at,
        row.replaces,
        row.withdrawn,
    )
    return NumberedDecision(row.id, said)


def _related(connection: Connection, row: AnyRow) -> tuple[RelatedInspection, ...]:
    table = inspection.c
    same = [table.photo_sha256 == row.photo_sha256, table.id != row.id]
    if row.photo_source == tables.POOLED_SOURCE:
        same.append(table.unit_id == row.unit_id)
    rows = connection.execute(
        select(
            table.id,
            table.inspected_at,
            table.verdict,
            table.disposition,
            table.repeats,
            table.rejudges,
            table.superseded_by.is_not(None),
            tables.model.c.name,
            tables.spec.c.name,
            table.region_threshold,
            table.mm_per_px,
        )
        .join_from(inspection, tables.model)
        .join(tables.spec, table.spec_sha256 == tables.spec.c.sha256)
        .where(*same)
        .order_by(table.id)
    )
    return tuple(RelatedInspection(*one) for one in rows)


def _events(connection: Connection, numbers: list[int]) -> tuple[AuditEvent, ...]:
    """The history of a photo: what happened to all its judgements."""
    names = ("id", "at", "kind", "who", "inspection_id", "details")
    rows = connection.execute(
        select(*(audit.c[name] for name in names))
        .where(audit.c.inspection_id.in_(numbers))
        .order_by(audit.c.id)
    )
    return tuple(AuditEvent(*one) for one in rows)
