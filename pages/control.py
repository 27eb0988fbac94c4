"""Control charts: p, np, c and u with their limits, signals, baselines, phases and causes."""

import streamlit as st

from inspection.ui.control import annotations, asking
from inspection.ui.control import parts as control_views
from inspection.ui.session import t
from inspection.ui.trends import parts as trend_views
from inspection.ui.widgets import cached, left_out

st.title(t("nav.control"))
st.caption(t("control.intro"))

version = cached.data_version()
known = cached.known_values(version)
if known.last_day is None:
    trend_views.nothing_logged("control")
    st.stop()

left_out.waiting_note(None, version)
asked = asking.ask(known, version)
if asked is None:
    st.stop()
with st.spinner(t("common.loading")):
    plotted = control_views.plotted_chart(asked, version)
control_views.say_photos_apart(asked, version)

if plotted.is_empty:
    st.info(t("control.not_in_period"), icon=":material/event_busy:")
    st.stop()

signals = control_views.show_chart(asked, plotted)
control_views.show_selected(asked, plotted, version)
control_views.show_signals(plotted, signals)
annotations.show_notes(plotted)
