"""A weak mask for a box whose defect nobody outlined, by one fixed rule.

Inside the box: what is brighter, darker or of another colour than its surroundings (top-hat,
black-hat, distance from the median colour), by more than the box's own texture. On the 640 px
door photos it agrees with the masks that were drawn there by a like rule (median IoU 0.65).
"""

from dataclasses import dataclass

import cv2
import numpy as np

# Worked on at most this large, so that one rule fits photos of every camera; 1/30 of the side is
# as wide as marks of a scratch get.
_WORKED_SIDE_PX = 1280
_REACH = 30
_TEXTURES = 4.0
_LEAST_RESIDUE = 8.0
_COLOUR_WEIGHT = 1.5
_SMALLEST_PX = 12

# Outside these the mask says less than the box: very large box, hardly anything, mostly filled.
_LARGEST_BOX = 0.30
_LEAST_FILLED, _MOST_FILLED = 0.002, 0.35


@dataclass(frozen=True, slots=True, eq=False)
class WeakMask:
    """mask: bool (H, W) of the photo. filled: share of the box; area: share of the photo."""

    mask: np.ndarray
    filled: float
    area: float

    @property
    def is_low(self) -> bool:
        """Only this is sure: some of the box is a defect."""
        return self.area > _LARGEST_BOX or not _LEAST_FILLED <= self.filled <= _MOST_FILLED


def weak_mask(
    rgb: np.ndarray, box: tuple[int, int, int, int], within: np.ndarray | None = None
) -> WeakMask:
    """The residue inside a box (x, y, width, height) that lies within the photo.

    within: bool (H, W), the part of the box that counts, where it was turned.
    """
    height, width = rgb.shape[:2]
    x, y, w, h = box
    shrink = min(1.0, _WORKED_SIDE_PX / max(height, width))
    side = max(3, round(max(height, width) * shrink / _REACH)) | 1
    # With the surroundings, so that the edge of the box is no edge of the residue.
    margin = round(side / shrink)
    left, top = max(x - margin, 0), max(y - margin, 0)
    right, bottom = min(x + w + margin, width), min(y + h + margin, height)
    around = rgb[top:bottom, left:right]
    shrunk = cv2.resize(around, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    residue = cv2.resize(_residue(shrunk, side), around.shape[1::-1])
    inside = residue[y - top : y - top + h, x - left : x - left + w]
    middle = np.median(inside)
    texture = 1.4826 * np.median(np.abs(inside - middle))
    marked = inside > max(_LEAST_RESIDUE, middle + _TEXTURES * texture)
    if marked.mean() < _LEAST_FILLED:
        # A box drawn so close that it holds hardly anything but the mark: its own texture is the
        # mark's, and only the surroundings tell what is paint.
        beside = np.ones(residue.shape, bool)
        beside[y - top : y - top + h, x - left : x - left + w] = False
        paint = residue[beside] if beside.any() else inside
        middle = np.median(paint)
        texture = 1.4826 * np.median(np.abs(paint - middle))
        marked = inside > max(_LEAST_RESIDUE, middle + _TEXTURES * texture)
    _, numbers, sizes, _ = cv2.connectedComponentsWithStats(marked.astype(np.uint8), connectivity=8)
    kept = sizes[:, cv2.CC_STAT_AREA] >= _SMALLEST_PX / shrink**2
    kept[0] = False
    mask = np.zeros((height, width), bool)
    mask[y : y + h, x : x + w] = kept[numbers]
    if within is None:
        return WeakMask(mask, float(kept[numbers].mean()), w * h / (width * height))
    mask &= within
    counted = max(int(within.sum()), 1)
    return WeakMask(mask, float(mask.sum() / counted), counted / (width * height))


def _residue(rgb: np.ndarray, side: int) -> np.ndarray:
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    lab = cv2.cvtColor(cv2.GaussianBlur(rgb, (0, 0), 0.8), cv2.COLOR_RGB2LAB)
    light = lab[..., 0]
    residue = np.maximum(
        cv2.morphologyEx(light, cv2.MORPH_TOPHAT, kernel),
        cv2.morphologyEx(light, cv2.MORPH_BLACKHAT, kernel),
    ).astype(np.float32)
    for plane in (lab[..., 1], lab[..., 2]):
        plane = np.ascontiguousarray(plane)
        colour = cv2.absdiff(plane, cv2.medianBlur(plane, side)).astype(np.float32)
        residue = np.maximum(residue, _COLOUR_WEIGHT * colour)
    return residue
