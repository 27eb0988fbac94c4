"""The shift report: choose a shift, read it here, sign it and take it along."""

import streamlit as st

from inspection.services.reporting import build_shift_report
from inspection.services.station import shared_station
from inspection.ui import report_views
from inspection.ui.report_documents_view import sign_and_download
from inspection.ui.session import t
from inspection.ui.touch import large_targets

large_targets()
st.title(t("nav.report"))
st.caption(t("report_page.intro"))

slot, line = report_views.ask()
with st.spinner(t("common.loading")):
    report = build_shift_report(shared_station(), slot.day, slot.shift, line)

report_views.heading(report)
report_views.figures(report)
if not report.is_empty:
    report_views.pareto(report)
    report_views.worst(report)
    report_views.overruled(report)
    report_views.open_items(report)
    report_views.groups(report)
    report_views.details(report)

sign_and_download(report)
