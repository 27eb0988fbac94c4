"""Our U-Net beside what it could have been: one rule, the same photos, one table.

A detector that stands trained in the output folder is loaded, and what it answered on a photo is
kept under its hash: with a new served network only that one is asked again.
"""

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from inspection.errors import TrainingError
from inspection.model_facts import (
    ComparedPhotos,
    ComparedRow,
    Comparison,
    Figures,
    PhotoRow,
    RegionThresholds,
)
from models.card import COMPARISON_FILE
from models.measuring.evaluate import SeenPhoto, figures, look_at, share_words, write_predictions
from models.measuring.operating import (
    AREA_RATIOS,
    MOST_ALARMS,
    MOST_STRAY,
    OperatingPoint,
    choose_point,
    choose_score,
    operating_points,
)
from models.photo_sets.datasets import LabelledPhoto, read_photo_set, read_rgb
from models.rivals.detectors import Detector, Plan, Say, evenly, open_detectors
from models.segmenter import open_segmenter

AT_HALF: RegionThresholds = {"region": 0.5, "smallest_px": 16, "peak": 0.0}
RULE = (
    "Chosen on split val, scored on split test. Of all combinations of region threshold, smallest "
    "region and surest pixel the one that finds most tightly, as the mean over the damaged data "
    "sets, while {alarms:.0%} of new clean photos at most are expected in alarm, {stray:.0%} of "
    "the marked pixels at most stray from the labels and masks are {low:g} to {high:g} times as "
    "large as what people outlined; where none keeps all of it, alarms come first, then what "
    "strays, then the area. The served network keeps the thresholds of its card, which are 0.3 or "
    "more; the others may go down to 0.02, since some of them are never sure of anything. The row "
    "at 0.5 is not chosen at all."
)
REGION_CANDIDATES = (0.5, 0.4, 0.3, 0.2, 0.1, 0.05, 0.02)
PEAK_CANDIDATES = (0, *(round(0.05 * step, 2) for step in range(1, 20)))
TIMED_PHOTOS = 6


def compare(plan: Plan, out: Path, model_folder: Path, say: Say = print) -> Comparison:
    """Train or load, choose on val, score on test; writes and answers the comparison.

    out: gets `comparison.md`, `comparison.json` and a folder a detector with its predictions in
    the scorer's layout.
    """
    val, test = read_photo_set(plan.data, "val"), read_photo_set(plan.data, "test")
    if len({photo.defect_free for photo in val}) < 2:
        raise TrainingError("compare_val_photos")
    served = open_segmenter(model_folder)
    most_alarms = served.card.get("chosen_on_val", {}).get("most_alarms", MOST_ALARMS)
    detectors = open_detectors(plan, out, model_folder, served, say)
    speed = speeds(detectors, evenly(test, TIMED_PHOTOS))
    rows: list[ComparedRow] = []
    counts: ComparedPhotos = {"split": "test", "n": 0, "defects": 0, "clean": 0}
    for detector in detectors:
        folder = out / detector.name
        thresholds: RegionThresholds
        if detector.name == "served":
            thresholds, top_px = served.card["thresholds"], served.card["score"]["top_px"]
        else:
            thresholds, top_px = choose(detector, val, folder, most_alarms, say)
        cuts: list[tuple[str, RegionThresholds]] = [(detector.name, thresholds)]
        if detector.name == "original":
            cuts.insert(0, ("original_at_half", AT_HALF))
        for name, cut in cuts:
            scored = score(detector, test, out, name, cut, top_px, say)
            counts = {
                "split": "test",
                "n": len(scored),
                "defects": sum(row["defects"] for row in scored),
                "clean": sum(row["defect_free"] for row in scored),
            }
            rows.append(
                {
                    "name": name,
                    "what": detector.what,
                    "parameters": detector.parameters,
                    "mpx_per_s": round(speed[detector.name], 3),
                    "threshold": cut["region"],
                    "smallest_px": cut["smallest_px"],
                    "peak": cut.get("peak", 0.0),
                    "training": detector.made,
                    "figures": figures(scored),
                }
            )
    answer: Comparison = {
        "photos": counts,
        "rule": RULE.format(
            alarms=most_alarms, stray=MOST_STRAY, low=AREA_RATIOS[0], high=AREA_RATIOS[1]
        ),
        "model": {"name": served.name, "sha256": served.sha256},
        "rows": rows,
    }
    (out / "comparison.md").write_text(comparison_text(answer), encoding="utf-8")
    write_comparison(answer, out)
    return answer


def write_comparison(answer: Comparison, folder: Path) -> None:
    text = json.dumps(answer, indent=1, ensure_ascii=False)
    (folder / COMPARISON_FILE).write_text(text + "\n", encoding="utf-8")


def choose(
    detector: Detector, val: Sequence[LabelledPhoto], folder: Path, most_alarms: float, say: Say
) -> tuple[RegionThresholds, int]:
    """(thresholds, top_px of the photo score) by RULE."""

    def measure() -> dict[str, object]:
        seen = list(answers(detector, val, folder, say))
        points = operating_points(seen, REGION_CANDIDATES, PEAK_CANDIDATES)
        return {
            "points": [asdict(point) for point in points],
            "top_px": choose_score(seen)[0],
        }

    known = _kept(folder / "val.json", [detector.sha256, len(val), RULE], measure)
    point = choose_point([OperatingPoint(**kept) for kept in known["points"]], most_alarms)
    cut: RegionThresholds = {
        "region": point.region,
        "smallest_px": point.smallest_px,
        "peak": point.peak,
    }
    return cut, known["top_px"]


def score(
    detector: Detector,
    test: Sequence[LabelledPhoto],
    out: Path,
    name: str,
    thresholds: RegionThresholds,
    top_px: int,
    say: Say,
) -> list[PhotoRow]:
    """A row a photo of `test`, and the predictions under NAME in the scorer's layout."""

    def measure() -> list[PhotoRow]:
        place = out / name / "predictions"
        shutil.rmtree(place, ignore_errors=True)
        seen = answers(detector, test, out / detector.name, say)
        return write_predictions(seen, place, thresholds, top_px)

    # Rows of an earlier version do not say what is found tightly.
    key = [detector.sha256, len(test), thresholds, top_px, "tight"]
    return _kept(out / name / "test.json", key, measure)


def _kept(path: Path, key: Any, measure: Callable[[], Any]) -> Any:
    """What `path` holds for this key, measured and written first where it holds another."""
    key = json.loads(json.dumps(key))
    if path.is_file():
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept["key"] == key:
            return kept["value"]
    value = json.loads(json.dumps(measure(), default=_plain))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"key": key, "value": value}), encoding="utf-8")
    return value


def _plain(number: np.generic) -> Any:
    return number.item()


def answers(
    detector: Detector, photos: Sequence[LabelledPhoto], folder: Path, say: Say = print
) -> Iterator[SeenPhoto]:
    """The detector's map of every photo, 8 bit as the line keeps it, from the folder where known.

    Maps of an earlier version of the detector are removed.
    """
    maps = folder / f"maps-{detector.sha256[:12]}"
    for old in folder.glob("maps-*"):
        if old != maps:
            shutil.rmtree(old)
    places = [maps / photo.dataset / f"{photo.stem}.png" for photo in photos]
    missing = [photo for photo, place in zip(photos, places, strict=True) if not place.is_file()]
    if missing:
        say(f"{detector.name}: {len(missing)} photos")
    for item in look_at(detector.segment, missing):
        place = maps / item.photo.dataset / f"{item.photo.stem}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        partial = place.with_suffix(".partial.png")
        cv2.imwrite(str(partial), item.probability, [cv2.IMWRITE_PNG_COMPRESSION, 1])
        os.replace(partial, place)
    for photo, place in zip(photos, places, strict=True):
        yield SeenPhoto(photo, np.asarray(cv2.imread(str(place), cv2.IMREAD_GRAYSCALE)))


def speeds(
    detectors: Sequence[Detector], photos: Sequence[LabelledPhoto], rounds: int = 2
) -> dict[str, float]:
    """Megapixels a second from photo to map, all detectors in turn on each photo.

    The better of two rounds counts: what else the machine does slows one, never speeds it up.
    """
    taken = {detector.name: 0.0 for detector in detectors}
    pixels = 0
    for photo in photos:
        rgb = read_rgb(photo.image)
        pixels += rgb.shape[0] * rgb.shape[1]
        best = dict.fromkeys(taken, np.inf)
        for _ in range(rounds):
            for detector in detectors:
                started = time.perf_counter()
                detector.segment(rgb)
                spent = time.perf_counter() - started
                best[detector.name] = min(best[detector.name], spent)
        for name, spent in best.items():
            taken[name] += spent
    return {name: pixels / 1e6 / spent for name, spent in taken.items()}


def comparison_text(answer: Comparison) -> str:
    """Two Markdown tables: over all photos, and what is found tightly or in alarm by data set."""
    photos, rows = answer["photos"], answer["rows"]
    lines = [
        f"# Detectors compared on split {photos['split']}",
        "",
        f"{photos['n']} photos, {photos['defects']} labelled defects, {photos['clean']} photos "
        f"without one. Shares with Wilson 95 % intervals. {answer['rule']}",
        "",
        "| detector | found tightly | clean photos in alarm | found at all | AUROC | parameters "
        "| Mpx/s | threshold, px, peak | training |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        every = row["figures"]["ALL"]
        lines.append(
            f"| {row['name']} | {share_words(every['tight_recall'])} "
            f"| {share_words(every['photo_false_alarm'])} "
            f"| {share_words(every['defect_recall'])} | {_area(every['auroc'])} "
            f"| {row['parameters']:,} | {row['mpx_per_s']:.2f} "
            f"| {row['threshold']:g}, {row['smallest_px']}, {row['peak']:g} "
            f"| {_training_words(row['training'])} |"
        )
    names = [name for name in rows[0]["figures"] if name != "ALL"]
    lines += ["", "| detector | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for row in rows:
        cells = [_either(row["figures"][name]) for name in names]
        lines.append(f"| {row['name']} | " + " | ".join(cells) + " |")
    lines += ["", *(f"- {row['name']}: {row['what']}." for row in rows)]
    return "\n".join(lines) + "\n"


def _area(area: float | None) -> str:
    return "–" if area is None else f"{area:.3f}"


def _training_words(made: Mapping[str, float]) -> str:
    words = [f"{made['minutes']:g} min"] if "minutes" in made else []
    if "processor_minutes" in made:
        words.append(f"{made['processor_minutes']:g} on the processor")
    words += [f"{made['steps']:,} steps"] if "steps" in made else []
    words += [f"{made['seen']:,} photos or crops"] if "seen" in made else []
    return ", ".join(words) or "–"


def _either(row: Figures) -> str:
    """What is found tightly where there are defects, else what is in alarm."""
    if row["tight_recall"]:
        return f"tightly {share_words(row['tight_recall'])}"
    return f"alarm {share_words(row['photo_false_alarm'])}"
