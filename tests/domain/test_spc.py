import numpy as np
import pytest

from inspection.domain.spc import (
    Signal,
    c_chart,
    frozen_baseline,
    np_chart,
    p_chart,
    signals,
    u_chart,
)

# Nonconforming units in 50 lots of 200 (the data set of the qcc manual's np chart).
LOTS = [8, 7, 11, 3, 6, 11, 4, 4, 5, 8, 8, 6, 7, 6, 10, 7, 9, 5, 6, 8, 8, 10, 4, 11, 4]
LOTS += [11, 6, 6, 9, 5, 4, 7, 5, 7, 8, 5, 10, 9, 7, 9, 4, 9, 4, 7, 11, 8, 10, 8, 7, 5]


def c_chart_at(centre: int, later: list[int]):
    """A c chart frozen on 20 points that lie on its centre, and what came after."""
    return c_chart([centre] * 20 + later, baseline=slice(0, 20))


def test_u_chart_of_the_first_four_days_of_besterfield_1990_page_185():
    chart = u_chart([120, 94, 89, 162], [110, 82, 96, 115])
    assert chart.centre == pytest.approx(465 / 403)
    assert chart.lower == pytest.approx([0.84659, 0.79798, 0.82495, 0.85334], abs=1e-5)
    assert chart.upper == pytest.approx([1.46110, 1.50971, 1.48274, 1.45435], abs=1e-5)


def test_p_chart_of_thirty_wafers_in_the_nist_handbook():
    # 347 of 1500 chips: the handbook's mean of 0.2313 at 50 chips a wafer.
    chart = p_chart([12] * 17 + [11] * 13, [50] * 30)
    assert chart.centre == pytest.approx(0.2313, abs=5e-5)
    assert chart.lower == pytest.approx(np.full(30, 0.0524), abs=1e-4)
    assert chart.upper == pytest.approx(np.full(30, 0.4102), abs=1e-4)


def test_p_chart_limits_widen_on_a_short_shift():
    chart = p_chart([6, 8, 2], [100, 100, 25])
    assert chart.centre == pytest.approx(16 / 225)
    assert chart.upper == pytest.approx([0.14821, 0.14821, 0.22532], abs=1e-5)
    assert chart.lower.tolist() == [0, 0, 0]


def test_np_chart_of_fifty_lots_as_qcc_prints_it():
    chart = np_chart(LOTS, 200)
    assert sum(LOTS) == 357
    assert chart.centre == pytest.approx(7.14)
    assert chart.upper == pytest.approx(np.full(50, 15.01184), abs=1e-5)
    assert chart.lower.tolist() == [0] * 50
    assert not chart.provisional
    assert signals(chart, ["beyond_limit"]) == ()


def test_c_chart_around_sixteen_runs_from_four_to_twenty_eight():
    chart = c_chart([16, 20, 12])
    assert (chart.centre, chart.lower[0], chart.upper[0]) == (16, 4, 28)


def test_laney_widens_the_limits_of_a_line_whose_batches_differ():
    chart = p_chart([20, 34, 18, 40, 22, 36], [400, 500] * 3)
    assert chart.centre == pytest.approx(0.062963, abs=1e-6)
    assert chart.sigma_z == pytest.approx(1.814358, abs=1e-6)
    assert chart.laney_upper[:2] == pytest.approx([0.129068, 0.122089], abs=1e-6)
    assert chart.laney_lower[:2] == pytest.approx([0, 0.003837], abs=1e-6)
    assert chart.upper[:2] == pytest.approx([0.099397, 0.095551], abs=1e-6)


def test_laney_u_limits_are_sigma_z_times_as_wide():
    chart = u_chart([50, 80, 52, 78, 49, 83], [100] * 6)
    assert chart.sigma_z > 1
    width, laney_width = chart.upper - chart.centre, chart.laney_upper - chart.centre
    assert laney_width / width == pytest.approx(np.full(6, chart.sigma_z))


def test_later_points_never_move_the_limits():
    before = u_chart([10] * 20, [50] * 20)
    units = [50] * 30
    after = u_chart([10] * 20 + [40] * 10, units, baseline=frozen_baseline(units))
    assert after.centre == before.centre == 0.2
    assert after.upper[0] == after.upper[29] == before.upper[0]


def test_the_frozen_baseline_takes_the_first_points_at_which_anything_was_inspected():
    assert frozen_baseline([0, 5, 0, 5, 5, 5], points=3).tolist() == [0, 1, 0, 1, 1, 0]


def test_an_excluded_point_stays_visible_but_moves_nothing():
    kept = np.array([True] * 20 + [False])
    chart = u_chart([10] * 20 + [90], [50] * 21, kept)
    assert chart.centre == 0.2
    assert chart.values[20] == 1.8


def test_a_shift_without_units_is_no_point():
    chart = u_chart([10, 0, 10], [50, 0, 50])
    assert chart.centre == 0.2
    assert np.isnan([chart.values[1], chart.lower[1], chart.upper[1]]).all()


def test_a_line_without_any_defect_has_no_limits():
    for chart in (u_chart([0] * 25, [50] * 25), p_chart([50] * 25, [50] * 25)):
        assert np.isnan(chart.upper).all()
        assert chart.sigma_z is None
        assert signals(chart) == ()


def test_fewer_than_twenty_points_raise_no_alarm():
    assert u_chart([10] * 19, [50] * 19).provisional
    assert not u_chart([10] * 20, [50] * 20).provisional
    nineteen = u_chart([10] * 18 + [500], [50] * 19)
    assert nineteen.values[18] > nineteen.upper[18]
    assert signals(nineteen) == ()


def test_only_a_point_strictly_beyond_a_limit_signals():
    chart = c_chart_at(16, [28, 29, 4, 3])
    assert signals(chart, ["beyond_limit"]) == (
        Signal("beyond_limit", 21),
        Signal("beyond_limit", 23),
    )


def test_the_ninth_point_on_one_side_signals_and_so_does_each_further_one():
    chart = c_chart_at(16, [17, 18] * 5)
    assert [signal.index for signal in signals(chart, ["nine_on_one_side"])] == [28, 29]


def test_a_point_on_the_centre_ends_the_run():
    chart = c_chart_at(16, [17, 18, 17, 18, 16, 18, 17, 18, 17, 18, 17])
    assert signals(chart) == ()


@pytest.mark.parametrize("trend", [[15, 16, 17, 18, 19, 20], [20, 19, 18, 17, 15, 14]])
def test_six_points_rising_or_falling_signal_at_the_sixth(trend):
    # The point before the trend breaks it, so that exactly six points are in a row.
    chart = c_chart_at(16, [18 if trend[0] == 15 else 12, *trend])
    assert signals(chart, ["six_trending"]) == (Signal("six_trending", 26),)


def test_two_equal_points_break_a_trend():
    assert signals(c_chart_at(16, [12, 13, 14, 14, 15, 17, 18]), ["six_trending"]) == ()


def test_an_empty_shift_does_not_interrupt_a_run():
    counts = [10] * 20 + [12] * 4 + [0] + [12] * 5
    units = [50] * 24 + [0] + [50] * 5
    chart = u_chart(counts, units, slice(0, 20))
    assert [signal.index for signal in signals(chart)] == [29]


def test_laney_limits_may_be_asked_for_the_alarm():
    counts = [5, 15] * 10 + [24]
    chart = u_chart(counts, [50] * 21, slice(0, 20))
    assert signals(chart, ["beyond_limit"]) == (Signal("beyond_limit", 20),)
    assert signals(chart, ["beyond_limit"], laney=True) == ()


def test_the_arrays_of_a_chart_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        u_chart([1, 2], [5, 5]).upper[0] = 9


def test_an_empty_period_gives_an_empty_chart():
    chart = u_chart([], [])
    assert len(chart.values) == 0
    assert chart.provisional
    assert signals(chart) == ()


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: u_chart([1, 2], [5]), "one number of units a point"),
        (lambda: u_chart([-1], [5]), "counts must be 0 or more"),
        (lambda: u_chart([1], [float("nan")]), "units must be 0 or more"),
        (lambda: u_chart([1, 2], [5, 5], np.array([0, 1])), "2 booleans"),
        (lambda: p_chart([3, 6], [5, 5]), "point 1 has 6 nonconforming of 5 units"),
        (lambda: np_chart([6], 5), "6 nonconforming of 5 units"),
        (lambda: np_chart([0], 0), "at least one unit"),
        (lambda: signals(c_chart([1]), ["western_electric"]), "western_electric"),
    ],
)
def test_counts_that_cannot_be_are_refused(make, why):
    with pytest.raises(ValueError, match=why):
        make()
