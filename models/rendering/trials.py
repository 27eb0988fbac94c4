"""Held-out rendered panels for detection by true size: one defect a panel, in millimetres.

No real photo of ours has a known scale. These panels are in no training set: their seed is their
own, and they choose nothing.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np

from inspection.imaging.codec import quantise
from inspection.imaging.regions import defect_mask
from inspection.model_facts import RegionThresholds, TrialRow
from models.card import region_arguments
from models.photo_sets.datasets import read_grey, read_rgb
from models.photo_sets.labels import COVERED, LabelledDefect, near_labels
from models.rendering.defects import DEFECT_TYPES, DefectRequest
from models.rendering.panel import Conditions, render_panel

SEED = 20_260
MM_PER_PX = 0.25
SIDE_PX = 640
# Lengths are drawn evenly over the orders of magnitude: the whole range is 0.3 to 50 mm.
LENGTH_MM = {
    "scratch": (1.0, 50.0),
    "dent": (3.0, 50.0),
    "chip": (0.3, 10.0),
    "dust_inclusion": (0.3, 5.0),
    "crater": (0.3, 5.0),
    "run_sag": (3.0, 50.0),
}
# One clean panel for every two with a defect: false calls stand beside each curve.
DEFECTS_PER_CLEAN = 2


@dataclass(frozen=True, slots=True)
class Trial:
    """One panel. type, length_mm: of its only defect; None on a clean one."""

    stem: str
    type: str | None
    length_mm: float | None


def rendered_trials(
    folder: Path, count: int, done: Callable[[], object] = lambda: None
) -> list[Trial]:
    """`count` panels with a defect and half as many without, rendered into `folder` once.

    Panels that are there already, of the same renderer and number, are taken as they are.
    """
    made_by = {"count": count, "seed": SEED, "renderer": _renderer_sha256()}
    kept = folder / "trials.json"
    if kept.is_file():
        found = json.loads(kept.read_text(encoding="utf-8"))
        if found["made_by"] == made_by:
            return [Trial(**trial) for trial in found["trials"]]
    folder.mkdir(parents=True, exist_ok=True)
    trials = []
    for number in range(count + count // DEFECTS_PER_CLEAN):
        trials.append(_render(folder, number, with_defect=number < count))
        done()
    text = json.dumps({"made_by": made_by, "trials": [asdict(trial) for trial in trials]})
    kept.write_text(text, encoding="utf-8")
    return trials


def try_trials(
    segment: Callable[[np.ndarray], np.ndarray],
    folder: Path,
    trials: list[Trial],
    thresholds: RegionThresholds,
    done: Callable[[], object] = lambda: None,
) -> list[TrialRow]:
    """A row a panel: type, length_mm, tight and found, and regions claimed where nothing is.

    The exact mask is a label like a person's: the same share of it must be covered, the same share
    of what is marked round it must lie there.
    """
    rows: list[TrialRow] = []
    for trial in trials:
        probability = quantise(segment(read_rgb(folder / f"{trial.stem}.png"))[..., 0])
        claimed = defect_mask(probability, *region_arguments(thresholds)) > 0
        row: TrialRow = {
            "type": trial.type,
            "length_mm": trial.length_mm,
            "tight": False,
            "found": False,
            "regions": 0,
        }
        if trial.type:
            truth = read_grey(folder / f"{trial.stem}_mask.png", claimed.shape)
            defect = LabelledDefect(truth, COVERED, may_lie=truth)
            row["found"] = defect.is_found(claimed)
            row["tight"] = defect.is_found_tightly(claimed, near_labels([defect], claimed.shape))
        else:
            row["regions"] = cv2.connectedComponents(claimed.astype(np.uint8))[0] - 1
        rows.append(row)
        done()
    return rows


def _render(folder: Path, number: int, *, with_defect: bool) -> Trial:
    stem = f"trial_{number:04d}"
    # A defect that would lie off the paint altogether is drawn anew.
    for attempt in range(20):
        rng = np.random.default_rng((SEED, number, attempt))
        requests = (_request(rng),) if with_defect else ()
        panel = render_panel(
            rng,
            width_px=SIDE_PX,
            height_px=SIDE_PX,
            mm_per_px=MM_PER_PX,
            defects=requests,
            conditions=Conditions(
                blur_px=float(rng.uniform(0.3, 1.2)),
                grain=float(rng.uniform(0.5, 4.0)),
                brightness=float(np.exp(rng.uniform(-0.8, 0.3))),
                jpeg_quality=int(rng.integers(75, 95)),
            ),
        )
        if bool(panel.mask.any()) == with_defect:
            break
    cv2.imwrite(str(folder / f"{stem}.png"), cv2.cvtColor(panel.rgb, cv2.COLOR_RGB2BGR))
    if not with_defect:
        return Trial(stem, None, None)
    cv2.imwrite(str(folder / f"{stem}_mask.png"), panel.mask.astype(np.uint8) * 255)
    (defect,) = panel.defects
    return Trial(stem, defect.type, round(defect.length_mm, 3))


def _request(rng: np.random.Generator) -> DefectRequest:
    kind = str(rng.choice([code for code in DEFECT_TYPES if code in LENGTH_MM]))
    low, high = np.log(LENGTH_MM[kind])
    return DefectRequest(
        kind,
        length_mm=float(np.exp(rng.uniform(low, high))),
        contrast=float(rng.uniform(0.4, 1.0)),
    )


def _renderer_sha256() -> str:
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
