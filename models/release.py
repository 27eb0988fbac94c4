"""A training run becomes a model folder: thresholds chosen on `val`, golden photos, card."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openvino

from inspection.errors import ModelRefused
from models import networks
from models.convert import build_model_folder, load_half, save_half, save_openvino, trained_network
from models.datasets import read_photo_set
from models.evaluate import choose_on_val, look_at
from models.render import Conditions, render_panel
from models.render_defects import DefectRequest
from models.segmenter import open_segmenter, tiled_probabilities

GOLDEN_SIDE_PX = 320
# The served answer may move by rounding between processors; half of what is found now must stay.
GOLDEN_SHARE = 0.5


def release_run(
    run: Path,
    data: Path,
    folder: Path,
    *,
    most_alarms: float,
    note: str = "",
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Path:
    """Write the model folder of a training run and open it once, so that it is known to load.

    most_alarms: share of the clean crops of `val` that may be in alarm at the operating point.
    """
    channels = 1 + len(networks.TYPES)
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        save_half(trained_network(run), place / "unet.keras")
        save_openvino(load_half(place / "unet.keras"), place)
        served = openvino.Core().compile_model(place / "unet.xml", "CPU")

        def segment(rgb: np.ndarray) -> np.ndarray:
            return tiled_probabilities(lambda tiles: served(tiles)[0], rgb, channels=channels)

        photos = read_photo_set(data, "val")
        chosen = choose_on_val(list(look_at(segment, photos, progress)), most_alarms)
        golden = golden_photos(segment, chosen["thresholds"]["region"])
    build_model_folder(
        run,
        folder,
        thresholds=chosen["thresholds"],
        score=chosen["score"],
        golden=golden,
        facts={
            "data": photo_sources(data),
            "chosen_on_val": {"photos": len(photos), "most_alarms": most_alarms, **chosen["val"]},
            "note": note,
            "recipe": _recipe(run),
        },
    )
    open_segmenter(folder)
    return folder


def golden_photos(
    segment: Callable[[np.ndarray], np.ndarray], threshold: float
) -> list[dict[str, Any]]:
    """A rendered panel with a plain scratch and one without, and what must be seen on them."""
    scratched, clean = _golden_panel(True), _golden_panel(False)
    (defect,) = scratched.defects
    x, y, w, h = (int(v) for v in defect.bbox_px)
    found = int((segment(scratched.rgb)[y : y + h, x : x + w, 0] >= threshold).sum())
    alarms = int((segment(clean.rgb)[..., 0] >= threshold).sum())
    if found < 16 or alarms > 16:
        raise ModelRefused(
            f"the golden scratch shows {found} defect pixels and the golden clean panel {alarms}; "
            "at least 16 and at most 16 are needed: train longer"
        )
    return [
        {
            "file": "golden_defect.png",
            "rgb": scratched.rgb,
            "expect": "defect",
            "bbox_px": [x, y, w, h],
            "least_px": int(found * GOLDEN_SHARE),
        },
        {"file": "golden_clean.png", "rgb": clean.rgb, "expect": "clean", "most_px": 16},
    ]


def _golden_panel(scratched: bool):
    request = DefectRequest("scratch", 60.0, 1.5, (0.5, 0.55), style="deep")
    return render_panel(
        np.random.default_rng(5),
        width_px=GOLDEN_SIDE_PX,
        height_px=GOLDEN_SIDE_PX,
        mm_per_px=0.4,
        colour="blue",
        panel="door",
        defects=(request,) if scratched else (),
        conditions=Conditions(light="tubes", grain=0.5, blur_px=0.6, distractors=False),
    )


def photo_sources(data: Path) -> list[dict[str, Any]]:
    """What the model was trained, chosen and tested on: data set, licence, photos a split."""
    sources: dict[str, dict[str, Any]] = {}
    for photo in read_photo_set(data, "all"):
        entry = sources.setdefault(
            photo.dataset,
            {"dataset": photo.dataset, "licence": photo.licence, "train": 0, "val": 0, "test": 0},
        )
        entry[photo.split] += 1
    return list(sources.values())


def _recipe(run: Path) -> dict[str, Any]:
    """Recipe, steps and minutes of a run, from its checkpoint."""
    with np.load(run / "checkpoint.npz") as kept:
        state = json.loads(str(kept["state"]))
    return {
        "command": "python -m inspection train",
        "epochs": state["epoch"],
        "steps": state["steps"],
        "minutes": round(state["spent_s"] / 60.0, 1),
        **state["recipe"],
    }
