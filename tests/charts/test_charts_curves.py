import numpy as np
import pandas as pd
import pytest

from inspection.charts.curves import pod_curve, reliability_diagram, risk_coverage, roc_curve
from inspection.charts.look import refuse_crowded
from tests.charts.example_figures import CURVE_LABELS, lines


def test_a_roc_of_ten_thousand_photos_keeps_its_ends_and_few_enough_points():
    share = np.linspace(0, 1, 10_000)
    points = pd.DataFrame({"false_alarm": share, "detection": share, "threshold": 1 - share})
    figure = roc_curve(points, points.iloc[1:2], CURVE_LABELS)
    refuse_crowded(figure)
    curve = lines(figure)["점수"]
    assert (curve.x[0], curve.x[-1]) == (0, 1) and len(curve.x) > 1900


def test_the_roc_runs_beside_the_coin_toss_and_names_its_threshold():
    points = pd.DataFrame(
        {"false_alarm": [0, 0, 1], "detection": [0, 0.5, 1], "threshold": [1, 0.8, 0.1]}
    )
    figure = roc_curve(points, points.iloc[1:2], CURVE_LABELS)
    curve = lines(figure)["점수"]
    assert list(curve.y) == [0, 0.5, 1] and "임계값" in curve.hovertemplate
    assert list(lines(figure)["무작위 판정"].x) == [0, 1]
    assert figure.layout.xaxis.title.text == "과검(%)"


def test_detection_by_size_is_drawn_with_its_marks_and_without_a_curve_where_none_fits():
    observed = pd.DataFrame(
        {
            "size": [1.0, 4.0],
            "share": [0.5, 1.0],
            "low": [0.2, 0.7],
            "high": [0.8, 1.0],
            "n": [9, 9],
        }
    )
    curve = pd.DataFrame({"size": [1.0, 4.0], "pod": [0.5, 0.94]})
    marks = pd.DataFrame({"name": ["a50", "a90"], "size": [1.0, 3.0], "share": [0.5, 0.9]})
    figure = pod_curve(curve, observed, marks, CURVE_LABELS)
    assert list(lines(figure)) == ["관측", "곡선", "a50 1", "a90 3"]
    assert list(lines(figure)["관측"].error_y.arrayminus) == pytest.approx([0.3, 0.3])
    assert figure.layout.xaxis.type == "log"
    assert figure.layout.xaxis.title.text == "길이(mm)"
    bare = pod_curve(curve[:0], observed, marks[:0], CURVE_LABELS)
    assert list(lines(bare)) == ["관측"]


def test_a_stretch_of_many_photos_is_a_larger_mark_than_one_of_few():
    bins = pd.DataFrame(
        {
            "predicted": [0.1, 0.9],
            "observed": [0.0, 1.0],
            "low": [0.0, 0.9],
            "high": [0.5, 1.0],
            "n": [4, 400],
        }
    )
    figure = lines(reliability_diagram(bins, bins, CURVE_LABELS))
    few, many = figure["후"].marker.size
    assert few < many == pytest.approx(18.0)


def test_the_axes_of_the_errors_reach_as_far_as_their_intervals():
    points = pd.DataFrame(
        {
            "to_person": [0.0, 0.3],
            "allowed": [0.1, 0.0],
            "missed": [0.1, 0.0],
            "missed_low": [0.05, 0.0],
            "missed_high": [0.15, 0.02],
            "rejected": [0.2, 0.1],
            "rejected_low": [0.1, 0.05],
            "rejected_high": [0.4, 0.2],
        }
    )
    figure = risk_coverage(points, CURVE_LABELS)
    assert figure.layout.xaxis.range[1] == pytest.approx(1.03 * 0.3)
    assert figure.layout.yaxis.range[1] == pytest.approx(1.03 * 0.4)
    assert list(lines(figure)["과검"].y) == [0.2, 0.1]
