"""How well a model detects: ROC, detection by size, the errors of the thresholds, calibration."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from inspection.charts.look import (
    BLUE,
    GREEN,
    MAX_POINTS,
    NEUTRAL,
    ORANGE,
    PURPLE,
    VERMILLION,
    Labels,
    common_layout,
    digits,
    mark,
    require_columns,
    thinned,
    word_of,
)


def roc_curve(points: pd.DataFrame, marks: pd.DataFrame, labels: Labels) -> go.Figure:
    """Photos detected against false alarms, at every threshold of the photo score.

    points: one row a threshold with false_alarm, detection (shares 0–1) and threshold, rising.
    marks: some thresholds that are named in words beside the figure, same columns.
    labels: detection, false_alarm, threshold, roc, chance, marks.
    """
    require_columns(points, "false_alarm", "detection", "threshold")
    figure = go.Figure(layout=common_layout(labels))
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
            thinned(points, MAX_POINTS - len(marks) - 2),
            {"mode": "lines", "line": {"color": BLUE, "width": 2, "shape": "hv"}},
        ),
        ("marks", marks, {"mode": "markers", "marker": mark(VERMILLION, "diamond")}),
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
    require_columns(observed, "size", "share", "low", "high", "n")
    figure = go.Figure(layout=common_layout(labels))
    figure.add_scatter(
        x=observed["size"],
        y=observed["share"],
        mode="markers",
        name=labels["observed"],
        marker=mark(NEUTRAL, "circle"),
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
            name=f"{word_of(name, labels)} {digits(size, '.3g', labels)}",
            marker=mark((GREEN, VERMILLION, PURPLE)[place % 3], symbol),
            hovertemplate=f"{word_of(name, labels)}: %{{x:.3g}}<extra></extra>",
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
    require_columns(points, "to_person", "missed", "rejected", "allowed")
    figure = go.Figure(layout=common_layout(labels))
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
    figure = go.Figure(layout=common_layout(labels))
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
        require_columns(frame, "predicted", "observed", "low", "high", "n")
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
    require_columns(points, "region", "found", "alarms")
    figure = go.Figure(layout=common_layout(labels))
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
        text=f"{labels['chosen']} {digits(chosen, '.2f', labels)}",
        showarrow=False,
    )
    figure.update_layout(
        xaxis={"title": {"text": labels["region"]}, "range": [0, 1], "automargin": True},
        yaxis=_share_axis(labels["share"]),
    )
    return figure


def _share_axis(title: str, most: float = 1.0) -> dict[str, object]:
    """An axis from 0 % to the largest share, with room for a marker on either end."""
    return {
        "title": {"text": title},
        "tickformat": ".0%",
        "range": [-0.02 * max(most, 0.05), 1.03 * max(most, 0.05)],
        "automargin": True,
    }


def _whiskers(value: pd.Series, low: pd.Series, high: pd.Series, colour: str) -> dict[str, object]:
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
