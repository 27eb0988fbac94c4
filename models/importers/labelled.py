"""A photo with its human labels as one of the formats tells it, before anything is written."""

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
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
    whose defect nobody outlined. mask: bool (height, width) of the whole photo. ignore: not paint
    damage, or not sure: neither defect nor clean.
    """

    cls: str
    polygons: tuple[tuple[float, ...], ...] = ()
    box: tuple[float, float, float, float] | None = None
    mask: np.ndarray | None = None
    ignore: bool = False
    sub: str = ""

    def __post_init__(self) -> None:
        if (bool(self.polygons), self.box is not None, self.mask is not None).count(True) != 1:
            raise ValueError("a label has polygons, a box or a mask, and only one of them")


@dataclass(frozen=True, slots=True, eq=False)
class SourcePhoto:
    """One photo to import.

    name: as sentences call it. stem: its file name without suffix, as the publisher wrote it.
    size_px: (width, height) that the label speaks of, None where it says nothing. read_labels:
    the labels for a photo of (width, height); raises SourceRefused. group: photos of one group
    (one car body) never stand in two splits; "" = only near-duplicates decide.
    mask_kind, mask_quality: what stands in the manifest for a photo whose labels are all polygons
    or masks; clean_quality: for one without any label.
    """

    name: str
    stem: str
    photo: SourceFile
    read_labels: Callable[[int, int], Sequence[Label]]
    size_px: tuple[int, int] | None = None
    frame: str = "stored"
    group: str = ""
    mask_kind: str = "polygon"
    mask_quality: str = "polygon"
    clean_quality: str = "clean"

    def __post_init__(self) -> None:
        if self.frame not in FRAMES:
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
    """What the person who imports decides. cls: class of labels that name none."""

    cls: str = UNSPECIFIED


Found = Iterable[SourcePhoto | Skipped]


def read_json(file: SourceFile) -> Any:
    """A JSON file, with or without byte order mark; raises SourceRefused for anything else."""
    try:
        return json.loads(file.read().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        why = "not UTF-8 text" if isinstance(error, UnicodeDecodeError) else str(error)
        raise SourceRefused(f"no readable JSON ({why})") from None


def table(value: object, what: str) -> Mapping:
    if not isinstance(value, Mapping):
        raise SourceRefused(f"{what} must be a JSON object, got {shown(value)}")
    return value


def rows(value: object, what: str) -> list[Mapping]:
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
    return flat


def polygons(value: object, what: str) -> tuple[tuple[float, ...], ...]:
    """One flat polygon [x1, y1, …] or a list of them; none for None, [] and [[]]."""
    if value in (None, []):
        return ()
    if isinstance(value, list) and all(isinstance(one, list) for one in value):
        return tuple(polygon(one, what) for one in value if one)
    return (polygon(value, what),)


def box(value: object, what: str) -> tuple[float, float, float, float] | None:
    """A box [x, y, width, height]; None when it is missing, empty or has no area."""
    if value in (None, []):
        return None
    flat = numbers(value, what)
    if len(flat) != 4:
        raise SourceRefused(f"{what} needs x, y, width and height, got {shown(value)}")
    return flat if flat[2] > 0 and flat[3] > 0 else None


def size_px(row: Mapping) -> tuple[int, int] | None:
    """(width, height) that a label states; None where one of them is missing or 0."""
    stated = (row.get("width"), row.get("height"))
    if any(one in (None, 0, "") for one in stated):
        return None
    if not all(isinstance(one, int | float) and one > 0 and one % 1 == 0 for one in stated):
        raise SourceRefused(f"width and height must be whole pixels, got {shown(list(stated))}")
    return int(stated[0]), int(stated[1])


def shown(value: object) -> str:
    """A value of somebody else's file, short and on one line."""
    words = " ".join(repr(value).split())
    return words if len(words) <= 60 else f"{words[:57]}…"
