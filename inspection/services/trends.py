"""What the trends say: key figures of a period, and the u chart of one vehicle model by day.

Everything is formed from the daily frame that `inspection.charts` documents: one row a day, shift
and vehicle model, first inspections only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from inspection.domain.quality import Quality
from inspection.domain.spc import (
    BASELINE_POINTS,
    RULES,
    ControlChart,
    frozen_baseline,
    signals,
    u_chart,
)


@dataclass(frozen=True, slots=True)
class DefectArea:
    """Area of defects in photos with a known scale. units: bodies on the rows that have one."""

    total_mm2: float
    units: int

    @property
    def per_unit_mm2(self) -> float:
        return self.total_mm2 / self.units


@dataclass(frozen=True, slots=True, eq=False)
class DayChart:
    """The u chart of one vehicle model: one point a day on which a body was first inspected.

    points: day, units, defects, dpu in time order. The baseline is frozen: it ends with the
    BASELINE_POINTS-th point and no later point moves the limits.
    """

    points: pd.DataFrame
    chart: ControlChart

    @property
    def missing_points(self) -> int:
        """How many days with inspections are still needed before limits may be drawn."""
        return max(BASELINE_POINTS - len(self.points), 0)

    @property
    def baseline_days(self) -> tuple[date, date]:
        """First and last day of the baseline; there is at least one point."""
        days = self.points["day"][self.chart.baseline]
        return days.iloc[0], days.iloc[-1]

    def first_since(self, day: date) -> int:
        """Place of the first point on `day` or later; the number of points when there is none."""
        return int((self.points["day"] < day).sum())


@dataclass(frozen=True, slots=True)
class SignalSpan:
    """A run rule that held on one day, or on several points in a row.

    rule: one of inspection.domain.spc.RULES. above: on which side of the limit or centre; for a
    trend, whether it rises.
    """

    rule: str
    above: bool
    first_day: date
    last_day: date
    points: int


def quality_of(daily: pd.DataFrame) -> Quality:
    """The sums of the frame's rows as counts, from which DPU and FTT follow."""
    units, decided = int(daily["units"].sum()), int(daily["first_units"].sum())
    return Quality(
        units=units,
        defects=int(daily["defects"].sum()),
        passed_units=int(daily["first_ok"].sum()),
        undecided_units=units - decided,
    )


def defect_area_of(daily: pd.DataFrame) -> DefectArea | None:
    """Area over all rows that have one; None when no photo had a scale."""
    areas = pd.to_numeric(daily["defect_area_mm2"])
    measured = daily[areas.notna()]
    units = int(measured["units"].sum())
    return DefectArea(float(areas.sum()), units) if units else None


def days_inspected(daily: pd.DataFrame) -> int:
    """Number of production days on which at least one body was first inspected."""
    return int(daily.loc[daily["units"] > 0, "day"].nunique())


def models_inspected(daily: pd.DataFrame, known: Sequence[str]) -> tuple[str, ...]:
    """Vehicle models of the frame: those of the plant in its order, then others by name."""
    present = set(daily.loc[daily["units"] > 0, "vehicle_model"])
    return (*(m for m in known if m in present), *sorted(present - set(known)))


def model_to_look_at(daily: pd.DataFrame, models: Sequence[str], since: date) -> str:
    """The vehicle model whose u chart deserves a look first: most signals since, then most bodies.

    daily: as for `u_chart_by_day`; models: those of the frame, at least one.
    """

    def weight(model: str) -> tuple[int, int]:
        chart = u_chart_by_day(daily, model)
        return len(signal_spans(chart, since)), int(chart.points["units"].sum())

    return max(models, key=weight)


def u_chart_by_day(daily: pd.DataFrame, vehicle_model: str) -> DayChart:
    """Defects per unit of one vehicle model, all shifts of a day together.

    daily: from the first day of the log on. A frame that begins later would take its baseline
    from the period that is looked at, and the limits would move with it.
    """
    of_model = daily[(daily["vehicle_model"] == vehicle_model) & (daily["units"] > 0)]
    points = of_model.groupby("day", as_index=False, sort=True)[["units", "defects"]].sum()
    points["dpu"] = points["defects"] / points["units"]
    units = points["units"].to_numpy()
    return DayChart(
        points, u_chart(points["defects"].to_numpy(), units, baseline=frozen_baseline(units))
    )


def signal_spans(day_chart: DayChart, since: date) -> tuple[SignalSpan, ...]:
    """The chart's signals from `since` on, newest first; points in a row become one span.

    Runs are counted from before `since`, so a run that began earlier is not forgotten.
    """
    chart, days = day_chart.chart, list(day_chart.points["day"])
    first = day_chart.first_since(since)
    at = [(s.rule, _is_above(chart, s.rule, s.index), s.index) for s in signals(chart)]
    spans = []
    for rule in RULES:
        for above in (True, False):
            places = [i for r, side, i in at if (r, side) == (rule, above) and i >= first]
            for run in _runs(places):
                spans.append(SignalSpan(rule, above, days[run[0]], days[run[-1]], len(run)))
    return tuple(sorted(spans, key=lambda s: (s.last_day, -RULES.index(s.rule)), reverse=True))


def _is_above(chart: ControlChart, rule: str, place: int) -> bool:
    if rule == "six_trending":
        return bool(chart.values[place] > chart.values[place - 1])
    return bool(chart.values[place] > chart.centre)


def _runs(places: list[int]) -> list[list[int]]:
    """Neighbouring places together."""
    breaks = np.flatnonzero(np.diff(places) > 1) + 1
    return [list(run) for run in np.split(places, breaks)] if places else []
