"""The parts of the Trends page: what is asked, key figures, and each chart with its table."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from inspection import charts
from inspection.services import trends
from inspection.services.station import shared_station
from inspection.storage.reading import KnownValues, LogFilter
from inspection.ui.address import one_day, one_of, set_address
from inspection.ui.chart_words import chart_words, type_words
from inspection.ui.links import page_file
from inspection.ui.session import t
from inspection.ui.words import model_name, word

PERIODS = {"7": 7, "28": 28, "90": 90}
_USUAL_DAYS = 28


def ask(known: KnownValues) -> LogFilter:
    """Period and vehicle model, kept in the address."""
    period = one_of(
        "period",
        t("trends.period"),
        [*PERIODS, "custom"],
        lambda code: t(f"trends.period_{code}"),
        default=str(_USUAL_DAYS),
    )
    first, last = _days(period, known.last_day)
    if first > last:
        st.warning(t("trends.wrong_order"), icon=":material/swap_horiz:")
        st.stop()
    codes = ["", *_models(), *(m for m in known.vehicle_models if m not in _models())]
    model = one_of(
        "model",
        t("common.vehicle_model"),
        codes,
        lambda code: model_name(code) if code else t("common.all"),
        default="",
    )
    return LogFilter(first_day=first, last_day=last, vehicle_model=model)


def since_the_beginning(where: LogFilter) -> LogFilter:
    """The same choice from the first day of the log on: what frozen limits are made of."""
    return replace(where, first_day=None)


def nothing_logged() -> None:
    """An empty log, and the two ways out of it."""
    st.info(t("trends.nothing_logged"), icon=":material/inbox:")
    st.markdown(t("trends.nothing_logged_next"))
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
            "from": _days_before(known.last_day).isoformat(),
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
            none if quality.dpu is None else f"{quality.dpu:.2f}",
            t("trends.dpu_of", defects=f"{quality.defects:,}", units=f"{quality.units:,}"),
        )
        _tile(
            "ftt",
            none if quality.ftt is None else f"{quality.ftt:.1%}",
            t(
                "trends.ftt_of",
                passed=f"{quality.passed_units:,}",
                decided=f"{quality.decided_units:,}",
            ),
        )
        _tile(
            "undecided",
            t("trends.bodies", n=f"{quality.undecided_units:,}"),
            t("trends.undecided_note"),
        )
        _tile(
            "units",
            t("trends.bodies", n=f"{quality.units:,}"),
            t("trends.units_note", days=trends.days_inspected(daily)),
        )
        _tile(
            "defects",
            t("trends.defects_value", n=f"{quality.defects:,}"),
            t("trends.defects_note"),
        )
        _tile(
            "area",
            f"{area.per_unit_mm2:,.1f}" if area else none,
            t("trends.area_note", area=f"{area.total_mm2:,.0f}") if area else t("trends.area_none"),
        )


def dpu(daily: pd.DataFrame) -> None:
    """Defects per unit, one line a vehicle model."""
    _heading("dpu")
    _say_when_one_day(daily)
    _chart(charts.dpu_by_model(daily, chart_words(), _models()), "dpu")
    _table("dpu", daily, _by_model("units", "defects", "dpu"))


def ftt(daily: pd.DataFrame) -> None:
    """First time through, one line a vehicle model."""
    _heading("ftt")
    if not daily["first_units"].sum():
        st.info(t("trends.no_decided"), icon=":material/front_hand:")
        return
    _chart(charts.ftt_by_model(daily, chart_words(), _models()), "ftt")
    _table("ftt", daily, _by_model("first_units", "first_ok", "ftt"))


def defect_area(daily: pd.DataFrame) -> None:
    """Defect area a unit, one line a vehicle model."""
    _heading("area")
    if trends.defect_area_of(daily) is None:
        st.info(t("trends.no_scale"), icon=":material/straighten:")
        return
    _chart(charts.defect_area(daily, chart_words(), _models()), "area")
    _table("area", daily, _by_model("units", "defect_area_mm2"))


def pareto(types: pd.DataFrame) -> None:
    """Defect types, the most frequent first."""
    _heading("pareto")
    if types.empty:
        st.success(t("trends.no_defects"), icon=":material/check_circle:")
        return
    words = type_words(types["type"])
    _chart(charts.pareto(types, {**chart_words(), **words}), "pareto")
    _table(
        "pareto",
        types.assign(type=types["type"].map(words)),
        {
            "type": st.column_config.TextColumn(t("chart.type")),
            "defects": st.column_config.NumberColumn(t("chart.defects")),
            "share": st.column_config.NumberColumn(t("trends.share"), format="percent"),
            "cumulative": st.column_config.NumberColumn(t("chart.cumulative"), format="percent"),
        },
    )


def control_chart(history: pd.DataFrame, where: LogFilter) -> None:
    """The u chart of one vehicle model, and its signals in words."""
    _heading("control")
    models = trends.models_inspected(history, _models())
    model = where.vehicle_model or one_of(
        "chart",
        t("trends.chart_model"),
        models,
        model_name,
        default=trends.model_to_look_at(history, models, where.first_day),
    )
    day_chart = trends.u_chart_by_day(history, model)
    first = day_chart.first_since(where.first_day)
    if first == len(day_chart.points):
        st.info(t("trends.not_in_period", model=model_name(model)), icon=":material/event_busy:")
        return
    _chart(
        charts.u_chart_figure(
            day_chart.points,
            day_chart.chart,
            chart_words(provisional=t("trends.provisional", missing=day_chart.missing_points)),
            first,
        ),
        "control",
    )
    if day_chart.missing_points:
        _say_what_is_missing(day_chart, model)
    else:
        _say_signals(day_chart, where)
    _control_table(day_chart, first)


def _say_what_is_missing(day_chart: trends.DayChart, model: str) -> None:
    st.info(
        t(
            "trends.provisional_long",
            model=model_name(model),
            have=len(day_chart.points),
            missing=day_chart.missing_points,
        ),
        icon=":material/hourglass_top:",
    )


def _say_signals(day_chart: trends.DayChart, where: LogFilter) -> None:
    spans = trends.signal_spans(day_chart, where.first_day)
    if spans:
        lines = [t("trends.signals", n=len(spans)), *(f"- {_signal(span)}" for span in spans)]
        st.warning("\n".join(lines), icon=":material/notification_important:")
    else:
        st.success(t("trends.no_signal"), icon=":material/check_circle:")
    from_day, to_day = day_chart.baseline_days
    st.caption(t("trends.baseline", from_day=from_day, to_day=to_day))
    if day_chart.chart.sigma_z is not None:
        st.caption(t("trends.sigma_z", value=f"{day_chart.chart.sigma_z:.2f}"))


def _signal(span: trends.SignalSpan) -> str:
    when = (
        f"{span.first_day}"
        if span.points == 1
        else t("trends.when_days", from_day=span.first_day, to_day=span.last_day, n=span.points)
    )
    return t(f"trends.{span.rule}_{'above' if span.above else 'below'}", when=when)


def _control_table(day_chart: trends.DayChart, first: int) -> None:
    chart = day_chart.chart
    points = day_chart.points.assign(centre=chart.centre, lower=chart.lower, upper=chart.upper)
    limits = () if chart.provisional else ("centre", "lower", "upper")
    columns = {"day": st.column_config.DateColumn(t("chart.day"), format="YYYY-MM-DD")}
    for name in ("units", "defects", "dpu"):
        columns[name] = _number(name)
    words = {"centre": "chart.centre", "lower": "trends.lower", "upper": "trends.upper"}
    for name in limits:
        columns[name] = st.column_config.NumberColumn(t(words[name]), format="%.3f")
    _table("control", points[first:], columns)


def _days(period: str, last_logged: date) -> tuple[date, date]:
    today = shared_station().calendar.slot_at(datetime.now(UTC)).day
    if period in PERIODS:
        return today - timedelta(days=PERIODS[period] - 1), today
    # A log may be ahead of this server's clock; its days must stay within reach.
    latest = max(today, last_logged)
    start, end = st.columns(2)
    with start:
        first = one_day("from", t("trends.from"), default=_days_before(today), latest=latest)
    with end:
        return first, one_day("to", t("trends.to"), default=today, latest=latest)


def _days_before(last: date) -> date:
    """The first of the usual number of days that end with `last`."""
    return last - timedelta(days=_USUAL_DAYS - 1)


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


def _say_when_one_day(daily: pd.DataFrame) -> None:
    days = trends.days_inspected(daily)
    if days < 2:
        st.info(t("trends.one_day", days=days), icon=":material/hourglass_top:")


def _chart(figure: go.Figure, name: str) -> None:
    st.plotly_chart(
        figure, key=f"{name}_chart", config=charts.CONFIG, alt=t(f"trends.{name}_chart")
    )


def _table(name: str, frame: pd.DataFrame, columns: Mapping[str, object]) -> None:
    """The figures behind a chart; made only when somebody opens it."""
    behind = st.expander(
        t("trends.table"), icon=":material/table:", key=f"{name}_table", on_change="rerun"
    )
    if behind.open:
        with behind:
            shown = frame[list(columns)]
            if "shift" in shown:
                shown = shown.assign(
                    vehicle_model=shown["vehicle_model"].map(model_name),
                    shift=shown["shift"].map(lambda code: word("shift", code)),
                )
            st.dataframe(shown, column_config=columns, hide_index=True, lazy=True)


def _by_model(*names: str) -> dict[str, object]:
    return {
        "day": st.column_config.DateColumn(t("chart.day"), format="YYYY-MM-DD"),
        "shift": st.column_config.TextColumn(t("common.shift")),
        "vehicle_model": st.column_config.TextColumn(t("common.vehicle_model")),
        **{name: _number(name) for name in names},
    }


def _number(name: str):
    make: Callable[..., object] = st.column_config.NumberColumn
    words = {
        "units": ("chart.units", "localized"),
        "defects": ("chart.defects", "localized"),
        "dpu": ("trends.dpu", "%.2f"),
        "first_units": ("trends.decided_column", "localized"),
        "first_ok": ("trends.passed_column", "localized"),
        "ftt": ("trends.ftt_column", "percent"),
        "defect_area_mm2": ("trends.total_area_column", "%.1f"),
    }
    key, form = words[name]
    return make(t(key), format=form)
