import json
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from inspection.errors import TrainingError
from models.measuring.evaluate import look_at
from models.network import keras_file
from models.network import unet as networks
from models.rivals import anomaly, baselines, comparison, detectors
from models.rivals.comparison import compare, comparison_text, write_comparison
from models.rivals.detectors import Plan
from models.segmenter import Segmenter
from tests.models.small_models import (
    THRESHOLDS,
    box_mask,
    box_polygon,
    narrow_unet,
    panel,
    rewrite_card,
    write_photo_set,
)

SCRATCH = (30, 20, 30, 6)
NAMES = [
    "original_at_half",
    "original",
    "fcn8s",
    "autoencoder",
    "patch_memory",
    "top_hat",
    "served",
]


def photos_of(split):
    marked = {"rgb": panel(SCRATCH), "mask": box_mask(SCRATCH), "labels": [box_polygon(*SCRATCH)]}
    return [
        {"dataset": "doors", "stem": f"{split}_scratch", "split": split, **marked},
        {"dataset": "clean", "stem": f"{split}_flat", "split": split},
        {"dataset": "clean", "stem": f"{split}_dark", "split": split, "rgb": panel(level=60)},
    ]


@pytest.fixture(scope="module")
def photo_set(tmp_path_factory):
    every = [photo for split in ("train", "val", "test") for photo in photos_of(split)]
    return write_photo_set(tmp_path_factory.mktemp("photos"), every)


def shrink(patch):
    """Networks of a few filters, and a U-Net with levels in place of the model's own."""
    patch.setattr(baselines, "original_unet", partial(baselines.original_unet, widths=(4, 4)))
    patch.setattr(baselines, "fcn8s", partial(baselines.fcn8s, widths=(4, 4, 4, 4, 4), joined=8))
    patch.setattr(anomaly, "autoencoder", partial(anomaly.autoencoder, widths=(4, 4, 4, 4), code=4))
    patch.setattr(keras_file, "load_half", lambda path: networks.with_probabilities(narrow_unet()))


def plan(photo_set):
    return Plan(photo_set, minutes=0.01, crop_px=64, batch=2)


def run(photo_set, out, model):
    return compare(plan(photo_set), out, model, say=lambda text: None)


@pytest.fixture(scope="module")
def compared(photo_set, whole_model, tmp_path_factory):
    """(answer, output folder) of one whole comparison."""
    out = tmp_path_factory.mktemp("compare")
    with pytest.MonkeyPatch.context() as patch:
        shrink(patch)
        return run(photo_set, out, whole_model), out


def row_of(answer, name):
    return next(row for row in answer["rows"] if row["name"] == name)


def test_every_detector_is_scored_on_the_same_photos(compared):
    answer, _ = compared
    assert answer["photos"] == {"split": "test", "n": 3, "defects": 1, "clean": 2}
    assert [row["name"] for row in answer["rows"]] == NAMES
    for row in answer["rows"]:
        every = row["figures"]["ALL"]
        assert every["photos"] == 3
        assert every["tight_recall"]["n"] == 1 and every["photo_false_alarm"]["n"] == 2
        assert row["mpx_per_s"] > 0
        assert set(row["figures"]) == {"ALL", "doors", "clean"}


def test_a_bright_scratch_on_a_flat_panel_is_found_without_learning_and_by_the_served(compared):
    answer, _ = compared
    for name in ("top_hat", "served"):
        every = row_of(answer, name)["figures"]["ALL"]
        assert every["tight_recall"]["hits"] == every["defect_recall"]["hits"] == 1
        assert every["photo_false_alarm"]["hits"] == 0
        assert every["auroc"] == 1.0


def test_only_the_detectors_that_learn_have_parameters(compared):
    parameters = {row["name"]: row["parameters"] for row in compared[0]["rows"]}
    assert parameters["top_hat"] == 0
    assert all(parameters[name] > 0 for name in NAMES if name != "top_hat")
    assert parameters["original"] == baselines.original_unet(widths=(4, 4)).count_params()


def test_the_first_row_is_cut_at_one_half_and_the_served_one_at_its_card(compared):
    answer, _ = compared
    assert row_of(answer, "original_at_half")["threshold"] == 0.5
    assert row_of(answer, "served")["threshold"] == THRESHOLDS["region"]


def test_the_scorer_agrees_on_the_predictions_of_every_detector(compared, photo_set, shared_folder):
    answer, out = compared
    for name in NAMES:
        scored = out / f"{name}.json"
        subprocess.run(
            [
                *(sys.executable, shared_folder / "tools" / "score_masks.py"),
                *(photo_set, out / name / "predictions", "--json", scored),
            ],
            check=True,
            capture_output=True,
        )
        theirs = json.loads(scored.read_text(encoding="utf-8"))["ALL"]
        ours = row_of(answer, name)["figures"]["ALL"]
        for share in ("tight_recall", "defect_recall", "photo_false_alarm"):
            assert (ours[share]["hits"], ours[share]["n"]) == (
                theirs[share]["hits"],
                theirs[share]["n"],
            )
        assert ours["auroc"] == pytest.approx(theirs["auroc"], abs=1e-4)


def test_what_stands_trained_is_loaded_and_asked_no_photo_again(
    compared, photo_set, whole_model, monkeypatch, tmp_path
):
    answer, kept = compared
    out = Path(shutil.copytree(kept, tmp_path / "compare"))
    for name in ("train_original", "train_fcn", "train_autoencoder", "build_memory", "look_at"):
        module = comparison if name == "look_at" else detectors
        monkeypatch.setattr(module, name, refuse(name))
    again = run(photo_set, out, whole_model)
    assert [row["figures"] for row in again["rows"]] == [row["figures"] for row in answer["rows"]]


def refuse(name):
    def called(detector, photos=(), *rest):
        # Looking at no photos at all is no work.
        assert name == "look_at" and not photos, f"{name} was called again"
        return []

    return called


def test_of_a_new_served_network_only_its_own_answers_are_asked_again(
    compared, photo_set, model_folder, monkeypatch, tmp_path
):
    answer, kept = compared
    out = Path(shutil.copytree(kept, tmp_path / "compare"))
    rewrite_card(model_folder, thresholds={**THRESHOLDS, "region": 0.3})
    asked = []

    def remember(detector, photos, *rest):
        if photos:
            asked.append(len(photos))
        return look_at(detector, photos, *rest)

    monkeypatch.setattr(comparison, "look_at", remember)
    again = run(photo_set, out, model_folder)
    assert asked == [3]
    assert row_of(again, "served")["threshold"] == 0.3
    assert row_of(again, "fcn8s")["figures"] == row_of(answer, "fcn8s")["figures"]


def test_a_detector_whose_training_was_cut_short_is_trained_again(
    compared, photo_set, whole_model, monkeypatch, tmp_path
):
    out = Path(shutil.copytree(compared[1], tmp_path / "compare"))
    (out / "fcn8s" / "made.json").unlink()
    trained = []
    monkeypatch.setattr(
        detectors,
        "train_fcn",
        lambda plan, folder: trained.append(folder.name) or {"parameters": 1},
    )
    run(photo_set, out, whole_model)
    assert trained == ["fcn8s"]


def test_a_longer_budget_trains_on_from_the_weights_of_the_shorter_one(
    photo_set, monkeypatch, tmp_path
):
    started_from = []

    def fit(network, batches, loss, *, minutes, spent, epochs, **how):
        started_from.append((network.get_weights()[0].max(), minutes, spent, epochs))
        network.set_weights([weight * 0 + 9.0 for weight in network.get_weights()])
        return {"steps": 4, "loss": 0.5, "processor_minutes": 1.0}

    monkeypatch.setattr(detectors, "fit_for", fit)
    monkeypatch.setattr(detectors, "_write_network", lambda network, folder: None)
    shrink(monkeypatch)
    # Three photos in batches of eight: one step an epoch, thirty epochs in all.
    for minutes, trainings, steps in ((10, 1, 4), (5, 1, 4), (15, 2, 8)):
        longer = Plan(photo_set, minutes=minutes)
        made = detectors._made(
            tmp_path, lambda folder, p=longer: detectors.train_original(p, folder), minutes, print
        )
        assert (len(started_from), made["steps"], made["seen"]) == (trainings, steps, 8 * steps)
    (first, *fresh), (second, *continued) = started_from
    assert first < 1.0 and fresh == [10, 0.0, 30]
    assert second == 9.0 and continued == [15, 10, 26]
    assert made["processor_minutes"] == 2.0


def test_the_comparison_can_lie_beside_the_card_and_be_written_again(compared, model_folder):
    answer, _ = compared
    sha256 = Segmenter(model_folder).sha256
    write_comparison(answer, model_folder)
    rewrite_card(model_folder)
    write_comparison({**answer, "rule": "measured again"}, model_folder)
    assert Segmenter(model_folder).sha256 == sha256


def test_the_table_names_every_detector_with_n_and_interval(compared):
    answer, out = compared
    text = (out / "comparison.md").read_text(encoding="utf-8")
    assert text == comparison_text(answer)
    assert json.loads((out / "comparison.json").read_text(encoding="utf-8")) == answer
    assert "3 photos, 1 labelled defects, 2 photos without one" in text
    whole, none = "1 of 1 = 100.0% (20.7%–100.0%)", "0 of 2 = 0.0% (0.0%–65.8%)"
    assert f"| top_hat | {whole} | {none} | {whole} | 1.000 | 0 |" in text
    assert text.index("found tightly") < text.index("found at all")
    assert all(f"| {name} |" in text for name in NAMES)


def test_val_without_a_clean_photo_chooses_no_threshold(whole_model, tmp_path):
    photos = [photo for photo in photos_of("val") if "mask" in photo] + photos_of("test")
    data = write_photo_set(tmp_path / "photos", photos)
    with pytest.raises(TrainingError, match="defective and defect-free photos in val"):
        run(data, tmp_path / "out", whole_model)


def test_a_plan_without_time_is_refused(tmp_path):
    with pytest.raises(TrainingError, match="minutes must be positive, got 0"):
        Plan(tmp_path, minutes=0)
