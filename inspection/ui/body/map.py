"""The map of the Body page: what is asked, the drawing, the photos behind a panel, the table."""

from dataclasses import replace

import streamlit as st

from inspection.charts.body import body_map
from inspection.domain.body_drawings import DRAWINGS, drawings
from inspection.domain.inspections import UNKNOWN
from inspection.services.station import shared_station
from inspection.storage.log_filter import LogFilter, parameters_of
from inspection.storage.log_list import KnownValues
from inspection.ui.session import plain, t
from inspection.ui.widgets import cached, chart_frame
from inspection.ui.widgets.address import one_of
from inspection.ui.widgets.chart_frame import Column, Figures
from inspection.ui.widgets.chart_words import chart_words, sentence_case, type_words
from inspection.ui.widgets.left_out import say_unnumbered
from inspection.ui.widgets.links import page_file
from inspection.ui.widgets.period import ask_period
from inspection.ui.widgets.photo_cards import photo_cards
from inspection.ui.widgets.sheet import sheet
from inspection.ui.widgets.words import model_name, word

# Squares a panel side: all panels together stay well below the points a figure may have.
GRID = 6
PHOTOS = 8


def ask(known: KnownValues, version: int) -> LogFilter:
    """Period, vehicle model and defect type, kept in the address."""
    first, last = ask_period(known)
    models = [model.code for model in shared_station().bodies.models]
    with st.spinner(t("common.loading")):
        repeated = [found.repeat.vehicle_model for found in cached.latest_look(version).repeats]
    # The model of an alert opens first: of a repeat position, then of a control chart.
    alerted = (*repeated, *cached.alerted_models(version))
    model = one_of(
        "model",
        t("common.vehicle_model"),
        models,
        model_name,
        default=next((one for one in alerted if one in models), models[0]),
        default_moves=True,
    )
    kind = one_of(
        "type",
        t("chart.type"),
        ["", *known.types],
        lambda code: sentence_case(word("defect", code)) if code else t("common.all"),
        default="",
        as_list=True,
    )
    return LogFilter(first_day=first, last_day=last, vehicle_model=model, type=kind)


def say_apart(where: LogFilter, version: int) -> None:
    """How many photos of the period have no place on any map, and the way to them."""
    of_no_model = replace(where, vehicle_model=UNKNOWN)
    of_no_panel = replace(where, panel=UNKNOWN)
    for key, without in (("model_unknown", of_no_model), ("panel_unknown", of_no_panel)):
        n = cached.count(without, version)
        if n:
            st.page_link(
                page_file("log"),
                label=t(f"body.{key}", n=n),
                icon=":material/help:",
                query_params=parameters_of(without),
            )


def show_map(where: LogFilter, version: int) -> None:
    """The body from five sides with the density of its defects."""
    model = shared_station().bodies.model(where.vehicle_model)
    panels = tuple(panel.code for panel in model.panels)
    with st.spinner(t("common.loading")):
        cells = cached.place_counts(where, panels, GRID, version)
        daily = cached.daily(replace(where, type=""), version)
    say_unnumbered(int(daily["unnumbered_photos"].sum()))
    units = int(daily["units"].sum())
    if not units:
        st.info(t("body.nothing", model=model.name), icon=":material/event_busy:")
        return
    if cells.empty:
        st.success(t("body.no_defects", model=model.name, n=units), icon=":material/check_circle:")
        return
    # One square may lie in two zones; the drawing asks for places alone.
    places = cells.groupby(["panel", "column", "row"], as_index=False)["defects"].sum()
    places.attrs["cells"] = GRID
    words = {
        **chart_words(density=t("body.density")),
        **{view: t(f"body.view.{view}") for view in DRAWINGS},
        **{code: sentence_case(word("panel", code)) for code in panels},
    }
    zones = cells.groupby(["panel", "zone"], dropna=False, as_index=False)["defects"].sum()
    zones = zones.sort_values("defects", ascending=False)
    table = Figures(
        zones.assign(
            panel=zones["panel"].map(words),
            zone=zones["zone"].fillna("–"),
            density=100.0 * zones["defects"] / units,
        ),
        (
            Column("panel", t("common.panel")),
            Column("zone", t("filter.zone")),
            Column("defects", t("chart.defects"), "count"),
            Column("density", t("body.density"), "%.2f"),
        ),
    )
    chart_frame.show(
        "body",
        plain("body.title", model=model.name),
        body_map(places, drawings(model), units, words),
        (lambda: table,),
        note=t("body.note", n=units),
        photos=parameters_of(where),
    )


def show_photos(where: LogFilter, version: int) -> None:
    """The newest photos of the defects on one panel."""
    model = shared_station().bodies.model(where.vehicle_model)
    panel = one_of(
        "panel",
        t("body.photos_of"),
        ["", *(panel.code for panel in model.panels)],
        lambda code: sentence_case(word("panel", code)) if code else t("body.no_panel"),
        default="",
        as_list=True,
    )
    if not panel:
        return
    here = replace(where, panel=panel)
    photos = cached.photos_at(here, PHOTOS, version)
    if photos.empty:
        st.caption(t("body.no_photos"))
        return
    photo_cards("panel", photos.drop_duplicates("inspection_id"))
    st.page_link(
        page_file("log"),
        label=t("body.all_photos"),
        icon=":material/photo_library:",
        query_params=parameters_of(here),
    )


def show_frequent(where: LogFilter, version: int) -> None:
    """Which defects are frequent and repeat, per vehicle model."""
    st.subheader(t("body.frequent"), help=t("body.frequent_help"))
    with st.spinner(t("common.loading")):
        rows = cached.frequent_and_repeating(replace(where, vehicle_model=""), version)
    if rows.empty:
        st.caption(t("body.no_photos"))
        return
    words = type_words(rows["type"])
    rows = rows.sort_values(["vehicle_model", "defects"], ascending=[True, False])
    table = rows.assign(
        vehicle_model=rows["vehicle_model"].map(model_name),
        type=rows["type"].map(words),
        repeat_rate=100.0 * rows["repeat_rate"].astype(float),
    )[["vehicle_model", "type", "defects", "dpu", "placed", "repeat_rate"]]
    heads = {
        "vehicle_model": plain("common.vehicle_model"),
        "type": plain("chart.type"),
        "defects": plain("chart.defects"),
        "dpu": plain("chart.dpu"),
        "placed": plain("body.placed"),
        "repeat_rate": plain("body.repeat_rate"),
    }
    forms = {"defects": "count", "dpu": "%.3f", "placed": "count", "repeat_rate": "%.1f"}
    sheet(table, heads, forms)
