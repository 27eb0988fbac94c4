import pytest

from inspection.domain.reliability import (
    least_rate,
    ppv,
    targets_with_misses,
    wilson,
    wilson_by_group,
    zero_miss_targets,
)


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"), [(95, 100, 0.888, 0.978), (475, 500, 0.927, 0.966)]
)
def test_ninety_five_percent_found_does_not_show_ninety_five_percent(hits, n, low, high):
    assert wilson(hits, n) == (pytest.approx(low, abs=5e-4), pytest.approx(high, abs=5e-4))
    assert wilson(hits, n)[0] < 0.95


def test_the_interval_of_all_or_none_ends_at_one_or_zero_and_mirrors():
    low, high = wilson(20, 20)
    assert high == 1.0
    assert low == pytest.approx(20 / (20 + 1.96**2))
    assert wilson(0, 20) == (0.0, pytest.approx(1 - low))


def test_photos_of_one_car_say_less_than_photos_of_as_many_cars():
    alone = [(1, 1)] * 4 + [(0, 1)] * 36
    # Of k cars k - 1 are free.
    assert wilson_by_group(alone) == pytest.approx(wilson(3.9, 39))
    # Four photos a car that are all alike are no more than one.
    alike = [(4, 4)] + [(0, 4)] * 9
    assert wilson_by_group(alike) == pytest.approx(wilson(0.9, 9))
    # Without a miss nobody sees how far they hang together: each car counts as one photo.
    assert wilson_by_group([(0, 4)] * 10) == pytest.approx(wilson(0, 10))
    assert wilson_by_group([(3, 3)]) == pytest.approx(wilson(1, 1))


def test_no_trial_gives_no_interval_and_more_hits_than_trials_are_refused():
    with pytest.raises(ValueError, match="n = 0"):
        wilson(0, 0)
    with pytest.raises(ValueError, match="between 0 and n = 10"):
        wilson(11, 10)


@pytest.mark.parametrize(("reliability", "targets"), [(0.90, 29), (0.95, 59), (0.99, 299)])
def test_targets_to_be_found_without_a_miss(reliability, targets):
    assert zero_miss_targets(reliability) == targets


@pytest.mark.parametrize("reliability", [0.0, 1.0, 95.0])
def test_a_reliability_is_a_share_below_one(reliability):
    with pytest.raises(ValueError, match="between 0 and 1"):
        zero_miss_targets(reliability)


@pytest.mark.parametrize(
    ("prevalence", "real"), [(0.005, 0.107), (0.02, 0.326), (0.05, 0.556), (0.15, 0.807)]
)
def test_most_alarms_are_false_while_defects_are_rare(prevalence, real):
    assert ppv(0.95, 0.96, prevalence) == pytest.approx(real, abs=5e-4)


def test_without_alarms_there_is_no_predictive_value():
    assert ppv(recall=0.95, specificity=1.0, prevalence=0.0) is None
    with pytest.raises(ValueError, match="prevalence"):
        ppv(0.95, 0.96, 15)


def test_the_interval_over_groups_is_that_of_the_share():
    # 9 of 10 in 4 groups counts as 3.6 of 4.
    low, high = wilson(3.6, 4)
    assert low < wilson(9, 10)[0] and high > wilson(9, 10)[1]


@pytest.mark.parametrize(
    ("reliability", "targets"),
    [(0.95, (59, 93, 124, 153, 181, 208)), (0.90, (29, 46, 61, 76, 89, 103))],
)
def test_targets_needed_when_one_to_five_are_missed(reliability, targets):
    needed = tuple(targets_with_misses(reliability, misses) for misses in range(6))
    assert needed == targets


def test_the_exact_bound_reaches_the_rate_with_that_many_targets_and_not_with_one_less():
    assert least_rate(59, 59) >= 0.95 > least_rate(58, 58)
    assert least_rate(124 - 2, 124) >= 0.95 > least_rate(123 - 2, 123)
    # Without a miss the bound is the n-th root of 0.05.
    assert least_rate(20, 20) == pytest.approx(0.05 ** (1 / 20))
    assert least_rate(0, 7) == 0.0 and least_rate(0, 0) is None


def test_many_misses_are_counted_as_exactly_as_few():
    needed = targets_with_misses(0.95, 140)
    assert least_rate(needed - 140, needed) >= 0.95 > least_rate(needed - 141, needed - 1)
    with pytest.raises(ValueError, match="misses"):
        targets_with_misses(0.95, -1)
