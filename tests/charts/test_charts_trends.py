import numpy as np
import pytest

from inspection.charts.look import MAX_POINTS
from inspection.charts.trends import defect_area, dpu_by_model, ftt_by_model, pareto
from tests.charts.example_figures import (
    LABELS,
    PARETO,
    TWO_MODELS,
    daily_frame,
    lines,
    points_drawn,
)


def test_the_shifts_of_a_day_are_summed_and_not_averaged():
    # 8 defects on 40 bodies; the mean of 3/30 and 5/10 would be 0.3.
    aurora = lines(dpu_by_model(TWO_MODELS, LABELS))["aurora"]
    assert list(aurora.y) == [pytest.approx(0.2)]
    assert lines(ftt_by_model(TWO_MODELS, LABELS))["aurora"].y[0] == pytest.approx(0.85)


def test_a_day_without_bodies_is_no_point():
    assert len(lines(dpu_by_model(TWO_MODELS, LABELS))["aurora"].x) == 1


def test_bodies_whose_photos_had_no_scale_do_not_thin_the_defect_area():
    figure = lines(defect_area(TWO_MODELS, LABELS))
    assert figure["aurora"].y[0] == pytest.approx(80 / 40)
    assert "comet" not in figure


def test_a_model_keeps_its_colour_when_others_are_filtered_away():
    models = ("aurora", "comet")
    both = lines(dpu_by_model(TWO_MODELS, LABELS, models))
    only_comet = TWO_MODELS[TWO_MODELS["vehicle_model"] == "comet"]
    alone = lines(dpu_by_model(only_comet, LABELS, models))
    assert alone["comet"].line.color == both["comet"].line.color != both["aurora"].line.color


def test_ten_years_of_five_models_stay_within_the_points_of_a_figure():
    rows = [(n, "day", model, 10, 1, 9, 1.0) for n in range(3650) for model in "abcde"]
    figure = dpu_by_model(daily_frame(*rows), LABELS)
    assert points_drawn(figure) <= MAX_POINTS
    assert set(np.concatenate([trace.y for trace in figure.data])) == {0.1}


def test_the_pareto_starts_with_the_most_frequent_type_in_the_words_of_the_reader():
    bars, line = pareto(PARETO, LABELS).data
    assert list(bars.x) == ["스크래치", "dent"]
    assert list(bars.y) == [75, 25]
    assert list(line.y) == [0.75, 1.0]


def test_names_from_the_log_are_shown_and_not_interpreted():
    hostile = TWO_MODELS.assign(vehicle_model="<a href='x'>comet</a>")
    name = dpu_by_model(hostile, LABELS).data[0].name
    assert "<" not in name
