"""Review: what waits for a person, one photo after the other."""

import streamlit as st

from inspection.ui import session
from inspection.ui.inspecting import readiness
from inspection.ui.review import desk, parts
from inspection.ui.session import t

if not session.inspector():
    st.title(t("nav.review"))
    readiness.name_prompt()
elif desk.is_resting():
    st.title(t("nav.review"))
    parts.resting()
else:
    turn = desk.turn()
    if turn.detail is None:
        st.title(t("nav.review"))
        parts.nothing_waits(turn)
    else:
        parts.photo(turn)
    parts.missed()
