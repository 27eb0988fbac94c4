from datetime import date, timedelta

import pandas as pd
import pytest

from inspection.services.trends import (
    days_inspected,
    defect_area_of,
    model_to_look_at,
    models_inspected,
    quality_of,
    signal_spans,
    u_chart_by_day,
)

FIRST = date(2026, 10, 1)
COLUMNS = ("day", "shift", "vehicle_model", "units", "defects", "first_units", "first_ok")


def frame(rows) -> pd.DataFrame:
    daily = pd.DataFrame([row[:7] for row in rows], columns=COLUMNS)
    daily["defect_area_mm2"] = [row[7] if len(row) > 7 else None for row in rows]
    return daily


def days(defects_a_day, units=10) -> pd.DataFrame:
    """One day after the other, ten bodies of one model each."""
    return frame(
        [
            (FIRST + timedelta(days=n), "day", "aria", units, defects, units, units)
            for n, defects in enumerate(defects_a_day)
        ]
    )


def test_dpu_and_ftt_come_from_sums_and_the_undecided_stand_in_neither():
    daily = frame(
        [
            (FIRST, "day", "aria", 60, 20, 55, 45),
            (FIRST, "night", "aria", 40, 10, 35, 27),
        ]
    )
    quality = quality_of(daily)
    assert quality.dpu == pytest.approx(0.30)
    assert quality.ftt == pytest.approx(72 / 90)
    assert quality.undecided_units == 10


def test_area_without_a_scale_is_left_out_with_its_bodies():
    daily = frame(
        [
            (FIRST, "day", "aria", 10, 5, 10, 5, 50.0),
            (FIRST, "night", "aria", 90, 5, 90, 5, None),
        ]
    )
    assert defect_area_of(daily).per_unit_mm2 == pytest.approx(5.0)
    assert defect_area_of(daily[daily["shift"] == "night"]) is None


def test_models_keep_the_plant_order_and_others_follow():
    daily = frame(
        [
            (FIRST, "day", "zeta", 5, 0, 5, 5),
            (FIRST, "day", "cielo", 30, 0, 30, 30),
            (FIRST, "day", "aria", 20, 0, 20, 20),
        ]
    )
    assert models_inspected(daily, ("aria", "borea", "cielo")) == ("aria", "cielo", "zeta")
    assert days_inspected(daily) == 1


def test_the_model_with_signals_comes_first_then_the_busiest():
    calm = days([3, 4] * 11, units=30)
    calm["vehicle_model"] = "cielo"
    loud = days([3, 4] * 10 + [12, 3])
    both = pd.concat([calm, loud])
    assert model_to_look_at(both, ("aria", "cielo"), FIRST) == "aria"
    assert model_to_look_at(both, ("aria", "cielo"), FIRST + timedelta(days=21)) == "cielo"


def test_seventeen_days_are_three_short_of_limits_and_raise_no_signal():
    chart = u_chart_by_day(days([3] * 16 + [60]), "aria")
    assert chart.missing_points == 3
    assert chart.chart.provisional
    assert signal_spans(chart, FIRST) == ()


def test_shifts_of_a_day_are_one_point():
    daily = frame([(FIRST, "day", "aria", 10, 3, 10, 9), (FIRST, "night", "aria", 20, 9, 20, 9)])
    chart = u_chart_by_day(daily, "aria")
    assert list(chart.points["dpu"]) == [pytest.approx(0.4)]


def test_limits_stay_frozen_after_the_first_twenty_days():
    calm, later = days([3, 4] * 10), days([3, 4] * 10 + [9] * 8)
    assert u_chart_by_day(later, "aria").chart.centre == pytest.approx(0.35)
    assert u_chart_by_day(calm, "aria").chart.centre == pytest.approx(0.35)
    assert u_chart_by_day(later, "aria").baseline_days == (FIRST, FIRST + timedelta(days=19))


def test_a_jump_is_said_once_a_run_and_on_its_side():
    # ū = 0.35, n = 10: upper limit 0.35 + 3·√(0.35/10) = 0.911.
    chart = u_chart_by_day(days([3, 4] * 10 + [10, 11, 3]), "aria")
    (span,) = signal_spans(chart, FIRST)
    assert (span.rule, span.above, span.points) == ("beyond_limit", True, 2)
    assert (span.first_day, span.last_day) == (
        FIRST + timedelta(days=20),
        FIRST + timedelta(days=21),
    )


def test_a_run_that_began_before_the_period_is_still_told():
    chart = u_chart_by_day(days([3, 4] * 10 + [5] * 10), "aria")
    (span,) = signal_spans(chart, FIRST + timedelta(days=29))
    assert (span.rule, span.above, span.points) == ("nine_on_one_side", True, 1)


def test_a_steady_fall_is_told_as_a_fall():
    chart = u_chart_by_day(days([3, 4] * 10 + [8, 7, 6, 5, 4, 3]), "aria")
    fall = [span for span in signal_spans(chart, FIRST) if span.rule == "six_trending"]
    assert [span.above for span in fall] == [False]
