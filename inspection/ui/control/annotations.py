"""What people say about a control chart: causes, baselines, process changes, exclusions."""

from collections.abc import Callable
from datetime import timedelta

import streamlit as st

from inspection.domain.chart_choice import (
    CATEGORIES,
    MOST_NOTE_LETTERS,
    ChartNote,
)
from inspection.domain.spc import (
    BASELINE_POINTS,
)
from inspection.errors import InspectionError
from inspection.services.quality import chart_annotations
from inspection.services.quality.control_charts import PlottedChart
from inspection.services.station import shared_station
from inspection.storage.chart_notes import NumberedNote
from inspection.ui.control.figure import (
    chart_title,
)
from inspection.ui.markdown import as_written
from inspection.ui.session import error_text, inspector, name_missing, t
from inspection.ui.widgets.address import one_of
from inspection.ui.widgets.words import time_text

_ACTIONS = ("cause", "baseline", "phase", "exclusion")


def show_notes(plotted: PlottedChart) -> None:
    """What people said about this chart and this time; each may be taken back."""
    said = (*plotted.causes, *plotted.notes)
    if not said:
        return
    st.subheader(t("control.notes"))
    for place, one in enumerate(plotted.causes, start=1):
        _note(plotted, one, f"{place}")
    for one in plotted.notes:
        _note(plotted, one, "")


def show_actions(plotted: PlottedChart, first: int, last: int) -> None:
    """What a person may say about the points of two places, and the form to say it."""
    action = one_of(
        "do",
        t("control.what_kind"),
        _ACTIONS,
        lambda code: t(f"control.do_{code}"),
        default="cause",
    )
    who = inspector()
    if not who:
        st.info(name_missing(), icon=":material/badge:")
        return
    with st.form(f"say_{action}", border=True):
        st.markdown(t(f"control.{action}_text", n=BASELINE_POINTS, who=as_written(who)))
        category = text = ""
        if action == "cause":
            words = {code: t(f"control.category_{code}") for code in CATEGORIES}
            category = st.radio(
                t("control.category"),
                CATEGORIES,
                format_func=words.get,
                horizontal=True,
                key="say_category",
            )
        if action != "baseline":
            text = st.text_input(
                t("control.what" if action == "cause" else "control.reason"),
                key=f"say_text_{action}",
                max_chars=MOST_NOTE_LETTERS,
                placeholder=t(f"control.{action}_placeholder"),
            )
        pressed = st.form_submit_button(
            t(f"control.{action}_button"), type="primary", icon=":material/edit_note:"
        )
    if pressed:
        station = shared_station()
        say: dict[str, Callable[[], object]] = {
            "cause": lambda: chart_annotations.note_cause(
                station, plotted, first, last, category, text, who
            ),
            "baseline": lambda: chart_annotations.choose_baseline(
                station, plotted, first, last, who
            ),
            "phase": lambda: chart_annotations.begin_phase(station, plotted, first, text, who),
            "exclusion": lambda: chart_annotations.exclude_points(
                station, plotted, first, last, text, who
            ),
        }
        _write_down(say[action])


def _note(plotted: PlottedChart, one: NumberedNote, number: str) -> None:
    note = one.note
    until = note.last_at - timedelta(microseconds=1) if note.last_at else None
    when = time_text(note.first_at)
    if until:
        when = t("common.range", low=when, high=time_text(until))
    kind = t(f"control.note_{note.kind}")
    if note.category:
        kind = f"{number}. {category_word(note)}"
    elsewhere = "" if note.chart == plotted.choice else f" · {chart_title(note.chart)}"
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**{kind}** {as_written(note.text)}  \n"
            f"{when} · {as_written(note.who)}, {time_text(one.said_at)}{as_written(elsewhere)}"
        )
        st.space("stretch")
        if st.button(
            t("control.take_back"),
            key=f"take_back_{one.id}",
            icon=":material/undo:",
            disabled=not inspector(),
            help=name_missing(),
        ):
            _write_down(lambda: chart_annotations.take_back(shared_station(), one.id, inspector()))


def category_word(note: ChartNote) -> str:
    """Which of the four Ms a cause belongs to, in words."""
    return t(f"control.category_{note.category}")


def _write_down(write: Callable[[], object]) -> None:
    """Write what a person said and show the page anew, or say why it was refused."""
    try:
        write()
    except InspectionError as error:
        st.error(as_written(error_text(error)), icon=":material/error:")
        return
    st.toast(t("control.saved"), icon=":material/check_circle:")
    st.rerun()
