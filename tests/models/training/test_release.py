import json
import shutil
from dataclasses import asdict, replace

import numpy as np
import openvino
import pytest
from click.testing import CliRunner

from inspection.cli.main import main
from inspection.errors import ModelRefused, TrainingError
from models.card import EVALUATION_FILE, model_sha256, read_card
from models.network import unet as networks
from models.segmenter import is_int8, open_segmenter
from models.training import release
from models.training import run as training
from models.training.recipe import DEFAULT_SHARES, Recipe
from models.training.release import choose_again, loses_little, training_command
from tests.models.small_models import (
    MODEL_CHANNELS,
    box_mask,
    box_polygon,
    brightness_network,
    golden_photos,
    panel,
    rewrite_card,
    write_ir,
    write_photo_set,
)

BOX = (30, 20, 24, 10)


@pytest.fixture
def data(tmp_path):
    defective = {"rgb": panel(BOX), "mask": box_mask(BOX), "labels": [box_polygon(*BOX)]}
    return write_photo_set(
        tmp_path / "data",
        [
            {"dataset": "doors", "stem": "v", "split": "val", **defective},
            {"dataset": "clean", "stem": "v", "split": "val"},
        ],
    )


@pytest.fixture
def measured(model_folder, monkeypatch):
    """A model folder that was measured at thresholds which are to change."""
    monkeypatch.setattr(networks, "lite_unet", brightness_network)
    # The little network knows bright boxes, not the rendered scratch of a real one.
    monkeypatch.setattr(release, "golden_photos", lambda segment, thresholds: golden_photos())
    (model_folder / EVALUATION_FILE).write_text("{}", encoding="utf-8")
    rewrite_card(model_folder, figures={"test": {}}, note="first", limits=["phones"])
    return model_folder


def test_thresholds_chosen_again_make_another_model_of_the_same_network(measured, data):
    before = read_card(measured)
    network = (measured / "unet.bin").read_bytes()
    choose_again(measured, data, most_alarms=0.05)
    after = open_segmenter(measured).card
    assert after["chosen_on_val"]["tight"] == after["chosen_on_val"]["found"] == 1.0
    assert after["chosen_on_val"]["close_ups"] == after["chosen_on_val"]["cars"] == 0
    assert after["chosen_on_val"]["broken"] == {}
    assert after["chosen_on_val"]["most_alarms"] == 0.05
    assert after["band_rule"]["defective"] == after["band_rule"]["clean"] == 1
    assert model_sha256(after) != model_sha256(before)
    assert (measured / "unet.bin").read_bytes() == network


def test_figures_of_the_old_thresholds_leave_with_them(measured, data):
    choose_again(measured, data, most_alarms=0.05)
    card = read_card(measured)
    assert "figures" not in card
    assert not (measured / EVALUATION_FILE).exists() and EVALUATION_FILE not in card["files"]


def test_note_and_limits_stay_unless_others_are_given(measured, data):
    choose_again(measured, data, most_alarms=0.05)
    assert (read_card(measured)["note"], read_card(measured)["limits"]) == ("first", ["phones"])
    choose_again(measured, data, most_alarms=0.05, note="second", limits=["dusk"])
    card = read_card(measured)
    assert card["note"] == "second"
    assert card["limits"] == ["dusk", *release.LIMITS]


def test_a_photo_set_that_cannot_choose_leaves_the_folder_as_it_was(measured, data):
    shutil.rmtree(data / "clean")
    manifest = data / "manifest.csv"
    lines = manifest.read_text(encoding="utf-8").splitlines(keepends=True)
    manifest.write_text("".join(line for line in lines if "clean/" not in line), encoding="utf-8")
    before = json.dumps(read_card(measured))
    with pytest.raises(TrainingError, match="defective and defect-free"):
        choose_again(measured, data, most_alarms=0.05)
    assert json.dumps(read_card(measured)) == before
    assert (measured / EVALUATION_FILE).exists()


def test_a_folder_of_an_earlier_version_becomes_one_of_this(measured, data):
    write_ir(measured, np.full((3, MODEL_CHANNELS), 0.1), numbers="f32")
    with pytest.raises(ModelRefused, match="convert it again"):
        open_segmenter(measured)
    choose_again(measured, data, most_alarms=0.05)
    seen = open_segmenter(measured).levels(panel(BOX))
    assert (seen[BOX[1] : BOX[1] + BOX[3], BOX[0] : BOX[0] + BOX[2], 0] > 200).all()


def val_figures(**changes):
    return {"tight": 0.9, "found": 0.95, "broken": {}, **changes}


@pytest.mark.parametrize(
    ("changes", "is_served"),
    [
        ({}, True),
        ({"tight": 0.895, "found": 0.5}, True),
        # What it finds at all does not make up for it.
        ({"tight": 0.894, "found": 1.0}, False),
        # Nor does what it finds by breaking a limit of the rule.
        ({"tight": 1.0, "broken": {"alarms": 1.0}}, False),
        ({"tight": 1.0, "broken": {"area": 0.1}}, False),
    ],
)
def test_int8_is_served_where_it_loses_at_most_half_a_point(changes, is_served):
    assert loses_little(val_figures(), val_figures(**changes)) is is_served


def test_int8_may_break_a_limit_as_far_as_float_does_and_no_further():
    as_float = val_figures(broken={"area": 0.2})
    assert loses_little(as_float, val_figures(broken={"area": 0.2}))
    assert loses_little(as_float, val_figures())
    assert not loses_little(as_float, val_figures(broken={"area": 0.21}))
    assert not loses_little(as_float, val_figures(broken={"stray": 0.01}))


def test_the_card_says_why_a_network_is_not_served_in_int8(measured, data):
    choose_again(measured, data, most_alarms=0.05)
    precision = read_card(measured)["precision"]
    assert precision["served"] == "float"
    assert precision["float"]["tight"] == 1.0
    assert "no photos of split 'train'" in precision["why"]


@pytest.fixture
def data_to_learn_from(tmp_path):
    """Photos of split train as well, from which int8 learns its ranges."""
    defective = {"rgb": panel(BOX), "mask": box_mask(BOX), "labels": [box_polygon(*BOX)]}
    photos = [
        {"dataset": "doors", "stem": "t", "split": "train", **defective},
        {"dataset": "doors", "stem": "v", "split": "val", **defective},
        {"dataset": "clean", "stem": "v", "split": "val"},
    ]
    return write_photo_set(tmp_path / "both", photos)


def test_a_network_that_loses_nothing_in_int8_is_served_in_it(measured, data_to_learn_from):
    choose_again(measured, data_to_learn_from, most_alarms=0.05)
    precision = read_card(measured)["precision"]
    assert precision["served"] == "int8" and precision["int8"]["tight"] == 1.0
    assert is_int8(openvino.Core().read_model(measured / "unet.xml"))


def test_a_wrapped_network_stays_as_it_was_wrapped(measured, data_to_learn_from):
    rewrite_card(measured, wrapped={"file": "theirs.keras", "sha256": "0" * 64})
    for _ in range(2):
        choose_again(measured, data_to_learn_from, most_alarms=0.05)
    card = read_card(measured)
    assert "precision" not in card and card["chosen_on_val"]["tight"] == 1.0
    assert not is_int8(openvino.Core().read_model(measured / "unet.xml"))


def test_a_wrapped_network_of_an_earlier_version_is_refused(measured, data):
    write_ir(measured, np.full((3, MODEL_CHANNELS), 0.1), numbers="f32")
    rewrite_card(measured, wrapped={"file": "theirs.keras", "sha256": "0" * 64})
    with pytest.raises(ModelRefused, match="convert it again"):
        choose_again(measured, data, most_alarms=0.05)


def test_the_command_on_the_card_trains_by_the_same_recipe(tmp_path, monkeypatch):
    seen, given = [], []

    class NoRun:
        def __init__(self, folder, recipe, say):
            seen.append(recipe)

        def fit(self, *args, **how):
            given.extend(how["train"])
            return {}

    monkeypatch.setattr(training, "TrainingRun", NoRun)
    recipe = Recipe(
        minutes=8.5,
        crop_px=448,
        batch=24,
        learning_rate=2.5e-3,
        weight_decay=0.02,
        start=str(tmp_path),
        lures=True,
        encoder="lite1",
        hard_share=0.5,
        largest_scale=1.4,
        flaws="unsure",
        reviewed="places.json",
        shares={**DEFAULT_SHARES, "bilgi": 0.27, "severity": 0.05, "rendered": 0.2775},
    )
    photos = [{"dataset": name, "stem": "v", "split": "train"} for name in DEFAULT_SHARES]
    write_photo_set(tmp_path, photos)
    paths = {"PHOTOS": str(tmp_path), "RUN": str(tmp_path / "run"), "RENDERED": str(tmp_path)}
    words = training_command(asdict(recipe)).split()[3:]
    words = [{**paths, "START": str(tmp_path)}.get(word, word) for word in words]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    (again,) = seen
    # The photos that told the shares, which are not read a second time.
    assert sorted(photo.dataset for photo in given) == sorted(DEFAULT_SHARES)
    assert again.shares == pytest.approx(recipe.shares)
    assert replace(again, shares=recipe.shares) == recipe


def test_the_command_of_a_plain_recipe_names_no_more_than_it_must():
    recipe = {
        name: value
        for name, value in asdict(Recipe()).items()
        if name not in ("flaws", "reviewed", "pasted", "start")  # of an earlier version
    }
    assert training_command(recipe) == (
        "python -m inspection train PHOTOS --out RUN --minutes 60 --crop-px 384 --batch 8 "
        "--steps 200 --seed 7 --precision float32"
    )
