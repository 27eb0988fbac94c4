"""Control charts for counted data.

Formulas: NIST/SEMATECH e-Handbook of Statistical Methods, 6.3.3 (c, u, p, np charts, 3 sigma);
Laney 2002, Quality Engineering 14(4), 531–537 (p′ and u′). Centre and limits come from the
baseline points alone: later points never move them. A process change begins a new phase, which
has a baseline of its own and shares no moving range and no run with the phase before.

Where few defects are expected a point most points lie below the centre, and run rules
(`inspection.domain.run_rules`) would hold by chance: they rest there, and the g and t charts of
what lies between two rare events take their place.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inspection.domain.arrays import Flags, Floats

# Below this many baseline points limits are guesses: they are neither drawn nor acted upon.
BASELINE_POINTS = 20

SIGMAS = 3.0

# Mean moving range of two normal values over their standard deviation (d2 for n = 2).
D2 = 1.128

KINDS = ("u", "p", "np", "c")
# Bodies and time between two bodies that have a defect.
RARE_KINDS = ("g", "t")
# The run rules rest where more of the baseline than this lies on one side of the centre, or on it.
MOST_ON_ONE_SIDE = 0.6
MOST_ON_CENTRE = 0.2

# Of an exponential or geometric distribution with mean 1: where half of it lies below.
MEDIAN_OF_MEAN = 0.693
# Makes exponential times nearly normal: 1 / 3.6.
T_POWER = 0.2777

_Entry = TypeVar("_Entry", bound=np.generic)
Baseline = slice | Flags | None


@dataclass(frozen=True, slots=True, eq=False)
class ControlChart:
    """One control chart in time order. All arrays have one read-only float entry a point.

    kind: one of KINDS or RARE_KINDS. values: what is plotted; NaN where nothing was inspected: no
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
    values: Floats
    centre: float
    lower: Floats
    upper: Floats
    baseline: Flags
    provisional: bool
    sigma_z: float | None
    laney_lower: Floats
    laney_upper: Floats

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

    @property
    def on_one_side(self) -> float:
        """Share (0–1) of the baseline on the fuller side of the centre; 0 without a baseline."""
        sides = self._sides()
        return float(max((sides > 0).mean(), (sides < 0).mean())) if len(sides) else 0.0

    @property
    def on_centre(self) -> float:
        """Share (0–1) of the baseline that lies on the centre; 0 without a baseline."""
        sides = self._sides()
        return float((sides == 0).mean()) if len(sides) else 0.0

    @property
    def run_rules_rest(self) -> bool:
        """Whether runs say nothing here, because the baseline does not lie around its centre."""
        if self.kind in RARE_KINDS:
            return False
        return self.on_one_side > MOST_ON_ONE_SIDE or self.on_centre > MOST_ON_CENTRE

    def _sides(self) -> Floats:
        values = self.values[self.baseline]
        return np.where(np.isclose(values, self.centre), 0.0, np.sign(values - self.centre))


@dataclass(frozen=True, eq=False)
class PhasedChart:
    """A chart in phases: each has centre, limits and sigma_z of its own baseline.

    starts: place of each phase's first point, rising, the first one 0. phases: their charts in
    time order. The arrays hold all points together, one entry each, read-only; centre, sigma_z
    (NaN where undefined) and provisional are those of the point's phase.
    """

    starts: tuple[int, ...]
    phases: tuple[ControlChart, ...]

    @property
    def kind(self) -> str:
        return self.phases[0].kind

    def __len__(self) -> int:
        return sum(len(chart.values) for chart in self.phases)

    @cached_property
    def values(self) -> Floats:
        return self._joined(lambda chart: chart.values)

    @cached_property
    def lower(self) -> Floats:
        return self._joined(lambda chart: chart.lower)

    @cached_property
    def upper(self) -> Floats:
        return self._joined(lambda chart: chart.upper)

    @cached_property
    def laney_lower(self) -> Floats:
        return self._joined(lambda chart: chart.laney_lower)

    @cached_property
    def laney_upper(self) -> Floats:
        return self._joined(lambda chart: chart.laney_upper)

    @cached_property
    def baseline(self) -> Flags:
        return self._joined(lambda chart: chart.baseline)

    @cached_property
    def centre(self) -> Floats:
        return self._joined(lambda chart: np.full(len(chart.values), chart.centre))

    @cached_property
    def sigma_z(self) -> Floats:
        return self._joined(
            lambda chart: np.full(
                len(chart.values), np.nan if chart.sigma_z is None else chart.sigma_z
            )
        )

    @cached_property
    def provisional(self) -> Flags:
        return self._joined(lambda chart: np.full(len(chart.values), chart.provisional))

    def _joined(self, part: Callable[[ControlChart], NDArray[_Entry]]) -> NDArray[_Entry]:
        array = np.concatenate([part(chart) for chart in self.phases])
        array.setflags(write=False)
        return array


def frozen_baseline(
    units: ArrayLike,
    points: int = BASELINE_POINTS,
    *,
    starts: Sequence[int] = (0,),
    excluded: ArrayLike | None = None,
) -> Flags:
    """The baseline of a running line: the first `points` points at which units were inspected.

    units: shape (points in time order,). starts: place of each phase's first point, each phase has
    a baseline of its own. excluded: bool, same shape, points with a known cause, which are passed
    over. Answers bool, same shape; pass it as `baseline` to a chart so that new points never move
    the limits.
    """
    fit = np.asarray(units, dtype=float) > 0
    if excluded is not None:
        fit = fit & ~np.asarray(excluded, dtype=bool)
    chosen = np.zeros_like(fit)
    for phase in _phases(len(fit), starts):
        chosen[phase] = fit[phase] & (np.cumsum(fit[phase]) <= points)
    return chosen


def phased_chart(
    kind: str,
    counts: ArrayLike,
    units: ArrayLike,
    baseline: Baseline = None,
    starts: Sequence[int] = (0,),
) -> PhasedChart:
    """A chart of one of KINDS or RARE_KINDS whose phases begin at the places `starts`.

    counts, units, baseline: as `u_chart` takes them, over all points. np and c charts compare
    numbers, not shares: ValueError when their points differ in units. Of g and t charts the counts
    are what `g_chart` and `t_chart` take; their units are not used.
    """
    counts, units = _points(counts, units)
    chosen = _chosen(baseline, units)
    make: dict[str, Callable[[Floats, Floats, Flags], ControlChart]]
    make = {"u": u_chart, "p": p_chart, "np": _np_of_points, "c": _c_of_points}
    make |= {"g": _g_of_points, "t": _t_of_points}
    if kind not in make:
        raise ValueError(f"chart kind {kind!r} is unknown; known are {(*KINDS, *RARE_KINDS)}")
    places = _phases(len(counts), starts)
    return PhasedChart(
        tuple(phase.start for phase in places),
        tuple(make[kind](counts[phase], units[phase], chosen[phase]) for phase in places),
    )


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


def g_chart(between: ArrayLike, baseline: Baseline = None) -> ControlChart:
    """Bodies without a defect between one body with a defect and the next, one number a point.

    Upper limit ḡ + 3√(ḡ(ḡ+1)): Kaminsky, Benneyan et al. 1992, Journal of Quality Technology 24(2),
    63–69. No lower limit: it would lie below 0. Centre: the median, 0.693 ḡ (Provost and Murray
    2011, The Health Care Data Guide, 228–229), so that the run rules see both sides alike. A point
    above is good: defects have become rarer.
    """
    between, ones = _points(between, np.ones(np.shape(between)))
    chosen = _chosen(baseline, ones)
    mean = float(between[chosen].mean()) if chosen.any() else np.nan
    return _between_chart("g", between, chosen, mean * MEDIAN_OF_MEAN, 0.0, _g_upper(mean))


def _g_upper(mean: float) -> float:
    return mean + SIGMAS * float(np.sqrt(mean * (mean + 1.0)))


def t_chart(between: ArrayLike, baseline: Baseline = None) -> ControlChart:
    """Time between one body with a defect and the next, in any unit, one number a point.

    Nelson 1994, Journal of Quality Technology 26(3), 239–240: the power 0.2777 makes exponential
    times nearly normal; centre and limits are those of the individuals chart of the powers (mean
    and 3/1.128 mean moving ranges), turned back into times. A point above is good: defects have
    become rarer.
    """
    between, ones = _points(between, np.ones(np.shape(between)))
    chosen = _chosen(baseline, ones)
    powers = between[chosen] ** T_POWER
    centre = float(powers.mean()) if len(powers) else np.nan
    spread = float(np.abs(np.diff(powers)).mean()) / D2 if len(powers) > 1 else np.nan

    def time(power: float) -> float:
        return float(np.maximum(power, 0.0) ** (1.0 / T_POWER))

    lower, upper = centre - SIGMAS * spread, centre + SIGMAS * spread
    return _between_chart("t", between, chosen, time(centre), time(lower), time(upper))


def _between_chart(
    kind: str,
    between: Floats,
    chosen: Flags,
    centre: float,
    lower: float,
    upper: float,
) -> ControlChart:
    nothing = np.full(len(between), np.nan)
    return ControlChart(
        kind=kind,
        values=between,
        centre=centre,
        lower=np.full(len(between), lower),
        upper=np.full(len(between), upper),
        baseline=chosen,
        provisional=int(chosen.sum()) < BASELINE_POINTS,
        sigma_z=None,
        laney_lower=nothing,
        laney_upper=nothing.copy(),
    )


def _g_of_points(counts: Floats, units: Floats, chosen: Flags) -> ControlChart:
    return g_chart(counts, chosen)


def _t_of_points(counts: Floats, units: Floats, chosen: Flags) -> ControlChart:
    return t_chart(counts, chosen)


def _phases(points: int, starts: Sequence[int]) -> list[slice]:
    starts = [int(start) for start in starts]
    rising = all(a < b for a, b in pairwise(starts))
    if not starts or starts[0] != 0 or not rising or starts[-1] > max(points - 1, 0):
        raise ValueError(f"phases must start at 0 and rise within {points} points, got {starts}")
    return [slice(start, end) for start, end in pairwise([*starts, points])]


def _np_of_points(counts: Floats, units: Floats, chosen: Flags) -> ControlChart:
    return np_chart(counts, int(_common_units("np", units)), chosen)


def _c_of_points(counts: Floats, units: Floats, chosen: Flags) -> ControlChart:
    _common_units("c", units)
    return c_chart(counts, chosen)


def _common_units(kind: str, units: Floats) -> float:
    """The units that all points have; 1 where there is no point."""
    sizes = np.unique(units)
    if len(sizes) > 1:
        raise ValueError(
            f"the points of a {kind} chart must have the same number of units, "
            f"got {sizes[0]:g} to {sizes[-1]:g}; draw a {'p' if kind == 'np' else 'u'} chart"
        )
    return float(sizes[0]) if len(sizes) else 1.0


def _points(counts: ArrayLike, units: ArrayLike) -> tuple[Floats, Floats]:
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


def _chosen(baseline: Baseline, units: Floats) -> Flags:
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
    kind: str, counts: Floats, units: Floats, baseline: Baseline, highest: float
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
    counts: Floats,
    centre: float,
    spread: float,
    chosen: Flags,
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


def _limits(centre: float, spread: Floats, highest: float) -> tuple[Floats, Floats]:
    # np.maximum and np.minimum keep NaN: a point without limits stays without.
    return (
        np.maximum(centre - SIGMAS * spread, 0.0),
        np.minimum(centre + SIGMAS * spread, highest),
    )


def _sigma_z(z: Floats) -> float | None:
    """Mean moving range of the standardised baseline points over D2; None when undefined."""
    if len(z) < 2 or not np.all(np.isfinite(z)):
        return None
    return float(np.abs(np.diff(z)).mean() / D2)
