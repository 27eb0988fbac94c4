"""Repeat positions: the same place of a panel on so many of the last bodies that it is no chance.

The plant's question is where a vehicle model gets a defect at the same place again. Thousands of
places are looked at, so one of them always looks striking; what is reported here has survived the
correction for all of them.

A place is a square of twice the tolerance. Squares of one grid would split a cluster that lies on
a line, so four grids are searched, shifted by half a square. Bodies are counted, not defects: two
scratches of one body at one place are one hit. Without a repeat the number of hits is binomial,
k ~ Binomial(n, p₀), with p₀ from before the window.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product
from math import ceil

import numpy as np

from inspection.domain.arrays import Flags, Floats, Integers


@dataclass(frozen=True, slots=True)
class Search:
    """How a repeat is searched for; the values are conventions of this project.

    bodies: the window, as last bodies of a vehicle model. radius_mm: tolerance of a place.
    level: a place is reported from this corrected p on. Each shift is one more look at the line,
    hence 1 % and not 5 %. least_bodies: fewer are never called a repeat. earlier_days: how far
    before the window the baseline reaches.
    """

    bodies: int = 100
    radius_mm: float = 50.0
    level: float = 0.01
    least_bodies: int = 3
    earlier_days: int = 28

    def __post_init__(self) -> None:
        if self.bodies < 2 or self.least_bodies < 2 or self.earlier_days < 1:
            raise ValueError(f"a search needs at least 2 bodies and a day before them, got {self}")
        if not self.radius_mm > 0 or not 0 < self.level < 1:
            raise ValueError(f"a search needs a tolerance above 0 and a level in 0–1, got {self}")


USUAL = Search()


@dataclass(frozen=True, slots=True, eq=False)
class PanelSeen:
    """One panel of one vehicle model in the window, and before it.

    bodies: of the window, with this panel inspected. body, x, y: of each defect of the window, the
    body it stands on and its place in panel shares. earlier_bodies, earlier_defects: inspected and
    found before the window. earlier_hits: bodies hit before it, (rows, columns) of squares as large
    as the tolerance, from the upper left corner; only a panel that `may_repeat` needs them.
    """

    vehicle_model: str
    panel: str
    width_mm: float
    height_mm: float
    bodies: int
    body: Integers
    x: Floats
    y: Floats
    earlier_bodies: int = 0
    earlier_defects: int = 0
    earlier_hits: Integers | None = None

    def __post_init__(self) -> None:
        if not self.width_mm > 0 or not self.height_mm > 0:
            raise ValueError(f"{self.panel} must have a size, got {self.width_mm} mm wide")
        if not len(self.body) == len(self.x) == len(self.y):
            raise ValueError(f"{self.panel}: every defect needs a body and a place")
        if len(np.unique(self.body)) > self.bodies:
            raise ValueError(f"{self.panel}: defects on more than the {self.bodies} bodies seen")


@dataclass(frozen=True, slots=True)
class Place:
    """A square of the panel, cut at its edges, in panel shares: (from, to).

    cells: the same in squares as large as the tolerance, ((first column, after the last),
    (first row, after the last)).
    """

    x: tuple[float, float]
    y: tuple[float, float]
    cells: tuple[tuple[int, int], tuple[int, int]]

    @property
    def area_share(self) -> float:
        return (self.x[1] - self.x[0]) * (self.y[1] - self.y[0])

    def overlaps(self, other: "Place") -> bool:
        return all(
            max(mine[0], theirs[0]) < min(mine[1], theirs[1])
            for mine, theirs in zip(self.cells, other.cells, strict=True)
        )


@dataclass(frozen=True, slots=True)
class Repeat:
    """A place that came back too often for chance.

    position: mean of its defects, panel shares. hits of the bodies inspected there (k of n).
    chance: p₀, the share of bodies that would have a defect here by chance. p_value: of k or more
    hits. expected_by_chance: how many of all searched places would look as striking, at most.
    corrected_p: Holm's, over all `searched` places. defects: places in the arrays of `PanelSeen`.
    """

    vehicle_model: str
    panel: str
    place: Place
    position: tuple[float, float]
    hits: int
    bodies: int
    chance: float
    p_value: float
    expected_by_chance: float
    corrected_p: float
    searched: int
    defects: tuple[int, ...]


def find_repeats(panels: Sequence[PanelSeen], search: Search = USUAL) -> tuple[Repeat, ...]:
    """Every repeat position of all panels together, the least likely by chance first.

    Hand in all panels of all vehicle models that are searched, also those without a defect: each
    place that was looked at counts in the correction. A spot shows up in several grids; the most
    striking of overlapping squares stands for it.
    """
    searched = sum(places_searched(panel, search) for panel in panels)
    striking = [
        _Candidate(panel, place, hits, inside, chance_at(panel, place, len(inside)))
        for panel in panels
        for place, hits, inside in _striking(panel, search)
    ]
    striking.sort(key=lambda one: (one.p_value, -one.hits, one.panel.vehicle_model))
    corrected = holm([one.p_value for one in striking], searched)
    repeats: list[Repeat] = []
    for one, corrected_p in zip(striking, corrected, strict=True):
        if corrected_p <= search.level and not any(one.is_part_of(known) for known in repeats):
            repeats.append(one.as_repeat(corrected_p, searched))
    return tuple(repeats)


def may_repeat(panel: PanelSeen, search: Search) -> bool:
    """Whether any place of the panel has hits enough to be looked at closer."""
    return bool(_striking(panel, search))


def places_searched(panel: PanelSeen, search: Search) -> int:
    """How many squares of the panel are looked at, on all four grids together; none unseen."""
    if not panel.bodies:
        return 0
    columns, rows = (
        sum(ceil((ceil(size_mm / search.radius_mm) + shift) / 2) for shift in (0, 1))
        for size_mm in (panel.width_mm, panel.height_mm)
    )
    return columns * rows


def chance_at(panel: PanelSeen, place: Place, inside: int) -> float:
    """p₀: the share of bodies that would have a defect at the place without a repeat; never 0.

    inside: defects of the window at the place. The panel's rate before the window, (d + 1)/(n + 1)
    defects a body by Laplace's rule of succession, spread evenly over its area gives λ. Places
    differ, and some are always worse: with a gamma prior of mean λ and shape 1 the place's own h
    earlier hits on n bodies give (1 + h)/(1/λ + n) (gamma–Poisson model, Gelman et al., Bayesian
    Data Analysis, section 2.6); the larger of the two holds. Where the rest of the panel is worse
    in the window than before, both are as much worse: a bad day is no repeat. p₀ = 1 − exp(−λ).
    """
    earlier = (panel.earlier_defects + 1) / (panel.earlier_bodies + 1)
    now = (len(panel.body) - inside + 1) / (panel.bodies + 1)
    spread = earlier * place.area_share
    hits = 0
    if panel.earlier_hits is not None:
        (left, right), (top, bottom) = place.cells
        hits = int(panel.earlier_hits[top:bottom, left:right].sum())
    own = (1 + hits) / (1 / spread + panel.earlier_bodies)
    return float(-np.expm1(-max(1.0, now / earlier) * max(spread, own)))


def binomial_tail(hits: int, bodies: int, chance: float) -> float:
    """P(X ≥ hits) for X ~ Binomial(bodies, chance), summed over its terms.

    20 bodies at a chance of 0.02: four hits 0.00060, five hits 0.0000386. ValueError unless
    0 ≤ hits ≤ bodies and 0 < chance < 1: a chance of 0 would make every single hit a miracle.
    """
    if not 0 <= hits <= bodies or not 0 < chance < 1:
        raise ValueError(f"no binomial chance of {hits} hits on {bodies} bodies at {chance}")
    if hits == 0:
        return 1.0
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, bodies + 1)))])
    k = np.arange(hits, bodies + 1)
    terms = logs[bodies] - logs[k] - logs[bodies - k]
    terms += k * np.log(chance) + (bodies - k) * np.log1p(-chance)
    return float(min(1.0, np.exp(terms).sum()))


def holm(p_values: Sequence[float], tested: int) -> list[float]:
    """Holm's corrected p-values of the smallest p-values of `tested` tests, in rising order.

    p̃ᵢ = max over j ≤ i of min(1, (m − j + 1)·pⱼ) (Holm 1979, Scandinavian Journal of Statistics
    6, 65–70): the chance of even one false report stays below the level, however the tests depend
    on each other. The tests that are not handed in have larger p-values and change nothing.
    """
    if len(p_values) > tested:
        raise ValueError(f"{len(p_values)} p-values of {tested} tests")
    ordered = np.asarray(p_values, dtype=float)
    if np.any(np.diff(ordered) < 0):
        raise ValueError("p-values must be handed in in rising order")
    scaled = np.minimum(1.0, (tested - np.arange(len(ordered))) * ordered)
    return np.maximum.accumulate(scaled).tolist() if len(ordered) else []


def series(moments: Sequence[datetime], longest_gap: timedelta) -> tuple[datetime, datetime]:
    """First and last moment of the present series: back from the last one, as far as no gap is
    longer than `longest_gap`. A single earlier hit does not make a repeat older than it is."""
    ordered = sorted(moments)
    first = ordered[-1]
    for moment in reversed(ordered):
        if first - moment > longest_gap:
            break
        first = moment
    return first, ordered[-1]


def repeating(
    body: Integers,
    x_mm: Floats,
    y_mm: Floats,
    *,
    within_bodies: int,
    radius_mm: float,
) -> Flags:
    """Which defects of one panel have another one at the same place on another body near by.

    body: place of each defect's body in the order of the line. Two defects are at one place when
    they lie no further apart than `radius_mm`, and near by when at most `within_bodies` bodies lie
    between them. The share of True is the repeat rate.
    """
    order = np.argsort(body, kind="stable")
    body, x_mm, y_mm = body[order], x_mm[order], y_mm[order]
    found = np.zeros(len(body), dtype=bool)
    for step in range(1, len(body)):
        apart = body[step:] - body[:-step]
        near = apart <= within_bodies
        if not near.any():
            break
        distance = np.hypot(x_mm[step:] - x_mm[:-step], y_mm[step:] - y_mm[:-step])
        pairs = near & (apart > 0) & (distance <= radius_mm)
        found[step:] |= pairs
        found[:-step] |= pairs
    answer = np.zeros(len(body), dtype=bool)
    answer[order] = found
    return answer


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A square with hits enough to be tested. defects: those that lie in it."""

    panel: PanelSeen
    place: Place
    hits: int
    defects: Integers
    chance: float

    @property
    def p_value(self) -> float:
        return binomial_tail(self.hits, self.panel.bodies, self.chance)

    def is_part_of(self, known: Repeat) -> bool:
        mine = (self.panel.vehicle_model, self.panel.panel)
        return mine == (known.vehicle_model, known.panel) and self.place.overlaps(known.place)

    def as_repeat(self, corrected_p: float, searched: int) -> Repeat:
        x, y = self.panel.x[self.defects], self.panel.y[self.defects]
        return Repeat(
            vehicle_model=self.panel.vehicle_model,
            panel=self.panel.panel,
            place=self.place,
            position=(float(x.mean()), float(y.mean())),
            hits=self.hits,
            bodies=self.panel.bodies,
            chance=self.chance,
            p_value=self.p_value,
            expected_by_chance=self.p_value * searched,
            corrected_p=corrected_p,
            searched=searched,
            defects=tuple(self.defects.tolist()),
        )


def _striking(panel: PanelSeen, search: Search) -> list[tuple[Place, int, Integers]]:
    """The squares with at least `least_bodies` hits: place, hits, and which defects lie in it."""
    if len(panel.body) < search.least_bodies:
        return []
    at = _cell(panel.x, panel.width_mm, search), _cell(panel.y, panel.height_mm, search)
    found = []
    for shifts in product((0, 1), repeat=2):
        # A grid shifted by half a square begins one tolerance outside the panel.
        column, row = (
            (cell + shift) // 2 * 2 - shift for cell, shift in zip(at, shifts, strict=True)
        )
        squares = column * 100_000 + row
        for square in np.unique(squares):
            inside = np.flatnonzero(squares == square)
            hits = len(np.unique(panel.body[inside]))
            if hits >= search.least_bodies:
                place = _place(int(column[inside[0]]), int(row[inside[0]]), panel, search)
                found.append((place, hits, inside))
    return found


def _place(column: int, row: int, panel: PanelSeen, search: Search) -> Place:
    """The square of two by two tolerances that begins at a column and row; both may be -1."""
    radius = search.radius_mm

    def cells(first: int, size_mm: float) -> tuple[int, int]:
        return max(first, 0), min(first + 2, ceil(size_mm / radius))

    def shares(cells: tuple[int, int], size_mm: float) -> tuple[float, float]:
        start, end = cells
        return start * radius / size_mm, min(1.0, end * radius / size_mm)

    across, down = cells(column, panel.width_mm), cells(row, panel.height_mm)
    return Place(shares(across, panel.width_mm), shares(down, panel.height_mm), (across, down))


def _cell(at: Floats, size_mm: float, search: Search) -> Integers:
    """Places in shares as squares as large as the tolerance; the far edge is in the last one."""
    last = ceil(size_mm / search.radius_mm) - 1
    return np.minimum(at * size_mm // search.radius_mm, last).astype(np.int64)
