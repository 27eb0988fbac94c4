from pathlib import Path

import numpy as np
import openvino
import pytest
from openvino import opset13

from models.network import unet as networks
from models.training.convert import as_served
from models.training.int8 import photo_scale, with_photo_as_it_is
from tests.models.small_models import narrow_unet

SHIPPED = Path(__file__).resolve().parents[3] / "models" / "weights" / "lite0-unet"
ONES = [1, 1]


def scaled_photo(scale=4 / 255, offset=-2.0):
    """The photo's place, and what becomes of its levels before the first convolution."""
    photo = opset13.parameter([1, -1, -1, 3], np.uint8)
    planes = opset13.transpose(opset13.convert(photo, "f32"), np.int64([0, 3, 1, 2]))
    return photo, opset13.add(opset13.multiply(planes, np.float32(scale)), np.float32(offset))


def convolved(photo, planes):
    """A network of one convolution with a bias, 3 colours to 2 channels."""
    weights = np.random.default_rng(2).normal(0, 0.3, (2, 3, 3, 3)).astype(np.float32)
    seen = opset13.convolution(planes, weights, ONES, ONES, ONES, ONES)
    seen = opset13.add(seen, np.float32([0.5, -1.0]).reshape(1, 2, 1, 1))
    return openvino.Model([opset13.result(seen)], [photo])


def rounded_to(low, high, planes):
    limits = [np.float32(low), np.float32(high)]
    return opset13.fake_quantize(planes, *limits, *limits, 256)


def answer(network, photo):
    how = {"INFERENCE_PRECISION_HINT": "f32", "LP_TRANSFORMS_MODE": "NO"}
    return openvino.compile_model(network, "CPU", how)(photo)[0]


@pytest.fixture(scope="module")
def noise():
    return np.random.default_rng(3).integers(0, 256, (1, 24, 32, 3), dtype=np.uint8)


def test_our_networks_see_a_photo_from_minus_one_to_one():
    served = as_served(networks.with_probabilities(narrow_unet()))
    scale, offset = photo_scale(served)
    assert scale == pytest.approx(2 / 255, rel=1e-3) and offset == pytest.approx(-1.0)


@pytest.mark.parametrize("scale", [np.float32([1, 1, 2]).reshape(1, 3, 1, 1), 0.0])
def test_a_network_that_sees_colours_unlike_or_nothing_has_no_scale(scale):
    photo, planes = scaled_photo(scale)
    assert photo_scale(convolved(photo, planes)) is None


def test_a_rounded_network_gets_the_photo_as_it_is(noise):
    exact = answer(convolved(*scaled_photo()), noise)
    photo, planes = scaled_photo()
    # As NNCF does it after dark photos: what is brighter than level 217 falls together.
    network = convolved(photo, rounded_to(-1.6, 1.4, planes))
    assert np.abs(answer(network, noise) - exact).max() > 0.3
    seen = answer(with_photo_as_it_is(network, (4 / 255, -2.0)), noise)
    assert np.abs(seen - exact)[..., 1:-1, 1:-1].max() < 1e-4
    # On the rim nothing outside the photo counts as level 128 in place of 127.5.
    assert np.abs(seen - exact).max() < 0.05


def test_a_network_without_such_a_scale_or_without_a_bias_stays_as_it_is(noise):
    photo, planes = scaled_photo()
    network = convolved(photo, rounded_to(-1.6, 1.4, planes))
    assert with_photo_as_it_is(network, None) is network
    photo, planes = scaled_photo()
    weights = np.ones((2, 3, 1, 1), np.float32)
    bare = opset13.convolution(planes, weights, ONES, [0, 0], [0, 0], ONES)
    network = openvino.Model([opset13.result(bare)], [photo])
    assert with_photo_as_it_is(network, (4 / 255, -2.0)) is network


def test_the_shipped_network_rounds_no_photo():
    network = openvino.Core().read_model(SHIPPED / "unet.xml")
    nodes = network.get_ordered_ops()
    node = next(node for node in nodes if node.get_type_name() == "Convolution")
    kinds = []
    while node.get_type_name() != "Parameter":
        node = node.input_value(0).get_node()
        kinds.append(node.get_type_name())
    assert "FakeQuantize" not in kinds and len(kinds) > 2
