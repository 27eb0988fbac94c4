"""What holds for every figure: its look, its points, the photos behind a point."""

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from inspection.charts.control import control_chart_figure
from inspection.charts.line import line_status
from inspection.charts.look import paper_layout, photos_behind, refuse_crowded
from inspection.charts.trends import defect_area, dpu_by_model, ftt_by_model, pareto
from inspection.domain.spc import phased_chart
from tests.charts.example_figures import (
    LABELS,
    MONDAY,
    PARETO,
    TWO_MODELS,
    chart_points,
    chart_with_a_jump,
    daily_frame,
    points_drawn,
)


def test_a_frame_that_does_not_fit_the_chart_is_refused():
    with pytest.raises(ValueError, match="2 rows for a chart of 3 points"):
        control_chart_figure(chart_points(2), phased_chart("u", [1, 2, 3], [9, 9, 9]), LABELS)
    with pytest.raises(ValueError, match=r"lacks \['units'\]"):
        dpu_by_model(TWO_MODELS.drop(columns="units"), LABELS)


def test_a_figure_of_too_many_points_is_refused():
    full = go.Figure().add_scatter(y=[0.0] * 2000)
    refuse_crowded(full)
    with pytest.raises(ValueError, match="at most 2000 points, this one has 2001"):
        refuse_crowded(full.add_scatter(y=[1.0]))
    with pytest.raises(ValueError, match="this one has 2500"):
        refuse_crowded(go.Figure().add_heatmap(z=np.zeros((50, 50))))


def clicked(figure, curve, number):
    return {"curve": curve, "number": number, "photos": figure.data[curve].customdata[number][-1]}


def test_a_point_of_a_day_leads_to_the_photos_of_that_day_and_model():
    figure = dpu_by_model(TWO_MODELS, LABELS, ("aurora", "comet"))
    assert photos_behind(figure, clicked(figure, 1, 0)) == {
        "first_day": "2026-05-04",
        "last_day": "2026-05-04",
        "vehicle_model": "comet",
    }
    bars = pareto(PARETO, LABELS)
    # Scratches stand first; the cumulative line above a bar leads to the same photos.
    assert photos_behind(bars, clicked(bars, 0, 0)) == {"type": "scratch"}
    assert photos_behind(bars, clicked(bars, 1, 1)) == {"type": "dent"}


def test_a_point_that_sums_up_a_week_leads_to_the_whole_week():
    rows = [(n, "day", model, 10, 1, 9, 1.0) for n in range(900) for model in "abcde"]
    figure = dpu_by_model(daily_frame(*rows), LABELS)
    behind = [photos_behind(figure, clicked(figure, 0, number)) for number in (0, 128)]
    # 900 days are 128 weeks and 4 days; the last sum ends with the data.
    assert [b["last_day"] for b in behind] == ["2026-05-10", str(MONDAY + timedelta(days=899))]


def test_a_click_on_a_figure_that_is_gone_leads_nowhere():
    figure = pareto(PARETO, LABELS)
    later = pareto(PARETO[PARETO["type"] == "dent"], LABELS)
    assert photos_behind(later, clicked(figure, 0, 0)) is None
    assert photos_behind(later, clicked(figure, 0, 1)) is None


def test_a_picture_is_dark_on_white_and_names_its_chart():
    layout = paper_layout(pareto(PARETO, LABELS), "파레토 <b>")
    assert (layout["paper_bgcolor"], layout["font"]["color"]) == ("#FFFFFF", "#222222")
    assert layout["title"]["text"] == "파레토 &lt;b&gt;"
    assert (layout["width"], layout["height"]) == (1200, 600)


def every_figure(daily, types, chart, points):
    return [
        dpu_by_model(daily, LABELS),
        ftt_by_model(daily, LABELS),
        defect_area(daily, LABELS),
        pareto(types, LABELS),
        control_chart_figure(points, chart, LABELS),
        line_status(pd.DataFrame({"verdict": []}), LABELS),
    ]


def test_an_empty_period_gives_empty_figures():
    empty = daily_frame()
    for figure in every_figure(empty, PARETO.head(0), phased_chart("u", [], []), chart_points(0)):
        assert points_drawn(figure) == 0


def test_every_figure_is_see_through_and_leaves_text_colours_to_the_page():
    for figure in every_figure(TWO_MODELS, PARETO, chart_with_a_jump(), chart_points(21)):
        layout = json.loads(figure.to_json())["layout"]
        assert layout["paper_bgcolor"] == layout["plot_bgcolor"] == "rgba(0,0,0,0)"
        assert "font" not in layout
        assert "NanumGothic" in layout["template"]["layout"]["font"]["family"]


def test_no_hover_shows_the_name_box_of_plotly():
    for figure in every_figure(TWO_MODELS, PARETO, chart_with_a_jump(), chart_points(21)):
        for trace in figure.data:
            assert trace.hoverinfo == "skip" or trace.hovertemplate.endswith("<extra></extra>")


def test_figures_can_be_had_without_streamlit():
    repository = Path(__file__).parents[2]
    modules = [path.stem for path in (repository / "inspection" / "charts").glob("[!_]*.py")]
    assert "trends" in modules
    code = (
        f"import sys; from inspection.charts import {', '.join(modules)}; "
        "sys.exit('streamlit' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=repository).returncode == 0
