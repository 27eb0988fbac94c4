"""The shift report: choose a shift, read it here, hand over, sign it and take it along."""

import streamlit as st

from inspection.services.report.building import place_of
from inspection.services.report.signing import shift_report
from inspection.services.station import shared_station
from inspection.ui.report import notes as report_notes_view
from inspection.ui.report import preview as report_views
from inspection.ui.report import signatures as report_documents_view
from inspection.ui.session import t

st.title(t("nav.report"))
st.caption(t("report_page.intro"))

chosen = report_views.ask()
with st.spinner(t("common.loading")):
    report = shift_report(shared_station(), chosen)

report_views.heading(report)
report_documents_view.state_chip(report)
report_views.figures(report)
if not report.is_empty:
    report_views.pareto(report)
    report_views.repeats(report)
    report_views.signals(report)
    report_views.open_work(report)
    report_views.left_out(report)
    report_views.ignored(report)
report_notes_view.notes_and_items(report, place_of(shared_station(), chosen))
if not report.is_empty:
    report_views.groups(report)
    report_views.worst(report)
    report_views.overruled(report)
    report_views.details(report)

report_documents_view.signatures(report)
report_documents_view.documents(report)
