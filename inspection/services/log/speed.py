"""How quickly the log answers what the pages ask, on the log that is there."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

import numpy as np
import pandas as pd

from inspection.domain.chart_choice import ChartChoice
from inspection.domain.shifts import ShiftOfLine
from inspection.errors import NotFound
from inspection.services.quality import control_charts
from inspection.services.report.building import build_shift_report
from inspection.services.station import Station
from inspection.storage import chart_points, figures, log_detail, log_list, log_pieces
from inspection.storage.log_filter import LogFilter

CHART_DAYS = 90
_PAGE = 50
Question = tuple[str, Callable[[], object]]


@dataclass(frozen=True, slots=True)
class Speed:
    """One question of a page: the median and the 95th percentile of its rounds, in ms."""

    question: str
    p50_ms: float
    p95_ms: float


def measure(
    station: Station, rounds: int, progress: Callable[[int, int], object] = lambda done, of: None
) -> tuple[Speed, ...]:
    """Ask everything `rounds` times, one question after another in every round.

    Nothing is warmed up: the first round counts. Raises NotFound in an empty log.
    """
    asked = list(questions(station))
    taken_ms: dict[str, list[float]] = {name: [] for name, _ in asked}
    for round_ in range(rounds):
        for place, (name, ask) in enumerate(asked, 1):
            start = time.perf_counter()
            ask()
            taken_ms[name].append((time.perf_counter() - start) * 1000)
            progress(round_ * len(asked) + place, rounds * len(asked))
    return tuple(
        Speed(name, *(float(one) for one in np.percentile(times, (50, 95))))
        for name, times in taken_ms.items()
    )


def questions(station: Station) -> Iterator[Question]:
    """What the pages ask, by name; the values are those of the newest inspections."""
    newest = log_list.last_inspections(station.engine, _PAGE)
    if newest.empty:
        raise NotFound("speed_log_empty")
    like = newest.iloc[len(newest) // 2]
    yield from _of_log(station, like)
    yield from _of_charts(station, like["day"])
    yield from _of_report(station, like)


def _of_log(station: Station, like: pd.Series) -> Iterator[Question]:
    engine = station.engine
    for name, where in _filters(like).items():
        yield f"log: {name}", partial(log_list.log_page, engine, where)
        yield f"log: {name}, count", partial(log_list.count, engine, where)
    deep = int(like["id"]) // 2 + 1
    whole = LogFilter()
    yield "log: page in the middle", lambda: log_list.log_page(engine, whole, deep)
    yield "log: place in the list", lambda: log_list.newer_than(engine, whole, deep)
    yield "log: page above", lambda: log_list.page_above(engine, whole, deep, _PAGE)
    yield "log: neighbours", lambda: log_list.neighbours(engine, whole, deep)
    yield "log: choices of the filters", lambda: log_list.known_values(engine)
    yield "log: one inspection", lambda: log_detail.inspection_detail(engine, deep)
    yield (
        "log: first piece of an export",
        lambda: next(log_pieces.inspections_in_pieces(engine, whole)),
    )
    yield "home: latest inspections", lambda: log_list.last_inspections(engine, 8)
    yield "every page: state of the log", lambda: log_list.data_version(engine)


def _filters(like: pd.Series) -> dict[str, LogFilter]:
    days = {"first_day": like["day"] - timedelta(days=CHART_DAYS - 1), "last_day": like["day"]}
    one = {
        name: LogFilter(**{name: like[name]})
        for name in ("shift", "line", "station", "vehicle_model", "panel", "colour", "inspector")
    }
    return {
        "no filter": LogFilter(),
        "90 days": LogFilter(**days),
        **one,
        "proposal": LogFilter(verdict="human"),
        "decision": LogFilter(disposition="hold"),
        "standing": LogFilter(standing="undecided"),
        "type": LogFilter(type="crater"),
        "zone": LogFilter(zone="D"),
        "type and zone": LogFilter(type="scratch", zone="B"),
        "part of a body number": LogFilter(body_search=like["body_number"][2:7]),
        "score": LogFilter(score_from=0.5),
        "longest defect": LogFilter(length_from_mm=40.0),
        "model, panel, standing": LogFilter(
            vehicle_model=like["vehicle_model"], panel=like["panel"], standing="rework"
        ),
        "90 days, model, type": LogFilter(
            **days, vehicle_model=like["vehicle_model"], type="run_sag"
        ),
        "nothing fits": LogFilter(vehicle_model=like["vehicle_model"], inspector="nobody"),
    }


def _of_charts(station: Station, last: date) -> Iterator[Question]:
    engine = station.engine
    first = last - timedelta(days=CHART_DAYS - 1)
    where = LogFilter(first_day=first, last_day=last)
    model = station.bodies.models[0].code
    yield "charts: daily figures", lambda: figures.daily(engine, where)
    yield "charts: daily figures, whole log", lambda: figures.daily(engine, LogFilter())
    yield "charts: Pareto", lambda: figures.pareto(engine, where)
    yield "charts: key figures", lambda: figures.quality(engine, where)
    for split in ("vehicle_model", "panel", "type", "colour", "zone", "station", "inspector"):
        subjects = chart_points.known_subjects(engine, split, (first, last))
        subject = model if split == "vehicle_model" else next(iter(subjects), "")
        choice = ChartChoice("u", "day", 0, split, subject)
        yield (
            f"charts: control chart by {split}",
            partial(control_charts.plot, station, choice, first, last),
        )
        yield (
            f"charts: choices of {split}",
            partial(chart_points.known_subjects, engine, split, (first, last)),
        )


def _of_report(station: Station, like: pd.Series) -> Iterator[Question]:
    day, shift = like["day"] - timedelta(days=1), station.calendar.shifts[0].code
    yield (
        "report: one shift, without pictures",
        lambda: build_shift_report(station, ShiftOfLine(day, shift), with_pictures=False),
    )
