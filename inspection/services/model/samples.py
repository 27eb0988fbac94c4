"""The shipped samples against what is truly on them: found tightly, measured and judged right.

They are rendered, so every defect is known; nothing is ever trained or chosen on them.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from inspection.domain.acceptance import judge
from inspection.domain.defects import Defect, Region
from inspection.domain.inspections import Subject
from inspection.domain.placing import place_and_measure
from inspection.domain.scale import Scale
from inspection.model_facts import Sample, TrueDefect
from inspection.services.photo.inspecting import inspect_photo
from inspection.services.station import Station, thresholds_of

# A sample is right when every length is this true, and the area of marks of so many px is.
LENGTH_ERROR = 0.15
AREA_RATIOS = (0.6, 1.6)
MEASURED_FROM_PX = 3.0
# Samples whose photo cannot carry a verdict.
FOR_A_PERSON = ("fender_black_dark",)


@dataclass(frozen=True, slots=True)
class CheckedSample:
    """One sample. tight of defects are found tightly; astray: regions mostly off a defect.

    lengths: measured / true length of each found defect; areas: the same of those whose mark is at
    least MEASURED_FROM_PX wide. verdict: what is proposed; expected: what the spec says of the
    true defects.
    """

    name: str
    defects: int
    tight: int
    astray: int
    lengths: tuple[float, ...]
    areas: tuple[float, ...]
    verdict: str
    expected: str

    @property
    def is_right(self) -> bool:
        low, high = AREA_RATIOS
        return (
            self.tight == self.defects
            and not self.astray
            and all(abs(ratio - 1.0) <= LENGTH_ERROR for ratio in self.lengths)
            and all(low <= ratio <= high for ratio in self.areas)
            and self.verdict == self.expected
        )


def check_samples(
    station: Station, folder: Path, progress: Callable[[int, int], None] = lambda done, of: None
) -> list[CheckedSample]:
    """Every shipped sample as the line would judge it; nothing is logged.

    folder: `data/samples`. Raises what inspecting a photo raises.
    """
    listed = json.loads((folder / "samples.json").read_text(encoding="utf-8"))
    checked = []
    for done, entry in enumerate(listed, start=1):
        checked.append(_check(station, folder, entry))
        progress(done, len(listed))
    return checked


def _check(station: Station, folder: Path, entry: Sample) -> CheckedSample:
    from models.rendering.sample_truth import fit_of

    subject = Subject(vehicle_model=entry["vehicle_model"], panel=entry["panel"])
    content = (folder / entry["file"]).read_bytes()
    done = inspect_photo(
        station, content, entry["file"], subject, mm_per_px=entry["mm_per_px"], log=False
    )
    found = done.inspection.judgement.defects
    fit = fit_of(entry, done.mask, [defect.region.outline_px for defect in found])
    lengths, areas = [], []
    for truth, numbers in zip(entry["defects"], fit.regions_of, strict=True):
        mine = [found[number] for number in numbers]
        if not mine:
            continue
        lengths.append(max(defect.length_mm or 0.0 for defect in mine) / truth["length_mm"])
        if truth["width_mm"] >= MEASURED_FROM_PX * entry["mm_per_px"]:
            areas.append(sum(defect.area_mm2 or 0.0 for defect in mine) / truth["area_mm2"])
    name = Path(entry["file"]).stem
    return CheckedSample(
        name,
        len(fit.tight),
        sum(fit.tight),
        fit.astray,
        tuple(lengths),
        tuple(areas),
        done.inspection.judgement.verdict,
        "human" if name in FOR_A_PERSON else _expected(station, entry, subject),
    )


def _expected(station: Station, entry: Sample, subject: Subject) -> str:
    """The verdict of the spec for the true defects, each seen for certain."""
    scale = Scale(entry["mm_per_px"])
    panel = station.bodies.panel(subject.vehicle_model, subject.panel)
    regions = [_true_region(defect, entry) for defect in entry["defects"]]
    placed: Sequence[Defect] = place_and_measure(
        regions,
        scale=scale,
        panel=panel,
        photo_width_px=entry["width_px"],
        photo_height_px=entry["height_px"],
    )
    judged = judge(
        [
            _true_sizes(defect, truth)
            for defect, truth in zip(placed, entry["defects"], strict=True)
        ],
        spec=station.spec,
        vehicle_model=subject.vehicle_model,
        panel=panel,
        scale=scale,
        score=1.0 if regions else 0.0,
        thresholds=thresholds_of(station.worker.model.card),
    )
    return judged.verdict


def _true_region(defect: TrueDefect, entry: Sample) -> Region:
    x, y, w, h = defect["bbox_px"]
    scale = entry["mm_per_px"]
    return Region(
        type=defect["type"],
        score=1.0,
        area_px=max(1, round(defect["area_mm2"] / scale**2)),
        length_px=defect["length_mm"] / scale,
        width_px=defect["width_mm"] / scale,
        bbox_px=(x, y, w, h),
        outline_px=((x, y), (x + w, y), (x + w, y + h), (x, y + h)),
        position=(
            defect["centre_px"][0] / entry["width_px"],
            defect["centre_px"][1] / entry["height_px"],
        ),
    )


def _true_sizes(defect: Defect, truth: TrueDefect) -> Defect:
    return replace(
        defect,
        area_mm2=truth["area_mm2"],
        length_mm=truth["length_mm"],
        width_mm=truth["width_mm"],
    )
