"""What photo scores say at every threshold: ROC, the two-threshold band, calibration.

A score is one number a photo, higher = more likely defective. `bad` are the scores of defective
photos, `good` those of defect-free ones.
"""

import math
from dataclasses import dataclass

import numpy as np

from inspection.domain.arrays import Flags, Floats


@dataclass(frozen=True, slots=True)
class Roc:
    """Share of defective photos (detection) and of clean ones (false_alarm) with a score from
    each threshold on, thresholds falling; the first alarms on nothing."""

    threshold: Floats
    detection: Floats
    false_alarm: Floats


def roc(bad: Floats, good: Floats) -> Roc:
    """The ROC with a point at each score that occurs."""
    bad, good = np.sort(bad), np.sort(good)
    threshold = np.unique(np.concatenate([bad, good]))[::-1]
    reached = [
        1.0 - np.searchsorted(scores, threshold, side="left") / len(scores)
        for scores in (bad, good)
    ]
    return Roc(
        np.concatenate([[math.inf], threshold]),
        np.concatenate([[0.0], reached[0]]),
        np.concatenate([[0.0], reached[1]]),
    )


def cut_at(good: Floats, alarm_share: float) -> float:
    """The score above which at most `alarm_share` of the clean photos lie: a photo alarms when
    its score is greater."""
    if not 0 < alarm_share < 1:
        raise ValueError(f"a share of false alarms lies between 0 and 1, got {alarm_share}")
    return float(np.quantile(good, 1.0 - alarm_share, method="higher"))


def choose_band(bad: Floats, good: Floats, missed: float, rejected: float) -> tuple[float, float]:
    """(ok_below, reject_from): between the two a person decides.

    ok_below: highest score that lets at most `missed` of the defective photos pass as OK.
    reject_from: lowest score that rejects at most `rejected` of the clean ones. When the scores
    are good enough that the two cross, both take their middle and nobody is asked.
    """
    bad, good = np.sort(bad), np.sort(good)
    ok_below = float(bad[min(len(bad) - 1, int(missed * len(bad)))])
    reject_from = float(good[min(len(good) - 1, math.ceil((1 - rejected) * len(good)))])
    if ok_below > reject_from:
        ok_below = reject_from = (ok_below + reject_from) / 2
    return round(ok_below, 4), round(reject_from, 4)


@dataclass(frozen=True, slots=True)
class BandOutcome:
    """How photos part at two thresholds: numbers of defective (bad) and clean (good) photos.

    Coverage is the share that the machine decides; its risk is the share of the defective photos
    it decides that it lets pass (El-Yaniv & Wiener 2010, JMLR 11, 1605–1641).
    """

    bad_passed: int
    bad_to_person: int
    bad_rejected: int
    good_passed: int
    good_to_person: int
    good_rejected: int

    @property
    def photos(self) -> int:
        return self.bad + self.good

    @property
    def bad(self) -> int:
        return self.bad_passed + self.bad_to_person + self.bad_rejected

    @property
    def good(self) -> int:
        return self.good_passed + self.good_to_person + self.good_rejected

    @property
    def coverage(self) -> float | None:
        asked = self.bad_to_person + self.good_to_person
        return 1.0 - asked / self.photos if self.photos else None


def judge_by_band(bad: Floats, good: Floats, ok_below: float, reject_from: float) -> BandOutcome:
    """Below `ok_below` a photo passes, from `reject_from` on it is rejected, as on the line."""
    if ok_below > reject_from:
        raise ValueError(f"need ok_below ≤ reject_from, got {ok_below} and {reject_from}")
    counts = []
    for scores in (np.asarray(bad), np.asarray(good)):
        passed, turned_down = int((scores < ok_below).sum()), int((scores >= reject_from).sum())
        counts += [passed, len(scores) - passed - turned_down, turned_down]
    return BandOutcome(*counts)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Steps from score to the probability of a defective photo: from `score_from[i]` on it is
    `probability[i]`; below the first step the first one holds."""

    score_from: tuple[float, ...]
    probability: tuple[float, ...]

    def of(self, scores: Floats) -> Floats:
        places = np.searchsorted(self.score_from, scores, side="right") - 1
        return np.array(self.probability)[np.maximum(places, 0)]


def isotonic(bad: Floats, good: Floats) -> Calibration:
    """The rising steps that fit best (least squares), by pooling adjacent violators.

    Zadrozny & Elkan 2002, KDD, 694–699. It holds at the mix of defective and clean photos that
    it was fitted on.
    """
    scores = np.concatenate([bad, good])
    truth = np.concatenate([np.ones(len(bad)), np.zeros(len(good))])
    values, places = np.unique(scores, return_inverse=True)
    weights = np.bincount(places).astype(float)
    means = np.bincount(places, weights=truth) / weights
    blocks: list[list[float]] = []
    for start, mean, weight in zip(values, means, weights, strict=True):
        blocks.append([start, mean, weight])
        while len(blocks) > 1 and blocks[-2][1] >= blocks[-1][1]:
            _, mean_b, weight_b = blocks.pop()
            _, mean_a, weight_a = blocks[-1]
            whole = weight_a + weight_b
            blocks[-1][1:] = [(mean_a * weight_a + mean_b * weight_b) / whole, whole]
    return Calibration(tuple(b[0] for b in blocks), tuple(b[1] for b in blocks))


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Photos of one stretch of predicted probability: mean prediction, and `hits` of n that are
    defective."""

    predicted: float
    hits: int
    n: int


def reliability_bins(
    probability: Floats, defective: Flags, bins: int = 10
) -> tuple[ReliabilityBin, ...]:
    """The reliability diagram: `bins` stretches of equal width, empty ones left out."""
    places = np.minimum((np.asarray(probability) * bins).astype(int), bins - 1)
    return tuple(
        ReliabilityBin(
            float(probability[places == place].mean()),
            int(defective[places == place].sum()),
            int((places == place).sum()),
        )
        for place in np.unique(places)
    )


def brier(probability: Floats, defective: Flags) -> float:
    """Mean squared difference between prediction and truth: 0 is perfect (Brier 1950)."""
    return float(((np.asarray(probability) - np.asarray(defective, float)) ** 2).mean())


def calibration_error(bins: tuple[ReliabilityBin, ...]) -> float:
    """Expected calibration error: |predicted − observed| over the bins, weighed by photos."""
    photos = sum(b.n for b in bins)
    return sum(abs(b.predicted - b.hits / b.n) * b.n for b in bins) / photos
