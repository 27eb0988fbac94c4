"""The last inspections of the line."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from inspection.charts.look import (
    MAX_POINTS,
    VERDICT_COLOURS,
    Labels,
    common_layout,
    require_columns,
    word_of,
)

# Colour is never the only sign: verdicts differ by height too.
VERDICT_HEIGHTS = {"ok": 0.4, "human": 0.7, "rework": 1.0}


def line_status(inspections: pd.DataFrame, labels: Labels) -> go.Figure:
    """The last inspections as a strip of bars, oldest on the left: the worse, the higher.

    inspections: verdict, and label (text of the hover, such as the local time) where there is one.
    labels: each verdict by its code.
    """
    require_columns(inspections, "verdict")
    shown = inspections.tail(MAX_POINTS)
    texts = shown["label"] if "label" in shown else shown["verdict"].map(lambda _: "")
    places = np.arange(len(shown))
    figure = go.Figure(layout=common_layout({}))
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
        word = word_of(verdict, labels)
        figure.add_bar(
            x=places[of_verdict],
            y=[VERDICT_HEIGHTS[verdict]] * int(of_verdict.sum()),
            width=0.85,
            name=f"{word} {of_verdict.sum()}",
            marker_color=colour,
            customdata=[word_of(text, {}) for text in texts[of_verdict]],
            hovertemplate=f"{word}<br>%{{customdata}}<extra></extra>",
        )
    return figure
