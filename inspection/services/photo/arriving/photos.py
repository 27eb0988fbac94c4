"""A single photo between its arrival and its inspection: set aside, looked at, asked about.

It lies on disk under a key that stands in the address of the page, so that a reload, or a phone
that was locked meanwhile, shows the same photo again.
"""

import contextlib
import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from inspection.domain.inspections import Subject
from inspection.domain.scale import Scale
from inspection.errors import NotFound
from inspection.imaging import codec
from inspection.imaging.cameras.framing import framing_of
from inspection.services.photo import batches, waiting_room
from inspection.services.photo.arriving.facts import Said, said_by_photo
from inspection.services.photo.batches import Order
from inspection.services.photo.sidecars import PhotoFacts
from inspection.services.station import Station
from inspection.storage.private import write_private

# Longer side of what a phone shows of the photo while it asks.
PREVIEW_SIDE_PX = 1280


@dataclass(frozen=True, slots=True)
class Arrived:
    """A photo that waits. key: in the address. source: where it came from, as `Order` has it.

    walks: taken by a phone, whose next photo mostly shows another panel. sidecar: what came with
    it.
    """

    key: str
    name: str
    source: str
    walks: bool
    sidecar: PhotoFacts | None
    path: Path


@dataclass(frozen=True, slots=True)
class LookedAt:
    """What a look at a waiting photo found. preview: a JPEG of it. said: of its subject. framing:
    as `framing_of` has it."""

    width_px: int
    height_px: int
    preview: Path
    said: Said
    framing: np.ndarray


def receive(
    station: Station,
    content: bytes | memoryview,
    name: str,
    *,
    source: str,
    walks: bool = False,
    sidecar: PhotoFacts | None = None,
) -> str:
    """Set one photo aside; answers its key.

    Raises StorageError where the disk refuses it, DiskFull where too many wait already.
    """
    about = {
        "name": name,
        "source": source,
        "walks": walks,
        "sidecar": asdict(sidecar) if sidecar else None,
    }
    written = json.dumps(about, ensure_ascii=False).encode("utf-8", "replace")
    return waiting_room.put(station, content, written).name


def find(station: Station, key: str) -> Arrived | None:
    """The waiting photo of a key; None once it was inspected, thrown away, or too old."""
    path = waiting_room.own_photo(station, key)
    if path is None:
        return None
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        about = json.loads(_about(path).read_text(encoding="utf-8"))
        sidecar = PhotoFacts(**about["sidecar"]) if about["sidecar"] else None
        return Arrived(key, about["name"], about["source"], about["walks"], sidecar, path)
    return None


def look_at(station: Station, arrived: Arrived) -> LookedAt:
    """Let it through the gate, and hear what it says of itself.

    Raises UnreadableImage for a photo that cannot be used, WorkerFailed, or NotFound where
    somebody has taken it meanwhile.
    """
    try:
        content = arrived.path.read_bytes()
    except OSError as error:
        raise NotFound("unreadable", name=arrived.name, why=error.strerror) from None
    photo = station.worker.look(content, arrived.name, reads=True)
    preview = arrived.path.with_name(arrived.path.name + waiting_room.PREVIEW)
    small = codec.encode_thumbnail(codec.decode_rgb(photo.display_jpeg), PREVIEW_SIDE_PX)
    # As the log's: a thumbnail.
    framing = framing_of(codec.decode_rgb(photo.thumbnail_jpeg))
    with contextlib.suppress(OSError):
        write_private(preview, small)
    said = said_by_photo(station, photo, arrived.name, arrived.sidecar)
    return LookedAt(photo.width_px, photo.height_px, preview, said, framing)


def order_of(
    station: Station, arrived: Arrived, subject: Subject, mm_per_px: float | None, said: Said
) -> Order:
    """What is to be inspected, as what it is said to show. mm_per_px: that a person gave."""
    scale = mm_per_px or said.mm_per_px
    return batches.order_for(
        station,
        arrived.name,
        subject,
        _where(arrived),
        mm_per_px=scale,
        scale_source="person" if mm_per_px or scale is None else "file",
        source=arrived.source,
        ticket=arrived.key,
    )


def throw_away(station: Station, key: str) -> None:
    """Let go of a waiting photo; one that is under way, or is to be tried again, stays."""
    arrived = find(station, key)
    if arrived is not None and not batches.is_needed(_where(arrived)):
        waiting_room.discard(arrived.path)


def too_coarse(
    station: Station, looked: LookedAt, subject: Subject, scale: Scale | None
) -> tuple[float, float] | None:
    """(smallest defect the photo proves, smallest the spec asks for) in mm, where the first is
    larger; None where it is fine enough, or nobody can tell.

    Without a scale the photo counts as one of the whole panel, along its longer side.
    """
    panel = station.bodies.panel(subject.vehicle_model, subject.panel)
    asks, limit_mm = station.spec.asks_of(subject.vehicle_model, panel)
    if scale is None and panel is not None:
        longer_mm = max(panel.width_mm, panel.height_mm)
        scale = Scale(longer_mm / max(looked.width_px, looked.height_px))
    if not asks or limit_mm is None or scale is None:
        return None
    smallest_mm = scale.smallest_provable_mm()
    return (smallest_mm, limit_mm) if smallest_mm > limit_mm else None


def open_fields(subject: Subject, fields: Collection[str]) -> list[str]:
    """Which of the fields nobody has said yet."""
    return [name for name in fields if not getattr(subject, name)]


def _where(arrived: Arrived) -> dict[str, str]:
    """Where it lies, for `order_for`."""
    return {"file": f"{arrived.path.parent.name}/{arrived.path.name}"}


def _about(path: Path) -> Path:
    return path.with_name(path.name + waiting_room.ABOUT)
