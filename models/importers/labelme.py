"""labelme: one JSON a photo, beside it and of its stem.

Rectangles are boxes with a weak mask; lines are drawn as wide as the person who imports says;
polygons, circles, ellipses, turned rectangles and labelme's own masks are outlines and masks.
Shapes of one class and one `group_id` are one defect. A file without shapes says free of defects,
unless one of its flags names a defect.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from functools import partial

import cv2
import numpy as np

from models.importers.classes import class_of
from models.importers.files import SourceFile, SourceRefused
from models.importers.labelled import (
    FRAMES,
    Choices,
    Dropped,
    JsonTable,
    Label,
    numbers,
    polygon,
    rows,
    shown,
    size_px,
    text,
)
from models.importers.listed import Entry, LabelFile, refuse
from models.importers.shapes import ellipse, line, rotated
from models.importers.via import named_defect
from models.photo_sets.photo_classes import NOT_PAINT


def read(file: SourceFile, content: object, choices: Choices) -> LabelFile | None:
    """A labelme file; None where it is none. Raises SourceRefused where it is one and broken."""
    if not isinstance(content, Mapping) or "shapes" not in content:
        return None
    shapes = rows(content["shapes"], "shapes")
    name = content.get("imagePath")
    name = name.strip() if isinstance(name, str) and name.strip() else f"{file.stem}.jpg"
    read_labels = partial(_labels, shapes, content.get("flags"), choices)
    size = None
    try:
        size = size_px({"width": content.get("imageWidth"), "height": content.get("imageHeight")})
    except SourceRefused as error:
        read_labels = partial(refuse, str(error))
    frame = content.get("frame")
    entry = Entry(name, read_labels, size, frame if frame in FRAMES else "", by_stem=True)
    return LabelFile("labelme", [entry])


def _labels(
    shapes: Sequence[JsonTable], flags: object, choices: Choices, width_px: int, height_px: int
) -> list[Label | Dropped]:
    labels: list[Label | Dropped] = []
    groups: dict[tuple[str, str], int] = {}
    for number, shape in enumerate(shapes, 1):
        which = f"shape {number}"
        named = shape.get("label")
        is_named = isinstance(named, str) and named.strip()
        cls = class_of(text(named, f"label of {which}")) if is_named else choices.cls
        label = _label(cls, shape, which, choices, (height_px, width_px))
        group = (cls, str(shape.get("group_id")))
        if shape.get("group_id") is not None and isinstance(label, Label) and label.polygons:
            first = labels[groups[group]] if group in groups else None
            if isinstance(first, Label):
                both = first.polygons + label.polygons
                labels[groups[group]] = Label(cls, polygons=both, ignore=first.ignore)
                continue
            groups[group] = len(labels)
        labels.append(label)
    if not labels and (cls := named_defect(flags)):
        raise SourceRefused(f"its flag says {cls}, but nothing says where the defect is")
    return labels


def _label(
    cls: str, shape: JsonTable, which: str, choices: Choices, size: tuple[int, int]
) -> Label | Dropped:
    kind, ignore = shape.get("shape_type", "polygon"), cls in NOT_PAINT
    points = shape.get("points")
    if not isinstance(points, list):
        raise SourceRefused(f"points of {which} must be a list, got {shown(points)}")
    corners = [numbers(point, f"a point of {which}") for point in points]
    if not all(len(corner) == 2 for corner in corners):
        raise SourceRefused(f"a point of {which} needs x and y")
    flat = tuple(value for corner in corners for value in corner)
    if kind == "mask":
        return Label(cls, mask=_mask(shape.get("mask"), corners, size, which), ignore=ignore)
    if kind in ("line", "linestrip"):
        return line(cls, flat, choices.line_px, f"line of {which}", ignore)
    if kind == "polygon":
        try:
            return Label(cls, polygons=(polygon(list(flat), f"polygon of {which}"),), ignore=ignore)
        except SourceRefused as error:
            around = (*np.min(corners, axis=0), *np.max(corners, axis=0)) if corners else None
            return Dropped(str(error), around)
    if kind == "rectangle" and len(corners) in (2, 4):
        (left, top), (right, bottom) = np.min(corners, axis=0), np.max(corners, axis=0)
        if left == right or top == bottom or max(right - left, bottom - top) < 1:
            return Dropped(f"the rectangle of {which} has no area", (left, top, right, bottom))
        return Label(cls, box=(left, top, right - left, bottom - top), ignore=ignore)
    if kind in ("rotation", "oriented_rectangle") and len(corners) == 4:
        return Label(cls, polygons=(rotated(corners),), ignore=ignore)
    if kind == "circle" and len(corners) == 2:
        (x, y), rim = corners
        r = float(np.hypot(rim[0] - x, rim[1] - y))
        if not r:
            return Dropped(f"the circle of {which} has no area", (x, y, x, y))
        return Label(cls, polygons=(ellipse(x, y, r, r, 0.0, which),), ignore=ignore)
    raise SourceRefused(f"{which} is a {shown(kind)} of {len(corners)} points, which has no area")


def _mask(
    packed: object, corners: Sequence[Sequence[float]], size: tuple[int, int], which: str
) -> np.ndarray:
    """A mask that labelme keeps as a PNG of the part of the photo between its two points."""
    pixels = None
    if isinstance(packed, str):
        try:
            content = base64.b64decode(packed, validate=True)
            pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE)
        except (binascii.Error, cv2.error):
            pixels = None
    if pixels is None or len(corners) != 2:
        raise SourceRefused(f"the mask of {which} is not a readable picture")
    left, top = (round(value) for value in corners[0])
    height, width = pixels.shape
    if left < 0 or top < 0 or top + height > size[0] or left + width > size[1]:
        raise SourceRefused(f"the mask of {which} lies outside the photo")
    if not pixels.any():
        raise SourceRefused(f"the mask of {which} marks no pixel")
    plane = np.zeros(size, bool)
    plane[top : top + height, left : left + width] = pixels > 0
    return plane
