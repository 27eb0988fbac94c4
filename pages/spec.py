"""The acceptance spec: the one in force, its rules as a table, its versions, a what-if."""

import streamlit as st

from inspection.services.station import shared_station
from inspection.ui.session import t
from inspection.ui.spec import parts

station = shared_station()
st.title(t("nav.spec"))
# One block, whatever it says: what is said once, after a change, would move the tabs below and so
# open the first of them again.
with st.container():
    parts.in_force(station)

rules, saved = st.tabs([t("spec.tab_rules"), t("spec.tab_versions")])
with rules:
    parts.editor(station)
with saved:
    parts.saved_versions(station)
