"""Places where a network sees a mark and no label says anything, and what a person found there.

Labels of photos from the field are incomplete: taught as clean paint, a scratch that nobody boxed
teaches the network to overlook such scratches. A review adds to the labels of split `train`;
`val` and `test` stay as they are.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import cv2
import numpy as np

from inspection.errors import TrainingError

# The rim of a mark is neither mark nor paint.
_RIM_PX = 7


Outline = tuple[tuple[int, int], ...]


class Verdict(StrEnum):
    """What a person found inside an outline."""

    MARK = "mark"
    """A flaw of the paint which the outline fits."""
    LOOSE = "loose"
    """A flaw somewhere inside, and much else."""
    NONE = "none"
    """No flaw: gap, trim, handle, reflection, shadow."""
    UNSURE = "unsure"


class Flaws(StrEnum):
    """What a flaw that a person found outside the labels teaches."""

    TAUGHT = "taught"
    """It is a defect."""
    UNSURE = "unsure"
    """Nothing: neither defect nor paint."""
    CLEAN = "clean"
    """What the labels say: whoever labels the photos to come would leave it out, too."""


@dataclass(frozen=True, slots=True)
class ReviewedPlace:
    """outline: (x, y) points in the stored photo."""

    verdict: Verdict
    outline: Outline

    def enlarged(self, scale: float) -> "ReviewedPlace":
        """The same place on the photo at another size."""
        if scale == 1.0:
            return self
        outline = tuple((round(x * scale), round(y * scale)) for x, y in self.outline)
        return ReviewedPlace(self.verdict, outline)

    def pixels(self, shape: tuple[int, int]) -> np.ndarray:
        """The inside of the outline, bool (H, W)."""
        canvas = np.zeros(shape, np.uint8)
        cv2.fillPoly(canvas, [np.array(self.outline, np.int32)], 1)
        return canvas > 0

    def rim(self, shape: tuple[int, int]) -> np.ndarray:
        """The inside and a few pixels round it, bool (H, W)."""
        reach = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_RIM_PX, _RIM_PX))
        return cv2.dilate(self.pixels(shape).view(np.uint8), reach) > 0


def points_of(flat: Sequence[int]) -> Outline:
    """[x, y, x, y, …] -> ((x, y), …); ValueError where one is left over."""
    return tuple(zip(flat[::2], flat[1::2], strict=True))


def flat_of(outline: Outline) -> list[int]:
    """((x, y), …) -> [x, y, x, y, …]"""
    return [number for point in outline for number in point]


def read_reviewed(file: Path) -> dict[tuple[str, str], tuple[ReviewedPlace, ...]]:
    """(data set, stem) -> its places, of a file {DATASET: {STEM: [[VERDICT, [x, y, x, y, …]]]}}.

    Raises TrainingError, naming the entry, where one is not of this form.
    """
    try:
        written = json.loads(file.read_text(encoding="utf-8"))
        photos = [
            (dataset, stem, places)
            for dataset, of in written.items()
            for stem, places in of.items()
        ]
    except (OSError, ValueError, AttributeError) as error:
        raise TrainingError("reviewed_unreadable", file=file, why=error) from None
    reviewed = {}
    for dataset, stem, places in photos:
        try:
            reviewed[dataset, stem] = tuple(
                ReviewedPlace(Verdict(verdict), points_of(flat)) for verdict, flat in places
            )
        except (ValueError, TypeError) as error:
            raise TrainingError(
                "reviewed_entry", file=file, dataset=dataset, stem=stem, why=error
            ) from None
    return reviewed


def write_reviewed(file: Path, reviewed: Mapping[tuple[str, str], Sequence[ReviewedPlace]]) -> None:
    """Write such a file, a line a photo, so that two versions can be compared."""
    of_dataset: dict[str, list[str]] = {}
    for (dataset, stem), places in sorted(reviewed.items()):
        flat = [[place.verdict, flat_of(place.outline)] for place in places]
        line = f"{json.dumps(stem)}: {json.dumps(flat, separators=(',', ':'))}"
        of_dataset.setdefault(dataset, []).append(line)
    parts = (
        f"{json.dumps(dataset)}: {{\n" + ",\n".join(lines) + "\n}"
        for dataset, lines in of_dataset.items()
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")
