"""Photos that a person has not decided, and all that the machine called OK: read in bulk."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Engine, and_, case, func, or_, select

from inspection.domain.defects import Defect
from inspection.domain.inspections import Thresholds
from inspection.storage.correcting.records import NumberedCorrection, corrections_about
from inspection.storage.correcting.table import correction
from inspection.storage.counting import in_figures
from inspection.storage.database import looking
from inspection.storage.rows import defect_of, thresholds_of
from inspection.storage.tables import defect, inspection

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class WaitingPhoto:
    """An inspection without a person's decision.

    proposed: the machine's verdict. correction: the one that stands for its regions and verdict,
    None while the machine's do. has_defects: whether the machine marked anything.
    """

    id: int
    photo_sha256: str
    unit_id: int
    inspected_at: datetime
    vehicle_model: str
    panel: str
    proposed: str
    score: float
    thresholds: Thresholds
    spec_sha256: str
    has_defects: bool
    correction: NumberedCorrection | None

    @property
    def verdict(self) -> str:
        """The verdict as it stands: a person's correction before the machine's proposal."""
        return self.correction.said.judgement.verdict if self.correction else self.proposed


@dataclass(frozen=True, slots=True)
class ProposedOk:
    """A photo that the machine called OK. standing: what a person said of it, "ok" or "rework", and
    "undecided" while nobody has, or while it is on hold."""

    photo_sha256: str
    unit_id: int
    inspected_at: datetime
    standing: str


def still_waits() -> ColumnElement[bool]:
    """Condition: no person has decided about this inspection, and it is in the figures."""
    return and_(inspection.c.disposition == "", in_figures())


def last_written(engine: Engine) -> tuple[int, int]:
    """Numbers of the last inspection and of the last correction, 0 while there is none."""
    with looking(engine) as connection:
        numbers = [
            connection.scalar(select(func.max(one.c.id))) for one in (inspection, correction)
        ]
    return numbers[0] or 0, numbers[1] or 0


def still_waiting(engine: Engine, numbers: Sequence[int]) -> set[int]:
    """Those of these inspections that nobody has decided."""
    found: set[int] = set()
    with looking(engine) as connection:
        for start in range(0, len(numbers), _AT_ONCE):
            some = inspection.c.id.in_(numbers[start : start + _AT_ONCE])
            found.update(connection.scalars(select(inspection.c.id).where(some, still_waits())))
    return found


def waiting_photos(engine: Engine, since: date, after: int = 0) -> tuple[WaitingPhoto, ...]:
    """What nobody has decided, oldest first: all that was left to a person, however old, and all of
    the production days from `since` on. Corrected photos are never too old.

    after: only inspections of a higher number.
    """
    table = inspection.c
    corrected = select(correction.c.inspection_id)
    question = (
        select(inspection)
        .with_only_columns(
            *(table.id, table.photo_sha256, table.unit_id, table.inspected_at),
            *(table.vehicle_model, table.panel),
            *(table.verdict, table.score, table.spec_sha256, table.defects),
            *(table.region_threshold, table.smallest_px, table.peak),
            *(table.ok_below, table.reject_from),
        )
        .where(
            still_waits(),
            table.id > after,
            or_(table.standing == "undecided", table.day >= since, table.id.in_(corrected)),
        )
        .order_by(table.id)
    )
    with looking(engine) as connection:
        rows = connection.execute(question).all()
        known = set(connection.scalars(corrected))
        said = corrections_about(connection, [row.id for row in rows if row.id in known])
    return tuple(
        WaitingPhoto(
            id=row.id,
            photo_sha256=row.photo_sha256,
            unit_id=row.unit_id,
            inspected_at=row.inspected_at,
            vehicle_model=row.vehicle_model,
            panel=row.panel,
            proposed=row.verdict,
            score=row.score,
            thresholds=thresholds_of(row),
            spec_sha256=row.spec_sha256,
            has_defects=row.defects > 0,
            correction=said[row.id][-1] if row.id in said else None,
        )
        for row in rows
    )


def defects_of(engine: Engine, numbers: Sequence[int]) -> dict[int, tuple[Defect, ...]]:
    """The machine's defects of these inspections, in their order."""
    found: dict[int, tuple[Defect, ...]] = dict.fromkeys(numbers, ())
    with looking(engine) as connection:
        for start in range(0, len(numbers), _AT_ONCE):
            question = (
                select(defect, inspection.c.scale_error_percent)
                .join_from(defect, inspection, defect.c.inspection_id == inspection.c.id)
                .where(defect.c.inspection_id.in_(numbers[start : start + _AT_ONCE]))
                .order_by(defect.c.inspection_id, defect.c.number)
            )
            for row in connection.execute(question):
                found[row.inspection_id] = (*found[row.inspection_id], defect_of(row, row))
    return found


def proposed_oks(engine: Engine, since: date) -> tuple[ProposedOk, ...]:
    """Photos of the production days from `since` on that the machine called OK, oldest first."""
    table = inspection.c
    question = (
        select(
            table.photo_sha256,
            table.unit_id,
            table.inspected_at,
            case((table.disposition == "", "undecided"), else_=table.standing),
        )
        .where(table.day >= since, table.verdict == "ok", in_figures())
        .order_by(table.id)
    )
    with looking(engine) as connection:
        return tuple(ProposedOk(*row) for row in connection.execute(question))
