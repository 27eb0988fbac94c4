"""What the inspection saves, by input and by threshold."""

import pandas as pd
import plotly.graph_objects as go

from inspection.charts.look import (
    BLUE,
    GREEN,
    HEIGHT_PX,
    MAX_POINTS,
    NEUTRAL,
    ORANGE,
    SKY,
    VERMILLION,
    Labels,
    common_layout,
    digits,
    mark,
    require_columns,
    thinned,
    word_of,
    wrapped,
)


def tornado(swings: pd.DataFrame, base: float, labels: Labels) -> go.Figure:
    """What each input moves: bars from the base to the saving at its low and at its high end.

    swings: name, low, high (the input's ends in words), at_low, at_high (savings), the widest
    first, drawn on top. base: the saving with every input at its base. Savings in the unit that
    labels["saving"] names. labels: saving, input, at_low, at_high, base; each name by its code.
    """
    require_columns(swings, "name", "low", "high", "at_low", "at_high")
    figure = go.Figure(layout=common_layout(labels))
    names = [wrapped(labels.get(code, code), 24) for code in swings["name"]]
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
    require_columns(points, "threshold", "saving", "saving_low", "saving_high")
    figure = go.Figure(layout=common_layout(labels))
    shown = thinned(points, (MAX_POINTS - len(marks)) // 3)
    for number, bound in enumerate(("saving_low", "saving_high")):
        figure.add_scatter(
            x=shown["threshold"],
            y=shown[bound],
            mode="lines",
            name=wrapped(labels["bounds"], 36),
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
            name=f"{word_of(name, labels)} {digits(threshold, '.3f', labels)}",
            marker=mark((VERMILLION, GREEN)[place % 2], ("diamond", "square")[place % 2]),
            hovertemplate=f"{word_of(name, labels)} %{{x:.3f}}<br>%{{y:,.1f}}<extra></extra>",
        )
    # Four words in the legend may take four lines.
    figure.update_layout(
        height=HEIGHT_PX + 100,
        xaxis={"title": {"text": labels["threshold"]}, "automargin": True},
        yaxis={"title": {"text": labels["saving"]}, "tickformat": ",", "automargin": True},
    )
    return figure
