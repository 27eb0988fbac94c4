"""The report of an evaluation as one JSON value: every number that the page and the HTML show.

It is kept in the model folder as `evaluation.json`. A share is {value, hits, n, ci95, groups,
ci95_groups}, or None where n is 0; see `models.measuring.evaluate.share`. `found` means found
tightly throughout (`models.photo_sets.labels`); where a table shows both, `found_at_all` stands
beside it.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from inspection.domain.defects import UNNAMED
from inspection.domain.detection_curves import (
    brier,
    calibration_error,
    choose_band,
    isotonic,
    judge_by_band,
    reliability_bins,
)
from inspection.domain.paint_colour import PAINT_COLOURS
from inspection.domain.pod import likelier_pod
from inspection.domain.reliability import least_rate, ppv, targets_with_misses, wilson
from inspection.errors import PodRefused, TrainingError
from inspection.model_facts import (
    BandPoint,
    Calibration,
    Card,
    Evaluation,
    ExploredSet,
    Explorer,
    Found,
    LabelRow,
    Part,
    PhotoRow,
    Pod,
    PredictiveValue,
    RegionThresholds,
    Reliability,
    Share,
    Targets,
    TrialRow,
)
from models.card import EVALUATION_FILE
from models.measuring.evaluate import (
    detection_at,
    figures,
    found_share,
    photo_share,
    share,
    tight_share,
)
from models.network.unet import TYPES
from models.photo_sets.datasets import LabelledPhoto, read_photo_set

SCHEMA = 2
ALARM_SHARES = (0.01, 0.05, 0.10)
# The line's own prevalence is not known here: four, from a good line to a repair shop.
PREVALENCES = (0.005, 0.02, 0.05, 0.15)
AIM = 0.95
MOST_MISSES_LISTED = 5
# Allowed misses (and false rejects) for which the band is set on val and tried here.
BAND_SHARES = (0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.10, 0.15, 0.20, 0.30, 0.40)
# Region thresholds of the explorer; the card's own is added.
SWEEP = tuple(round(0.05 * step, 2) for step in range(2, 20))
LARGEST_FILE_BYTES = 200_000


def sweep_of(thresholds: RegionThresholds) -> tuple[float, ...]:
    """The region thresholds to try: a grid, and the one in use."""
    return tuple(sorted({*SWEEP, thresholds["region"]}))


def measure(
    rows: Sequence[PhotoRow],
    *,
    name: str,
    sha256: str,
    split: str,
    card: Card,
    val_scores: tuple[np.ndarray, np.ndarray] | None = None,
    trials: Sequence[TrialRow] = (),
) -> Evaluation:
    """Everything about the predicted photos.

    rows: of `write_predictions`, with the sweep of `sweep_of`. val_scores: photo scores of
    defective and clean photos of split val; without them nothing is calibrated. trials: of
    `rendered_trials.try_trials`.
    """
    bad = [row for row in rows if not row["defect_free"]]
    clean = [row for row in rows if row["defect_free"]]
    both = bool(bad and clean)
    of_all = figures(rows)
    whole = of_all["ALL"]
    return {
        "schema": SCHEMA,
        "made": datetime.now(UTC).strftime("%Y-%m-%d"),
        "model": {"name": name, "sha256": sha256},
        "split": split,
        "thresholds": card["thresholds"],
        "top_px": card["score"]["top_px"],
        "band_rule": card.get("band_rule"),
        "photos": {
            "n": len(rows),
            "groups": len({row["group"] for row in rows}),
            "defective": len(bad),
            "defective_groups": len({row["group"] for row in bad}),
            "clean": len(clean),
            "clean_groups": len({row["group"] for row in clean}),
        },
        "figures": of_all,
        "scores": {"defective": _sorted_scores(bad), "clean": _sorted_scores(clean)},
        "detection_at": [detection_at(bad, clean, alarm) for alarm in ALARM_SHARES] if both else [],
        "pod": {"real": _pod_of_labels(bad, clean), "rendered": _pod_of_trials(trials)},
        "recall_by": {
            "dataset": _by_dataset(rows),
            "type": _by_type(bad),
            "brightness": _by_brightness(rows),
            "colour": _by_colour(rows),
        },
        "band_curve": _band_curve(bad, clean, val_scores) if both and val_scores else [],
        "calibration": _calibration(bad, clean, val_scores) if both and val_scores else None,
        "ppv": _predictive_values(whole["photo_detection"], whole["photo_false_alarm"]),
        "targets": _targets(whole["tight_recall"]),
        "types": _types_named(bad),
        "explorer": _explorer(rows, card["thresholds"]),
    }


def _types_named(bad: Sequence[PhotoRow]) -> dict[str, dict[str, int]]:
    """Labelled type -> what its region is called -> labels; of those found tightly whose type is
    known."""
    counts: dict[str, dict[str, int]] = {}
    for row in bad:
        for label in row["labels"]:
            name = label.get("named")
            if name and label["tight"] and label["type"] != UNNAMED:
                names = counts.setdefault(label["type"], {})
                names[name] = names.get(name, 0) + 1
    return {code: dict(sorted(counts[code].items())) for code in sorted(counts)}


def photos_to_calibrate_on(data: Path, split: str) -> list[LabelledPhoto]:
    """The photos of split val where it holds both kinds; none when val itself is measured."""
    if split not in ("train", "test"):
        return []
    photos = [photo for photo in read_photo_set(data, "all") if photo.split == "val"]
    counted = [photo for photo in photos if not photo.shows_ignored_damage_alone]
    return photos if len({photo.defect_free for photo in counted}) == 2 else []


def surely_found_px(measured: Evaluation) -> float | None:
    """The a90/95 of the labelled defects in px: what size nine of ten are found from, surely.

    None where the curve gives none, or only beyond the largest defect that was tried: that would
    be no measurement.
    """
    pod = measured["pod"]["real"]
    bound = pod["fit"]["a90_95"] if pod["fit"] else None
    if bound is None or bound > max(size for size, _ in pod["points"]):
        return None
    return bound


def write_evaluation(folder: Path, measured: Evaluation) -> None:
    """Put the report into a model folder; the card has to be written anew after it.

    Raises TrainingError where it would be too large for a page to read each time.
    """
    text = json.dumps(measured, separators=(",", ":"), ensure_ascii=False)
    size = len(text.encode())
    if size > LARGEST_FILE_BYTES:
        raise TrainingError(
            "evaluate_file_too_large", file=EVALUATION_FILE, size=size, most=LARGEST_FILE_BYTES
        )
    (folder / EVALUATION_FILE).write_text(text, encoding="utf-8")


def _sorted_scores(rows: Sequence[PhotoRow]) -> list[float]:
    return sorted(round(row["score"], 4) for row in rows)


def _scores(rows: Sequence[PhotoRow]) -> np.ndarray:
    return np.array([row["score"] for row in rows])


def _pod(
    points: list[tuple[float, bool]],
    *,
    unit: str,
    groups: int,
    false_alarm: Share | None,
    false_calls: int,
) -> Pod:
    """points: (size, found) of each defect; sizes of 0 cannot be: a label has a side."""
    points = sorted(points)
    sizes = np.array([size for size, _ in points], float)
    found = np.array([hit for _, hit in points], bool)
    answer: Pod = {
        "unit": unit,
        "groups": groups,
        "false_alarm": false_alarm,
        "false_calls": false_calls,
        "n": len(points),
        "points": [[round(size, 3), int(hit)] for size, hit in points],
        "fit": None,
        "refused": None,
    }
    try:
        curve = likelier_pod(sizes, found)
    except PodRefused as refused:
        answer["refused"] = refused.reason
        return answer
    answer["fit"] = {
        "intercept": round(curve.intercept, 6),
        "slope": round(curve.slope, 6),
        "upper": round(curve.upper, 6),
        "a50": curve.size_at(0.5),
        "a90": curve.size_at(0.9),
        "a90_95": curve.bound_at(0.9),
    }
    return answer


def _pod_of_labels(bad: Sequence[PhotoRow], clean: Sequence[PhotoRow]) -> Pod:
    return _pod(
        [(label["side_px"], label["tight"]) for row in bad for label in row["labels"]],
        unit="px",
        groups=len({row["group"] for row in bad if row["labels"]}),
        false_alarm=photo_share(clean, lambda row: row["regions"] > 0),
        false_calls=sum(row["regions"] for row in clean),
    )


def _pod_of_trials(trials: Sequence[TrialRow]) -> Pod | None:
    """None without trials. Each panel is a group of its own: no two show the same scene."""
    defects = [trial for trial in trials if trial["type"]]
    clean = [trial for trial in trials if not trial["type"]]
    if not defects:
        return None
    of_kind: dict[str, list[TrialRow]] = {}
    for trial in defects:
        of_kind.setdefault(trial["type"] or "", []).append(trial)
    pod = _pod(
        [(trial["length_mm"] or 0.0, trial["tight"]) for trial in defects],
        unit="mm",
        groups=len(defects),
        false_alarm=share(sum(trial["regions"] > 0 for trial in clean), len(clean), len(clean)),
        false_calls=sum(trial["regions"] for trial in clean),
    )
    pod["by_type"] = [
        {"code": kind, **_found_of(of_kind[kind], len(of_kind[kind]))} for kind in sorted(of_kind)
    ]
    return pod


def _found_of(counted: Sequence[LabelRow] | Sequence[TrialRow], groups: int) -> Found:
    """Shares of labels or trials that are found tightly, and at all."""
    return {
        "found": share(sum(one["tight"] for one in counted), len(counted), groups),
        "found_at_all": share(sum(one["found"] for one in counted), len(counted), groups),
    }


def _part(code: str, rows: Sequence[PhotoRow]) -> Part:
    """One line of a table: photos, what was found, and false alarms beside it."""
    bad = [row for row in rows if not row["defect_free"]]
    return {
        "code": code,
        "photos": len(rows),
        "found": tight_share(bad),
        "found_at_all": found_share(bad),
        "false_alarm": photo_share(
            [row for row in rows if row["defect_free"]], lambda row: row["regions"] > 0
        ),
    }


def _by_dataset(rows: Sequence[PhotoRow]) -> list[Part]:
    names = sorted({row["dataset"] for row in rows})
    return [_part(name, [row for row in rows if row["dataset"] == name]) for name in names]


def _by_type(bad: Sequence[PhotoRow]) -> list[Part]:
    """By the type of the label; a false alarm has none."""
    answers: list[Part] = []
    for code in TYPES:
        mine = [(row, label) for row in bad for label in row["labels"] if label["type"] == code]
        if mine:
            groups = {row["group"] for row, _ in mine}
            found = _found_of([label for _, label in mine], len(groups))
            photos = len({(row["dataset"], row["stem"]) for row, _ in mine})
            answers.append({"code": code, "photos": photos, **found, "false_alarm": None})
    return answers


def _by_brightness(rows: Sequence[PhotoRow]) -> list[Part]:
    """Quartiles of the photos' median grey level, darkest first."""
    levels = np.array([row["brightness"] for row in rows])
    edges = np.quantile(levels, (0.0, 0.25, 0.5, 0.75, 1.0))
    quarter = np.searchsorted(edges[1:-1], levels, side="right")
    answers: list[Part] = []
    for number in range(4):
        mine = [row for row, q in zip(rows, quarter, strict=True) if q == number]
        if mine:
            part = _part(f"q{number + 1}", mine)
            part["from"] = round(float(edges[number]), 1)
            part["to"] = round(float(edges[number + 1]), 1)
            answers.append(part)
    return answers


def _by_colour(rows: Sequence[PhotoRow]) -> list[Part]:
    parts = {code: [row for row in rows if row["colour"] == code] for code in PAINT_COLOURS}
    return [_part(code, mine) for code, mine in parts.items() if mine]


def _band_curve(
    bad: Sequence[PhotoRow], clean: Sequence[PhotoRow], val_scores: tuple[np.ndarray, np.ndarray]
) -> list[BandPoint]:
    """The rule of the card at several allowed shares: thresholds from val, outcome here.

    It ends where the two scores meet: from there on nobody is asked.
    """
    answers: list[BandPoint] = []
    for allowed in BAND_SHARES:
        ok_below, reject_from = choose_band(*val_scores, allowed, allowed)
        outcome = judge_by_band(_scores(bad), _scores(clean), ok_below, reject_from)
        answers.append(
            {
                "allowed": allowed,
                "ok_below": ok_below,
                "reject_from": reject_from,
                "defective": [outcome.bad_passed, outcome.bad_to_person, outcome.bad_rejected],
                "clean": [outcome.good_passed, outcome.good_to_person, outcome.good_rejected],
            }
        )
        if ok_below == reject_from:
            break
    return answers


def _calibration(
    bad: Sequence[PhotoRow], clean: Sequence[PhotoRow], val_scores: tuple[np.ndarray, np.ndarray]
) -> Calibration:
    """Isotonic steps from val, and how true the score is here before and after them."""
    fitted = isotonic(*val_scores)
    scores = np.concatenate([_scores(bad), _scores(clean)])
    defective = np.arange(len(scores)) < len(bad)
    return {
        "method": "isotonic",
        "fitted_on": {"defective": len(val_scores[0]), "clean": len(val_scores[1])},
        "steps": [
            [round(start, 4), round(p, 4)]
            for start, p in zip(fitted.score_from, fitted.probability, strict=True)
        ],
        "before": _reliability(scores, defective),
        "after": _reliability(fitted.of(scores), defective),
    }


def _reliability(probability: np.ndarray, defective: np.ndarray) -> Reliability:
    bins = reliability_bins(probability, defective)
    return {
        "brier": round(brier(probability, defective), 4),
        "error": round(calibration_error(bins), 4),
        "bins": [
            {
                "predicted": round(b.predicted, 4),
                "hits": b.hits,
                "n": b.n,
                "ci95": list(wilson(b.hits, b.n)),
            }
            for b in bins
        ],
    }


def _predictive_values(detection: Share | None, false_alarm: Share | None) -> list[PredictiveValue]:
    """PPV of an alarm (any region) on a photo; low and high from the ends of both intervals."""
    if not detection or not false_alarm:
        return []
    (low_r, high_r), (low_f, high_f) = detection["ci95"], false_alarm["ci95"]
    return [
        {
            "prevalence": prevalence,
            "value": ppv(detection["value"], 1 - false_alarm["value"], prevalence),
            "low": ppv(low_r, 1 - high_f, prevalence),
            "high": ppv(high_r, 1 - low_f, prevalence),
        }
        for prevalence in PREVALENCES
    ]


def _targets(found: Share | None) -> Targets | None:
    """How many labelled defects a proof of AIM takes, and what these show; found tightly."""
    if not found:
        return None
    misses = found["n"] - found["hits"]
    return {
        "aim": AIM,
        "needed": [targets_with_misses(AIM, k) for k in range(MOST_MISSES_LISTED + 1)],
        "n": found["n"],
        "misses": misses,
        "least_rate": least_rate(found["hits"], found["n"]),
        "needed_with_misses": targets_with_misses(AIM, misses),
    }


def _explorer(rows: Sequence[PhotoRow], thresholds: RegionThresholds) -> Explorer | None:
    """Defects found tightly, and clean photos in alarm, at each region threshold, by data set."""
    if not rows or not rows[0]["sweep"]:
        return None
    sets: dict[str, ExploredSet] = {}
    for name in ["ALL", *sorted({row["dataset"] for row in rows})]:
        mine = [row for row in rows if name in ("ALL", row["dataset"])]
        bad = [row for row in mine if not row["defect_free"]]
        clean = [row for row in mine if row["defect_free"]]
        places = range(len(rows[0]["sweep"]))
        sets[name] = {
            "defects": sum(row["defects"] for row in bad),
            "found": [sum(row["sweep"][k][0] for row in bad) for k in places],
            "clean": len(clean),
            "alarms": [sum(row["sweep"][k][1] > 0 for row in clean) for k in places],
        }
    return {
        "region": list(sweep_of(thresholds)),
        "smallest_px": thresholds["smallest_px"],
        "peak": thresholds.get("peak", 0.0),
        "sets": sets,
    }
