"""What pages read from the log, kept until the log changes.

Functions take `version` from `data_version()` as its last argument: it is only part of the
key, so one new record makes all old answers unreachable. Never images: Streamlit hashes a sample
of a large array, and two photos that differ by a scratch could share a key.
"""

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from inspection.domain.chart_choice import ChartChoice
from inspection.domain.clocks import AHEAD
from inspection.domain.learning.folds import Readiness
from inspection.domain.shifts import ShiftSlot
from inspection.services.learning import readiness as learning_readiness
from inspection.services.model import against_people as model_figures
from inspection.services.model.against_people import AgainstPeople
from inspection.services.quality import alerting, control_charts, repeats
from inspection.services.quality.alerting import OpenAlerts
from inspection.services.quality.control_charts import PlottedChart, TypeChange
from inspection.services.quality.repeats import Look
from inspection.services.station import shared_station
from inspection.storage import (
    chart_points,
    counting_records,
    demo_loads,
    figures,
    log_list,
    places,
)
from inspection.storage.log_filter import LogFilter
from inspection.storage.log_list import KnownValues, LogOrder, Neighbours

if TYPE_CHECKING:
    from inspection.domain.quality import Quality

_KEPT = {"ttl": "1h", "max_entries": 64, "show_spinner": False}


def data_version() -> int:
    """The state of the log; asked at each run, in a fraction of a millisecond."""
    return log_list.data_version(shared_station().engine)


@st.cache_data(**_KEPT)
def demo_state(version: int) -> str:
    """How the demo line stands; "" where the log holds none."""
    return demo_loads.demo_state(shared_station().engine)


@st.cache_data(**_KEPT)
def count(where: LogFilter, version: int) -> int:
    """How many inspections the filter chooses."""
    return log_list.count(shared_station().engine, where)


@st.cache_data(**_KEPT)
def log_page(where: LogFilter, after: int | None, limit: int, version: int) -> pd.DataFrame:
    """One page of the log, newest first, with the columns of `log_list.log_page`."""
    return log_list.log_page(shared_station().engine, where, after, limit)


@st.cache_data(**_KEPT)
def sorted_page(
    where: LogFilter, order: LogOrder, skip: int, limit: int, version: int
) -> pd.DataFrame:
    """One page of the log in another order, with the columns of `log_list.log_page`."""
    return log_list.log_page(shared_station().engine, where, limit=limit, order=order, skip=skip)


@st.cache_data(**_KEPT)
def newer_than(where: LogFilter, number: int, version: int) -> int:
    """How many chosen inspections are newer than this one."""
    return log_list.newer_than(shared_station().engine, where, number)


@st.cache_data(**_KEPT)
def page_above(where: LogFilter, first: int, limit: int, version: int) -> int | None:
    """`after` of the page above the one that starts with `first`."""
    return log_list.page_above(shared_station().engine, where, first, limit)


@st.cache_data(**_KEPT)
def neighbours(where: LogFilter, number: int, version: int) -> Neighbours:
    """The inspections beside this one in the chosen list."""
    return log_list.neighbours(shared_station().engine, where, number)


@st.cache_data(**_KEPT)
def same_body(number: int, version: int) -> list[int]:
    """The other inspections of the body that this one shows."""
    return log_list.same_body(shared_station().engine, number)


@st.cache_data(**_KEPT)
def log_rows(numbers: tuple[int, ...], version: int) -> pd.DataFrame:
    """These inspections with the columns of `log_list.log_page`."""
    return log_list.log_rows(shared_station().engine, list(numbers))


@st.cache_data(**_KEPT)
def how_many_wait(where: LogFilter, version: int) -> int:
    """How many of the chosen photos no figure holds until somebody answers."""
    return counting_records.how_many_wait(shared_station().engine, where)


@st.cache_data(**_KEPT)
def last_inspections(n: int, version: int) -> pd.DataFrame:
    """The newest n inspections, newest first."""
    return log_list.last_inspections(shared_station().engine, n)


@st.cache_data(**_KEPT)
def known_values(version: int) -> KnownValues:
    """What occurs in the log."""
    station = shared_station()
    tomorrow = station.calendar.slot_at(datetime.now(UTC) + AHEAD).day
    return log_list.known_values(station.engine, (station.settings.first_day, tomorrow))


def choices(version: int) -> KnownValues:
    """What occurs in the log, for the choices of a filter: up to a minute old."""
    return _choices(log_is_empty=version == 0)


# Reading all values of 100,000 inspections takes 0.4 s: too long to do again after each photo.
@st.cache_data(ttl="1m", show_spinner=False)
def _choices(log_is_empty: bool) -> KnownValues:
    return log_list.known_values(shared_station().engine)


@st.cache_data(**_KEPT)
def daily(where: LogFilter, version: int) -> pd.DataFrame:
    """Units, defects, DPU and FTT a day, shift and model, with the columns of `figures.daily`."""
    return figures.daily(shared_station().engine, where)


@st.cache_data(**_KEPT)
def pareto(where: LogFilter, version: int) -> pd.DataFrame:
    """Defects by type, with the columns of `figures.pareto`."""
    return figures.pareto(shared_station().engine, where)


@st.cache_data(**_KEPT)
def quality(where: LogFilter, version: int) -> "Quality":
    """The figures of all chosen inspections together."""
    return figures.quality(shared_station().engine, where)


@st.cache_data(**_KEPT)
def against_people(model_sha256: str, version: int) -> AgainstPeople:
    """What this model found and missed of what people corrected."""
    return model_figures.against_people(shared_station(), model_sha256)


@st.cache_data(**_KEPT)
def readiness_to_learn(version: int) -> Readiness:
    """How many corrected photos of how many bodies there are."""
    return learning_readiness.readiness(shared_station())


@st.cache_data(**_KEPT)
def control_chart(
    choice: ChartChoice, first_day: date, last_day: date, version: int
) -> PlottedChart:
    """One control chart with the points of these production days."""
    return control_charts.plot(shared_station(), choice, first_day, last_day)


@st.cache_data(**_KEPT)
def chart_subjects(split: str, first_day: date, last_day: date, version: int) -> tuple[str, ...]:
    """What occurs in these days for one split of a control chart."""
    return chart_points.known_subjects(shared_station().engine, split, (first_day, last_day))


@st.cache_data(**_KEPT)
def changed_types(
    choice: ChartChoice,
    first_day: date,
    last_day: date,
    places: tuple[int, int],
    version: int,
) -> tuple[TypeChange, ...]:
    """Defect types at the points of two places against the baseline's."""
    plotted = control_chart(choice, first_day, last_day, version)
    return control_charts.changed_types(shared_station(), plotted, *places)


@st.cache_data(**_KEPT)
def open_alerts(running: ShiftSlot, version: int) -> tuple[OpenAlerts, ...]:
    """Unexplained signals of control charts, after a check of the shifts that are over.

    running: the shift of this moment, part of the key: after each shift's end it is looked again.
    """
    alerting.check_signals(shared_station())
    alerting.tell_in_background(shared_station())
    return alerting.open_alerts(shared_station())


@st.cache_data(**_KEPT)
def alerted_models(version: int) -> tuple[str, ...]:
    """Vehicle models whose control charts have unexplained signals, most signals first."""
    charts = [one.chart for one in alerting.open_alerts(shared_station())]
    return tuple(dict.fromkeys(chart.subject for chart in charts if chart.split == "vehicle_model"))


@st.cache_data(**_KEPT)
def place_counts(
    where: LogFilter, panels: tuple[str, ...], cells: int, version: int
) -> pd.DataFrame:
    """Defects by place, with the columns of `places.place_counts`."""
    return places.place_counts(shared_station().engine, where, panels, cells)


@st.cache_data(**_KEPT)
def photos_at(where: LogFilter, limit: int, version: int) -> pd.DataFrame:
    """The newest defects on the panel of the filter, with their photos."""
    return places.photos_at(shared_station().engine, where, limit=limit)


# Objects, not frames: a cache by value would need them to pickle. A shift that ends changes it.
@st.cache_resource(ttl="10m", max_entries=8, show_spinner=False)
def latest_look(version: int) -> Look:
    """The repeat positions after the latest finished shift."""
    station = shared_station()
    return repeats.latest_look(station.engine, station.bodies, station.calendar, datetime.now(UTC))


@st.cache_data(**_KEPT)
def frequent_and_repeating(where: LogFilter, version: int) -> pd.DataFrame:
    """Which defects are frequent and repeat, with the columns of the service."""
    station = shared_station()
    return repeats.frequent_and_repeating(station.engine, station.bodies, where)
