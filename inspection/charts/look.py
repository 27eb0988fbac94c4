"""The one look of every figure: palette, template, layout, axes, and how many points one may draw.

Backgrounds are transparent and neutral colours stand in the template, so that light and dark
pages, and Streamlit's own theme, can put theirs in. Made to be read from 600 px width on.

A trace whose points stand for photos has META_PHOTOS as its `meta`; the last value of a point's
customdata then says which, as `photos_behind` reads it.
"""

import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from textwrap import wrap
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
import pandas as pd
import plotly
import plotly.graph_objects as go

Labels = Mapping[str, str]

# How plotly is told the signs of numbers: the decimal sign, then that of thousands.
POINT = ".,"

# Okabe & Ito's colour-blind safe palette without black, which vanishes on a dark page, and with
# its yellow last, which is faint on a light one.
BLUE, VERMILLION, GREEN = "#0072B2", "#D55E00", "#009E73"
PURPLE, ORANGE, SKY, YELLOW = "#CC79A7", "#E69F00", "#56B4E9", "#F0E442"
PALETTE = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILLION, YELLOW)
VERDICT_COLOURS = {"ok": GREEN, "human": ORANGE, "rework": VERMILLION}

FONT_FAMILY = (
    "Pretendard, 'Noto Sans KR', NanumGothic, 'Apple SD Gothic Neo', 'Malgun Gothic', "
    "system-ui, sans-serif"
)
# Readable on white and on near black alike (contrast above 4 on both).
NEUTRAL = "#7A7A7A"
FAINT = "rgba(128, 128, 128, 0.25)"

# More are slow over the wire and unreadable; longer periods are summed up to fewer points.
MAX_POINTS = 2000
HEIGHT_PX = 360

META_PHOTOS = "photos"
HOVER_END = "<extra></extra>"

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
        common_layout({}).title, text=escape(title), font={"size": 17, "color": INK}
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


def mark(colour: str, symbol: str) -> dict[str, object]:
    """The marker of a point that a reader is to find at once."""
    return {"color": colour, "size": 11, "symbol": symbol}


def thinned(points: pd.DataFrame, most: int) -> pd.DataFrame:
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


def digits(value: float, form: str, labels: Labels) -> str:
    """A number that a figure writes itself. form: one of Python's, such as ".3g" or ".1%".

    labels: separators, which is optional: the signs of the language's numbers, as `common_layout`
    tells them to plotly.
    """
    signs = labels.get("separators", POINT)
    return format(value, form).translate({ord("."): signs[0], ord(","): signs[1]})


def common_layout(labels: Labels) -> go.Layout:
    """The layout that every figure begins with.

    labels: title, and separators: decimal sign and sign of thousands (",." in German); both
    optional.
    """
    title = labels.get("title", "")
    return go.Layout(
        template=TEMPLATE,
        separators=labels.get("separators", POINT),
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


def day_axis(moments: Sequence[Any], labels: Labels) -> dict[str, object]:
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


def word_of(code: str, labels: Labels) -> str:
    """The word of a code, or the code itself, safe to stand in any text of a figure."""
    # Names come from the log, and plotly reads <b> and <a> in any text.
    return escape(str(labels.get(code, code)))


def wrapped(name: str, width: int = 16) -> str:
    """A name in lines of at most `width` letters, safe to stand in any text of a figure."""
    return "<br>".join(escape(line) for line in wrap(str(name), width))


def require_columns(frame: pd.DataFrame, *columns: str) -> None:
    """Raise ValueError for a frame that lacks one of these columns."""
    missing = [column for column in columns if column not in frame]
    if missing:
        raise ValueError(f"the frame lacks {missing}; it has {list(frame.columns)}")
