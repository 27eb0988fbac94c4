import math

import numpy as np
import pytest

from inspection.domain.pod import PodCurve, fit_pod, likelier_pod
from inspection.errors import PodRefused

# The 23 launches before the Challenger's: joint temperature in °F, and no O-ring in distress.
# Published fit on the temperature: 15.0429 − 0.2322 x for distress, standard errors 7.3786 and
# 0.1082 (Dalal, Fowlkes & Hoadley 1989, JASA 84, 945–957).
LAUNCHES = [
    *((66, 1), (70, 0), (69, 1), (68, 1), (67, 1), (72, 1), (73, 1), (70, 1), (57, 0), (63, 0)),
    *((70, 0), (78, 1), (67, 1), (53, 0), (67, 1), (75, 1), (70, 1), (81, 1), (76, 1), (79, 1)),
    *((75, 0), (76, 1), (58, 0)),
]


def curve(intercept, slope, upper=1.0, covariance=((0.04, 0.0), (0.0, 0.01))):
    return PodCurve(intercept, slope, upper, covariance, n=60, hits=30, log_likelihood=0.0)


def test_the_worked_example_has_a50_of_one_and_a90_of_three_millimetres():
    example = curve(0.0, 2.0)
    assert example.size_at(0.5) == pytest.approx(1.0)
    assert example.size_at(0.9) == pytest.approx(3.0)
    assert example.pod(np.array([1.0, 3.0])) == pytest.approx([0.5, 0.9])


def test_the_bound_of_a90_follows_the_delta_method():
    # k = ln 3: √((0.04 + 0.01 k²)/4) = 0.11410, and 3 · exp(1.645 · 0.11410) = 3.6194.
    k = math.log(3.0)
    width = math.sqrt((0.04 + 0.01 * k**2) / 4.0)
    assert curve(0.0, 2.0).bound_at(0.9) == pytest.approx(3.0 * math.exp(1.645 * width))
    assert curve(0.0, 2.0).bound_at(0.9) == pytest.approx(3.6194, abs=1e-4)


def test_the_fit_gives_the_published_coefficients_and_standard_errors():
    temperature, sound = np.array(LAUNCHES, float).T
    fit = fit_pod(np.exp(temperature), sound == 1)
    assert fit.intercept == pytest.approx(-15.0429, abs=1e-4)
    assert fit.slope == pytest.approx(0.2322, abs=1e-4)
    errors = np.sqrt(np.diag(fit.covariance))
    assert errors == pytest.approx([7.3786, 0.1082], abs=1e-3)
    assert (fit.n, fit.hits, fit.upper) == (23, 16, 1.0)


def drawn(intercept, slope, upper=1.0, n=4000):
    rng = np.random.default_rng(3)
    sizes = np.exp(rng.uniform(math.log(0.3), math.log(50.0), n))
    return sizes, rng.random(n) < curve(intercept, slope, upper).pod(sizes)


def test_a_curve_is_found_again_in_data_drawn_from_it():
    fit = likelier_pod(*drawn(0.0, 2.0))
    assert fit.upper == 1.0
    assert fit.size_at(0.5) == pytest.approx(1.0, rel=0.1)
    assert fit.size_at(0.9) == pytest.approx(3.0, rel=0.1)
    assert fit.size_at(0.9) < fit.bound_at(0.9) < 1.15 * fit.size_at(0.9)


def test_where_large_defects_are_missed_too_the_curve_ends_below_one():
    fit = likelier_pod(*drawn(0.0, 2.0, upper=0.95))
    assert fit.upper == pytest.approx(0.95, abs=0.02)
    assert len(fit.covariance) == 3
    # POD = 0.9 where 0.95 s = 0.9: ln a = ln(0.9/0.05)/2, 4.24 mm.
    assert fit.size_at(0.9) == pytest.approx(math.sqrt(18.0), rel=0.25)
    assert fit.bound_at(0.9) > fit.size_at(0.9)


def test_a_curve_that_ends_below_ninety_percent_has_no_a90():
    fit = likelier_pod(*drawn(0.0, 2.0, upper=0.8))
    assert fit.upper == pytest.approx(0.8, abs=0.03)
    assert fit.size_at(0.9) is None and fit.bound_at(0.9) is None
    assert fit.size_at(0.5) is not None


@pytest.mark.parametrize(
    ("sizes", "found", "reason"),
    [
        ([1, 2, 3], [0, 1, 1], "too_few"),
        (range(1, 13), [1] * 12, "one_kind"),
        (range(1, 13), [0] * 6 + [1] * 6, "separated"),
        # The largest miss and the smallest hit are of one size: still no finite fit.
        ([*range(1, 7), *range(6, 12)], [0] * 6 + [1] * 6, "separated"),
        (range(1, 13), [1, 1, 1, 1, 0, 1, 0, 1, 0, 0, 0, 0], "not_rising"),
    ],
)
def test_data_from_which_no_curve_follows_are_refused_with_the_reason(sizes, found, reason):
    with pytest.raises(PodRefused) as refused:
        likelier_pod(np.array(list(sizes), float), np.array(found, bool))
    assert refused.value.reason == reason


def test_a_size_of_zero_is_no_size():
    with pytest.raises(ValueError, match="positive"):
        fit_pod(np.arange(12.0), np.arange(12) % 2 == 0)
