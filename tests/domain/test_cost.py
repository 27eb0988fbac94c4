from dataclasses import replace

import pytest

from inspection.domain.cost import (
    INPUTS,
    CostInputs,
    CostRanges,
    OperatingPoint,
    Range,
    best_point,
    break_even,
    corrected_saving,
    extremes,
    original_saving,
    saving_at,
    tornado,
)

# The worked numbers of the original project and of the domain reference.
SEED = CostInputs(3_890_726, 0.001, 0.95, 0, 325_000, 0, 0, 0, 0, 0)
CORRECTED = CostInputs(
    units_per_year=3_890_726,
    prevalence=0.001,
    recall=0.95,
    false_call_share=0.04,
    escape_cost=325_000,
    rework_cost=50_000,
    overkill_cost=5_000,
    review_share=0.02,
    review_cost=500,
    running_cost_per_year=100_000_000,
)
# A plant that can be reckoned on paper: 1,000 bodies, 10 of them defective.
SMALL = CostInputs(1000, 0.01, 0.8, 0.1, 500, 100, 10, 0.05, 2, 300)


def ranges(inputs=SMALL, **own):
    same = {name: Range(*[getattr(inputs, name)] * 3) for name in INPUTS}
    return CostRanges({**same, **own})


def test_the_originals_worked_number_follows_from_its_inputs():
    burden = (25 + 40) / 2 * 10_000
    assert original_saving(burden, 3_890_726, 0.001, 0.95) == pytest.approx(1_201_261_652.5)


def test_the_corrected_formula_without_any_cost_gives_the_originals_number():
    assert corrected_saving(SEED).total == pytest.approx(1_201_261_652.5)


def test_rework_false_calls_review_and_running_cost_leave_a_twelfth_of_it():
    saving = corrected_saving(CORRECTED)
    assert saving.total == pytest.approx(100_177_852.7, abs=0.05)
    # 3,890,726 × 0.001 × 0.95 × 275,000, and 3,890,726 × 0.999 × 0.04 × 5,000.
    assert saving.caught == pytest.approx(1_016_452_167.5)
    assert saving.false_calls == pytest.approx(777_367_054.8)
    assert (saving.review, saving.running) == pytest.approx((38_907_260, 100_000_000))


def test_the_parts_of_a_small_plant_can_be_reckoned_on_paper():
    saving = corrected_saving(SMALL)
    # 8 of 10 found × 400; 99 of 990 good ones × 10; 50 looks × 2; 300.
    assert (saving.caught, saving.false_calls) == pytest.approx((3200, 990))
    assert (saving.review, saving.running) == pytest.approx((100, 300))
    assert saving.total == pytest.approx(1810)


def test_a_repair_dearer_than_the_escape_makes_every_find_a_loss():
    assert corrected_saving(replace(SMALL, rework_cost=600)).caught == pytest.approx(-800)


@pytest.mark.parametrize(
    ("name", "value"),
    [("recall", 1.1), ("prevalence", -0.1), ("escape_cost", -1), ("units_per_year", float("inf"))],
)
def test_an_impossible_input_is_refused_by_its_name(name, value):
    with pytest.raises(ValueError, match=name):
        replace(SMALL, **{name: value})
    with pytest.raises(ValueError, match="prevalence"):
        replace(SMALL, prevalence=float("nan"))


def test_a_range_rises_and_every_input_has_one():
    with pytest.raises(ValueError, match="must rise, got 2, 1, 3"):
        Range(2, 1, 3)
    with pytest.raises(ValueError, match="recall"):
        CostRanges({name: Range(0, 0, 0) for name in INPUTS if name != "recall"})
    with pytest.raises(ValueError, match="recall must lie between 0 and 1, got 2"):
        ranges(recall=Range(0.5, 0.8, 2))


def test_the_tornado_shows_the_widest_swing_first_and_moves_one_input_at_a_time():
    swings = tornado(ranges(recall=Range(0.5, 0.8, 1), overkill_cost=Range(0, 10, 20)))
    assert [swing.name for swing in swings[:2]] == ["recall", "overkill_cost"]
    # 5, then all 10 of 10 found × 400 instead of 3,200; 99 false calls at 0 and at 20.
    assert (swings[0].at_low, swings[0].at_high) == pytest.approx((610, 2610))
    assert (swings[1].at_low, swings[1].at_high) == pytest.approx((2800, 820))
    assert {swing.width for swing in swings[2:]} == {0}


def test_the_extremes_put_every_input_at_its_worst_and_at_its_best():
    wide = ranges(recall=Range(0.5, 0.8, 1), overkill_cost=Range(0, 10, 20))
    # 5 × 400 − 99 × 20 − 400, and 10 × 400 − 0 − 400.
    assert extremes(wide) == pytest.approx((-380, 3600))
    assert extremes(ranges()) == pytest.approx((1810, 1810))


def test_break_even_is_where_the_saving_is_nothing():
    # 1,390 spent on false calls, looks and running over 8 finds: 173.75 each above the rework.
    assert break_even(SMALL, "escape_cost") == pytest.approx(273.75)
    at = break_even(SMALL, "prevalence")
    assert corrected_saving(replace(SMALL, prevalence=at)).total == pytest.approx(0, abs=1e-6)
    # Running would have to cost less than nothing to lose what is lost here.
    assert break_even(replace(SMALL, escape_cost=100), "running_cost_per_year") is None
    assert break_even(replace(SMALL, review_cost=0), "review_share") is None


NOTHING, SOME, ALL = (
    OperatingPoint(1.0, 0.0, 0.0),
    OperatingPoint(0.7, 0.8, 0.1),
    OperatingPoint(0.1, 1.0, 1.0),
)


def test_a_threshold_saves_what_its_detection_and_its_false_alarms_say():
    assert saving_at(SMALL, SOME) == pytest.approx(1810)
    # Rejecting nothing costs what looking and running cost; rejecting all 990 × 10 more.
    assert saving_at(SMALL, NOTHING) == pytest.approx(-400)
    assert saving_at(SMALL, ALL) == pytest.approx(4000 - 9900 - 400)


def test_the_dearer_the_escape_the_lower_the_best_threshold():
    points = (ALL, NOTHING, SOME)
    assert best_point(SMALL, points) == SOME
    # Between 8 and 10 finds stand 891 more false calls: an escape above 4,555 pays for them.
    assert best_point(replace(SMALL, escape_cost=5000), points) == ALL
    assert best_point(replace(SMALL, overkill_cost=50), points) == NOTHING
    with pytest.raises(ValueError, match="at least one"):
        best_point(SMALL, ())


def test_of_equally_good_thresholds_the_highest_disturbs_the_line_least():
    same = OperatingPoint(0.9, 0.8, 0.1)
    assert best_point(SMALL, (SOME, same)) == same
