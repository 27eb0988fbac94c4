"""A photo with its human labels as one of the formats tells it, before anything is written."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np

from models.importers.classes import UNSPECIFIED
from models.importers.files import SourceFile, SourceRefused

# In which picture the coordinates were drawn: as the pixels are stored, or turned upright by the
# EXIF orientation, as browsers and our own pages show a photo.
FRAMES = ("stored", "upright")


@dataclass(frozen=True, slots=True, eq=False)
class Label:
    """One human label, with a place in exactly one of three forms.

    polygons: flat (x1, y1, x2, y2, …), all of them one defect. box: (x, y, width, height), a box
    whose defect nobody outlined; within: flat polygon, a turned box inside it. mask: bool (height,
    width) of the whole photo. ignore: not paint damage, or not sure: neither defect nor clean.
    """

    cls: str
    polygons: tuple[tuple[float, ...], ...] = ()
    box: tuple[float, float, float, float] | None = None
    mask: np.ndarray | None = None
    ignore: bool = False
    sub: str = ""
    within: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if (bool(self.polygons), self.box is not None, self.mask is not None).count(True) != 1:
            raise ValueError("a label has polygons, a box or a mask, and only one of them")

    def same_as(self) -> tuple[object, ...]:
        """Equal for two labels that say the same, as two files of one set may."""
        mask = None if self.mask is None else sha256(np.packbits(self.mask).tobytes()).digest()
        rings = frozenset(tuple(round(value, 1) for value in ring) for ring in self.polygons)
        box = self.box and tuple(round(value, 1) for value in self.box)
        return self.cls, self.ignore, rings, box, self.within, mask

    def extent(self) -> tuple[float, float, float, float]:
        """(left, top, right, bottom) of all of it, in pixels."""
        if self.mask is not None:
            rows, columns = np.flatnonzero(self.mask.any(1)), np.flatnonzero(self.mask.any(0))
            return columns[0], rows[0], columns[-1], rows[-1]
        if self.box is not None:
            x, y, width, height = self.box
            return x, y, x + width, y + height
        corners = np.concatenate([np.reshape(ring, (-1, 2)) for ring in self.polygons])
        return (*corners.min(axis=0), *corners.max(axis=0))


@dataclass(frozen=True, slots=True)
class Dropped:
    """A label of a photo that cannot be used, or a part of one.

    around: (left, top, right, bottom) where it lay, None where that is not known. whole: nothing
    of the label is left; where no other label is, the photo is refused.
    """

    reason: str
    around: tuple[float, float, float, float] | None = None
    whole: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class SourcePhoto:
    """One photo to import.

    name: as sentences call it. stem: its file name without suffix, as the publisher wrote it.
    size_px: (width, height) that the label speaks of, None where it says nothing. read_labels:
    the labels for a photo of (width, height); raises SourceRefused. frame: of FRAMES, in which
    picture the labels were drawn; "" where the label does not say. group: photos of one group
    (one car body) never stand in two splits; "" = only look and name decide.
    mask_kind, mask_quality: what stands in the manifest for a photo whose labels are all polygons
    or masks; clean_quality: for one without any label. doubt: why a photo without any label may
    not be called free of defects. paired: how photo and label found each other.
    """

    name: str
    stem: str
    photo: SourceFile
    read_labels: Callable[[int, int], Sequence[Label | Dropped]]
    size_px: tuple[int, int] | None = None
    frame: str = ""
    group: str = ""
    mask_kind: str = "polygon"
    mask_quality: str = "polygon"
    clean_quality: str = "clean"
    doubt: str = ""
    paired: str = ""

    def __post_init__(self) -> None:
        if self.frame not in ("", *FRAMES):
            raise ValueError(f"frame must be one of {FRAMES}, got {self.frame!r}")


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that was left out, and why."""

    name: str
    reason: str

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Choices:
    """What the person who imports decides.

    cls: class of labels that name none. frame: of FRAMES, in which picture the labels of turned
    photos were drawn; "" = what the labels prove. line_px: how wide a line without area is drawn.
    black_marks: in masks black is the defect, white the rest.
    """

    cls: str = UNSPECIFIED
    frame: str = ""
    line_px: float = 3.0
    black_marks: bool = False


Found = Iterable[SourcePhoto | Skipped]
# An object of somebody else's JSON: what it holds is looked at entry by entry.
JsonTable = Mapping[str, Any]


def table(value: object, what: str) -> JsonTable:
    if not isinstance(value, Mapping):
        raise SourceRefused(f"{what} must be a JSON object, got {shown(value)}")
    return value


def rows(value: object, what: str) -> list[JsonTable]:
    if not isinstance(value, list):
        raise SourceRefused(f"{what} must be a JSON list, got {shown(value)}")
    return [table(row, f"an entry of {what}") for row in value]


def text(value: object, what: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise SourceRefused(f"{what} must be a text, got {shown(value)}")
    return value.strip()


def numbers(value: object, what: str) -> tuple[float, ...]:
    """A list of finite numbers."""
    if not isinstance(value, list) or not all(
        isinstance(one, int | float) and not isinstance(one, bool) and math.isfinite(one)
        for one in value
    ):
        raise SourceRefused(f"{what} must be a list of numbers, got {shown(value)}")
    return tuple(float(one) for one in value)


def polygon(value: object, what: str) -> tuple[float, ...]:
    """A flat polygon of at least three corners."""
    flat = numbers(value, what)
    if len(flat) % 2 or len(flat) < 6:
        raise SourceRefused(f"{what} needs pairs of x and y for three corners, got {shown(value)}")
    if max(flat[::2]) - min(flat[::2]) < 1 and max(flat[1::2]) - min(flat[1::2]) < 1:
        raise SourceRefused(f"{what} is a point: its corners lie on each other")
    return flat


def polygons(value: object, what: str) -> tuple[tuple[tuple[float, ...], ...], list[Dropped]]:
    """One flat polygon [x1, y1, …] or a list of them, and those of them that are none.

    None, [] and [[]] hold nothing. Raises SourceRefused for something else than lists.
    """
    if value in (None, []):
        return (), []
    if not isinstance(value, list):
        raise SourceRefused(f"{what} must be a list of numbers, got {shown(value)}")
    rings = value if any(isinstance(one, list) for one in value) else [value]
    if len(rings) > 2 and all(map(_is_corner, rings)):
        # Some tools write a ring as its points: [[x, y], [x, y], …].
        rings = [[number for corner in rings for number in corner]]
    good, bad = [], []
    for ring in rings:
        if ring in (None, []):
            continue
        if isinstance(ring, list) and len(ring) > 2 and all(map(_is_corner, ring)):
            ring = [number for corner in ring for number in corner]
        try:
            good.append(polygon(ring, what))
        except SourceRefused as error:
            bad.append(Dropped(str(error), corners_around(ring)))
    return tuple(good), bad


def _is_corner(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(isinstance(one, int | float) and not isinstance(one, bool) for one in value)
    )


def corners_around(value: object) -> tuple[float, float, float, float] | None:
    """(left, top, right, bottom) of a ring that may be no polygon; None where it is no numbers."""
    if not isinstance(value, list) or len(value) < 2:
        return None
    flat = [one for one in value if isinstance(one, int | float) and not isinstance(one, bool)]
    if len(flat) != len(value) or not all(map(math.isfinite, flat)):
        return None
    return min(flat[::2]), min(flat[1::2]), max(flat[::2]), max(flat[1::2])


def box(value: object, what: str) -> tuple[float, float, float, float] | None:
    """A box [x, y, width, height]; None when it is missing, empty or has no area.

    Within one pixel it has none either: shares of the photo taken for pixels look so.
    """
    if value in (None, []):
        return None
    flat = numbers(value, what)
    if len(flat) != 4:
        raise SourceRefused(f"{what} needs x, y, width and height, got {shown(value)}")
    return flat if min(flat[2:]) > 0 and max(flat[2:]) >= 1 else None


def size_px(row: JsonTable) -> tuple[int, int] | None:
    """(width, height) that a label states; None where one of them is missing or 0."""
    stated = [_number_in(row.get(side)) for side in ("width", "height")]
    if any(one in (None, 0, "") for one in stated):
        return None
    whole = [
        int(one)
        for one in stated
        if isinstance(one, int | float) and 0 < one < 10**6 and one % 1 == 0
    ]
    if len(whole) != 2:
        raise SourceRefused(f"width and height must be whole pixels, got {shown(stated)}")
    return whole[0], whole[1]


def _number_in(value: object) -> object:
    """The number that a text holds; anything else as it is."""
    try:
        return float(value) if isinstance(value, str) and value.strip() else value
    except ValueError:
        return value


def shown(value: object) -> str:
    """A value of somebody else's file, short and on one line."""
    words = " ".join(repr(value).split())
    return words if len(words) <= 60 else f"{words[:57]}…"
