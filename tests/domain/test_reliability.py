import pytest

from inspection.domain.reliability import ppv, wilson, zero_miss_targets


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


def test_no_trial_gives_no_interval_and_more_hits_than_trials_are_refused():
    assert wilson(0, 0) is None
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
