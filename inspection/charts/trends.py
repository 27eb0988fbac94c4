"""What changed from day to day, and which defect is the most frequent.

The daily frame has one row a day, shift and vehicle model, in time order, with the columns
day (date), shift, vehicle_model, units, defects, dpu, first_units, first_ok, ftt,
defect_area_mm2. Ratios are formed here from the sums, never averaged over shifts.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import pandas as pd
import plotly.graph_objects as go

from inspection.charts.look import (
    BLUE,
    MAX_POINTS,
    META_PHOTOS,
    PALETTE,
    VERMILLION,
    Labels,
    common_layout,
    day_axis,
    require_columns,
    word_of,
    wrapped,
)
from inspection.domain.inspections import as_chosen

# Colour is never the only sign: lines differ by marker too.
MARKERS = ("circle", "square", "diamond", "triangle-up", "x", "star", "triangle-down")
_DAYS_OF_A_SUM = {"first_day": "day", "last_day": "last_day"}


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
    require_columns(daily, "defect_area_mm2")
    measured = daily[pd.to_numeric(daily["defect_area_mm2"]).notna()]
    return _by_model(
        measured, "defect_area_mm2", "units", labels, "defect_area", models, number=".1f"
    )


def pareto(types: pd.DataFrame, labels: Labels) -> go.Figure:
    """Defects by type, most frequent first, with the cumulative share as a line.

    types: one row a type with type, defects, share and cumulative (shares 0–1).
    labels: type, defects, cumulative.
    """
    require_columns(types, "type", "defects", "cumulative")
    ranked = types.sort_values("defects", ascending=False, kind="stable")
    # Wrapped words stand upright under their bar; long ones would be turned and run off the side.
    names = [wrapped(labels.get(code, code)) for code in ranked["type"]]
    photos = [[urlencode({"type": code})] for code in ranked["type"]]
    most = float(ranked["defects"].max()) if len(ranked) else 1.0
    bar_width = min(0.7, 0.14 * max(len(names), 1))
    figure = go.Figure(layout=common_layout(labels))
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
    require_columns(daily, "day", "vehicle_model", count, size)
    figure = go.Figure(layout=common_layout(labels))
    sums = _summed(daily, [count, size])
    present = set(sums["vehicle_model"])
    known = [*models, *sorted(present - set(models))]
    for place, model in enumerate(known):
        if model not in present:
            continue
        of_model = sums[sums["vehicle_model"] == model]
        name = word_of(model, labels)
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
        xaxis=day_axis(sums["day"], labels),
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
