"""A training run becomes a model folder: thresholds chosen on `val`, golden photos, card."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from inspection.errors import ModelRefused
from models import networks
from models.card import COMPARISON_FILE, EVALUATION_FILE, write_card
from models.convert import finish_model_folder, write_golden_photos, write_network_files
from models.datasets import read_photo_set
from models.evaluate import choose_on_val, look_at
from models.render import Conditions, render_panel
from models.render_defects import DefectRequest
from models.segmenter import ServedNetwork, claimed, open_segmenter, tiled_probabilities

GOLDEN_SIDE_PX = 320
# The served answer may move by rounding between processors; half of what is found now must stay.
GOLDEN_SHARE = 0.5

# What nobody has measured; the Model page shows it beside the figures.
LIMITS = (
    {
        "ko": "공장의 휴대전화, 카메라, 조명: 사진은 공개 자료에서 왔음",
        "en": "phones, cameras and lamps of a plant: the photos come from public sets",
    },
    {
        "ko": "3 px보다 작은 결함, 실제 사진의 mm 치수: 축척을 아는 사진이 없음",
        "en": "defects below 3 px, and sizes in mm on real photos: none of them has a known scale",
    },
    {
        "ko": "오렌지필, 얼룩, 홀로그램, 색상 차이: 학습과 시험 사진에 없음",
        "en": "orange peel, mottling, holograms, colour deviation: no photo in training or test "
        "shows them",
    },
    {
        "ko": "실제 사진의 결함 종류: 찾았는지만 채점함",
        "en": "type on real photos: only found or not found was scored",
    },
)


def release_run(
    run: Path,
    data: Path,
    folder: Path,
    *,
    most_alarms: float,
    note: str = "",
    limits: Sequence[str] = (),
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Path:
    """Write the model folder of a training run and open it once, so that it is known to load.

    most_alarms: share of the clean crops of `val` that may be in alarm at the operating point.
    limits: known weaknesses of this model, shown beside what nobody has measured.
    """
    write_network_files(run, folder)
    served = ServedNetwork(folder / "unet.xml")

    def segment(rgb: np.ndarray) -> np.ndarray:
        return tiled_probabilities(served, rgb, channels=1 + len(networks.TYPES))

    photos = read_photo_set(data, "val")
    chosen = choose_on_val(list(look_at(segment, photos, progress)), most_alarms)
    finish_model_folder(
        run,
        folder,
        thresholds=chosen["thresholds"],
        score=chosen["score"],
        golden=golden_photos(segment, chosen["thresholds"]),
        facts={
            "data": photo_sources(data),
            **_choice(chosen, len(photos), most_alarms),
            "note": note,
            "limits": [*limits, *LIMITS],
            "recipe": _recipe(run),
        },
    )
    open_segmenter(folder)
    return folder


def choose_again(
    folder: Path,
    data: Path,
    *,
    most_alarms: float,
    note: str | None = None,
    limits: Sequence[str] | None = None,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Path:
    """Choose the thresholds of a model folder anew on split `val` of a photo set.

    The network stays as it is. Figures that were measured at the old thresholds leave the card:
    measure again. note, limits: None keeps what the card says.
    """
    segmenter = open_segmenter(folder)
    photos = read_photo_set(data, "val")
    chosen = choose_on_val(list(look_at(segmenter.segment, photos, progress)), most_alarms)
    golden = golden_photos(segmenter.segment, chosen["thresholds"])
    card = {key: value for key, value in segmenter.card.items() if key != "figures"}
    for measured in (EVALUATION_FILE, COMPARISON_FILE):
        (folder / measured).unlink(missing_ok=True)
    write_card(
        folder,
        {
            **card,
            "thresholds": chosen["thresholds"],
            "score": chosen["score"],
            "golden": write_golden_photos(folder, golden),
            **_choice(chosen, len(photos), most_alarms),
            **({} if note is None else {"note": note}),
            **({} if limits is None else {"limits": [*limits, *LIMITS]}),
        },
    )
    open_segmenter(folder)
    return folder


def _choice(chosen: dict[str, Any], photos: int, most_alarms: float) -> dict[str, Any]:
    """How the thresholds were chosen, for the card."""
    return {
        "chosen_on_val": {"photos": photos, "most_alarms": most_alarms, **chosen["val"]},
        "band_rule": chosen["band_rule"],
    }


def golden_photos(
    segment: Callable[[np.ndarray], np.ndarray], thresholds: dict[str, Any]
) -> list[dict[str, Any]]:
    """A rendered panel with a plain scratch and one without, and what must be seen on them."""
    scratched, clean = _golden_panel(True), _golden_panel(False)
    (defect,) = scratched.defects
    x, y, w, h = (int(v) for v in defect.bbox_px)
    claims = claimed(segment(scratched.rgb), thresholds)
    found = int(claims[y : y + h, x : x + w].sum())
    alarms = int(claimed(segment(clean.rgb), thresholds).sum())
    if not found or alarms:
        raise ModelRefused(
            f"the golden scratch shows {found} defect pixels and the golden clean panel {alarms}; "
            "the scratch must be seen and the clean panel stay clean: train longer"
        )
    return [
        {
            "file": "golden_defect.png",
            "rgb": scratched.rgb,
            "expect": "defect",
            "bbox_px": [x, y, w, h],
            "least_px": int(found * GOLDEN_SHARE),
        },
        {"file": "golden_clean.png", "rgb": clean.rgb, "expect": "clean", "most_px": 0},
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
    recipe = state["recipe"]
    rendered = recipe["shares"].get("rendered", 0.0) / sum(recipe["shares"].values())
    extra = f" --extra RENDERED --extra-share {rendered:.2f}" if rendered else ""
    return {
        "command": (
            f"python -m inspection train PHOTOS --out RUN --minutes {recipe['minutes']:g} "
            f"--crop-px {recipe['crop_px']} --batch {recipe['batch']} "
            f"--steps {recipe['steps_per_epoch']} --seed {recipe['seed']} "
            f"--precision {recipe['precision']}{extra}"
        ),
        "epochs": state["epoch"],
        "steps": state["steps"],
        "minutes": round(state["spent_s"] / 60.0, 1),
        **recipe,
    }
