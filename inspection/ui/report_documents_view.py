"""Notes, sign-off and the two documents of a shift report."""

from dataclasses import replace
from functools import partial

import streamlit as st

from inspection.services.report_documents import shift_report_pdf
from inspection.services.report_words import document_name
from inspection.services.report_workbook import shift_report_xlsx
from inspection.services.reporting import ShiftReport, Signature, data_sha256
from inspection.ui.session import t, translate

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@st.fragment
def sign_and_download(report: ShiftReport) -> None:
    """What the shift lead adds, and the downloads; typing here does not rebuild the preview."""
    st.subheader(t("report_page.writing"))
    st.info(t("report_page.not_stored"), icon=":material/edit_note:")
    signed = _with_words(report, _slot_key(report))
    st.subheader(t("report_page.documents"))
    # Taken now: a download is built outside the page, where no tab's language is known.
    words = translate()
    pdf, workbook = st.columns(2)
    with pdf:
        st.download_button(
            t("report_page.download_pdf"),
            partial(shift_report_pdf, signed, words),
            file_name=f"{document_name(signed, words)}.pdf",
            mime="application/pdf",
            key="download_pdf",
            icon=":material/picture_as_pdf:",
            type="primary",
            on_click="ignore",
            width="stretch",
        )
    with workbook:
        st.download_button(
            t("report_page.download_xlsx"),
            partial(shift_report_xlsx, signed, words),
            file_name=f"{document_name(signed, words)}.xlsx",
            mime=_XLSX,
            key="download_xlsx",
            icon=":material/table_view:",
            on_click="ignore",
            width="stretch",
        )
    st.caption(t("report_page.built_on_click"))
    st.caption(t("report_page.fingerprint", sha256=data_sha256(signed)[:16]))


def _with_words(report: ShiftReport, slot: str) -> ShiftReport:
    """The report with notes, hand-over items and names as typed. slot: keeps shifts apart."""
    left, right = st.columns(2)
    notes = left.text_area(
        t("report.notes"),
        key=f"notes_{slot}",
        max_chars=1200,
        height=120,
        placeholder=t("report_page.notes_placeholder"),
    )
    hand_over = right.text_area(
        t("report.hand_over"),
        key=f"hand_over_{slot}",
        max_chars=1200,
        height=120,
        placeholder=t("report_page.hand_over_placeholder"),
    )
    with left:
        outgoing = _name(t("report.sign_outgoing_lead"), f"outgoing_{slot}")
    with right:
        incoming = _name(t("report.sign_incoming_lead"), f"incoming_{slot}")
    return replace(
        report,
        header=replace(report.header, supervisor=outgoing),
        notes=notes.strip(),
        hand_over=hand_over.strip(),
        signatures=(Signature("outgoing_lead", outgoing), Signature("incoming_lead", incoming)),
    )


def _name(label: str, key: str) -> str:
    given = st.text_input(
        label, key=key, max_chars=80, placeholder=t("report_page.name_placeholder")
    )
    return given.strip()


def _slot_key(report: ShiftReport) -> str:
    header = report.header
    return f"{header.production_day}_{header.shift}_{header.line}"
