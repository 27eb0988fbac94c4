"""The acceptance spec: the one in force, its rules as a table, its versions, a what-if."""

import streamlit as st

from inspection.services.station import shared_station
from inspection.ui.session import t
from inspection.ui.spec import parts

station = shared_station()
st.title(t("nav.spec"))
parts.in_force(station)

rules, saved = st.tabs([t("spec.tab_rules"), t("spec.tab_versions")])
with rules:
    parts.editor(station)
with saved:
    parts.saved_versions(station)
