"""Control charts of the plant: points from the log, limits, and signals with their causes.

A chart's limits are frozen: they come from the baseline that a person chose on it, else from the
first BASELINE_POINTS points of its phase. Of a long log only the days that are looked
at and those of the baselines are read, so a chart costs the same after years.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd

from inspection.domain.chart_choice import ChartChoice
from inspection.domain.run_rules import RULES, SignalRun, signal_runs
from inspection.domain.spc import (
    BASELINE_POINTS,
    ControlChart,
    PhasedChart,
    frozen_baseline,
    phased_chart,
)
from inspection.services.quality.plotted_points import (
    AskedPoints,
    days_to_read,
    excluded_points,
    first_days_of_phases,
    first_points,
    moment_of,
    no_points,
    points_inside,
    points_of,
)
from inspection.services.station import Station
from inspection.storage import chart_notes, chart_points, figures
from inspection.storage.chart_notes import NumberedNote
from inspection.storage.log_filter import LogFilter


@dataclass(frozen=True, slots=True, eq=False)
class PlottedChart:
    """One chart as it is drawn and read.

    points: one row a point in time order, with first_at, last_at (UTC; the end is not included),
    first_day, last_day, shift ("" but for points of a shift), units and counts (what the chart
    divides). chart: limits of all of them. first: place of the first point in the days asked for;
    earlier ones are there for the baseline and for runs. breaks: places before which points are
    not at hand. excluded: bool, points taken out of the baseline. frozen: the baseline that a
    person chose for the newest phase, None = its first points. notes: baselines, phases and
    exclusions of this chart; causes: whatever people found in the time of the points, on any chart.
    """

    choice: ChartChoice
    points: pd.DataFrame
    chart: PhasedChart
    first: int
    breaks: tuple[int, ...]
    excluded: np.ndarray
    frozen: NumberedNote | None
    notes: tuple[NumberedNote, ...]
    causes: tuple[NumberedNote, ...]

    @property
    def is_empty(self) -> bool:
        """Whether no point lies in the days asked for."""
        return self.first >= len(self.points)

    @property
    def missing_points(self) -> int:
        """How many baseline points the newest phase lacks before limits may be drawn."""
        return max(BASELINE_POINTS - int(self.chart.phases[-1].baseline.sum()), 0)

    @property
    def resting(self) -> ControlChart | None:
        """The newest phase where its run rules rest, else None."""
        phase = self.chart.phases[-1]
        return phase if phase.run_rules_rest and not phase.provisional else None

    @property
    def baseline_days(self) -> tuple[date, date] | None:
        """First and last day of the newest phase's baseline."""
        places = np.flatnonzero(self.chart.baseline[self.chart.starts[-1] :])
        if not len(places):
            return None
        rows = self.points.iloc[places + self.chart.starts[-1]]
        return rows["first_day"].iloc[0], rows["last_day"].iloc[-1]

    def signals(
        self, rules: Sequence[str] = RULES, *, laney: bool = False
    ) -> tuple["ChartSignal", ...]:
        """The signals that hold at a point of the days asked for, newest first."""
        runs = signal_runs(self.chart, rules, laney=laney, breaks=self.breaks)
        found = [self._signal(run, laney) for run in runs if run.last >= self.first]
        return tuple(sorted(found, key=lambda one: (one.last_place, one.first_place), reverse=True))

    def photos_of(self, first: int, last: int) -> LogFilter:
        """The choice of the Log page that shows the photos behind the points of two places.

        Points of n bodies begin and end within a day: the whole days are chosen.
        """
        rows = self.points.iloc[first : last + 1]
        subject: dict[str, Any] = (
            {self.choice.split: self.choice.subject} if self.choice.split else {}
        )
        return LogFilter(
            first_day=rows["first_day"].iloc[0],
            last_day=rows["last_day"].iloc[-1],
            shift=rows["shift"].iloc[0] if first == last else "",
            standing="rework" if self.choice.kind in ("p", "np") else "",
            **subject,
        )

    def causes_of(self, first_at: datetime, last_at: datetime) -> tuple[NumberedNote, ...]:
        """The causes found in this time that speak for this chart."""
        return tuple(
            one
            for one in self.causes
            if one.note.covers(first_at, last_at) and one.note.chart.speaks_for(self.choice)
        )

    def _signal(self, run: SignalRun, laney: bool) -> "ChartSignal":
        chart, points = self.chart, self.points
        began, first, last = (points.iloc[place] for place in (run.began, run.first, run.last))
        if run.rule == "beyond_limit":
            upper, lower = (
                (chart.laney_upper, chart.laney_lower) if laney else (chart.upper, chart.lower)
            )
            bound = (upper if run.above else lower)[run.first]
        else:
            bound = chart.centre[run.first]
        return ChartSignal(
            chart=self.choice,
            rule=run.rule,
            above=run.above,
            began_place=run.began,
            first_place=run.first,
            last_place=run.last,
            points=run.points,
            began_at=moment_of(began["first_at"]),
            first_at=moment_of(first["first_at"]),
            ends_at=moment_of(last["last_at"]),
            began_day=began["first_day"],
            first_day=first["first_day"],
            first_shift=first["shift"],
            last_day=last["last_day"],
            value=float(chart.values[run.first]),
            bound=float(bound),
            units=int(first["units"]),
            causes=self.causes_of(moment_of(began["first_at"]), moment_of(last["last_at"])),
        )


@dataclass(frozen=True, slots=True)
class ChartSignal:
    """A run rule that holds at one point or at several in a row, with what people found.

    above: beyond the upper limit, above the centre, or rising. *_place: places in the chart's
    points of the run's first point, of the first and of the last point at which the rule holds;
    *_at, *_day: their time (UTC) and production day. points: from the run's first point to the
    last. value, units: of the first point at which the rule holds; bound: the limit, for the runs
    the centre, that it is compared with. causes: none = unexplained.
    """

    chart: ChartChoice
    rule: str
    above: bool
    began_place: int
    first_place: int
    last_place: int
    points: int
    began_at: datetime
    first_at: datetime
    ends_at: datetime
    began_day: date
    first_day: date
    first_shift: str
    last_day: date
    value: float
    bound: float
    units: int
    causes: tuple[NumberedNote, ...]


@dataclass(frozen=True, slots=True)
class TypeChange:
    """One defect type at some points and in their baseline, per unit. defects: at the points.

    where: the choice of the Log page that shows the photos."""

    type: str
    defects: int
    now: float
    before: float
    where: LogFilter

    @property
    def times(self) -> float | None:
        """How many times as many; None where the baseline had none."""
        return self.now / self.before if self.before else None


def plot(
    station: Station, choice: ChartChoice, first_day: date | None, last_day: date
) -> PlottedChart:
    """The chart with the points of these production days (both included), and what is before.

    first_day None = from the first inspection on. Later days than `last_day` change nothing, nor
    do days before the setting `first_day`: no line worked then, a clock was wrong.
    """
    engine = station.engine
    notes = tuple(one for one in chart_notes.standing_notes(engine) if one.note.chart == choice)
    begins = chart_points.first_logged_day(engine, choice, station.settings.first_day)
    pieces, first_days = [], []
    if begins is not None and begins <= last_day:
        first_shown = max(first_day or begins, begins)
        asked = AskedPoints(station, choice, notes, first_shown, last_day, begins)
        if not asked.reads_whole_log:
            first_days = first_days_of_phases(asked)
        pieces = days_to_read(asked, first_days)
    frames = [points_of(station, choice, piece) for piece in pieces]
    points = pd.concat([no_points(), *frames], ignore_index=True)
    breaks = tuple(int(n) for n in np.cumsum([len(one) for one in frames])[:-1])
    first = int((points["last_day"] < first_day).sum()) if first_day else 0
    return _plotted(
        choice,
        points,
        first,
        breaks,
        notes,
        _causes(station, points),
        # Only points near its beginning may be taken for a baseline that nobody chose: those of
        # the days shown would move it with every look.
        can_begin=first_points(points, first_days) if breaks else None,
    )


def models_of(station: Station, first_day: date, last_day: date) -> tuple[str, ...]:
    """The vehicle models that have charts of their own: the plant's, and what else the log has in
    these days, such as a model that the catalogue has lost, or UNKNOWN."""
    plant = [model.code for model in station.bodies.models]
    found = chart_points.known_subjects(station.engine, "vehicle_model", (first_day, last_day))
    return tuple(dict.fromkeys([*plant, *found]))


def signals_of_shift(station: Station, day: date, shift: str) -> tuple[ChartSignal, ...]:
    """What the charts by shift of each vehicle model say about one shift, with causes.

    Signals whose rule holds at the point of this shift; later shifts change nothing.
    """
    found = []
    for model in models_of(station, day, day):
        choice = ChartChoice("u", "shift", 0, "vehicle_model", model)
        plotted = plot(station, choice, day, day)
        here = (plotted.points["first_day"] == day) & (plotted.points["shift"] == shift)
        for place in np.flatnonzero(here):
            upto = _until(plotted, int(place))
            found += [one for one in upto.signals() if one.last_place == place]
    return tuple(found)


def changed_types(
    station: Station, plotted: PlottedChart, first: int, last: int
) -> tuple[TypeChange, ...]:
    """Defect types at the points of two places against the baseline of their phase, per unit.

    What grew most stands first. Empty without a baseline. Whole days are compared.
    """
    phase = max(start for start in plotted.chart.starts if start <= first)
    end = next((start for start in plotted.chart.starts if start > first), len(plotted.points))
    baseline = np.flatnonzero(plotted.chart.baseline[phase:end]) + phase
    if not len(baseline):
        return ()
    now = replace(plotted.photos_of(first, last), standing="")
    before = replace(
        now,
        first_day=plotted.points["first_day"].iloc[baseline[0]],
        last_day=plotted.points["last_day"].iloc[baseline[-1]],
    )
    counted = []
    for where in (now, before):
        types = figures.pareto(station.engine, where).set_index("type")["defects"]
        counted.append((types, max(figures.quality(station.engine, where).units, 1)))
    (types_now, units_now), (types_before, units_before) = counted
    changes = [
        TypeChange(
            code,
            int(types_now.get(code, 0)),
            float(types_now.get(code, 0) / units_now),
            float(types_before.get(code, 0) / units_before),
            replace(now, type=code),
        )
        for code in types_now.index.union(types_before.index)
    ]
    return tuple(sorted(changes, key=lambda one: (one.before - one.now, one.type)))


# --- the chart ---


def _plotted(
    choice: ChartChoice,
    points: pd.DataFrame,
    first: int,
    breaks: tuple[int, ...],
    notes: tuple[NumberedNote, ...],
    causes: tuple[NumberedNote, ...],
    can_begin: np.ndarray | None,
) -> PlottedChart:
    begins = points["first_at"]
    starts = [0]
    for one in sorted(notes, key=lambda one: one.note.first_at):
        place = int((begins < one.note.first_at).sum())
        if one.note.kind == "phase" and starts[-1] < place < len(points):
            starts.append(place)
    excluded = excluded_points(points, notes)
    usual = frozen_baseline(
        points["units"],
        starts=starts,
        excluded=excluded if can_begin is None else excluded | ~can_begin,
    )
    baseline, frozen = usual.copy(), None
    for start, end in zip(starts, [*starts[1:], len(points)], strict=True):
        # The last word about a phase holds.
        frozen = None
        for one in notes:
            if one.note.kind == "baseline":
                chosen = points_inside(points, one)
                if chosen[start:end].any():
                    baseline[start:end] = (chosen & ~excluded)[start:end]
                    frozen = one
    chart = phased_chart(choice.kind, points["counts"], points["units"], baseline, starts)
    return PlottedChart(choice, points, chart, first, breaks, excluded, frozen, notes, causes)


def _until(plotted: PlottedChart, place: int) -> PlottedChart:
    """The chart as it stood when the point of this place was the newest."""
    whole = plotted.points
    points = whole.iloc[: place + 1]
    return _plotted(
        plotted.choice,
        points,
        place,
        tuple(one for one in plotted.breaks if one <= place),
        plotted.notes,
        plotted.causes,
        # What lies after the newest point was no baseline either.
        can_begin=plotted.chart.baseline[: place + 1] if plotted.breaks else None,
    )


def _causes(station: Station, points: pd.DataFrame) -> tuple[NumberedNote, ...]:
    if points.empty:
        return ()
    first_at, last_at = moment_of(points["first_at"].iloc[0]), moment_of(points["last_at"].iloc[-1])
    found = chart_notes.standing_notes(station.engine, first_at, last_at)
    return tuple(one for one in found if one.note.kind == "cause")
