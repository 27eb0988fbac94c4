"""VGG Image Annotator 1 and 2: polygons, rectangles, circles and ellipses in one JSON.

Rectangles are boxes with a weak mask; everything else is an outline. The class is the region
attribute called class, type, label, name, defect or category, else its only attribute. VIA lists
photos before anybody drew on them, so a photo without regions counts as free of defects only
because it is listed. Browsers turn photos upright, so coordinates are those of the upright photo.
"""

import math
from collections.abc import Mapping
from functools import partial

import numpy as np

from models.importers.classes import class_of
from models.importers.coco import PhotosByName
from models.importers.files import SourceFile, SourceRefused
from models.importers.labelled import (
    Choices,
    Found,
    Label,
    Skipped,
    SourcePhoto,
    box,
    numbers,
    polygon,
    read_json,
    rows,
    shown,
    table,
    text,
)
from models.photo_classes import NOT_PAINT

_CLASS_ATTRIBUTES = ("class", "type", "label", "name", "defect", "category")
_ROUND_CORNERS = 72


def find(files: list[SourceFile], choices: Choices) -> Found:
    """The photos that the JSON files list, in their order; what has no partner is named."""
    photos = PhotosByName(files)
    seen: dict[SourceFile, str] = {}
    for file in files:
        if file.suffix != ".json":
            continue
        try:
            entries = _entries(table(read_json(file), "the file"))
        except SourceRefused as error:
            yield Skipped(file.shown, f"not a VIA file: {error}")
            continue
        for entry in entries:
            name = shown(entry.get("filename"))
            try:
                name = text(entry.get("filename"), "filename")
                photo = photos.find(name, file)
                if photo in seen:
                    raise SourceRefused(f"already listed in {seen[photo]}")
                seen[photo] = file.shown
                labels = _labels(entry.get("regions"), choices)
                yield SourcePhoto(
                    name=photo.shown,
                    stem=photo.stem,
                    photo=photo,
                    read_labels=partial(_already_read, labels),
                    frame="upright",
                )
            except SourceRefused as error:
                yield Skipped(f"{file.shown}, photo {name}", str(error))
    for photo in photos.every:
        if photo not in seen:
            yield Skipped(photo.shown, "no VIA file lists it")


def _already_read(labels: list[Label], width_px: int, height_px: int) -> list[Label]:
    return labels


def _entries(content: Mapping) -> list[Mapping]:
    if {"project", "view", "metadata"} <= content.keys():
        raise SourceRefused("a VIA 3 project; export it as COCO and import that")
    listed = table(content.get("_via_img_metadata", content), "_via_img_metadata")
    entries = [table(entry, "an entry") for entry in listed.values()]
    if not entries or not all("filename" in entry and "regions" in entry for entry in entries):
        raise SourceRefused("its entries need filename and regions")
    return entries


def _labels(regions: object, choices: Choices) -> list[Label]:
    # VIA 1 numbers its regions in an object, VIA 2 lists them.
    listed = list(regions.values()) if isinstance(regions, Mapping) else regions
    labels = []
    for number, region in enumerate(rows(listed, "regions"), 1):
        which = f"region {number}"
        cls = _class(table(region.get("region_attributes", {}), f"attributes of {which}"), choices)
        shape = table(region.get("shape_attributes"), f"shape of {which}")
        place = _place(shape, which)
        labels.append(Label(cls, ignore=cls in NOT_PAINT, **place))
    return labels


def _class(attributes: Mapping, choices: Choices) -> str:
    for name in _CLASS_ATTRIBUTES:
        value = next((v for key, v in attributes.items() if key.lower() == name), None)
        if value:
            break
    else:
        value = next(iter(attributes.values())) if len(attributes) == 1 else None
    if isinstance(value, Mapping):  # check boxes: {"scratch": true}
        value = next((key for key, ticked in value.items() if ticked), None)
    return class_of(value) if isinstance(value, str) and value.strip() else choices.cls


def _place(shape: Mapping, which: str) -> dict:
    kind = shape.get("name")
    if kind == "rect":
        sides = [shape.get(side) for side in ("x", "y", "width", "height")]
        around = box(sides, f"rectangle of {which}")
        if around is None:
            raise SourceRefused(f"the rectangle of {which} has no area")
        return {"box": around}
    if kind == "polygon":
        xs = numbers(shape.get("all_points_x"), f"all_points_x of {which}")
        ys = numbers(shape.get("all_points_y"), f"all_points_y of {which}")
        if len(xs) != len(ys):
            raise SourceRefused(f"{which} has {len(xs)} x and {len(ys)} y")
        corners = [value for point in zip(xs, ys, strict=True) for value in point]
        return {"polygons": (polygon(corners, f"polygon of {which}"),)}
    if kind == "circle":
        x, y, r = numbers([shape.get(one) for one in ("cx", "cy", "r")], f"circle of {which}")
        return {"polygons": (_round(x, y, r, r, 0.0, which),)}
    if kind == "ellipse":
        sides = [shape.get(one) for one in ("cx", "cy", "rx", "ry")]
        x, y, rx, ry = numbers(sides, f"ellipse of {which}")
        (theta,) = numbers([shape.get("theta", 0.0)], f"theta of {which}")
        return {"polygons": (_round(x, y, rx, ry, theta, which),)}
    raise SourceRefused(f"{which} is a {shown(kind)}, which has no area")


def _round(x: float, y: float, rx: float, ry: float, theta: float, which: str):
    if not (rx > 0 and ry > 0):
        raise SourceRefused(f"the radius of {which} must be positive, got {rx:g} and {ry:g}")
    around = np.linspace(0.0, 2.0 * math.pi, _ROUND_CORNERS, endpoint=False)
    along, across = rx * np.cos(around), ry * np.sin(around)
    xs = x + along * math.cos(theta) - across * math.sin(theta)
    ys = y + along * math.sin(theta) + across * math.cos(theta)
    return tuple(np.round(np.stack([xs, ys], axis=1), 2).ravel().tolist())
