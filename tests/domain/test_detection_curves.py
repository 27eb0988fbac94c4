import numpy as np
import pytest

from inspection.domain.detection_curves import (
    brier,
    calibration_error,
    choose_band,
    cut_at,
    isotonic,
    judge_by_band,
    reliability_bins,
    roc,
)

BAD = np.array([0.2, 0.6, 0.8, 0.9])
GOOD = np.array([0.1, 0.3, 0.6])


def test_the_roc_rises_from_no_alarm_to_all():
    curve = roc(BAD, GOOD)
    assert list(zip(curve.threshold[1:], curve.detection[1:], strict=True)) == [
        (0.9, 0.25),
        (0.8, 0.5),
        (0.6, 0.75),
        (0.3, 0.75),
        (0.2, 1.0),
        (0.1, 1.0),
    ]
    assert curve.false_alarm == pytest.approx([0, 0, 0, 1 / 3, 2 / 3, 2 / 3, 1])


def test_at_most_the_allowed_share_of_clean_photos_lies_above_the_cut():
    good = np.arange(100) / 100
    # One in a hundred: 0.99 alarms, the cut itself does not.
    assert cut_at(good, 0.01) == pytest.approx(0.99)
    assert cut_at(good, 0.05) == pytest.approx(0.95)
    assert (good > cut_at(good, 0.05)).mean() == pytest.approx(0.04)
    with pytest.raises(ValueError, match="between 0 and 1"):
        cut_at(good, 5)


def test_a_photo_passes_below_the_first_score_and_is_rejected_from_the_second_on():
    outcome = judge_by_band(BAD, GOOD, ok_below=0.3, reject_from=0.8)
    assert (outcome.bad_passed, outcome.bad_to_person, outcome.bad_rejected) == (1, 1, 2)
    assert (outcome.good_passed, outcome.good_to_person, outcome.good_rejected) == (1, 2, 0)
    assert outcome.coverage == pytest.approx(4 / 7)
    with pytest.raises(ValueError, match="ok_below"):
        judge_by_band(BAD, GOOD, 0.8, 0.3)


def test_the_band_keeps_to_the_allowed_misses_and_false_rejects():
    bad, good = np.arange(100, 200, 5) / 255, np.arange(20, 220, 10) / 255
    ok_below, reject_from = choose_band(bad, good, missed=0.05, rejected=0.1)
    outcome = judge_by_band(bad, good, ok_below - 1e-4, reject_from - 1e-4)
    assert outcome.bad_passed == 1 and outcome.good_rejected == 2
    assert choose_band(np.array([0.8]), np.array([0.2]), 0.05, 0.05) == (0.5, 0.5)


def test_pooled_violators_give_rising_steps():
    # By score: clean, bad, clean, bad, bad. The middle two break the order and share 1/2.
    fit = isotonic(np.array([0.2, 0.4, 0.5]), np.array([0.1, 0.3]))
    assert fit.score_from == (0.1, 0.2, 0.4)
    assert fit.probability == pytest.approx((0.0, 0.5, 1.0))
    assert fit.of(np.array([0.0, 0.1, 0.25, 0.45, 0.9])) == pytest.approx([0, 0, 0.5, 1, 1])


def test_equal_scores_share_one_step():
    fit = isotonic(np.array([0.5, 0.5, 0.5]), np.array([0.5]))
    assert fit.score_from == (0.5,) and fit.probability == (0.75,)


def test_the_reliability_diagram_can_be_counted_on_paper():
    probability = np.array([0.05, 0.09, 0.95, 1.0])
    defective = np.array([False, True, True, True])
    low, high = reliability_bins(probability, defective)
    assert (low.predicted, low.hits, low.n) == (pytest.approx(0.07), 1, 2)
    assert (high.predicted, high.hits, high.n) == (pytest.approx(0.975), 2, 2)
    # Half the photos are off by 0.43, the other half by 0.025.
    assert calibration_error((low, high)) == pytest.approx((0.43 + 0.025) / 2)
    assert brier(np.array([1.0, 0.5]), np.array([True, False])) == pytest.approx(0.125)
