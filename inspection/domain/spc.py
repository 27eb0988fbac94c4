"""Control charts for counted data, and the rules by which a point asks for a cause.

Formulas: NIST/SEMATECH e-Handbook of Statistical Methods, 6.3.3 (c, u, p, np charts, 3 sigma);
Laney 2002, Quality Engineering 14(4), 531–537 (p′ and u′). Centre and limits come from the
baseline points alone: later points never move them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Below this many baseline points limits are guesses: they are neither drawn nor acted upon.
BASELINE_POINTS = 20

SIGMAS = 3.0

# Mean moving range of two normal values over their standard deviation (d2 for n = 2).
D2 = 1.128

RULES = ("beyond_limit", "nine_on_one_side", "six_trending")
ONE_SIDE_RUN = 9
TREND_RUN = 6

Baseline = slice | NDArray[np.bool_] | None


@dataclass(frozen=True, slots=True, eq=False)
class ControlChart:
    """One control chart in time order. All arrays have one read-only float entry a point.

    kind: "u", "p", "np" or "c". values: what is plotted; NaN where nothing was inspected: no
    point, not 0. centre: NaN without a baseline. lower, upper: limits of each point, NaN where
    there is no point or where the centre allows no spread (nothing ever found, or always).
    A lower limit of 0 can never signal an improvement.
    baseline: bool, the points that centre and limits come from.
    provisional: fewer than BASELINE_POINTS of them; draw no limits, raise no alarm.
    sigma_z: Laney's ratio of observed to expected spread from point to point; 1 = as expected,
    above 1 = extra variation between batches. None for np and c charts and where undefined.
    laney_lower, laney_upper: the limits of p′ or u′; NaN where sigma_z is None.
    """

    kind: str
    values: NDArray[np.float64]
    centre: float
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    baseline: NDArray[np.bool_]
    provisional: bool
    sigma_z: float | None
    laney_lower: NDArray[np.float64]
    laney_upper: NDArray[np.float64]

    def __post_init__(self) -> None:
        for array in (
            self.values,
            self.lower,
            self.upper,
            self.baseline,
            self.laney_lower,
            self.laney_upper,
        ):
            array.setflags(write=False)


@dataclass(frozen=True, slots=True)
class Signal:
    """A point at which a run rule holds. rule: one of RULES; index: place in the chart's arrays."""

    rule: str
    index: int


def frozen_baseline(units: ArrayLike, points: int = BASELINE_POINTS) -> NDArray[np.bool_]:
    """The baseline of a running line: its first `points` points at which units were inspected.

    units: shape (points in time order,). bool, same shape; pass it as `baseline` to a chart so
    that new points never move the limits.
    """
    inspected = np.asarray(units, dtype=float) > 0
    return inspected & (np.cumsum(inspected) <= points)


def u_chart(counts: ArrayLike, units: ArrayLike, baseline: Baseline = None) -> ControlChart:
    """Defects per unit, ū ± 3√(ū/nᵢ), lower limit at least 0; ū = Σc/Σn of the baseline.

    counts: defects of each point. units: units inspected at it, may vary; 0 = no point, whatever
    its count.
    baseline: slice or bool array over the points; None = all of them.
    Laney's u′ limits lie beside: ū ± 3σ_z√(ū/nᵢ).
    ValueError for different lengths or negative numbers.
    """
    counts, units = _points(counts, units)
    return _ratio_chart("u", counts, units, baseline, highest=np.inf)


def p_chart(counts: ArrayLike, units: ArrayLike, baseline: Baseline = None) -> ControlChart:
    """Share of nonconforming units, p̄ ± 3√(p̄(1−p̄)/nᵢ) inside 0–1; p̄ = ΣD/Σn of the baseline.

    counts: nonconforming units of each point, at most its `units`; otherwise as `u_chart`.
    """
    counts, units = _points(counts, units)
    if np.any(counts > units):
        place = int(np.argmax(counts > units))
        raise ValueError(
            f"point {place} has {counts[place]:g} nonconforming of {units[place]:g} units"
        )
    return _ratio_chart("p", counts, units, baseline, highest=1.0)


def np_chart(counts: ArrayLike, units: int, baseline: Baseline = None) -> ControlChart:
    """Number of nonconforming units at a fixed `units` a point, n·p̄ ± 3√(n·p̄(1−p̄)) inside 0–n."""
    if units < 1:
        raise ValueError(f"an np chart needs at least one unit a point, got {units}")
    counts, sizes = _points(counts, np.full(np.shape(counts), units))
    if np.any(counts > units):
        raise ValueError(f"{counts.max():g} nonconforming of {units} units in one point")
    chosen = _chosen(baseline, sizes)
    centre = float(counts[chosen].mean()) if chosen.any() else np.nan
    spread = np.sqrt(centre * (1.0 - centre / units))
    return _count_chart("np", counts, centre, spread, chosen, highest=float(units))


def c_chart(counts: ArrayLike, baseline: Baseline = None) -> ControlChart:
    """Number of defects on a fixed area of opportunity, c̄ ± 3√c̄, lower limit at least 0."""
    counts, ones = _points(counts, np.ones(np.shape(counts)))
    chosen = _chosen(baseline, ones)
    centre = float(counts[chosen].mean()) if chosen.any() else np.nan
    return _count_chart("c", counts, centre, np.sqrt(centre), chosen, highest=np.inf)


def signals(
    chart: ControlChart, rules: Sequence[str] = RULES, *, laney: bool = False
) -> tuple[Signal, ...]:
    """Every point at which one of the rules holds, in time order; none on a provisional chart.

    beyond_limit: strictly outside the limits (with laney=True, outside Laney's).
    nine_on_one_side: the last nine points lie on one side of the centre; one on it ends the run.
    six_trending: the last six points rise, or fall, without a pause.
    Points without inspected units are passed over. A run that goes on signals at every further
    point, so that the report of a later shift still shows it. ValueError for an unknown rule.
    """
    unknown = set(rules) - set(RULES)
    if unknown:
        raise ValueError(f"run rules {sorted(unknown)} are unknown; known are {RULES}")
    if chart.provisional:
        return ()
    places = np.flatnonzero(np.isfinite(chart.values))
    values = chart.values[places]
    lower, upper = (chart.laney_lower, chart.laney_upper) if laney else (chart.lower, chart.upper)
    side = np.sign(values - chart.centre)
    # One step fewer than points: a run of six points is a run of five equal steps.
    step = np.sign(np.diff(values, prepend=values[:1]))
    holds = {
        "beyond_limit": (values < lower[places]) | (values > upper[places]),
        "nine_on_one_side": _run_length(side) >= ONE_SIDE_RUN,
        "six_trending": _run_length(step) >= TREND_RUN - 1,
    }
    return tuple(
        Signal(rule, int(places[point]))
        for point in range(len(values))
        for rule in rules
        if holds[rule][point]
    )


def _points(counts: ArrayLike, units: ArrayLike) -> tuple[NDArray, NDArray]:
    counts = np.array(counts, dtype=float)
    units = np.array(units, dtype=float)
    if counts.ndim != 1 or counts.shape != units.shape:
        raise ValueError(
            "a control chart needs one count and one number of units a point, "
            f"got shapes {counts.shape} and {units.shape}"
        )
    for name, numbers in (("counts", counts), ("units", units)):
        if not np.all(np.isfinite(numbers) & (numbers >= 0)):
            raise ValueError(f"{name} must be 0 or more, got {numbers.tolist()}")
    return counts, units


def _chosen(baseline: Baseline, units: NDArray) -> NDArray[np.bool_]:
    """The baseline as a bool array, without the points at which nothing was inspected."""
    chosen = np.zeros(len(units), dtype=bool)
    if baseline is None:
        chosen[:] = True
    elif isinstance(baseline, slice):
        chosen[baseline] = True
    else:
        given = np.asarray(baseline)
        if given.dtype != bool or given.shape != chosen.shape:
            raise ValueError(
                f"baseline must be a slice or {len(units)} booleans, "
                f"got {given.dtype} of shape {given.shape}"
            )
        chosen[:] = given
    return chosen & (units > 0)


def _ratio_chart(
    kind: str, counts: NDArray, units: NDArray, baseline: Baseline, highest: float
) -> ControlChart:
    chosen = _chosen(baseline, units)
    sizes = np.where(units > 0, units, np.nan)
    values = counts / sizes
    centre = float(counts[chosen].sum() / units[chosen].sum()) if chosen.any() else np.nan
    spread = np.sqrt((centre * (1.0 - centre) if kind == "p" else centre) / sizes)
    spread[spread == 0] = np.nan
    sigma_z = _sigma_z(((values - centre) / spread)[chosen])
    lower, upper = _limits(centre, spread, highest)
    laney_lower, laney_upper = _limits(
        centre, spread * (np.nan if sigma_z is None else sigma_z), highest
    )
    return ControlChart(
        kind=kind,
        values=values,
        centre=centre,
        lower=lower,
        upper=upper,
        baseline=chosen,
        provisional=int(chosen.sum()) < BASELINE_POINTS,
        sigma_z=sigma_z,
        laney_lower=laney_lower,
        laney_upper=laney_upper,
    )


def _count_chart(
    kind: str,
    counts: NDArray,
    centre: float,
    spread: float,
    chosen: NDArray[np.bool_],
    highest: float,
) -> ControlChart:
    lower, upper = _limits(centre, np.full(len(counts), spread or np.nan), highest)
    return ControlChart(
        kind=kind,
        values=counts,
        centre=centre,
        lower=lower,
        upper=upper,
        baseline=chosen,
        provisional=int(chosen.sum()) < BASELINE_POINTS,
        sigma_z=None,
        laney_lower=np.full(len(counts), np.nan),
        laney_upper=np.full(len(counts), np.nan),
    )


def _limits(centre: float, spread: NDArray, highest: float) -> tuple[NDArray, NDArray]:
    # np.maximum and np.minimum keep NaN: a point without limits stays without.
    return (
        np.maximum(centre - SIGMAS * spread, 0.0),
        np.minimum(centre + SIGMAS * spread, highest),
    )


def _sigma_z(z: NDArray) -> float | None:
    """Mean moving range of the standardised baseline points over D2; None when undefined."""
    if len(z) < 2 or not np.all(np.isfinite(z)):
        return None
    return float(np.abs(np.diff(z)).mean() / D2)


def _run_length(signs: NDArray) -> NDArray[np.int_]:
    """How many equal signs in a row end at each place; a 0 ends the run and is none itself."""
    lengths = np.zeros(len(signs), dtype=int)
    for place, sign in enumerate(signs):
        if sign != 0:
            goes_on = place > 0 and signs[place - 1] == sign
            lengths[place] = lengths[place - 1] + 1 if goes_on else 1
    return lengths
