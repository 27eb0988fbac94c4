"""What is truly on the shipped samples, pixel by pixel, and how a mask lies on it."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from inspection.model_facts import Sample
from models.photo_sets.labels import COVERED, LabelledDefect, near_labels
from models.rendering.samples import SAMPLES

Outline = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class SampleFit:
    """tight: for each true defect whether it is found tightly. astray: regions mostly off one.

    regions_of: for each true defect the numbers of the regions that lie on it.
    """

    tight: tuple[bool, ...]
    astray: int
    regions_of: tuple[tuple[int, ...], ...]


def fit_of(entry: Sample, mask: np.ndarray, outlines: Sequence[Outline]) -> SampleFit:
    """How a mask lies on the defects of one sample.

    entry: of `samples.json`. mask: uint8 (H, W), 0 = no defect. outlines: of its regions.
    """
    labels, claims = _labels(entry), mask > 0
    near = near_labels(labels, claims.shape)
    regions = [_inside(outline, claims) for outline in outlines]
    return SampleFit(
        tuple(label.is_found_tightly(claims, near) for label in labels),
        sum(bool((near & pixels).sum() < 0.5 * pixels.sum()) for pixels in regions),
        tuple(
            tuple(n for n, pixels in enumerate(regions) if (pixels & label.may_lie).any())
            for label in labels
        ),
    )


def _labels(entry: Sample) -> list[LabelledDefect]:
    """Each true defect's own pixels, from the picture before it was compressed."""
    sample = next(sample for sample in SAMPLES if f"{sample.name}.jpg" == entry["file"])
    masks = sample.render().type_masks
    labels = []
    for defect in entry["defects"]:
        x, y, w, h = defect["bbox_px"]
        own = np.zeros_like(masks[defect["type"]])
        own[y : y + h, x : x + w] = masks[defect["type"]][y : y + h, x : x + w]
        labels.append(LabelledDefect(own, COVERED, own, defect["type"], max(w, h)))
    return labels


def _inside(outline: Outline, claims: np.ndarray) -> np.ndarray:
    """A region's own pixels: what is claimed inside its outline."""
    canvas = np.zeros(claims.shape, np.uint8)
    cv2.fillPoly(canvas, [np.array(outline, np.int32)], 1)
    return claims & (canvas > 0)
