"""Whether a photo shows a defect at a place of its panel that is known to come back."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from inspection.services.quality.repeats import Look
from inspection.services.station import Station
from inspection.storage import case_records
from inspection.storage.log_detail import InspectionDetail


@dataclass(frozen=True, slots=True)
class KnownSpot:
    """A place that came back. case: number of the case that people opened about it, None where the
    search alone found it."""

    case: int | None


def known_spot(station: Station, detail: InspectionDetail, look: Look) -> KnownSpot | None:
    """The known place at which a defect of this photo lies: of an unfinished case, else of the
    latest look at the line."""
    subject = detail.subject
    panel = station.bodies.panel(subject.vehicle_model, subject.panel)
    if panel is None:
        return None
    places = [one.region.position for one in detail.shown.judgement.defects]
    here = (subject.vehicle_model, subject.panel)

    def is_at(position: tuple[float, float], radius_mm: float) -> bool:
        return _nearest_mm(position, places, panel.width_mm, panel.height_mm) <= radius_mm

    for case in case_records.repeat_cases(station.engine):
        about, is_open = case.about, case.state in ("open", "cause_found")
        is_here = (about.vehicle_model, about.panel) == here
        if is_open and is_here and is_at(about.position, about.radius_mm):
            return KnownSpot(case.id)
    for repeat in (found.repeat for found in look.repeats):
        is_here = (repeat.vehicle_model, repeat.panel) == here
        if is_here and is_at(repeat.position, look.search.radius_mm):
            return KnownSpot(None)
    return None


def _nearest_mm(
    position: tuple[float, float],
    places: Iterable[tuple[float, float]],
    width_mm: float,
    height_mm: float,
) -> float:
    apart = [
        float(np.hypot((x - position[0]) * width_mm, (y - position[1]) * height_mm))
        for x, y in places
    ]
    return min(apart, default=float("inf"))
