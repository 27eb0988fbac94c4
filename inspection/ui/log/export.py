"""Taking the chosen list away as a file: chosen here, made in the background, then fetched."""

from datetime import UTC, datetime

import streamlit as st

from inspection.errors import ExportRefused
from inspection.services.log import export_jobs
from inspection.services.log.export_jobs import ExportJob
from inspection.services.log.exports import SUFFIXES
from inspection.services.station import shared_station
from inspection.storage.log_filter import LogFilter
from inspection.ui.guarded import guarded_part
from inspection.ui.markdown import as_written
from inspection.ui.session import count, error_text, percent, plain, t, translate
from inspection.ui.widgets.demo import marked_name
from inspection.ui.widgets.links import export_url
from inspection.ui.widgets.words import plant_time


def export_chooser(where: LogFilter) -> None:
    """A button that opens the choice of files."""
    kinds = {code: t(f"export.kind_{code}") for code in SUFFIXES}
    with st.popover(
        t("export.open"), icon=":material/download:", key="export_chooser", on_change="rerun"
    ):
        kind = st.radio(
            t("export.kind"),
            list(kinds),
            key="export_kind",
            format_func=kinds.get,
            captions=[t(f"export.about_{code}") for code in SUFFIXES],
        )
        st.button(
            t("export.make"),
            key="make_export",
            icon=":material/note_add:",
            type="primary",
            on_click=_begin,
            args=(where, kind),
        )


def show_export() -> None:
    """The file that this tab asked for last: how far it is, and then the way to it."""
    refused = st.session_state.pop("export_refused", "")
    if refused:
        st.warning(as_written(refused), icon=":material/hourglass_top:")
    job = export_jobs.find_export(st.session_state.get("export"))
    if job is None:
        return
    if job.state.is_over:
        _outcome(job)
    else:
        _under_way(job.token)


@st.fragment(run_every=0.5)
@guarded_part
def _under_way(token: str) -> None:
    job = export_jobs.find_export(token)
    if job is None or job.state.is_over:
        # Only the whole page can end a fragment that runs by itself.
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        share = job.state.share
        st.progress(share, t("export.under_way", name=job.file_name, share=percent(share, 0)))
        st.button(
            t("common.cancel"),
            key="cancel_export",
            icon=":material/stop_circle:",
            on_click=_give_up,
        )


def _outcome(job: ExportJob) -> None:
    state = job.state
    with st.container(horizontal=True, vertical_alignment="center", key="export_outcome"):
        if state.error:
            st.error(as_written(error_text(state.error)), icon=":material/error:")
        else:
            unit = "export.done_defects" if job.kind == "defects_csv" else "export.done"
            st.markdown(f":material/check_circle: {t(unit, n=count(state.rows))}", width="content")
            st.link_button(
                t("export.fetch", name=job.file_name),
                export_url(job.token),
                icon=":material/download:",
                type="primary",
            )
        st.button(
            t("export.put_away"), key="put_export_away", icon=":material/close:", on_click=_give_up
        )


def _begin(where: LogFilter, kind: str) -> None:
    # The file is fetched below, where the open choice would lie over it.
    st.session_state["export_chooser"] = False
    _give_up()
    day = plant_time(datetime.now(UTC)).date().isoformat()
    name = marked_name(plain(f"export.file_{kind}", day=day) + SUFFIXES[kind])
    try:
        job = export_jobs.begin_export(shared_station(), where, kind, name, translate())
    except ExportRefused as error:
        st.session_state["export_refused"] = error_text(error)
        return
    st.session_state["export"] = job.token
    # Most files are small: then there is nothing to watch.
    job.wait(1.0)


def _give_up() -> None:
    token = st.session_state.pop("export", None)
    if token:
        export_jobs.forget_export(token)
