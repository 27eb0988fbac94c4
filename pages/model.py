"""The model in use: what may be claimed of it, what it learned from, and what it never saw."""

import streamlit as st

from inspection.services import model_card
from inspection.services.station import shared_station, thresholds_of
from inspection.ui import card_views, desk_views
from inspection.ui.session import t

st.title(t("nav.model"))

with st.spinner(t("common.loading")):
    model = shared_station().worker.model

if not model.is_ready:
    card_views.refusal(model.error)
    desk_views.desk()
    st.stop()

card_views.heading(model)

st.subheader(t("model.claim_title"))
card_views.claim(model_card.claim(model.card))

st.subheader(t("model.figures_title"), help=t("model.auroc_help"))
card_views.figures(model_card.measured(model.card))

st.subheader(t("model.limits_title"))
card_views.limits(model_card.never_tested_on(model.card))

st.subheader(t("model.thresholds_title"))
card_views.thresholds(thresholds_of(model.card))

st.subheader(t("model.data_title"))
card_views.sources(model_card.photo_sources(model.card))

st.subheader(t("model.recipe_title"))
card_views.recipe(model.card)

st.subheader(t("model.hashes_title"))
card_views.fingerprints(model)

desk_views.desk()
