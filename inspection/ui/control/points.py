"""The points of a control chart by name, and those that are chosen."""

from collections.abc import Sequence

import streamlit as st

from inspection.domain.chart_choice import (
    EVENTS,
)
from inspection.services.quality import signal_words
from inspection.services.quality.control_charts import PlottedChart
from inspection.ui.session import t, translate
from inspection.ui.widgets.address import one_of, set_address
from inspection.ui.widgets.words import time_text


def ask_places(plotted: PlottedChart) -> tuple[int, int] | None:
    """Two fields of points, which the chart fills as well; None while none is chosen."""
    keys = point_keys(plotted)
    places = {key: place for place, key in enumerate(keys)}
    shown = keys[plotted.first :]

    def word(key: str) -> str:
        return point_label(plotted, places[key]) if key else t("control.no_point")

    from_place, to_place, clear_place = st.columns((4, 4, 3), vertical_alignment="bottom")
    with from_place:
        start = one_of(
            "sel_from", t("control.from_point"), ["", *shown], word, default="", as_list=True
        )
    with to_place:
        one_of("sel_to", t("control.to_point"), ["", *shown], word, default=start, as_list=True)
    with clear_place:
        st.button(
            t("control.clear_selection"),
            key="clear_selection",
            icon=":material/close:",
            disabled=not start,
            on_click=set_address,
            kwargs={"sel_from": "", "sel_to": ""},
        )
    return places_in_address(plotted)


def places_in_address(plotted: PlottedChart) -> tuple[int, int] | None:
    """The chosen points' places, in order; points that are not shown count as not chosen."""
    keys = point_keys(plotted)
    places = {key: place for place, key in enumerate(keys) if place >= plotted.first}
    first = places.get(st.query_params.get("sel_from", ""))
    if first is None:
        return None
    last = places.get(st.query_params.get("sel_to", ""), first)
    return min(first, last), max(first, last)


def take_selection(keys: Sequence[str]) -> None:
    """Points clicked or boxed on the figure go into the address, where the fields find them."""
    chosen = st.session_state["control_chart"].selection.points
    places = sorted(
        int(point["customdata"][1]) for point in chosen if len(point.get("customdata") or ()) > 1
    )
    if places:
        set_address(sel_from=keys[places[0]], sel_to=keys[places[-1]])


def point_keys(plotted: PlottedChart) -> list[str]:
    """A name of each point for the address: the beginning of its time."""
    return [signal_words.point_key(moment) for moment in plotted.points["first_at"]]


def point_label(plotted: PlottedChart, place: int) -> str:
    """The point of a place in words: its day, shift or week, or its moment."""
    row = plotted.points.iloc[place]
    if plotted.choice.points in ("bodies", EVENTS):
        return time_text(row["first_at"])
    return signal_words.point_name(
        translate(), plotted.choice.points, row["first_day"], row["shift"]
    )
