"""Folders of photos and masks of the same stem, as the trade's tools lay them out.

A mask lies in a folder called mask…, label…, annotation…, SegmentationClass, gt or ground truth, or
its name begins or ends so (`a_mask`, `a_GT`, `mask_a`). Photo and mask belong together where their
stems and, apart from such words, their folders agree: MVTec (`test/scratch/000.png` and
`ground_truth/scratch/000_mask.png`), Pascal VOC and CVAT (`JPEGImages`, `SegmentationClass`),
KolektorSDD (`kos01/Part0.jpg`, `Part0_label.bmp`), MVTec LOCO (a folder of masks for each photo,
joined), else where the stem is there once.

Anything but black is a defect; in a JPEG mask, whose edges swing, what is brighter than the middle.
Where alpha varies, what is painted is a defect, in black too. Colours get the classes of a
`labelmap.txt`; else the folder of a mask may name the class (`ground_truth/scratch`). An all-black
mask, and the folder `good` of such a layout, say that a photo is free of defects; a photo without a
mask is left out.
"""

from collections.abc import Mapping, Sequence
from functools import partial

import cv2
import numpy as np

from inspection.errors import UnreadableImage
from inspection.imaging.label_masks import DrawnMask, read_mask
from inspection.imaging.regions import label_regions
from models.importers import mask_layouts
from models.importers.classes import class_of
from models.importers.files import SourceFile, SourceRefused, base_name
from models.importers.labelled import Choices, Found, Label, Skipped, SourcePhoto
from models.importers.mask_layouts import MaskedPhoto, class_folder
from models.importers.texts import read_text
from models.photo_sets.photo_classes import NOT_PAINT

# A mask that marks so much of its photo, or so much of it and of its rim, has its colours the
# wrong way round.
_MOST_MARKED, _MOST_MARKED_WITH_RIM = 0.9, 0.5
# In a JPEG: below, black whose edge swings; up to the middle, neither, unless beside a bright mark.
_JPEG_BLACK, _JPEG_MIDDLE, _JPEG_REACH_PX = 32, 127, 9
_VOID = (224, 224, 192)
Colour = tuple[int, int, int]


def find(files: list[SourceFile], choices: Choices) -> Found:
    """The photos that have a mask, in their order; what has no partner is named."""
    pairs, alone = mask_layouts.paired(files)
    classes = _label_map(files)
    has_masks = any(pair.masks for pair in pairs)
    for pair in pairs:
        try:
            yield _photo(pair, choices, classes, has_masks)
        except SourceRefused as error:
            yield Skipped(pair.photo.shown, str(error))
    for mask, reason in alone:
        yield Skipped(mask.shown, reason)


def _photo(
    pair: MaskedPhoto, choices: Choices, classes: Mapping[Colour, str], has_masks: bool
) -> SourcePhoto:
    photo = pair.photo
    if pair.unsure:
        raise SourceRefused(f"{pair.unsure.shown} may be its mask, or that of another photo")
    if not pair.masks and not (pair.is_good and has_masks):
        raise SourceRefused("no mask of this stem; an all-black one says defect free")
    masks = mask_layouts.masks_of_one_photo(pair.masks, pair.how)
    return SourcePhoto(
        name=photo.shown,
        stem=photo.stem,
        photo=photo,
        read_labels=partial(_labels, masks, choices, classes, pair.is_good),
        mask_kind="mask",
        mask_quality="mask",
        paired=pair.how if masks else mask_layouts.GOOD_PART,
    )


def _label_map(files: list[SourceFile]) -> dict[Colour, str]:
    """Classes by colour from CVAT's labelmap.txt; "" is the background."""
    classes: dict[Colour, str] = {}
    for file in files:
        if base_name(file.name) != "labelmap" or file.suffix != ".txt":
            continue
        for row in read_text(file).splitlines():
            parts = row.split(":")
            levels = parts[1].split(",") if len(parts) > 1 and not row.startswith("#") else []
            if len(levels) == 3 and all(level.strip().isdigit() for level in levels):
                name = parts[0].strip()
                cls = "" if name.casefold() == "background" else class_of(name)
                red, green, blue = (int(level) for level in levels)
                classes[red, green, blue] = cls
    return classes


def _labels(
    files: Sequence[SourceFile],
    choices: Choices,
    classes: Mapping[Colour, str],
    good: bool,
    width_px: int,
    height_px: int,
) -> list[Label]:
    labels: list[Label] = []
    for file in files:
        kind = class_folder(file)
        cls = class_of(kind) if kind else choices.cls
        for name, marked in _marked(file, (height_px, width_px), choices, classes):
            labels.extend(_pieces(name or cls, marked))
    if good and labels:
        raise SourceRefused(
            f"it lies among the good parts and {files[0].shown} marks a defect on it"
        )
    return labels


def _pieces(cls: str, marked: np.ndarray) -> list[Label]:
    # Fragments a few pixels apart are one defect, as everywhere else.
    numbers = label_regions(marked.astype(np.uint8) * 255, 0.5).labels
    ignore = cls in (*NOT_PAINT, "void")
    return [
        Label(cls, mask=numbers == number, ignore=ignore)
        for number in np.unique(numbers[numbers > 0])
    ]


def _marked(
    file: SourceFile, shape: tuple[int, int], choices: Choices, classes: Mapping[Colour, str]
) -> list[tuple[str, np.ndarray]]:
    """(class or "", what it marks) for each class that a mask shows."""
    try:
        drawn = read_mask(file.read(), "")
    except UnreadableImage as error:
        raise SourceRefused(f"its mask {file.shown} is {_plainly(error)}") from None
    height, width = drawn.colours.shape[:2]
    if (height, width) != shape:
        raise SourceRefused(
            f"its mask {file.shown} has {width}×{height} px, the photo {shape[1]}×{shape[0]}"
        )
    marked = _painted(drawn, file, classes)
    if choices.black_marks and drawn.alpha is None:
        marked = ~marked
    _refuse_inverted(marked, file, choices)
    found = []
    colours = drawn.colours[..., :3]
    if colours.shape[2] == 3 and colours.dtype == np.uint8 and not choices.black_marks:
        named = {**classes, **({_VOID: "void"} if drawn.indices is not None else {})}
        for colour, cls in named.items():
            here = marked & (colours == np.array(colour, np.uint8)).all(axis=-1)
            if cls and here.any():
                found.append((cls, here))
                marked = marked & ~here
    return [*found, ("", marked)] if marked.any() else found


def _plainly(error: UnreadableImage) -> str:
    return str(error).partition(": ")[2] or str(error)


def _painted(drawn: DrawnMask, file: SourceFile, classes: Mapping[Colour, str]) -> np.ndarray:
    """bool (height, width): what a mask marks, by its alpha, its palette or its colours."""
    colours = drawn.colours[..., :3]
    not_black: np.ndarray = np.any(colours > 0, axis=-1)
    if classes.get((0, 0, 0)) and colours.shape[2] == 3:
        # The label map calls another colour the background.
        not_black = np.ones_like(not_black)
    for colour, cls in classes.items():
        if not cls and colours.shape[2] == 3:
            not_black &= (colours != np.array(colour, colours.dtype)).any(axis=-1)
    if drawn.is_transparent:
        if not_black.any():
            raise SourceRefused(
                f"its mask {file.shown} is transparent all over and has colours underneath; save "
                "it without alpha"
            )
        return not_black
    if drawn.alpha is not None:
        inside = not_black[drawn.alpha]
        if inside.any() and not inside.all():
            raise SourceRefused(
                f"its mask {file.shown} is painted in black and in colours on a transparent "
                "ground; save it in black and white, without alpha"
            )
        return drawn.alpha
    if drawn.indices is not None:
        return _by_palette(drawn.indices, not_black, file)
    if drawn.format == "JPEG":
        return _in_jpeg(colours.max(axis=-1), file)
    return not_black


def _by_palette(indices: np.ndarray, not_black: np.ndarray, file: SourceFile) -> np.ndarray:
    """Entry 0 of a palette is the background, whatever colour the others are shown in; where it is
    shown in a colour, black is."""
    background: np.ndarray = indices == 0
    if not background.any():
        # A palette made from a picture: its order says nothing, its colours do.
        return not_black
    if not not_black[background].any():
        return ~background
    if not_black.all():
        raise SourceRefused(
            f"its mask {file.shown} has a palette without black; save it in black and white"
        )
    return not_black


def _in_jpeg(levels: np.ndarray, file: SourceFile) -> np.ndarray:
    bright = levels > _JPEG_MIDDLE
    between = (levels > _JPEG_BLACK) & ~bright
    reach = np.ones((2 * _JPEG_REACH_PX + 1,) * 2, np.uint8)
    far = between & ~(cv2.dilate(bright.astype(np.uint8), reach) > 0)
    # Without a bright mark nothing swings: what differs is a class written as a small number.
    is_numbered = not bright.any() and levels.max() > levels.min()
    if is_numbered or far.sum() > _JPEG_REACH_PX:
        raise SourceRefused(
            f"its mask {file.shown} is a JPEG with tones that are neither black nor white; save "
            "masks as PNG"
        )
    return bright


def _refuse_inverted(marked: np.ndarray, file: SourceFile, choices: Choices) -> None:
    share = float(marked.mean())
    rim = float(np.mean([edge.mean() for edge in _rim(marked)]))
    if share > _MOST_MARKED or (share > _MOST_MARKED_WITH_RIM and rim > _MOST_MARKED_WITH_RIM):
        defect, rest = ("black", "white") if choices.black_marks else ("white", "black")
        raise SourceRefused(
            f"its mask {file.shown} marks {share:.0%} of the photo; {defect} must be the defect, "
            f"{rest} the rest ({'without' if choices.black_marks else 'else'} --inverted)"
        )


def _rim(marked: np.ndarray) -> list[np.ndarray]:
    return [marked[0], marked[-1], marked[:, 0], marked[:, -1]]
