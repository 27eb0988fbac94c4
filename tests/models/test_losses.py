import keras
import numpy as np
import pytest
import tensorflow as tf

from models.losses import DefectLoss
from models.targets import SOMEWHERE, LossOfPacked, encode_targets

SIDE = 32


def targets(truth=None, weight=None, kind=0):
    """Targets (1, SIDE, SIDE, 3) from bool truth and weights 0–1."""
    planes = np.zeros((1, SIDE, SIDE, 3), np.float32)
    planes[..., 1] = 1.0 if weight is None else weight
    if truth is not None:
        planes[0, ..., 0] = truth
    planes[..., 2] = kind
    return planes


def logits(any_defect=-8.0):
    answer = np.zeros((1, SIDE, SIDE, 5), np.float32)
    answer[..., 0] = any_defect
    return answer


def loss(truth, answer):
    return float(DefectLoss()(truth, answer))


def blob(size=10):
    truth = np.zeros((SIDE, SIDE), bool)
    truth[8 : 8 + size, 8 : 8 + size] = True
    return truth


def test_a_crop_without_any_defect_has_a_finite_loss_and_silence_costs_next_to_nothing():
    assert 0 <= loss(targets(), logits(-12.0)) < 0.01
    assert np.isfinite(loss(targets(), logits(0.0)))


def test_a_crop_of_which_everything_is_ignored_has_a_finite_loss():
    assert np.isfinite(loss(targets(weight=0.0), logits(3.0)))


@pytest.mark.parametrize("share_ignored", ["half", "speck"])
def test_what_is_answered_under_ignored_pixels_changes_nothing(share_ignored):
    weight = np.ones((SIDE, SIDE), np.float32)
    if share_ignored == "half":
        weight[:, SIDE // 2 :] = 0.0
    else:
        weight[2:5, 2:5] = 0.0
    truth = targets(blob(6), weight)
    quiet, loud = logits(), logits()
    loud[0, weight == 0] = [30.0, -9.0, 9.0, 4.0, -2.0]
    assert loss(truth, loud) == loss(truth, quiet)
    clean = targets(weight=weight)
    assert loss(clean, loud) == loss(clean, quiet)


def test_one_confident_speck_on_a_clean_crop_costs_far_more_than_its_pixels():
    speck = logits()
    speck[0, 4:12, 4:12, 0] = 8.0
    dearer = loss(targets(), speck) - loss(targets(), logits())
    assert dearer > 2.0
    pixels_only = DefectLoss(crop_share=0.0)
    assert dearer > 1.5 * float(pixels_only(targets(), speck) - pixels_only(targets(), logits()))


def test_a_found_defect_costs_less_than_a_missed_one():
    found = logits()
    found[0, blob(), 0] = 8.0
    assert loss(targets(blob()), found) < 0.5 * loss(targets(blob()), logits())


def test_the_right_type_costs_less_than_another():
    right, wrong = logits(), logits()
    right[..., 3], wrong[..., 1] = 6.0, 6.0
    truth = targets(blob(), kind=2)
    # The type weighs 0.2; 100 typed pixels against 50 of damping give 2/3 of the difference of 6.
    assert loss(truth, wrong) - loss(truth, right) == pytest.approx(0.2 * 6.0 * 100 / 150, rel=1e-3)


def test_a_clean_crop_with_unsure_pixels_teaches_nothing_as_a_whole():
    weight = np.ones((SIDE, SIDE), np.float32)
    weight[:7, :7] = 0.15
    speck = logits()
    speck[0, 20:28, 20:28, 0] = 8.0
    unsure = targets(weight=weight)
    assert float(DefectLoss()(unsure, speck)) == pytest.approx(
        float(DefectLoss(crop_share=0.0)(unsure, speck))
    )


@pytest.mark.parametrize("extreme", [0.0, -100.0, 100.0])
@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_the_gradient_is_finite_in_float32(extreme, weight):
    answer = tf.constant(logits(extreme))
    for truth in (targets(weight=weight), targets(blob(), weight), targets(blob(SIDE), weight)):
        with tf.GradientTape() as tape:
            tape.watch(answer)
            value = DefectLoss()(truth, answer)
        gradient = tape.gradient(value, answer)
        assert gradient.dtype == tf.float32
        assert np.isfinite(gradient.numpy()).all()


def test_a_loss_read_back_from_its_configuration_is_the_same():
    kept = keras.saving.serialize_keras_object(DefectLoss(positive_weight=2.0, top=16))
    again = keras.saving.deserialize_keras_object(kept)
    assert (again.positive_weight, again.top, again.crop_share) == (2.0, 16, 0.25)


def test_in_a_box_without_a_mask_some_defect_is_wanted_and_nobody_says_where():
    weight = np.ones((SIDE, SIDE), np.float32)
    weight[4:20, 4:20] = SOMEWHERE
    boxed = targets(weight=weight)
    silent, upper, lower = logits(), logits(), logits()
    upper[0, 5:9, 5:17, 0] = 6.0
    lower[0, 14:18, 5:17, 0] = 6.0
    assert loss(boxed, upper) == pytest.approx(loss(boxed, lower))
    assert loss(boxed, upper) < loss(boxed, silent) - 0.5
    # Outside the box the same marks stay false.
    outside = logits()
    outside[0, 24:28, 5:17, 0] = 6.0
    assert loss(boxed, outside) > loss(boxed, silent)


def test_the_gradient_in_a_box_without_a_mask_raises_its_likeliest_pixels_alone():
    weight = np.ones((SIDE, SIDE), np.float32)
    weight[4:20, 4:20] = SOMEWHERE
    answer = tf.Variable(logits(-2.0))
    answer[0, 6:10, 6:14, 0].assign(tf.fill((4, 8), -1.0))
    with tf.GradientTape() as tape:
        value = DefectLoss()(targets(weight=weight), answer)
    slope = tape.gradient(value, answer).numpy()[0, ..., 0]
    assert (slope[6:10, 6:14] < 0).all()
    rest = np.zeros((SIDE, SIDE), bool)
    rest[4:20, 4:20] = True
    rest[6:10, 6:14] = False
    assert (slope[rest] == 0).all()
    assert (slope[weight == 1] > 0).any()


def test_focusing_leaves_an_undecided_pixel_and_forgives_a_nearly_right_one():
    def of_pixels(answer, focusing):
        how = {"crop_share": 0.0, "focusing": focusing}
        return float(DefectLoss(**how)(targets(weight=pixel), answer))

    pixel = np.zeros((SIDE, SIDE), np.float32)
    pixel[4, 4] = 1.0
    undecided, nearly_right = logits(0.0), logits(-4.0)
    assert of_pixels(undecided, 2.0) == pytest.approx(of_pixels(undecided, 0.0))
    # One pixel of weight 1 over 1 + 1: half of ln(1 + e^-4) in plain cross entropy, and that
    # times (2 x 0.01799)^2 with a focus of 2.
    plain = 0.5 * np.log1p(np.exp(-4.0))
    saved = of_pixels(nearly_right, 0.0) - of_pixels(nearly_right, 2.0)
    assert saved == pytest.approx(plain * (1 - (2 * 0.0179862) ** 2), rel=1e-3)


def test_a_miss_weight_of_one_half_is_dice_and_above_it_misses_cost_more():
    missed, false = logits(-20.0), logits(-20.0)
    false[0, blob(), 0] = 20.0
    false[0, 20:30, 20:30, 0] = 20.0
    missed[0, 8:13, 8:18, 0] = 20.0

    def overlap(answer, miss_weight):
        how = {"crop_share": 0.0, "positive_weight": 0.0}
        return float(
            DefectLoss(miss_weight=miss_weight, **how)(targets(blob()), answer)
            - DefectLoss(miss_weight=0.0, **how)(targets(blob()), answer)
        )

    # 50 of 100 px missed: Dice 2 x 50 / 150, softened by 100; with weight 0 nothing is lost.
    assert overlap(missed, 0.5) == pytest.approx(0.7 * (1 - 200 / 250), rel=1e-3)
    assert overlap(missed, 0.7) > overlap(missed, 0.5)
    assert overlap(false, 0.7) < overlap(false, 0.5) < 0


def test_a_loss_LossOfPacked_targets_is_the_loss_of_decoded_ones():
    truth, weight = blob(), np.zeros((SIDE, SIDE), np.uint8)
    weight[20:, 20:], weight[:4] = 1, 3
    plane = encode_targets(truth, weight, np.full((SIDE, SIDE), 2, np.uint8))[None]
    answer = logits(-2.0)
    answer[0, 9:14, 9:14, 0] = 3.0
    weights = np.select([weight == 1, weight == 3], [SOMEWHERE, 0.0], 1.0)
    expected = loss(targets(truth, weights, kind=2), answer)
    assert float(LossOfPacked(DefectLoss())(plane, answer)) == pytest.approx(expected)
