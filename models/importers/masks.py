"""Folders of photos and masks of the same stem.

A mask lies in a folder called mask…, label…, annotation…, gt or ground truth, or its name ends in
_mask, _label or _gt. Anything but black is a defect; in a JPEG mask, whose edges swing, only what
is brighter than the middle. An all-black mask says that the photo is free of defects; a photo
without a mask is left out.
"""

import re
from functools import partial

import cv2
import numpy as np

from inspection.imaging.photo_folders import PHOTO_SUFFIXES
from inspection.imaging.regions import label_regions
from models.importers.files import (
    SourceFile,
    SourceRefused,
    only_one,
    photos_by_key,
)
from models.importers.labelled import Choices, Found, Label, Skipped, SourcePhoto

_MASK_FOLDER = re.compile(
    r"(masks?|labels?|annotations?|segmentations?|gt|ground[ _-]?truth)([ ._-].*)?", re.I
)
_MASK_NAME = re.compile(r"[ _-](masks?|labels?|gt)$", re.I)
# A mask that marks nearly all of its photo has its colours the wrong way round.
_MOST_MARKED = 0.9


def find(files: list[SourceFile], choices: Choices) -> Found:
    """The photos that have a mask, in their order; what has no partner is named."""
    masks: dict[str, list[SourceFile]] = {}
    photos: list[SourceFile] = []
    for file in files:
        if file.suffix not in PHOTO_SUFFIXES:
            continue
        if _is_mask(file):
            masks.setdefault(_MASK_NAME.sub("", file.key), []).append(file)
        else:
            photos.append(file)
    by_key = photos_by_key(photos)
    for key, named in by_key.items():
        try:
            photo = only_one(named)
            if key not in masks:
                raise SourceRefused("no mask of this stem; an all-black one says defect free")
            yield SourcePhoto(
                name=photo.shown,
                stem=photo.stem,
                photo=photo,
                read_labels=partial(_labels, only_one(masks[key]), choices.cls),
                mask_kind="mask",
                mask_quality="mask",
            )
        except SourceRefused as error:
            yield Skipped(named[0].shown, str(error))
    for key, named in masks.items():
        if key not in by_key:
            yield Skipped(named[0].shown, "no photo of this stem")


def _is_mask(file: SourceFile) -> bool:
    folders = file.place.split("/")
    return bool(
        _MASK_NAME.search(file.stem) or any(_MASK_FOLDER.fullmatch(folder) for folder in folders)
    )


def _labels(file: SourceFile, cls: str, width_px: int, height_px: int) -> list[Label]:
    pixels = cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise SourceRefused(f"its mask {file.shown} is not a readable picture")
    if pixels.shape[:2] != (height_px, width_px):
        raise SourceRefused(
            f"its mask {file.shown} has {pixels.shape[1]}×{pixels.shape[0]} px, the photo "
            f"{width_px}×{height_px}"
        )
    colours = pixels.reshape(height_px, width_px, -1)[..., :3]
    marked = (colours > (127 if file.suffix in (".jpg", ".jpeg") else 0)).any(axis=-1)
    if marked.mean() > _MOST_MARKED:
        raise SourceRefused(
            f"its mask {file.shown} marks {marked.mean():.0%} of the photo; white must be the "
            "defect, black the rest"
        )
    # Fragments a few pixels apart are one defect, as everywhere else.
    numbers = label_regions(marked.astype(np.uint8) * 255, 0.5).labels
    return [Label(cls, mask=numbers == number) for number in np.unique(numbers[numbers > 0])]
