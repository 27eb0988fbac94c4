"""Keys, symbols, terms, folders, where the data are, and the limits."""

import streamlit as st

from inspection.services.station import shared_station
from inspection.ui.help import parts as help_views
from inspection.ui.session import t
from inspection.ui.widgets.key_table import key_table

settings = shared_station().settings
st.title(t("nav.help"))
help_views.contents()

st.subheader(t("help.start_title"), anchor="start", divider="gray")
st.markdown(t("help.start"))

st.subheader(t("help.verdicts_title"), anchor="verdicts", divider="gray")
help_views.verdicts()

st.subheader(t("help.keys_title"), anchor="keys", divider="gray")
key_table()

st.subheader(t("help.words_title"), anchor="words", divider="gray")
help_views.terms()

st.subheader(t("help.folders_title"), anchor="folders", divider="gray")
help_views.folders()

st.subheader(t("help.data_title"), anchor="data", divider="gray")
help_views.places(settings)

st.subheader(t("help.limits_title"), anchor="limits", divider="gray")
st.markdown(t("help.limits", max_mb=settings.max_upload_mb))
