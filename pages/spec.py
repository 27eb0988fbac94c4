"""The acceptance spec: in force, as a table, a what-if, versions; zones and ignore regions."""

import streamlit as st

from inspection.services.station import shared_station
from inspection.ui.session import t
from inspection.ui.spec import parts
from inspection.ui.spec.ignoring import ignore_regions
from inspection.ui.spec.zones import zones

station = shared_station()
st.title(t("nav.spec"))
# One block, whatever it says: what is said once, after a change, would move the tabs below and so
# open the first of them again.
with st.container():
    parts.in_force(station)

rules, saved, drawn, apart = st.tabs(
    [t(f"spec.tab_{name}") for name in ("rules", "versions", "zones", "ignore")]
)
with rules:
    parts.editor(station)
with saved:
    parts.saved_versions(station)
with drawn:
    zones(station)
with apart:
    ignore_regions(station)
