import json
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from inspection import charts
from inspection.domain.body_drawings import DRAWINGS, drawings
from inspection.domain.panels import load_bodies
from inspection.domain.spc import RULES, phased_chart

LABELS = {
    "title": "차종별 대당 결함수",
    "day": "생산일",
    "dpu": "대당 결함수 (건/대)",
    "ftt": "직행률",
    "defect_area": "결함 면적 (mm²/대)",
    "units": "검사 대수",
    "type": "결함 유형",
    "defects": "결함 수 (건)",
    "cumulative": "누적 비율",
    "value": "대당 결함수 (건/대)",
    "centre": "중심선",
    "limits": "관리한계",
    "laney_limits": "Laney 한계",
    "signal": "이상 신호",
    "excluded": "제외한 점",
    "phase": "공정 변경",
    "provisional": "관리한계는 20점부터",
    "scratch": "스크래치",
    "ok": "합격",
    "human": "검사자 판정",
    "rework": "재작업",
    **{rule: rule.replace("_", " ") for rule in RULES},
}
MONDAY = date(2026, 5, 4)


def daily_frame(*rows: tuple) -> pd.DataFrame:
    """Rows of (days after Monday, shift, model, units, defects, first_ok, defect_area_mm2)."""
    return pd.DataFrame(
        [
            {
                "day": MONDAY + timedelta(days=days),
                "shift": shift,
                "vehicle_model": model,
                "units": units,
                "defects": defects,
                "dpu": defects / units if units else None,
                "first_units": units,
                "first_ok": ok,
                "ftt": ok / units if units else None,
                "defect_area_mm2": area,
            }
            for days, shift, model, units, defects, ok, area in rows
        ],
        columns=[
            "day",
            "shift",
            "vehicle_model",
            "units",
            "defects",
            "dpu",
            "first_units",
            "first_ok",
            "ftt",
            "defect_area_mm2",
        ],
    )


TWO_MODELS = daily_frame(
    (0, "day", "aurora", 30, 3, 28, 60.0),
    (0, "night", "aurora", 10, 5, 6, 20.0),
    (1, "day", "aurora", 0, 0, 0, 0.0),
    (0, "day", "comet", 20, 1, 19, None),
)
PARETO = pd.DataFrame(
    {
        "type": ["dent", "scratch"],
        "defects": [25, 75],
        "share": [0.25, 0.75],
        "cumulative": [1.0, 0.75],
    }
)


def chart_points(points: int) -> pd.DataFrame:
    """One point a day with fifty bodies."""
    days = pd.date_range(MONDAY, periods=points, freq="D")
    return pd.DataFrame({"at": days, "label": days.strftime("%Y-%m-%d"), "units": 50})


def chart_with_a_jump():
    return phased_chart("u", [10] * 20 + [40], [50] * 21, np.arange(21) < 20)


def lines(figure) -> dict:
    return {trace.name: trace for trace in figure.data}


def points_drawn(figure) -> int:
    return sum(len(trace.y) for trace in figure.data)


def test_the_shifts_of_a_day_are_summed_and_not_averaged():
    # 8 defects on 40 bodies; the mean of 3/30 and 5/10 would be 0.3.
    aurora = lines(charts.dpu_by_model(TWO_MODELS, LABELS))["aurora"]
    assert list(aurora.y) == [pytest.approx(0.2)]
    assert lines(charts.ftt_by_model(TWO_MODELS, LABELS))["aurora"].y[0] == pytest.approx(0.85)


def test_a_day_without_bodies_is_no_point():
    assert len(lines(charts.dpu_by_model(TWO_MODELS, LABELS))["aurora"].x) == 1


def test_bodies_whose_photos_had_no_scale_do_not_thin_the_defect_area():
    figure = lines(charts.defect_area(TWO_MODELS, LABELS))
    assert figure["aurora"].y[0] == pytest.approx(80 / 40)
    assert "comet" not in figure


def test_a_model_keeps_its_colour_when_others_are_filtered_away():
    models = ("aurora", "comet")
    both = lines(charts.dpu_by_model(TWO_MODELS, LABELS, models))
    only_comet = TWO_MODELS[TWO_MODELS["vehicle_model"] == "comet"]
    alone = lines(charts.dpu_by_model(only_comet, LABELS, models))
    assert alone["comet"].line.color == both["comet"].line.color != both["aurora"].line.color


def test_ten_years_of_five_models_stay_within_the_points_of_a_figure():
    rows = [(n, "day", model, 10, 1, 9, 1.0) for n in range(3650) for model in "abcde"]
    figure = charts.dpu_by_model(daily_frame(*rows), LABELS)
    assert points_drawn(figure) <= charts.MAX_POINTS
    assert set(np.concatenate([trace.y for trace in figure.data])) == {0.1}


def test_the_pareto_starts_with_the_most_frequent_type_in_the_words_of_the_reader():
    bars, line = charts.pareto(PARETO, LABELS).data
    assert list(bars.x) == ["스크래치", "dent"]
    assert list(bars.y) == [75, 25]
    assert list(line.y) == [0.75, 1.0]


def control(chart, **more):
    return charts.control_chart_figure(chart_points(len(chart)), chart, LABELS, **more)


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
    assert "0.8" in text and "0.0103 – 0.39" in text and "n = 50" in text and place == 20


def test_below_twenty_points_the_figure_says_why_there_are_no_limits():
    figure = control(phased_chart("u", [9, 1, 1, 1, 1], [5] * 5))
    assert set(lines(figure)) == {"중심선 0.52", "대당 결함수 (건/대)"}
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
    figure = charts.control_chart_figure(points, chart_with_a_jump(), LABELS, causes=causes)
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
    assert points_drawn(figure) <= charts.MAX_POINTS
    assert list(lines(figure)["이상 신호"].y) == [0.8]
    assert str(lines(figure)["이상 신호"].x[0])[:10] == str(MONDAY + timedelta(days=2999))


def test_a_frame_that_does_not_fit_the_chart_is_refused():
    with pytest.raises(ValueError, match="2 rows for a chart of 3 points"):
        charts.control_chart_figure(
            chart_points(2), phased_chart("u", [1, 2, 3], [9, 9, 9]), LABELS
        )
    with pytest.raises(ValueError, match=r"lacks \['units'\]"):
        charts.dpu_by_model(TWO_MODELS.drop(columns="units"), LABELS)


def test_the_line_strip_counts_each_verdict_and_shows_the_worse_higher():
    verdicts = pd.DataFrame({"verdict": ["ok", "ok", "rework", "human"]})
    bars = charts.line_status(verdicts, LABELS).data
    assert [bar.name for bar in bars] == ["합격 2", "검사자 판정 1", "재작업 1"]
    assert list(bars[2].x) == [2]
    assert bars[0].y[0] < bars[1].y[0] < bars[2].y[0]


def test_names_from_the_log_are_shown_and_not_interpreted():
    hostile = TWO_MODELS.assign(vehicle_model="<a href='x'>comet</a>")
    name = charts.dpu_by_model(hostile, LABELS).data[0].name
    assert "<" not in name


def test_a_figure_of_too_many_points_is_refused():
    full = go.Figure().add_scatter(y=[0.0] * 2000)
    charts.refuse_crowded(full)
    with pytest.raises(ValueError, match="at most 2000 points, this one has 2001"):
        charts.refuse_crowded(full.add_scatter(y=[1.0]))
    with pytest.raises(ValueError, match="this one has 2500"):
        charts.refuse_crowded(go.Figure().add_heatmap(z=np.zeros((50, 50))))


def test_a_roc_of_ten_thousand_photos_keeps_its_ends_and_few_enough_points():
    share = np.linspace(0, 1, 10_000)
    points = pd.DataFrame({"false_alarm": share, "detection": share, "threshold": 1 - share})
    figure = charts.roc_curve(points, points.iloc[1:2], CURVE_LABELS)
    charts.refuse_crowded(figure)
    curve = lines(figure)["점수"]
    assert (curve.x[0], curve.x[-1]) == (0, 1) and len(curve.x) > 1900


def clicked(figure, curve, number):
    return {"curve": curve, "number": number, "photos": figure.data[curve].customdata[number][-1]}


def test_a_point_of_a_day_leads_to_the_photos_of_that_day_and_model():
    figure = charts.dpu_by_model(TWO_MODELS, LABELS, ("aurora", "comet"))
    assert charts.photos_behind(figure, clicked(figure, 1, 0)) == {
        "first_day": "2026-05-04",
        "last_day": "2026-05-04",
        "vehicle_model": "comet",
    }
    bars = charts.pareto(PARETO, LABELS)
    # Scratches stand first; the cumulative line above a bar leads to the same photos.
    assert charts.photos_behind(bars, clicked(bars, 0, 0)) == {"type": "scratch"}
    assert charts.photos_behind(bars, clicked(bars, 1, 1)) == {"type": "dent"}


def test_a_point_that_sums_up_a_week_leads_to_the_whole_week():
    rows = [(n, "day", model, 10, 1, 9, 1.0) for n in range(900) for model in "abcde"]
    figure = charts.dpu_by_model(daily_frame(*rows), LABELS)
    behind = [charts.photos_behind(figure, clicked(figure, 0, number)) for number in (0, 128)]
    # 900 days are 128 weeks and 4 days; the last sum ends with the data.
    assert [b["last_day"] for b in behind] == ["2026-05-10", str(MONDAY + timedelta(days=899))]


def test_a_click_on_a_figure_that_is_gone_leads_nowhere():
    figure = charts.pareto(PARETO, LABELS)
    later = charts.pareto(PARETO[PARETO["type"] == "dent"], LABELS)
    assert charts.photos_behind(later, clicked(figure, 0, 0)) is None
    assert charts.photos_behind(later, clicked(figure, 0, 1)) is None


def test_a_picture_is_dark_on_white_and_names_its_chart():
    layout = charts.paper_layout(charts.pareto(PARETO, LABELS), "파레토 <b>")
    assert (layout["paper_bgcolor"], layout["font"]["color"]) == ("#FFFFFF", "#222222")
    assert layout["title"]["text"] == "파레토 &lt;b&gt;"
    assert (layout["width"], layout["height"]) == (1200, 600)


def every_figure(daily, types, chart, points):
    return [
        charts.dpu_by_model(daily, LABELS),
        charts.ftt_by_model(daily, LABELS),
        charts.defect_area(daily, LABELS),
        charts.pareto(types, LABELS),
        charts.control_chart_figure(points, chart, LABELS),
        charts.line_status(pd.DataFrame({"verdict": []}), LABELS),
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
    code = "import sys, inspection.charts; sys.exit('streamlit' in sys.modules)"
    repository = Path(charts.__file__).parents[1]
    assert subprocess.run([sys.executable, "-c", code], cwd=repository).returncode == 0


CURVE_LABELS = {
    "detection": "검출 (%)",
    "false_alarm": "허위 경보 (%)",
    "threshold": "임계값",
    "roc": "점수",
    "chance": "동전",
    "marks": "1, 5, 10 %",
    "size": "길이 (mm)",
    "pod": "검출 확률 (%)",
    "curve": "곡선",
    "observed": "관측",
    "n": "결함",
    "a50": "a50",
    "a90": "a90",
    "a90_95": "a90/95",
    "predicted": "예측 (%)",
    "before": "전",
    "after": "후",
    "perfect": "완전",
    "photos": "사진",
    "to_person": "사람 (%)",
    "wrong": "오류 (%)",
    "missed": "놓침",
    "rejected": "과검",
    "allowed": "허용",
}


def test_the_roc_runs_beside_the_coin_toss_and_names_its_threshold():
    points = pd.DataFrame(
        {"false_alarm": [0, 0, 1], "detection": [0, 0.5, 1], "threshold": [1, 0.8, 0.1]}
    )
    figure = charts.roc_curve(points, points.iloc[1:2], CURVE_LABELS)
    curve = lines(figure)["점수"]
    assert list(curve.y) == [0, 0.5, 1] and "임계값" in curve.hovertemplate
    assert list(lines(figure)["동전"].x) == [0, 1]
    assert figure.layout.xaxis.title.text == "허위 경보 (%)"


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
    figure = charts.pod_curve(curve, observed, marks, CURVE_LABELS)
    assert list(lines(figure)) == ["관측", "곡선", "a50 1", "a90 3"]
    assert list(lines(figure)["관측"].error_y.arrayminus) == pytest.approx([0.3, 0.3])
    assert figure.layout.xaxis.type == "log"
    assert figure.layout.xaxis.title.text == "길이 (mm)"
    bare = charts.pod_curve(curve[:0], observed, marks[:0], CURVE_LABELS)
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
    figure = lines(charts.reliability_diagram(bins, bins, CURVE_LABELS))
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
    figure = charts.risk_coverage(points, CURVE_LABELS)
    assert figure.layout.xaxis.range[1] == pytest.approx(1.03 * 0.3)
    assert figure.layout.yaxis.range[1] == pytest.approx(1.03 * 0.4)
    assert list(lines(figure)["과검"].y) == [0.2, 0.1]


def test_a_tornado_stretches_from_the_base_to_the_saving_at_either_end():
    swings = pd.DataFrame(
        [("recall", "80 %", "98 %", -50.0, 130.0), ("review_cost", "300", "1,000", 110.0, 60.0)],
        columns=["name", "low", "high", "at_low", "at_high"],
    )
    labels = {"recall": "검출률", "saving": "백만 KRW/년", "input": "입력"}
    figure = charts.tornado(swings, 100.0, {**labels, "at_low": "낮음", "at_high": "높음"})
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
    figure = charts.saving_by_threshold(points, marks, {word: word for word in words})
    charts.refuse_crowded(figure)
    assert list(lines(figure)["best 0.900"].y) == [3.0]


def test_the_body_map_colours_places_by_defects_for_a_hundred_bodies():
    model = load_bodies(Path(__file__).parents[1] / "data" / "bodies").model("aria")
    cells = pd.DataFrame(
        {"panel": ["door_fl", "hood"], "column": [0, 5], "row": [0, 5], "defects": [3, 1]}
    )
    cells.attrs["cells"] = 6
    labels = {"density": "per 100", "defects": "Defects", **{view: view for view in DRAWINGS}}
    figure = charts.body_map(cells, drawings(model), 50, labels)
    places = figure.data[1]
    # The hood is seen from the top and from the front.
    assert sorted(places.marker.color) == [2.0, 2.0, 6.0]
    assert {values[-1] for values in places.customdata} == {"panel=door_fl", "panel=hood"}
    assert places.marker.colorbar.title.text == "per 100"
    texts = [note.text for note in figure.layout.annotations]
    assert texts.count("<b>3</b>") == 1 and texts.count("<b>1</b>") == 2
    # The scale ends at the largest value drawn, and no number lies on a square with a defect.
    assert places.marker.cmax == 6.0
    drawn = set(zip(places.x, places.y, strict=True))
    numbers = [note for note in figure.layout.annotations if note.text[3].isdigit()]
    assert drawn and not drawn & {(note.x, note.y) for note in numbers}
