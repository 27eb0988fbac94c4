import numpy as np
import pandas as pd

from inspection.charts.cost import saving_by_threshold, tornado
from inspection.charts.look import refuse_crowded
from tests.charts.example_figures import lines


def test_a_tornado_stretches_from_the_base_to_the_saving_at_either_end():
    swings = pd.DataFrame(
        [("recall", "80 %", "98 %", -50.0, 130.0), ("review_cost", "300", "1,000", 110.0, 60.0)],
        columns=["name", "low", "high", "at_low", "at_high"],
    )
    labels = {"recall": "검출률", "saving": "백만 KRW/년", "input": "입력"}
    figure = tornado(swings, 100.0, {**labels, "at_low": "낮음", "at_high": "높음"})
    low, high = figure.data
    assert list(low.base + np.array(low.x)) == [-50.0, 110.0]
    assert list(high.base + np.array(high.x)) == [130.0, 60.0]
    assert list(low.y) == ["검출률", "review_cost"]
    # The widest stands on top, and the axis of the savings has its unit.
    assert figure.layout.yaxis.autorange == "reversed"
    assert figure.layout.xaxis.title.text == "백만 KRW/년"


def test_a_saving_by_threshold_marks_the_best_one_and_stays_within_the_points():
    n = 5000
    points = pd.DataFrame({"threshold": np.linspace(1, 0, n), "saving": np.zeros(n)})
    points = points.assign(saving_low=-1.0, saving_high=1.0, detection=0.5, false_alarm=0.1)
    marks = pd.DataFrame([("best", 0.9, 3.0)], columns=["name", "threshold", "saving"])
    words = ("threshold", "saving", "bounds", "detection", "false_alarm", "best")
    figure = saving_by_threshold(points, marks, {word: word for word in words})
    refuse_crowded(figure)
    assert list(lines(figure)["best 0.900"].y) == [3.0]
