"""The kept map of a photo parted into what is judged and what lies within ignore regions."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from inspection.imaging.regions import label_regions

# Fractions of a pixel in which corners are filled.
_SHIFT = 4


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
    place = np.zeros(probability.shape, np.uint8)
    for number, outline in enumerate(outlines, 1):
        corners = np.round(np.array(outline, np.float64) * 2**_SHIFT).astype(np.int32)
        cv2.fillPoly(place, [corners.reshape(-1, 1, 2)], number, cv2.LINE_8, _SHIFT)
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
