"""Points of a control chart out of the log: which days are read, and what each point sums up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from inspection.domain.chart_choice import EVENTS, ChartChoice
from inspection.domain.shifts import PlantCalendar
from inspection.domain.spc import (
    BASELINE_POINTS,
)
from inspection.errors import NotFound
from inspection.services.station import Station
from inspection.storage import chart_points
from inspection.storage.chart_notes import NumberedNote

# Longer logs are read in part only.
WHOLE_LOG_DAYS = 200
# Days before the first one shown, so that a run is counted from where it began.
_LEAD_DAYS = {"shift": 14, "day": 21, "week": 84, "bodies": 21}
# Days that hold the first BASELINE_POINTS points of a line that works; of others they are doubled.
_FIRST_DAYS = {"shift": 21, "day": 42, "week": 182, "bodies": 42}


@dataclass(frozen=True, slots=True)
class AskedPoints:
    """A chart, the days shown, and the first day that the log has for it."""

    station: Station
    choice: ChartChoice
    notes: tuple[NumberedNote, ...]
    first: date
    last: date
    begins: date

    @property
    def reads_whole_log(self) -> bool:
        """Rare events may lie months apart: what is between two of them lies anywhere."""
        is_short = (self.last - self.begins).days <= WHOLE_LOG_DAYS
        return is_short or self.choice.points == EVENTS


def days_to_read(
    asked: AskedPoints, first_days: Sequence[chart_points.Days]
) -> list[chart_points.Days]:
    """Spans of days in time order that do not touch each other."""
    if asked.reads_whole_log:
        return [(asked.begins, asked.last)]
    choice, calendar = asked.choice, asked.station.calendar
    lead = timedelta(days=_LEAD_DAYS[choice.points])
    spans = [(asked.first - lead, asked.last), *first_days]
    for one in asked.notes:
        if one.note.kind == "baseline" and one.note.last_at:
            until = one.note.last_at - timedelta(microseconds=1)
            spans.append((calendar.slot_at(one.note.first_at).day, calendar.slot_at(until).day))
    joined: list[chart_points.Days] = []
    for first, last in sorted(spans):
        first, last = max(first, asked.begins), min(last, asked.last)
        if first > last:
            continue
        if joined and first <= joined[-1][1] + timedelta(days=lead.days):
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    # Whole weeks, or the first and the last week of a span would be counted in part.
    return [_whole(asked, *span) for span in joined]


def _whole(asked: AskedPoints, first: date, last: date) -> chart_points.Days:
    points = asked.choice.points
    if points == "week":
        last += timedelta(days=6 - last.weekday())
    return _begin(points, first), min(last, asked.last)


def first_days_of_phases(asked: AskedPoints) -> list[chart_points.Days]:
    """Of each phase the days, from its beginning, of its first BASELINE_POINTS usable points.

    However far apart these lie: a model that is inspected on two days a week needs ten weeks. Only
    what the log holds until the last day that is looked at counts, so no look moves them.
    """
    moments = sorted(one.note.first_at for one in asked.notes if one.note.kind == "phase")
    starts = [(asked.station.calendar.slot_at(moment).day, moment) for moment in moments]
    spans = []
    for number, (day, moment) in enumerate([(asked.begins, None), *starts]):
        # A phase ends where the next one begins; both may have points on that day.
        end = min([asked.last, *(after for after, _ in starts[number : number + 1])])
        length = timedelta(days=_FIRST_DAYS[asked.choice.points])
        while day + length < end:
            points = points_of(asked.station, asked.choice, _whole(asked, day, day + length))
            usable = ~excluded_points(points, asked.notes)
            if moment is not None:
                usable &= (points["first_at"] >= moment).to_numpy(bool)
            if usable.sum() >= BASELINE_POINTS:
                break
            length *= 2
        if day <= end:
            spans.append(_whole(asked, day, min(day + length, end)))
    return spans


def first_points(points: pd.DataFrame, spans: Sequence[chart_points.Days]) -> np.ndarray:
    """Which points lie whole in one of these spans of days: bool, one a point."""
    inside = np.zeros(len(points), dtype=bool)
    for first, last in spans:
        inside |= ((points["first_day"] >= first) & (points["last_day"] <= last)).to_numpy(bool)
    return inside


_COLUMNS = ("first_at", "last_at", "first_day", "last_day", "shift", "units", "counts")


def no_points() -> pd.DataFrame:
    """The table of `points_of` without a row."""
    moments = pd.Series([], dtype="datetime64[us, UTC]")
    numbers, words = pd.Series([], dtype="int64"), pd.Series([], dtype=object)
    values = (moments, moments, words, words, words, numbers, numbers)
    return pd.DataFrame(dict(zip(_COLUMNS, values, strict=True)))


def points_of(station: Station, choice: ChartChoice, days: chart_points.Days) -> pd.DataFrame:
    """The points of a span of days at which something was inspected."""
    if choice.points == EVENTS:
        rows = chart_points.events(station.engine, choice, days)
        counts = rows["bodies"].astype("int64") if choice.kind == "g" else rows["hours"]
        rows = rows.assign(
            first_at=rows["at"],
            last_at=rows["at"] + pd.Timedelta(microseconds=1),
            first_day=rows["day"],
            last_day=rows["day"],
            shift="",
            units=1,
            counts=counts,
        )
        return rows[list(_COLUMNS)]
    if choice.points == "bodies":
        rows = chart_points.body_groups(station.engine, choice, days)
        rows["shift"] = ""
        # Two groups may begin and end within one second of a fast import.
        rows["last_at"] = rows["last_at"] + pd.Timedelta(microseconds=1)
    else:
        slots = chart_points.slot_counts(station.engine, choice, days)
        rows = _summed(station.calendar, choice.points, slots)
    if choice.kind in ("u", "c"):
        rows["counts"] = rows["defects"]
    else:
        rows["counts"] = rows["nonconforming"]
        if choice.kind == "p":
            # A body on which nobody has decided yet is neither conforming nor not.
            rows["units"] = rows["units"] - rows["undecided"]
    return rows.loc[rows["units"] > 0, list(_COLUMNS)].reset_index(drop=True)


def _summed(calendar: PlantCalendar, points: str, slots: pd.DataFrame) -> pd.DataFrame:
    """Shifts of production days as points of a shift, a day, or a week from Monday on."""
    if points == "shift":
        place = {shift.code: number for number, shift in enumerate(calendar.shifts)}
        order = slots["shift"].map(lambda code: place.get(code, len(place)))
        rows = slots.assign(order=order).sort_values(["day", "order", "shift"], ignore_index=True)
        rows["first_day"] = rows["day"]
    else:
        start = [_begin(points, day) for day in slots["day"]]
        rows = (
            slots.assign(first_day=start)
            .groupby("first_day", as_index=False, sort=True)[
                ["units", "undecided", "nonconforming", "defects"]
            ]
            .sum()
        )
        rows["shift"] = ""
    length = timedelta(days=6 if points == "week" else 0)
    rows["last_day"] = [day + length for day in rows["first_day"]]
    bounds = [_bounds(calendar, row) for row in rows.itertuples()]
    for number, name in enumerate(("first_at", "last_at")):
        moments = pd.Series([bound[number] for bound in bounds], dtype=object)
        rows[name] = pd.to_datetime(moments, utc=True).astype("datetime64[us, UTC]")
    return rows


def _begin(points: str, day: date) -> date:
    return day - timedelta(days=day.weekday()) if points == "week" else day


def _bounds(calendar: PlantCalendar, row: Any) -> tuple[datetime, datetime]:
    if row.shift:
        try:
            return calendar.bounds(row.first_day, row.shift)
        except NotFound:
            # A shift that the plant has no more: its day is known.
            return calendar.day_bounds(row.first_day)
    return calendar.day_bounds(row.first_day)[0], calendar.day_bounds(row.last_day)[1]


def excluded_points(points: pd.DataFrame, notes: Sequence[NumberedNote]) -> np.ndarray:
    """Which points people took out of the baseline: bool, one a point."""
    excluded = np.zeros(len(points), dtype=bool)
    for one in notes:
        if one.note.kind == "exclusion":
            excluded |= points_inside(points, one)
    return excluded


def points_inside(points: pd.DataFrame, one: NumberedNote) -> np.ndarray:
    """Which points begin in the time of a note: bool, one a point."""
    begins = points["first_at"]
    return ((begins >= one.note.first_at) & (begins < one.note.last_at)).to_numpy(bool)


def moment_of(stamp: pd.Timestamp) -> datetime:
    """A cell of `first_at` or `last_at` as a datetime (UTC)."""
    return stamp.to_pydatetime()
