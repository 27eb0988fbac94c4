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

from inspection.domain.reliability import wilson
from inspection.errors import TrainingError
from inspection.imaging.codec import quantise
from inspection.imaging.regions import (
    LabelledRegions,
    defect_mask,
    label_regions,
    photo_score,
)
from models.choosing import SMALLEST_PX, LabelledDefect, auroc, labelled_defects, paint_truth
from models.datasets import LabelledPhoto, batches_of_photos, read_grey

SCORE_CANDIDATES_PX = (64, 256, 1024, 4096, 16384)


@dataclass(frozen=True, slots=True)
class SeenPhoto:
    """A photo with the network's 8-bit answer for "any paint defect"."""

    photo: LabelledPhoto
    probability: np.ndarray


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
    """Run the network over the photos. segment: RGB uint8 -> float32 (H, W, 1 + T)."""
    for done, (photo, rgb) in enumerate(batches_of_photos(photos), start=1):
        yield SeenPhoto(photo, quantise(segment(rgb)[..., 0]))
        progress(done, len(photos))


def write_predictions(
    seen: Iterable[SeenPhoto], out: Path, thresholds: dict[str, Any], top_px: int
) -> list[dict[str, Any]]:
    """Write DATASET/STEM.png and scores.csv in the scorer's layout; answers a row a photo.

    A row: dataset, stem, defect_free, score, defects (labelled), found, regions (claimed).
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
        rows.append(
            {
                "dataset": photo.dataset,
                "stem": photo.stem,
                "defect_free": truth.defect_free,
                # Rounded as it is written: our AUROC and the scorer's see the same ties.
                "score": round(photo_score(item.probability, top_px), 6),
                "defects": len(truth.defects),
                "found": sum(defect.is_found(counted) for defect in truth.defects),
                "regions": cv2.connectedComponents(counted.astype(np.uint8))[0] - 1,
            }
        )
    with (out / "scores.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["dataset", "stem", "score"])
        for row in rows:
            writer.writerow([row["dataset"], row["stem"], f"{row['score']:.6f}"])
    return rows


def region_arguments(thresholds: dict[str, Any]) -> tuple[float, int, float]:
    """(threshold, smallest_px, peak) of a card for `find_regions` and `defect_mask`."""
    return thresholds["region"], thresholds["smallest_px"], thresholds.get("peak", 0.0)


def figures(rows: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Shares with hits, n and Wilson 95 % interval, for all photos and each data set.

    defect_recall: labelled defects found. photo_false_alarm: defect-free photos with any region.
    auroc: of the photo score, where both kinds of photo are present.
    """
    answers = {}
    for name in ["ALL", *sorted({row["dataset"] for row in rows})]:
        mine = [row for row in rows if name in ("ALL", row["dataset"])]
        clean = [row for row in mine if row["defect_free"]]
        bad = [row for row in mine if not row["defect_free"]]
        answers[name] = {
            "photos": len(mine),
            "defect_recall": _share(sum(r["found"] for r in bad), sum(r["defects"] for r in bad)),
            "photo_false_alarm": _share(sum(r["regions"] > 0 for r in clean), len(clean)),
            "auroc": auroc(
                np.array([r["score"] for r in bad]), np.array([r["score"] for r in clean])
            )
            if bad and clean
            else None,
        }
    return answers


def _share(hits: int, n: int) -> dict[str, Any] | None:
    if not n:
        return None
    low, high = wilson(hits, n)
    return {"value": hits / n, "hits": hits, "n": n, "ci95": [low, high]}


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """One candidate for the card's region thresholds with its figures on `val`."""

    region: float
    smallest_px: int
    peak: float
    doors: float
    defects: float
    crops: float
    cars: float


def operating_points(seen: Sequence[SeenPhoto]) -> list[OperatingPoint]:
    """Every candidate on the grid: share of defects found beside share of clean photos in alarm.

    A photo set without the doors, crops or cars is measured on all its defects or clean photos.
    """
    points = []
    for region in (0.3, 0.4, 0.5, 0.6):
        photos = [_claims(item, region) for item in seen]
        for smallest_px, peak in itertools.product(
            (16, 48, 96, 160), (0.0, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
        ):
            if not peak or peak > region:
                points.append(_figures_at(photos, region, smallest_px, peak))
    return points


@dataclass(frozen=True, slots=True)
class _Claims:
    """Regions of one photo, and how many pixels of each labelled defect each region covers."""

    photo: LabelledPhoto
    regions: LabelledRegions
    covered: tuple[np.ndarray, ...]
    least_px: tuple[float, ...]


def _claims(item: SeenPhoto, threshold: float) -> _Claims:
    shape = item.probability.shape
    probability = item.probability
    if item.photo.ignore:
        probability = np.where(read_grey(item.photo.ignore, shape), np.uint8(0), probability)
    found = label_regions(probability, threshold)
    defects = labelled_defects(item.photo, paint_truth(item.photo, shape))
    count = len(found.area_px)
    return _Claims(
        item.photo,
        found,
        tuple(np.bincount(found.labels[d.pixels], minlength=count) for d in defects),
        tuple(d.least_share * int(d.pixels.sum()) for d in defects),
    )


def _figures_at(
    photos: Sequence[_Claims], region: float, smallest_px: int, peak: float
) -> OperatingPoint:
    found: dict[str, list[bool]] = {}
    alarms: dict[str, list[bool]] = {}
    for claims in photos:
        kept = claims.regions.counts(smallest_px, peak)
        name = claims.photo.dataset
        if claims.photo.defect_free:
            alarms.setdefault(name, []).append(bool(kept.any()))
        found.setdefault(name, []).extend(
            bool(covered[kept].sum() >= least)
            for covered, least in zip(claims.covered, claims.least_px, strict=True)
        )
    every = [hit for hits in found.values() for hit in hits]
    clean = [alarm for shown in alarms.values() for alarm in shown]
    return OperatingPoint(
        region,
        smallest_px,
        peak,
        doors=float(np.mean(found.get("aihub578_door_scratch") or every)),
        defects=float(np.mean(every)),
        crops=float(np.mean(alarms.get("aihub578_clean_crops") or clean)),
        cars=float(np.mean(alarms.get("whole_cars_clean") or clean)),
    )


def choose_point(points: Sequence[OperatingPoint], most_alarms: float) -> OperatingPoint:
    """The point that finds most, among those with at most `most_alarms` clean crops in alarm.

    What is found counts on the doors and over all sets alike; clean cars in alarm cost half.
    """
    allowed = [p for p in points if p.crops <= most_alarms] or [min(points, key=lambda p: p.crops)]
    return max(allowed, key=lambda p: p.doors + p.defects - 0.5 * p.cars)


def choose_score(seen: Sequence[SeenPhoto]) -> tuple[int, float]:
    """(top_px, auroc) of the photo score that separates best on `val`."""
    best = (0, -1.0)
    for top_px in SCORE_CANDIDATES_PX:
        area = auroc(*_scores(seen, top_px))
        if area > best[1]:
            best = (top_px, area)
    return best


def _scores(seen: Sequence[SeenPhoto], top_px: int) -> tuple[np.ndarray, np.ndarray]:
    """Sorted photo scores of the defective and of the defect-free photos."""
    bad, good = [], []
    for item in seen:
        kind = good if item.photo.defect_free else bad
        kind.append(photo_score(item.probability, top_px))
    return np.sort(bad), np.sort(good)


def choose_band(
    seen: Sequence[SeenPhoto], top_px: int, missed: float = 0.05, rejected: float = 0.05
) -> tuple[float, float]:
    """(ok_below, reject_from): between the two a person decides.

    ok_below: highest score that lets at most `missed` of the defective photos pass as OK.
    reject_from: lowest score that rejects at most `rejected` of the clean ones. When the network
    is good enough that the two cross, both take their middle and nobody is asked.
    """
    bad, good = _scores(seen, top_px)
    ok_below = float(bad[int(missed * len(bad))])
    reject_from = float(good[min(len(good) - 1, int(np.ceil((1 - rejected) * len(good))))])
    if ok_below > reject_from:
        ok_below = reject_from = (ok_below + reject_from) / 2
    return round(ok_below, 4), round(reject_from, 4)


def choose_on_val(seen: Sequence[SeenPhoto], most_alarms: float) -> dict[str, Any]:
    """Everything the card needs from `val`: thresholds, score and the figures that chose them.

    Raises TrainingError unless there are defective and defect-free photos.
    """
    if len({item.photo.defect_free for item in seen}) < 2:
        raise TrainingError("choosing thresholds needs defective and defect-free photos")
    point = choose_point(operating_points(seen), most_alarms)
    top_px, area = choose_score(seen)
    ok_below, reject_from = choose_band(seen, top_px)
    return {
        "thresholds": {
            "region": point.region,
            "smallest_px": point.smallest_px,
            "peak": point.peak,
            "ok_below": ok_below,
            "reject_from": reject_from,
        },
        "score": {"top_px": top_px},
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
            f"| {name} | {row['photos']} | {_words(row['defect_recall'])} "
            f"| {_words(row['photo_false_alarm'])} | {area} |"
        )
    return "\n".join(lines) + "\n"


def _words(share: dict[str, Any] | None) -> str:
    if share is None:
        return "–"
    low, high = share["ci95"]
    return f"{share['hits']} of {share['n']} = {share['value']:.1%} ({low:.1%}–{high:.1%})"
