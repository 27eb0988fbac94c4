"""The kept map of a photo parted into what is judged and what lies within ignore regions."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from inspection.imaging.regions import label_regions

# Fractions of a pixel in which corners are filled.
_SHIFT = 4
# So wide a line along an edge holds every pixel that the edge parts.
_EDGE_PX = 5


@dataclass(frozen=True, slots=True, eq=False)
class Parted:
    """judged, ignored: uint8 (H, W), the map with everything else at 0. place: uint8 (H, W), which
    ignore region each pixel lies in, counted from 1; 0 = none."""

    judged: np.ndarray
    ignored: np.ndarray
    place: np.ndarray


def parted(
    probability: np.ndarray, outlines: Sequence[Sequence[tuple[float, float]]], threshold: float
) -> Parted:
    """Part a map by ignore regions, closed polygons in its pixels.

    probability, threshold: as in `find_regions`. A mark is ignored where all its pixels lie within
    the regions, which may be several; one that reaches outside is judged whole. What lies within
    and is no mark counts for nothing.
    """
    place = places_of(outlines, (probability.shape[0], probability.shape[1]))
    labels = label_regions(probability, threshold).labels
    inside = place > 0
    reaches_out = np.zeros(int(labels.max(initial=0)) + 1, bool)
    reaches_out[labels[(labels > 0) & ~inside]] = True
    whole = reaches_out[labels]
    is_ignored = inside & (labels > 0) & ~whole
    return Parted(
        judged=np.where(inside & ~whole, np.uint8(0), probability),
        ignored=np.where(is_ignored, probability, np.uint8(0)),
        place=place,
    )


def places_of(
    outlines: Sequence[Sequence[tuple[float, float]]], shape: tuple[int, int]
) -> np.ndarray:
    """Which of the closed polygons each pixel lies in, uint8 (H, W), counted from 1, the later one
    where two overlap; 0 = none.

    A pixel lies in a polygon by its centre: pixel 0 reaches from 0 to 1.
    """
    place = np.zeros(shape, np.uint8)
    for number, outline in enumerate(outlines, 1):
        if len(outline) >= 3:
            _fill(place, np.array(outline, np.float64), number)
    return place


def _fill(place: np.ndarray, corners: np.ndarray, number: int) -> None:
    size = (place.shape[1], place.shape[0])
    left, top = (int(v) for v in np.clip(np.floor(corners.min(axis=0)), 0, size))
    right, bottom = (int(v) for v in np.clip(np.ceil(corners.max(axis=0)), 0, size))
    if right <= left or bottom <= top:
        return
    # OpenCV counts from the centre of a pixel, and fills what the edge only touches as well.
    at = np.round((corners - 0.5 - (left, top)) * 2**_SHIFT).astype(np.int32).reshape(-1, 1, 2)
    window = np.zeros((bottom - top, right - left), np.uint8)
    cv2.fillPoly(window, [at], 1, cv2.LINE_8, _SHIFT)
    edge = np.zeros_like(window)
    cv2.polylines(edge, [at], True, 1, _EDGE_PX, cv2.LINE_8, _SHIFT)
    rows, columns = np.nonzero(edge)
    window[rows, columns] = _lie_within(columns + left + 0.5, rows + top + 0.5, corners)
    place[top:bottom, left:right][window > 0] = number


def _lie_within(x: np.ndarray, y: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Of points, whether an odd number of sides lies to the right of each."""
    within = np.zeros(len(x), bool)
    for (x0, y0), (x1, y1) in zip(np.roll(corners, 1, axis=0), corners, strict=True):
        if y0 != y1:
            is_level = (y0 > y) != (y1 > y)
            within ^= is_level & (x < x0 + (x1 - x0) * (y - y0) / (y1 - y0))
    return within
