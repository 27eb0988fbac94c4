"""What people labelled on a photo, and when it counts as found, as the scorer has it."""

from dataclasses import dataclass

import cv2
import numpy as np

from models.datasets import TYPE_OF_CLASS, LabelledPhoto, read_grey

# A defect counts as found when 10 % of it is covered; a box in which the weak mask is empty, from
# 2 % on.
COVERED = 0.10
COVERED_OF_EMPTY_BOX = 0.02
SMALLEST_PX = 16


@dataclass(frozen=True, slots=True)
class LabelledDefect:
    """One human label that counts. pixels: bool (H, W). least_share: from here on it is found.

    code: type of our networks that its class is mapped onto. side_px: longer side of the label's
    upright box, which polygons and boxes both have.
    """

    pixels: np.ndarray
    least_share: float
    code: str = "other"
    side_px: int = 0

    def is_found(self, mask: np.ndarray) -> bool:
        """mask: bool (H, W), what the network claims."""
        return bool((mask & self.pixels).sum() >= self.least_share * self.pixels.sum())


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
            region, share = canvas > 0, COVERED
        else:
            x, y, w, h = (round(v) for v in label["bbox"])
            canvas[max(y, 0) : y + h, max(x, 0) : x + w] = 1
            region, share = (canvas > 0) & truth, COVERED
            if not region.any():
                region, share = canvas > 0, COVERED_OF_EMPTY_BOX
        if region.any():
            code = TYPE_OF_CLASS.get(label.get("cls", ""), "other")
            side_px = max(cv2.boundingRect(canvas)[2:])
            defects.append(LabelledDefect(region, share, code, side_px))
    return defects
