"""COCO instances: one JSON for many photos, outlines as polygons or RLE, or boxes alone.

A listed photo without annotations is free of defects: COCO means its photos to be labelled whole.
The splits of the publisher are not kept; ours are made by group.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import PurePosixPath

import numpy as np

from inspection.imaging.photo_folders import PHOTO_SUFFIXES
from models.importers.classes import class_of
from models.importers.files import (
    SourceFile,
    SourceRefused,
    base_name,
    only_one,
)
from models.importers.labelled import (
    Choices,
    Found,
    Label,
    Skipped,
    SourcePhoto,
    box,
    numbers,
    polygons,
    read_json,
    rows,
    shown,
    size_px,
    table,
    text,
)
from models.photo_classes import NOT_PAINT


def find(files: list[SourceFile], choices: Choices) -> Found:
    """The photos that the JSON files list, in their order; what has no partner is named."""
    photos = PhotosByName(files)
    seen: dict[SourceFile, str] = {}
    for file in files:
        if file.suffix != ".json":
            continue
        try:
            content = table(read_json(file), "the file")
            images = rows(content.get("images"), "images")
            annotations = rows(content.get("annotations"), "annotations")
            names = {
                _number(row): class_of(text(row.get("name"), "the name of a category"))
                for row in rows(content.get("categories"), "categories")
            }
        except SourceRefused as error:
            yield Skipped(file.shown, f"not a COCO file: {error}")
            continue
        of_image: dict[int | str, list[Mapping]] = {_number(row): [] for row in images}
        if len(of_image) != len(images):
            yield Skipped(file.shown, "two of its photos have the same id")
            continue
        for annotation in annotations:
            image = _number(annotation, "image_id")
            if image not in of_image:
                yield Skipped(
                    file.shown,
                    f"annotation {shown(annotation.get('id'))} belongs to photo {shown(image)}, "
                    "which is not listed",
                )
                continue
            of_image[image].append(annotation)
        for image in images:
            name = shown(image.get("file_name"))
            try:
                name = text(image.get("file_name"), "file_name")
                photo = photos.find(name, file)
                if photo in seen:
                    raise SourceRefused(f"already listed in {seen[photo]}")
                seen[photo] = file.shown
                yield SourcePhoto(
                    name=photo.shown,
                    stem=photo.stem,
                    photo=photo,
                    read_labels=partial(_labels, of_image[_number(image)], names),
                    size_px=size_px(image),
                )
            except SourceRefused as error:
                yield Skipped(f"{file.shown}, photo {name}", str(error))
    for photo in photos.every:
        if photo not in seen:
            yield Skipped(photo.shown, "no COCO file lists it")


class PhotosByName:
    """Finds the photo that a label file calls by a name or by a path."""

    def __init__(self, files: list[SourceFile]) -> None:
        self.every = [file for file in files if file.suffix in PHOTO_SUFFIXES]
        self._by_name: dict[str, list[SourceFile]] = {}
        for file in self.every:
            self._by_name.setdefault(_plain(file.name), []).append(file)

    def find(self, name: str, label_file: SourceFile) -> SourceFile:
        """The photo beside the label file or below its folder first, then the one photo of this
        name anywhere. Raises SourceRefused when there is none, or several that differ."""
        wanted = PurePosixPath(name.replace("\\", "/"))
        same_name = self._by_name.get(_plain(wanted.name), [])
        folders = [part for part in wanted.parent.parts if part not in ("/", "..", ".")]
        beside = "/".join([*filter(None, [label_file.place]), *folders])
        exact = [file for file in same_name if file.place == beside]
        tail = "/".join(["", *folders])
        ending = [file for file in same_name if folders and f"/{file.place}".endswith(tail)]
        best = exact or ending or same_name
        if not best:
            raise SourceRefused("no photo of this name")
        return only_one(best)


def _plain(name: str) -> str:
    return base_name(name) + PurePosixPath(name).suffix.lower()


def _number(row: Mapping, key: str = "id") -> int | str:
    number = row.get(key)
    return number if isinstance(number, int | str) else shown(number)


def _labels(
    annotations: Sequence[Mapping], names: Mapping[int | str, str], width_px: int, height_px: int
) -> list[Label]:
    labels = []
    for annotation in annotations:
        which = f"annotation {shown(annotation.get('id'))}"
        category = _number(annotation, "category_id")
        if category not in names:
            raise SourceRefused(f"category {shown(category)} of {which} is not listed")
        cls = names[category]
        ignore = cls in NOT_PAINT
        outline = annotation.get("segmentation")
        around = box(annotation.get("bbox"), f"bbox of {which}")
        if isinstance(outline, Mapping):
            mask = decode_rle(outline, width_px, height_px, which)
            if not mask.any():
                raise SourceRefused(f"the RLE of {which} marks no pixel")
            labels.append(Label(cls, mask=mask, ignore=ignore))
        elif outlines := polygons(outline, f"segmentation of {which}"):
            labels.append(Label(cls, polygons=outlines, ignore=ignore))
        elif around is not None:
            labels.append(Label(cls, box=around, ignore=ignore))
        else:
            raise SourceRefused(f"{which} has neither bbox nor segmentation: its place is unknown")
    return labels


def decode_rle(rle: Mapping, width_px: int, height_px: int, which: str) -> np.ndarray:
    """COCO's run lengths, bool (height, width): runs of off and on in turn, down the columns.

    counts: a list, or COCO's text form. Raises SourceRefused when they do not fill the photo.
    """
    if list(rle.get("size", ())) != [height_px, width_px]:
        raise SourceRefused(
            f"the RLE of {which} is for height × width {shown(rle.get('size'))}, the photo has "
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
