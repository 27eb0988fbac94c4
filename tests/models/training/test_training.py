import csv
import json
import os
import shutil
import subprocess
import sys
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from inspection.errors import TrainingError
from models.network import unet as networks
from models.rendering import photo_set as rendered_set
from models.rendering.photo_set import render_photo_set
from models.training import run as training
from models.training.plant import freeze_all_but_decoder
from models.training.recipe import (
    DEFAULT_SHARES,
    USUAL_SHARE,
    WORTH_TRYING,
    Recipe,
    recipe_values,
    shares_of,
)
from models.training.run import TrainingRun, TwoRates, freeze
from tests.models.small_models import (
    NARROW,
    box_mask,
    box_polygon,
    brightness_network,
    narrow_unet,
    networks_lite_unet,
    panel,
    write_photo_set,
)

STEPS = 2
BOX = (30, 20, 24, 6)


def recipe(minutes, **how):
    how = {"crop_px": 64, "batch": 2, "steps_per_epoch": STEPS, "shares": {"rendered": 1.0}, **how}
    return Recipe(minutes=minutes, **how)


class Clock:
    """A clock on which only the end of an epoch takes time: one minute."""

    now_s = 1000.0

    def monotonic(self):
        return self.now_s


@pytest.fixture(scope="module")
def clock():
    with pytest.MonkeyPatch.context() as patch:
        clock = Clock()
        patch.setattr(networks, "lite_unet", narrow_unet)
        patch.setattr(training, "time", SimpleNamespace(monotonic=clock.monotonic))
        yield clock


@pytest.fixture(scope="module")
def photo_sets(tmp_path_factory):
    """(labelled photos for choosing, rendered panels for training)."""
    data = tmp_path_factory.mktemp("data")
    defective = {"rgb": panel(BOX), "mask": box_mask(BOX), "labels": [box_polygon(*BOX)]}
    write_photo_set(
        data,
        [
            {"dataset": "doors", "stem": "t", "split": "train"},
            {"dataset": "doors", "stem": "v", "split": "val", **defective},
            {"dataset": "clean", "stem": "v", "split": "val"},
        ],
    )
    rendered = tmp_path_factory.mktemp("rendered")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rendered_set, "SIDE_PX", 96)
        render_photo_set(rendered, 4, seed=1)
    return data, rendered


@pytest.fixture(scope="module")
def start(clock, photo_sets):
    """Train in a folder up to a number of minutes; answers the run."""

    def start(folder, minutes):
        class TimedRun(TrainingRun):
            def validate(self, photos):
                clock.now_s += 60.0
                return super().validate(photos)

        run = TimedRun(folder, recipe(minutes), say=lambda text: None)
        run.best_figures = run.fit(*photo_sets)
        return run

    return start


@pytest.fixture(scope="module")
def two_epochs(start, tmp_path_factory):
    """A run folder after two epochs, and the run that made it. Not to be changed."""
    folder = tmp_path_factory.mktemp("run")
    return folder, start(folder, minutes=2)


@pytest.fixture
def folder(two_epochs, tmp_path):
    return shutil.copytree(two_epochs[0], tmp_path / "run")


def log_of(folder):
    with (folder / "log.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def state_of(folder):
    with np.load(folder / "checkpoint.npz") as kept:
        return json.loads(str(kept["state"]))


def test_a_run_of_two_epochs_leaves_checkpoint_log_and_best(two_epochs):
    folder, run = two_epochs
    assert {path.name for path in folder.iterdir()} == {
        "checkpoint.npz",
        "log.csv",
        "best.weights.npz",
        "best.json",
    }
    state = state_of(folder)
    assert (state["epoch"], state["steps"], state["spent_s"]) == (2, 2 * STEPS, 120.0)
    assert state["recipe"]["seed"] == 7 and np.isfinite(state["loss"])
    rows = log_of(folder)
    assert [(row["epoch"], row["minutes"]) for row in rows] == [("1", "1.0"), ("2", "2.0")]
    assert all(np.isfinite(float(row[name])) for row in rows for name in ("loss", "value"))
    best = json.loads((folder / "best.json").read_text(encoding="utf-8"))
    assert best == run.best_figures and best["epoch"] in (1, 2)
    assert best["value"] == pytest.approx(max(float(row["value"]) for row in rows), abs=1e-4)


def test_the_best_weights_are_the_averaged_ones_of_their_epoch(two_epochs):
    folder, run = two_epochs
    with np.load(folder / "best.weights.npz") as kept:
        shapes = [kept[name].shape for name in kept.files]
    assert shapes == [weight.shape for weight in run.network.get_weights()]


def test_a_resumed_run_goes_on_with_epoch_steps_time_and_weights(two_epochs, start, folder, clock):
    before = two_epochs[1]
    opened = TrainingRun(folder, recipe(3), say=lambda text: None)
    for now, then in zip(opened.network.get_weights(), before.network.get_weights(), strict=True):
        assert np.array_equal(now, then)
    assert int(opened.trained.optimizer.iterations) == 2 * STEPS
    assert opened.elapsed_s() == 120.0

    clock.now_s += 5000.0  # the night between
    start(folder, minutes=3)
    state = state_of(folder)
    assert (state["epoch"], state["steps"], state["spent_s"]) == (3, 3 * STEPS, 180.0)
    assert [row["epoch"] for row in log_of(folder)] == ["1", "2", "3"]


def test_a_run_killed_in_its_third_epoch_loses_no_more_than_that_epoch(start, folder, monkeypatch):
    def trained(network, *args, **how):
        network.set_weights([weight + 0.1 for weight in network.get_weights()])
        return SimpleNamespace(history={"loss": [1.0]})

    def killed_at_the_checkpoint(partial, place):
        if place.name == "checkpoint.npz":
            raise KeyboardInterrupt
        os.rename(partial, place)

    kept = (folder / "checkpoint.npz").read_bytes()
    monkeypatch.setattr("keras.Model.fit", trained)
    monkeypatch.setattr(training.os, "replace", killed_at_the_checkpoint)
    with pytest.raises(KeyboardInterrupt):
        start(folder, minutes=3)
    assert (folder / "checkpoint.npz").read_bytes() == kept
    again = TrainingRun(folder, recipe(3), say=lambda text: None)
    assert (again.epoch, again.steps, again.elapsed_s()) == (2, 2 * STEPS, 120.0)
    assert len(log_of(folder)) == 2


def test_a_spent_budget_trains_no_more_and_answers_the_best(two_epochs, start, folder):
    run = start(folder, minutes=2)
    assert run.epoch == 2 and run.best_figures == two_epochs[1].best_figures


def test_a_write_that_was_cut_short_leaves_the_last_checkpoint(folder):
    (folder / "checkpoint.partial.npz").write_bytes(b"half")
    (folder / "best.partial.npz").write_bytes(b"half")
    assert TrainingRun(folder, recipe(3), say=lambda text: None).epoch == 2


def test_a_checkpoint_of_another_network_is_refused(clock, folder, monkeypatch):
    wider = networks_lite_unet(NARROW, (4, 4, 4, 8))
    monkeypatch.setattr(networks, "lite_unet", lambda encoder, marks=False: wider)
    with pytest.raises(TrainingError, match="made by another network; choose another run folder"):
        TrainingRun(folder, recipe(3), say=lambda text: None)


def test_a_damaged_checkpoint_is_refused(clock, folder):
    place = folder / "checkpoint.npz"
    place.write_bytes(place.read_bytes()[:-100])
    with pytest.raises(TrainingError, match="not a readable checkpoint"):
        TrainingRun(folder, recipe(3), say=lambda text: None)


def test_a_loss_that_is_no_number_stops_the_run_before_it_is_kept(start, folder, monkeypatch):
    kept = (folder / "checkpoint.npz").read_bytes()
    lost = SimpleNamespace(history={"loss": [float("nan")]})
    monkeypatch.setattr("keras.Model.fit", lambda *args, **how: lost)
    with pytest.raises(TrainingError, match="the loss became nan in epoch 3"):
        start(folder, minutes=3)
    assert (folder / "checkpoint.npz").read_bytes() == kept


def test_the_learning_rate_warms_up_and_falls_to_a_hundredth_at_the_end(clock, tmp_path):
    run = TrainingRun(tmp_path, recipe(10, learning_rate=1.0), say=lambda text: None)
    assert run.learning_rate() == pytest.approx(1 / 100)
    run.steps = 1000
    assert run.learning_rate() == pytest.approx(1.0)
    run.spent_s = 300.0
    assert run.learning_rate() == pytest.approx(0.01 + 0.99 / 2)
    run.spent_s = 6000.0
    assert run.learning_rate() == pytest.approx(0.01)


def test_a_trial_of_three_steps_spends_its_steps_and_not_the_minutes(clock, tmp_path):
    run = TrainingRun(tmp_path, recipe(10, most_steps=1000, learning_rate=1.0), say=print)
    run.spent_s = 300.0
    assert run.share_spent() == 0.0
    run.steps = 500
    assert run.share_spent() == 0.5
    assert run.learning_rate() == pytest.approx(0.01 + 0.99 / 2)
    run.steps = 1000
    assert run.share_spent() == 1.0


def test_a_run_can_start_from_the_best_weights_of_another(clock, two_epochs, tmp_path):
    first = two_epochs[0]
    run = TrainingRun(tmp_path, recipe(1, start=str(first)), say=print)
    with np.load(first / "best.weights.npz") as kept:
        expected = [kept[name] for name in kept.files]
    for now, then in zip(run.network.get_weights(), expected, strict=True):
        assert np.array_equal(now, then)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("none.npz", "none.npz: no weights of a training run"),
        ("broken.npz", "broken.npz: no weights of a training run"),
        ("run", "best.weights.npz: no weights of a training run"),
        ("other.npz", "other.npz: weights of another network; .* with the encoder lite0"),
    ],
)
def test_a_start_that_is_none_is_refused_in_a_sentence(clock, tmp_path, name, sentence):
    (tmp_path / "run").mkdir()
    (tmp_path / "broken.npz").write_bytes(b"half")
    np.savez(tmp_path / "other.npz", np.zeros(3))
    with pytest.raises(TrainingError, match=sentence):
        TrainingRun(tmp_path / "new", recipe(1, start=str(tmp_path / name)), say=print)


def test_clean_photos_lure_from_the_second_epoch_on(clock, photo_sets, tmp_path, monkeypatch):
    lured = []

    def lure(source, number, probability):
        assert probability.shape == source.images[number].shape[:2]
        lured.append(source.photos[number].stem)

    monkeypatch.setattr(training.CropSource, "lure", lure)
    how = {"lures": True, "most_steps": 2 * STEPS, "shares": {"rendered": 0.5, "doors": 0.5}}
    TrainingRun(tmp_path, recipe(10, **how), say=print).fit(*photo_sets)
    # The only clean photo of split train, once: before the second of two epochs.
    assert [stem for stem in lured if stem == "t"] == ["t"]


def test_marks_that_a_teacher_sees_on_weakly_labelled_photos_are_not_taught(
    clock, two_epochs, tmp_path
):
    doubted = []
    run = TrainingRun(tmp_path, recipe(1, teacher=str(two_epochs[0])), say=print)
    photos = [
        SimpleNamespace(mask_quality="weak_ok"),
        SimpleNamespace(mask_quality="polygon"),
    ]
    images = [np.zeros((32, 32, 3), np.uint8)] * 2
    run._doubt(SimpleNamespace(photos=photos, images=images, doubt=lambda n, _: doubted.append(n)))
    assert doubted == [0]


def test_what_a_person_found_on_training_photos_is_taught_from_the_start(
    clock, photo_sets, tmp_path, monkeypatch
):
    place = ["mark", [60, 60, 69, 60, 69, 69, 60, 69]]
    file = tmp_path / "reviewed.json"
    file.write_text(json.dumps({"doors": {"t": [place], "sold": [place]}}), encoding="utf-8")
    taught, said = [], []

    def review(source, number, places, flaws):
        taught.append((source.photos[number].stem, [place.verdict for place in places], flaws))

    monkeypatch.setattr(training.CropSource, "review", review)
    how = {"reviewed": str(file), "flaws": "unsure", "most_steps": STEPS, "shares": {"doors": 1.0}}
    TrainingRun(tmp_path / "run", recipe(10, **how), say=said.append).fit(photo_sets[0])
    assert taught == [("t", ["mark"], "unsure")]
    assert "1 reviewed photos are not trained on, ('doors', 'sold') first" in said


def test_weights_that_val_has_seen_take_the_place_of_the_last_ones(clock, photo_sets, tmp_path):
    first = TrainingRun(tmp_path, recipe(10, most_steps=STEPS), say=print)
    assert first.fit(*photo_sets, keep_every=1, look_at_val=False) == {"epoch": 1}
    kept = TrainingRun(
        tmp_path / "on", recipe(1, start=str(tmp_path / "epochs" / "0001.npz")), say=print
    )
    for now, then in zip(kept.network.get_weights(), first.averaged, strict=True):
        np.testing.assert_allclose(now, then, rtol=1e-3, atol=1e-6)
    then = TrainingRun(tmp_path, recipe(10, most_steps=2 * STEPS), say=print)
    best = then.fit(*photo_sets)
    assert best["epoch"] == 2 and np.isfinite(best["value"])


@pytest.mark.parametrize(("height", "width"), [(96, 64), (700, 1300)])
def test_under_jax_photos_are_looked_at_in_squares_of_one_size(monkeypatch, height, width):
    rgb = panel(BOX, (width - 20, height - 12, 20, 12), height=height, width=width)
    network = brightness_network()
    expected = training.any_defect_of(network)(rgb)
    shown, ask = [], keras.Model.predict_on_batch

    def predict_on_batch(model, photos):
        shown.append(photos.shape)
        return ask(model, photos)

    monkeypatch.setattr(keras.Model, "predict_on_batch", predict_on_batch)
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    np.testing.assert_allclose(training.any_defect_of(network)(rgb), expected, atol=1e-6)
    # 64 × 96 px are shown twice as large: one square. 1300 × 700 px as 900 × 485 px, two squares,
    # and as they are, three by two.
    assert set(shown) == {(1, 640, 640, 3)} and len(shown) == (1 if width == 64 else 8)


def test_flaws_that_a_recipe_cannot_mean_are_refused():
    with pytest.raises(TrainingError, match="flaws must be one of taught, unsure, clean, got 'x'"):
        recipe(1, **recipe_values(("flaws=x",), WORTH_TRYING))


def test_crops_cut_by_processes_train_the_same_network(clock, photo_sets, tmp_path):
    # In a process of its own: a fork takes along whatever the tests before have opened.
    script = f"""
import sys
from pathlib import Path
from models.network import unet as networks
from models.training import recipe as recipes
from models.training import run as training
from models.training.plant import freeze_all_but_decoder
from tests.models.small_models import narrow_unet
networks.lite_unet = narrow_unet
recipe = recipes.Recipe(
    crop_px=64, batch=2, steps_per_epoch=2, most_steps=4, shares={{"rendered": 1.0}}
)
run = training.TrainingRun(Path(sys.argv[1]), recipe, say=lambda text: None)
data, rendered = Path({str(photo_sets[0])!r}), Path({str(photo_sets[1])!r})
run.fit(data, rendered, processes=int(sys.argv[2]), keep_every=1, look_at_val=False)
"""
    ends = []
    for processes in (0, 2):
        folder = tmp_path / str(processes)
        subprocess.run(
            [sys.executable, "-c", script, str(folder), str(processes)], check=True, timeout=300
        )
        with np.load(folder / "checkpoint.npz") as kept:
            ends.append([kept[name] for name in kept.files if name.startswith("weight_")])
        assert sorted(path.name for path in (folder / "epochs").iterdir()) == [
            "0001.npz",
            "0002.npz",
        ]
        assert json.loads((folder / "best.json").read_text(encoding="utf-8"))["epoch"] == 2
    for threads, forked in zip(*ends, strict=True):
        np.testing.assert_allclose(threads, forked, atol=1e-5)


def test_values_of_a_recipe_are_read_in_the_kind_of_their_defaults():
    written = ("most_steps=4", "hard_share=2", "lures=1", "teacher=runs/a")
    assert recipe_values(written, WORTH_TRYING) == {
        "most_steps": 4,
        "hard_share": 2.0,
        "lures": True,
        "teacher": "runs/a",
    }


def test_shares_are_of_the_data_sets_that_are_there():
    shares = shares_of({"bilgi", "cardd", "mine"}, ["mine=0.3", "cardd=0"])
    assert shares == {"bilgi": DEFAULT_SHARES["bilgi"], "mine": 0.3}
    assert shares_of({"mine"}, ["bilgi=0"]) == {"mine": USUAL_SHARE}
    with pytest.raises(TrainingError, match="no photos to learn from"):
        shares_of({"mine"}, ["mine=0"])


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("stem=3", "no 'stem' in a recipe; there are .*encoder"),
        ("most_steps=x", "most_steps must be int"),
        ("type_share=x", "type_share must be float"),
    ],
)
def test_an_unknown_part_of_a_recipe_is_refused(written, sentence):
    with pytest.raises(TrainingError, match=sentence):
        recipe_values((written,), WORTH_TRYING)


@pytest.mark.parametrize(
    ("field", "value"), [("minutes", 0), ("batch", 0), ("learning_rate", -1.0), ("crop_px", 100)]
)
def test_an_impossible_recipe_is_refused(field, value):
    with pytest.raises(TrainingError, match=f"{field} must be"):
        Recipe(**{field: value})


def test_the_first_blocks_and_all_statistics_of_the_encoder_stay_and_the_decoder_learns():
    network = narrow_unet()
    freeze(network, 3)
    learns = {layer.name: layer.trainable for layer in network.layers if layer.weights}
    encoder = {name for name in learns if name.startswith(("stem", "block_"))}
    frozen = {name for name in encoder if not learns[name]}
    norms = {name for name in encoder if name.endswith("_norm")}
    kept = ("stem", "block_0_", "block_1_", "block_2_")
    first = {name for name in encoder if name.startswith(kept)}
    assert frozen == norms | first
    assert {"block_3_expand", "block_5_depthwise", "block_6_project"} <= encoder - frozen
    assert all(learns[name] for name in learns.keys() - encoder)

    def statistics(name):
        return np.array(network.get_layer(name).moving_mean)

    before = {name: statistics(name) for name in ("block_6_project_norm", "top_norm")}
    photo = np.random.default_rng(0).random((2, 64, 64, 3)).astype(np.float32)
    network(photo, training=True)
    assert np.array_equal(statistics("block_6_project_norm"), before["block_6_project_norm"])
    assert not np.array_equal(statistics("top_norm"), before["top_norm"])


def test_the_encoder_moves_four_tenths_as_far_as_the_decoder():
    network = narrow_unet()
    optimizer = TwoRates(0.01, weight_decay=0.0)
    variables = network.trainable_variables
    before = [np.array(variable) for variable in variables]
    optimizer.build(variables)
    optimizer.apply_gradients((keras.ops.ones_like(v), v) for v in variables)
    # The first step of Adam is the learning rate, whatever the slope.
    moved = {
        variable.path: float(np.abs(np.array(variable) - old).max())
        for variable, old in zip(variables, before, strict=True)
    }
    encoder = {path for path in moved if path.startswith("block_")}
    assert {"top/kernel", "any_defect/kernel", "types_3/kernel"} <= moved.keys() - encoder
    assert len(encoder) > 20
    for path, step in moved.items():
        if not path.startswith("stem"):
            assert step == pytest.approx(0.004 if path in encoder else 0.01, rel=1e-2), path


@pytest.mark.parametrize("mask_quality", ["polygon", "weak_ok"])
def test_a_photo_set_trains_whether_or_not_it_has_marks_to_give_away(clock, tmp_path, mask_quality):
    defective = {"rgb": panel(BOX), "mask": box_mask(BOX), "labels": [box_polygon(*BOX)]}
    data = write_photo_set(
        tmp_path / "data",
        [
            {"dataset": "doors", "stem": "d", "split": "train", "mask_quality": mask_quality}
            | defective,
            {"dataset": "panels_clean", "stem": "c", "split": "train"},
        ],
    )
    how = {"most_steps": 1, "steps_per_epoch": 1, "shares": {"doors": 0.5, "panels_clean": 0.5}}
    run = TrainingRun(tmp_path / "run", recipe(10, **how), say=lambda text: None)
    assert run.fit(data, look_at_val=False) == {"epoch": 1}


def test_of_a_network_that_learns_from_a_plants_photos_only_the_decoder_changes():
    network = narrow_unet()
    freeze_all_but_decoder(network)
    learning = {layer.name for layer in network.layers if layer.trainable_weights}
    assert {"any_defect", "up_0_first", "lateral_3", "types_0"} <= learning
    assert not [name for name in learning if name.startswith(("stem", "block"))]
    # Nor what it knows of photos in general.
    assert not [name for name in learning if name.endswith("norm")]
