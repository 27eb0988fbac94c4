"""A person draws a photo's regions anew: measured and judged at once, beside the machine's record.

Nothing is changed: a correction is a record of its own (`storage.correcting`), the last one stands.
"""

import time
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
from pydantic import BaseModel, Field, StrictInt, ValidationError

from inspection.domain.corrections import (
    LARGEST_NUMBER,
    MOST_REGIONS,
    Correction,
    DrawnRegion,
    Overlap,
)
from inspection.domain.inspections import Judgement
from inspection.errors import CorrectionRefused, NotFound
from inspection.imaging import codec
from inspection.imaging.label_masks import pixels_alone, read_region_mask
from inspection.imaging.regions import (
    label_drawn,
    measure_drawn,
    outlines_by_place,
    regions_by_place,
    shared_px,
)
from inspection.services.photo.inspecting import judge_regions, judged_map
from inspection.services.photo.reviewing import spec_of
from inspection.services.station import Station
from inspection.storage.correcting import records
from inspection.storage.correcting.records import NumberedCorrection
from inspection.storage.log_detail import InspectionDetail

# A number and a type, far above the hundred letters that a region takes.
_MOST_LETTERS = 200 * MOST_REGIONS


class _NamedRegion(BaseModel):
    n: StrictInt = Field(ge=1, le=LARGEST_NUMBER)
    type: str


class _Said(BaseModel):
    who: str
    reason: str = ""
    based_on: StrictInt | None = None
    regions: list[_NamedRegion]


@dataclass(frozen=True, slots=True)
class SaidOfRegions:
    """What a person says of the regions in their mask.

    based_on: the correction that they saw standing, None for the machine's record. regions: what
    each level of the mask is.
    """

    who: str
    reason: str
    based_on: int | None
    regions: tuple[DrawnRegion, ...]


def read_said(text: str) -> SaidOfRegions:
    """What the JSON text of a correction says; raises CorrectionRefused for anything else."""
    if len(text) > _MOST_LETTERS:
        raise CorrectionRefused("correction_most", n=len(text), most=MOST_REGIONS)
    try:
        said = _Said.model_validate_json(text)
    except (ValidationError, RecursionError) as error:
        first = error.errors()[0] if isinstance(error, ValidationError) else {"loc": (), "msg": ""}
        name = ".".join(("correction", *(str(part) for part in first["loc"])))
        raise CorrectionRefused(
            "request_field", name=name, why=first["msg"] or "is no JSON"
        ) from None
    if len(said.regions) > MOST_REGIONS:
        raise CorrectionRefused("correction_most", n=len(said.regions), most=MOST_REGIONS)
    for n, times in Counter(region.n for region in said.regions).items():
        if times > 1:
            raise CorrectionRefused("correction_twice", n=n)
    return SaidOfRegions(
        who=" ".join(said.who.split()),
        reason=" ".join(said.reason.split()),
        based_on=said.based_on,
        regions=tuple(DrawnRegion(region.n, region.type) for region in said.regions),
    )


def correct(
    station: Station, detail: InspectionDetail, mask_png: bytes, filename: str, said: SaidOfRegions
) -> int:
    """Keep a photo's regions as a person drew them, measured and judged; answers the number.

    mask_png: 8 or 16 bits, as large as the upright photo, 0 = no defect, n = region n. Scale and
    spec are those of the inspection. Raises CorrectionRefused without a name or where mask and
    regions contradict, UnreadableImage for a mask of another kind or size, Conflict when another
    correction stands than `said` is based on, or the inspection does not stand any more.
    """
    started = time.monotonic()
    records.refuse_stale(detail.id, said.based_on, detail.correction)
    numbers = read_region_mask(mask_png, filename, detail.width_px, detail.height_px)
    return _keep(station, detail, numbers, pixels_alone(mask_png), said, started)


def carry_over(
    station: Station, old: InspectionDetail, new: InspectionDetail, who: str, reason: str
) -> int | None:
    """Let the regions that a person drew stand for a judgement with another scale, measured anew;
    answers the number, None where none were drawn."""
    if old.correction is None:
        return None
    started = time.monotonic()
    drawn = old.correction.said
    mask_png = station.photos.drawn_mask(old.photo_sha256, drawn.mask_sha256)
    numbers = read_region_mask(mask_png, "mask", old.width_px, old.height_px)
    regions = tuple(replace(region, px=0) for region in drawn.regions)
    said = SaidOfRegions(who, reason, None, regions)
    return _keep(station, new, numbers, mask_png, said, started)


def numbered_correction(detail: InspectionDetail, number: int) -> NumberedCorrection:
    """A correction of this inspection by its number; raises NotFound without one."""
    for one in detail.corrections:
        if one.id == number:
            return one
    raise NotFound("no_correction", number=detail.id, correction=number)


def drawn_mask(station: Station, detail: InspectionDetail, numbered: NumberedCorrection) -> bytes:
    """The PNG of a correction, pixel for pixel as it came; raises NotFound where it is gone."""
    return station.photos.drawn_mask(detail.photo_sha256, numbered.said.mask_sha256)


def drawn_numbers(
    station: Station, detail: InspectionDetail, numbered: NumberedCorrection
) -> np.ndarray:
    """The regions of a correction, uint8 or uint16 (H, W); 0 = none."""
    content = drawn_mask(station, detail, numbered)
    return read_region_mask(content, "mask", detail.width_px, detail.height_px)


def region_numbers(
    station: Station, detail: InspectionDetail, numbered: NumberedCorrection | None
) -> np.ndarray:
    """Which region each pixel belongs to, int32 (H, W): n = the nth defect of the judgement, 0 =
    none. numbered: None = the machine's own record."""
    if numbered is None:
        return _machine_places(station, detail)
    place_of = np.zeros(LARGEST_NUMBER + 1, np.int32)
    for place, region in enumerate(numbered.said.regions, 1):
        place_of[region.n] = place
    return place_of[drawn_numbers(station, detail, numbered)]


def corrected_mask(
    station: Station, detail: InspectionDetail, numbered: NumberedCorrection
) -> np.ndarray:
    """The defects of a correction as one mask, uint8 (H, W): 0 no defect, 255 defect."""
    judged = [region.n for region in numbered.said.regions if region.is_judged]
    defects = np.zeros(LARGEST_NUMBER + 1, np.uint8)
    defects[judged] = 255
    return defects[drawn_numbers(station, detail, numbered)]


def _keep(
    station: Station,
    detail: InspectionDetail,
    numbers: np.ndarray,
    mask_png: bytes,
    said: SaidOfRegions,
    started: float,
) -> int:
    found = label_drawn(numbers)
    regions = _with_pixels(said.regions, found.area_px)
    measured = measure_drawn(
        found,
        [(region.n, region.type) for region in regions],
        lambda: codec.decode_rgb(station.photos.display(detail.photo_sha256)),
    )
    # The network's score and its thresholds say nothing of what a person has looked at.
    seen = replace(detail.inspection.thresholds, ok_below=1.0, reject_from=1.0)
    judgement = judge_regions(
        measured,
        detail.subject,
        station=station,
        photo=detail,
        scale=detail.inspection.scale,
        spec=spec_of(station, detail.inspection),
        score=0.0,
        thresholds=seen,
        problems=detail.quality,
    )
    correction = Correction(
        inspection_id=detail.id,
        who=said.who,
        reason=said.reason,
        at=datetime.now(UTC),
        based_on=said.based_on if detail.correction else None,
        mask_sha256="",
        regions=regions,
        overlaps=tuple(
            Overlap(place - 1, n, px)
            for place, n, px in shared_px(_machine_places(station, detail), found.labels)
        ),
        judgement=_by_person(judgement),
        duration_ms=round(1000 * (time.monotonic() - started)),
    )
    # The file first: a record must never point at a mask that is not there. One that loses the
    # race for the record is left, and goes with its photo.
    name = station.photos.put_drawn_mask(detail.photo_sha256, mask_png)
    return records.record_correction(station.engine, replace(correction, mask_sha256=name))


def _with_pixels(regions: tuple[DrawnRegion, ...], area_px: np.ndarray) -> tuple[DrawnRegion, ...]:
    """The regions with their pixels, largest first, as the machine tells its own."""
    named = {region.n for region in regions}
    for n in np.flatnonzero(area_px).tolist():
        if n not in named:
            raise CorrectionRefused("correction_unnamed", n=n)
    counted = []
    for region in regions:
        px = int(area_px[region.n]) if region.n < len(area_px) else 0
        if not px:
            raise CorrectionRefused("correction_empty", n=region.n)
        counted.append(replace(region, px=px))
    return tuple(sorted(counted, key=lambda region: (-region.px, region.n)))


def _by_person(judgement: Judgement) -> Judgement:
    defects = tuple(replace(defect, source="person") for defect in judgement.defects)
    return replace(judgement, defects=defects)


def _machine_places(station: Station, detail: InspectionDetail) -> np.ndarray:
    """Which of the machine's defects each pixel belongs to, int32 (H, W), counted from 1."""
    used = detail.inspection.thresholds
    try:
        probability_png, _ = station.photos.evidence(detail.photo_sha256, detail.model_sha256)
    except NotFound:
        pass
    else:
        probability = judged_map(
            codec.decode_grey(probability_png), detail.inspection.ignoring, used.region
        )
        places = regions_by_place(probability, used.region, used.smallest_px, used.peak)
        # The map may be a later one of the same model.
        if int(places.max(initial=0)) == len(detail.defects):
            return places
    outlines = [defect.region.outline_px for defect in detail.defects]
    return outlines_by_place(outlines, (detail.height_px, detail.width_px))
