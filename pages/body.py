"""Body map: where on the body defects lie, which places repeat, and the cases about them."""

import streamlit as st

from inspection.ui.body import map as body_views
from inspection.ui.body import repeats as repeat_views
from inspection.ui.session import t
from inspection.ui.trends import parts as trend_views
from inspection.ui.widgets import cached, left_out

st.title(t("nav.body"))
st.caption(t("body.intro"))

version = cached.data_version()
known = cached.known_values(version)
if known.last_day is None:
    trend_views.nothing_logged("body")
    st.stop()

where = body_views.ask(known, version)
left_out.waiting_note(where, version)
body_views.say_apart(where, version)
body_views.show_map(where, version)
body_views.show_photos(where, version)
repeat_views.show_repeats(version)
repeat_views.show_cases()
body_views.show_frequent(where, version)
