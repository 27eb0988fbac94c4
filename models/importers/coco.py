"""COCO instances: one JSON for many photos, outlines as polygons or RLE, or boxes alone.

A listed photo without annotations is free of defects: COCO means its photos to be labelled whole.
The splits of the publisher are not kept; ours are made by group. Ids are compared as text: tools
write them as 1, 1.0 or "1". A box that CVAT turned (`attributes.rotation`, degrees clockwise on
the screen about its middle) is turned here too. Our own export states its frame, and of a photo
inspected several times its last inspection counts.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from inspection.domain.corrections import COCO_PRODUCER
from models.importers.classes import class_of
from models.importers.files import SourceFile, SourceRefused
from models.importers.labelled import (
    FRAMES,
    Choices,
    Dropped,
    JsonTable,
    Label,
    box,
    numbers,
    polygons,
    rows,
    shown,
    size_px,
    text,
)
from models.importers.listed import Entry, LabelFile, refuse
from models.photo_sets.photo_classes import NOT_PAINT

_AIHUB_QUALITY = ("양품", "불량품")


def read(file: SourceFile, content: object, choices: Choices) -> LabelFile | None:
    """A COCO file; None where it is none. Raises SourceRefused where it is one and broken."""
    if not isinstance(content, Mapping) or not {"images", "annotations"} & content.keys():
        return None
    if {"shapes", "_via_img_metadata"} & content.keys():
        return None
    images = rows(content.get("images"), "images")
    annotations = rows(content.get("annotations"), "annotations")
    _refuse_aihub(annotations)
    names = _Ids("categories")
    for row in rows(content.get("categories"), "categories"):
        names.add(row.get("id"), class_of(text(row.get("name"), "the name of a category")))
    photos = _Ids("photos")
    lost = []
    for row in images:
        name = row.get("file_name")
        photos.add(row.get("id"), name if isinstance(name, str) else shown(name))
        if not isinstance(name, str) or not name.strip():
            lost.append(f"photo {shown(row.get('id'))} has no name: file_name must be a text, "
                        f"got {shown(name)}")  # fmt: skip
    of_photo: dict[str, list[JsonTable]] = {}
    for annotation in annotations:
        key = photos.key(annotation.get("image_id"))
        if key is None:
            lost.append(
                f"annotation {shown(annotation.get('id'))} belongs to photo "
                f"{shown(annotation.get('image_id'))}, which is not listed"
            )
            continue
        of_photo.setdefault(key, []).append(annotation)
    about = content.get("info")
    about = about if isinstance(about, Mapping) else {}
    is_ours = about.get("description") == COCO_PRODUCER
    entries = []
    for row in images:
        name = row.get("file_name")
        if not isinstance(name, str) or not name.strip():
            continue
        key = photos.key(row.get("id"))
        read_labels = partial(_labels, of_photo.get(key, ()) if key else (), names)
        try:
            size = size_px(row)
        except SourceRefused as error:
            size, read_labels = None, partial(refuse, str(error))
        entries.append(
            Entry(
                name=name.strip(),
                read_labels=read_labels,
                size_px=size,
                frame=_frame(row, about),
                order=row["id"] if is_ours and isinstance(row.get("id"), int) else None,
            )
        )
    return LabelFile("COCO", entries, lost)


def _refuse_aihub(annotations: Sequence[JsonTable]) -> None:
    for annotation in annotations:
        about = annotation.get("attributes")
        if isinstance(about, Mapping) and about.get("quality") in _AIHUB_QUALITY:
            raise SourceRefused("labels of AI Hub 578; import them as aihub578")


def _frame(row: JsonTable, about: JsonTable) -> str:
    stated = row.get("frame", about.get("frame", ""))
    return stated if stated in FRAMES else ""


class _Ids:
    """Names by id, whichever way a tool writes one id: 7, 7.0, "7", "007"."""

    def __init__(self, what: str) -> None:
        self.what = what
        self._names: dict[str, str] = {}
        self._shorter: dict[str, set[str]] = {}

    def add(self, value: object, name: str) -> None:
        """Raises SourceRefused where two different names have one id."""
        key = self._text(value)
        if self._names.setdefault(key, name) != name:
            raise SourceRefused(f"two of its {self.what} have the same id {shown(value)}")
        self._shorter.setdefault(key.lstrip("0"), set()).add(key)

    def key(self, value: object) -> str | None:
        """The id as it was added; None where it was not, or the value is no id."""
        key = self._text(value)
        if key in self._names:
            return key or None
        same = self._shorter.get(key.lstrip("0"), ())
        return next(iter(same)) if len(same) == 1 and key.isdigit() else None

    def name(self, value: object) -> str | None:
        key = self.key(value)
        return None if key is None else self._names[key]

    @staticmethod
    def _text(value: object) -> str:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            return ""
        if isinstance(value, float) and value.is_integer():
            # Large ones are written 2.018e16, and zero may have a sign.
            value = int(value)
        key = str(value).strip()
        whole, point, rest = key.partition(".")
        return whole if point and not rest.strip("0") and whole.lstrip("-").isdigit() else key


def _labels(
    annotations: Sequence[JsonTable], names: _Ids, width_px: int, height_px: int
) -> list[Label | Dropped]:
    labels: list[Label | Dropped] = []
    for annotation in annotations:
        which = f"annotation {shown(annotation.get('id'))}"
        cls = names.name(annotation.get("category_id"))
        if cls is None:
            category = shown(annotation.get("category_id"))
            raise SourceRefused(f"category {category} of {which} is not listed")
        ignore = cls in NOT_PAINT or annotation.get("ignore") in (1, True)
        outline = annotation.get("segmentation")
        around = box(annotation.get("bbox"), f"bbox of {which}")
        degrees = _rotation(annotation, which)
        if isinstance(outline, Mapping):
            mask = decode_rle(outline, width_px, height_px, which)
            if not mask.any():
                raise SourceRefused(f"the RLE of {which} marks no pixel")
            labels.append(Label(cls, mask=mask, ignore=ignore))
            continue
        outlines, bad = polygons(outline, f"segmentation of {which}")
        if degrees and around is not None and (not outlines or _is_box(outlines, around)):
            labels.append(turned_box(cls, around, degrees, ignore))
        elif outlines:
            labels.append(Label(cls, polygons=outlines, ignore=ignore))
        elif around is not None:
            labels.append(Label(cls, box=around, ignore=ignore))
        elif bad:
            labels.extend(bad)
            continue
        else:
            raise SourceRefused(f"{which} has neither bbox nor segmentation: its place is unknown")
        labels.extend(replace(one, whole=False) for one in bad)
    return labels


def _rotation(annotation: JsonTable, which: str) -> float:
    """How far CVAT turned a box, in degrees clockwise, 0 to 360."""
    about = annotation.get("attributes")
    value = about.get("rotation") if isinstance(about, Mapping) else None
    if value in (None, ""):
        return 0.0
    try:
        degrees = float(value)
    except (TypeError, ValueError):
        degrees = math.nan
    if not math.isfinite(degrees):
        raise SourceRefused(f"rotation of {which} must be degrees, got {shown(value)}")
    return degrees % 360.0


def _is_box(outlines: tuple[tuple[float, ...], ...], around: tuple[float, ...]) -> bool:
    """Whether an outline is nothing but the corners of the box before it was turned."""
    if len(outlines) != 1:
        return False
    x, y, width, height = around
    corners = {tuple(corner) for corner in np.round(np.reshape(outlines[0], (-1, 2)), 1).tolist()}
    return corners == {
        (round(across, 1), round(down, 1)) for across in (x, x + width) for down in (y, y + height)
    }


def turned_box(cls: str, around: tuple[float, ...], degrees: float, ignore: bool) -> Label:
    """The label of a box (x, y, width, height) turned clockwise on the screen about its middle.

    A quarter turn is a box again; any other is the upright box around it, with the turned one
    within.
    """
    x, y, width, height = around
    middle_x, middle_y = x + width / 2, y + height / 2
    if degrees % 90 == 0:
        if degrees % 180:
            width, height = height, width
        upright = (middle_x - width / 2, middle_y - height / 2, width, height)
        return Label(cls, box=upright, ignore=ignore)
    along, across = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    corners = [
        (middle_x + along * dx - across * dy, middle_y + across * dx + along * dy)
        for dx, dy in (
            (-width / 2, -height / 2),
            (width / 2, -height / 2),
            (width / 2, height / 2),
            (-width / 2, height / 2),
        )
    ]
    flat = tuple(round(value, 3) for corner in corners for value in corner)
    if ignore:
        return Label(cls, polygons=(flat,), ignore=True)
    left, top = min(flat[::2]), min(flat[1::2])
    enclosing = (left, top, max(flat[::2]) - left, max(flat[1::2]) - top)
    return Label(cls, box=enclosing, within=flat)


def decode_rle(rle: JsonTable, width_px: int, height_px: int, which: str) -> np.ndarray:
    """COCO's run lengths, bool (height, width): runs of off and on in turn, down the columns.

    counts: a list, or COCO's text form. Raises SourceRefused when they do not fill the photo.
    """
    size = rle.get("size")
    if not isinstance(size, list) or size != [height_px, width_px]:
        raise SourceRefused(
            f"the RLE of {which} is for height × width {shown(size)}, the photo has "
            f"{height_px}×{width_px} px"
        )
    counts = rle.get("counts")
    runs = _runs(counts, which) if isinstance(counts, str) else numbers(counts, f"RLE of {which}")
    if any(run < 0 or run % 1 for run in runs) or sum(runs) != width_px * height_px:
        raise SourceRefused(f"the run lengths of {which} do not add up to the photo")
    values = np.arange(len(runs)) % 2 == 1
    return np.repeat(values, np.array(runs, np.int64)).reshape(width_px, height_px).T


def _runs(packed: str, which: str) -> list[int]:
    """COCO's text form: six-bit letters, five bits of a number each; from the fourth run on
    the difference to the run two places before."""
    runs: list[int] = []
    number = shift = 0
    for letter in packed:
        bits = ord(letter) - 48
        if not 0 <= bits < 64 or shift > 50:
            raise SourceRefused(f"the RLE of {which} is damaged")
        number |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            continue
        if bits & 16:
            number -= 1 << shift
        runs.append(number + (runs[-2] if len(runs) > 2 else 0))
        number = shift = 0
    if shift:
        raise SourceRefused(f"the RLE of {which} is damaged")
    return runs
