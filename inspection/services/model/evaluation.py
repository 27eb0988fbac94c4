"""What an evaluation measured, as frames and counts for charts, tables and the threshold explorer.

The report is the JSON value of `models.measuring.report`: `report.json` of an evaluation, or
`evaluation.json` in the folder of the model that was measured.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import pandas as pd

from inspection.domain.cost import OperatingPoint
from inspection.domain.detection_curves import judge_by_band, roc
from inspection.domain.pod import PodCurve
from inspection.domain.reliability import wilson
from inspection.model_facts import Calibration, Card, Comparison, Evaluation, Explorer, Pod
from inspection.services.model.card import EVERY_SET, Share
from inspection.services.worker.parent import ModelState

EVALUATION_FILE = "evaluation.json"
COMPARISON_FILE = "comparison.json"
SCHEMA = 2
PARTS = ("dataset", "type", "brightness", "colour")
# Stretches of size of the observed points: for the eye alone, the fit has none.
SIZE_STRETCHES = 8

Report = Evaluation


def model_folder(models_dir: Path, model: ModelState) -> Path | None:
    """The folder below `models_dir` that holds the served model, measured again or not."""
    for place in sorted(models_dir.glob("*/card.json")):
        card = _read(place)
        if card is not None and _identity(card) == _identity(model.card):
            return place.parent
    return None


def card_of(folder: Path | None, model: ModelState) -> Card:
    """The served model's card as it stands now: `evaluate --write-card` may have added figures
    since the model was opened."""
    found = _read(folder / "card.json") if folder else None
    return cast(Card, found) if found else model.card


def read_evaluation(folder: Path | None, model: ModelState) -> Report | None:
    """The measured curves of the served model; None where its folder holds none that are its own.

    The card names their hash, so a file that was changed or made for other thresholds is none.
    """
    expected = card_of(folder, model).get("files", {}).get(EVALUATION_FILE)
    if folder is None or expected is None:
        return None
    try:
        content = (folder / EVALUATION_FILE).read_bytes()
        report: Any = json.loads(content)
    except (OSError, ValueError):
        return None
    fits = (
        hashlib.sha256(content).hexdigest() == expected
        and report.get("schema") == SCHEMA
        and report["model"]["sha256"] == model.sha256
    )
    return report if fits else None


def read_comparison(folder: Path | None, model: ModelState) -> Comparison | None:
    """The table of `python -m inspection compare` beside the card; None where there is none, or
    where it compares another model."""
    found = _read(folder / COMPARISON_FILE) if folder else None
    if not found or not found.get("rows"):
        return None
    compared = found.get("model", {}).get("sha256", model.sha256)
    return cast(Comparison, found) if compared == model.sha256 else None


def _read(place: Path) -> dict[str, Any] | None:
    """A JSON table; None where it cannot be read."""
    try:
        found = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _identity(card: Mapping[str, Any]) -> list[Any]:
    """What makes a model this one: all of its card but what was measured on it."""
    parts = [card.get(key) for key in ("name", "types", "input", "thresholds", "score")]
    files = card.get("files") or {}
    return [*parts, {name: files[name] for name in files if name != EVALUATION_FILE}]


def roc_points(report: Report) -> pd.DataFrame:
    """false_alarm, detection, threshold; empty where one kind of photo is missing."""
    bad, good = _scores(report)
    if not (len(bad) and len(good)):
        return pd.DataFrame(columns=["false_alarm", "detection", "threshold"])
    curve = roc(bad, good)
    # "No alarm at all" has no finite threshold: one above any score says the same.
    threshold = np.where(np.isinf(curve.threshold), 1.0, curve.threshold)
    return pd.DataFrame(
        {
            "false_alarm": curve.false_alarm,
            "detection": curve.detection,
            "threshold": threshold,
        }
    )


def operating_points(report: Report) -> tuple[OperatingPoint, ...]:
    """What each threshold of the photo score does on the measured photos, thresholds falling;
    empty where one kind of photo is missing."""
    return tuple(
        OperatingPoint(row.threshold, row.detection, row.false_alarm)
        for row in roc_points(report).itertuples()
    )


def roc_marks(report: Report) -> pd.DataFrame:
    """The points at 1, 5 and 10 % false alarms, with the columns of `roc_points`."""
    return pd.DataFrame(
        [
            (row["false_alarm"]["value"], row["detection"]["value"], row["threshold"])
            for row in report["detection_at"]
            if row["false_alarm"] and row["detection"]
        ],
        columns=["false_alarm", "detection", "threshold"],
    )


def pod_curve(pod: Pod) -> pd.DataFrame:
    """size, pod over the sizes that were measured; empty where no curve was fitted."""
    fit = pod["fit"]
    if fit is None:
        return pd.DataFrame(columns=["size", "pod"])
    sizes = [size for size, _ in pod["points"]]
    grid = np.geomspace(min(sizes), max(sizes), 120)
    curve = PodCurve(fit["intercept"], fit["slope"], fit["upper"], (), pod["n"], 0, 0.0)
    return pd.DataFrame({"size": grid, "pod": curve.pod(grid)})


def pod_observed(pod: Pod) -> pd.DataFrame:
    """size (geometric mean), smallest, largest, share, low, high, hits, n: stretches of equally
    many defects."""
    points = np.array(pod["points"], float).reshape(-1, 2)
    parts = np.array_split(points, min(SIZE_STRETCHES, max(1, len(points) // 5)))
    rows = []
    for part in parts:
        if not len(part):
            continue
        hits, n = int(part[:, 1].sum()), len(part)
        low, high = wilson(hits, n)
        middle = math.exp(np.log(part[:, 0]).mean())
        rows.append((middle, part[0, 0], part[-1, 0], hits / n, low, high, hits, n))
    columns = ["size", "smallest", "largest", "share", "low", "high", "hits", "n"]
    return pd.DataFrame(rows, columns=columns)


def pod_marks(pod: Pod) -> pd.DataFrame:
    """name, size, share of a50, a90 and a90/95 as far as they exist and lie in sight.

    A size far beyond the largest measured one is an extrapolation: it stands in the words only.
    """
    sizes = [size for size, _ in pod["points"]]
    marks: list[tuple[str, float, float]] = []
    if fit := pod["fit"]:
        marks = [
            (name, size, share)
            for name, size, share in (
                ("a50", fit["a50"], 0.5),
                ("a90", fit["a90"], 0.9),
                ("a90_95", fit["a90_95"], 0.9),
            )
            if size and min(sizes) / 3 <= size <= max(sizes) * 3
        ]
    return pd.DataFrame(marks, columns=["name", "size", "share"])


def band_points(report: Report) -> pd.DataFrame:
    """A row an allowed share of errors: the two scores set on val, and the outcome here.

    allowed, ok_below, reject_from, to_person (of all photos), missed (of the defective photos,
    passed as OK) and rejected (of the clean ones) with _low and _high, passed_defective and
    passed (photos passed as OK), bad_to_person, good_to_person (photos).
    """
    rows = []
    for row in report["band_curve"]:
        passed, asked, turned_down = row["defective"]
        clean_passed, clean_asked, clean_turned_down = row["clean"]
        bad, good = passed + asked + turned_down, clean_passed + clean_asked + clean_turned_down
        missed_low, missed_high = wilson(passed, bad)
        rejected_low, rejected_high = wilson(clean_turned_down, good)
        rows.append(
            {
                "allowed": row["allowed"],
                "ok_below": row["ok_below"],
                "reject_from": row["reject_from"],
                "to_person": (asked + clean_asked) / (bad + good),
                "missed": passed / bad,
                "missed_low": missed_low,
                "missed_high": missed_high,
                "rejected": clean_turned_down / good,
                "rejected_low": rejected_low,
                "rejected_high": rejected_high,
                "passed_defective": passed,
                "passed": passed + clean_passed,
                "bad_to_person": asked,
                "good_to_person": clean_asked,
                "rejected_clean": clean_turned_down,
                "bad": bad,
                "good": good,
            }
        )
    return pd.DataFrame(rows)


def reliability_points(report: Report, when: Literal["before", "after"]) -> pd.DataFrame:
    """predicted, observed, low, high, hits, n "before" or "after" calibration."""
    rows = [
        (b["predicted"], b["hits"] / b["n"], *b["ci95"], b["hits"], b["n"])
        for b in calibration_of(report)[when]["bins"]
    ]
    return pd.DataFrame(rows, columns=["predicted", "observed", "low", "high", "hits", "n"])


def threshold_points(report: Report, dataset: str = EVERY_SET) -> pd.DataFrame:
    """region, found and alarms with _low and _high; NaN where a set has no such photos."""
    rows = []
    for region in explorer_of(report)["region"]:
        found, alarms = at_region(report, dataset, region)
        rows.append((region, *_ends(found), *_ends(alarms)))
    columns = [
        "region",
        *("found", "found_low", "found_high"),
        *("alarms", "alarms_low", "alarms_high"),
    ]
    return pd.DataFrame(rows, columns=columns)


@dataclass(frozen=True, slots=True)
class Explored:
    """What three thresholds would do on the photos that were measured.

    found, alarms: by the region threshold; labelled defects, and clean photos with any region.
    The others are photos by their score: passed as OK, sent to a person, rejected.
    """

    found: Share | None
    alarms: Share | None
    bad_passed: Share | None
    bad_to_person: Share | None
    bad_rejected: Share | None
    good_passed: Share | None
    good_to_person: Share | None
    good_rejected: Share | None
    to_person: Share | None


def explore(report: Report, region: float, ok_below: float, reject_from: float) -> Explored:
    """The counts at a region threshold of the grid and at two photo scores."""
    found, alarms = at_region(report, EVERY_SET, region)
    band = judge_by_band(*_scores(report), ok_below, reject_from)
    return Explored(
        found=found,
        alarms=alarms,
        bad_passed=_counted(band.bad_passed, band.bad),
        bad_to_person=_counted(band.bad_to_person, band.bad),
        bad_rejected=_counted(band.bad_rejected, band.bad),
        good_passed=_counted(band.good_passed, band.good),
        good_to_person=_counted(band.good_to_person, band.good),
        good_rejected=_counted(band.good_rejected, band.good),
        to_person=_counted(band.bad_to_person + band.good_to_person, band.photos),
    )


def at_region(report: Report, dataset: str, region: float) -> tuple[Share | None, Share | None]:
    """(defects found, clean photos in alarm) of one data set at a region threshold of the grid."""
    explorer = explorer_of(report)
    place, own = explorer["region"].index(region), explorer["sets"][dataset]
    found, alarms = own["found"][place], own["alarms"][place]
    return _counted(found, own["defects"]), _counted(alarms, own["clean"])


def calibration_of(report: Report) -> Calibration:
    """ValueError where nothing was calibrated: a page asks first."""
    if report["calibration"] is None:
        raise ValueError("this evaluation has calibrated nothing")
    return report["calibration"]


def explorer_of(report: Report) -> Explorer:
    """ValueError where one region threshold alone was tried: a page asks first."""
    if report["explorer"] is None:
        raise ValueError("this evaluation has tried one region threshold alone")
    return report["explorer"]


def _scores(report: Report) -> tuple[np.ndarray, np.ndarray]:
    scores = report["scores"]
    return np.array(scores["defective"], float), np.array(scores["clean"], float)


def _counted(hits: int, n: int) -> Share | None:
    return Share(hits / n, hits, n, *wilson(hits, n)) if n else None


def _ends(share: Share | None) -> tuple[float, float, float]:
    return (share.value, share.low, share.high) if share else (math.nan,) * 3
