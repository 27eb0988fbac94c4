"""Every plotly figure of the product, in one look.

A figure is made from a documented DataFrame and from words: `labels` maps the keys named in each
docstring to words in the reader's language, units included ("mm² per body"); codes found in the
data (vehicle models, defect types, run rules) are looked up there too and shown as they are when
no word is given. An optional "title" stands above the figure.

The daily frame has one row a day, shift and vehicle model, in time order, with the columns
day (date), shift, vehicle_model, units, defects, dpu, first_units, first_ok, ftt,
defect_area_mm2. Ratios are formed here from the sums, never averaged over shifts.

A trace whose points stand for photos has META_PHOTOS as its `meta`; the last value of a point's
customdata then says which, as `photos_behind` reads it.

Backgrounds are transparent and neutral colours stand in the template, so that light and dark
pages, and Streamlit's own theme, can put theirs in. Made to be read from 600 px width on.
"""

import itertools
import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from textwrap import wrap
from typing import Any
from urllib.parse import parse_qsl, urlencode

import numpy as np
import pandas as pd
import plotly
import plotly.graph_objects as go

from inspection.domain.body_drawings import Drawing
from inspection.domain.inspections import as_chosen
from inspection.domain.spc import RULES, PhasedChart, Signal, signals

Labels = Mapping[str, str]

# Okabe & Ito's colour-blind safe palette without black, which vanishes on a dark page, and with
# its yellow last, which is faint on a light one.
BLUE, VERMILLION, GREEN = "#0072B2", "#D55E00", "#009E73"
PURPLE, ORANGE, SKY, YELLOW = "#CC79A7", "#E69F00", "#56B4E9", "#F0E442"
PALETTE = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILLION, YELLOW)

# Colour is never the only sign: lines differ by marker too, verdicts by height.
MARKERS = ("circle", "square", "diamond", "triangle-up", "x", "star", "triangle-down")
VERDICT_COLOURS = {"ok": GREEN, "human": ORANGE, "rework": VERMILLION}
VERDICT_HEIGHTS = {"ok": 0.4, "human": 0.7, "rework": 1.0}

FONT_FAMILY = (
    "Pretendard, 'Noto Sans KR', NanumGothic, 'Apple SD Gothic Neo', 'Malgun Gothic', "
    "system-ui, sans-serif"
)
# Readable on white and on near black alike (contrast above 4 on both).
NEUTRAL = "#7A7A7A"
FAINT = "rgba(128, 128, 128, 0.25)"

# More are slow over the wire and unreadable; longer periods are summed up to fewer points.
MAX_POINTS = 2000
# A control chart draws up to seven marks a point (value, four limits, signal, excluded) and two
# a phase for its centre.
MAX_CHART_POINTS = (MAX_POINTS - 100) // 7
HEIGHT_PX = 360

META_PHOTOS = "photos"
HOVER_END = "<extra></extra>"
_DAYS_OF_A_SUM = {"first_day": "day", "last_day": "last_day"}

# For st.plotly_chart(config=...) and write_html: no logo, no tools that select.
CONFIG = {
    "displaylogo": False,
    "responsive": True,
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
}

# The drawing library as plotly ships it, for a browser that draws a picture itself.
LIBRARY_FILE = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
LIBRARY_VERSION = plotly.__version__
PAPER_WIDTH_PX, PAPER_HEIGHT_PX = 1200, 600
INK, PAPER = "#222222", "#FFFFFF"

TEMPLATE = go.layout.Template(
    layout={
        "font": {"family": FONT_FAMILY, "size": 14, "color": NEUTRAL},
        "xaxis": {"gridcolor": FAINT, "linecolor": FAINT, "zerolinecolor": FAINT},
        "yaxis": {"gridcolor": FAINT, "linecolor": FAINT, "zerolinecolor": FAINT},
    }
)


def refuse_crowded(figure: go.Figure) -> None:
    """Raise ValueError for a figure of more than MAX_POINTS points: sum them up first."""
    points = sum(_points(trace) for trace in figure.data)
    if points > MAX_POINTS:
        raise ValueError(
            f"a figure shows at most {MAX_POINTS} points, this one has {points}; sum them up first"
        )


def paper_layout(figure: go.Figure, title: str) -> dict[str, Any]:
    """What a figure's layout needs to leave the page: its title on it, dark on white, a size.

    Plain JSON values, to be laid over the layout by whoever draws the picture.
    """
    room = figure.layout.margin.t or 0
    heading = go.layout.Title(
        _layout({}).title, text=escape(title), font={"size": 17, "color": INK}
    )
    over = go.Layout(
        template=TEMPLATE,
        title=heading,
        margin={"t": room if figure.layout.title.text else room + 32},
        width=PAPER_WIDTH_PX,
        height=max(PAPER_HEIGHT_PX, figure.layout.height or 0),
        autosize=False,
        paper_bgcolor=PAPER,
        plot_bgcolor=PAPER,
        font={"family": FONT_FAMILY, "size": 14, "color": INK},
    )
    return json.loads(go.Figure(layout=over).to_json())["layout"]


def photos_behind(figure: go.Figure, point: Mapping[str, Any]) -> dict[str, str] | None:
    """Which photos a clicked point stands for, as fields of the log's filter.

    point: `curve` and `number`, its places in the figure, and `photos`, the last value of its
    customdata. None where a point stands for none, or was clicked on another figure.
    """
    own = {
        (curve, number): values[-1]
        for curve, trace in enumerate(figure.data)
        if trace.meta == META_PHOTOS
        for number, values in enumerate(trace.customdata)
    }
    photos = own.get((point["curve"], point["number"]))
    return dict(parse_qsl(photos)) if photos and photos == point["photos"] else None


def dpu_by_model(daily: pd.DataFrame, labels: Labels, models: Sequence[str] = ()) -> go.Figure:
    """Defects per unit of each vehicle model and day, one line a model.

    daily: the daily frame (day, vehicle_model, units, defects are used). labels: day, dpu, units.
    models: all vehicle models of the plant in their fixed order, so that a model keeps its colour
    whatever is filtered; models of the frame that it lacks follow.
    """
    return _by_model(daily, "defects", "units", labels, "dpu", models, number=".2f")


def ftt_by_model(daily: pd.DataFrame, labels: Labels, models: Sequence[str] = ()) -> go.Figure:
    """First time through of each vehicle model and day in percent, one line a model.

    daily: the daily frame (day, vehicle_model, first_units, first_ok are used).
    labels: day, ftt, units. models: as in `dpu_by_model`.
    """
    figure = _by_model(daily, "first_ok", "first_units", labels, "ftt", models, number=".1%")
    # The axis starts where the data do: the last few percent are what is watched.
    figure.update_yaxes(tickformat=".0%", rangemode="normal")
    return figure


def defect_area(daily: pd.DataFrame, labels: Labels, models: Sequence[str] = ()) -> go.Figure:
    """Defect area in mm² per unit of each vehicle model and day, one line a model.

    daily: the daily frame (day, vehicle_model, units, defect_area_mm2 are used); rows without an
    area, where no photo had a scale, are left out with their units.
    labels: day, defect_area (with its unit), units. models: as in `dpu_by_model`.
    """
    _require(daily, "defect_area_mm2")
    measured = daily[pd.to_numeric(daily["defect_area_mm2"]).notna()]
    return _by_model(
        measured, "defect_area_mm2", "units", labels, "defect_area", models, number=".1f"
    )


def pareto(types: pd.DataFrame, labels: Labels) -> go.Figure:
    """Defects by type, most frequent first, with the cumulative share as a line.

    types: one row a type with type, defects, share and cumulative (shares 0–1).
    labels: type, defects, cumulative.
    """
    _require(types, "type", "defects", "cumulative")
    ranked = types.sort_values("defects", ascending=False, kind="stable")
    # Wrapped words stand upright under their bar; long ones would be turned and run off the side.
    names = [_wrapped(labels.get(code, code)) for code in ranked["type"]]
    photos = [[urlencode({"type": code})] for code in ranked["type"]]
    most = float(ranked["defects"].max()) if len(ranked) else 1.0
    bar_width = min(0.7, 0.14 * max(len(names), 1))
    figure = go.Figure(layout=_layout(labels))
    figure.add_bar(
        x=names,
        y=ranked["defects"],
        width=bar_width,
        name=labels["defects"],
        marker_color=BLUE,
        text=ranked["defects"],
        # At the foot of a high bar, on top of a low one: never where the line passes.
        textposition=["inside" if high else "outside" for high in ranked["defects"] > most / 5],
        constraintext="none",
        insidetextanchor="start",
        textangle=0,
        textfont={"size": 14},
        insidetextfont={"color": "white"},
        cliponaxis=False,
        meta=META_PHOTOS,
        customdata=photos,
        hovertemplate=f"%{{x}}<br>{labels['defects']}: %{{y:,}}<extra></extra>",
    )
    figure.add_scatter(
        x=names,
        y=ranked["cumulative"],
        yaxis="y2",
        name=labels["cumulative"],
        meta=META_PHOTOS,
        customdata=photos,
        mode="lines+markers",
        line={"color": VERMILLION, "width": 2},
        marker={"size": 8, "symbol": "diamond"},
        hovertemplate=f"%{{x}}<br>{labels['cumulative']}: %{{y:.1%}}<extra></extra>",
    )
    figure.update_layout(
        xaxis={"title": {"text": labels["type"]}, "type": "category", "automargin": True},
        # Room above the highest bar for its number; the line's 100 % ends at the same height.
        yaxis={
            "title": {"text": labels["defects"]},
            "range": [0, most * 1.15],
            # Half a defect is none.
            "dtick": 1 if most < 6 else None,
        },
        yaxis2={
            "title": {"text": labels["cumulative"]},
            "overlaying": "y",
            "side": "right",
            "range": [0, 1.15],
            "tickformat": ".0%",
            "tickvals": [0, 0.2, 0.4, 0.6, 0.8, 1],
            "showgrid": False,
            "automargin": True,
        },
    )
    return figure


def control_chart_figure(
    points: pd.DataFrame,
    chart: PhasedChart,
    labels: Labels,
    *,
    first: int = 0,
    rules: Sequence[str] = RULES,
    laney: bool = False,
    breaks: Sequence[int] = (),
    causes: pd.DataFrame | None = None,
    chosen: tuple[int, int] | None = None,
) -> go.Figure:
    """A control chart with centre, limits, Laney's limits and the points that signal.

    points: one row a point of `chart`, in its order: at (plant time without a zone), label (the
    point in words), units; optionally excluded (bool): points taken out of the baseline, marked.
    A provisional phase is drawn without limits or signals, each phase begins with a line. Of more
    than MAX_CHART_POINTS points the newest are drawn. The marks of the points carry their place
    in `points` as the second of their customdata.
    first: place of the first point to draw; baseline and runs still count from the beginning.
    rules, laney, breaks: as `inspection.domain.spc.signals` takes them.
    causes: from_at, to_at (as `at`) and number: spans with a known cause, shaded, numbered.
    chosen: places of the first and the last point that a person looks at, framed.
    labels: day, value (the plotted figure, with its unit), units, centre, limits, laney_limits,
    signal, excluded, phase; each run rule by its code; "provisional", a sentence on the figure
    that says why no limits are drawn, is optional.
    """
    _require(points, "at", "label", "units")
    if len(points) != len(chart):
        raise ValueError(f"{len(points)} rows for a chart of {len(chart)} points")
    figure = go.Figure(layout=_layout(labels))
    newest = slice(max(len(points) - MAX_CHART_POINTS, first), None)
    moments = points["at"].to_numpy()[newest]
    texts = _control_hover(points, chart, labels)
    _add_control_limits(figure, chart, moments, newest, labels)
    figure.add_scatter(
        x=moments,
        y=chart.values[newest],
        mode="lines+markers",
        name=labels["value"],
        connectgaps=True,
        line={"color": BLUE, "width": 1.5},
        marker={"size": 7},
        customdata=[[texts[place], place] for place in range(len(points))[newest]],
        hovertemplate="%{customdata[0]}<extra></extra>",
    )
    if "excluded" in points:
        _add_excluded(figure, points, chart, newest.start, labels)
    told = signals(chart, rules, laney=laney, breaks=breaks)
    _add_signals(figure, points, chart, told, texts, newest.start, labels)
    for start in chart.starts:
        if start > newest.start:
            figure.add_vline(
                x=points["at"].iloc[start],
                line={"color": NEUTRAL, "width": 1.5, "dash": "dot"},
                label={"text": labels["phase"], "textposition": "start", "textangle": 0},
            )
    for one in [] if causes is None else causes.itertuples():
        figure.add_vrect(
            x0=one.from_at,
            x1=one.to_at,
            fillcolor=YELLOW,
            opacity=0.22,
            line_width=0,
            label={"text": str(one.number), "textposition": "top left", "font": {"size": 15}},
        )
    if chosen is not None and chosen[1] >= newest.start:
        first_at, last_at = _around(points["at"], max(chosen[0], newest.start), chosen[1])
        figure.add_vrect(
            x0=first_at,
            x1=last_at,
            fillcolor=SKY,
            opacity=0.18,
            line={"color": BLUE, "width": 1},
            layer="below",
        )
    if chart.provisional[-1:].any() and "provisional" in labels:
        _add_note(figure, labels["provisional"])
    figure.update_layout(
        xaxis=_day_axis(moments, labels),
        yaxis={"title": {"text": labels["value"]}, "rangemode": "tozero", "automargin": True},
    )
    if chart.kind == "p":
        figure.update_layout(yaxis_tickformat=".0%")
    return figure


def roc_curve(points: pd.DataFrame, marks: pd.DataFrame, labels: Labels) -> go.Figure:
    """Photos detected against false alarms, at every threshold of the photo score.

    points: one row a threshold with false_alarm, detection (shares 0–1) and threshold, rising.
    marks: some thresholds that are named in words beside the figure, same columns.
    labels: detection, false_alarm, threshold, roc, chance, marks.
    """
    _require(points, "false_alarm", "detection", "threshold")
    figure = go.Figure(layout=_layout(labels))
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        name=labels["chance"],
        line={"color": NEUTRAL, "width": 1.5, "dash": "dash"},
        hoverinfo="skip",
    )
    hover = (
        f"{labels['detection']}: %{{y:.1%}}<br>{labels['false_alarm']}: %{{x:.1%}}<br>"
        f"{labels['threshold']}: %{{customdata:.3f}}<extra></extra>"
    )
    for name, frame, look in (
        (
            "roc",
            _thinned(points, MAX_POINTS - len(marks) - 2),
            {"mode": "lines", "line": {"color": BLUE, "width": 2, "shape": "hv"}},
        ),
        ("marks", marks, {"mode": "markers", "marker": _mark(VERMILLION, "diamond")}),
    ):
        figure.add_scatter(
            x=frame["false_alarm"],
            y=frame["detection"],
            name=labels[name],
            customdata=frame["threshold"],
            hovertemplate=hover,
            **look,
        )
    figure.update_layout(
        xaxis=_share_axis(labels["false_alarm"]), yaxis=_share_axis(labels["detection"])
    )
    return figure


def pod_curve(
    curve: pd.DataFrame, observed: pd.DataFrame, marks: pd.DataFrame, labels: Labels
) -> go.Figure:
    """Probability of detection by defect size on a logarithmic axis.

    curve: size and pod (0–1), rising in size; empty where no curve could be fitted.
    observed: what was found in stretches of size, with its interval: size, share, low, high, n.
    marks: name ("a50", "a90", "a90_95"), size, share. labels: size (with its unit), pod, curve,
    observed, n and each mark's name.
    """
    _require(observed, "size", "share", "low", "high", "n")
    figure = go.Figure(layout=_layout(labels))
    figure.add_scatter(
        x=observed["size"],
        y=observed["share"],
        mode="markers",
        name=labels["observed"],
        marker=_mark(NEUTRAL, "circle"),
        error_y=_whiskers(observed["share"], observed["low"], observed["high"], NEUTRAL),
        customdata=observed["n"],
        hovertemplate=(
            f"{labels['size']}: %{{x:.3g}}<br>{labels['pod']}: %{{y:.1%}}"
            f"<br>{labels['n']}: %{{customdata:,}}<extra></extra>"
        ),
    )
    if len(curve):
        figure.add_scatter(
            x=curve["size"],
            y=curve["pod"],
            mode="lines",
            name=labels["curve"],
            line={"color": BLUE, "width": 2},
            hovertemplate=(
                f"{labels['size']}: %{{x:.3g}}<br>{labels['pod']}: %{{y:.1%}}<extra></extra>"
            ),
        )
    for place, (name, size, share) in enumerate(marks.itertuples(index=False)):
        symbol = ("triangle-up", "diamond", "star")[place % 3]
        figure.add_scatter(
            x=[size],
            y=[share],
            mode="markers",
            name=f"{_name(name, labels)} {size:.3g}",
            marker=_mark((GREEN, VERMILLION, PURPLE)[place % 3], symbol),
            hovertemplate=f"{_name(name, labels)}: %{{x:.3g}}<extra></extra>",
        )
    figure.update_layout(
        xaxis={
            "title": {"text": labels["size"]},
            "type": "log",
            "tickvals": [a * 10.0**b for b in range(-2, 5) for a in (1, 2, 5)],
            "automargin": True,
        },
        yaxis=_share_axis(labels["pod"]),
    )
    return figure


def risk_coverage(points: pd.DataFrame, labels: Labels) -> go.Figure:
    """What the machine lets pass or rejects wrongly, against the share it sends to a person.

    points: one row a pair of thresholds: to_person (share of all photos), missed (share of the
    defective photos passed as OK), missed_low, missed_high, rejected (share of the clean photos
    rejected), rejected_low, rejected_high, allowed (the share the rule allows for either).
    labels: to_person, wrong, missed, rejected, allowed.
    """
    _require(points, "to_person", "missed", "rejected", "allowed")
    figure = go.Figure(layout=_layout(labels))
    for name, colour, symbol in (("missed", VERMILLION, "circle"), ("rejected", BLUE, "square")):
        figure.add_scatter(
            x=points["to_person"],
            y=points[name],
            mode="lines+markers",
            name=labels[name],
            line={"color": colour, "width": 2},
            marker={"size": 8, "symbol": symbol},
            error_y=_whiskers(points[name], points[f"{name}_low"], points[f"{name}_high"], colour),
            customdata=points["allowed"],
            hovertemplate=(
                f"{labels[name]}: %{{y:.1%}}<br>{labels['to_person']}: %{{x:.1%}}"
                f"<br>{labels['allowed']}: %{{customdata:.1%}}<extra></extra>"
            ),
        )
    figure.update_layout(
        xaxis=_share_axis(labels["to_person"], float(points["to_person"].max())),
        yaxis=_share_axis(
            labels["wrong"], float(points[["missed_high", "rejected_high"]].to_numpy().max())
        ),
    )
    return figure


def reliability_diagram(before: pd.DataFrame, after: pd.DataFrame, labels: Labels) -> go.Figure:
    """Share of photos that are defective against what the score promised.

    before, after (calibration): predicted, observed, low, high, n, a row a stretch of prediction;
    the more photos, the larger its mark.
    labels: predicted, observed, before, after, perfect, photos.
    """
    figure = go.Figure(layout=_layout(labels))
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        name=labels["perfect"],
        line={"color": NEUTRAL, "width": 1.5, "dash": "dash"},
        hoverinfo="skip",
    )
    for name, frame, colour, symbol in (
        ("before", before, ORANGE, "square"),
        ("after", after, BLUE, "circle"),
    ):
        _require(frame, "predicted", "observed", "low", "high", "n")
        figure.add_scatter(
            x=frame["predicted"],
            y=frame["observed"],
            mode="markers",
            name=labels[name],
            # The more photos, the larger: a point of three photos says little.
            marker={
                "color": colour,
                "symbol": symbol,
                "size": 7.0 + 11.0 * np.sqrt(frame["n"] / max(frame["n"].max(), 1)),
            },
            error_y=_whiskers(frame["observed"], frame["low"], frame["high"], colour),
            customdata=frame["n"],
            hovertemplate=(
                f"{labels[name]}<br>{labels['predicted']}: %{{x:.1%}}"
                f"<br>{labels['observed']}: %{{y:.1%}}"
                f"<br>{labels['photos']}: %{{customdata:,}}<extra></extra>"
            ),
        )
    figure.update_layout(
        xaxis=_share_axis(labels["predicted"]), yaxis=_share_axis(labels["observed"])
    )
    return figure


def threshold_curve(points: pd.DataFrame, chosen: float, labels: Labels) -> go.Figure:
    """Defects found and clean photos in alarm at each region threshold; a line at the chosen one.

    points: region, found, found_low, found_high, alarms, alarms_low, alarms_high (shares 0–1).
    labels: region, share, found, alarms, chosen.
    """
    _require(points, "region", "found", "alarms")
    figure = go.Figure(layout=_layout(labels))
    for name, colour, symbol in (("found", GREEN, "circle"), ("alarms", VERMILLION, "square")):
        figure.add_scatter(
            x=points["region"],
            y=points[name],
            mode="lines+markers",
            name=labels[name],
            line={"color": colour, "width": 2},
            marker={"size": 7, "symbol": symbol},
            error_y=_whiskers(points[name], points[f"{name}_low"], points[f"{name}_high"], colour),
            hovertemplate=(
                f"{labels[name]}: %{{y:.1%}}<br>{labels['region']}: %{{x:.2f}}<extra></extra>"
            ),
        )
    figure.add_vline(x=chosen, line={"color": NEUTRAL, "width": 2, "dash": "dot"})
    figure.add_annotation(
        x=chosen,
        y=1.0,
        yref="paper",
        yanchor="bottom",
        text=f"{labels['chosen']} {chosen:.2f}",
        showarrow=False,
    )
    figure.update_layout(
        xaxis={"title": {"text": labels["region"]}, "range": [0, 1], "automargin": True},
        yaxis=_share_axis(labels["share"]),
    )
    return figure


def tornado(swings: pd.DataFrame, base: float, labels: Labels) -> go.Figure:
    """What each input moves: bars from the base to the saving at its low and at its high end.

    swings: name, low, high (the input's ends in words), at_low, at_high (savings), the widest
    first, drawn on top. base: the saving with every input at its base. Savings in the unit that
    labels["saving"] names. labels: saving, input, at_low, at_high, base; each name by its code.
    """
    _require(swings, "name", "low", "high", "at_low", "at_high")
    figure = go.Figure(layout=_layout(labels))
    names = [_wrapped(labels.get(code, code), 24) for code in swings["name"]]
    for end, words, colour in (("at_low", "low", ORANGE), ("at_high", "high", BLUE)):
        figure.add_bar(
            orientation="h",
            y=names,
            x=swings[end] - base,
            base=base,
            name=labels[end],
            marker_color=colour,
            customdata=[list(pair) for pair in zip(swings[words], swings[end], strict=True)],
            hovertemplate=(
                f"%{{y}}: %{{customdata[0]}}<br>{labels['saving']}: %{{customdata[1]:,.1f}}"
                "<extra></extra>"
            ),
        )
    figure.add_vline(x=base, line={"color": NEUTRAL, "width": 2})
    figure.update_layout(
        barmode="overlay",
        bargap=0.35,
        height=max(HEIGHT_PX, 90 + 42 * len(swings)),
        # Beside long names of inputs a phone has no room for the unit in the same line.
        xaxis={
            "title": {"text": labels["saving"].replace(" (", "<br>(", 1)},
            "tickformat": ",",
            "automargin": True,
        },
        yaxis={
            "title": {"text": labels["input"]},
            "type": "category",
            "autorange": "reversed",
            "automargin": True,
        },
    )
    return figure


def saving_by_threshold(points: pd.DataFrame, marks: pd.DataFrame, labels: Labels) -> go.Figure:
    """The saving of a year at each threshold of the photo score, with its bounds.

    points: threshold, saving, saving_low, saving_high, detection, false_alarm (shares 0–1),
    thresholds falling or rising. marks: name ("best", "in_use"), threshold, saving. Savings in
    the unit that labels["saving"] names.
    labels: threshold, saving, bounds, detection, false_alarm and each mark's name.
    """
    _require(points, "threshold", "saving", "saving_low", "saving_high")
    figure = go.Figure(layout=_layout(labels))
    shown = _thinned(points, (MAX_POINTS - len(marks)) // 3)
    for number, bound in enumerate(("saving_low", "saving_high")):
        figure.add_scatter(
            x=shown["threshold"],
            y=shown[bound],
            mode="lines",
            name=_wrapped(labels["bounds"], 36),
            legendgroup="bounds",
            showlegend=number == 0,
            line={"color": SKY, "width": 1, "dash": "dot"},
            hoverinfo="skip",
        )
    figure.add_scatter(
        x=shown["threshold"],
        y=shown["saving"],
        mode="lines",
        name=labels["saving"],
        line={"color": BLUE, "width": 2},
        customdata=shown[["detection", "false_alarm"]].to_numpy(),
        hovertemplate=(
            f"{labels['threshold']}: %{{x:.3f}}<br>{labels['saving']}: %{{y:,.1f}}"
            f"<br>{labels['detection']}: %{{customdata[0]:.1%}}"
            f"<br>{labels['false_alarm']}: %{{customdata[1]:.1%}}<extra></extra>"
        ),
    )
    for place, (name, threshold, saving) in enumerate(marks.itertuples(index=False)):
        figure.add_scatter(
            x=[threshold],
            y=[saving],
            mode="markers",
            name=f"{_name(name, labels)} {threshold:.3f}",
            marker=_mark((VERMILLION, GREEN)[place % 2], ("diamond", "square")[place % 2]),
            hovertemplate=f"{_name(name, labels)} %{{x:.3f}}<br>%{{y:,.1f}}<extra></extra>",
        )
    # Four words in the legend may take four lines.
    figure.update_layout(
        height=HEIGHT_PX + 100,
        xaxis={"title": {"text": labels["threshold"]}, "automargin": True},
        yaxis={"title": {"text": labels["saving"]}, "tickformat": ",", "automargin": True},
    )
    return figure


def body_map(
    cells: pd.DataFrame, drawn: Sequence[Drawing], units: int, labels: Labels
) -> go.Figure:
    """Where the defects of a vehicle model lie: its outlines from five sides, coloured by density.

    cells: panel, column, row (of a grid of `cells.attrs["cells"]` squares a side), defects, with
    one row a place. units: bodies inspected. labels: density (with its unit), defects, and the
    words of views ("left", …) and panels. Positions are mm on the drawings.
    """
    _require(cells, "panel", "column", "row", "defects")
    grid = cells.attrs["cells"]
    figure = go.Figure(layout=_layout(labels))
    offsets, width, height = _placed_drawings(drawn)
    rows: list[tuple[float, float, str, int]] = []
    outline_x: list[float | None] = []
    outline_y: list[float | None] = []
    counted = cells.groupby("panel")["defects"].sum()
    notes = []
    for one in drawn:
        right, down = offsets[one.view]
        notes.append((right + one.width_mm / 2.0, down - 60.0, f"<b>{labels[one.view]}</b>", 15))
        for panel in one.panels:
            for x, y in (*panel.outline, panel.outline[0]):
                outline_x.append(right + x)
                outline_y.append(down + y)
            outline_x.append(None)
            outline_y.append(None)
            here = cells[cells["panel"] == panel.code]
            for place in here.itertuples():
                x, y = panel.place((place.column + 0.5) / grid, (place.row + 0.5) / grid)
                rows.append((right + x, down + y, panel.code, int(place.defects)))
            if panel.code in counted.index:
                x, y = panel.place(*_place_of_number(here, grid))
                notes.append((right + x, down + y, f"<b>{int(counted[panel.code]):,}</b>", 14))
    figure.add_scatter(
        x=outline_x,
        y=outline_y,
        mode="lines",
        line={"color": NEUTRAL, "width": 1.5},
        hoverinfo="skip",
        showlegend=False,
    )
    density = [100.0 * defects / units for *_, defects in rows]
    figure.add_scatter(
        x=[x for x, *_ in rows],
        y=[y for _, y, *_ in rows],
        mode="markers",
        marker={
            "symbol": "square",
            "size": 10,
            "color": density,
            # Even to the colour-blind, and in grey.
            "colorscale": "Viridis",
            "cmin": 0,
            "cmax": max(density, default=1.0),
            "colorbar": {"title": {"text": labels["density"], "side": "right"}, "thickness": 14},
        },
        meta=META_PHOTOS,
        hovertext=[_name(panel, labels) for _, _, panel, _ in rows],
        customdata=[[defects, urlencode({"panel": panel})] for _, _, panel, defects in rows],
        hovertemplate=(
            f"%{{hovertext}}<br>{labels['defects']}: %{{customdata[0]:,}}"
            f"<br>{labels['density']}: %{{marker.color:.2f}}{HOVER_END}"
        ),
        showlegend=False,
    )
    for x, y, text, size in notes:
        figure.add_annotation(
            x=x,
            y=y,
            text=text,
            showarrow=False,
            font={"size": size},
            bgcolor="rgba(255, 255, 255, 0.75)" if text[3].isdigit() else None,
            font_color=INK if text[3].isdigit() else None,
        )
    figure.update_xaxes(visible=False, range=[-100, width + 100], constrain="domain")
    figure.update_yaxes(
        visible=False, range=[height + 100, -200], scaleanchor="x", constrain="domain"
    )
    figure.update_layout(height=620, margin={"l": 0, "r": 0, "t": 10, "b": 10}, hovermode="closest")
    return figure


def _place_of_number(squares: pd.DataFrame, grid: int) -> tuple[float, float]:
    """Where a panel's number stands (0–1 across, 0–1 down): where it hides the fewest defects,
    not beside the fullest square, and else near the middle."""
    counts = {(row.column, row.row): int(row.defects) for row in squares.itertuples()}
    fullest = max(counts, key=counts.get)

    def hides(place: tuple[int, int]) -> tuple:
        beside = max(abs(one - other) for one, other in zip(place, fullest, strict=True)) <= 1
        off_middle = sum((one - (grid - 1) / 2.0) ** 2 for one in place)
        return counts.get(place, 0), beside, off_middle

    column, row = min(itertools.product(range(grid), repeat=2), key=hides)
    return (column + 0.5) / grid, (row + 0.5) / grid


def _placed_drawings(
    drawn: Sequence[Drawing],
) -> tuple[dict[str, tuple[float, float]], float, float]:
    """Where each drawing begins in mm (right, down), and the width and height of them all.

    The body from above between its sides, and its two ends beside them.
    """
    gap = 450.0
    size = {one.view: (one.width_mm, one.height_mm) for one in drawn}
    below = size["left"][1] + gap
    lowest = below + size["top"][1] + gap
    ends = size["top"][0] + gap
    offsets = {
        "left": (0.0, 0.0),
        "top": (0.0, below),
        "right": (0.0, lowest),
        "front": (ends, below / 2.0),
        "rear": (ends, lowest - below / 2.0),
    }
    width = max(offsets[view][0] + size[view][0] for view in size)
    height = max(offsets[view][1] + size[view][1] for view in size)
    return offsets, width, height


def _share_axis(title: str, most: float = 1.0) -> dict:
    """An axis from 0 % to the largest share, with room for a marker on either end."""
    return {
        "title": {"text": title},
        "tickformat": ".0%",
        "range": [-0.02 * max(most, 0.05), 1.03 * max(most, 0.05)],
        "automargin": True,
    }


def _mark(colour: str, symbol: str) -> dict:
    return {"color": colour, "size": 11, "symbol": symbol}


def _whiskers(value: pd.Series, low: pd.Series, high: pd.Series, colour: str) -> dict:
    """Error bars from low to high about a value."""
    return {
        "type": "data",
        "symmetric": False,
        "array": np.asarray(high, float) - np.asarray(value, float),
        "arrayminus": np.asarray(value, float) - np.asarray(low, float),
        "color": colour,
        "thickness": 1,
        "width": 3,
    }


def line_status(inspections: pd.DataFrame, labels: Labels) -> go.Figure:
    """The last inspections as a strip of bars, oldest on the left: the worse, the higher.

    inspections: verdict, and label (text of the hover, such as the local time) where there is one.
    labels: each verdict by its code.
    """
    _require(inspections, "verdict")
    shown = inspections.tail(MAX_POINTS)
    texts = shown["label"] if "label" in shown else shown["verdict"].map(lambda _: "")
    places = np.arange(len(shown))
    figure = go.Figure(layout=_layout({}))
    figure.update_layout(
        height=96,
        margin={"l": 4, "r": 4, "t": 4, "b": 28},
        showlegend=True,
        bargap=0.15,
        barmode="overlay",
        xaxis={"visible": False, "fixedrange": True, "range": [-0.5, max(len(shown), 1) - 0.5]},
        yaxis={"visible": False, "fixedrange": True, "range": [0, 1]},
        legend={"itemclick": False, "itemdoubleclick": False},
    )
    for verdict, colour in VERDICT_COLOURS.items():
        of_verdict = (shown["verdict"] == verdict).to_numpy()
        word = _name(verdict, labels)
        figure.add_bar(
            x=places[of_verdict],
            y=[VERDICT_HEIGHTS[verdict]] * int(of_verdict.sum()),
            width=0.85,
            name=f"{word} {of_verdict.sum()}",
            marker_color=colour,
            customdata=[_name(text, {}) for text in texts[of_verdict]],
            hovertemplate=f"{word}<br>%{{customdata}}<extra></extra>",
        )
    return figure


def _by_model(
    daily: pd.DataFrame,
    count: str,
    size: str,
    labels: Labels,
    measure: str,
    models: Sequence[str],
    number: str,
) -> go.Figure:
    """Sum of `count` over sum of `size` a day and model; days without any size are no point."""
    _require(daily, "day", "vehicle_model", count, size)
    figure = go.Figure(layout=_layout(labels))
    sums = _summed(daily, [count, size])
    present = set(sums["vehicle_model"])
    known = [*models, *sorted(present - set(models))]
    for place, model in enumerate(known):
        if model not in present:
            continue
        of_model = sums[sums["vehicle_model"] == model]
        name = _name(model, labels)
        figure.add_scatter(
            x=of_model["day"],
            y=of_model[count] / of_model[size],
            mode="lines+markers",
            name=name,
            line={"color": PALETTE[place % len(PALETTE)], "width": 2},
            marker={"size": 6, "symbol": MARKERS[place % len(MARKERS)]},
            meta=META_PHOTOS,
            customdata=[
                [row[size], _log_fields(row, model)] for row in of_model.to_dict("records")
            ],
            hovertemplate=(
                f"{name}<br>%{{x|%Y-%m-%d}}<br>{labels[measure]}: %{{y:{number}}}"
                f"<br>{labels['units']}: %{{customdata[0]:,}}<extra></extra>"
            ),
        )
    figure.update_layout(
        xaxis=_day_axis(sums["day"], labels),
        yaxis={"title": {"text": labels[measure]}, "rangemode": "tozero", "automargin": True},
        showlegend=True,
    )
    return figure


def _summed(daily: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Sums a day and model, or over as many days as keep the figure within MAX_POINTS.

    A sum of several days stands at the first of them; last_day is the last one it may hold.
    """
    days = pd.to_datetime(daily["day"])
    for width in (1, 7, 28, 91, 364):
        start = days.min()
        period = start + (days - start) // pd.Timedelta(days=width) * pd.Timedelta(days=width)
        sums = (
            daily.assign(day=period)
            .groupby(["vehicle_model", "day"], as_index=False, sort=True)[columns]
            .sum()
        )
        if len(sums) <= MAX_POINTS:
            break
    last_days = sums["day"] + pd.Timedelta(days=width - 1)
    sums["last_day"] = last_days.where(last_days < days.max(), days.max())
    return sums[sums[columns[-1]] > 0]


def _log_fields(row: Mapping[str, Any], model: str) -> str:
    days = {name: f"{row[day]:%Y-%m-%d}" for name, day in _DAYS_OF_A_SUM.items()}
    return urlencode({**days, "vehicle_model": as_chosen(model)})


def _thinned(points: pd.DataFrame, most: int) -> pd.DataFrame:
    """Evenly many of a curve's points, its ends among them, when it has too many to draw."""
    if len(points) <= most:
        return points
    return points.iloc[np.unique(np.linspace(0, len(points) - 1, most).round().astype(int))]


def _points(trace: Any) -> int:
    """How many marks a trace draws; a cell of a map counts as one."""
    if getattr(trace, "z", None) is not None:
        return int(np.size(trace.z))
    places = (getattr(trace, axis, None) for axis in ("x", "y"))
    return max((len(values) for values in places if values is not None), default=0)


def _around(moments: pd.Series, first: int, last: int) -> tuple[pd.Timestamp, pd.Timestamp]:
    """From half-way to the point before the first to half-way to the one after the last."""
    steps = moments.diff().dropna()
    half = steps.median() / 2 if len(steps) else pd.Timedelta(hours=12)
    return moments.iloc[first] - half, moments.iloc[last] + half


def _control_hover(points: pd.DataFrame, chart: PhasedChart, labels: Labels) -> list[str]:
    """What a reader sees at each point: when, value, limits and units."""
    form = ".1%" if chart.kind == "p" else ".3g"
    texts = []
    for place, row in enumerate(points.itertuples()):
        lines = [
            f"<b>{_name(row.label, {})}</b>",
            f"{labels['value']}: {chart.values[place]:{form}}",
        ]
        for name, low, high in (
            ("limits", chart.lower[place], chart.upper[place]),
            ("laney_limits", chart.laney_lower[place], chart.laney_upper[place]),
        ):
            if np.isfinite(high) and not chart.provisional[place]:
                lines.append(f"{labels[name]}: {low:{form}} – {high:{form}}")
        lines.append(f"{labels['units']}: n = {row.units:,}")
        texts.append("<br>".join(lines))
    return texts


def _add_control_limits(
    figure: go.Figure, chart: PhasedChart, moments: Sequence, newest: slice, labels: Labels
) -> None:
    firm = ~chart.provisional[newest]
    sigma_z = chart.sigma_z[-1] if len(chart) else np.nan
    laney = labels["laney_limits"]
    if np.isfinite(sigma_z):
        laney = f"{laney} (σz = {sigma_z:.2f})"
    for upper, lower, name, colour, dash in (
        (chart.upper, chart.lower, labels["limits"], VERMILLION, "solid"),
        (chart.laney_upper, chart.laney_lower, laney, PURPLE, "dot"),
    ):
        for number, limit in enumerate((upper, lower)):
            drawn = np.where(firm, limit[newest], np.nan)
            _add_limit(figure, moments, drawn, name, colour, dash, number == 0)
    ends = [*chart.starts[1:], len(chart)]
    spans = [
        (max(start, newest.start) - newest.start, end - 1 - newest.start)
        for start, end in zip(chart.starts, ends, strict=True)
        if end > newest.start and np.isfinite(chart.centre[start])
    ]
    if spans:
        form = ".1%" if chart.kind == "p" else ".3g"
        # The empty third keeps the phases' lines apart.
        figure.add_scatter(
            x=[moment for a, b in spans for moment in (moments[a], moments[b], None)],
            y=[chart.centre[newest][a] for a, b in spans for a in (a, a, b)],
            mode="lines",
            name=f"{labels['centre']} {chart.centre[-1]:{form}}",
            line={"color": GREEN, "width": 1.5, "dash": "dash"},
            hoverinfo="skip",
        )


def _add_limit(
    figure: go.Figure,
    moments: Sequence,
    limit: np.ndarray,
    name: str,
    colour: str,
    dash: str,
    in_legend: bool,
) -> None:
    # A lower limit of 0 can never signal; drawn, it would look as if it could.
    drawn = np.where(limit > 0, limit, np.nan)
    if not np.isfinite(drawn).any():
        return
    figure.add_scatter(
        x=moments,
        y=drawn,
        mode="lines",
        name=name,
        legendgroup=name,
        showlegend=in_legend,
        # The limits of a point hold around it: they step half-way between two points.
        line={"color": colour, "width": 1.5, "dash": dash, "shape": "hvh"},
        # The value's own hover names them.
        hoverinfo="skip",
    )


def _add_excluded(
    figure: go.Figure, points: pd.DataFrame, chart: PhasedChart, first: int, labels: Labels
) -> None:
    places = [place for place in np.flatnonzero(points["excluded"]) if place >= first]
    if places:
        figure.add_scatter(
            x=points["at"].to_numpy()[places],
            y=chart.values[places],
            mode="markers",
            name=labels["excluded"],
            marker={"symbol": "x", "size": 11, "color": NEUTRAL},
            hoverinfo="skip",
        )


def _add_signals(
    figure: go.Figure,
    points: pd.DataFrame,
    chart: PhasedChart,
    told: Sequence[Signal],
    texts: Sequence[str],
    first: int,
    labels: Labels,
) -> None:
    rules_at: dict[int, list[str]] = {}
    for signal in told:
        if signal.index >= first:
            rules_at.setdefault(signal.index, []).append(_name(signal.rule, labels))
    if not rules_at:
        return
    places = list(rules_at)
    figure.add_scatter(
        x=points["at"].to_numpy()[places],
        y=chart.values[places],
        mode="markers",
        name=labels["signal"],
        marker={"symbol": "circle-open", "size": 14, "color": VERMILLION, "line": {"width": 3}},
        customdata=[
            [f"{texts[place]}<br>{'<br>'.join(rules_at[place])}", place] for place in places
        ],
        hovertemplate="%{customdata[0]}<extra></extra>",
    )


def _add_note(figure: go.Figure, text: str) -> None:
    """A sentence above the plot."""
    figure.add_annotation(
        text=text,
        xref="paper",
        yref="paper",
        x=0,
        y=1.02,
        xanchor="left",
        yanchor="bottom",
        showarrow=False,
        bgcolor="rgba(128, 128, 128, 0.15)",
        borderpad=4,
    )
    figure.update_layout(margin_t=figure.layout.margin.t + 28)


def _layout(labels: Labels) -> go.Layout:
    title = labels.get("title", "")
    return go.Layout(
        template=TEMPLATE,
        height=HEIGHT_PX,
        autosize=True,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        title={
            "text": title,
            "x": 0,
            "xref": "container",
            "xanchor": "left",
            "y": 1,
            "yref": "container",
            "yanchor": "top",
            "pad": {"t": 10, "l": 8},
            "font": {"size": 17},
        },
        margin={"l": 68, "r": 24, "t": 52 if title else 20, "b": 56},
        # Below the figure, where it never meets the title or the tools.
        legend={
            "orientation": "h",
            "yref": "container",
            "y": 0,
            "yanchor": "bottom",
            "x": 0,
            "xanchor": "left",
        },
        # A finger on the figure scrolls the page; zooming is in the tools.
        dragmode=False,
        hoverlabel={"font": {"family": FONT_FAMILY}},
    )


def _day_axis(moments: Sequence, labels: Labels) -> dict:
    """A time axis of dates that reads alike in every language: month-day, the year below."""
    axis = {
        "title": {"text": labels["day"]},
        "type": "date",
        "tickformat": "%m-%d\n%Y",
        "ticklabelstandoff": 6,
        "automargin": True,
    }
    if len(moments):
        first, last = pd.Timestamp(min(moments)), pd.Timestamp(max(moments))
        # Room for the first and the last marker.
        room = max(pd.Timedelta(hours=12), (last - first) * 0.02)
        axis["range"] = [first - room, last + room]
        if last - first < pd.Timedelta(days=9):
            # Left alone, a short axis would name hours, which the data do not have.
            axis["dtick"] = 24 * 3600 * 1000
    else:
        axis["showticklabels"] = False
    return axis


def _name(code: str, labels: Labels) -> str:
    # Names come from the log, and plotly reads <b> and <a> in any text.
    return escape(str(labels.get(code, code)))


def _wrapped(name: str, width: int = 14) -> str:
    return "<br>".join(escape(line) for line in wrap(str(name), width))


def _require(frame: pd.DataFrame, *columns: str) -> None:
    missing = [column for column in columns if column not in frame]
    if missing:
        raise ValueError(f"the frame lacks {missing}; it has {list(frame.columns)}")
