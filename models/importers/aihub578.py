"""AI Hub 578 (car part quality): one COCO-shaped JSON a photo, of the same base name.

- Good or bad is `attributes.quality` alone: good parts carry a defect category too.
- `segmentation` is flat; it, `bbox` and `area` may be missing or empty. An outline wins over its
  box; a box without outline stays a box with a weak mask.
- Only painting (도장) is paint work. The place of a bad assembly (조립) becomes ignore; a photo
  about which only assembly speaks is marked `assembly_only`: nobody looked at its paint.
- A bad part whose label has no place is left out: the defect would be taught as clean paint.
- Labels may lie in `TL_*.tar` and `VL_*.tar`, photos in `TS_*.tar` and `VS_*.tar`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from models.importers.classes import class_of
from models.importers.files import SourceFile, SourceRefused, only_one, photos_by_key
from models.importers.labelled import (
    Choices,
    Dropped,
    Found,
    JsonTable,
    Label,
    Skipped,
    SourcePhoto,
    box,
    polygons,
    rows,
    shown,
    size_px,
    table,
    text,
)
from models.importers.texts import read_json

GOOD, BAD = "양품", "불량품"
PAINTING, ASSEMBLY = "도장", "조립"
# Where a file lists no categories.
_NAME_OF_CATEGORY = {101: "스크래치", 102: "외관 손상"}


def find(files: list[SourceFile], choices: Choices) -> Found:
    """The photos of the label files, in their order; what has no partner is named.

    Several label files of one base name are joined.
    """
    photos = photos_by_key(files)
    of_photo: dict[str, list[SourceFile]] = {}
    for file in files:
        if file.suffix == ".json":
            of_photo.setdefault(file.key, []).append(file)
    for key, label_files in of_photo.items():
        name = label_files[0].shown
        try:
            if key not in photos:
                raise SourceRefused("no photo of this base name")
            photo = only_one(photos[key])
            name = f"{photo.shown}, label {name}"
            yield _photo(label_files, photo)
        except SourceRefused as error:
            yield Skipped(name, str(error))
    for key, nameless in photos.items():
        if key not in of_photo:
            yield Skipped(nameless[0].shown, "no label of this base name")


def _photo(files: list[SourceFile], photo: SourceFile) -> SourcePhoto:
    labels: list[Label | Dropped] = []
    seen, sizes, about_paint = set(), set(), False
    for file in files:
        of_file, size, says_paint = _read(file)
        sizes |= {size} if size else set()
        about_paint |= says_paint
        for label in of_file:
            same = label.same_as() if isinstance(label, Label) else None
            if same is None or same not in seen:
                labels.append(label)
                seen.add(same)
    if len(sizes) > 1:
        raise SourceRefused(f"its labels are for photos of different sizes, {sorted(sizes)}")
    return SourcePhoto(
        name=photo.shown,
        stem=photo.stem,
        photo=photo,
        read_labels=partial(_already_read, tuple(labels)),
        size_px=sizes.pop() if sizes else None,
        mask_quality="polygon" if about_paint else "assembly_only",
        clean_quality="clean" if about_paint else "assembly_only",
        paired="label by base name"
        + (f", labels of {len(files)} files joined" if len(files) > 1 else ""),
    )


def _read(file: SourceFile) -> tuple[list[Label | Dropped], tuple[int, int] | None, bool]:
    """Labels of one file, the size it speaks of, and whether anybody looked at the paint."""
    content = table(read_json(file), "the label file")
    images = rows(content.get("images"), "images")
    if len(images) != 1:
        raise SourceRefused(f"images must list one photo, got {len(images)}")
    annotations = rows(content.get("annotations"), "annotations")
    if not annotations:
        raise SourceRefused("annotations is empty: nothing says whether the part is good")
    names = {str(number): name for number, name in _NAME_OF_CATEGORY.items()}
    for row in rows(content.get("categories", []), "categories"):
        names[str(row.get("id"))] = text(row.get("name"), "the name of a category")
    labels = [
        label
        for number, annotation in enumerate(annotations, 1)
        for label in _label(annotation, names, f"annotation {number}")
    ]
    about_paint = any(row["attributes"]["work"] == PAINTING for row in annotations)
    return labels, size_px(images[0]), about_paint


def _already_read(
    labels: tuple[Label | Dropped, ...], width_px: int, height_px: int
) -> tuple[Label | Dropped, ...]:
    return labels


def _label(
    annotation: JsonTable, names: Mapping[str, str], which: str
) -> Sequence[Label | Dropped]:
    """The label of a bad part, none for a good one."""
    about = table(annotation.get("attributes"), f"attributes of {which}")
    work, quality = about.get("work"), about.get("quality")
    if work not in (PAINTING, ASSEMBLY):
        raise SourceRefused(f"work of {which} is {PAINTING} or {ASSEMBLY}, got {shown(work)}")
    if quality not in (GOOD, BAD):
        raise SourceRefused(f"quality of {which} is {GOOD} or {BAD}, got {shown(quality)}")
    if quality == GOOD:
        return []
    outlines, bad = polygons(annotation.get("segmentation"), f"segmentation of {which}")
    around = box(annotation.get("bbox"), f"bbox of {which}")
    if not outlines and around is None:
        if bad:
            return bad
        raise SourceRefused(f"{which} is {BAD} without bbox and segmentation: its place is unknown")
    category = annotation.get("category_id")
    if str(category) not in names:
        raise SourceRefused(f"category {shown(category)} of {which} is not listed")
    label = Label(
        cls=class_of(names[str(category)]),
        polygons=outlines,
        box=None if outlines else around,
        ignore=work == ASSEMBLY,
    )
    return [label, *(replace(one, whole=False) for one in bad)]
