"""Figures on split `val` that choose checkpoints and thresholds, and never speak for the product.

The product's figures come from the scorer on split `test`. Here each labelled defect and each
clean photo is reduced to one *level*: the threshold below which it is found (or raises an alarm).
One pass over the photos then answers every threshold.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from inspection.errors import TrainingError
from models.datasets import TYPE_OF_CLASS, LabelledPhoto, batches_of_photos, read_grey

# A defect counts as found when 10 % of it is covered, as the scorer has it; a box in which the
# weak mask is empty, from 2 % on.
COVERED = 0.10
COVERED_OF_EMPTY_BOX = 0.02
SMALLEST_PX = 16
GRID = np.concatenate([np.arange(0.02, 0.1, 0.02), np.arange(0.1, 0.96, 0.025), [0.97, 0.985]])


@dataclass(frozen=True, slots=True)
class PhotoLevels:
    """What one photo says about every threshold.

    found: for each labelled defect the probability that a tenth of its pixels reach.
    alarm: the highest threshold of GRID at which a region of SMALLEST_PX is left (0 = none).
    scores: candidate photo scores by name.
    """

    dataset: str
    defect_free: bool
    found: tuple[float, ...]
    alarm: float
    scores: dict[str, float]


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


def alarm_level(probability: np.ndarray, smallest_px: int = SMALLEST_PX) -> float:
    """Highest threshold of GRID at which a connected region of `smallest_px` is left."""
    level = 0.0
    for threshold in GRID:
        mask = (probability > threshold).astype(np.uint8)
        if not mask.any():
            break
        _, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
        if stats[1:, cv2.CC_STAT_AREA].max(initial=0) < smallest_px:
            break
        level = float(threshold)
    return level


def photo_scores(probability: np.ndarray) -> dict[str, float]:
    """Candidate photo scores: means of the k highest pixels, and the mean of all."""
    flat = probability.ravel()
    answers = {"mean": float(flat.mean())}
    for k in (16, 64, 256, 1024, 4096):
        k_here = min(k, flat.size)
        answers[f"top{k}"] = float(np.partition(flat, -k_here)[-k_here:].mean())
    return answers


def levels(
    probability_of: Callable[[np.ndarray], np.ndarray], photos: Iterable[LabelledPhoto]
) -> list[PhotoLevels]:
    """Run the network over the photos. probability_of: RGB uint8 -> float32 (H, W), any defect."""
    answers = []
    for photo, rgb in batches_of_photos(list(photos)):
        probability = probability_of(rgb)
        if photo.ignore:
            probability = probability * ~read_grey(photo.ignore, probability.shape)
        found = tuple(
            float(np.quantile(probability[defect.pixels], 1.0 - COVERED))
            for defect in labelled_defects(photo, paint_truth(photo, probability.shape))
        )
        answers.append(
            PhotoLevels(
                photo.dataset,
                photo.defect_free,
                found,
                alarm_level(probability) if photo.defect_free else 0.0,
                photo_scores(probability),
            )
        )
    return answers


def auroc(bad: np.ndarray, good: np.ndarray) -> float:
    """Chance that a defective photo scores above a clean one, ties counted half."""
    order = np.sort(good)
    below = np.searchsorted(order, bad, side="left")
    upto = np.searchsorted(order, bad, side="right")
    return float(((below + upto) / 2).mean() / len(good))


def summary(answers: list[PhotoLevels], alarm_share: float = 0.2) -> dict[str, float]:
    """The figures a training run writes beside each checkpoint.

    threshold: lowest of GRID at which at most `alarm_share` of the clean crops are in alarm;
    doors, defects: share found there; cars: clean whole cars in alarm there;
    auroc: of the best candidate photo score; value: what chooses the checkpoint.
    A photo set without those doors or crops is measured on all its defects or clean photos.
    Raises TrainingError where one of the two kinds is missing.
    """
    clean = [a.alarm for a in answers if a.defect_free]
    every = np.array([v for a in answers for v in a.found])
    if not clean or not every.size:
        raise TrainingError(
            f"split val holds {every.size} labelled defects and {len(clean)} defect-free photos; "
            "choosing needs both"
        )
    crops = [a.alarm for a in answers if a.dataset == "aihub578_clean_crops"]
    crops = np.array(crops or clean)
    cars = np.array([a.alarm for a in answers if a.dataset == "whole_cars_clean"])
    # A level is the last threshold still in alarm: one step above it the photo is quiet.
    threshold = next((t for t in GRID if (crops >= t).mean() <= alarm_share), GRID[-1])
    doors = [v for a in answers if a.dataset == "aihub578_door_scratch" for v in a.found]
    doors = np.array(doors) if doors else every
    names = answers[0].scores
    areas = {
        name: auroc(
            np.array([a.scores[name] for a in answers if not a.defect_free]),
            np.array([a.scores[name] for a in answers if a.defect_free]),
        )
        for name in names
    }
    best = max(areas, key=areas.get)
    figures = {
        "threshold": float(threshold),
        "doors": float((doors > threshold).mean()),
        "defects": float((every > threshold).mean()),
        "cars": float((cars >= threshold).mean()) if cars.size else 0.0,
        "auroc": areas[best],
        "score": best,
    }
    figures["value"] = (
        figures["doors"] + 0.5 * figures["defects"] + figures["auroc"] - 0.25 * figures["cars"]
    )
    return figures
