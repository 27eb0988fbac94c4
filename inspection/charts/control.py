"""The control chart: limits by phase, points that signal, excluded points and known causes."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from inspection.charts.look import (
    BLUE,
    GREEN,
    MAX_POINTS,
    NEUTRAL,
    PURPLE,
    SKY,
    VERMILLION,
    YELLOW,
    Labels,
    common_layout,
    day_axis,
    digits,
    require_columns,
    word_of,
)
from inspection.domain.run_rules import RULES, Signal, signals
from inspection.domain.spc import PhasedChart

# A control chart draws up to seven marks a point (value, four limits, signal, excluded) and two
# a phase for its centre.
MAX_CHART_POINTS = (MAX_POINTS - 100) // 7


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
    rules, laney, breaks: as `inspection.domain.run_rules.signals` takes them.
    causes: from_at, to_at (as `at`) and number: spans with a known cause, shaded, numbered.
    chosen: places of the first and the last point that a person looks at, framed.
    labels: day, value (the plotted figure, with its unit), units, centre, limits, laney_limits,
    range ("{low} – {high}"), signal, excluded, phase; each run rule by its code; "provisional", a
    sentence on the figure that says why no limits are drawn, is optional.
    """
    require_columns(points, "at", "label", "units")
    if len(points) != len(chart):
        raise ValueError(f"{len(points)} rows for a chart of {len(chart)} points")
    figure = go.Figure(layout=common_layout(labels))
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
        xaxis=day_axis(moments, labels),
        yaxis={"title": {"text": labels["value"]}, "rangemode": "tozero", "automargin": True},
    )
    if chart.kind == "p":
        figure.update_layout(yaxis_tickformat=".0%")
    return figure


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
            f"<b>{word_of(row.label, {})}</b>",
            f"{labels['value']}: {digits(chart.values[place], form, labels)}",
        ]
        for name, low, high in (
            ("limits", chart.lower[place], chart.upper[place]),
            ("laney_limits", chart.laney_lower[place], chart.laney_upper[place]),
        ):
            if np.isfinite(high) and not chart.provisional[place]:
                ends = {"low": digits(low, form, labels), "high": digits(high, form, labels)}
                lines.append(f"{labels[name]}: {labels['range'].format(**ends)}")
        lines.append(f"{labels['units']}: n = {digits(row.units, ',', labels)}")
        texts.append("<br>".join(lines))
    return texts


def _add_control_limits(
    figure: go.Figure, chart: PhasedChart, moments: Sequence, newest: slice, labels: Labels
) -> None:
    firm = ~chart.provisional[newest]
    sigma_z = chart.sigma_z[-1] if len(chart) else np.nan
    laney = labels["laney_limits"]
    if np.isfinite(sigma_z):
        laney = f"{laney} (σz = {digits(sigma_z, '.2f', labels)})"
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
            rules_at.setdefault(signal.index, []).append(word_of(signal.rule, labels))
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
