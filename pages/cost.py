"""What the inspection saves in a year: two formulas side by side, and what nobody knows."""

import streamlit as st

from inspection.services.model import evaluation
from inspection.services.station import shared_station
from inspection.ui.cost import figures
from inspection.ui.cost import parts as cost_views
from inspection.ui.session import t
from inspection.ui.widgets import cached, left_out

st.title(t("nav.cost"))
st.caption(t("cost.intro"))

left_out.waiting_note(None, cached.data_version())
kept = figures.chosen_estimate()
# The results stand above the figures that they come from.
top = st.container()
reckoned = figures.ask(kept)
with st.spinner(t("common.loading")):
    model = shared_station().worker.model
curves = None
if model.is_ready:
    folder = evaluation.model_folder(shared_station().settings.models_dir, model)
    curves = evaluation.read_evaluation(folder, model)
with top:
    figures.whose(reckoned, kept)
    cost_views.headline(reckoned, curves)

cost_views.parts(reckoned)
cost_views.tornado(reckoned)

if curves:
    cost_views.threshold(reckoned, curves)
else:
    cost_views.no_curve(model.is_ready)

cost_views.ppv(reckoned, curves)
cost_views.unknown(curves)
figures.keep(reckoned, kept)
