"""Two models on the same held-out photos: what each finds, and whether one is better."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inspection.domain.reliability import wilson

# Of the bootstrap, fixed: the same photos always give the same interval.
DRAWS, SEED = 2_000, 20_261_130
_ENDS = (0.025, 0.975)

BETTER, NO_PROOF = "better", "no_proof_yet"
# With defects on fewer bodies an interval says more about chance than about the model.
# [project convention]
LEAST_BODIES_WITH_DEFECTS = 10


@dataclass(frozen=True, slots=True)
class HeldOutPhoto:
    """What two models say of one photo that neither of them learnt from.

    defects: that people marked; tight_before, tight_after: of them found tightly. false_before,
    false_after: regions that lie at none of them.
    """

    body: str
    defects: int
    tight_before: int
    tight_after: int
    false_before: int
    false_after: int


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Paired:
    """One figure of both models. change: after less before, on the same photos."""

    before: Interval
    after: Interval
    change: Interval


@dataclass(frozen=True, slots=True)
class Compared:
    """defective_bodies: with a defect on one of their photos. tight: share of the defects that are
    found tightly (0–1), None without a defect. false_regions: per photo."""

    photos: int
    bodies: int
    defects: int
    defective_bodies: int
    tight: Paired | None
    false_regions: Paired


@dataclass(frozen=True, slots=True)
class GoldenCount:
    """Of the golden set: defects found, clean panels in alarm."""

    found: int
    alarms: int


def compare(photos: Sequence[HeldOutPhoto]) -> Compared:
    """Both models on the same photos, bodies drawn anew (paired bootstrap).

    A body is drawn with all its photos, since they are not independent of each other. The shares
    found tightly by each model have Wilson's interval with the bodies as trials, as a bootstrap of
    a share of 1 would be sure of it. ValueError without photos.
    """
    if not photos:
        raise ValueError("there is no photo to compare on")
    bodies = sorted({photo.body for photo in photos})
    sums = np.zeros((len(bodies), 6))
    for photo in photos:
        sums[bodies.index(photo.body)] += (
            1,
            photo.defects,
            photo.tight_before,
            photo.tight_after,
            photo.false_before,
            photo.false_after,
        )
    drawn = np.random.default_rng(SEED).integers(len(bodies), size=(DRAWS, len(bodies)))
    draws = sums[drawn].sum(axis=1)
    whole = sums.sum(axis=0)
    defective = int((sums[:, 1] > 0).sum())
    return Compared(
        photos=len(photos),
        bodies=len(bodies),
        defects=int(whole[1]),
        defective_bodies=defective,
        tight=_tight(whole, draws, defective) if defective else None,
        false_regions=_false_regions(whole, draws),
    )


def _tight(whole: np.ndarray, draws: np.ndarray, bodies: int) -> Paired:
    # A draw of bodies without any defect says nothing of how many are found.
    draws = draws[draws[:, 1] > 0]
    shares = (float(found / whole[1]) for found in whole[2:4])
    before, after = (Interval(share, *wilson(share * bodies, bodies)) for share in shares)
    low, high = map(float, np.quantile((draws[:, 3] - draws[:, 2]) / draws[:, 1], _ENDS))
    return Paired(before, after, Interval(after.value - before.value, low, high))


def _false_regions(whole: np.ndarray, draws: np.ndarray) -> Paired:
    def a_photo(counted: np.ndarray) -> np.ndarray:
        """counted: of `whole` or of draws, by their last axis."""
        before, after = (counted[..., place] / counted[..., 0] for place in (4, 5))
        return np.stack([before, after, after - before])

    intervals = zip(a_photo(whole), np.quantile(a_photo(draws), _ENDS, axis=1).T, strict=True)
    return Paired(*(Interval(float(value), *map(float, ends)) for value, ends in intervals))


def objections(compared: Compared, before: GoldenCount, after: GoldenCount) -> tuple[str, ...]:
    """Why it is not proven that the second model is better; () where it is.

    "few_bodies": too few have a defect. "tight": the interval of the change in what is found
    tightly does not lie above zero. "false_regions": more of them, on the same photos. "golden":
    fewer defects of the golden set are found, or more of its clean panels are in alarm.
    """
    said = {
        "few_bodies": compared.defective_bodies < LEAST_BODIES_WITH_DEFECTS,
        "tight": compared.tight is None or compared.tight.change.low <= 0.0,
        "false_regions": compared.false_regions.change.value > 0.0,
        "golden": after.found < before.found or after.alarms > before.alarms,
    }
    return tuple(code for code, holds in said.items() if holds)


def verdict(reasons_against: Sequence[str]) -> str:
    """BETTER where nothing speaks against it, else NO_PROOF."""
    return NO_PROOF if reasons_against else BETTER
