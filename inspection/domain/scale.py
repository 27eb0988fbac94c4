"""How large a pixel is on the painted surface, how sure that is, and what it lets a photo prove."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

# Where a scale may come from; stored with every inspection. "card": a calibration card in the
# photo. "points": two clicks on a known length. "station": the station's stored calibration or its
# fixed setting. "exif": the stored calibration of the camera that the photo names. "person": typed.
# "file": the list of photos that lay in their folder.
SCALE_SOURCES = ("card", "points", "station", "exif", "person", "file")
# What earlier versions called them in the log.
FORMER_SOURCES = {"calibration": "card", "sidecar": "file"}

# Three pixels across a defect are needed to measure it at all.
PIXELS_ACROSS_A_DEFECT = 3.0

# A click meets the end of a ruler's line within so many px (standard deviation in x and in y).
CLICK_SPREAD_PX = 1.0
# Two points closer together say less than a guess: a third of the length may be the clicks'.
LEAST_BETWEEN_POINTS_PX = 10.0
# Half of the 95 % interval of a normal distribution, in standard deviations.
HALF_95 = 1.96
# The same of the distance between two clicks, in px: along the line between them each counts once,
# two spreads added as squares.
POINTS_ERROR_PX = HALF_95 * math.sqrt(2) * CLICK_SPREAD_PX

# Diagonal of the film that EXIF's "focal length in 35 mm film" speaks of.
_FILM_DIAGONAL_MM = math.hypot(36.0, 24.0)


def present_source(stored: str) -> str:
    """The code of a source as it is called today; `stored` may be an earlier version's."""
    return FORMER_SOURCES.get(stored, stored)


@dataclass(frozen=True, slots=True)
class Scale:
    """Surface seen per pixel of the photo as the network sees it; source: one of SCALE_SOURCES.

    error_percent: half of the 95 % interval of mm_per_px, in percent of it; None where nobody
    knows. One scale a photo holds only for a flat surface seen square on.
    """

    mm_per_px: float
    source: str = "person"
    error_percent: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.mm_per_px < 100:
            raise ValueError(f"mm_per_px must lie between 0 and 100, got {self.mm_per_px}")
        if self.source not in SCALE_SOURCES:
            raise ValueError(f"scale source must be one of {SCALE_SOURCES}, got {self.source!r}")
        if self.error_percent is not None and not 0 <= self.error_percent <= 100:
            raise ValueError(f"error_percent must lie between 0 and 100, got {self.error_percent}")

    @property
    def digits(self) -> int:
        """Significant digits that mm_per_px deserves: one more than its error has in front of it,
        0.200 ± 2.8 %, 0.2000 ± 0.3 %; 4 where nobody knows the error."""
        if not self.error_percent:
            return 4
        return min(6, max(2, 1 + math.ceil(math.log10(100 / self.error_percent))))

    @property
    def error(self) -> float:
        """The error as a share of any length; 0 where none is known."""
        return (self.error_percent or 0.0) / 100

    def area_mm2(self, area_px: float) -> float:
        return area_px * self.mm_per_px**2

    def length_mm(self, length_px: float) -> float:
        return length_px * self.mm_per_px

    def smallest_provable_mm(self, model_px: float | None = None) -> float:
        """Smallest defect the photo can prove: three pixels across it, or what the model needs.

        model_px: the model's a90/95 in px, the size that it finds in nine of ten with 95 %
        confidence; None where it was not measured.
        """
        return max(PIXELS_ACROSS_A_DEFECT, model_px or 0.0) * self.mm_per_px


def scale_of_points(
    first: tuple[float, float], second: tuple[float, float], length_mm: float
) -> Scale:
    """The scale where two points (x, y) of the photo lie `length_mm` apart on the surface.

    Its error is that of two clicks: half of the 95 % interval of their distance. Raises
    ValueError for points closer than LEAST_BETWEEN_POINTS_PX, or a length that is none.
    """
    apart_px = math.dist(first, second)
    if not apart_px >= LEAST_BETWEEN_POINTS_PX:
        raise ValueError(
            f"the two points must lie at least {LEAST_BETWEEN_POINTS_PX:g} px apart, got {apart_px}"
        )
    return Scale(length_mm / apart_px, "points", 100 * POINTS_ERROR_PX / apart_px)


def distance_mm(
    scale: Scale, width_px: int, height_px: int, film_focal_mm: float | None
) -> float | None:
    """How far the camera was from the surface; None without its focal length.

    film_focal_mm: as EXIF has it, the focal length on 35 mm film that gives the same picture.
    """
    if not film_focal_mm or film_focal_mm <= 0:
        return None
    seen_mm = scale.length_mm(math.hypot(width_px, height_px))
    return film_focal_mm * seen_mm / _FILM_DIAGONAL_MM


@dataclass(frozen=True, slots=True)
class Calibration:
    """A scale measured once that holds for whatever a fixed camera sees from then on.

    scale: as it was measured, by "card" or "points". station: its code; "" = wherever the camera
    is, and `camera` names it as EXIF does. camera: "" = the photo does not name it. width_px,
    height_px: of the photo that it was measured in. at: with time zone. expires_on: the last day
    on which it holds, None = no end. distance_mm: of the camera from the surface, None = unknown.
    """

    scale: Scale
    station: str
    camera: str
    width_px: int
    height_px: int
    at: datetime
    expires_on: date | None
    who: str
    distance_mm: float | None = None

    def __post_init__(self) -> None:
        if not (self.station or self.camera):
            raise ValueError("a calibration needs a station or a camera")
        if self.at.tzinfo is None:
            raise ValueError("the moment of a calibration must carry a time zone")
        if self.distance_mm is not None and not 0 < self.distance_mm < math.inf:
            raise ValueError(f"distance_mm must be positive, got {self.distance_mm}")

    def scale_today(self) -> Scale:
        """The scale with the source that a photo says which only rests on this calibration."""
        source = "station" if self.station else "exif"
        return Scale(self.scale.mm_per_px, source, self.scale.error_percent)

    def holds(self, camera: str, width_px: int, height_px: int, today: date) -> bool:
        """Whether it says anything of a photo: in time, of the same camera, of the same size.

        A photo turned upright has its sides exchanged; one of another size was cut or zoomed.
        """
        same_camera = not (self.camera and camera) or self.camera == camera
        same_size = {self.width_px, self.height_px} == {width_px, height_px}
        in_time = self.expires_on is None or today <= self.expires_on
        return same_camera and same_size and in_time


def calibration_for(
    known: Sequence[Calibration],
    station: str,
    camera: str,
    width_px: int,
    height_px: int,
    today: date,
) -> Calibration | None:
    """Of all calibrations, oldest first, the one that gives a photo its scale; None for none.

    The newest of the photo's station, else the newest of its camera anywhere; an older one never
    takes the place of one that expired.
    """
    of_station = [one for one in known if station and one.station == station]
    of_camera = [one for one in known if camera and not one.station and one.camera == camera]
    for newest in (of_station[-1:], of_camera[-1:]):
        if newest and newest[0].holds(camera, width_px, height_px, today):
            return newest[0]
    return None
