"""VGG Image Annotator 1 and 2: polygons, rectangles, lines, circles and ellipses, JSON or CSV.

Rectangles are boxes with a weak mask, a polyline is drawn as wide as the person who imports says;
everything else is an outline. The class is the region attribute called class, type, label, name,
defect or category, else its only attribute. VIA lists photos before anybody drew on them, so a
photo without regions counts as free of defects only because it is listed, and only where its own
attributes name no defect. Browsers turn photos upright today and did not before 2020; VIA states
no size, so of a turned photo the person who imports has to say the frame.
"""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from models.importers.classes import class_of, is_known
from models.importers.files import SourceFile, SourceRefused
from models.importers.labelled import (
    Choices,
    Dropped,
    JsonTable,
    Label,
    box,
    numbers,
    polygon,
    rows,
    shown,
    table,
    text,
)
from models.importers.listed import Entry, LabelFile
from models.importers.shapes import ellipse, line
from models.importers.texts import read_table
from models.photo_sets.photo_classes import NO_DEFECT, NOT_PAINT

_CLASS_ATTRIBUTES = ("class", "type", "label", "name", "defect", "category")
# How a photo's attribute says that the defect it is named after is not there.
_NO = {"", "0", "no", "n", "none", "false", "off", "absent", "아니오", "아니요", "없음", "무"}
COLUMNS = ("filename", "region_count", "region_shape_attributes", "region_attributes")


def read(file: SourceFile, content: object, choices: Choices) -> LabelFile | None:
    """A VIA JSON; None where it is none. Raises SourceRefused where it is one and broken."""
    if not isinstance(content, Mapping) or {"project", "view", "metadata"} <= content.keys():
        return None
    listed = content.get("_via_img_metadata", content)
    if not isinstance(listed, Mapping) or not listed:
        return None
    entries = list(listed.values())
    if "_via_img_metadata" not in content and not all(
        isinstance(entry, Mapping) and "filename" in entry for entry in entries
    ):
        return None
    if not all(isinstance(entry, Mapping) and "regions" in entry for entry in entries):
        raise SourceRefused("its entries need filename and regions")
    return _label_file(
        [(one.get("filename"), one["regions"], one.get("file_attributes")) for one in entries],
        choices,
    )


def read_csv(file: SourceFile, choices: Choices) -> LabelFile | None:
    """A VIA CSV; None where the file is none. Raises SourceRefused where it is one and broken."""
    lines = read_table(file, COLUMNS)
    if lines is None:
        return None
    photos: dict[str, tuple[list[JsonTable], list[str], object]] = {}
    for number, row in enumerate(lines, 2):
        try:
            shape = json.loads(row["region_shape_attributes"] or "{}")
            attributes = json.loads(row["region_attributes"] or "{}")
            about = json.loads(row.get("file_attributes") or "{}")
        except (ValueError, RecursionError):
            raise SourceRefused(f"not a VIA file: row {number} holds no readable JSON") from None
        regions, counts, _ = photos.setdefault(row["filename"], ([], [], about))
        counts.append(row["region_count"].strip())
        if shape:
            regions.append({"shape_attributes": shape, "region_attributes": attributes})
    entries: list[tuple[object, object, object]] = []
    for name, (regions, counts, about) in photos.items():
        listed: object = regions
        if set(counts) != {str(len(regions))}:
            # A lost row would make clean paint of what it marked.
            said = ", ".join(sorted(set(counts)))
            listed = f"region_count says {said} regions, its rows hold {len(regions)}"
        entries.append((name, listed, about))
    return _label_file(entries, choices)


def _label_file(listed: Sequence[tuple[object, object, object]], choices: Choices) -> LabelFile:
    """listed: name, regions and attributes of each photo."""
    entries, lost = [], []
    for name, regions, about in listed:
        try:
            named = text(name, "filename")
        except SourceRefused as error:
            lost.append(f"a photo has no name: {error}")
            continue
        entries.append(Entry(named, partial(_labels, regions, about, choices)))
    return LabelFile("VIA", entries, lost)


def _labels(
    regions: object, about: object, choices: Choices, width_px: int, height_px: int
) -> list[Label | Dropped]:
    if isinstance(regions, str):
        raise SourceRefused(regions)
    # VIA 1 numbers its regions in an object, VIA 2 lists them.
    listed = list(regions.values()) if isinstance(regions, Mapping) else regions
    labels: list[Label | Dropped] = []
    for number, region in enumerate(rows(listed, "regions"), 1):
        which = f"region {number}"
        cls = _class(table(region.get("region_attributes", {}), f"attributes of {which}"), choices)
        shape = table(region.get("shape_attributes"), f"shape of {which}")
        labels.append(_label(cls, shape, which, choices))
    if not labels and (cls := named_defect(about)):
        raise SourceRefused(f"the photo is called {cls}, but nothing says where the defect is")
    return labels


def named_defect(about: object) -> str:
    """The class of defect that the attributes of a whole photo name, "" where they name none."""
    if not isinstance(about, Mapping):
        return ""
    for key, value in about.items():
        if isinstance(value, Mapping):
            if cls := named_defect(value):
                return cls
            continue
        # A tick, a count or a "yes" stands beside the name, a choice holds it.
        said = value.strip() if isinstance(value, str) else value
        is_there = said not in (None, False, 0) and str(said).casefold() not in _NO
        for name in (said, key if is_there else None):
            if isinstance(name, str) and (cls := class_of(name)) == NO_DEFECT:
                break
            if isinstance(name, str) and name and is_known(cls):
                return cls
    return ""


def _class(attributes: JsonTable, choices: Choices) -> str:
    for name in _CLASS_ATTRIBUTES:
        value = next((v for key, v in attributes.items() if key.lower() == name), None)
        if value:
            break
    else:
        value = next(iter(attributes.values())) if len(attributes) == 1 else None
    if isinstance(value, Mapping):  # check boxes: {"scratch": true}
        value = next((key for key, ticked in value.items() if ticked), None)
    return class_of(value) if isinstance(value, str) and value.strip() else choices.cls


def _label(cls: str, shape: JsonTable, which: str, choices: Choices) -> Label | Dropped:
    kind, ignore = shape.get("name"), cls in NOT_PAINT
    if kind == "rect":
        sides: list[Any] = [shape.get(side) for side in ("x", "y", "width", "height")]
        around = box(sides, f"rectangle of {which}")
        if around is None:
            x, y = sides[:2]
            return Dropped(f"the rectangle of {which} has no area", (x, y, x, y))
        return Label(cls, box=around, ignore=ignore)
    if kind in ("polygon", "polyline"):
        xs = numbers(shape.get("all_points_x"), f"all_points_x of {which}")
        ys = numbers(shape.get("all_points_y"), f"all_points_y of {which}")
        if len(xs) != len(ys):
            raise SourceRefused(f"{which} has {len(xs)} x and {len(ys)} y")
        corners = [value for point in zip(xs, ys, strict=True) for value in point]
        if kind == "polyline":
            return line(cls, corners, choices.line_px, f"polyline of {which}", ignore)
        try:
            return Label(cls, polygons=(polygon(corners, f"polygon of {which}"),), ignore=ignore)
        except SourceRefused as error:
            return Dropped(str(error), (min(xs), min(ys), max(xs), max(ys)) if xs else None)
    if kind == "circle":
        x, y, r = numbers([shape.get(one) for one in ("cx", "cy", "r")], f"circle of {which}")
        return Label(cls, polygons=(ellipse(x, y, r, r, 0.0, which),), ignore=ignore)
    if kind == "ellipse":
        sides = [shape.get(one) for one in ("cx", "cy", "rx", "ry")]
        x, y, rx, ry = numbers(sides, f"ellipse of {which}")
        (theta,) = numbers([shape.get("theta", 0.0)], f"theta of {which}")
        return Label(cls, polygons=(ellipse(x, y, rx, ry, theta, which),), ignore=ignore)
    raise SourceRefused(f"{which} is a {shown(kind)}, which has no area")
