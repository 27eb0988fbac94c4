"""What holds in this installation, whether it is sound, and in which language it speaks."""

import os

import streamlit as st

from inspection.i18n import LANGUAGES, texts
from inspection.services.effective_settings import effective_settings
from inspection.services.station import shared_station
from inspection.ui import session
from inspection.ui.session import t
from inspection.ui.settings import parts as settings_views

station = shared_station()
st.title(t("nav.settings"))

st.subheader(t("settings.health_title"))
settings_views.state(station)
settings_views.check(station)

st.subheader(t("settings.tablets_title"))
settings_views.tablets(station)

st.subheader(t("settings.spec_title"))
settings_views.spec(station.spec)

st.subheader(t("card.title"))
settings_views.calibration_card()

st.subheader(t("settings.language_title"))
for column, language in zip(st.columns(len(LANGUAGES)), LANGUAGES, strict=True):
    column.button(
        texts(language)["language.name"],
        key=f"speak_{language}",
        type="primary" if language == st.session_state["language"] else "secondary",
        width="stretch",
        on_click=session.speak,
        args=(language,),
    )
st.caption(t("settings.language_note"))

st.subheader(t("settings.effective_title"))
st.caption(t("settings.effective_note"))
settings_views.in_force(effective_settings(station.settings, os.environ))
