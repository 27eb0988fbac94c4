"""What is kept of one photo after the worker has looked at it."""

from dataclasses import dataclass, field
from datetime import datetime

from inspection.imaging.barcodes.labels import Label
from inspection.imaging.card.finding import FoundCard
from inspection.imaging.quality import PhotoQuality


@dataclass(frozen=True, slots=True)
class Photo:
    """One readable photo: its facts and two copies that are safe to show.

    sha256: hex digest of the uploaded bytes.
    format, captured_at, camera, film_focal_mm, description: as in `gate.DecodedPhoto`.
    display_jpeg: re-encoded copy at full resolution, upright, without metadata.
    thumbnail_jpeg: the same, at most 320 px on the longer side.
    card: the calibration card that lies in it, None without one.
    labels, median_rgb: the barcodes in it and its median colour, 0–255 each; () and None where
    they were not asked for.
    """

    sha256: str
    width_px: int
    height_px: int
    format: str
    captured_at: datetime | None
    camera: str | None
    quality: PhotoQuality
    display_jpeg: bytes = field(repr=False)
    thumbnail_jpeg: bytes = field(repr=False)
    card: FoundCard | None = None
    film_focal_mm: float | None = None
    description: str = ""
    labels: tuple[Label, ...] = ()
    median_rgb: tuple[float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the network saw on one photo, small enough to keep with the inspection.

    probability_png: 8-bit PNG of the photo's size, 255 = surely a paint defect; below 8 of 255
    (3 %) it is 0. `codec.decode_grey` reads the levels back.
    type_png: 8-bit PNG of the same size, the index in `types` of the likeliest type; 0 where the
    probability is 0. `codec.type_map` reads it.
    types: type codes in the order of the model card.
    duration_ms: time the network took, without decoding and encoding.
    """

    probability_png: bytes = field(repr=False)
    type_png: bytes = field(repr=False)
    types: tuple[str, ...]
    duration_ms: int
