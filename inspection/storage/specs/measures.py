"""What was measured on logged photos, read in bulk: enough to judge them by another spec."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, literal, select

from inspection.domain.clocks import AHEAD
from inspection.domain.defects import Defect
from inspection.domain.inspections import Reason, Thresholds
from inspection.domain.scale import Scale
from inspection.storage.column_types import AnyRow, Structured
from inspection.storage.counting import in_figures
from inspection.storage.database import looking
from inspection.storage.log_detail import defect_of, reasons_of, scale_of, thresholds_of
from inspection.storage.tables import defect, inspection

_AT_ONCE = 2_000
# A production day begins before its photos, and a visit is filed under its first one. The day has
# an index, which the moment has not.
_DAYS_BEFORE = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class MeasuredPhoto:
    """An inspection with all that its verdict rested on but the spec, as it was recorded.

    scale_doubt: why its scale may be wrong, None where nothing spoke against it.
    """

    id: int
    verdict: str
    vehicle_model: str
    panel: str
    scale: Scale | None
    score: float
    thresholds: Thresholds
    quality: tuple[str, ...]
    scale_doubt: Reason | None
    defects: tuple[Defect, ...]


def measured_photos(
    engine: Engine, since: datetime, now: datetime, *, with_outlines: bool = False
) -> Iterator[MeasuredPhoto]:
    """Every inspection of a span that is in the figures, by its number.

    since, now: with time zone; a photo of a wrong clock, more than a day after now, is left out.
    What was voided, waits for an answer or was judged again is in no figure and not here either.
    with_outlines: False leaves the outlines of the defects empty; reading them takes longest.
    """
    table = inspection.c
    question = (
        select(inspection)
        .where(
            table.day >= since.date() - _DAYS_BEFORE,
            table.inspected_at.between(since, now + AHEAD),
            in_figures(),
        )
        .order_by(table.id)
    )
    with looking(engine) as connection:
        for rows in connection.execute(question).partitions(_AT_ONCE):
            found = _defects(connection, rows, with_outlines)
            for row in rows:
                yield _measured(row, found.get(row.id, ()))


def _defects(
    connection: Connection, rows: Sequence[AnyRow], with_outlines: bool
) -> Mapping[int, tuple[Defect, ...]]:
    """The defects of these inspections, and of whichever lie between them, by inspection."""
    columns: list[ColumnElement[Any]] = [
        one for one in defect.c if with_outlines or one is not defect.c.outline_px
    ]
    if not with_outlines:
        columns.append(literal([], Structured(list)).label("outline_px"))
    question = (
        select(*columns)
        .where(defect.c.inspection_id.between(rows[0].id, rows[-1].id))
        .order_by(defect.c.inspection_id, defect.c.number)
    )
    found = connection.execute(question).all()
    wanted = {row.id: row for row in rows}
    return {
        number: tuple(defect_of(one, wanted[number]) for one in those)
        for number, those in groupby(found, lambda row: row.inspection_id)
        if number in wanted
    }


def _measured(row: AnyRow, defects: tuple[Defect, ...]) -> MeasuredPhoto:
    return MeasuredPhoto(
        id=row.id,
        verdict=row.verdict,
        vehicle_model=row.vehicle_model,
        panel=row.panel,
        scale=scale_of(row),
        score=row.score,
        thresholds=thresholds_of(row),
        quality=tuple(row.quality),
        scale_doubt=next((one for one in reasons_of(row) if one.code == "scale_doubtful"), None),
        defects=defects,
    )
