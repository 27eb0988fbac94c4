"""The scale of a photo that was inspected already, by two points of known distance: for that photo,
or for its station from now on."""

from inspection.domain.scale import Scale
from inspection.services.photo import calibrating, counting, reviewing
from inspection.services.photo.calibrating import Point
from inspection.services.photo.inspecting import limits_of
from inspection.services.station import Station
from inspection.storage.log_detail import InspectionDetail


def points_scale(detail: InspectionDetail, first: Point, second: Point, length_mm: float) -> Scale:
    """The scale by two points of a logged photo. Raises ScaleRefused where they give none."""
    return calibrating.points_scale(detail, detail.photo_name, first, second, length_mm)


def judge_with(
    station: Station, detail: InspectionDetail, scale: Scale, reason: str, who: str
) -> int:
    """Measure and judge a logged photo anew with a scale; answers the new inspection's number.

    Without a scale until now, and with nothing said that rested on that, it is a judgement like
    any other; else the old scale was wrong, and `counting.put_right` says so. Raises as that does.
    """
    said = detail.disposition or detail.correction
    if detail.mm_per_px is None and not said:
        again = reviewing.judged_again(station, detail, scale=scale)
        return reviewing.keep(station, detail, again, who)
    return counting.put_right(station, detail, scale, reason, who)


def keep_for_station(
    station: Station,
    detail: InspectionDetail,
    scale: Scale,
    *,
    who: str,
    of_station: str,
    valid_days: int | None = None,
    away_mm: float | None = None,
) -> int:
    """Store a scale that was measured in a logged photo; as `calibrating.keep_calibration`.

    The photo's file is looked at again: it names the camera. Raises also ScaleRefused where this
    photo cannot have that scale, and as the worker does.
    """
    limits_of(station, detail.subject, detail).refuse_impossible(scale, detail.photo_name)
    content = station.photos.original(detail.photo_sha256)
    return calibrating.keep_calibration(
        station,
        station.worker.look(content, detail.photo_name),
        detail.photo_name,
        scale,
        who=who,
        of_station=of_station,
        valid_days=valid_days,
        away_mm=away_mm,
    )
