"""What was measured on logged photos, read in bulk: enough to judge them by another spec."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, Text, case, null, select

from inspection.domain.clocks import AHEAD
from inspection.domain.defects import Defect, Region
from inspection.domain.inspections import Reason, Thresholds
from inspection.domain.scale import Scale
from inspection.storage.column_types import AnyRow
from inspection.storage.counting import in_figures
from inspection.storage.database import looking
from inspection.storage.rows import reasons_of, scale_of, thresholds_of
from inspection.storage.tables import defect, inspection, model

_AT_ONCE = 2_000
# A production day begins before its photos, and a visit is filed under its first one. The day has
# an index, which the moment has not.
_DAYS_BEFORE = timedelta(days=3)


_MEASURES = (
    *("type", "source", "zone", "near_character_line", "severity"),
    *("score", "area_px", "length_px", "width_px", "width_error_px"),
    *("area_mm2", "length_mm", "width_mm"),
    *("x_px", "y_px", "box_width_px", "box_height_px", "position_x", "position_y"),
)


@dataclass(frozen=True, slots=True)
class MeasuredPhoto:
    """An inspection with all that its verdict rested on but the spec, as it was recorded.

    scale_doubt: why its scale may be wrong, None where nothing spoke against it. model_px: the size
    that its model finds surely, None where that was not measured.
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
    model_px: float | None
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
    # Most reasons speak of the spec that judged, and are not read.
    speaks_of_scale = table.reasons.cast(Text).contains("scale_doubtful")
    doubtful = case((speaks_of_scale, table.reasons)).label("reasons")
    question = (
        select(*(one for one in table if one is not table.reasons), doubtful)
        .where(
            table.day >= since.date() - _DAYS_BEFORE,
            table.inspected_at.between(since, now + AHEAD),
            in_figures(),
        )
        .order_by(table.id)
    )
    with looking(engine) as connection:
        surely_px = _found_surely_px(connection)
        for rows in connection.execute(question).partitions(_AT_ONCE):
            found = _defects(connection, rows, with_outlines)
            for row in rows:
                yield _measured(row, surely_px.get(row.model_sha256), tuple(found[row.id]))


def _defects(
    connection: Connection, rows: Sequence[AnyRow], with_outlines: bool
) -> Mapping[int, list[Defect]]:
    """The defects of these inspections, and of whichever lie between them, by inspection."""
    outline = defect.c.outline_px if with_outlines else null()
    question = (
        select(defect.c.inspection_id, outline, *(defect.c[name] for name in _MEASURES))
        .where(defect.c.inspection_id.between(rows[0].id, rows[-1].id))
        .order_by(defect.c.inspection_id, defect.c.number)
    )
    found: dict[int, list[Defect]] = {row.id: [] for row in rows}
    errors = {row.id: (row.scale_error_percent or 0.0) / 100 for row in rows}
    # By place, not by name: a name of a row is looked up, and there are a million of them.
    for number, corners, *values in connection.execute(question).all():
        if number in found:
            found[number].append(_defect(errors[number], corners, *values))
    return found


def _defect(
    scale_error: float,
    corners: Sequence[tuple[int, int]] | None,
    type: str,
    source: str,
    zone: str | None,
    near_character_line: bool,
    severity: str | None,
    score: float,
    area_px: int,
    length_px: float,
    width_px: float,
    width_error_px: float | None,
    area_mm2: float | None,
    length_mm: float | None,
    width_mm: float | None,
    x_px: int,
    y_px: int,
    box_width_px: int,
    box_height_px: int,
    position_x: float,
    position_y: float,
) -> Defect:
    """As `rows.defect_of`, of the columns `_MEASURES`."""
    region = Region(
        type,
        score,
        area_px,
        length_px,
        width_px,
        (x_px, y_px, box_width_px, box_height_px),
        tuple((x, y) for x, y in corners) if corners else (),
        (position_x, position_y),
        width_error_px,
    )
    return Defect(
        region,
        area_mm2,
        length_mm,
        width_mm,
        zone,
        near_character_line,
        severity,
        source,
        scale_error=scale_error,
    )


def _found_surely_px(connection: Connection) -> Mapping[str, float]:
    """The size that each model of the log finds surely, where its card says it."""
    cards = connection.execute(
        select(model.c.sha256, model.c.card).where(model.c.card.is_not(None))
    )
    return {row.sha256: float(row.card["a90_95_px"]) for row in cards if row.card.get("a90_95_px")}


def _measured(row: AnyRow, model_px: float | None, defects: tuple[Defect, ...]) -> MeasuredPhoto:
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
        model_px=model_px,
        defects=defects,
    )
