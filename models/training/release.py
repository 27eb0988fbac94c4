"""A training run becomes a model folder: thresholds chosen on `val`, golden photos, card."""

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import openvino

from inspection.errors import ModelRefused, TrainingError
from inspection.model_facts import (
    Card,
    Limit,
    PhotoSource,
    Precision,
    RegionThresholds,
    ValFigures,
)
from models.card import (
    COMPARISON_FILE,
    EVALUATION_FILE,
    check_files,
    read_card,
    sha256_of,
    write_card,
)
from models.measuring.evaluate import look_at
from models.measuring.operating import card_facts, choose_on_val
from models.network import keras_file
from models.photo_sets.datasets import read_photo_set
from models.rendering.defects import DefectRequest
from models.rendering.panel import Conditions, RenderedPanel, render_panel
from models.segmenter import ServedNetwork, claimed, open_segmenter
from models.tiling import LONG_SIDES_PX, LongSides
from models.training.convert import (
    Average,
    RenderedGolden,
    finish_model_folder,
    network_input,
    replace_network,
    save_openvino,
    write_golden_photos,
    write_network_files,
)
from models.training.int8 import int8_network
from models.training.recipe import DEFAULT_SHARES, USUAL_SHARE, WORTH_TRYING, Recipe

SPLITS: tuple[Literal["train", "val", "test"], ...] = ("train", "val", "test")
GOLDEN_SIDE_PX = 320
# The served answer may move by rounding between processors; half of what is found now must stay.
GOLDEN_SHARE = 0.5

# How much of the share found tightly on `val` int8 may lose against float and still be served.
INT8_MAY_LOSE = 0.005

# What nobody has measured; the Model page words these codes (`model.limit`) beside the figures.
LIMITS: tuple[Limit, ...] = (
    {"code": "plant_photos"},
    {"code": "small_and_mm"},
    {"code": "types_unseen"},
    {"code": "types_unscored"},
)


def release_run(
    run: Path,
    data: Path,
    folder: Path,
    *,
    most_alarms: float,
    average: Average | None = None,
    note: str = "",
    limits: Sequence[str] = (),
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Path:
    """Write the model folder of a training run and open it once, so that it is known to load.

    run: a run folder, or a `.keras` file of ours; FILE.json beside it says how it was trained.
    most_alarms: share of the clean crops of `val` that may be in alarm at the operating point.
    average: with which weights the run's are averaged. limits: known weaknesses of this model,
    shown beside what nobody has measured.
    """
    recipe = _recipe(run)
    if average:
        averaged_with = {"sha256": sha256_of(average.with_weights), "share": average.share}
        recipe |= {"averaged_with": averaged_with}
    write_network_files(run, folder, average)
    chosen = _choose(_read(folder), data, most_alarms, progress)
    replace_network(folder, chosen.network)
    finish_model_folder(
        folder,
        thresholds=chosen.facts["thresholds"],
        score=chosen.facts["score"],
        golden=chosen.golden,
        facts={
            **chosen.facts,
            **({"training": _best(run)} if run.is_dir() else {}),
            "data": photo_sources(data),
            "note": note,
            "limits": [*limits, *LIMITS],
            "recipe": recipe,
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
    """Convert a model folder anew and choose its thresholds anew on split `val` of a photo set.

    What was learned stays as it is; a folder of an earlier version becomes one of this. Figures
    that were measured before leave the card: measure again. note, limits: None keeps what the card
    says.
    """
    card = read_card(folder)
    check_files(folder, card)
    if "wrapped" in card:
        # Somebody else's network stays as it was wrapped, in floating point.
        open_segmenter(folder)
        chosen = _at_its_best(_read(folder), data, most_alarms, progress, long_sides=())
    else:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as anew:
            save_openvino(keras_file.load_half(folder / "unet.keras"), Path(anew))
            chosen = _choose(_read(Path(anew)), data, most_alarms, progress)
    replace_network(folder, chosen.network)
    for measured in (EVALUATION_FILE, COMPARISON_FILE):
        (folder / measured).unlink(missing_ok=True)
    rewritten: Card = {
        **card,
        **chosen.facts,
        "golden": write_golden_photos(folder, chosen.golden),
    }
    rewritten.pop("figures", None)
    rewritten.pop("a90_95_px", None)
    if "wrapped" not in card:
        rewritten["input"] = network_input()
    if note is not None:
        rewritten["note"] = note
    if limits is not None:
        rewritten["limits"] = [*limits, *LIMITS]
    write_card(folder, rewritten)
    open_segmenter(folder)
    return folder


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The form of a network that is to be served, and what the card says of the choice."""

    network: openvino.Model
    facts: Card
    golden: list[RenderedGolden]


def _read(folder: Path) -> openvino.Model:
    return openvino.Core().read_model(folder / "unet.xml")


def _at_its_best(
    network: openvino.Model,
    data: Path,
    most_alarms: float,
    progress: Callable[[int, int], None],
    long_sides: LongSides = LONG_SIDES_PX,
) -> _Chosen:
    """A network at the operating point that the rule chooses on `val`."""
    photos = read_photo_set(data, "val")
    levels = partial(ServedNetwork(network).whole, long_sides=long_sides)
    chosen = choose_on_val(list(look_at(levels, photos, progress)), most_alarms)
    golden = golden_photos(levels, chosen["thresholds"])
    return _Chosen(network, card_facts(chosen, len(photos), most_alarms), golden)


def _choose(
    network: openvino.Model,
    data: Path,
    most_alarms: float,
    progress: Callable[[int, int], None],
) -> _Chosen:
    """Operating point on `val`, in floating point and in int8, and which of the two is served."""

    def with_precision(chosen: _Chosen, precision: Precision) -> _Chosen:
        return replace(chosen, facts={**chosen.facts, "precision": precision})

    in_float = _at_its_best(network, data, most_alarms, progress)
    float_val = in_float.facts["chosen_on_val"]
    try:
        in_int8 = _at_its_best(int8_network(network, data), data, most_alarms, progress)
    except (ModelRefused, TrainingError) as refusal:
        return with_precision(
            in_float, {"served": "float", "float": float_val, "why": str(refusal)}
        )
    int8_val = in_int8.facts["chosen_on_val"]
    if loses_little(float_val, int8_val):
        return with_precision(in_int8, {"served": "int8", "float": float_val, "int8": int8_val})
    why = f"int8 loses more than {INT8_MAY_LOSE:.1%} of tight recall on val, or breaks a limit"
    return with_precision(
        in_float, {"served": "float", "float": float_val, "int8": int8_val, "why": why}
    )


def loses_little(as_float: ValFigures, in_int8: ValFigures) -> bool:
    """Whether int8 finds nearly as much tightly as float, and breaks no limit further.

    Both: `val` figures at the operating point that the same rule chose for each.
    """
    keeps_limits = all(
        by <= as_float["broken"].get(limit, 0.0) + 1e-9 for limit, by in in_int8["broken"].items()
    )
    return keeps_limits and in_int8["tight"] >= as_float["tight"] - INT8_MAY_LOSE


def golden_photos(
    segment: Callable[[np.ndarray], np.ndarray], thresholds: RegionThresholds
) -> list[RenderedGolden]:
    """A rendered panel with a plain scratch and one without, and what must be seen on them."""
    scratched, clean = _golden_panel(True), _golden_panel(False)
    (defect,) = scratched.defects
    x, y, w, h = (int(v) for v in defect.bbox_px)
    claims = claimed(segment(scratched.rgb), thresholds)
    found = int(claims[y : y + h, x : x + w].sum())
    alarms = int(claimed(segment(clean.rgb), thresholds).sum())
    if not found or alarms:
        raise ModelRefused("release_golden", found=found, alarms=alarms)
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


def _golden_panel(scratched: bool) -> RenderedPanel:
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


def photo_sources(data: Path) -> list[PhotoSource]:
    """What the model was trained, chosen and tested on: data set, licence, photos a split."""
    sources: dict[str, PhotoSource] = {}
    for photo in read_photo_set(data, "all"):
        entry = sources.setdefault(
            photo.dataset,
            {"dataset": photo.dataset, "licence": photo.licence, "train": 0, "val": 0, "test": 0},
        )
        for split in SPLITS:
            entry[split] += photo.split == split
    return list(sources.values())


def _best(run: Path) -> dict[str, object]:
    return json.loads((run / "best.json").read_text(encoding="utf-8"))


def _recipe(run: Path) -> dict[str, object]:
    """Recipe, steps and minutes of a run, from its checkpoint; of a file, from the JSON beside."""
    if run.is_file():
        beside = run.with_suffix(".json")
        return json.loads(beside.read_text(encoding="utf-8")) if beside.is_file() else {}
    with np.load(run / "checkpoint.npz") as kept:
        state = json.loads(str(kept["state"]))
    recipe = state["recipe"]
    return {
        "command": training_command(recipe),
        "epochs": state["epoch"],
        "steps": state["steps"],
        "minutes": round(state["spent_s"] / 60.0, 1),
        **recipe,
    }


def training_command(recipe: Mapping[str, Any]) -> str:
    """The command that trains by a recipe; PHOTOS, RUN, RENDERED and START stand for paths.

    recipe: also one of an earlier version, in which some parts are missing.
    """
    parts = [
        f"python -m inspection train PHOTOS --out RUN --minutes {recipe['minutes']:g} "
        f"--crop-px {recipe['crop_px']} --batch {recipe['batch']} "
        f"--steps {recipe['steps_per_epoch']} --seed {recipe['seed']} "
        f"--precision {recipe['precision']}"
    ]
    if recipe["learning_rate"] != Recipe().learning_rate:
        parts.append(f"--learning-rate {recipe['learning_rate']:g}")
    if recipe.get("start"):
        parts.append("--start START")
    every = sum(recipe["shares"].values())
    if rendered := recipe["shares"].get("rendered", 0.0) / every:
        parts.append(f"--extra RENDERED --extra-share {rendered:.2f}")
    for name in dict.fromkeys([*DEFAULT_SHARES, *recipe["shares"]]):
        usual = DEFAULT_SHARES.get(name, USUAL_SHARE)
        if name != "rendered" and recipe["shares"].get(name, 0.0) != usual:
            parts.append(f"--share {name}={recipe['shares'].get(name, 0.0):g}")
    for name, default in WORTH_TRYING.items():
        value = recipe.get(name, default)
        if value != default:
            parts.append(f"--with {name}={int(value) if isinstance(default, bool) else value}")
    return " ".join(parts)
