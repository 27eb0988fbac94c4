"""The acceptance spec: the one in force, its rules as a table, a what-if, versions, zones."""

import streamlit as st

from inspection.services.station import shared_station
from inspection.ui.session import t
from inspection.ui.spec import parts
from inspection.ui.spec.zones import zones

station = shared_station()
st.title(t("nav.spec"))
# One block, whatever it says: what is said once, after a change, would move the tabs below and so
# open the first of them again.
with st.container():
    parts.in_force(station)

rules, saved, drawn = st.tabs([t("spec.tab_rules"), t("spec.tab_versions"), t("spec.tab_zones")])
with rules:
    parts.editor(station)
with saved:
    parts.saved_versions(station)
with drawn:
    zones(station)
