import ast
from pathlib import Path

import numpy as np
import pytest

from models import losses, networks, targets
from tests.models.small_models import narrow_unet


@pytest.mark.parametrize(("height", "width"), [(32, 32), (64, 160)])
def test_the_u_net_answers_one_logit_a_channel_at_the_size_of_the_photo(height, width):
    photo = np.zeros((2, height, width, 3), np.float32)
    logits = np.asarray(narrow_unet()(photo, training=False))
    assert logits.shape == (2, height, width, 5)
    assert logits.dtype == np.float32


@pytest.mark.parametrize("stem", [1, 2, 4])
def test_a_stem_of_any_stride_answers_at_the_size_of_the_photo(stem):
    photo = np.zeros((1, 64, 96, 3), np.float32)
    assert narrow_unet(stem=stem)(photo, training=False).shape == (1, 64, 96, 5)


def test_half_the_width_is_about_a_quarter_of_the_parameters():
    whole, half = networks.compact_unet(), networks.compact_unet(width=0.5)
    assert 3.0 < whole.count_params() / half.count_params() < 4.5


def test_a_stem_of_stride_three_is_refused():
    with pytest.raises(ValueError, match="stem must be 1, 2 or 4, got 3"):
        networks.compact_unet(stem=3)


def test_the_served_network_has_two_million_parameters():
    # The size of the shipped files and the time a photo takes follow from it.
    assert 1.5e6 < networks.compact_unet().count_params() < 2.5e6


def test_before_training_few_pixels_look_defective():
    probabilities = networks.with_probabilities(narrow_unet())
    photo = np.random.default_rng(0).random((1, 64, 64, 3)).astype(np.float32)
    any_defect = np.asarray(probabilities(photo, training=False))[..., 0]
    assert 0.01 < any_defect.mean() < 0.15


def test_the_types_share_the_probability_of_any_defect():
    layer = networks.DefectProbabilities(dtype="float32")
    # sigmoid(0) = 1/2; softmax(ln 3, 0, 0, 0) = 1/2, 1/6, 1/6, 1/6.
    answer = np.asarray(layer(np.float32([[[[0.0, np.log(3.0), 0.0, 0.0, 0.0]]]])))
    assert answer.ravel() == pytest.approx([1 / 2, 1 / 4, 1 / 12, 1 / 12, 1 / 12])


@pytest.mark.parametrize("module", [networks, losses, targets])
def test_network_and_loss_name_no_backend(module):
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    imported = {
        name.name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for name in node.names
    } | {node.module.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {"keras"} <= imported <= {"keras", "numpy"}
