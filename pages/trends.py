"""Trends: DPU, FTT, defect area, types and the u chart, by vehicle model and period."""

import streamlit as st

from inspection.ui.session import t
from inspection.ui.trends import parts as trend_views
from inspection.ui.widgets import cached, left_out

st.title(t("nav.trends"))
st.caption(t("trends.basis"))

version = cached.data_version()
known = cached.known_values(version)
if known.last_day is None:
    trend_views.nothing_logged()
    st.stop()

where = trend_views.ask(known)
with st.spinner(t("common.loading")):
    daily = cached.daily(where, version)
    types = cached.pareto(where, version)

left_out.waiting_note(where, version)
if daily.empty:
    trend_views.nothing_in_period(where, known)
    st.stop()

trend_views.key_figures(daily)
if not daily["units"].any():
    trend_views.no_bodies()
    st.stop()
trend_views.dpu(daily)
trend_views.ftt(daily)
trend_views.pareto(types, where)
trend_views.control_chart(daily, where, version)
trend_views.defect_area(daily)
