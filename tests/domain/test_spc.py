import numpy as np
import pytest

from inspection.domain.run_rules import ONE_SIDE_RUN, Signal, SignalRun, signal_runs, signals
from inspection.domain.spc import (
    c_chart,
    frozen_baseline,
    g_chart,
    np_chart,
    p_chart,
    phased_chart,
    t_chart,
    u_chart,
)

# Nonconforming units in 50 lots of 200 (the data set of the qcc manual's np chart).
LOTS = [8, 7, 11, 3, 6, 11, 4, 4, 5, 8, 8, 6, 7, 6, 10, 7, 9, 5, 6, 8, 8, 10, 4, 11, 4]
LOTS += [11, 6, 6, 9, 5, 4, 7, 5, 7, 8, 5, 10, 9, 7, 9, 4, 9, 4, 7, 11, 8, 10, 8, 7, 5]

# Cans of frozen orange juice that leaked, 30 samples of 50 (Montgomery, Introduction to
# Statistical Quality Control, the p chart's example; also data set `orangejuice` of R's qcc).
JUICE = [12, 15, 8, 10, 4, 7, 16, 9, 14, 10, 5, 6, 17, 12, 22, 8, 10, 5, 13, 11, 20, 18, 24]
JUICE += [15, 9, 12, 7, 13, 9, 6]

# Nonconformities in 26 samples of 100 circuit boards (the same book's c chart; `circuit` of qcc).
BOARDS = [21, 24, 16, 12, 15, 5, 28, 20, 31, 25, 20, 24, 16, 19, 10, 17, 13, 22, 18, 39, 30, 24]
BOARDS += [16, 19, 17, 15]

# Defects on rolls of dyed cloth, with 50 m² as the unit (the same book's u chart of varying n).
CLOTH = [14, 12, 20, 11, 7, 10, 21, 16, 19, 23]
CLOTH_UNITS = [10, 8, 13, 10, 9.5, 10, 12, 10.5, 12, 12.5]


# Hours between failures of a valve (Montgomery, Introduction to Statistical Quality Control, the
# example of a chart for low defect levels; also in the manual of IMSL's cumulative probability).
VALVE = [286, 948, 536, 124, 816, 729, 4, 143, 431, 8]
VALVE += [2837, 596, 81, 227, 603, 492, 1199, 1214, 2831, 96]


def steady(centre: int) -> list[int]:
    """Twenty points around a centre, the last two on it: no run reaches out of them."""
    return [centre - 1, centre + 1] * 9 + [centre] * 2


def c_chart_at(centre: int, later: list[int]):
    """A c chart frozen on 20 points around its centre, and what came after."""
    return c_chart(steady(centre) + later, baseline=slice(0, 20))


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


def test_p_chart_of_leaking_juice_cans_with_and_without_the_two_samples_that_had_a_cause():
    assert sum(JUICE) == 347
    chart = p_chart(JUICE, [50] * 30)
    assert (chart.centre, chart.lower[0], chart.upper[0]) == pytest.approx(
        (0.2313, 0.0524, 0.4102), abs=1e-4
    )
    assert signals(chart, ["beyond_limit"]) == (
        Signal("beyond_limit", 14),
        Signal("beyond_limit", 22),
    )
    # Sample 15: a new batch of cardboard; sample 23: a new operator.
    kept = np.array([place not in (14, 22) for place in range(30)])
    revised = p_chart(JUICE, [50] * 30, kept)
    assert (revised.centre, revised.lower[0], revised.upper[0]) == pytest.approx(
        (301 / 1400, 0.0407, 0.3893), abs=1e-4
    )
    # The excluded samples stay on the chart, and the revised limits show one more.
    assert revised.values[22] == 0.48
    assert [one.index for one in signals(revised, ["beyond_limit"])] == [14, 20, 22]


def test_c_chart_of_circuit_boards_with_and_without_the_two_samples_that_had_a_cause():
    chart = c_chart(BOARDS)
    assert (chart.centre, chart.lower[0], chart.upper[0]) == pytest.approx(
        (19.85, 6.48, 33.22), abs=0.01
    )
    assert [one.index for one in signals(chart, ["beyond_limit"])] == [5, 19]
    # Sample 6: a new inspector; sample 20: the wave solder was too hot.
    kept = np.array([place not in (5, 19) for place in range(26)])
    revised = c_chart(BOARDS, kept)
    assert (revised.centre, revised.lower[0], revised.upper[0]) == pytest.approx(
        (19.67, 6.36, 32.97), abs=0.01
    )


def test_u_chart_of_dyed_cloth_whose_rolls_differ_in_size():
    chart = u_chart(CLOTH, CLOTH_UNITS)
    assert chart.centre == pytest.approx(1.42, abs=0.005)
    # The book's limits of rolls 1 to 3.
    assert chart.upper[:3] == pytest.approx([2.55, 2.68, 2.41], abs=0.01)
    assert chart.lower[:3] == pytest.approx([0.29, 0.16, 0.43], abs=0.01)


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
    counts = steady(10) + [12] * 4 + [0] + [12] * 5
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


def test_a_new_phase_has_its_own_limits_and_no_run_crosses_into_it():
    # Six above the centre at the end of one phase and four at the start of the next: no nine.
    counts = steady(16) + [18, 19] * 3 + [24, 25] * 2 + [20] * 20
    start = 26
    frozen = frozen_baseline(np.ones(50), starts=(0, start))
    chart = phased_chart("c", counts, np.ones(50), frozen, starts=(0, start))
    assert chart.baseline.sum() == 40 and chart.baseline[start:].sum() == 20
    assert chart.centre[0] == chart.centre[25] == 16
    # 24, 25, 24, 25 and sixteen times 20: 418 / 20.
    assert chart.centre[start] == pytest.approx(20.9)
    assert all(one.index >= start for one in signals(chart, ["nine_on_one_side"]))
    in_one_phase = c_chart(counts, slice(0, 20))
    assert signals(in_one_phase, ["nine_on_one_side"])[0].index == 28


def test_no_moving_range_is_taken_over_a_phase_boundary():
    # Within each phase every point is the same; only the step between them would count.
    chart = phased_chart("u", [10, 10, 30, 30], [50] * 4, starts=(0, 2))
    assert chart.sigma_z.tolist() == [0, 0, 0, 0]
    assert u_chart([10, 10, 30, 30], [50] * 4).sigma_z > 0


def test_a_short_phase_is_provisional_while_the_one_before_it_alarms():
    counts = [16] * 20 + [40] + [40] * 5
    chart = phased_chart(
        "c", counts, np.ones(26), frozen_baseline(np.ones(26), starts=(0, 21)), starts=(0, 21)
    )
    assert chart.provisional[20:22].tolist() == [False, True]
    assert signals(chart) == (Signal("beyond_limit", 20),)


def test_an_excluded_point_makes_room_for_a_later_one_in_the_baseline():
    excluded = [False, True, False, False]
    assert frozen_baseline([5] * 4, 2, excluded=excluded).tolist() == [1, 0, 1, 0]


def test_runs_begin_anew_where_points_between_are_not_at_hand():
    chart = c_chart_at(16, [17, 18] * 5)
    assert signals(chart, ["nine_on_one_side"])
    assert signals(chart, ["nine_on_one_side"], breaks=[25]) == ()
    rising = c_chart_at(16, [18, 15, 16, 17, 18, 19, 20])
    assert signals(rising, ["six_trending"], breaks=[24]) == ()


def test_neighbouring_signals_are_one_run_that_knows_where_it_began():
    counts = steady(16) + [17, 18] * 5 + [40, 41, 15, 40]
    chart = phased_chart("c", counts, np.ones(34), np.arange(34) < 20)
    assert signal_runs(chart, ["beyond_limit"]) == (
        SignalRun("beyond_limit", True, began=30, first=30, last=31, points=2),
        SignalRun("beyond_limit", True, began=33, first=33, last=33, points=1),
    )
    (nine,) = signal_runs(chart, ["nine_on_one_side"])
    assert (nine.above, nine.began, nine.first, nine.last, nine.points) == (True, 20, 28, 31, 12)


def test_a_run_goes_on_over_a_shift_in_which_nothing_was_inspected():
    counts = [10] * 20 + [30, 0, 30]
    units = [50] * 20 + [50, 0, 50]
    chart = phased_chart("u", counts, units, np.arange(23) < 20)
    (run,) = signal_runs(chart)
    assert (run.first, run.last, run.points) == (20, 22, 2)


def test_a_fall_is_told_from_a_rise():
    chart = phased_chart(
        "c", [*steady(16), 12, 20, 19, 18, 17, 15, 14], np.ones(27), np.arange(27) < 20
    )
    (run,) = signal_runs(chart, ["six_trending"])
    assert (run.above, run.began, run.last) == (False, 21, 26)


def test_an_empty_period_has_one_empty_phase():
    chart = phased_chart("u", [], [])
    assert len(chart) == 0 and signal_runs(chart) == ()


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: phased_chart("x", [1], [1]), "chart kind 'x' is unknown"),
        (lambda: phased_chart("np", [1, 2], [50, 60]), "got 50 to 60; draw a p chart"),
        (lambda: phased_chart("c", [1, 2], [50, 60]), "got 50 to 60; draw a u chart"),
        (lambda: phased_chart("u", [1, 2], [5, 5], starts=(0, 2)), "rise within 2 points"),
        (lambda: phased_chart("u", [1, 2], [5, 5], starts=(1,)), "must start at 0"),
    ],
)
def test_a_chart_that_cannot_be_drawn_is_refused(make, why):
    with pytest.raises(ValueError, match=why):
        make()


# --- rare events ---


@pytest.mark.parametrize("expected", [0, 0.05, 0.1, 0.2])
def test_nine_on_one_side_means_nothing_where_next_to_nothing_is_expected(expected):
    chance = np.random.default_rng(1)
    counts, units = chance.poisson(expected, 400), np.full(400, 40)
    chart = phased_chart("u", counts, units, np.arange(400) < 60)
    assert chart.phases[0].run_rules_rest
    assert signals(chart, ["nine_on_one_side", "six_trending"]) == ()


@pytest.mark.parametrize(
    ("below", "on", "above", "rests"),
    [
        (10, 0, 10, False),
        (12, 0, 8, False),
        (13, 0, 7, True),
        (7, 0, 13, True),
        (8, 4, 8, False),
        (7, 5, 8, True),
    ],
)
def test_runs_rest_above_sixty_percent_on_one_side_or_twenty_on_the_centre(below, on, above, rests):
    # The lower and the upper points balance around a centre of 104.
    counts = [104 - above] * below + [104] * on + [104 + below] * above
    chart = c_chart([*counts, *[105] * ONE_SIDE_RUN], baseline=slice(0, 20))
    assert chart.centre == pytest.approx(104)
    assert chart.run_rules_rest is rests
    runs = signals(chart, ["nine_on_one_side"])
    assert any(one.index == 28 for one in runs) is not rests


def test_a_point_beyond_the_limit_is_told_where_the_runs_rest():
    chart = c_chart([0] * 18 + [1, 1] + [0] * 9 + [9], baseline=slice(0, 20))
    assert chart.run_rules_rest
    assert signals(chart) == (Signal("beyond_limit", 29),)


def test_t_chart_of_the_valve_failures_in_montgomery():
    chart = t_chart(VALVE)
    powers = np.array(VALVE) ** 0.2777
    assert powers[:3] == pytest.approx([4.80986, 6.70903, 5.72650], abs=1e-5)
    # The book's individuals chart of the powers: mean 5.387, limits -0.89 and 11.66.
    assert chart.centre**0.2777 == pytest.approx(5.387, abs=5e-4)
    assert chart.upper[0] ** 0.2777 == pytest.approx(11.66, abs=5e-3)
    assert chart.lower.tolist() == [0.0] * 20
    assert signals(chart) == ()


def test_g_chart_of_ten_bodies_between_on_average():
    # Upper limit 10 + 3·√(10·11) = 41.46; half of the gaps are expected below 6.93.
    chart = g_chart([5, 15] * 10 + [41, 42], baseline=slice(0, 20))
    assert chart.centre == pytest.approx(6.93)
    assert chart.upper[-1] == pytest.approx(41.464, abs=1e-3)
    assert signals(chart, ["beyond_limit"]) == (Signal("beyond_limit", 21),)


def test_g_chart_of_days_between_infections_in_benneyan():
    """Days between infections, Benneyan 1998 as the SAS/QC guide prints them (RAREEVENTS, Getting
    Started). The guide draws probability limits; these are the three-sigma limits of Benneyan 2001,
    Health Care Management Science 4, 305–318, by hand: ḡ = 65/28 = 2.3214, so the upper limit is
    2.3214 + 3·√(2.3214·3.3214) = 2.3214 + 3·2.7768 = 10.652."""
    days = [0, 0, 2, 1, 13, 2, 0, 1, 1, 1, 1, 0, 1, 1, 16, 0, 1, 1, 2, 10, 1, 1, 2, 2, 0, 2, 3, 0]
    chart = g_chart(days)
    assert (sum(days), len(days)) == (65, 28)
    assert chart.upper == pytest.approx([10.652] * 28, abs=1e-3)
    assert chart.centre == pytest.approx(0.693 * 65 / 28, abs=1e-3)
    assert chart.lower.tolist() == [0.0] * 28
    # Thirteen and sixteen days without an infection.
    assert signals(chart, ["beyond_limit"]) == (
        Signal("beyond_limit", 4),
        Signal("beyond_limit", 14),
    )


def test_defects_that_come_closer_are_nine_below_on_a_g_chart():
    # A geometric gap lies above its median as often as below: here the rule has its meaning.
    chart = g_chart([2, 20] * 10 + [1] * 9, baseline=slice(0, 20))
    assert not chart.run_rules_rest
    assert Signal("nine_on_one_side", 28) in signals(chart)


def test_nothing_between_is_a_point_and_no_gap_no_chart():
    assert g_chart([0] * 20).centre == 0.0 and g_chart([0] * 20).upper[0] == 0.0
    assert t_chart([0.0] * 20).upper[0] == 0.0
    empty = phased_chart("g", [], [])
    assert len(empty) == 0 and empty.phases[0].provisional
