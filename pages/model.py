"""The model in use: what may be claimed of it, what it learned from, and what it never saw."""

import streamlit as st

from inspection.services.model import card as model_card
from inspection.services.model import evaluation
from inspection.services.station import shared_station, thresholds_of
from inspection.ui.model import against as against_views
from inspection.ui.model import card as card_views
from inspection.ui.model import curves as curve_views
from inspection.ui.model import desk as desk_views
from inspection.ui.model import learning as learning_views
from inspection.ui.session import t, translate
from inspection.ui.widgets import cached

st.title(t("nav.model"))

with st.spinner(t("common.loading")):
    model = shared_station().worker.model

if not model.is_ready:
    card_views.refusal(model.error)
    desk_views.desk()
    st.stop()

folder = evaluation.model_folder(shared_station().settings.models_dir, model)
card = evaluation.card_of(folder, model)
curves = evaluation.read_evaluation(folder, model)
compared = evaluation.read_comparison(folder, model)

card_views.heading(model)

finds, decides, origin, desk = st.tabs(
    [t(f"model.tab_{name}") for name in ("finds", "decides", "origin", "desk")]
)

with finds:
    st.subheader(t("model.claim_title"))
    card_views.claim(model_card.claim(card))
    st.subheader(t("model.figures_title"), help=t("model.auroc_help"))
    card_views.figures(model_card.measured(card))
    if curves:
        curve_views.basis(curves)
        curve_views.parts(curves)
        curve_views.size(curves)
        curve_views.meaning(curves)
    else:
        curve_views.nothing_measured()
    curve_views.comparison(compared)
    st.subheader(t("model.against_title"))
    against_views.against_people(cached.against_people(model.sha256, cached.data_version()))

with decides:
    st.subheader(t("model.thresholds_title"))
    card_views.thresholds(thresholds_of(card))
    card_views.broken(model_card.broken_limits(card))
    curve_views.rule(model_card.band_rule(card))
    if curves:
        curve_views.explorer(curves)
        curve_views.roc(curves)
        curve_views.band(curves)
        curve_views.calibration(curves)

with origin:
    st.subheader(t("model.limits_title"))
    card_views.limits(model_card.never_tested_on(card, translate()))
    st.subheader(t("model.data_title"))
    card_views.sources(model_card.photo_sources(card))
    st.subheader(t("model.recipe_title"))
    card_views.recipe(card)
    st.subheader(t("model.hashes_title"))
    card_views.fingerprints(model)

with desk:
    desk_views.desk()
    learning_views.learning()
