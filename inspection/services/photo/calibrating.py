"""How large a pixel is in one photo: by the card in it, by two points, by what is known of its
station or camera."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from inspection.domain.inspections import Subject
from inspection.domain.letters import inert_name, name_of_person
from inspection.domain.scale import (
    Calibration,
    Scale,
    calibration_for,
    distance_mm,
    scale_of_points,
)
from inspection.errors import ScaleRefused
from inspection.imaging.photo import Photo
from inspection.services.station import Station
from inspection.services.worker.parent import InspectionWorker
from inspection.storage import calibrations
from inspection.storage.log_detail import InspectionDetail

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class KnownScale:
    """The scale of a photo, and how far its camera was. distance_mm: None where nobody knows."""

    scale: Scale | None
    distance_mm: float | None = None


def calibrate(
    worker: InspectionWorker,
    content: bytes,
    filename: str,
    points: Sequence[Point] = (),
    length_mm: float | None = None,
) -> tuple[Scale, Photo]:
    """The scale of a photo, and the photo; nothing is written.

    points: two of them (x, y) in px of the upright photo, `length_mm` apart on the surface;
    without them the calibration card is sought. Raises ScaleRefused where there is no card, or
    the points or their length give no scale; UnreadableImage or WorkerFailed for the photo.
    """
    photo = worker.look(content, filename)
    if points:
        return points_scale(photo, filename, points[0], points[1], length_mm or 0.0), photo
    scale = card_scale(photo)
    if scale is None:
        raise ScaleRefused("scale_no_card", name=inert_name(filename))
    return scale, photo


def keep_calibration(
    station: Station,
    photo: Photo,
    filename: str,
    scale: Scale,
    *,
    who: str,
    of_station: str = "",
    valid_days: int | None = None,
    away_mm: float | None = None,
) -> int:
    """Store the scale of a photo for all that its camera takes from then on; answers its number.

    of_station: its code; "" = wherever the camera is that the photo names. away_mm: of the camera
    from the surface. Raises ScaleRefused without a name or a camera to store it for,
    SubjectRefused for a station that this plant does not have.
    """
    who = name_of_person(who, ScaleRefused)
    station.refuse_unknown(Subject(station=of_station))
    if not (of_station or photo.camera):
        raise ScaleRefused("scale_no_camera", name=inert_name(filename))
    now = datetime.now(UTC)
    last_day = None
    if valid_days is not None:
        last_day = now.astimezone(station.calendar.zone).date() + timedelta(days=valid_days)
    kept = Calibration(
        scale=scale,
        station=of_station,
        camera=photo.camera or "",
        width_px=photo.width_px,
        height_px=photo.height_px,
        at=now,
        expires_on=last_day,
        who=who,
        distance_mm=away_mm
        or distance_mm(scale, photo.width_px, photo.height_px, photo.film_focal_mm),
    )
    return calibrations.keep_calibration(station.engine, kept)


def known_scale(
    station: Station, photo: Photo, station_code: str, said: Scale | None
) -> KnownScale:
    """The scale of a photo that is about to be judged.

    In this order: the card in it, what was said of this photo (`said`), the station's stored
    calibration, the camera's, the station's fixed setting; else unknown.
    """
    size = (photo.width_px, photo.height_px)
    stored = None
    scale = card_scale(photo) or said
    if scale is None:
        stored = calibration_for(
            calibrations.calibrations(station.engine),
            station_code,
            photo.camera or "",
            *size,
            datetime.now(UTC).astimezone(station.calendar.zone).date(),
        )
        scale = stored.scale_today() if stored else station.scale_for(station_code, None)
    if scale is None:
        return KnownScale(None)
    away_mm = distance_mm(scale, *size, photo.film_focal_mm)
    return KnownScale(scale, away_mm or (stored.distance_mm if stored else None))


def card_scale(photo: Photo) -> Scale | None:
    """The scale by the calibration card in a photo, None where none lies in it."""
    card = photo.card
    return Scale(card.mm_per_px, "card", card.error_percent) if card else None


def points_scale(
    photo: Photo | InspectionDetail, filename: str, first: Point, second: Point, length_mm: float
) -> Scale:
    """The scale by two points of a photo. Raises ScaleRefused where they give none."""
    width, height = photo.width_px, photo.height_px
    inside = all(0 <= x <= width and 0 <= y <= height for x, y in (first, second))
    if not 0 < length_mm < float("inf"):
        raise ScaleRefused("scale_length", length=length_mm)
    try:
        if inside:
            return scale_of_points(first, second, length_mm)
    except ValueError:
        # Too close together, or as far apart as no surface is.
        pass
    raise ScaleRefused("scale_points", name=inert_name(filename), width=width, height=height)


def scale_json(scale: Scale) -> dict[str, object]:
    """A scale as `inspect` and `calibrate` write it."""
    return {
        "mm_per_px": scale.mm_per_px,
        "source": scale.source,
        "error_percent": scale.error_percent,
    }
