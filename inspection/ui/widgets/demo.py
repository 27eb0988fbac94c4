"""The demo line on every page: that it is one, how far its loading is, and the way out of it."""

from collections.abc import Callable
from datetime import UTC, datetime

import streamlit as st

from inspection.services.demo import jobs as demo_jobs
from inspection.services.demo.jobs import LOAD, DemoJob
from inspection.services.station import shared_station
from inspection.storage import demo_loads
from inspection.ui import session
from inspection.ui.guarded import guarded_part
from inspection.ui.markdown import as_written
from inspection.ui.session import count, error_text, t
from inspection.ui.widgets import cached

_LOOK_EVERY_S = 1.0
# The question before the demo line is removed stands open.
_ASKING = "demo_remove_asked"


def demo_mark() -> None:
    """The mark over every page while the log holds a demo line; nothing without one."""
    job = demo_jobs.current_job(shared_station())
    if job and not job.progress.is_over:
        with st.container(key="demo_mark_running"):
            _under_way()
        return
    if job and job.progress.error:
        # Until somebody has read it: the tab that began it may be closed.
        with st.container(horizontal=True, vertical_alignment="center"):
            st.error(as_written(error_text(job.progress.error)), icon=":material/error:")
            st.button(
                t("demo.error_read"),
                key="demo_error_read",
                icon=":material/close:",
                on_click=demo_jobs.forget,
                args=(shared_station(),),
            )
    state = is_demo_log()
    if state:
        with st.container(
            key="demo_mark", horizontal=True, vertical_alignment="center", gap="small"
        ):
            st.markdown(f":material/science: {t(f'demo.{state}')}", width="stretch")
            _buttons(state)


def is_demo_log() -> str:
    """How the demo line stands (`demo_loads.demo_state`), "" where the log holds none."""
    return cached.demo_state(cached.data_version())


def is_loading() -> bool:
    """Whether the demo line is on its way into the log at this moment."""
    job = demo_jobs.current_job(shared_station())
    return bool(job and job.progress.kind == LOAD and not job.progress.is_over)


def marked_name(name: str) -> str:
    """A file's name that says DEMO while the log holds a demo line."""
    return f"DEMO_{name}" if is_demo_log() else name


def begin_loading() -> None:
    """Load the demo line, or go on with it; for callbacks."""
    station = shared_station()
    today = station.calendar.slot_at(datetime.now(UTC)).day
    demo_jobs.begin_loading(station, today, session.inspector())


def _begin_removing() -> None:
    demo_jobs.begin_removing(shared_station(), session.inspector())


def _buttons(state: str) -> None:
    if state == "loading":
        _button("demo_go_on", t("demo.go_on"), ":material/play_arrow:", begin_loading)
    if state == "removing":
        _button("demo_remove", t("demo.remove_go_on"), ":material/play_arrow:", _begin_removing)
    else:
        _button("demo_remove", t("demo.remove"), ":material/delete:", _ask)
        if st.session_state.get(_ASKING):
            _confirm()


def _button(key: str, label: str, icon: str, act: Callable[[], None]) -> None:
    st.button(label, key=key, icon=icon, on_click=act)


def _ask() -> None:
    st.session_state[_ASKING] = True


def _forget() -> None:
    st.session_state.pop(_ASKING, None)


def _confirm() -> None:
    """The question before it is taken out: how many inspections, and what stays."""

    @st.dialog(t("demo.remove_title"), icon=":material/delete:", on_dismiss=_forget)
    def ask() -> None:
        engine = shared_station().engine
        invented, real = demo_loads.demo_count(engine), demo_loads.real_count(engine)
        st.markdown(t("demo.remove_text", n=count(invented), real=count(real)))
        if st.button(
            t("demo.remove_sure"),
            key="demo_remove_sure",
            icon=":material/delete:",
            type="primary",
            width="stretch",
        ):
            _forget()
            _begin_removing()
            st.rerun()

    ask()


@st.fragment(run_every=_LOOK_EVERY_S)
@guarded_part
def _under_way() -> None:
    job = demo_jobs.current_job(shared_station())
    if job is None or job.progress.is_over:
        st.rerun()
    _progress(job)


def _progress(job: DemoJob) -> None:
    seen = job.progress
    words = "demo.load_under_way" if seen.kind == LOAD else "demo.removal_under_way"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(
            seen.share, t(words, done=count(seen.done), total=count(seen.of) if seen.of else "…")
        )
        st.button(
            t("demo.stopping" if seen.is_cancelled else "demo.stop"),
            key="demo_stop",
            icon=":material/stop_circle:",
            on_click=job.cancel,
            disabled=seen.is_cancelled,
        )
