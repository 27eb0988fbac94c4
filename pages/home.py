"""Home: how the line stands, and the ways to the day's work."""

import streamlit as st

from inspection.storage.log_filter import LogFilter
from inspection.ui import session
from inspection.ui.home import line_status
from inspection.ui.inspecting import batch as batch_view
from inspection.ui.inspecting import readiness
from inspection.ui.inspecting import sources as photo_sources
from inspection.ui.inspecting import subject as subject_form
from inspection.ui.session import t
from inspection.ui.widgets import cached, left_out

st.title(t("home.title"))
version = cached.data_version()

session.settle_subject()
if readiness.has_name() and (orders := photo_sources.drop_zone(subject_form.chosen_subject())):
    batch_view.start_batch(orders, is_elsewhere=True)
batch_view.show_others()
if cached.count(LogFilter(), version):
    line_status.show_ways()
    line_status.show_alerts(version)
    left_out.waiting_note(None, version)
    with st.skeleton(height=200):
        latest = cached.last_inspections(line_status.STRIP, version)
    line_status.show_strip(latest)
    with st.grid(4, min_column_width=190) as figures:
        line_status.show_waiting(version)
        line_status.show_today(version)
        model = figures.cell(column_span=2)
    line_status.show_rejects(version)
else:
    line_status.show_first_steps()
    model = st.container()

# Last, because opening the model takes seconds after a start and the page must not wait for it.
line_status.show_model(model)
