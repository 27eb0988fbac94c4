"""What people labelled on a photo, and when it counts as found, as the scorer has it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from inspection.domain.defects import UNNAMED
from models.photo_sets.datasets import LabelledPhoto, read_grey
from models.photo_sets.photo_classes import TYPE_OF_CLASS

# A defect counts as found when 10 % of it is covered; a box in which the weak mask is empty, from
# 2 % on.
COVERED = 0.10
COVERED_OF_EMPTY_BOX = 0.02
SMALLEST_PX = 16
# What is marked within so many pixels of a label lies at it: labels are coarse.
NEAR_PX = 10
# Round a label at least so much is looked at, and a third of what is marked there must lie on one.
LEAST_MARGIN_PX = 24
TIGHT_SHARE = 3


@dataclass(frozen=True)
class LabelledDefect:
    """One human label that counts. pixels: bool (H, W). least_share: from here on it is found.

    may_lie: bool (H, W), where its mark may lie: the label itself, or the whole box where its weak
    mask is known to be poor. code: type of our networks that its class is mapped onto, or
    UNNAMED. side_px: longer side of the label's upright box, which polygons and boxes both have.
    """

    pixels: np.ndarray
    least_share: float
    may_lie: np.ndarray
    code: str = UNNAMED
    side_px: int = 0

    @cached_property
    def least_px(self) -> float:
        return self.least_share * int(self.pixels.sum())

    @cached_property
    def window(self) -> tuple[slice, slice]:
        """The label's box widened by its longer side, at least by LEAST_MARGIN_PX."""
        x, y, w, h = cv2.boundingRect(self.pixels.view(np.uint8))
        margin = max(LEAST_MARGIN_PX, w, h)
        return (
            slice(max(y - margin, 0), y + h + margin),
            slice(max(x - margin, 0), x + w + margin),
        )

    def is_found(self, mask: np.ndarray) -> bool:
        """mask: bool (H, W), what the network claims."""
        return bool((mask & self.pixels).sum() >= self.least_px)

    def is_found_tightly(self, mask: np.ndarray, near: np.ndarray) -> bool:
        """Found, and at least a third of what is claimed round it lies at a label.

        near: of `near_labels`, over all labels of the photo.
        """
        claimed = mask[self.window]
        at_labels = (claimed & near[self.window]).sum()
        return self.is_found(mask) and bool(TIGHT_SHARE * at_labels >= claimed.sum() > 0)


def near_labels(defects: Sequence[LabelledDefect], shape: tuple[int, int]) -> np.ndarray:
    """Pixels within NEAR_PX of where a label's mark may lie, bool (H, W)."""
    marked = np.zeros(shape, np.uint8)
    for defect in defects:
        marked[defect.may_lie] = 1
    return cv2.dilate(marked, np.ones((2 * NEAR_PX + 1,) * 2)) > 0


def paint_truth(photo: LabelledPhoto, shape: tuple[int, int]) -> np.ndarray:
    """The photo's mask without its ignored pixels, bool (H, W)."""
    truth = read_grey(photo.mask, shape) if photo.mask else np.zeros(shape, bool)
    if photo.ignore:
        truth &= ~read_grey(photo.ignore, shape)
    return truth


def labelled_defects(photo: LabelledPhoto, truth: np.ndarray) -> list[LabelledDefect]:
    """Each labelled defect that counts; a box stands for its weak mask. truth: `paint_truth`."""
    shape = truth.shape
    defects = []
    for label in photo.instances:
        if label.get("ignore"):
            continue
        canvas = np.zeros(shape, np.uint8)
        if "poly" in label:
            for polygon in label["poly"]:
                cv2.fillPoly(canvas, [np.round(polygon).astype(np.int32).reshape(-1, 2)], 1)
            region = may_lie = canvas > 0
            share = COVERED
        else:
            x, y, w, h = (round(v) for v in label["bbox"])
            canvas[max(y, 0) : y + h, max(x, 0) : x + w] = 1
            box = canvas > 0
            region, share = box & truth, COVERED
            may_lie = box if photo.mask_quality == "weak_low" else region
            if not region.any():
                region, may_lie, share = box, box, COVERED_OF_EMPTY_BOX
        if region.any():
            code = TYPE_OF_CLASS.get(label.get("cls", ""), UNNAMED)
            side_px = max(cv2.boundingRect(canvas)[2:])
            defects.append(LabelledDefect(region, share, may_lie, code, side_px))
    return defects


def outline_f1(claims: np.ndarray, truth: np.ndarray, tolerance_px: int = 5) -> float:
    """F1 of the outlines of two masks, bool (H, W): what of each lies near the other's."""
    mine, theirs = _outline(claims), _outline(truth)
    if not mine.any() or not theirs.any():
        return 0.0
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * tolerance_px + 1,) * 2)
    right = (mine & (cv2.dilate(theirs.view(np.uint8), disc) > 0)).sum() / mine.sum()
    met = (theirs & (cv2.dilate(mine.view(np.uint8), disc) > 0)).sum() / theirs.sum()
    return float(2 * right * met / (right + met)) if right + met else 0.0


def _outline(mask: np.ndarray) -> np.ndarray:
    return mask & ~(cv2.erode(mask.view(np.uint8), np.ones((3, 3), np.uint8)) > 0)
