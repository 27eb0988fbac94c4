"""What an inspection saves in a year: the original's formula, the corrected one, and what matters.

All amounts are in one currency; which one is the caller's business. "A unit" is one car body.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from itertools import product

from inspection.domain.letters import MOST_NAME_LETTERS, refuse_unreadable
from inspection.errors import EstimateRefused

SHARES = ("prevalence", "recall", "false_call_share", "review_share")
ENDS = ("low", "base", "high")
# Of the texts of a `CostEstimate`.
MOST_LETTERS = {"plant": 60, "currency": 8, "who": MOST_NAME_LETTERS, "note": 300}


def original_saving(
    burden_per_unit: float, units_per_year: float, defect_share: float, accuracy: float
) -> float:
    """Saving a year as the original project reckoned it: burden × units × defect rate × accuracy.

    Source: README of SKRookies' `smart_factory_car_paint`: (25 + 40)/2 × 10,000 KRW × 3,890,726
    × 0.001 × 0.95 = 1,201,261,652.5 KRW. It overstates: accuracy counts good units as well, and
    neither the repair of what is found, nor false calls, nor people's time cost anything.
    """
    return burden_per_unit * units_per_year * defect_share * accuracy


@dataclass(frozen=True, slots=True)
class CostInputs:
    """What the corrected formula needs to know of a plant and its inspection.

    units_per_year: car bodies. prevalence: share of them truly defective. recall: share of the
    defective ones that are found, per unit. false_call_share: share of the good ones called bad.
    review_share: share of all that people look at. Costs a unit: escape (a defect that reaches
    the customer), rework (its repair on the line), overkill (one needless rework), review (one
    look). running_cost_per_year: of the system. Shares lie between 0 and 1, the rest is 0 or more.
    """

    units_per_year: float
    prevalence: float
    recall: float
    false_call_share: float
    escape_cost: float
    rework_cost: float
    overkill_cost: float
    review_share: float
    review_cost: float
    running_cost_per_year: float

    def __post_init__(self) -> None:
        for name in INPUTS:
            value = getattr(self, name)
            if name in SHARES and not 0 <= value <= 1:
                raise ValueError(f"{name} must lie between 0 and 1, got {value}")
            if not (value >= 0 and math.isfinite(value)):
                raise ValueError(f"{name} must be 0 or more, got {value}")


INPUTS = tuple(field.name for field in fields(CostInputs))


@dataclass(frozen=True, slots=True)
class Saving:
    """The parts of the corrected saving of a year. caught: gained by what is found in time; the
    other three are spent, as positive amounts."""

    caught: float
    false_calls: float
    review: float
    running: float

    @property
    def total(self) -> float:
        return self.caught - self.false_calls - self.review - self.running


def corrected_saving(inputs: CostInputs) -> Saving:
    """Saving a year with prevalence, recall, false calls, review time and running cost.

    N·π·R·(C_escape − C_rework) − N·(1 − π)·FPR·C_overkill − N·review·C_review − C_run: the
    expected cost of a two-way decision (Duda, Hart & Stork 2001, Pattern Classification, 2.2)
    beside that of looking at nothing, where everything defective escapes. With C_escape =
    325,000, R = 0.95, N = 3,890,726, π = 0.001 and all else 0 it equals the original's number.
    """
    units, good = inputs.units_per_year, 1.0 - inputs.prevalence
    gain_per_catch = inputs.escape_cost - inputs.rework_cost
    return Saving(
        caught=units * inputs.prevalence * inputs.recall * gain_per_catch,
        false_calls=units * good * inputs.false_call_share * inputs.overkill_cost,
        review=units * inputs.review_share * inputs.review_cost,
        running=inputs.running_cost_per_year,
    )


@dataclass(frozen=True, slots=True)
class Range:
    """What is known of one input: low ≤ base ≤ high."""

    low: float
    base: float
    high: float

    def __post_init__(self) -> None:
        if not self.low <= self.base <= self.high:
            raise ValueError(
                f"low, base and high must rise, got {self.low:g}, {self.base:g}, {self.high:g}"
            )


@dataclass(frozen=True, slots=True)
class CostRanges:
    """A range for every input of the corrected formula, in the order of INPUTS."""

    ranges: Mapping[str, Range]

    def __post_init__(self) -> None:
        if set(self.ranges) != set(INPUTS):
            missing = sorted(set(INPUTS).symmetric_difference(self.ranges))
            raise ValueError(f"the inputs are {INPUTS}; {missing} missing or unknown")
        for end in ENDS:
            self.at(end)

    def at(self, end: str) -> CostInputs:
        """All inputs at one of ENDS."""
        return CostInputs(**{name: getattr(self.ranges[name], end) for name in INPUTS})

    @property
    def base(self) -> CostInputs:
        return self.at("base")


@dataclass(frozen=True, slots=True)
class CostEstimate:
    """What a person says about the costs of a plant. currency: ISO 4217 code, such as KRW.

    note: where the figures come from. ValueError without a plant, a name or a currency,
    EstimateRefused for a text longer than `MOST_LETTERS`, or one that is not readable.
    """

    plant: str
    currency: str
    ranges: CostRanges
    who: str
    note: str = ""

    def __post_init__(self) -> None:
        for name in ("plant", "currency", "who"):
            if not getattr(self, name).strip():
                raise ValueError(f"a cost estimate needs its {name}")
        for name, most in MOST_LETTERS.items():
            refuse_unreadable(name, getattr(self, name), most, EstimateRefused)


@dataclass(frozen=True, slots=True)
class Swing:
    """The saving of a year with one input at its low and at its high end, all others at base."""

    name: str
    at_low: float
    at_high: float

    @property
    def width(self) -> float:
        return abs(self.at_high - self.at_low)


def tornado(ranges: CostRanges) -> tuple[Swing, ...]:
    """One swing an input, the widest first (Eschenbach 1992, Interfaces 22(6), 40–46)."""
    swings = [
        Swing(name, *(_total(replace(ranges.base, **{name: end})) for end in (own.low, own.high)))
        for name, own in ((name, ranges.ranges[name]) for name in INPUTS)
    ]
    return tuple(sorted(swings, key=lambda swing: -swing.width))


def extremes(ranges: CostRanges) -> tuple[float, float]:
    """The least and the most that is saved with any inputs within their ranges.

    The saving is linear in each single input, so both stand at a corner: 2 ** 10 are tried. All
    inputs at their worst at once is unlikely; these are bounds and no interval of confidence.
    """
    ends = [dict.fromkeys((ranges.ranges[name].low, ranges.ranges[name].high)) for name in INPUTS]
    totals = [_total(CostInputs(*corner)) for corner in product(*ends)]
    return min(totals), max(totals)


def break_even(inputs: CostInputs, name: str) -> float | None:
    """The value of one input at which nothing is saved and nothing lost, all others as they are.

    None where no possible value does. The saving is linear in it: two points tell.
    """
    at_zero, at_one = (_total(replace(inputs, **{name: value})) for value in (0.0, 1.0))
    if at_zero == at_one:
        return None
    value = at_zero / (at_zero - at_one)
    possible = 0 <= value <= 1 if name in SHARES else value >= 0
    return value if possible else None


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """What a threshold does: share of the defective that are found, and of the good called bad."""

    threshold: float
    detection: float
    false_alarm: float


def saving_at(inputs: CostInputs, point: OperatingPoint) -> float:
    """The saving of a year when recall and false calls are those of a threshold."""
    return _total(replace(inputs, recall=point.detection, false_call_share=point.false_alarm))


def best_point(inputs: CostInputs, points: Iterable[OperatingPoint]) -> OperatingPoint:
    """The threshold that saves most; of equals the highest, which disturbs the line least.

    On a ROC it is where a line of slope (1 − π)·C_overkill / (π·(C_escape − C_rework)) touches
    from above (Provost & Fawcett 2001, Machine Learning 42, 203–231). ValueError without points.
    """
    ranked = sorted(points, key=lambda point: -point.threshold)
    if not ranked:
        raise ValueError("a best threshold needs at least one operating point")
    return max(ranked, key=lambda point: saving_at(inputs, point))


def _total(inputs: CostInputs) -> float:
    return corrected_saving(inputs).total
