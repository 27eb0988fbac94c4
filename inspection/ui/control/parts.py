"""The parts of the Control charts page: the chart, its signals, the points that are chosen."""

from collections.abc import Sequence

import streamlit as st

from inspection.charts.control import MAX_CHART_POINTS
from inspection.services.quality import signal_words
from inspection.services.quality.control_charts import ChartSignal, PlottedChart
from inspection.storage.log_filter import LogFilter, parameters_of
from inspection.ui.control.annotations import category_word, show_actions
from inspection.ui.control.asking import AskedChart
from inspection.ui.control.figure import (
    chart_title,
    figure_of,
    say_baseline,
    say_resting,
    table_of,
    what_is_missing,
)
from inspection.ui.control.points import (
    ask_places,
    places_in_address,
    point_keys,
    take_selection,
)
from inspection.ui.markdown import as_written
from inspection.ui.session import count, number, t, translate
from inspection.ui.widgets import cached, chart_frame
from inspection.ui.widgets.address import set_address
from inspection.ui.widgets.chart_words import type_words
from inspection.ui.widgets.left_out import say_unnumbered
from inspection.ui.widgets.links import page_file

_SIGNALS_IN_SIGHT = 4


def plotted_chart(asked: AskedChart, version: int) -> PlottedChart:
    return cached.control_chart(asked.choice, asked.first_day, asked.last_day, version)


def say_photos_apart(asked: AskedChart, version: int) -> None:
    """How many photos of these days stand apart from the bodies that the chart counts."""
    choice = asked.choice
    # A photo without a body number has its defects too: of zone and type all its photos are told.
    subject = {choice.split: choice.subject} if choice.split not in ("", "zone", "type") else {}
    where = LogFilter(first_day=asked.first_day, last_day=asked.last_day, **subject)
    say_unnumbered(cached.quality(where, version).unnumbered_photos)


def show_chart(asked: AskedChart, plotted: PlottedChart) -> tuple[ChartSignal, ...]:
    """The figure with its baseline in words; answers its signals."""
    signals = plotted.signals(asked.rules, laney=asked.laney)
    behind = table_of(plotted)
    keys = point_keys(plotted)
    chart_frame.show(
        "control",
        chart_title(asked.choice),
        figure_of(plotted, rules=asked.rules, laney=asked.laney, chosen=places_in_address(plotted)),
        [lambda: behind],
        missing=what_is_missing(plotted),
        choose=lambda: take_selection(keys),
    )
    hidden = len(plotted.points) - plotted.first - MAX_CHART_POINTS
    if hidden > 0:
        st.caption(t("control.newest_only", n=MAX_CHART_POINTS, hidden=hidden))
    if asked.choice.kind == "np":
        st.caption(t("control.np_undecided"))
    say_baseline(plotted)
    say_resting(plotted, asked.first_day, asked.last_day)
    return signals


def show_signals(plotted: PlottedChart, signals: Sequence[ChartSignal]) -> None:
    """Every signal in words, with its cause or "unexplained", and the ways to act on it."""
    if plotted.missing_points:
        return
    if not signals:
        st.success(t("control.no_signal"), icon=":material/check_circle:")
        return
    unexplained = sum(not one.causes for one in signals)
    st.markdown(
        f"**{t('control.signals', n=len(signals))}** "
        + (
            f":orange-badge[:material/help: {t('control.unexplained_n', n=unexplained)}]"
            if unexplained
            else f":green-badge[:material/check: {t('control.all_explained')}]"
        )
    )
    with st.container(gap="small"):
        for number, signal in enumerate(signals[:_SIGNALS_IN_SIGHT]):
            _signal(plotted, signal, number)
    rest = signals[_SIGNALS_IN_SIGHT:]
    if rest:
        more = st.expander(t("control.more_signals", n=len(rest)), key="more", on_change="rerun")
        if more.open:
            with more:
                for number, signal in enumerate(rest, start=_SIGNALS_IN_SIGHT):
                    _signal(plotted, signal, number)


def show_selected(asked: AskedChart, plotted: PlottedChart, version: int) -> None:
    """The chosen points: photos, what changed, and what a person may say about them."""
    st.subheader(t("control.selected"), help=t("control.selected_help"))
    places = ask_places(plotted)
    if places is None:
        st.caption(t("control.nothing_selected"))
        return
    first, last = places
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            t(
                "control.selected_points",
                n=last - first + 1,
                units=count(int(plotted.points["units"].iloc[first : last + 1].sum())),
            )
        )
        _photos_link(plotted.photos_of(first, last))
    _show_changes(asked, places, version)
    actions = st.expander(
        t("control.say"), icon=":material/edit_note:", key="say", on_change="rerun"
    )
    if actions.open:
        with actions:
            show_actions(plotted, first, last)


def _signal(plotted: PlottedChart, signal: ChartSignal, number: int) -> None:
    keys = point_keys(plotted)
    cause = "; ".join(
        f"{category_word(one.note)}: {as_written(one.note.text)}" for one in signal.causes
    )
    said = (
        f":material/check_circle: {cause}"
        if cause
        else f":material/help: {t('control.unexplained')}"
    )
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(
            f"{signal_words.signal_sentence(translate(), signal)}  \n{said}", width="stretch"
        )
        _photos_link(plotted.photos_of(signal.first_place, signal.last_place))
        st.button(
            t("control.choose_points"),
            key=f"choose_{number}",
            icon=":material/select_all:",
            on_click=set_address,
            kwargs={
                "sel_from": keys[max(signal.began_place, plotted.first)],
                "sel_to": keys[signal.last_place],
            },
        )


def _photos_link(where: LogFilter) -> None:
    st.page_link(
        page_file("log"),
        label=t("control.photos"),
        icon=":material/photo_library:",
        query_params=parameters_of(where),
    )


def _show_changes(asked: AskedChart, places: tuple[int, int], version: int) -> None:
    """Which defect types grew against the baseline, each with its photos."""
    if asked.choice.split == "type":
        return
    changes = cached.changed_types(asked.choice, asked.first_day, asked.last_day, places, version)[
        :3
    ]
    grown = [one for one in changes if one.now > one.before]
    if not grown:
        return
    words = type_words([one.type for one in grown])
    st.markdown(t("control.changes"))
    for one in grown:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            key = "control.change" if one.times else "control.change_new"
            st.markdown(
                t(
                    key,
                    type=words[one.type],
                    times=number(one.times or 0, 1),
                    before=number(one.before, 2),
                    now=number(one.now, 2),
                    n=one.defects,
                )
            )
            st.page_link(
                page_file("log"),
                label=t("control.photos_of_type", type=words[one.type]),
                icon=":material/photo_library:",
                query_params=parameters_of(one.where),
            )
