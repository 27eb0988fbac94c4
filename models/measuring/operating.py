"""The choice of the operating point on split `val`: what fits best, among what is quiet enough.

The rule: the plain mean over the damaged data sets of the share found tightly is the most it can
be, while few clean photos are in alarm, little of what is marked strays from the labels, and masks
are about as large as what people outlined. Where no point meets all, the alarms come first, then
what strays, then the area; the card says which limit was broken.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypedDict

import numpy as np

from inspection.domain import detection_curves
from inspection.errors import TrainingError
from inspection.imaging.regions import LabelledRegions, label_regions, photo_score
from inspection.model_facts import BandRule, Card, CardThresholds, ScoreRule, ValFigures
from models.measuring.evaluate import SeenPhoto, auroc, read_truth
from models.photo_sets.labels import TIGHT_SHARE

SCORE_CANDIDATES_PX = (64, 256, 1024, 4096, 16384)
REGION_CANDIDATES = (0.3, 0.4, 0.5, 0.6, 0.7)
SMALLEST_CANDIDATES_PX = (16, 48, 96)
# Every few levels of the 8-bit map where few alarms are left.
PEAK_CANDIDATES = (
    0,
    0.6,
    0.7,
    *(n / 100 for n in range(75, 95, 2)),
    *(n / 200 for n in range(190, 200)),
)

# Clean photos of two kinds: close-ups of panels, and whole cars with all that is no panel.
CLOSE_UPS = ("aihub578_clean_crops", "panels_clean")
# Data sets whose polygons say how large a mask should be; boxes of doors do not.
OUTLINED = ("cardd", "bilgi", "severity", "web_scratch")

# The limits of the rule. Alarms: with k of n in alarm, (k + 1) / (n + 1) at most (conformal risk
# control, Angelopoulos et al., ICLR 2024: then the expected share on new photos is no more).
MOST_ALARMS = 0.05
MOST_STRAY = 0.35
AREA_RATIOS = (0.7, 1.5)

# Shares of the val photos that the band between the two scores may let go wrong.
MISSED, REJECTED = 0.05, 0.05


def allowed_alarms(photos: int, most_alarms: float) -> int:
    """How many of so many clean photos may be in alarm; none where they are too few to tell."""
    return max(0, math.floor(most_alarms * (photos + 1) + 1e-9) - 1)


class CheckpointFigures(ValFigures, total=False):
    """The figures of a checkpoint; of several the one with the highest value is the best."""

    epoch: int
    value: float


class ChosenOnVal(TypedDict):
    """What the choice on `val` says of a network, by the card's names but for `val`."""

    thresholds: CardThresholds
    score: ScoreRule
    band_rule: BandRule
    val: ValFigures


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """One candidate for the card's region thresholds with its figures on `val`.

    tight: plain mean over the damaged data sets of tight_by, the shares found tightly; found: of
    what is found at all. close_ups, cars: clean photos in alarm, of close_up_photos, car_photos.
    stray: share of the marked pixels far from any label; 0 where nothing is marked. area: median
    of marked / labelled pixels by data set, of those in OUTLINED. right: share of the regions on
    damaged photos that lie at a label.
    """

    region: float
    smallest_px: int
    peak: float
    tight: float
    found: float
    close_ups: int
    close_up_photos: int
    cars: int
    car_photos: int
    stray: float
    right: float
    tight_by: dict[str, float] = field(default_factory=dict)
    area: dict[str, float] = field(default_factory=dict)

    def figures(self) -> ValFigures:
        """All of it, as the card has it."""
        return {
            "region": self.region,
            "smallest_px": self.smallest_px,
            "peak": self.peak,
            "tight": self.tight,
            "found": self.found,
            "close_ups": self.close_ups,
            "close_up_photos": self.close_up_photos,
            "cars": self.cars,
            "car_photos": self.car_photos,
            "stray": self.stray,
            "right": self.right,
            "tight_by": dict(self.tight_by),
            "area": dict(self.area),
        }

    def broken(self, most_alarms: float = MOST_ALARMS) -> dict[str, float]:
        """By how much each limit of the rule is missed, in the order of their weight."""
        excess = {
            "alarms": max(0, self.close_ups - allowed_alarms(self.close_up_photos, most_alarms))
            + max(0, self.cars - allowed_alarms(self.car_photos, most_alarms)),
            "stray": max(0.0, self.stray - MOST_STRAY),
            # As factors: half as large is as wrong as twice as large.
            "area": sum(
                max(
                    0.0,
                    math.log(AREA_RATIOS[0] / max(ratio, 1e-3)),
                    math.log(ratio / AREA_RATIOS[1]) if ratio else 0.0,
                )
                for ratio in self.area.values()
            ),
        }
        return {name: float(by) for name, by in excess.items() if by > 1e-9}


def choose_point(
    points: Sequence[OperatingPoint], most_alarms: float = MOST_ALARMS
) -> OperatingPoint:
    """The point that the rule above chooses."""

    def preference(point: OperatingPoint) -> tuple[float, ...]:
        broken = point.broken(most_alarms)
        # One photo or one data set found tightly or not must not hide behind the last digit.
        return (*(-broken.get(limit, 0.0) for limit in ("alarms", "stray", "area")), point.tight)

    return max(points, key=preference)


def operating_points(
    seen: Sequence[SeenPhoto],
    regions: Sequence[float] = REGION_CANDIDATES,
    peaks: Sequence[float] = PEAK_CANDIDATES,
) -> list[OperatingPoint]:
    """Every candidate on the grid.

    A low region threshold with a high peak is a hysteresis: faint pixels count where they hang
    together with sure ones.
    """
    points = []
    for region in regions:
        photos = [claims for item in seen if (claims := _claims(item, region))]
        for smallest_px, peak in itertools.product(SMALLEST_CANDIDATES_PX, peaks):
            if not peak or peak > region:
                points.append(_figures_at(photos, region, smallest_px, peak))
    return points


@dataclass(frozen=True, slots=True)
class _OfLabel:
    """How many pixels of one label, of the window round it, and of the window at a label each
    region covers."""

    covered: np.ndarray
    least_px: float
    in_window: np.ndarray
    at_labels: np.ndarray


@dataclass(frozen=True, slots=True)
class _Claims:
    """Regions of one photo and how they lie on its labels, one entry a region where an array."""

    dataset: str
    defect_free: bool
    regions: LabelledRegions
    labels: tuple[_OfLabel, ...]
    near_px: np.ndarray
    labelled_px: int


def _claims(item: SeenPhoto, threshold: float) -> _Claims | None:
    """None for a photo that is neither clean nor defective."""
    shape = item.probability.shape
    truth = read_truth(item.photo, shape)
    if not truth.is_scored:
        return None
    probability = item.probability
    if truth.ignored is not None:
        probability = np.where(truth.ignored, np.uint8(0), probability)
    found = label_regions(probability, threshold)
    count = len(found.area_px)

    def pixels(where: np.ndarray) -> np.ndarray:
        return np.bincount(where.ravel(), minlength=count)

    return _Claims(
        item.photo.dataset,
        truth.defect_free,
        found,
        tuple(
            _OfLabel(
                pixels(found.labels[defect.pixels]),
                defect.least_px,
                pixels(found.labels[defect.window]),
                pixels(found.labels[defect.window][truth.near[defect.window]]),
            )
            for defect in truth.defects
        ),
        pixels(found.labels[truth.near]) if truth.defects else np.zeros(count, np.intp),
        int(truth.labelled.sum()),
    )


def _figures_at(
    photos: Sequence[_Claims], region: float, smallest_px: int, peak: float
) -> OperatingPoint:
    tight: dict[str, list[bool]] = {}
    found: dict[str, list[bool]] = {}
    ratios: dict[str, list[float]] = {}
    alarms: dict[bool, list[bool]] = {True: [], False: []}
    marked = stray = regions = right = 0
    for claims in photos:
        kept = claims.regions.counts(smallest_px, peak)
        name = claims.dataset
        if claims.defect_free:
            alarms[name in CLOSE_UPS].append(bool(kept.any()))
            continue
        area, near = claims.regions.area_px[kept], claims.near_px[kept]
        marked += int(area.sum())
        stray += int((area - near).sum())
        regions += len(area)
        right += int((near >= 0.5 * area).sum())
        if name in OUTLINED:
            ratios.setdefault(name, []).append(float(area.sum()) / max(claims.labelled_px, 1))
        for label in claims.labels:
            is_found = bool(label.covered[kept].sum() >= label.least_px)
            round_it = label.in_window[kept].sum()
            fits = bool(TIGHT_SHARE * label.at_labels[kept].sum() >= round_it > 0)
            found.setdefault(name, []).append(is_found)
            tight.setdefault(name, []).append(is_found and fits)
    tight_by = {name: float(np.mean(hits)) for name, hits in sorted(tight.items())}
    return OperatingPoint(
        region,
        smallest_px,
        peak,
        tight=float(np.mean(list(tight_by.values()))) if tight_by else 0.0,
        found=float(np.mean([np.mean(hits) for hits in found.values()])) if found else 0.0,
        close_ups=sum(alarms[True]),
        close_up_photos=len(alarms[True]),
        cars=sum(alarms[False]),
        car_photos=len(alarms[False]),
        stray=stray / marked if marked else 0.0,
        right=right / regions if regions else 0.0,
        tight_by=tight_by,
        area={name: float(np.median(values)) for name, values in sorted(ratios.items())},
    )


def checkpoint_figures(
    seen: Sequence[SeenPhoto], most_alarms: float = MOST_ALARMS
) -> CheckpointFigures:
    """What a training run writes beside each checkpoint, on `val`; `value` chooses the best one.

    The figures of the point that a release would choose. Its value is the share found tightly;
    below zero, and the lower the further off, where a limit of the rule is broken.
    """
    _refuse_one_kind(seen)
    point = choose_point(operating_points(seen), most_alarms)
    return {
        **point.figures(),
        "auroc": choose_score(seen)[1],
        "value": worth(point, most_alarms),
    }


def worth(point: OperatingPoint, most_alarms: float = MOST_ALARMS) -> float:
    """One number for a checkpoint: the weightiest broken limit decides, as in `choose_point`.

    Of two that break it by nearly as much, the one that finds more tightly may come first.
    """
    broken = point.broken(most_alarms)
    for below, limit in ((-20.0, "alarms"), (-10.0, "stray"), (-1.0, "area")):
        if limit in broken:
            return below - min(broken[limit], 9.0) + 0.1 * point.tight
    return point.tight


def _refuse_one_kind(seen: Sequence[SeenPhoto]) -> None:
    counted = [item.photo for item in seen if not item.photo.shows_ignored_damage_alone]
    if len({photo.defect_free for photo in counted}) < 2:
        raise TrainingError("evaluate_val_photos")


def choose_score(seen: Sequence[SeenPhoto]) -> tuple[int, float]:
    """(top_px, auroc) of the photo score that separates best on `val`."""
    best = (0, -1.0)
    for top_px in SCORE_CANDIDATES_PX:
        area = auroc(*scores_by_kind(seen, top_px))
        if area > best[1]:
            best = (top_px, area)
    return best


def scores_by_kind(seen: Sequence[SeenPhoto], top_px: int) -> tuple[np.ndarray, np.ndarray]:
    """Sorted photo scores of the defective and of the defect-free photos."""
    bad: list[float] = []
    good: list[float] = []
    for item in seen:
        if not item.photo.shows_ignored_damage_alone:
            kind = good if item.photo.defect_free else bad
            kind.append(photo_score(item.probability, top_px))
    return np.sort(bad), np.sort(good)


def choose_band(
    seen: Sequence[SeenPhoto], top_px: int, missed: float = 0.05, rejected: float = 0.05
) -> tuple[float, float]:
    """(ok_below, reject_from) of the photo scores, by `detection_curves.choose_band`."""
    return detection_curves.choose_band(*scores_by_kind(seen, top_px), missed, rejected)


def choose_on_val(seen: Sequence[SeenPhoto], most_alarms: float) -> ChosenOnVal:
    """Everything the card needs from `val`: thresholds, score and the figures that chose them.

    val.broken: by how much which limit of the rule is missed. Raises TrainingError unless there
    are defective and defect-free photos.
    """
    _refuse_one_kind(seen)
    point = choose_point(operating_points(seen), most_alarms)
    top_px, area = choose_score(seen)
    ok_below, reject_from = choose_band(seen, top_px, MISSED, REJECTED)
    bad, good = scores_by_kind(seen, top_px)
    return {
        "thresholds": {
            "region": point.region,
            "smallest_px": point.smallest_px,
            "peak": point.peak,
            "ok_below": ok_below,
            "reject_from": reject_from,
        },
        "score": {"top_px": top_px},
        "band_rule": {
            "missed": MISSED,
            "rejected": REJECTED,
            "split": "val",
            "defective": len(bad),
            "clean": len(good),
        },
        "val": {**point.figures(), "broken": point.broken(most_alarms), "auroc": area},
    }


def card_facts(chosen: ChosenOnVal, photos: int, most_alarms: float) -> Card:
    """What `choose_on_val` answered as parts of a card; photos: how many it looked at."""
    return {
        "thresholds": chosen["thresholds"],
        "score": chosen["score"],
        "band_rule": chosen["band_rule"],
        "chosen_on_val": {"photos": photos, "most_alarms": most_alarms, **chosen["val"]},
    }
