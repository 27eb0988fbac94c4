import ast
from functools import partial
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest

from models.network import unet as networks
from models.photo_sets.datasets import read_photo_set
from models.rivals import anomaly, baselines
from models.rivals.anomaly import PatchMemory, coreset, encoder_of, oddness, reconstruction_error
from models.rivals.baselines import (
    SquashedPhotos,
    constant_rate,
    falling_rate,
    fit_for,
    half_at,
    squashed_probability,
    top_hat,
)
from tests.models.small_models import (
    box_mask,
    box_polygon,
    narrow_unet,
    panel,
    write_photo_set,
)

narrow_fcn = partial(baselines.fcn8s, widths=(4, 4, 4, 4, 4), joined=8)
narrow_original = partial(baselines.original_unet, widths=(4, 4, 4, 4, 4))


def with_scratch(rgb, level):
    """A copy with a slanted scratch two pixels wide, and where it is (bool)."""
    drawn, where = rgb.copy(), np.zeros(rgb.shape[:2], np.uint8)
    cv2.line(drawn, (20, 30), (70, 50), (level,) * 3, 2)
    cv2.line(where, (20, 30), (70, 50), 1, 2)
    return drawn, where > 0


@pytest.mark.parametrize(("height", "width"), [(32, 32), (64, 160)])
def test_each_network_answers_at_the_size_of_its_photo(height, width):
    photo = np.zeros((2, height, width, 3), np.float32)
    for network, channels in (
        (narrow_original(), 1),
        (narrow_fcn(), 9),
        (anomaly.autoencoder((4, 4, 4, 4), code=2), 3),
    ):
        answer = np.asarray(network(photo, training=False))
        assert answer.shape == (2, height, width, channels)
        assert answer.dtype == np.float32


def test_the_networks_are_as_large_as_the_table_says():
    assert baselines.original_unet().count_params() == 1_941_105
    assert 0.8e6 < baselines.fcn8s().count_params() < 1.2e6
    assert anomaly.autoencoder().count_params() < 0.2e6


def test_the_networks_name_no_backend():
    for module in (baselines, anomaly):
        tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
        named = {
            name.name.split(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.Import)
            for name in node.names
        }
        assert not named & {"tensorflow", "jax", "torch"}


def test_the_upsampling_of_fcn8s_begins_as_interpolation():
    flat = np.ones((1, 4, 4, 2), np.float32)
    enlarge = keras.layers.Conv2DTranspose(
        2, 4, strides=2, padding="same", kernel_initializer=baselines.bilinear
    )
    answer = np.asarray(enlarge(flat))
    # Away from the border a flat map stays flat, and its channels do not mix.
    assert answer[0, 2:6, 2:6] == pytest.approx(1.0)


def test_before_training_fcn8s_sees_few_defects():
    probabilities = networks.with_probabilities(narrow_fcn())
    photo = np.random.default_rng(0).random((1, 64, 64, 3)).astype(np.float32)
    assert np.asarray(probabilities(photo, training=False))[..., 0].mean() < 0.2


@pytest.mark.parametrize(("height", "width"), [(50, 300), (128, 128), (301, 77)])
def test_a_squashed_photo_is_answered_at_its_own_size(height, width):
    asked = []

    def left_half(photo):
        asked.append((photo.shape, photo.dtype, photo.max()))
        answer = np.zeros((1, 128, 128, 1), np.float32)
        answer[:, :, :64] = 1.0
        return answer

    rgb = np.full((height, width, 3), 255, np.uint8)
    probability = squashed_probability(left_half, rgb)
    assert asked == [((1, 128, 128, 3), np.float32, 1.0)]
    assert probability.shape == (height, width, 1)
    assert probability[:, : width // 2 - 3].min() == 1.0
    assert probability[:, width // 2 + 3 :].max() == 0.0


@pytest.fixture
def marked_photos(tmp_path):
    box = (30, 20, 40, 40)
    marked = {"rgb": panel(box), "mask": box_mask(box), "labels": [box_polygon(*box)]}
    photos = [
        {"dataset": "doors", "stem": "marked", "split": "train", **marked},
        {"dataset": "doors", "stem": "hidden", "split": "train", **marked, "ignore": box_mask(box)},
        {"dataset": "clean", "stem": "flat", "split": "train"},
    ]
    return read_photo_set(write_photo_set(tmp_path, photos), "train")


def test_squashed_batches_show_each_photo_once_with_its_mask(marked_photos):
    batches = SquashedPhotos(marked_photos, batch=2)
    assert len(batches) == 2
    photos, masks = (np.concatenate(parts) for parts in zip(batches[0], batches[1], strict=True))
    assert photos.shape == (3, 128, 128, 3) and masks.shape == (3, 128, 128, 1)
    # 40×40 of 96×96 px on one photo; ignored damage teaches nothing.
    shares = sorted(masks.mean(axis=(1, 2, 3)))
    assert shares[:2] == [0.0, 0.0] and shares[2] == pytest.approx((40 / 96) ** 2, abs=0.01)
    assert sorted(photos.max(axis=(1, 2, 3))) == pytest.approx([100 / 255, 250 / 255, 250 / 255])


def test_training_ends_with_its_minutes_or_its_epochs(marked_photos):
    def one_pixel_network():
        photo = keras.Input((None, None, 3))
        return keras.Model(photo, keras.layers.Conv2D(1, 1, activation="sigmoid")(photo))

    batches = SquashedPhotos(marked_photos, batch=1)
    how = {"loss": keras.losses.BinaryCrossentropy(), "rate": constant_rate}
    assert fit_for(one_pixel_network(), batches, minutes=60, epochs=2, **how)["steps"] == 6
    assert fit_for(one_pixel_network(), batches, minutes=1e-6, epochs=2, **how)["steps"] == 1


def test_the_learning_rate_falls_to_a_hundredth_over_the_budget():
    assert falling_rate(0.5) == pytest.approx(falling_rate(0.0) * 0.505)
    assert falling_rate(1.0) == pytest.approx(falling_rate(0.0) / 100)
    assert constant_rate(0.0) == constant_rate(1.0) == 1e-3


def test_a_distance_of_half_stands_in_the_middle_of_the_scale():
    assert half_at(np.float32([0.0, 2.0, 6.0]), 2.0) == pytest.approx([0.0, 0.5, 0.75])


@pytest.mark.parametrize("level", [200, 40])
def test_top_hat_finds_a_bright_and_a_dark_scratch(level):
    drawn, scratch = with_scratch(panel(height=90, width=110), level)
    answer = top_hat(drawn)[..., 0]
    assert answer.shape == (90, 110)
    assert (answer[scratch] > 0.5).mean() > 0.9
    far = cv2.dilate(scratch.astype(np.uint8), np.ones((15, 15))) == 0
    assert answer[far].max() == 0.0


def test_top_hat_leaves_a_flat_panel_and_a_wide_step_alone():
    assert top_hat(panel()).max() == 0.0
    # A step between two panels is wider than the hat on both sides.
    assert top_hat(panel((0, 0, 48, 96)))[..., 0].max() < 0.5


@pytest.fixture(scope="module")
def taught_autoencoder():
    """An autoencoder that has seen nothing but one flat grey."""
    keras.utils.set_random_seed(7)
    network = anomaly.autoencoder((8, 8, 8, 8), code=4)
    flat = np.stack([panel(height=64, width=64)] * 8).astype(np.float32) / 255.0
    network.compile(keras.optimizers.Adam(1e-2), loss="mae", jit_compile=False)
    network.fit(flat, flat, batch_size=8, epochs=60, verbose=0)
    return lambda tiles: np.asarray(network(tiles, training=False))


def test_the_autoencoder_redraws_the_panel_it_knows(taught_autoencoder):
    error = reconstruction_error(taught_autoencoder, panel(height=70, width=90))
    assert error.shape == (70, 90)
    assert error.max() < 0.05


def test_a_spot_it_has_never_seen_is_redrawn_badly(taught_autoencoder):
    spot = (40, 30, 8, 8)
    error = reconstruction_error(taught_autoencoder, panel(spot))
    inside = box_mask(spot)
    assert error[inside].mean() > 0.3
    assert error[inside].mean() > 5 * error[~box_mask((16, 6, 56, 56))].max()


def test_one_sound_pixel_in_a_hundred_is_odd():
    ramp = np.tile(np.arange(400, dtype=np.float32), (4, 1))
    half = oddness(lambda rgb: ramp, [panel()] * 3)
    assert half == pytest.approx(0.99 * 396, abs=4)


def test_the_coreset_leaves_no_patch_far_away():
    rng = np.random.default_rng(0)
    centres = np.float32([[0, 0], [10, 0], [0, 10], [10, 10]])
    points = np.concatenate(
        [c + rng.normal(0, 0.1, (n, 2)) for c, n in zip(centres, (97, 1, 1, 1), strict=True)]
    )
    chosen = points[coreset(points.astype(np.float32), 4, rng)]
    # One of each heap, though one heap holds nearly all points.
    assert sorted(np.linalg.norm(chosen[:, None] - centres, axis=2).argmin(axis=1)) == [0, 1, 2, 3]


def test_a_coreset_of_few_patches_takes_them_all():
    points = np.eye(3, dtype=np.float32)
    assert sorted(coreset(points, 10, np.random.default_rng(0))) == [0, 1, 2]


def test_distances_to_the_memory_are_those_to_its_nearest_patch():
    memory = PatchMemory(np.float32([[0, 0], [3, 4]]), spread=np.float32([1, 2]))
    # Divided by the spread the feature (6, 16) is the patch (6, 8), 5 from (3, 4).
    features = np.float32([[[0, 0], [6, 16]]])
    assert memory.distances(features) == pytest.approx(np.float32([[0, 5]]), abs=1e-3)


def test_what_the_memory_has_never_seen_is_far(tmp_path):
    def brightness(tiles):
        """Two features a stride of 8."""
        grey = tiles[:, 4::8, 4::8, :1]
        return np.concatenate([grey, 1.0 - grey], axis=-1)

    sound = np.concatenate([brightness(panel()[None] / np.float32(255)).reshape(-1, 2)] * 2)
    sound += np.random.default_rng(0).normal(0, 0.01, sound.shape).astype(np.float32)
    memory = PatchMemory.of(sound, 20)
    assert len(memory.patches) == 20
    memory.save(tmp_path / "memory.npz")
    distance = PatchMemory.load(tmp_path / "memory.npz").distance_map(
        brightness, panel((40, 40, 24, 24), height=101, width=97)
    )
    assert distance.shape == (101, 97)
    assert distance[48:60, 48:60].min() > 10 * distance[:24, :24].max()


def test_the_encoder_gives_two_levels_of_a_u_net_at_stride_eight():
    unet = networks.with_probabilities(narrow_unet())
    features = np.asarray(encoder_of(unet)(np.zeros((1, 64, 96, 3), np.float32)))
    assert features.shape == (1, 8, 12, 4 + 4)
