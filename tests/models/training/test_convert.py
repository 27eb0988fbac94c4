import json
from pathlib import Path

import cv2
import keras
import numpy as np
import openvino
import pytest
from keras import layers
from openvino import opset13

from inspection.errors import ModelRefused, TrainingError
from models.card import (
    check_files,
    installed_models,
    model_sha256,
    read_card,
    sha256_of,
    write_card,
)
from models.network import unet as networks
from models.network.keras_file import load_half, save_half
from models.segmenter import ServedNetwork
from models.speed.roofline import precisions
from models.tiling import LONG_SIDES_PX, scaled
from models.training.convert import (
    LARGEST_DIFFERENCE,
    Average,
    as_served,
    doubling_as_convolution,
    save_openvino,
    trained_network,
)
from tests.models.small_models import THRESHOLDS, brightness_network, narrow_unet, write_run

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture
def narrow(monkeypatch):
    """The narrow U-Net in place of the served one, with weights of some size."""
    monkeypatch.setattr(networks, "lite_unet", narrow_unet)
    keras.utils.set_random_seed(3)
    return networks.with_probabilities(networks.lite_unet())


@pytest.fixture(scope="module")
def converted(tmp_path_factory):
    """(the narrow U-Net as it is kept, the folder of the served one). Not to be changed."""
    folder = tmp_path_factory.mktemp("converted")
    keras.utils.set_random_seed(3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(networks, "lite_unet", narrow_unet)
        save_half(networks.with_probabilities(narrow_unet()), folder / "unet.keras")
        network = load_half(folder / "unet.keras")
    save_openvino(network, folder)
    return network, folder


def answers(network):
    photo = np.random.default_rng(1).random((1, 64, 96, 3)).astype(np.float32)
    return np.asarray(network(photo, training=False))


def test_the_half_precision_file_gives_the_same_network_within_rounding(narrow, tmp_path):
    save_half(narrow, tmp_path / "unet.keras")
    again = load_half(tmp_path / "unet.keras")
    for kept, before in zip(again.get_weights(), narrow.get_weights(), strict=True):
        assert kept.dtype == np.float32
        assert np.array_equal(kept, before.astype(np.float16).astype(np.float32))
    assert np.abs(answers(again) - answers(narrow)).max() < 2e-3
    assert keras.mixed_precision.global_policy().name == "float32"


def test_saving_what_was_loaded_changes_nothing_more(narrow, tmp_path):
    save_half(narrow, tmp_path / "once.keras")
    once = load_half(tmp_path / "once.keras")
    save_half(once, tmp_path / "twice.keras")
    assert np.array_equal(answers(load_half(tmp_path / "twice.keras")), answers(once))


def test_the_served_network_answers_what_keras_answers(converted):
    network, folder = converted
    served = ServedNetwork(folder / "unet.xml", {"INFERENCE_PRECISION_HINT": "f32"})
    photo = np.random.default_rng(1).integers(0, 256, (1, 64, 96, 3), dtype=np.uint8)
    expected = np.asarray(network(scaled(photo), training=False))
    seen = served(photo)
    assert seen.dtype == np.uint8
    assert np.abs(scaled(seen) - expected).max() <= LARGEST_DIFFERENCE


def test_a_doubling_is_one_node_of_the_served_network(converted):
    network = openvino.Core().read_model(converted[1] / "unet.xml")
    kinds = [node.get_type_name() for node in network.get_ops()]
    # Four levels are doubled in the trunk, and with them what three of them say of the types; the
    # fifth is answered as four parts of a plane.
    assert kinds.count("Interpolate") == 7 and "Tile" not in kinds
    assert network.output(0).partial_shape[1] == 4 + len(networks.TYPES)


def test_a_network_that_tells_no_types_apart_is_served_as_well(tmp_path):
    network = networks.with_probabilities(narrow_unet(types=0))
    save_openvino(network, tmp_path)
    served = ServedNetwork(tmp_path / "unet.xml", {"INFERENCE_PRECISION_HINT": "f32"})
    photo = np.random.default_rng(1).integers(0, 256, (1, 64, 96, 3), dtype=np.uint8)
    expected = np.asarray(network(scaled(photo), training=False))
    assert expected.shape[-1] == 1
    assert np.abs(scaled(served(photo)) - expected).max() <= LARGEST_DIFFERENCE


def test_a_doubling_is_an_ordinary_convolution_whose_channels_are_spread_out():
    rng = np.random.default_rng(4)
    features = rng.normal(size=(1, 5, 7, 6)).astype(np.float32)
    doubling = layers.Conv2DTranspose(1, 6, strides=2, padding="same", use_bias=False)
    expected = np.asarray(doubling(features))
    kernel = np.asarray(doubling.get_weights()[0])
    place = opset13.parameter([1, 6, 5, 7], np.float32)
    weights, ones = doubling_as_convolution(kernel), [1, 1]
    spread = opset13.convolution(place, weights, ones, ones, ones, ones)
    compiled = openvino.compile_model(
        openvino.Model([spread], [place]), "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )
    parts = compiled(np.moveaxis(features, -1, 1).copy())[0].reshape(2, 2, 5, 7)
    # y, x, row, column -> row, y, column, x.
    answer = parts.transpose(2, 0, 3, 1).reshape(1, 10, 14, 1)
    assert answer.shape == expected.shape
    assert np.abs(answer - expected).max() < 1e-5


def test_a_network_with_another_ending_is_converted_as_it_is(tmp_path):
    photo = keras.Input((None, None, 3), name="photo")
    logits = layers.Conv2D(1 + len(networks.TYPES), 3, padding="same")(photo)
    save_openvino(networks.with_probabilities(keras.Model(photo, logits)), tmp_path)
    served = openvino.Core().read_model(tmp_path / "unet.xml")
    assert served.output(0).partial_shape[1] == 1 + len(networks.TYPES)


def test_a_conversion_that_differs_from_keras_is_refused(monkeypatch, tmp_path):
    network = networks.with_probabilities(brightness_network())
    monkeypatch.setattr("models.training.convert.LARGEST_DIFFERENCE", -1.0)
    with pytest.raises(ModelRefused, match=r"differs by 0\..* from Keras, .* at most -1\.0"):
        save_openvino(network, tmp_path)


def _foreign(path):
    photo = keras.Input((None, None, 3))
    keras.Model(photo, layers.Conv2D(7, 3)(photo)).save(path)


def _with_code_inside(path):
    photo = keras.Input((None, None, 3))
    keras.Model(photo, layers.Lambda(lambda x: x * 2.0)(photo)).save(path)


def _truncated(path):
    save_half(networks.with_probabilities(networks.lite_unet()), path)
    path.write_bytes(path.read_bytes()[:-400])


def _no_model(path):
    path.write_bytes(b"a letter to the paint shop")


def _missing(path):
    pass


@pytest.mark.parametrize("write", [_foreign, _with_code_inside, _truncated, _no_model, _missing])
def test_a_file_that_is_none_of_our_networks_is_refused(narrow, tmp_path, write):
    write(tmp_path / "unet.keras")
    with pytest.raises(ModelRefused, match=r"unet\.keras: not one of our networks") as caught:
        load_half(tmp_path / "unet.keras")
    assert "\n" not in str(caught.value)


def test_the_best_weights_of_a_run_become_the_network(narrow, tmp_path):
    run = write_run(tmp_path / "run", narrow)
    assert np.array_equal(answers(trained_network(run)), answers(narrow))


def test_a_run_is_averaged_with_what_it_started_from_weight_by_weight(narrow, tmp_path):
    save_half(narrow, tmp_path / "start.keras")
    start = load_half(tmp_path / "start.keras").get_weights()
    narrow.set_weights([weight + 1.0 for weight in start])
    run = write_run(tmp_path / "run", narrow)
    mixed = trained_network(run, Average(tmp_path / "start.keras", 0.25)).get_weights()
    for now, before in zip(mixed, start, strict=True):
        assert np.allclose(now, before + 0.25)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1])
def test_a_share_that_is_no_average_is_refused(tmp_path, share):
    with pytest.raises(TrainingError, match=f"share must lie between 0 and 1, got {share}"):
        Average(tmp_path, share)


def test_a_run_without_weights_says_what_to_do_first(tmp_path):
    with pytest.raises(TrainingError, match="run `train` first"):
        trained_network(tmp_path)


def test_the_card_of_a_model_folder_holds_the_hash_of_every_other_file(whole_model):
    card = read_card(whole_model)
    files = {path.name for path in whole_model.iterdir()} - {"card.json"}
    assert set(card["files"]) == files
    assert {"unet.keras", "unet.xml", "unet.bin", "golden_defect.png"} <= files
    assert all(sha256_of(whole_model / name) == hash_ for name, hash_ in card["files"].items())
    assert card["types"] == list(networks.TYPES)
    assert card["thresholds"] == THRESHOLDS
    assert card["input"]["long_sides_px"] == [list(sides) for sides in LONG_SIDES_PX]


def test_a_text_on_the_card_changes_no_model_version_and_a_threshold_does(whole_model):
    card = read_card(whole_model)
    assert model_sha256({**card, "note": "for the night shift"}) == model_sha256(card)
    moved = {**card, "thresholds": {**card["thresholds"], "region": 0.6}}
    assert model_sha256(moved) != model_sha256(card)


def test_a_card_that_names_a_file_outside_its_folder_is_refused(model_folder):
    card = read_card(model_folder)
    outside = {**card, "files": {**card["files"], "../run/best.json": "0" * 64}}
    with pytest.raises(ModelRefused, match=r"\.\./run/best\.json is missing"):
        check_files(model_folder, outside)


def test_a_card_that_names_no_hash_for_a_served_file_is_refused(model_folder):
    card = read_card(model_folder)
    del card["files"]["unet.bin"]
    with pytest.raises(ModelRefused, match=r"no hash for \['unet\.bin'\]"):
        check_files(model_folder, card)


def test_only_folders_with_a_card_are_installed_models(tmp_path):
    for name in ("second", "first", "half_done"):
        (tmp_path / name).mkdir()
    for name in ("second", "first"):
        write_card(tmp_path / name, {"name": name})
    assert installed_models(tmp_path) == ["first", "second"]
    assert json.loads((tmp_path / "first" / "card.json").read_text())["files"] == {}


def test_the_served_file_names_no_folder_of_the_machine_that_made_it(whole_model):
    assert "/tmp" not in (whole_model / "unet.xml").read_text(encoding="utf-8")


def test_logits_beyond_all_bounds_still_give_shares_of_one(tmp_path):
    network = narrow_unet()
    bias_of = {"any_defect": [6.0]} | {f"types_{level}": [0.0] * 8 for level in range(4)}
    # What each level of the decoder says is added up.
    bias_of["types_0"] = bias_of["types_3"] = [250.0, 250.0, *[-350.0] * 6]
    for name, bias in bias_of.items():
        kernel = network.get_layer(name).get_weights()[0]
        network.get_layer(name).set_weights([0 * kernel, np.float32(bias)])
    save_openvino(networks.with_probabilities(network), tmp_path)
    seen = ServedNetwork(tmp_path / "unet.xml")(np.zeros((1, 32, 32, 3), np.uint8))
    assert (seen[0, 5, 5, 0] - 255 / (1 + np.exp(-6.0))) ** 2 < 1
    assert seen[0, 5, 5, 1:].tolist() == [127, 127, 0, 0, 0, 0, 0, 0]


@pytest.mark.parametrize(("precision", "apart"), [("f32", 0.01), ("bf16", 0.03)])
def test_the_shipped_weights_answer_alike_in_keras_and_served(precision, apart):
    if precision not in precisions(openvino.Core()):
        pytest.skip(f"this processor has no {precision}")
    network = load_half(REPOSITORY / "models" / "weights" / "lite0-unet" / "unet.keras")
    sample = cv2.imread(str(REPOSITORY / "data" / "samples" / "door_blue_scratch.jpg"))
    photo = cv2.cvtColor(sample, cv2.COLOR_BGR2RGB)[None, 400:912, 400:912].copy()
    expected = np.asarray(network(scaled(photo), training=False))
    assert np.ptp(expected[..., 0]) > 0.8, "a flat answer would prove nothing"
    seen = scaled(ServedNetwork(as_served(network), {"INFERENCE_PRECISION_HINT": precision})(photo))
    assert np.abs(seen - expected).max() <= apart
