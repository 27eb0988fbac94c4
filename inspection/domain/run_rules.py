"""The rules by which a point of a control chart asks for a cause.

NIST/SEMATECH e-Handbook of Statistical Methods, 6.3.2, and Nelson 1984, Journal of Quality
Technology 16(4), 237–239 (his tests 1, 2 and 3). The zone tests are left out: counts are skewed, so
they alarm too often. The rules take for granted that a point lies above the centre as often as
below; where that does not hold they rest (`spc.ControlChart.run_rules_rest`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inspection.domain.arrays import Flags, Floats, Integers
from inspection.domain.spc import ControlChart, PhasedChart

RULES = ("beyond_limit", "nine_on_one_side", "six_trending")
ONE_SIDE_RUN = 9
TREND_RUN = 6


@dataclass(frozen=True, slots=True)
class Signal:
    """A point at which a run rule holds. rule: one of RULES; index: place in the chart's arrays."""

    rule: str
    index: int


@dataclass(frozen=True, slots=True)
class SignalRun:
    """A rule that holds at one point, or at several with nothing inspected in between.

    above: on which side of limit or centre; for a trend, whether it rises. began: place of the
    first point that belongs to it (the first of the nine, of the six); first, last: the first and
    the last place at which the rule holds. points: how many points from `began` to `last`.
    """

    rule: str
    above: bool
    began: int
    first: int
    last: int
    points: int


def signals(
    chart: ControlChart | PhasedChart,
    rules: Sequence[str] = RULES,
    *,
    laney: bool = False,
    breaks: Sequence[int] = (),
) -> tuple[Signal, ...]:
    """Every point at which one of the rules holds, in time order; none in a provisional phase.
    Where `run_rules_rest`, only points beyond a limit signal.

    beyond_limit: strictly outside the limits (with laney=True, outside Laney's).
    nine_on_one_side: the last nine points lie on one side of the centre; one on it ends the run.
    six_trending: the last six points rise, or fall, without a pause.
    Points without inspected units are passed over. A run that goes on signals at every further
    point, so that the report of a later shift still shows it. No run crosses into another phase,
    nor a place of `breaks`: there points between are not at hand. ValueError for an unknown rule.
    """
    unknown = set(rules) - set(RULES)
    if unknown:
        raise ValueError(f"run rules {sorted(unknown)} are unknown; known are {RULES}")
    if isinstance(chart, PhasedChart):
        return tuple(
            Signal(one.rule, start + one.index)
            for start, phase in zip(chart.starts, chart.phases, strict=True)
            for one in signals(
                phase, rules, laney=laney, breaks=[place - start for place in breaks]
            )
        )
    if chart.provisional:
        return ()
    if chart.run_rules_rest:
        rules = [rule for rule in rules if rule == "beyond_limit"]
    places = np.flatnonzero(np.isfinite(chart.values))
    holds = _held(chart, places, laney, breaks)
    return tuple(
        Signal(rule, int(places[point]))
        for point in range(len(places))
        for rule in rules
        if holds[rule][point]
    )


def signal_runs(
    chart: PhasedChart,
    rules: Sequence[str] = RULES,
    *,
    laney: bool = False,
    breaks: Sequence[int] = (),
) -> tuple[SignalRun, ...]:
    """The signals with neighbours put together, in the order in which they were first to be seen.

    Arguments as `signals` takes them.
    """
    places = np.flatnonzero(np.isfinite(chart.values))
    order = {int(place): number for number, place in enumerate(places)}
    new = {*chart.starts, *breaks}
    groups: dict[tuple[str, bool], list[list[int]]] = {}
    for one in signals(chart, rules, laney=laney, breaks=breaks):
        before = int(places[order[one.index] - 1]) if order[one.index] else -1
        compared = chart.values[before] if one.rule == "six_trending" else chart.centre[one.index]
        above = bool(chart.values[one.index] > compared)
        runs = groups.setdefault((one.rule, above), [])
        starts_anew = any(before < place <= one.index for place in new)
        if runs and runs[-1][-1] == before and not starts_anew:
            runs[-1].append(one.index)
        else:
            runs.append([one.index])
    found = []
    for (rule, above), runs in groups.items():
        for run in runs:
            reach = {"beyond_limit": 1, "nine_on_one_side": ONE_SIDE_RUN, "six_trending": TREND_RUN}
            began = int(places[order[run[0]] - reach[rule] + 1])
            points = order[run[-1]] - order[began] + 1
            found.append(SignalRun(rule, above, began, run[0], run[-1], points))
    return tuple(sorted(found, key=lambda run: (run.first, RULES.index(run.rule), run.above)))


def _held(
    chart: ControlChart, places: Integers, laney: bool, breaks: Sequence[int]
) -> dict[str, Flags]:
    """Rule -> whether it holds, at each of the places at which units were inspected."""
    values = chart.values[places]
    lower, upper = (chart.laney_lower, chart.laney_upper) if laney else (chart.lower, chart.upper)
    side = np.sign(values - chart.centre)
    anew = np.zeros(len(places), dtype=bool)
    for place in breaks:
        anew[np.searchsorted(places, place) : np.searchsorted(places, place) + 1] = True
    # One step fewer than points: a run of six points is a run of five equal steps.
    step = np.sign(np.diff(values, prepend=values[:1]))
    step[anew] = 0
    return {
        "beyond_limit": (values < lower[places]) | (values > upper[places]),
        "nine_on_one_side": _run_length(side, anew) >= ONE_SIDE_RUN,
        "six_trending": _run_length(step, anew) >= TREND_RUN - 1,
    }


def _run_length(signs: Floats, anew: Flags) -> Integers:
    """How many equal signs in a row end at each place; a 0 ends the run and is none itself.

    anew: True where the count begins again whatever stood before.
    """
    lengths = np.zeros(len(signs), dtype=int)
    for place, sign in enumerate(signs):
        if sign != 0:
            goes_on = place > 0 and not anew[place] and signs[place - 1] == sign
            lengths[place] = lengths[place - 1] + 1 if goes_on else 1
    return lengths
