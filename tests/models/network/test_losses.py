import keras
import numpy as np
import pytest
import tensorflow as tf

from models.network.losses import DefectLoss
from models.network.targets import NO_TYPE, SOMEWHERE, LossOfPacked, encode_targets

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
    pixels_only = DefectLoss(crop_share=0.0, hard_share=0.0)
    assert dearer > 2.2 * float(pixels_only(targets(), speck) - pixels_only(targets(), logits()))


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


def test_a_crop_of_which_nobody_knows_whether_it_is_clean_teaches_nothing_as_a_whole():
    weight = np.ones((SIDE, SIDE), np.float32)
    weight[:7, :7] = SOMEWHERE
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
    kept = keras.saving.serialize_keras_object(DefectLoss(pixel_share=3.0, top=16))
    again = keras.saving.deserialize_keras_object(kept)
    assert (again.pixel_share, again.top, again.hard_share) == (3.0, 16, 0.4)
    assert again.get_config() == DefectLoss(pixel_share=3.0, top=16).get_config()


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


def part(truth, answer, **shares):
    """What the named parts of the loss say alone: Dice over defective crops always counts."""
    nothing = {"pixel_share": 0.0, "hard_share": 0.0, "type_share": 0.0, "crop_share": 0.0}
    return float(DefectLoss(**nothing | {"box_share": 0.0} | shares)(truth, answer))


def batch(*planes):
    return np.concatenate(planes)


def shown(*boxes, background=-30.0, logit=30.0):
    """Logits that are sure of the boxes (x, y, w, h) and of nothing else."""
    answer = logits(background)
    for x, y, w, h in boxes:
        answer[0, y : y + h, x : x + w, 0] = logit
    return answer


def test_a_clean_crop_is_judged_by_its_hardest_pixels():
    # 295 pixels count: 59 undecided ones cost a fifth of ln 2 each, as many as there are.
    undecided = logits(-30.0)
    undecided.reshape(-1, 5)[:59, 0] = 0.0
    expected = 0.4 * np.log(2) * 59 / 295
    assert part(targets(), undecided, hard_share=0.4) == pytest.approx(expected, rel=2e-3)
    # All over a plain mean they would be 59 of 1024.
    assert part(targets(), undecided, pixel_share=0.4) == pytest.approx(
        0.4 * np.log(2) * 59 / 1025, rel=2e-3
    )


def test_the_hardest_pixels_of_defective_and_of_unsure_crops_are_not_looked_for():
    false = shown((20, 20, 10, 10))
    weight = np.ones((SIDE, SIDE), np.float32)
    weight[:7, :7] = SOMEWHERE
    for truth in (targets(blob()), targets(weight=weight)):
        assert part(truth, false, hard_share=0.4) == part(truth, false)
    assert part(targets(), false, hard_share=0.4) > 1.0
    # Beside a clean crop a defective one changes nothing of it.
    both = batch(targets(), targets(blob())), batch(false, shown((8, 8, 10, 10)))
    alone = part(targets(), false, hard_share=0.4)
    assert part(*both, hard_share=0.4) - part(*both) == pytest.approx(alone, rel=1e-3)


def test_the_overlap_is_that_of_all_defective_crops_together_and_of_no_others():
    half = shown((8, 8, 10, 5))
    # 50 of 100 px: 1 - (2 x 50 + 100) / (50 + 100 + 100).
    assert part(targets(blob()), half) == pytest.approx(0.2, abs=1e-3)
    # Marks on a clean crop, and a missed speck of 16 px, are no matter of overlap.
    marked = shown((20, 20, 10, 10))
    assert part(batch(targets(blob()), targets()), batch(half, marked)) == pytest.approx(
        0.2, abs=1e-3
    )
    assert part(targets(blob(4)), logits(-30.0)) == pytest.approx(0.0, abs=1e-3)
    # 25 px more that are missed: 1 - 200 / (50 + 125 + 100), no term of their own.
    both = batch(targets(blob()), targets(blob(5)))
    assert part(both, batch(half, logits(-30.0))) == pytest.approx(1 - 200 / 275, abs=1e-3)


def test_a_defect_whose_type_is_not_known_teaches_none():
    right, wrong = logits(), logits()
    right[..., 3], wrong[..., 1] = 6.0, 6.0
    unnamed = targets(blob(), kind=NO_TYPE)
    assert loss(unnamed, right) == loss(unnamed, wrong)
    # Of two defects the one that is known is judged alone.
    half_known = targets(blob(), kind=2)
    half_known[0, 13:, :, 2] = NO_TYPE
    assert loss(half_known, wrong) - loss(half_known, right) == pytest.approx(
        0.2 * 6.0 * 50 / 100, rel=1e-3
    )


def test_a_network_without_types_is_taught_any_defect_alone():
    found = shown((8, 8, 10, 10))[..., :1]
    assert loss(targets(blob(), kind=2), found) < 0.01
    assert loss(targets(blob(), kind=2), logits()[..., :1]) > 1.0


def test_a_loss_LossOfPacked_targets_is_the_loss_of_decoded_ones():
    truth, weight = blob(), np.zeros((SIDE, SIDE), np.uint8)
    weight[20:, 20:], weight[:4] = 1, 3
    plane = encode_targets(truth, weight, np.full((SIDE, SIDE), 2, np.uint8))[None]
    answer = logits(-2.0)
    answer[0, 9:14, 9:14, 0] = 3.0
    weights = np.select([weight == 1, weight == 3], [SOMEWHERE, 0.0], 1.0)
    expected = loss(targets(truth, weights, kind=2), answer)
    assert float(LossOfPacked(DefectLoss())(plane, answer)) == pytest.approx(expected)


def marked(truth=None, weight=1.0, logit=-8.0):
    """Targets of a crop outlined by `blob` whose marks are `truth`, and an answer for them."""
    planes = np.zeros((1, SIDE, SIDE, 5), np.float32)
    planes[..., :3] = targets(blob(12))
    planes[..., 4] = weight
    if truth is not None:
        planes[0, ..., 3] = truth
    answer = np.concatenate([logits(), np.full((1, SIDE, SIDE, 1), logit, np.float32)], axis=-1)
    return planes, answer


def test_the_flaws_own_pixels_are_taught_in_a_channel_of_their_own():
    line = np.zeros((SIDE, SIDE), bool)
    line[12, 8:20] = line[13, 8:20] = True
    alone = DefectLoss(marks=True, mark_share=1.0)
    truth, silent = marked(line)
    drawn = silent.copy()
    drawn[0, line, -1] = 8.0
    flooded = silent.copy()
    flooded[0, blob(12), -1] = 8.0
    right, *wrong = (float(alone(truth, answer)) for answer in (drawn, flooded, silent))
    assert right + 0.5 < min(wrong)
    # What is said in the other channels costs the same with and without the marks.
    plain = float(DefectLoss()(truth[..., :3], silent[..., :-1]))
    assert float(DefectLoss(marks=True, mark_share=0.0)(truth, silent)) == pytest.approx(plain)


def test_where_nobody_knows_the_mark_its_channel_is_not_taught():
    weight = np.ones((SIDE, SIDE), np.float32)
    weight[blob(12)] = 0.0
    truth, silent = marked(weight=weight)
    loud = silent.copy()
    loud[0, blob(12), -1] = 9.0
    loss_of_marks = DefectLoss(marks=True)
    assert float(loss_of_marks(truth, loud)) == pytest.approx(float(loss_of_marks(truth, silent)))
