"""The zones of a vehicle model on its outlines, to which the rules of a spec refer."""

import pandas as pd
import streamlit as st

from inspection.charts.body import zone_map
from inspection.domain.body_drawings import DRAWINGS, drawings
from inspection.domain.panels import VehicleModel
from inspection.services.station import Station
from inspection.ui.session import plain, t
from inspection.ui.widgets import chart_frame
from inspection.ui.widgets.chart_frame import Column, Figures
from inspection.ui.widgets.chart_words import chart_words, sentence_case
from inspection.ui.widgets.words import model_name, word


def zones(station: Station) -> None:
    """Which grade each part of each panel has, drawn and as a table."""
    models = [model.code for model in station.bodies.models]
    chosen = st.selectbox(
        t("common.vehicle_model"), models, format_func=model_name, key="spec_zones_model"
    )
    if chosen is None:
        return
    model = station.bodies.model(chosen)
    words = {
        **chart_words(zone=t("spec.zone_of_map"), character_line=t("spec.zone_near_line")),
        **{view: t(f"body.view.{view}") for view in DRAWINGS},
        **{one.code: sentence_case(word("panel", one.code)) for one in model.panels},
    }
    chart_frame.show(
        "spec_zones",
        plain("spec.zones_of", model=model.name),
        zone_map(model, drawings(model), words),
        (lambda: _table(model, words),),
        note=t("spec.zones_note"),
        tools=False,
        of_log=False,
    )


def _table(model: VehicleModel, words: dict[str, str]) -> Figures:
    """Of each panel how much of it has which grade, largest share first."""
    rows = []
    for panel in model.panels:
        for zone in sorted(panel.zones, key=lambda zone: -zone.area_share):
            line = words["character_line"] if zone.near_character_line else ""
            rows.append((words[panel.code], zone.grade, line, 100.0 * zone.area_share))
        rows.append((words[panel.code], panel.grade, t("spec.zone_rest"), None))
    frame = pd.DataFrame(rows, columns=["panel", "zone", "where", "share"])
    return Figures(
        frame,
        (
            Column("panel", t("common.panel")),
            Column("zone", t("filter.zone")),
            Column("where", t("spec.zone_where")),
            Column("share", t("spec.zone_share"), "%.1f"),
        ),
    )
