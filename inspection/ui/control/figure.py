"""The figure of a control chart, the table behind it, and what is said below it."""

from dataclasses import replace
from datetime import date, timedelta

import pandas as pd
import streamlit as st

from inspection.charts.control import control_chart_figure
from inspection.domain.chart_choice import (
    EVENTS,
    ChartChoice,
)
from inspection.domain.spc import (
    BASELINE_POINTS,
    MOST_ON_CENTRE,
    MOST_ON_ONE_SIDE,
    RARE_KINDS,
)
from inspection.services.quality import signal_words
from inspection.services.quality.control_charts import PlottedChart
from inspection.services.station import shared_station
from inspection.ui.control.points import (
    point_label,
)
from inspection.ui.markdown import as_written
from inspection.ui.session import number, percent, t, translate
from inspection.ui.widgets.chart_frame import Column, Figures
from inspection.ui.widgets.chart_words import chart_words
from inspection.ui.widgets.links import page_file
from inspection.ui.widgets.words import plant_time


def figure_of(plotted: PlottedChart, **how):
    """The plotly figure of a chart, in this tab's language. how: rules and laney of the signals,
    and the chosen points."""
    points = plotted.points
    shown = pd.DataFrame(
        {
            "at": _plant_clock(points["first_at"]),
            "label": [point_label(plotted, place) for place in range(len(points))],
            "units": points["units"],
            "excluded": plotted.excluded,
        }
    )
    causes = pd.DataFrame(
        [
            (plant_time(one.note.first_at), plant_time(one.note.last_at), number)
            for number, one in enumerate(plotted.causes, start=1)
        ],
        columns=["from_at", "to_at", "number"],
    )
    if plotted.choice.points in ("day", "week") and len(causes):
        # A point stands at the beginning of its time: the shade lies around the points it is of.
        half = timedelta(hours=12) if plotted.choice.points == "day" else timedelta(days=3.5)
        causes["from_at"] -= half
        causes["to_at"] -= half
    for name in ("from_at", "to_at"):
        causes[name] = [moment.replace(tzinfo=None) for moment in causes[name]]
    return control_chart_figure(
        shown,
        plotted.chart,
        chart_words(
            value=t(f"control.axis_{plotted.choice.kind}"),
            provisional=t("control.provisional", missing=plotted.missing_points),
            excluded=t("control.excluded_point"),
            phase=t("control.note_phase"),
        ),
        first=plotted.first,
        breaks=plotted.breaks,
        causes=causes,
        **how,
    )


def table_of(plotted: PlottedChart) -> Figures:
    """The figures behind the chart, one row a point in the days shown."""
    chart, points, kind = plotted.chart, plotted.points, plotted.choice.kind
    rows = pd.DataFrame(
        {
            "point": [point_label(plotted, place) for place in range(len(points))],
            "units": points["units"],
            "counts": points["counts"],
            "value": chart.values,
            "centre": chart.centre,
            "lower": chart.lower,
            "upper": chart.upper,
            "laney_lower": chart.laney_lower,
            "laney_upper": chart.laney_upper,
            "baseline": [t("control.in_baseline") if one else "" for one in chart.baseline],
        }
    )
    limits = ["centre", "lower", "upper", "laney_lower", "laney_upper"]
    rows.loc[chart.provisional, limits] = float("nan")
    drawn = [name for name in limits if rows[name].notna().any()]
    names = ["point", "units", "counts", "value", *drawn, "baseline"]
    heads = {
        "point": t("control.point"),
        "units": t("chart.units"),
        "counts": t("control.counts_p" if kind in ("p", "np") else "chart.defects"),
        "value": t(f"control.axis_{kind}"),
        **{name: t(f"control.{name}_column") for name in limits},
        "baseline": t("control.note_baseline"),
    }
    if kind in RARE_KINDS:
        # One body and one count a point say nothing beside the value.
        names = ["point", "value", *drawn, "baseline"]
    forms = {"point": "", "units": "count", "counts": "count", "baseline": ""}
    number = "percent" if kind == "p" else "%.3f"
    return Figures(
        rows[plotted.first :],
        tuple(Column(name, heads[name], forms.get(name, number)) for name in names),
    )


def what_is_missing(plotted: PlottedChart) -> str:
    """A sentence when the newest phase has too few points for limits, else ""."""
    if not plotted.missing_points:
        return ""
    return t(
        "control.provisional_long",
        have=BASELINE_POINTS - plotted.missing_points,
        missing=plotted.missing_points,
        needed=BASELINE_POINTS,
    )


def chart_title(choice: ChartChoice) -> str:
    """The chart's name in words."""
    return signal_words.chart_name(translate(), shared_station().bodies, choice)


def _plant_clock(moments: pd.Series) -> pd.Series:
    zone = shared_station().calendar.timezone
    return moments.dt.tz_convert(zone).dt.tz_localize(None)


def say_baseline(plotted: PlottedChart) -> None:
    """Where centre and limits come from, and what sigma z means for them."""
    days = plotted.baseline_days
    if days is None or plotted.missing_points:
        return
    key = "control.baseline_frozen" if plotted.frozen else "control.baseline_usual"
    who = plotted.frozen.note.who if plotted.frozen else ""
    text = t(key, from_day=days[0], to_day=days[1], n=BASELINE_POINTS, who=as_written(who))
    sigma_z = plotted.chart.phases[-1].sigma_z
    if sigma_z is not None:
        said = "over" if sigma_z > 1.05 else "under" if sigma_z < 0.95 else "as_expected"
        text += " " + t(f"control.sigma_{said}", value=number(sigma_z, 2))
    st.caption(text)


def say_resting(plotted: PlottedChart, first_day: date, last_day: date) -> None:
    """That the run rules rest, why, and the ways to the charts of rare events."""
    phase = plotted.resting
    if phase is None:
        return
    if phase.on_centre > MOST_ON_CENTRE:
        said = t(
            "control.resting_on_centre",
            share=percent(phase.on_centre, 0),
            most=percent(MOST_ON_CENTRE, 0),
        )
    else:
        said = t(
            "control.resting",
            share=percent(phase.on_one_side, 0),
            most=percent(MOST_ON_ONE_SIDE, 0),
        )
    st.info(f"{said} {t('control.resting_next')}", icon=":material/pause_circle:")
    with st.container(horizontal=True, gap="small"):
        for kind in RARE_KINDS:
            rare = replace(plotted.choice, kind=kind, points=EVENTS, bodies=0)
            st.page_link(
                page_file("control"),
                label=t(f"control.to_{kind}"),
                icon=":material/query_stats:",
                query_params=signal_words.chart_address(rare, first_day, last_day),
            )
