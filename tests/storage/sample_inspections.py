"""Small inspections for tests of the log, each with one thing changed by its test."""

import hashlib
from datetime import UTC, date, datetime

from inspection.domain.defects import Defect, Region
from inspection.domain.inspections import (
    Decision,
    Inspection,
    Judgement,
    Reason,
    Subject,
    Thresholds,
)
from inspection.domain.scale import Scale
from inspection.domain.shifts import ShiftSlot

DAY = date(2026, 11, 23)
DAY_SHIFT = ShiftSlot(DAY, "day")
EVENING_SHIFT = ShiftSlot(DAY, "evening")
AT = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)


def sha256_of(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()


def a_defect(type: str = "scratch", area_px: int = 8, mm_per_px: float | None = 0.5) -> Defect:
    region = Region(
        type=type,
        score=0.9,
        area_px=area_px,
        length_px=8.0,
        width_px=1.0,
        bbox_px=(10, 20, 8, 1),
        outline_px=((10, 20), (18, 20), (18, 21)),
        position=(0.25, 0.5),
    )
    if mm_per_px is None:
        return Defect(region)
    return Defect(
        region,
        area_mm2=area_px * mm_per_px**2,
        length_mm=8.0 * mm_per_px,
        width_mm=mm_per_px,
        zone="A",
        severity="major",
    )


def an_inspection(
    photo: str = "photo 1",
    *,
    body: str = "B0001",
    verdict: str = "ok",
    defects: tuple[Defect, ...] = (),
    vehicle_model: str = "aria",
    panel: str = "hood",
    line: str = "L1",
    colour: str = "black",
    station: str = "ST10",
    inspector: str = "Kim",
    name: str | None = None,
    score: float = 0.4,
    at: datetime = AT,
    scale: Scale | None = Scale(0.5, "station"),  # noqa: B008 - frozen
    repeats: int | None = None,
    region_threshold: float = 0.5,
    source: str = "upload",
) -> Inspection:
    return Inspection(
        subject=Subject(vehicle_model, body, panel, colour, station, line, inspector),
        photo_sha256=sha256_of(photo),
        photo_name=f"{photo}.jpg" if name is None else name,
        width_px=640,
        height_px=480,
        inspected_at=at,
        judgement=Judgement(
            verdict, (Reason("size_over_limit", {"size_mm": 4.2, "limit_mm": 2.0}),), defects
        ),
        score=score,
        scale=scale,
        thresholds=Thresholds(region_threshold, smallest_px=4, ok_below=0.3, reject_from=0.7),
        model_name="lite0-unet",
        model_sha256="c" * 64,
        spec_name="strict topcoat",
        spec_sha256="d" * 64,
        duration_ms=120,
        quality=("dark",),
        captured_at=at,
        photo_source=source,
        repeats=repeats,
    )


def a_word(
    inspection_id: int,
    disposition: str,
    inspector: str = "Lee",
    reason: str = "",
    at: datetime = AT,
) -> Decision:
    return Decision(inspection_id, disposition, reason, inspector, at)
