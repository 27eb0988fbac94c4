"""Learning from the plant's own photos: whether it can be begun, how far it is, what came of it."""

import streamlit as st

from inspection.domain.learning.folds import FOLDS, LEAST_BODIES, LEAST_PHOTOS, Readiness
from inspection.errors import InspectionError
from inspection.services.learning import process
from inspection.services.learning.journal import Journal
from inspection.services.learning.process import LearningState
from inspection.services.learning.readiness import missing_libraries
from inspection.services.station import shared_station
from inspection.ui import session
from inspection.ui.guarded import guarded_part
from inspection.ui.markdown import as_written
from inspection.ui.session import error_text, t
from inspection.ui.widgets import cached
from inspection.ui.widgets.words import time_text

_LOOK_EVERY_S = 2.0
_COMMAND = "python -m inspection improve --who NAME"


def learning() -> None:
    """The whole section."""
    st.subheader(t("learn.title"))
    st.caption(t("learn.note", photos=LEAST_PHOTOS, bodies=LEAST_BODIES))
    state = process.state(shared_station())
    if state.kind == "under_way":
        _under_way()
        return
    if state.kind == "interrupted":
        _interrupted(state)
        return
    if state.kind == "over":
        _over(state)
    _way_in(cached.readiness_to_learn(cached.data_version()))


def _way_in(ready: Readiness) -> None:
    """The button, or what is missing before it can be there."""
    if not ready.is_enough:
        st.info(
            t(
                "learn.too_few",
                photos=ready.photos,
                bodies=ready.bodies,
                more_photos=ready.photos_missing,
                more_bodies=ready.bodies_missing,
            ),
            icon=":material/edit:",
        )
    elif missing := missing_libraries():
        st.info(t("learn.no_libraries", names=", ".join(missing)), icon=":material/terminal:")
        st.code(_COMMAND, language=None)
    else:
        st.markdown(t("learn.ready", photos=ready.photos, bodies=ready.bodies))
        st.button(
            t("learn.begin"),
            key="learn_begin",
            icon=":material/school:",
            on_click=process.begin,
            args=(shared_station(), session.inspector()),
            disabled=not session.inspector(),
            help=session.name_missing(),
        )
    if ready.unnumbered:
        st.caption(t("learn.unnumbered", photos=ready.unnumbered))


@st.fragment(run_every=_LOOK_EVERY_S)
@guarded_part
def _under_way() -> None:
    state = process.state(shared_station())
    if state.kind != "under_way":
        st.rerun()
    journal = state.journal
    with st.container(border=True):
        if journal is None:
            st.progress(0.0, text=t("learn.step.starting"))
        else:
            st.markdown(_about(journal))
            st.progress(_share(journal), text=_step(journal))
        st.caption(t("learn.behind"))
        st.button(
            t("learn.cancelling" if state.is_cancelled else "learn.cancel"),
            key="learn_cancel",
            icon=":material/stop_circle:",
            on_click=process.cancel,
            args=(shared_station(),),
            disabled=state.is_cancelled or journal is None,
        )


def _about(journal: Journal) -> str:
    return t(
        "learn.about",
        name=as_written(journal.model),
        photos=journal.photos,
        bodies=journal.bodies,
        who=as_written(journal.who),
        at=time_text(journal.begun_at),
    )


def _step(journal: Journal) -> str:
    return t(
        f"learn.step.{journal.step}",
        part=journal.fit,
        parts=FOLDS,
        done=journal.done,
        of=journal.of,
    )


def _share(journal: Journal) -> float:
    """How much of all fits is done, 0–1; what comes before and after them takes little time."""
    fits = FOLDS + 1
    of_fit = journal.done / journal.of if journal.of else 0.0
    done = {
        "fold": journal.fit - 1 + of_fit,
        "look": journal.fit,
        "final": FOLDS + of_fit,
        "release": fits,
        "golden": fits,
    }
    return min(1.0, max(0.0, done.get(journal.step, 0.0) / fits))


def _interrupted(state: process.LearningState) -> None:
    journal = state.journal
    assert journal is not None
    with st.container(border=True):
        st.warning(t("learn.interrupted"), icon=":material/power_off:")
        if state.trouble:
            _trouble(state.trouble)
        st.markdown(_about(journal))
        st.caption(_step(journal))
        with st.container(horizontal=True):
            st.button(
                t("learn.go_on"),
                key="learn_go_on",
                icon=":material/play_arrow:",
                type="primary",
                on_click=process.begin,
                args=(shared_station(), session.inspector()),
                disabled=not session.inspector(),
                help=session.name_missing(),
            )
            st.button(
                t("learn.give_up"),
                key="learn_give_up",
                icon=":material/delete:",
                on_click=process.give_up,
                args=(shared_station(),),
            )


def _over(state: LearningState) -> None:
    """What came of the last run, until somebody has read it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if state.trouble:
            _trouble(state.trouble)
        elif state.journal:
            st.success(
                t(
                    "learn.done",
                    name=as_written(state.journal.candidate),
                    verdict=t(
                        f"learn.verdict.{state.journal.verdict}",
                        name=as_written(state.journal.model),
                    ),
                ),
                icon=":material/check_circle:",
            )
        st.button(
            t("learn.read"),
            key="learn_read",
            icon=":material/close:",
            on_click=process.give_up,
            args=(shared_station(),),
        )


def _trouble(error: InspectionError) -> None:
    st.error(t("learn.failed", why=as_written(error_text(error))), icon=":material/error:")
