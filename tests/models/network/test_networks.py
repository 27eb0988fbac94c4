import ast
from pathlib import Path

import numpy as np
import pytest

from models.network import losses, targets
from models.network import unet as networks
from tests.models.small_models import NARROW, narrow_unet


@pytest.mark.parametrize(("height", "width"), [(32, 32), (64, 160)])
def test_the_u_net_answers_one_logit_a_channel_at_the_size_of_the_photo(height, width):
    photo = np.zeros((2, height, width, 3), np.float32)
    logits = np.asarray(narrow_unet()(photo, training=False))
    assert logits.shape == (2, height, width, 9)
    assert logits.dtype == np.float32


def test_the_served_network_has_three_and_a_half_million_parameters():
    # The size of the shipped files and the time a photo takes follow from it.
    assert 3.4e6 < networks.lite_unet().count_params() < 3.6e6


def test_the_larger_encoders_repeat_more_blocks_and_the_largest_is_wider():
    # EfficientNet-Lite: depth 1.1 and 1.2, width 1.1; the first and the last stage never grow.
    repeats = {
        name: [stage.repeats for stage in size.stages] for name, size in networks.ENCODERS.items()
    }
    assert repeats["lite0"] == [1, 2, 2, 3, 3, 4, 1]
    assert repeats["lite1"] == repeats["lite2"] == [1, 3, 3, 4, 4, 5, 1]
    widths = [stage.channels for stage in networks.ENCODERS["lite2"].stages]
    assert widths == [16, 24, 48, 88, 120, 208, 352]


def test_a_type_is_known_to_two_pixels_and_any_defect_to_one():
    photo = np.random.default_rng(0).random((1, 64, 64, 3)).astype(np.float32)
    logits = np.asarray(narrow_unet()(photo, training=False))[0]
    fours = logits.reshape(32, 2, 32, 2, 9)
    spread = fours.max(axis=(1, 3)) - fours.min(axis=(1, 3))
    assert (spread[..., 1:] == 0.0).all() and (spread[..., 0] > 0.0).any()


def test_the_types_share_the_probability_of_any_defect():
    layer = networks.DefectProbabilities(dtype="float32")
    # sigmoid(0) = 1/2; softmax(ln 3, 0, 0, 0) = 1/2, 1/6, 1/6, 1/6.
    answer = np.asarray(layer(np.float32([[[[0.0, np.log(3.0), 0.0, 0.0, 0.0]]]])))
    assert answer.ravel() == pytest.approx([1 / 2, 1 / 4, 1 / 12, 1 / 12, 1 / 12])


def test_a_channel_for_marks_begins_as_any_defect_and_is_not_served():
    photo = np.random.default_rng(1).random((1, 64, 96, 3)).astype(np.float32)
    network = narrow_unet()
    marked = networks.with_marks(network, NARROW, (4, 4, 4, 4))
    logits, both = (np.asarray(answering(photo, training=False)) for answering in (network, marked))
    assert both.shape == (*logits.shape[:3], logits.shape[3] + 1)
    assert np.array_equal(both[..., :-1], logits) and np.array_equal(both[..., -1], logits[..., 0])
    served = networks.with_probabilities(marked)(photo, training=False)
    assert np.array_equal(served, networks.with_probabilities(network)(photo, training=False))


@pytest.mark.parametrize("module", [networks, losses, targets])
def test_network_and_loss_name_no_backend(module):
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    imported = {
        name.name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for name in node.names
    } | {node.module.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {"keras"} <= imported <= {"keras", "numpy", "dataclasses", "math"}
