"""The pieces of the Home page: how the line stands, what waits, what was rejected last."""

from datetime import UTC, date, datetime
from html import escape

import pandas as pd
import streamlit as st

from inspection.charts.line import line_status
from inspection.services.quality import alerting, signal_words
from inspection.services.station import shared_station
from inspection.storage.log_filter import LogFilter
from inspection.ui.markdown import as_written
from inspection.ui.session import count, error_text, language, t, translate
from inspection.ui.widgets import cached, chart_frame
from inspection.ui.widgets.chart_frame import Column, Figures
from inspection.ui.widgets.demo import begin_loading, is_demo_log
from inspection.ui.widgets.links import (
    large_button,
    log_address,
    page_file,
    thumbnail_url,
)
from inspection.ui.widgets.verdicts import verdict_chip_html, verdict_word
from inspection.ui.widgets.words import model_name, time_text, word

try:
    from inspection.services.demo import load as demo
except ImportError:
    # A line may be installed without the renderer that the demo's photos come from.
    demo = None

STANDINGS = ("ok", "undecided", "rework")
STRIP = 50
REJECTS = 8
ALERTED_CHARTS = 3


def show_ways() -> None:
    """The three buttons that an inspector and a shift lead come for."""
    inspect, log, report = st.columns(3)
    with inspect:
        large_button("inspect", t("home.inspect"), ":material/center_focus_strong:", primary=True)
    with log:
        large_button("log", t("home.log"), ":material/list_alt:")
    with report:
        large_button("report", t("home.report"), ":material/description:")


def show_alerts(version: int) -> None:
    """Unexplained signals of the control charts, the way to each chart; nothing without any."""
    now = datetime.now(UTC)
    station = shared_station()
    groups = cached.open_alerts(station.calendar.slot_at(now), version)
    if not groups:
        return
    with st.container(key="alerts"):
        lines = [t("control.home_title", n=sum(len(one.alerts) for one in groups))]
        for one in groups[:ALERTED_CHARTS]:
            newest = alerting.alert_sentence(translate(), station, one.alerts[0].alert)
            lines.append(f"- {as_written(newest)}")
        if len(groups) > ALERTED_CHARTS:
            lines.append(f"- {t('control.home_more', n=len(groups) - ALERTED_CHARTS)}")
        st.warning("\n".join(lines), icon=":material/notification_important:")
        with st.container(horizontal=True, gap="small"):
            for one in groups[:ALERTED_CHARTS]:
                name = signal_words.chart_name(translate(), station.bodies, one.chart)
                st.page_link(
                    page_file("control"),
                    label=t("control.home_open", chart=name),
                    icon=":material/query_stats:",
                    query_params=alerting.alerts_address(station, one.alerts, _today()),
                )


def show_strip(latest: pd.DataFrame) -> None:
    """The last inspections as a strip with their counts. latest: newest first, as read."""
    shown = latest.iloc[::-1]
    counts = shown["standing"].value_counts()
    chips = "".join(verdict_chip_html(one, f"{counts.get(one, 0)}") for one in STANDINGS)
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(
                f"**{t('home.last_inspections', n=len(latest))}**",
                help=t("home.last_inspections_help"),
                width="content",
            )
            st.html(f'<div style="display:flex;gap:.5em;flex-wrap:wrap">{chips}</div>')
            st.caption(
                t("home.latest_at", time=time_text(shown["inspected_at"].iloc[-1])),
                width="content",
            )
        figure = line_status(
            shown.assign(
                # The chart draws proposals; what is undecided stands between the two others.
                verdict=shown["standing"].replace("undecided", "human"),
                label=shown["inspected_at"].map(time_text),
            ),
            {
                "ok": verdict_word("ok"),
                "rework": verdict_word("rework"),
                "human": verdict_word("undecided"),
            },
        )
        behind = _behind_strip(latest)
        # The chips above are the legend and the counts.
        figure.update_layout(showlegend=False, height=72, margin={"b": 4})
        chart_frame.show(
            "strip",
            t("home.last_inspections", n=len(latest)),
            figure,
            [lambda: behind],
            heading=False,
            tools=False,
        )


def _behind_strip(latest: pd.DataFrame) -> Figures:
    """The inspections of the strip in words, newest first, each with the way to its photo."""
    rows = latest.assign(
        time=latest["inspected_at"].map(time_text),
        vehicle_model=latest["vehicle_model"].map(model_name),
        panel=latest["panel"].map(lambda code: word("panel", code)),
        standing=latest["standing"].map(verdict_word),
        photos=[log_address(id=number, lang=language()) for number in latest["id"]],
    )
    names = ("time", "body_number", "vehicle_model", "panel")
    columns = [Column(name, t(f"common.{name}")) for name in names]
    columns += [
        Column("standing", t("common.verdict")),
        Column("photos", t("chart_frame.photos"), "link"),
    ]
    return Figures(rows, columns)


def show_waiting(version: int) -> None:
    """How many photos wait for a person, and the way to them."""
    waiting = cached.count(LogFilter(standing="undecided"), version)
    with st.container(border=True, height="stretch", gap=None):
        _figure(t("home.waiting"), t("home.waiting_count", n=count(waiting)))
        if waiting:
            st.page_link(
                page_file("review"), label=t("home.waiting_review"), icon=":material/fact_check:"
            )
            st.page_link(
                page_file("log"),
                label=t("home.waiting_open"),
                icon=":material/front_hand:",
                query_params={"standing": "undecided"},
            )
        else:
            st.caption(t("home.waiting_none"))


def show_today(version: int) -> None:
    """How many photos this production day has, and the way to them."""
    day = _today()
    today = cached.count(LogFilter(first_day=day, last_day=day), version)
    with st.container(border=True, height="stretch", gap=None):
        _figure(t("home.today"), t("home.today_count", n=count(today)))
        st.page_link(
            page_file("log"),
            label=t("home.today_open"),
            icon=":material/today:",
            query_params={"from": day.isoformat(), "to": day.isoformat()},
        )


def show_model(place: st.delta_generator.DeltaGenerator) -> None:
    """The served model, or why there is none. Called last: a cold start takes seconds."""
    with place.container(border=True, height="stretch", gap=None):
        with st.spinner(t("home.model_loading")):
            model = shared_station().worker.model
        if model.is_ready:
            _figure(t("home.model"), as_written(model.name))
            st.caption(f":material/check_circle: {t('home.model_ready')}")
        else:
            _figure(t("home.model"), f":material/error: {t('home.model_missing')}")
            st.caption(as_written(error_text(model.error)))
        st.page_link(
            page_file("model"), label=t("home.model_settings"), icon=":material/model_training:"
        )


def _figure(label: str, value: str) -> None:
    """A figure that wraps where it has no room; a metric would be cut off. value: Markdown."""
    st.markdown(label)
    st.subheader(value, anchor=False)


def show_rejects(version: int) -> None:
    """The latest photos whose standing verdict is rework."""
    st.subheader(t("home.rejects"))
    rejects = cached.log_page(LogFilter(standing="rework"), None, REJECTS, version)
    if rejects.empty:
        st.caption(t("home.rejects_none"))
        return
    with st.grid(4, min_column_width=140):
        for row in rejects.itertuples():
            _reject(row)
    st.page_link(
        page_file("log"),
        label=t("home.rejects_all"),
        icon=":material/list_alt:",
        query_params={"standing": "rework"},
    )


def _reject(row) -> None:
    where = f"{model_name(row.vehicle_model)} · {word('panel', row.panel)}"
    with st.container(border=True, gap="small"):
        # The hash needs no escaping: it is hexadecimal.
        st.html(
            f'<img src="{thumbnail_url(row.photo_sha256)}" alt="{escape(where)}" loading="lazy" '
            'style="width:100%;aspect-ratio:4/3;object-fit:cover;border-radius:.4rem;'
            'background:rgba(128,128,128,.2)">'
            f'<div style="margin-top:.5em">{verdict_chip_html("rework", size_px=14)}</div>'
            f'<div style="margin-top:.4em;font-weight:600">{escape(where)}</div>'
            f"<div>{escape(row.body_number)}</div>"
            f'<div style="opacity:.75;font-size:.875rem">{time_text(row.inspected_at)}</div>'
        )
        if st.button(t("home.open"), key=f"open_{row.id}", width="stretch"):
            st.switch_page(page_file("log"), query_params={"id": str(row.id)})


def show_first_steps() -> None:
    """An empty log: two ways to put something into it."""
    st.info(f"**{t('home.empty')}** {t('home.empty_next')}", icon=":material/inbox:")
    sample, demo = st.columns(2)
    with sample, st.container(border=True, height="stretch"):
        st.subheader(t("home.sample_title"))
        st.write(t("home.sample_text"))
        st.space("stretch")
        large_button(
            "inspect",
            t("home.sample_button"),
            ":material/center_focus_strong:",
            primary=True,
            source="browse",
        )
    with demo, st.container(border=True, height="stretch"):
        st.subheader(t("home.demo_title"))
        st.write(t("home.demo_text"))
        st.space("stretch")
        _demo_button()


def _demo_button() -> None:
    # Loaded in the background: the mark over every page shows how far it is, and can stop it.
    st.button(
        t("home.demo_button"),
        key="large_demo",
        icon=":material/play_circle:",
        width="stretch",
        disabled=demo is None or is_demo_log() != "",
        on_click=begin_loading,
    )
    if demo is None:
        st.caption(f":material/info: {t('home.demo_missing')}")


def _today() -> date:
    return shared_station().calendar.slot_at(datetime.now(UTC)).day
