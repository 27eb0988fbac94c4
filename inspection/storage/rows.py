"""Between rows of the log and parts of the domain: reasons, scale, thresholds, regions."""

from inspection.domain.defects import Defect, Region
from inspection.domain.inspections import Reason, Thresholds
from inspection.domain.scale import Scale, present_source
from inspection.storage.column_types import AnyRow, NewRow


def reasons_of(row: AnyRow) -> tuple[Reason, ...]:
    """The reasons of an inspection's row; a damaged one is left out: the audit chain names it."""
    known = [one for one in row.reasons or () if isinstance(one, dict)]
    return tuple(
        Reason(one["code"], one["values"])
        for one in known
        if isinstance(one.get("code"), str) and isinstance(one.get("values"), dict)
    )


def scale_of(row: AnyRow) -> Scale | None:
    """The scale of an inspection's row."""
    if row.mm_per_px is None:
        return None
    return Scale(row.mm_per_px, present_source(row.scale_source), row.scale_error_percent)


def thresholds_of(row: AnyRow) -> Thresholds:
    """The thresholds of an inspection's row."""
    sizes = row.region_threshold, row.smallest_px, row.peak
    return Thresholds(*sizes, ok_below=row.ok_below, reject_from=row.reject_from)


def region_of(row: AnyRow) -> Region:
    """The region of a row of `defect` or `ignored_mark`."""
    return Region(
        type=row.type,
        score=row.score,
        area_px=row.area_px,
        length_px=row.length_px,
        width_px=row.width_px,
        bbox_px=(row.x_px, row.y_px, row.box_width_px, row.box_height_px),
        outline_px=tuple((x, y) for x, y in row.outline_px),
        position=(row.position_x, row.position_y),
        width_error_px=row.width_error_px,
    )


def region_values(region: Region) -> NewRow:
    """A region as columns of `defect` or `ignored_mark`; `region_of` reads it back."""
    x_px, y_px, box_width_px, box_height_px = (int(value) for value in region.bbox_px)
    return {
        "type": region.type,
        "score": float(region.score),
        "area_px": int(region.area_px),
        "length_px": float(region.length_px),
        "width_px": float(region.width_px),
        "width_error_px": number_or_none(region.width_error_px),
        "x_px": x_px,
        "y_px": y_px,
        "box_width_px": box_width_px,
        "box_height_px": box_height_px,
        "outline_px": [[int(x), int(y)] for x, y in region.outline_px],
        "position_x": float(region.position[0]),
        "position_y": float(region.position[1]),
    }


def number_or_none(value: float | None) -> float | None:
    """A measured value as a column keeps it: a numpy number is none it knows."""
    return None if value is None else float(value)


def defect_of(row: AnyRow, its_inspection: AnyRow) -> Defect:
    """The defect of a row. its_inspection: a row that has the error of the scale."""
    return Defect(
        region=region_of(row),
        area_mm2=row.area_mm2,
        length_mm=row.length_mm,
        width_mm=row.width_mm,
        zone=row.zone,
        near_character_line=row.near_character_line,
        severity=row.severity,
        source=row.source,
        scale_error=(its_inspection.scale_error_percent or 0.0) / 100,
    )
