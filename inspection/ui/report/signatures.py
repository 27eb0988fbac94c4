"""Signatures, check and documents of a shift report."""

from datetime import UTC, datetime
from functools import partial

import streamlit as st

from inspection.domain.letters import MOST_NAME_LETTERS
from inspection.errors import InspectionError
from inspection.services.report.check import check_report
from inspection.services.report.check_words import check_sentence, fault_sentences
from inspection.services.report.files import DOCUMENTS
from inspection.services.report.shift_report import ShiftReport, data_sha256
from inspection.services.report.signing import find_signed, sign_in, sign_out
from inspection.services.report.words import document_name
from inspection.services.station import shared_station
from inspection.storage.report.signed_reports import SignedReport
from inspection.ui import session
from inspection.ui.markdown import as_written
from inspection.ui.session import error_text, t, translate
from inspection.ui.widgets.words import minute_text

# Which signature is being asked for in this tab: "out" or "in".
_SIGNING = "report_signing"
_FAULTS_SHOWN = 20

_STATES = {
    "draft": ("orange", ":material/edit:"),
    "signed": ("blue", ":material/draw:"),
    "taken_over": ("green", ":material/verified:"),
}
_DOCUMENT_ICONS = {
    ".pdf": ":material/picture_as_pdf:",
    ".xlsx": ":material/table_view:",
    ".html": ":material/html:",
}


def state_chip(report: ShiftReport) -> None:
    """Draft, signed or taken over, and by whom."""
    colour, icon = _STATES[report.state]
    st.badge(t(f"report.state.{report.state}"), icon=icon, color=colour)
    said = [
        t(
            "report_sign.signed_line",
            role=t(f"report.sign_{line.role}"),
            who=as_written(line.name),
            at=as_written(minute_text(line.at)),
        )
        for line in report.signatures
        if line.at is not None
    ]
    if said:
        st.markdown("  \n".join(said))


def signatures(report: ShiftReport) -> None:
    """The two signatures, and the check of a signed report against the log."""
    st.subheader(t("report.sign_off"))
    header = report.header
    if report.state == "draft":
        st.caption(t("report_sign.draft_note"))
        if datetime.now(UTC) < header.ends_at:
            st.caption(
                t("report_sign.still_running", at=as_written(f"{header.ends_at:%m-%d %H:%M}"))
            )
        _sign_button("out", t("report_sign.sign_out"))
    else:
        signed = find_signed(shared_station(), report.header.of)
        if report.state == "signed":
            st.caption(t("report_sign.waiting_note"))
            _sign_button("in", t("report_sign.sign_in"))
        _check(signed)
    if _SIGNING in st.session_state:
        _ask(report, st.session_state[_SIGNING])


def documents(report: ShiftReport) -> None:
    """The downloads; each is built when it is asked for."""
    st.subheader(t("report_page.documents"))
    # Taken now: a download is built outside the page, where no tab's language is known.
    words = translate()
    for place, (column, kind) in enumerate(
        zip(st.columns(len(DOCUMENTS)), DOCUMENTS.values(), strict=True)
    ):
        name = kind.suffix.removeprefix(".")
        column.download_button(
            t(f"report_page.download_{name}"),
            partial(kind.write, report, words),
            file_name=f"{document_name(report, words)}{kind.suffix}",
            mime=kind.media_type,
            key=f"download_{name}",
            icon=_DOCUMENT_ICONS[kind.suffix],
            type="secondary" if place else "primary",
            on_click="ignore",
            width="stretch",
        )
    st.caption(t("report_page.built_on_click"))
    st.caption(t("report_page.fingerprint", sha256=data_sha256(report)[:16]))


def _sign_button(way: str, label: str) -> None:
    st.button(
        label,
        key=f"sign_{way}",
        icon=":material/draw:",
        type="primary",
        on_click=_intend,
        args=(way,),
    )


def _intend(way: str) -> None:
    st.session_state[_SIGNING] = way


def _forget() -> None:
    st.session_state.pop(_SIGNING, None)


def _ask(report: ShiftReport, way: str) -> None:
    """The dialog before a signature: what it means, and the name."""

    @st.dialog(t(f"report_sign.{way}_title"), icon=":material/draw:", on_dismiss=_forget)
    def ask() -> None:
        st.markdown(t(f"report_sign.{way}_text"))
        if way == "out" and report.signals:
            unexplained = sum(not row.cause for row in report.signals)
            if unexplained:
                st.warning(t("report_sign.unexplained", n=unexplained), icon=":material/warning:")
        who = st.text_input(
            t("report.sign_name"),
            value=_expected_name(report, way),
            key=f"sign_{way}_who",
            max_chars=MOST_NAME_LETTERS,
        )
        pressed = st.button(
            t(f"report_sign.{way}_confirm"),
            key=f"sign_{way}_confirm",
            type="primary",
            icon=":material/draw:",
            width="stretch",
        )
        if pressed:
            _sign(report, way, who)

    ask()


def _expected_name(report: ShiftReport, way: str) -> str:
    """Who signs, as far as this tab knows: the lead who takes over is another person."""
    name = session.inspector()
    signed = {line.name for line in report.signatures if line.at is not None}
    return "" if way == "in" and name in signed else name


def _sign(report: ShiftReport, way: str, who: str) -> None:
    of, station = report.header.of, shared_station()
    try:
        if way == "out":
            sign_out(station, of, who, data_sha256(report))
        else:
            signed = find_signed(station, of)
            sign_in(station, signed.id, who)
    except InspectionError as error:
        st.error(as_written(error_text(error)), icon=":material/error:")
        return
    session.remember_inspector(who)
    _forget()
    st.rerun()


def _check(signed: SignedReport) -> None:
    """The button that rebuilds the report from the log, and what came of it."""
    if not st.button(t("report_sign.check"), key="check_report", icon=":material/fact_check:"):
        st.caption(t("report_sign.check_note"))
        return
    with st.spinner(t("report_sign.checking")):
        check = check_report(shared_station(), signed)
    sentence = as_written(check_sentence(translate(), check))
    if check.holds:
        st.success(sentence, icon=":material/verified:")
        return
    faults = fault_sentences(translate(), check)
    lines = [f"- {as_written(fault)}" for fault in faults[:_FAULTS_SHOWN]]
    if len(faults) > _FAULTS_SHOWN:
        lines.append(f"- {t('report_sign.more_faults', n=len(faults) - _FAULTS_SHOWN)}")
    st.error("\n".join([sentence, "", *lines]), icon=":material/gpp_bad:")
