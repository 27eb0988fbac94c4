"""Our own corrections: photos that a person decided about, as `export-corrections` writes them.

The layout stands in `inspection.domain.corrections`. What a person's word makes true
[project convention]:

- sent to repair, proposed or not: every region shown is a defect. Without a region the defect was
  missed and nobody marked it: left out.
- accepted although the machine proposed rework: the machine was wrong, the photo is defect free.
- otherwise accepted: without a region the photo is defect free; a region is a defect that the spec
  lets pass, or none: it becomes ignore.
- `pseudo_defect` is no defect, whoever drew it.

Where a person drew the regions the drawing is all that counts, whatever was decided: pixel for
pixel, `ignored` regions as ignore, sound paint elsewhere.
"""

from collections.abc import Iterable, Sequence
from functools import partial

import numpy as np

from inspection.domain.corrections import FORMAT, FRAME, INDEX, VERSION
from inspection.domain.defects import IGNORED
from inspection.domain.quality import REPAIRS
from inspection.errors import UnreadableImage
from inspection.imaging.label_masks import read_region_mask
from models.importers.classes import class_of
from models.importers.files import SourceFile, SourceRefused
from models.importers.labelled import (
    Choices,
    Found,
    JsonTable,
    Label,
    Skipped,
    SourcePhoto,
    numbers,
    rows,
    shown,
    size_px,
    table,
    text,
)
from models.importers.names import PhotosByName
from models.importers.texts import read_json


def find(files: list[SourceFile], choices: Choices) -> Found:
    """The photos of every export below the source, in their order."""
    photos = PhotosByName(files)
    # By file name: files are named by what they contain, and two exports may hold one photo.
    said: dict[str, list[tuple[str, JsonTable, SourceFile, SourceFile | None]]] = {}
    for file in files:
        if file.name != INDEX:
            continue
        try:
            content = table(read_json(file), "the file")
            if (content.get("format"), content.get("version")) != (FORMAT, VERSION):
                raise SourceRefused(f"not written by export-corrections, version {VERSION}")
            if content.get("frame", FRAME) != FRAME:
                raise SourceRefused(f"frame must be {FRAME}, got {shown(content['frame'])}")
            entries = rows(content.get("photos"), "photos")
        except SourceRefused as error:
            yield Skipped(file.shown, str(error))
            continue
        for entry in entries:
            name = f"{file.shown}, inspection no. {shown(entry.get('inspection'))}"
            try:
                photo = photos.find(text(entry.get("file"), "file"), file).photo
                mask = None
                if "mask" in entry:
                    mask = photos.find(text(entry["mask"], "mask"), file).photo
                said.setdefault(photo.name, []).append((name, entry, photo, mask))
            except SourceRefused as error:
                yield Skipped(name, str(error))
    for of_one in said.values():
        name, entry, photo, mask = of_one[0]
        try:
            for other, words, *_ in of_one[1:]:
                if _without_number(words) != _without_number(entry):
                    raise SourceRefused(
                        f"{other} says something else of {photo.shown}; import the newer export"
                    )
            name = f"{photo.shown}, {name}"
            yield _photo(entry, photo, name) if mask is None else _drawn(entry, photo, mask, name)
        except SourceRefused as error:
            yield Skipped(name if mask else f"{photo.shown}, {name}", str(error))


def drawn_labels(drawn: np.ndarray, regions: Iterable[tuple[int, str]]) -> list[Label]:
    """The labels of a mask that a person drew, uint8 or uint16 (H, W); regions: (n, type)."""
    return [
        Label(class_of(type), mask=drawn == n, ignore=type == IGNORED, sub=type)
        for n, type in regions
        if type != "pseudo_defect"
    ]


def ignored_labels(places: np.ndarray) -> list[Label]:
    """The labels of what a station ignores on a photo, uint8 (H, W): each number a place, 0 =
    none."""
    return [
        Label(class_of(IGNORED), mask=places == place, ignore=True, sub=IGNORED)
        for place in np.unique(places)
        if place
    ]


def _drawn(entry: JsonTable, photo: SourceFile, mask: SourceFile, name: str) -> SourcePhoto:
    regions = []
    for region in rows(entry.get("regions"), "regions"):
        (n,) = numbers([region.get("n")], "n")
        regions.append((int(n), text(region.get("type"), "type")))
    return SourcePhoto(
        name=name,
        stem=photo.stem,
        photo=photo,
        read_labels=partial(_read_drawn, mask, regions),
        size_px=size_px({"width": entry.get("width_px"), "height": entry.get("height_px")}),
        frame=FRAME,
        group=str(entry.get("body", "")),
        mask_kind="mask",
        mask_quality="person",
        clean_quality="person",
        paired="correction by the photo's hash",
    )


def _read_drawn(
    mask: SourceFile, regions: Sequence[tuple[int, str]], width_px: int, height_px: int
) -> Sequence[Label]:
    try:
        drawn = read_region_mask(mask.read(), mask.name, width_px, height_px)
    except UnreadableImage as error:
        raise SourceRefused(str(error)) from None
    return drawn_labels(drawn, regions)


def _without_number(entry: JsonTable) -> JsonTable:
    own = ("file", "inspection", "mask")
    return {key: value for key, value in entry.items() if key not in own}


def _photo(entry: JsonTable, photo: SourceFile, name: str) -> SourcePhoto:
    labels = tuple(_labels(entry))
    by_person = any(row.get("source") == "person" for row in entry["regions"])
    quality = "person" if by_person else "machine_confirmed"
    return SourcePhoto(
        name=name,
        stem=photo.stem,
        photo=photo,
        read_labels=partial(_already_read, labels),
        size_px=size_px({"width": entry.get("width_px"), "height": entry.get("height_px")}),
        frame=FRAME,
        group=str(entry.get("body", "")),
        mask_quality="accepted" if entry["disposition"] == "accept" else quality,
        clean_quality="accepted",
        paired="decision by the photo's hash",
    )


def _already_read(labels: tuple[Label, ...], width_px: int, height_px: int) -> tuple[Label, ...]:
    return labels


def _labels(entry: JsonTable) -> list[Label]:
    regions = [
        region
        for region in rows(entry.get("regions"), "regions")
        if region.get("type") != "pseudo_defect"
    ]
    verdict, disposition = entry.get("verdict"), entry.get("disposition")
    if disposition in REPAIRS:
        if not regions:
            raise SourceRefused(f"decided as {disposition}, but nobody marked the defect")
        return [_label(region, ignore=region.get("type") == IGNORED) for region in regions]
    if disposition != "accept":
        raise SourceRefused(f"decided as {shown(disposition)}: neither good nor bad")
    if verdict == "rework":
        return []
    return [_label(region, ignore=True) for region in regions]


def _label(region: JsonTable, *, ignore: bool = False) -> Label:
    corners = region.get("outline_px")
    if not isinstance(corners, list) or not corners:
        raise SourceRefused(f"a region has the outline {shown(corners)}")
    # A region one pixel thin has an outline of one or two points.
    corners = [*corners, *[corners[-1]] * (3 - len(corners))]
    flat = tuple(value for corner in corners for value in numbers(corner, "a corner"))
    if len(flat) != 2 * len(corners):
        raise SourceRefused("a corner of an outline needs x and y")
    return Label(class_of(text(region.get("type"), "type")), polygons=(flat,), ignore=ignore)
