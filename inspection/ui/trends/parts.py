"""The parts of the Trends page: what is asked, key figures, and each chart with its table."""

from datetime import date

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from inspection.charts import trends as trend_charts
from inspection.domain.chart_choice import ChartChoice
from inspection.domain.inspections import as_chosen, as_logged
from inspection.services.quality import signal_words, trends
from inspection.services.quality.control_charts import PlottedChart
from inspection.services.station import shared_station
from inspection.storage.log_filter import LogFilter
from inspection.storage.log_list import KnownValues
from inspection.ui.control import figure as control_figure
from inspection.ui.session import count, language, number, percent, t, translate
from inspection.ui.widgets import cached, chart_frame
from inspection.ui.widgets.address import one_of, set_address
from inspection.ui.widgets.chart_frame import Column, Figures
from inspection.ui.widgets.chart_words import chart_words, type_words
from inspection.ui.widgets.demo import is_loading
from inspection.ui.widgets.left_out import say_unnumbered
from inspection.ui.widgets.links import log_address, page_file
from inspection.ui.widgets.period import ask_period, days_before
from inspection.ui.widgets.words import model_name, word

# Of the tables behind the charts: the text of the head, which has the unit, and the form.
_COLUMNS = {
    "day": ("chart.day", "day"),
    "shift": ("common.shift", ""),
    "vehicle_model": ("common.vehicle_model", ""),
    "units": ("chart.units", "count"),
    "defects": ("chart.defects", "count"),
    "dpu": ("chart.dpu", "%.2f"),
    "first_units": ("trends.decided_column", "count"),
    "first_ok": ("trends.passed_column", "count"),
    "ftt": ("chart.ftt", "percent"),
    "defect_area_mm2": ("trends.total_area_column", "%.1f"),
    "photos": ("chart_frame.photos", "link"),
}


def ask(known: KnownValues) -> LogFilter:
    """Period and vehicle model, kept in the address."""
    first, last = ask_period(known)
    codes = ["", *_models(), *(m for m in known.vehicle_models if m not in _models())]
    model = one_of(
        "model",
        t("common.vehicle_model"),
        codes,
        lambda code: model_name(code) if code else t("common.all"),
        default="",
    )
    return LogFilter(first_day=first, last_day=last, vehicle_model=model)


def nothing_logged(page: str = "trends") -> None:
    """An empty log: what the page of this code will show, and the two ways to it."""
    if is_loading():
        # The bar over the page says how far it is, and runs the page again at its end.
        st.info(t("demo.loading_here"), icon=":material/hourglass_top:")
        return
    st.info(t("trends.nothing_logged"), icon=":material/inbox:")
    st.markdown(t(f"{page}.nothing_logged_next"))
    st.page_link(
        page_file("inspect"), label=t("trends.to_inspect"), icon=":material/center_focus_strong:"
    )
    st.page_link(page_file("home"), label=t("trends.to_home"), icon=":material/home:")


def nothing_in_period(where: LogFilter, known: KnownValues) -> None:
    """An empty period, when the log ends, and the way there."""
    st.info(
        t("trends.nothing_in_period", from_day=where.first_day, to_day=where.last_day)
        + " "
        + t("trends.last_was", day=known.last_day),
        icon=":material/event_busy:",
    )
    st.button(
        t("trends.show_last"),
        key="show_last",
        icon=":material/history:",
        type="primary",
        on_click=set_address,
        kwargs={
            "period": "custom",
            "from": days_before(known.last_day).isoformat(),
            "to": known.last_day.isoformat(),
            "model": "",
        },
    )


def key_figures(daily: pd.DataFrame) -> None:
    """DPU, FTT with its parts, the undecided apart, bodies, defects and their area."""
    quality, area = trends.quality_of(daily), trends.defect_area_of(daily)
    none = t("common.none")
    with st.grid(3, gap="small"):
        _tile(
            "dpu",
            none if quality.dpu is None else number(quality.dpu, 2),
            t("trends.dpu_of", defects=count(quality.defects), units=count(quality.units)),
        )
        _tile(
            "ftt",
            none if quality.ftt is None else percent(quality.ftt),
            t(
                "trends.ftt_of",
                passed=count(quality.passed_units),
                decided=count(quality.decided_units),
            ),
        )
        _tile(
            "undecided",
            t("trends.bodies", n=count(quality.undecided_units)),
            t("trends.undecided_note"),
        )
        _tile(
            "units",
            t("trends.bodies", n=count(quality.units)),
            t("trends.units_note", days=trends.days_inspected(daily)),
        )
        _tile(
            "defects",
            t("trends.defects_value", n=count(quality.defects)),
            t("trends.defects_note"),
        )
        _tile(
            "area",
            number(area.per_unit_mm2, 1) if area else none,
            t("trends.area_note", area=number(area.total_mm2, 0))
            if area
            else t("trends.area_none"),
        )
    say_unnumbered(quality.unnumbered_photos)


def no_bodies() -> None:
    """Photos, but none with a body number: what to do about it."""
    st.info(t("trends.no_bodies"), icon=":material/pin:")


def dpu(daily: pd.DataFrame) -> None:
    """Defects per unit, one line a vehicle model."""
    _show_by_model("dpu", trend_charts.dpu_by_model, daily, "units", "defects", "dpu")


def ftt(daily: pd.DataFrame) -> None:
    """First time through, one line a vehicle model."""
    if not daily["first_units"].sum():
        _heading("ftt")
        st.info(t("trends.no_decided"), icon=":material/front_hand:")
        return
    _show_by_model("ftt", trend_charts.ftt_by_model, daily, "first_units", "first_ok", "ftt")


def defect_area(daily: pd.DataFrame) -> None:
    """Defect area a unit, one line a vehicle model."""
    if trends.defect_area_of(daily) is None:
        _heading("area")
        st.info(t("trends.no_scale"), icon=":material/straighten:")
        return
    _show_by_model("area", trend_charts.defect_area, daily, "units", "defect_area_mm2")


def pareto(types: pd.DataFrame, where: LogFilter) -> None:
    """Defect types, the most frequent first."""
    if types.empty:
        _heading("pareto")
        st.success(t("trends.no_defects"), icon=":material/check_circle:")
        return
    words = type_words(types["type"])
    chosen = _address_of(where)
    links = types["type"].map(lambda code: _log_link(**chosen, type=code))
    rows = types.assign(type=types["type"].map(words), photos=links)
    _show(
        "pareto",
        trend_charts.pareto(types, {**chart_words(), **words}),
        Figures(
            rows,
            (
                Column("type", t("chart.type")),
                Column("defects", t("chart.defects"), "count"),
                Column("share", t("trends.share"), "percent"),
                Column("cumulative", t("chart.cumulative"), "percent"),
                _column("photos"),
            ),
        ),
        photos=chosen,
    )


def control_chart(daily: pd.DataFrame, where: LogFilter, version: int) -> None:
    """The u chart by day of one vehicle model with its signals, and the way to all charts."""
    _heading("control")
    models = trends.models_inspected(daily, _models())

    def plotted_of(model: str) -> PlottedChart:
        choice = ChartChoice("u", "day", 0, "vehicle_model", model)
        return cached.control_chart(choice, where.first_day, where.last_day, version)

    model = where.vehicle_model or one_of(
        "chart",
        t("trends.chart_model"),
        models,
        model_name,
        # The one that deserves a look first: most signals, then most bodies.
        default=max(
            models,
            key=lambda one: (
                len(plotted_of(one).signals()),
                int(daily.loc[daily["vehicle_model"] == as_logged(one), "units"].sum()),
            ),
        ),
    )
    plotted = plotted_of(model)
    if plotted.is_empty:
        st.info(t("trends.not_in_period", model=model_name(model)), icon=":material/event_busy:")
        return
    _show(
        "control",
        control_figure.figure_of(plotted),
        control_figure.table_of(plotted),
        missing=control_figure.what_is_missing(plotted),
        heading=False,
    )
    _say_signals(plotted)
    control_figure.say_resting(plotted, where.first_day, where.last_day)
    st.page_link(
        page_file("control"),
        label=t("trends.to_control"),
        icon=":material/query_stats:",
        query_params=signal_words.chart_address(plotted.choice, where.first_day, where.last_day),
    )


def _say_signals(plotted: PlottedChart) -> None:
    if plotted.missing_points:
        return
    signals = plotted.signals()
    if signals:
        said = [signal_words.signal_sentence(translate(), signal) for signal in signals]
        lines = [t("trends.signals", n=len(said)), *(f"- {one}" for one in said)]
        st.warning("\n".join(lines), icon=":material/notification_important:")
    else:
        st.success(t("trends.no_signal"), icon=":material/check_circle:")
    control_figure.say_baseline(plotted)


def _models() -> list[str]:
    return [model.code for model in shared_station().bodies.models]


def _tile(name: str, value: str, note: str) -> None:
    st.metric(
        t(f"trends.{name}"),
        value,
        delta=note,
        delta_color="off",
        delta_arrow="off",
        help=t(f"trends.{name}_help"),
        border=True,
    )


def _heading(name: str) -> None:
    st.subheader(t(f"trends.{name}_chart"), help=t(f"trends.{name}_help"))


def _show_by_model(name: str, draw, daily: pd.DataFrame, *columns: str) -> None:
    """A figure of one line a vehicle model, drawn by `draw`, with these columns behind it."""
    daily = daily[daily["units"] > 0]
    days = trends.days_inspected(daily)
    links = [
        _log_link(**_one_day(row.day), shift=row.shift, model=as_chosen(row.vehicle_model))
        for row in daily.itertuples()
    ]
    rows = daily.assign(
        vehicle_model=daily["vehicle_model"].map(model_name),
        shift=daily["shift"].map(lambda code: word("shift", code)),
        photos=pd.Series(links, index=daily.index, dtype=object),
    )
    heads = (_column(column) for column in ("day", "shift", "vehicle_model", *columns, "photos"))
    _show(
        name,
        draw(daily, chart_words(), _models()),
        Figures(rows, tuple(heads)),
        missing=t("trends.one_day", days=days) if days < 2 else "",
        photos={},
    )


def _show(name: str, figure: go.Figure, behind: Figures, **more) -> None:
    chart_frame.show(
        name,
        t(f"trends.{name}_chart"),
        figure,
        [lambda: behind],
        help=t(f"trends.{name}_help"),
        **more,
    )


def _address_of(where: LogFilter) -> dict[str, str]:
    """A choice of this page in the address of the Log page."""
    given = {"from": where.first_day, "to": where.last_day, "model": where.vehicle_model}
    return {name: str(value) for name, value in given.items() if value}


def _one_day(day: date) -> dict[str, str]:
    return {"from": day.isoformat(), "to": day.isoformat()}


def _log_link(**query: str) -> str:
    return log_address(**query, lang=language())


def _column(name: str) -> Column:
    key, form = _COLUMNS[name]
    return Column(name, t(key), form)
