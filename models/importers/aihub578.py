"""AI Hub 578 (car part quality): one COCO-shaped JSON a photo, of the same base name.

- Good or bad is `attributes.quality` alone: good parts carry a defect category too.
- `segmentation` is flat; it, `bbox` and `area` may be missing or empty. An outline wins over its
  box; a box without outline stays a box with a weak mask.
- Only painting (도장) is paint work. The place of a bad assembly (조립) becomes ignore; a photo
  about which only assembly speaks is marked `assembly_only`: nobody looked at its paint.
- A bad part whose label has no place is left out: the defect would be taught as clean paint.
- Labels may lie in `TL_*.tar` and `VL_*.tar`, photos in `TS_*.tar` and `VS_*.tar`.
"""

from collections.abc import Mapping
from functools import partial

from models.importers.classes import class_of
from models.importers.files import SourceFile, SourceRefused, only_one, photos_by_key
from models.importers.labelled import (
    Choices,
    Found,
    Label,
    Skipped,
    SourcePhoto,
    box,
    polygons,
    read_json,
    rows,
    shown,
    size_px,
    table,
    text,
)

GOOD, BAD = "양품", "불량품"
PAINTING, ASSEMBLY = "도장", "조립"
# Where a file lists no categories.
_NAME_OF_CATEGORY = {101: "스크래치", 102: "외관 손상"}


def find(files: list[SourceFile], choices: Choices) -> Found:
    """The photos of the label files, in their order; what has no partner is named."""
    photos = photos_by_key(files)
    first_label: dict[str, SourceFile] = {}
    for file in files:
        if file.suffix != ".json":
            continue
        if file.key in first_label:
            first = first_label[file.key]
            yield Skipped(file.shown, f"the label of this base name is read from {first.shown}")
            continue
        first_label[file.key] = file
        try:
            if file.key not in photos:
                raise SourceRefused("no photo of this base name")
            yield _photo(file, only_one(photos[file.key]))
        except SourceRefused as error:
            yield Skipped(file.shown, str(error))
    for key, nameless in photos.items():
        if key not in first_label:
            yield Skipped(nameless[0].shown, "no label of this base name")


def _photo(file: SourceFile, photo: SourceFile) -> SourcePhoto:
    content = table(read_json(file), "the label file")
    images = rows(content.get("images"), "images")
    if len(images) != 1:
        raise SourceRefused(f"images must list one photo, got {len(images)}")
    annotations = rows(content.get("annotations"), "annotations")
    if not annotations:
        raise SourceRefused("annotations is empty: nothing says whether the part is good")
    names = {
        row["id"]: text(row.get("name"), "the name of a category")
        for row in rows(content.get("categories", []), "categories")
        if isinstance(row.get("id"), int)
    }
    labels = tuple(
        label
        for number, annotation in enumerate(annotations, 1)
        if (label := _label(annotation, _NAME_OF_CATEGORY | names, f"annotation {number}"))
    )
    about_paint = any(row["attributes"]["work"] == PAINTING for row in annotations)
    return SourcePhoto(
        name=photo.shown,
        stem=photo.stem,
        photo=photo,
        read_labels=partial(_already_read, labels),
        size_px=size_px(images[0]),
        mask_quality="polygon" if about_paint else "assembly_only",
        clean_quality="clean" if about_paint else "assembly_only",
    )


def _already_read(labels: tuple[Label, ...], width_px: int, height_px: int) -> tuple[Label, ...]:
    return labels


def _label(annotation: Mapping, names: Mapping[int, str], which: str) -> Label | None:
    """The label of a bad part, None for a good one."""
    about = table(annotation.get("attributes"), f"attributes of {which}")
    work, quality = about.get("work"), about.get("quality")
    if work not in (PAINTING, ASSEMBLY):
        raise SourceRefused(f"work of {which} is {PAINTING} or {ASSEMBLY}, got {shown(work)}")
    if quality not in (GOOD, BAD):
        raise SourceRefused(f"quality of {which} is {GOOD} or {BAD}, got {shown(quality)}")
    if quality == GOOD:
        return None
    outlines = polygons(annotation.get("segmentation"), f"segmentation of {which}")
    around = box(annotation.get("bbox"), f"bbox of {which}")
    if not outlines and around is None:
        raise SourceRefused(f"{which} is {BAD} without bbox and segmentation: its place is unknown")
    category = annotation.get("category_id")
    if not isinstance(category, int) or category not in names:
        raise SourceRefused(f"category {shown(category)} of {which} is not listed")
    return Label(
        cls=class_of(names[category]),
        polygons=outlines,
        box=None if outlines else around,
        ignore=work == ASSEMBLY,
    )
