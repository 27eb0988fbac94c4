"""Predictions for the scorer, and its figures: what fits first, what is merely found beside it.

Masks go through the same regions as on the line, so what is scored is what is served.
"""

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from inspection.domain import detection_curves
from inspection.domain.paint_colour import paint_colour
from inspection.domain.reliability import Confusion, wilson
from inspection.imaging import quality
from inspection.imaging.codec import likeliest_types, quantise
from inspection.imaging.regions import defect_mask, label_regions, named, photo_score
from inspection.model_facts import (
    DetectionAt,
    Evaluation,
    Figures,
    OfMarks,
    PhotoRow,
    RegionThresholds,
    Share,
)
from models.card import region_arguments
from models.photo_sets.datasets import LabelledPhoto, batches_of_photos, read_grey
from models.photo_sets.labels import (
    SMALLEST_PX,
    LabelledDefect,
    labelled_defects,
    near_labels,
    outline_f1,
    paint_truth,
)


@dataclass(frozen=True, slots=True)
class SeenPhoto:
    """A photo with the network's 8-bit answer for "any paint defect".

    median_rgb: the photo's median colour, 0–255 each. kind: uint8 (H, W), index into `types` of the
    likeliest type of each pixel; None where types were not asked for. problems: codes of what
    keeps the line from judging the photo (too dark, glare, blurred).
    """

    photo: LabelledPhoto
    probability: np.ndarray
    median_rgb: tuple[float, float, float] = (0.0, 0.0, 0.0)
    kind: np.ndarray | None = None
    types: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def brightness(self) -> float:
        """Grey level of the median colour, 0–255 (ITU-R BT.601)."""
        red, green, blue = self.median_rgb
        return 0.299 * red + 0.587 * green + 0.114 * blue


@dataclass(frozen=True, slots=True)
class Fit:
    """How a mask lies on the labels of one photo.

    regions: claimed; right: those half of which lie at a label. found, tight: one entry a label.
    of_marks: what is said of a defective photo alone.
    """

    regions: int
    right: int
    found: list[bool]
    tight: list[bool]
    of_marks: OfMarks


@dataclass(frozen=True)
class Truth:
    """What counts on one photo, as the scorer reads it.

    labelled: bool (H, W), the photo's mask without what is ignored. ignored: bool (H, W) or None.
    defect_free: nothing labelled that counts. is_scored: False where the only damage is ignored:
    such a photo is neither clean nor defective.
    """

    defects: tuple[LabelledDefect, ...]
    labelled: np.ndarray
    ignored: np.ndarray | None
    defect_free: bool

    @property
    def is_scored(self) -> bool:
        return not self.defect_free or self.ignored is None or not self.ignored.any()

    @cached_property
    def near(self) -> np.ndarray:
        return near_labels(self.defects, self.labelled.shape)

    def counted(self, mask: np.ndarray) -> np.ndarray:
        """The claims of a mask, uint8 (H, W), that count: bool, ignored pixels and specks out."""
        claims = mask > 0
        if self.ignored is not None:
            claims &= ~self.ignored
        return _without_specks(claims)

    def fit(self, counted: np.ndarray) -> Fit:
        """How a `counted` mask lies on the labels: the photo's part of each figure.

        Of a defect-free photo nothing but its regions is said.
        """
        count, numbers = cv2.connectedComponents(counted.astype(np.uint8), connectivity=8)
        found = [defect.is_found(counted) for defect in self.defects]
        if self.defect_free:
            return Fit(regions=count - 1, right=0, found=found, tight=found, of_marks={})
        tight = [
            hit and defect.is_found_tightly(counted, self.near)
            for hit, defect in zip(found, self.defects, strict=True)
        ]
        whole = np.bincount(numbers.ravel(), minlength=count)[1:]
        there = np.bincount(numbers[self.near], minlength=count)[1:]
        pieces = sum(
            len(np.unique(numbers[defect.pixels & counted]))
            for hit, defect in zip(tight, self.defects, strict=True)
            if hit
        )
        return Fit(
            regions=count - 1,
            right=int((there >= 0.5 * whole).sum()),
            found=found,
            tight=tight,
            of_marks={
                "pieces": pieces,
                "edge": outline_f1(counted, self.labelled) if self.defects else 0.0,
                "marked_px": int(counted.sum()),
                "stray_px": int((counted & ~self.near).sum()),
                "labelled_px": int(self.labelled.sum()),
                "covered_px": int((counted & self.labelled).sum()),
            },
        )


def read_truth(photo: LabelledPhoto, shape: tuple[int, int]) -> Truth:
    """The labels, ignored pixels and kind of one photo of `shape`."""
    truth = paint_truth(photo, shape)
    defects = tuple(labelled_defects(photo, truth))
    return Truth(
        defects,
        truth,
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
    types: Sequence[str] = (),
) -> Iterable[SeenPhoto]:
    """Run the network over the photos.

    segment: RGB uint8 -> (H, W, 1 + T), probabilities or levels of 255. types: the T types, where
    they are to be kept.
    """
    for done, (photo, rgb) in enumerate(batches_of_photos(photos), start=1):
        # Every fourth pixel gives the same median in a sixteenth of the time.
        red, green, blue = np.median(rgb[::4, ::4].reshape(-1, 3), axis=0).tolist()
        answer = segment(rgb)
        levels = quantise(answer[..., 0])
        kind = likeliest_types(answer, levels) if types else None
        problems = quality.problems(quality.measure_quality(rgb))
        yield SeenPhoto(photo, levels, (red, green, blue), kind, tuple(types), problems)
        progress(done, len(photos))


def write_predictions(
    seen: Iterable[SeenPhoto],
    out: Path,
    thresholds: RegionThresholds,
    top_px: int,
    sweep: Sequence[float] = (),
) -> list[PhotoRow]:
    """Write DATASET/STEM.png and scores.csv in the scorer's layout; answers a row a scored photo.

    A row: dataset, stem, group, defect_free, score, defects (labelled), found and tight (of them),
    what `Truth.fit` says of the mask, proposed_ok (the line's own verdict on a photo whose scale is
    given: no region, a score below the band where there is one, nothing wrong with the photo),
    brightness, colour, labels (type, side_px, found, tight and named of each defect; named:
    what its region is called, None where nothing is found or types
    were not asked for), and sweep: (tight, regions) at each region threshold asked for.
    """
    out.mkdir(parents=True, exist_ok=True)
    rows: list[PhotoRow] = []
    scores: list[list[str]] = []
    for item in seen:
        photo = item.photo
        mask = defect_mask(item.probability, *region_arguments(thresholds))
        place = out / photo.dataset
        place.mkdir(exist_ok=True)
        cv2.imwrite(str(place / f"{photo.stem}.png"), mask)
        # Rounded as it is written: our AUROC and the scorer's see the same ties.
        score = round(photo_score(item.probability, top_px), 6)
        scores.append([photo.dataset, photo.stem, f"{score:.6f}"])
        truth = read_truth(photo, mask.shape)
        if not truth.is_scored:
            continue
        counted = truth.counted(mask)
        fit = truth.fit(counted)
        rows.append(
            {
                "dataset": photo.dataset,
                "stem": photo.stem,
                "group": photo.group,
                "defect_free": truth.defect_free,
                "score": score,
                "defects": len(truth.defects),
                "regions": fit.regions,
                "right": fit.right,
                "found": sum(fit.found),
                "tight": sum(fit.tight),
                **fit.of_marks,
                "proposed_ok": not (mask.any() or item.problems or score >= _ok_below(thresholds)),
                "brightness": round(item.brightness, 1),
                "colour": paint_colour(*item.median_rgb),
                "labels": [
                    {
                        "type": defect.code,
                        "side_px": defect.side_px,
                        "found": hit,
                        "tight": fits,
                        "named": name,
                    }
                    for defect, hit, fits, name in zip(
                        truth.defects,
                        fit.found,
                        fit.tight,
                        _names(item, truth, counted, thresholds["region"]),
                        strict=True,
                    )
                ],
                "sweep": [_at_threshold(item, truth, thresholds, region) for region in sweep],
            }
        )
    with (out / "scores.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["dataset", "stem", "score"])
        writer.writerows(scores)
    return rows


def _ok_below(thresholds: RegionThresholds) -> float:
    """1 where only regions are to be found, not photos to be judged."""
    told = thresholds.get("ok_below", 1.0)
    return told if isinstance(told, float | int) else 1.0


def _names(item: SeenPhoto, truth: Truth, counted: np.ndarray, region: float) -> list[str | None]:
    """What the region on each label is called, that with most pixels on it."""
    if item.kind is None or not counted.any():
        return [None] * len(truth.defects)
    found = label_regions(item.probability, region)
    names = []
    for defect in truth.defects:
        numbers = np.bincount(found.labels[defect.pixels & counted], minlength=1)
        number = int(numbers[1:].argmax()) + 1 if numbers[1:].any() else 0
        window = found.window(number)
        own = found.labels[window] == number
        seen = item.kind[window][own], item.probability[window][own]
        names.append(named(*seen, item.types) if number else None)
    return names


def _at_threshold(
    item: SeenPhoto, truth: Truth, thresholds: RegionThresholds, region: float
) -> tuple[int, int]:
    """(found tightly, regions claimed) at another region threshold, the others as they are."""
    mask = defect_mask(item.probability, *region_arguments({**thresholds, "region": region}))
    counted = truth.counted(mask)
    tight = sum(defect.is_found_tightly(counted, truth.near) for defect in truth.defects)
    return tight, cv2.connectedComponents(counted.astype(np.uint8), connectivity=8)[0] - 1


def figures(rows: Sequence[PhotoRow]) -> dict[str, Figures]:
    """Shares with hits, n and Wilson 95 % interval, for all photos and each data set.

    They are the scorer's, by its names. tight_recall: labelled defects found tightly, the figure
    that counts: what is found at all can be bought by marking everything. photo_tight: defective
    photos with one. photo_false_alarm: defect-free photos with any region. clean_not_ok: those of
    which the line would not propose `ok`, the ones for a person included. defect_recall,
    photo_detection: the same of what is found at all. defect_precision: regions on defective
    photos that lie at a label. stray: marked pixels of defective photos far from any label.
    area_ratio: median and quartiles of marked / labelled pixels of a defective photo. pieces: mean
    number of regions on a tightly found label. dice: of all pixels together. boundary_f1: mean of
    the defective photos. auroc of the photo score and detection_at_5pct_alarm only where both
    kinds of photo are present.
    """
    return {
        name: _figures_of([row for row in rows if name in ("ALL", row["dataset"])])
        for name in ["ALL", *sorted({row["dataset"] for row in rows})]
    }


Counted = Literal[
    "right", "regions", "stray_px", "marked_px", "labelled_px", "covered_px", "pieces", "tight"
]


def _figures_of(rows: Sequence[PhotoRow]) -> Figures:
    clean = [row for row in rows if row["defect_free"]]
    bad = [row for row in rows if not row["defect_free"]]
    scores = [np.array([row["score"] for row in kind]) for kind in (bad, clean)]
    both = bool(bad and clean)

    def total(name: Counted) -> int:
        return sum(row[name] for row in bad)

    ratios = [row["marked_px"] / max(row["labelled_px"], 1) for row in bad]
    both_px = total("marked_px") + total("labelled_px")
    return {
        "photos": len(rows),
        "tight_recall": tight_share(bad),
        "photo_tight": photo_share(bad, lambda row: row["tight"] > 0),
        "photo_false_alarm": photo_share(clean, lambda row: row["regions"] > 0),
        "clean_not_ok": photo_share(clean, lambda row: not row["proposed_ok"]),
        "defect_recall": found_share(bad),
        "photo_detection": photo_share(bad, lambda row: row["found"] > 0),
        "defect_precision": share(
            total("right"), total("regions"), _groups(row for row in bad if row["regions"])
        ),
        "stray": share(
            total("stray_px"), total("marked_px"), _groups(row for row in bad if row["marked_px"])
        ),
        "area_ratio": [float(v) for v in np.quantile(ratios, (0.5, 0.25, 0.75))] if bad else None,
        "pieces": total("pieces") / total("tight") if total("tight") else None,
        "dice": 2 * total("covered_px") / both_px if both_px else None,
        "boundary_f1": float(np.mean([row["edge"] for row in bad])) if bad else None,
        "auroc": auroc(*scores) if both else None,
        "detection_at_5pct_alarm": detection_at(bad, clean, 0.05)["detection"] if both else None,
    }


def detection_at(
    bad: Sequence[PhotoRow], clean: Sequence[PhotoRow], alarm_share: float
) -> DetectionAt:
    """Photos detected by their score where at most `alarm_share` of the clean ones alarm."""
    cut = detection_curves.cut_at(np.array([row["score"] for row in clean]), alarm_share)
    return {
        "alarm_share": alarm_share,
        "threshold": round(cut, 4),
        "detection": photo_share(bad, lambda row: row["score"] > cut),
        "false_alarm": photo_share(clean, lambda row: row["score"] > cut),
    }


def photo_share(rows: Sequence[PhotoRow], counts: Callable[[PhotoRow], bool]) -> Share | None:
    """Share of the photos that count."""
    return share(sum(map(counts, rows)), len(rows), _groups(rows))


def tight_share(rows: Sequence[PhotoRow]) -> Share | None:
    """Share of the labelled defects that are found tightly."""
    return _defect_share(rows, "tight")


def found_share(rows: Sequence[PhotoRow]) -> Share | None:
    """Share of the labelled defects that are found at all: `tight_share` stands before it."""
    return _defect_share(rows, "found")


def _defect_share(rows: Sequence[PhotoRow], which: Literal["found", "tight"]) -> Share | None:
    return share(
        sum(row[which] for row in rows),
        sum(row["defects"] for row in rows),
        _groups(row for row in rows if row["defects"]),
    )


def _groups(rows: Iterable[PhotoRow]) -> int:
    return len({row["group"] for row in rows})


def share(hits: int, n: int, groups: int) -> Share | None:
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


def auroc(bad: np.ndarray, good: np.ndarray) -> float:
    """Chance that a defective photo scores above a clean one, ties counted half."""
    order = np.sort(good)
    below = np.searchsorted(order, bad, side="left")
    upto = np.searchsorted(order, bad, side="right")
    return float(((below + upto) / 2).mean() / len(good))


def report_text(report: Evaluation) -> str:
    """The figures as a Markdown table, with n and interval."""
    lines = [
        f"# {report['model']['name']} on split {report['split']}",
        "",
        f"Model SHA-256 {report['model']['sha256'][:12]}…, thresholds {report['thresholds']}.",
        "",
        "| photos | n | found tightly (95 %) | clean photos in alarm (95 %) "
        "| clean photos not proposed ok (95 %) | found at all "
        "| marked / labelled area (quartiles) | stray | right regions | AUROC |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, row in report["figures"].items():
        area = "–" if row["auroc"] is None else f"{row['auroc']:.3f}"
        lines.append(
            f"| {name} | {row['photos']} | {share_words(row['tight_recall'])} "
            f"| {share_words(row['photo_false_alarm'])} | {share_words(row['clean_not_ok'])} "
            f"| {_per_cent(row['defect_recall'])} "
            f"| {_ratio_words(row['area_ratio'])} | {_per_cent(row['stray'])} "
            f"| {_per_cent(row['defect_precision'])} | {area} |"
        )
    return "\n".join([*lines, "", *_confusion_lines(report["types"])]) + "\n"


def _confusion_lines(types: dict[str, dict[str, int]]) -> list[str]:
    """The table of true and said types; nothing where no label found has a type."""
    if not types:
        return []
    found = Confusion(types)
    return [
        "Types of the labels found tightly whose type is known: "
        f"{found.right} of {found.n} named right.",
        "",
        f"| labelled \\ named | {' | '.join(found.names)} | n |",
        f"|---|{'---|' * (len(found.names) + 1)}",
        *(f"| {code} | {' | '.join(map(str, counts))} |" for code, counts in found.table()),
    ]


def share_words(share: Share | None) -> str:
    """A share with hits, n and interval as a person reads it."""
    if share is None:
        return "–"
    low, high = share["ci95"]
    return f"{share['hits']} of {share['n']} = {share['value']:.1%} ({low:.1%}–{high:.1%})"


def _per_cent(share: Share | None) -> str:
    return "–" if share is None else f"{share['value']:.1%}"


def _ratio_words(ratio: list[float] | None) -> str:
    return "–" if ratio is None else f"{ratio[0]:.2f} ({ratio[1]:.2f}–{ratio[2]:.2f})"
