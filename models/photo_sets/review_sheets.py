"""Sheets of places where a network sees a mark and no label says anything, for a person to judge.

A round of active learning: the sheets show what the network asks about, `verdicts.csv` takes the
answers, and training reads them from the file of reviewed places (`models.photo_sets.reviewed`).
"""

import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from inspection.errors import TrainingError
from inspection.imaging.regions import label_regions
from models.photo_sets.datasets import LabelledPhoto, read_rgb
from models.photo_sets.reviewed import (
    Outline,
    ReviewedPlace,
    Verdict,
    flat_of,
    points_of,
    read_reviewed,
    write_reviewed,
)

# What is asked about: regions from the first probability on that reach the second.
SEEN_FROM, SURE_FROM = 0.4, 0.62
SMALLEST_PX = 16
# A region counts as known where so much of it lies within so many px of a label.
KNOWN_SHARE, KNOWN_WITHIN_PX = 0.2, 8

# How far an outline that no flaw fits may be off, at most and of its length.
SKETCHED_PX, SKETCHED_SHARE = 8.0, 0.02

TILE_PX, TILES_A_ROW, ROWS = 150, 5, 10
PLACES, VERDICTS = "places.json", "verdicts.csv"


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """One region to be judged: where it lies and how it looks without and with its outline."""

    photo: LabelledPhoto
    outlines: tuple[Outline, ...]
    tile: np.ndarray


def write_sheets(
    levels: Callable[[np.ndarray], np.ndarray],
    photos: Sequence[LabelledPhoto],
    out: Path,
    reviewed: Path,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> int:
    """Write `sheet_NN.png`, `places.json` and an empty `verdicts.csv`; answers how many places.

    levels: RGB uint8 (H, W, 3) -> levels uint8 (H, W, C). reviewed: places in this file are not
    asked about again; it need not exist.
    """
    if (out / VERDICTS).exists():
        raise TrainingError("review_taken", file=out / VERDICTS)
    known = read_reviewed(reviewed) if reviewed.exists() else {}
    places: list[_Place] = []
    for done, photo in enumerate(photos, 1):
        rgb = read_rgb(photo.image)
        answer = np.ascontiguousarray(levels(rgb)[..., 0])
        places += _unlabelled(photo, rgb, answer, known.get((photo.dataset, photo.stem), ()))
        progress(done, len(photos))
    out.mkdir(parents=True, exist_ok=True)
    a_sheet = TILES_A_ROW * ROWS
    for first in range(0, len(places), a_sheet):
        tiles = [place.tile for place in places[first : first + a_sheet]]
        sheet = out / f"sheet_{first // a_sheet:02d}.png"
        cv2.imwrite(str(sheet), cv2.cvtColor(_sheet(tiles, first), cv2.COLOR_RGB2BGR))
    written = [[p.photo.dataset, p.photo.stem, [flat_of(o) for o in p.outlines]] for p in places]
    (out / PLACES).write_text(json.dumps(written), encoding="utf-8")
    with (out / VERDICTS).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("number", "verdict"), *((n, "") for n in range(len(places)))])
    return len(places)


def take_verdicts(out: Path, reviewed: Path) -> dict[str, int]:
    """Add the verdicts of a folder of sheets to the file of reviewed places; answers their counts.

    What was taken from the same sheets before gives way, also where a verdict was emptied since.
    Raises TrainingError, and changes nothing, where a verdict is not one of ours; those left empty
    are counted as "not judged".
    """
    try:
        asked: list[Any] = json.loads((out / PLACES).read_text(encoding="utf-8"))
        with (out / VERDICTS).open(encoding="utf-8", newline="") as file:
            given = {int(row["number"]): row["verdict"].strip() for row in csv.DictReader(file)}
    except (OSError, ValueError, KeyError) as error:
        raise TrainingError("review_no_sheets", folder=out, why=error) from None
    places = dict(read_reviewed(reviewed)) if reviewed.exists() else {}
    counts = dict.fromkeys([*Verdict, "not judged"], 0)
    for number, (dataset, stem, outlines) in enumerate(asked):
        answer = given.get(number, "")
        if answer and answer not in list(Verdict):
            raise TrainingError(
                "review_answer",
                file=out / VERDICTS,
                answer=repr(answer),
                number=number,
                known=", ".join(Verdict),
            )
        counts[answer or "not judged"] += 1
        before = {_judged(verdict, flat) for verdict in Verdict for flat in outlines}
        kept = [place for place in places.pop((dataset, stem), ()) if place not in before]
        if answer:
            kept += [_judged(Verdict(answer), flat) for flat in outlines]
        if kept:
            places[dataset, stem] = tuple(kept)
    write_reviewed(reviewed, places)
    return {str(what): count for what, count in counts.items()}


def _judged(verdict: Verdict, flat: Sequence[float]) -> ReviewedPlace:
    outline: np.ndarray = np.array(flat, np.int32).reshape(-1, 1, 2)
    if verdict is not Verdict.MARK:
        # Trims and gaps have long outlines, and nothing hangs on each pixel: a sketch will do.
        tolerance = min(SKETCHED_PX, SKETCHED_SHARE * cv2.arcLength(outline, True))
        outline = cv2.approxPolyDP(outline, tolerance, True)
    return ReviewedPlace(verdict, points_of(outline.ravel().tolist()))


def _unlabelled(
    photo: LabelledPhoto, rgb: np.ndarray, levels: np.ndarray, known: Sequence[ReviewedPlace]
) -> list[_Place]:
    near = _near_labels(photo, levels.shape)
    for place in known:
        near |= place.pixels(levels.shape)
    found = label_regions(levels, SEEN_FROM)
    places = []
    for number in np.flatnonzero(found.counts(SMALLEST_PX, SURE_FROM)):
        own = found.labels == number
        if near[own].mean() > KNOWN_SHARE:
            continue
        outlines = _outlines(own)
        if outlines:
            places.append(_Place(photo, outlines, _tile(rgb, own, found.boxes[number])))
    return places


def _near_labels(photo: LabelledPhoto, shape: tuple[int, int]) -> np.ndarray:
    near = np.zeros(shape, bool)
    for label in photo.instances:
        if "bbox" in label:
            x, y, w, h = (round(v) for v in label["bbox"])
        else:
            points = np.concatenate([np.reshape(part, (-1, 2)) for part in label["poly"]])
            x, y, w, h = cv2.boundingRect(points.astype(np.float32))
        reach = KNOWN_WITHIN_PX
        near[max(0, y - reach) : y + h + reach, max(0, x - reach) : x + w + reach] = True
    return near


def _outlines(own: np.ndarray) -> tuple[Outline, ...]:
    """One for each fragment: what lies between two of them is no mark."""
    contours, _ = cv2.findContours(own.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    simple = (cv2.approxPolyDP(contour, 1.0, True) for contour in contours)
    return tuple(
        points_of(outline.ravel().astype(int).tolist()) for outline in simple if len(outline) > 2
    )


def _tile(rgb: np.ndarray, own: np.ndarray, box: np.ndarray) -> np.ndarray:
    """The place and its surroundings twice, left as it is, right with the outline in green."""
    height, width = own.shape
    x, y, w, h = box.tolist()
    side = max(90, 3 * max(w, h) // 2)
    left = max(0, min(width - side, x + w // 2 - side // 2))
    top = max(0, min(height - side, y + h // 2 - side // 2))
    window = np.s_[top : top + side, left : left + side]
    seen = rgb[window]
    factor = TILE_PX / max(seen.shape[:2])
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    seen = cv2.resize(seen, None, fx=factor, fy=factor, interpolation=how)
    shape = seen.shape[1::-1]
    inside = cv2.resize(own[window].astype(np.uint8), shape, interpolation=cv2.INTER_NEAREST)
    contours, _ = cv2.findContours(inside, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    tile = np.zeros((TILE_PX, 2 * TILE_PX, 3), np.uint8)
    tile[: shape[1], : shape[0]] = seen
    tile[: shape[1], TILE_PX : TILE_PX + shape[0]] = cv2.drawContours(
        seen.copy(), contours, -1, (0, 255, 0), 1
    )
    return tile


def _sheet(tiles: Sequence[np.ndarray], first: int) -> np.ndarray:
    """Tiles row by row, each with its number."""
    sheet = np.zeros((ROWS * TILE_PX, 2 * TILES_A_ROW * TILE_PX, 3), np.uint8)
    for place, tile in enumerate(tiles):
        row, column = divmod(place, TILES_A_ROW)
        shown = cv2.putText(tile.copy(), str(first + place), (2, 14), 0, 0.5, (255, 0, 0), 2)
        cv2.rectangle(shown, (0, 0), (2 * TILE_PX - 1, TILE_PX - 1), (90, 90, 90), 1)
        top, left = row * TILE_PX, 2 * column * TILE_PX
        sheet[top : top + TILE_PX, left : left + 2 * TILE_PX] = shown
    return sheet
