"""Predictions for the scorer, and the choice of the operating point on split `val`.

Masks go through the same regions as on the line, so what is scored is what is served.
"""

import csv
import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from inspection.domain import detection_curves
from inspection.domain.paint_colour import paint_colour
from inspection.domain.reliability import wilson
from inspection.errors import TrainingError
from inspection.imaging.codec import quantise
from inspection.imaging.regions import (
    LabelledRegions,
    defect_mask,
    label_regions,
    photo_score,
)
from models.card import region_arguments
from models.datasets import LabelledPhoto, batches_of_photos, read_grey
from models.labels import SMALLEST_PX, LabelledDefect, labelled_defects, paint_truth

SCORE_CANDIDATES_PX = (64, 256, 1024, 4096, 16384)
# A claimed region is right when half of it lies within 10 px of a label: labels are coarse.
NEAR_PX = 10
# Lower ones find more by flooding: at 0.1 more than half of a damaged car's photo is marked, and
# of the marked pixels of val one in twelve lies on a label (at 0.3 one in eight).
REGION_CANDIDATES = (0.5, 0.4, 0.3)
# From 0.7 on about every level of the 8-bit map: two steps of 0.0125 lay 8 found defects apart.
PEAK_CANDIDATES = (0, 0.5, 0.6, 0.65, *(n / 200 for n in range(140, 191)))
# Share of the clean crops of `val` that may be in alarm where a release says nothing else.
MOST_ALARMS = 0.05
# Whole cars show handles, lamps and grilles that no close photo of a panel shows.
CAR_ALARMS = 2.5
# Shares of the val photos that the band between the two scores may let go wrong.
BAND_RULE = {"missed": 0.05, "rejected": 0.05}


@dataclass(frozen=True, slots=True)
class SeenPhoto:
    """A photo with the network's 8-bit answer for "any paint defect".

    median_rgb: the photo's median colour, 0–255 each.
    """

    photo: LabelledPhoto
    probability: np.ndarray
    median_rgb: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def brightness(self) -> float:
        """Grey level of the median colour, 0–255 (ITU-R BT.601)."""
        red, green, blue = self.median_rgb
        return 0.299 * red + 0.587 * green + 0.114 * blue


@dataclass(frozen=True, slots=True)
class Truth:
    """What counts on one photo, as the scorer reads it.

    ignored: bool (H, W) or None. defect_free: nothing labelled that counts; also true of a photo
    whose only damage is ignored.
    """

    defects: tuple[LabelledDefect, ...]
    ignored: np.ndarray | None
    defect_free: bool

    def counted(self, mask: np.ndarray) -> np.ndarray:
        """The claims of a mask, uint8 (H, W), that count: bool, ignored pixels and specks out."""
        claims = mask > 0
        if self.ignored is not None:
            claims &= ~self.ignored
        return _without_specks(claims)

    def regions(self, counted: np.ndarray) -> tuple[int, int]:
        """(claimed, right): regions of a `counted` mask, and those that lie at a label."""
        count, labels = cv2.connectedComponents(counted.astype(np.uint8), connectivity=8)
        if count == 1 or not self.defects:
            return count - 1, 0
        near = _near(self.defects, labels.shape)
        whole = np.bincount(labels.ravel(), minlength=count)[1:]
        there = np.bincount(labels[near], minlength=count)[1:]
        return count - 1, int((there >= 0.5 * whole).sum())


def _near(defects: Sequence[LabelledDefect], shape: tuple[int, int]) -> np.ndarray:
    """Pixels within NEAR_PX of a label, bool (H, W)."""
    marked = np.zeros(shape, np.uint8)
    for defect in defects:
        marked[defect.pixels] = 1
    return cv2.dilate(marked, np.ones((2 * NEAR_PX + 1,) * 2)) > 0


def read_truth(photo: LabelledPhoto, shape: tuple[int, int]) -> Truth:
    """The labels, ignored pixels and kind of one photo of `shape`."""
    truth = paint_truth(photo, shape)
    defects = tuple(labelled_defects(photo, truth))
    return Truth(
        defects,
        read_grey(photo.ignore, shape) if photo.ignore else None,
        defect_free=not defects and not truth.any(),
    )


def _without_specks(claims: np.ndarray) -> np.ndarray:
    """Claims, bool (H, W), without connected pieces below SMALLEST_PX: the scorer drops them."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(claims.astype(np.uint8), connectivity=8)
    large = stats[:, cv2.CC_STAT_AREA] >= SMALLEST_PX
    large[0] = False
    return large[labels]


def look_at(
    segment: Callable[[np.ndarray], np.ndarray],
    photos: Sequence[LabelledPhoto],
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Iterable[SeenPhoto]:
    """Run the network over the photos.

    segment: RGB uint8 -> (H, W, 1 + T), probabilities or levels of 255.
    """
    for done, (photo, rgb) in enumerate(batches_of_photos(photos), start=1):
        # Every fourth pixel gives the same median in a sixteenth of the time.
        median_rgb = tuple(float(v) for v in np.median(rgb[::4, ::4].reshape(-1, 3), axis=0))
        yield SeenPhoto(photo, quantise(segment(rgb)[..., 0]), median_rgb)
        progress(done, len(photos))


def write_predictions(
    seen: Iterable[SeenPhoto],
    out: Path,
    thresholds: dict[str, Any],
    top_px: int,
    sweep: Sequence[float] = (),
) -> list[dict[str, Any]]:
    """Write DATASET/STEM.png and scores.csv in the scorer's layout; answers a row a photo.

    A row: dataset, stem, group, defect_free, score, defects (labelled), found, regions (claimed)
    and how many of them are right, brightness, colour, labels (type, side_px, found of each
    defect), and sweep: (found, regions) at each region threshold asked for.
    """
    out.mkdir(parents=True, exist_ok=True)
    rows = []
    for item in seen:
        photo = item.photo
        mask = defect_mask(item.probability, *region_arguments(thresholds))
        place = out / photo.dataset
        place.mkdir(exist_ok=True)
        cv2.imwrite(str(place / f"{photo.stem}.png"), mask)
        truth = read_truth(photo, mask.shape)
        counted = truth.counted(mask)
        hits = [defect.is_found(counted) for defect in truth.defects]
        regions, right = truth.regions(counted)
        rows.append(
            {
                "dataset": photo.dataset,
                "stem": photo.stem,
                "group": photo.group,
                "defect_free": truth.defect_free,
                # Rounded as it is written: our AUROC and the scorer's see the same ties.
                "score": round(photo_score(item.probability, top_px), 6),
                "defects": len(truth.defects),
                "found": sum(hits),
                "regions": regions,
                "right": right,
                "brightness": round(item.brightness, 1),
                "colour": paint_colour(*item.median_rgb),
                "labels": [
                    {"type": defect.code, "side_px": defect.side_px, "found": hit}
                    for defect, hit in zip(truth.defects, hits, strict=True)
                ],
                "sweep": [_at_threshold(item, truth, thresholds, region) for region in sweep],
            }
        )
    with (out / "scores.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["dataset", "stem", "score"])
        for row in rows:
            writer.writerow([row["dataset"], row["stem"], f"{row['score']:.6f}"])
    return rows


def _at_threshold(
    item: SeenPhoto, truth: Truth, thresholds: dict[str, Any], region: float
) -> tuple[int, int]:
    """(defects found, regions claimed) at another region threshold, the others as they are."""
    mask = defect_mask(item.probability, *region_arguments({**thresholds, "region": region}))
    counted = truth.counted(mask)
    found = sum(defect.is_found(counted) for defect in truth.defects)
    return found, cv2.connectedComponents(counted.astype(np.uint8), connectivity=8)[0] - 1


def figures(rows: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Shares with hits, n and Wilson 95 % interval, for all photos and each data set.

    They are the scorer's, by its names. photo_detection: defective photos with a found defect.
    photo_false_alarm: defect-free photos with any region. defect_recall: labelled defects found.
    defect_precision: regions on defective photos that lie at a label. auroc of the photo score
    and detection_at_5pct_alarm only where both kinds of photo are present.
    """
    return {
        name: _figures_of([row for row in rows if name in ("ALL", row["dataset"])])
        for name in ["ALL", *sorted({row["dataset"] for row in rows})]
    }


def _figures_of(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    clean = [row for row in rows if row["defect_free"]]
    bad = [row for row in rows if not row["defect_free"]]
    scores = [np.array([row["score"] for row in kind]) for kind in (bad, clean)]
    both = bool(bad and clean)
    return {
        "photos": len(rows),
        "photo_detection": photo_share(bad, lambda row: row["found"] > 0),
        "photo_false_alarm": photo_share(clean, lambda row: row["regions"] > 0),
        "defect_recall": defect_share(bad),
        "defect_precision": share(
            sum(row["right"] for row in bad),
            sum(row["regions"] for row in bad),
            _groups(row for row in bad if row["regions"]),
        ),
        "auroc": auroc(*scores) if both else None,
        "detection_at_5pct_alarm": detection_at(bad, clean, 0.05)["detection"] if both else None,
    }


def detection_at(
    bad: Sequence[dict[str, Any]], clean: Sequence[dict[str, Any]], alarm_share: float
) -> dict[str, Any]:
    """Photos detected by their score where at most `alarm_share` of the clean ones alarm."""
    cut = detection_curves.cut_at(np.array([row["score"] for row in clean]), alarm_share)
    return {
        "alarm_share": alarm_share,
        "threshold": round(cut, 4),
        "detection": photo_share(bad, lambda row: row["score"] > cut),
        "false_alarm": photo_share(clean, lambda row: row["score"] > cut),
    }


def photo_share(
    rows: Sequence[dict[str, Any]], counts: Callable[[dict[str, Any]], bool]
) -> dict[str, Any] | None:
    """Share of the photos that count."""
    return share(sum(map(counts, rows)), len(rows), _groups(rows))


def defect_share(rows: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """Share of the labelled defects that are found."""
    return share(
        sum(row["found"] for row in rows),
        sum(row["defects"] for row in rows),
        _groups(row for row in rows if row["defects"]),
    )


def _groups(rows: Iterable[dict[str, Any]]) -> int:
    return len({row["group"] for row in rows})


def share(hits: int, n: int, groups: int) -> dict[str, Any] | None:
    """hits of n with its Wilson interval; ci95_groups counts photos of one group once.

    Photos of one car are not independent of each other: with the number of groups as n the
    interval is as wide as if each group were a single trial. None when n is 0.
    """
    if not n:
        return None
    return {
        "value": hits / n,
        "hits": hits,
        "n": n,
        "ci95": list(wilson(hits, n)),
        "groups": groups,
        "ci95_groups": list(wilson(hits / n * groups, groups)),
    }


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """One candidate for the card's region thresholds with its figures on `val`, each 0–1.

    doors, defects: labelled defects found, on the doors and everywhere. crops, cars: clean photos
    in alarm. right: regions claimed on doors that lie at a label.
    """

    region: float
    smallest_px: int
    peak: float
    doors: float
    defects: float
    crops: float
    cars: float
    right: float = 0.0


def operating_points(
    seen: Sequence[SeenPhoto],
    regions: Sequence[float] = REGION_CANDIDATES,
    peaks: Sequence[float] = PEAK_CANDIDATES,
) -> list[OperatingPoint]:
    """Every candidate on the grid: share of defects found beside share of clean photos in alarm.

    A low region threshold with a high peak is a hysteresis: faint pixels count where they hang
    together with sure ones.
    A photo set without the doors, crops or cars is measured on all its defects or clean photos.
    """
    points = []
    for region in regions:
        photos = [_claims(item, region) for item in seen]
        for smallest_px, peak in itertools.product(
            # No larger: a nib of 2 mm covers 50 px at 0.25 mm a pixel, and no val photo shows one.
            (16, 48),
            peaks,
        ):
            if not peak or peak > region:
                points.append(_figures_at(photos, region, smallest_px, peak))
    return points


@dataclass(frozen=True, slots=True)
class _Claims:
    """Regions of one photo, and how many pixels of each labelled defect each region covers.

    right: bool, one entry a region: at least half of it lies at a label.
    """

    photo: LabelledPhoto
    regions: LabelledRegions
    covered: tuple[np.ndarray, ...]
    least_px: tuple[float, ...]
    right: np.ndarray


def _claims(item: SeenPhoto, threshold: float) -> _Claims:
    shape = item.probability.shape
    probability = item.probability
    if item.photo.ignore:
        probability = np.where(read_grey(item.photo.ignore, shape), np.uint8(0), probability)
    found = label_regions(probability, threshold)
    defects = labelled_defects(item.photo, paint_truth(item.photo, shape))
    count = len(found.area_px)
    there = np.bincount(found.labels[_near(defects, shape)], minlength=count)
    return _Claims(
        item.photo,
        found,
        tuple(np.bincount(found.labels[d.pixels], minlength=count) for d in defects),
        tuple(d.least_share * int(d.pixels.sum()) for d in defects),
        there >= 0.5 * found.area_px,
    )


def _figures_at(
    photos: Sequence[_Claims], region: float, smallest_px: int, peak: float
) -> OperatingPoint:
    found: dict[str, list[bool]] = {}
    alarms: dict[str, list[bool]] = {}
    right: dict[str, list[bool]] = {}
    for claims in photos:
        kept = claims.regions.counts(smallest_px, peak)
        name = claims.photo.dataset
        if claims.photo.defect_free:
            alarms.setdefault(name, []).append(bool(kept.any()))
        else:
            right.setdefault(name, []).extend(claims.right[kept].tolist())
        found.setdefault(name, []).extend(
            bool(covered[kept].sum() >= least)
            for covered, least in zip(claims.covered, claims.least_px, strict=True)
        )
    every = [hit for hits in found.values() for hit in hits]
    clean = [alarm for shown in alarms.values() for alarm in shown]
    claimed = [is_right for regions in right.values() for is_right in regions]
    return OperatingPoint(
        region,
        smallest_px,
        peak,
        doors=float(np.mean(found.get("aihub578_door_scratch") or every)),
        defects=float(np.mean(every)),
        crops=float(np.mean(alarms.get("aihub578_clean_crops") or clean)),
        cars=float(np.mean(alarms.get("whole_cars_clean") or clean)),
        right=float(np.mean(right.get("aihub578_door_scratch") or claimed or [False])),
    )


def choose_point(points: Sequence[OperatingPoint], most_alarms: float) -> OperatingPoint:
    """The point that finds most, among those with few enough false alarms.

    At most `most_alarms` of the clean crops and CAR_ALARMS times as many of the clean whole cars
    may be in alarm; where no point is that quiet, the quietest one is taken. What is found counts
    on the doors and over all sets alike, and the share of regions that are right counts half.
    """
    allowed = [p for p in points if _is_quiet(p, most_alarms)]
    return max(allowed, key=_worth) if allowed else min(points, key=_noise)


def allowed_alarms(most_alarms: float) -> dict[str, float]:
    """Share of the clean crops and of the clean whole cars that may be in alarm."""
    return {"crops": most_alarms, "cars": CAR_ALARMS * most_alarms}


def _is_quiet(point: OperatingPoint, most_alarms: float) -> bool:
    return all(getattr(point, kind) <= most for kind, most in allowed_alarms(most_alarms).items())


def _worth(point: OperatingPoint) -> float:
    return point.doors + point.defects + 0.5 * point.right


def _noise(point: OperatingPoint) -> float:
    return point.crops + point.cars / CAR_ALARMS


def checkpoint_figures(
    seen: Sequence[SeenPhoto], most_alarms: float = MOST_ALARMS
) -> dict[str, float]:
    """What a training run writes beside each checkpoint, on `val`; `value` chooses the best one.

    The figures of the point that a release would choose. Its worth is the value; below zero,
    and the lower the noisier, where no point is quiet enough to be released.
    """
    _refuse_one_kind(seen)
    point = choose_point(operating_points(seen), most_alarms)
    value = _worth(point) if _is_quiet(point, most_alarms) else -_noise(point)
    return {**asdict(point), "auroc": choose_score(seen)[1], "value": value}


def _refuse_one_kind(seen: Sequence[SeenPhoto]) -> None:
    if len({item.photo.defect_free for item in seen}) < 2:
        raise TrainingError("choosing on val needs defective and defect-free photos")


def auroc(bad: np.ndarray, good: np.ndarray) -> float:
    """Chance that a defective photo scores above a clean one, ties counted half."""
    order = np.sort(good)
    below = np.searchsorted(order, bad, side="left")
    upto = np.searchsorted(order, bad, side="right")
    return float(((below + upto) / 2).mean() / len(good))


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
    bad, good = [], []
    for item in seen:
        kind = good if item.photo.defect_free else bad
        kind.append(photo_score(item.probability, top_px))
    return np.sort(bad), np.sort(good)


def choose_band(
    seen: Sequence[SeenPhoto], top_px: int, missed: float = 0.05, rejected: float = 0.05
) -> tuple[float, float]:
    """(ok_below, reject_from) of the photo scores, by `detection_curves.choose_band`."""
    return detection_curves.choose_band(*scores_by_kind(seen, top_px), missed, rejected)


def choose_on_val(seen: Sequence[SeenPhoto], most_alarms: float) -> dict[str, Any]:
    """Everything the card needs from `val`: thresholds, score and the figures that chose them.

    Raises TrainingError unless there are defective and defect-free photos.
    """
    _refuse_one_kind(seen)
    point = choose_point(operating_points(seen), most_alarms)
    top_px, area = choose_score(seen)
    ok_below, reject_from = choose_band(seen, top_px, **BAND_RULE)
    defective = sum(not item.photo.defect_free for item in seen)
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
            **BAND_RULE,
            "split": "val",
            "defective": defective,
            "clean": len(seen) - defective,
        },
        "val": {**asdict(point), "auroc": area},
    }


def report_text(report: dict[str, Any]) -> str:
    """The figures as a Markdown table, with n and interval."""
    lines = [
        f"# {report['model']['name']} on split {report['split']}",
        "",
        f"Model SHA-256 {report['model']['sha256'][:12]}…, thresholds {report['thresholds']}.",
        "",
        "| photos | n | defects found (95 %) | clean photos in alarm (95 %) | AUROC |",
        "|---|---|---|---|---|",
    ]
    for name, row in report["figures"].items():
        area = "–" if row["auroc"] is None else f"{row['auroc']:.3f}"
        lines.append(
            f"| {name} | {row['photos']} | {share_words(row['defect_recall'])} "
            f"| {share_words(row['photo_false_alarm'])} | {area} |"
        )
    return "\n".join(lines) + "\n"


def share_words(share: dict[str, Any] | None) -> str:
    """A share with hits, n and interval as a person reads it."""
    if share is None:
        return "–"
    low, high = share["ci95"]
    return f"{share['hits']} of {share['n']} = {share['value']:.1%} ({low:.1%}–{high:.1%})"
