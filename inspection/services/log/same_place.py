"""The same place on other bodies, asked for in centimetres on the panel."""

from inspection.domain.defects import Defect
from inspection.services.station import Station
from inspection.storage import places
from inspection.storage.log_detail import InspectionDetail
from inspection.storage.places import Place


def place_of(
    station: Station, detail: InspectionDetail, defect: Defect, within_cm: float
) -> Place | None:
    """The spot of one defect of an inspection; None where the panel's size is not known."""
    subject = detail.subject
    panel = station.bodies.panel(subject.vehicle_model, subject.panel)
    if panel is None:
        return None
    reach = (10 * within_cm / panel.width_mm, 10 * within_cm / panel.height_mm)
    return Place(subject.vehicle_model, panel.code, defect.region.position, reach)


def same_place(
    station: Station, detail: InspectionDetail, defect: Defect, within_cm: float, limit: int = 24
) -> list[int] | None:
    """Inspections of other bodies of the model with a defect within `within_cm` of this one.

    Newest first; None where the panel's size is not known, so that no distance can be told.
    """
    place = place_of(station, detail, defect, within_cm)
    if place is None:
        return None
    return places.same_place(station.engine, place, detail.id, limit)
