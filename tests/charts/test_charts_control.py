from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from inspection.charts.control import control_chart_figure
from inspection.charts.look import MAX_POINTS
from inspection.domain.spc import phased_chart
from tests.charts.example_figures import (
    LABELS,
    MONDAY,
    chart_points,
    chart_with_a_jump,
    lines,
    points_drawn,
)


def control(chart, **more):
    return control_chart_figure(chart_points(len(chart)), chart, LABELS, **more)


def test_limits_and_signals_are_drawn_from_twenty_points_on():
    figure = lines(control(chart_with_a_jump()))
    assert "관리한계" in figure
    assert list(figure["이상 신호"].y) == [0.8]
    text, place = figure["이상 신호"].customdata[0]
    assert "beyond limit" in text and place == 20


def test_a_rule_that_is_switched_off_marks_nothing():
    assert "이상 신호" not in lines(control(chart_with_a_jump(), rules=["six_trending"]))


def test_the_hover_names_value_limits_and_bodies():
    text, place = lines(control(chart_with_a_jump()))[LABELS["value"]].customdata[20]
    # ū = 0.2, n = 50: 0.2 ± 3·√(0.2/50).
    assert "0.8" in text and "0.0103~0.39" in text and "n = 50" in text and place == 20


def test_below_twenty_points_the_figure_says_why_there_are_no_limits():
    figure = control(phased_chart("u", [9, 1, 1, 1, 1], [5] * 5))
    assert set(lines(figure)) == {"중심선 0.52", "대당 결함 수(개/대)"}
    assert figure.layout.annotations[0].text == "관리한계는 20점부터"


def test_a_lower_limit_of_zero_is_not_drawn():
    # 0.2 ± 3·√(0.2/5) reaches below zero, so only the upper limit remains.
    chart = phased_chart("u", [1] * 20, [5] * 20)
    limits = [trace for trace in control(chart).data if trace.name == "관리한계"]
    assert len(limits) == 1
    assert limits[0].y[0] == pytest.approx(0.8)


def test_each_phase_has_its_own_limits_behind_a_line():
    units = [50] * 40
    figure = control(phased_chart("u", [10] * 20 + [40] * 20, units, starts=(0, 20)))
    upper = next(trace for trace in figure.data if trace.name == LABELS["limits"]).y
    assert upper[19] == pytest.approx(0.39, abs=0.01) and upper[20] == pytest.approx(1.18, abs=0.01)
    (line,) = figure.layout.shapes
    assert line.label.text == "공정 변경" and line.x0 == chart_points(40)["at"][20]


def test_excluded_points_and_known_causes_are_marked():
    points = chart_points(21)
    points["excluded"] = [place == 3 for place in range(21)]
    causes = pd.DataFrame({"from_at": [points["at"][5]], "to_at": [points["at"][7]], "number": [1]})
    figure = control_chart_figure(points, chart_with_a_jump(), LABELS, causes=causes)
    assert list(lines(figure)["제외한 점"].x) == [points["at"].to_numpy()[3]]
    assert figure.layout.shapes[0].label.text == "1"


def test_a_control_chart_of_a_period_keeps_the_limits_and_runs_from_before_it():
    whole, part = lines(control(chart_with_a_jump())), lines(control(chart_with_a_jump(), first=18))
    assert len(part[LABELS["value"]].x) == 3
    assert list(part["이상 신호"].y) == list(whole["이상 신호"].y)
    assert part[LABELS["limits"]].y[-1] == whole[LABELS["limits"]].y[-1]


def test_a_long_control_chart_draws_the_newest_points_and_their_signals():
    chart = phased_chart("u", [10] * 2999 + [40], [50] * 3000, np.arange(3000) < 20)
    figure = control(chart)
    assert points_drawn(figure) <= MAX_POINTS
    assert list(lines(figure)["이상 신호"].y) == [0.8]
    assert str(lines(figure)["이상 신호"].x[0])[:10] == str(MONDAY + timedelta(days=2999))
