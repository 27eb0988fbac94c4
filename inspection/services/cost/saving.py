"""What the inspection saves a plant: its estimate, the best threshold, and what an alarm is worth.

Recall and false calls are measured on photos, not on car bodies: the two photo-level rates of the
model's curve stand in for the rates per unit, and whoever shows them says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pandas as pd

from inspection.domain import cost
from inspection.domain.cost import CostEstimate, CostInputs, CostRanges, OperatingPoint, Range
from inspection.domain.letters import name_of_person
from inspection.domain.reliability import ppv, wilson
from inspection.errors import EstimateRefused
from inspection.services.model import evaluation
from inspection.services.model.card import Share
from inspection.services.model.evaluation import Report
from inspection.services.station import Station
from inspection.storage import cost_estimates
from inspection.storage.cost_estimates import NumberedEstimate

# Invented, so that the formulas have something to show: the worked example of our own reference,
# each with a range about it. Only the number of cars and 325,000 KRW are the original project's.
EXAMPLE = CostRanges(
    {
        "units_per_year": Range(3_500_000, 3_890_726, 4_200_000),
        "prevalence": Range(0.0005, 0.001, 0.002),
        "recall": Range(0.80, 0.95, 0.98),
        "false_call_share": Range(0.01, 0.04, 0.08),
        "escape_cost": Range(250_000, 325_000, 400_000),
        "rework_cost": Range(30_000, 50_000, 80_000),
        "overkill_cost": Range(3_000, 5_000, 8_000),
        "review_share": Range(0.01, 0.02, 0.05),
        "review_cost": Range(300, 500, 1_000),
        "running_cost_per_year": Range(50_000_000, 100_000_000, 200_000_000),
    }
)
EXAMPLE_CURRENCY = "KRW"


@dataclass(frozen=True, slots=True)
class OriginalExample:
    """The original project's worked example: its inputs as published, amounts in KRW."""

    least_burden: float = 250_000
    most_burden: float = 400_000
    units_per_year: float = 3_890_726
    defect_share: float = 0.001
    accuracy: float = 0.95

    @property
    def burden(self) -> float:
        return (self.least_burden + self.most_burden) / 2

    @property
    def saving(self) -> float:
        return cost.original_saving(
            self.burden, self.units_per_year, self.defect_share, self.accuracy
        )


def original_with(inputs: CostInputs) -> float:
    """The original's formula with a plant's own figures, recall in the place of accuracy."""
    return cost.original_saving(
        inputs.escape_cost, inputs.units_per_year, inputs.prevalence, inputs.recall
    )


@dataclass(frozen=True, slots=True)
class MeasuredPoint:
    """One threshold with what was counted there, and the saving of a year if it were used.

    detection, false_alarm: of photos. saving_low: with the worse end of both intervals that count
    the photos of one car as one trial, saving_high: with the better end.
    """

    threshold: float
    detection: Share
    false_alarm: Share
    saving: float
    saving_low: float
    saving_high: float


def measured_point(report: Report, inputs: CostInputs, point: OperatingPoint) -> MeasuredPoint:
    """A threshold of the measured curve with its counts, and what it saves a plant."""
    photos = report["photos"]
    detection = _share(point.detection, photos["defective"], photos["defective_groups"])
    alarm = _share(point.false_alarm, photos["clean"], photos["clean_groups"])
    return MeasuredPoint(
        point.threshold,
        detection,
        alarm,
        cost.saving_at(inputs, point),
        *(cost.saving_at(inputs, end) for end in _ends(point, detection, alarm)),
    )


def best_threshold(report: Report, inputs: CostInputs) -> MeasuredPoint | None:
    """The measured threshold that saves most; None where photos of one kind are missing.

    It is chosen on the photos that also say how good it is, so it looks a little better than it
    will be.
    """
    points = evaluation.operating_points(report)
    if not points:
        return None
    return measured_point(report, inputs, cost.best_point(inputs, points))


def threshold_in_use(report: Report, inputs: CostInputs) -> MeasuredPoint | None:
    """The score from which the model rejects today, as if it alone decided."""
    points = evaluation.operating_points(report)
    if not points:
        return None
    reject_from = report["thresholds"]["reject_from"]
    # Thresholds fall: the last one that is not below says what this score does.
    above = [point for point in points if point.threshold >= reject_from] or points[:1]
    return measured_point(report, inputs, replace(above[-1], threshold=reject_from))


def savings_by_threshold(report: Report, inputs: CostInputs) -> pd.DataFrame:
    """threshold, saving, saving_low, saving_high, detection, false_alarm: a row a threshold."""
    rows = []
    for point in evaluation.operating_points(report):
        at = measured_point(report, inputs, point)
        rows.append(
            (
                point.threshold,
                at.saving,
                at.saving_low,
                at.saving_high,
                point.detection,
                point.false_alarm,
            )
        )
    columns = ("threshold", "saving", "saving_low", "saving_high", "detection", "false_alarm")
    return pd.DataFrame(rows, columns=list(columns))


def ppv_at(point: MeasuredPoint, prevalence: float) -> tuple[float | None, float, float]:
    """Share of the alarms that are real at a plant's prevalence: value, low, high.

    low and high: both rates at their worse, both at their better end. None: nothing alarms.
    """
    found, alarm = point.detection, point.false_alarm
    (found_low, found_high), (alarm_low, alarm_high) = found.over_groups, alarm.over_groups
    # Where nothing alarms at all the ends say nothing: anything from 0 to 1 is possible.
    low = ppv(found_low, 1 - alarm_high, prevalence) or 0.0
    high = ppv(found_high, 1 - alarm_low, prevalence)
    return ppv(found.value, 1 - alarm.value, prevalence), low, 1.0 if high is None else high


def ppv_entered(ranges: CostRanges, prevalence: float) -> tuple[float | None, float, float]:
    """The same from a person's recall and false calls: at base, both worst, both best."""
    recall, alarm = ranges.ranges["recall"], ranges.ranges["false_call_share"]
    low = ppv(recall.low, 1 - alarm.high, prevalence) or 0.0
    high = ppv(recall.high, 1 - alarm.low, prevalence)
    return ppv(recall.base, 1 - alarm.base, prevalence), low, 1.0 if high is None else high


def cost_ratio(inputs: CostInputs) -> float | None:
    """How many needless reworks one escape less its rework costs; None where those are free."""
    if not inputs.overkill_cost:
        return None
    return (inputs.escape_cost - inputs.rework_cost) / inputs.overkill_cost


def most_alarms_unseen(report: Report) -> float:
    """Upper end of the false-alarm rate (0–1) when no clean photo of the report alarmed."""
    return wilson(0, report["photos"]["clean_groups"])[1]


def tornado_frame(ranges: CostRanges) -> pd.DataFrame:
    """name, low, base, high (of the input), at_low, at_high (saving a year), widest first."""
    return pd.DataFrame(
        [
            (
                swing.name,
                own.low,
                own.base,
                own.high,
                swing.at_low,
                swing.at_high,
            )
            for swing in cost.tornado(ranges)
            for own in (ranges.ranges[swing.name],)
        ],
        columns=["name", "low", "base", "high", "at_low", "at_high"],
    )


def ranges_of(
    figures: Mapping[str, tuple[float, float, float]], words: Mapping[str, str]
) -> CostRanges:
    """Ranges from what a person wrote; raises EstimateRefused naming the input in `words`."""
    ranges = {}
    for name, (low, base, high) in figures.items():
        try:
            ranges[name] = Range(low, base, high)
        except ValueError:
            raise EstimateRefused(
                "estimate_range", name=words[name], low=low, base=base, high=high
            ) from None
    return CostRanges(ranges)


def keep_estimate(
    station: Station, plant: str, currency: str, ranges: CostRanges, who: str, note: str
) -> int:
    """Keep a plant's figures as its newest version; answers the number of the version.

    Raises EstimateRefused without the plant's or the person's name.
    """
    if not plant.strip():
        raise EstimateRefused("estimate_plant")
    who = name_of_person(who, EstimateRefused)
    said = CostEstimate(plant.strip(), currency, ranges, who, note.strip())
    return cost_estimates.write_estimate(station.engine, said)


def newest_estimate(station: Station, plant: str) -> NumberedEstimate | None:
    """What holds for a plant; None where nobody said anything."""
    versions = cost_estimates.estimates_of(station.engine, plant)
    return versions[0] if versions else None


def _share(value: float, n: int, groups: int) -> Share:
    by_photo, by_group = wilson(round(value * n), n), wilson(value * groups, groups)
    return Share(value, round(value * n), n, *by_photo, groups, *by_group)


def _ends(
    point: OperatingPoint, detection: Share, alarm: Share
) -> tuple[OperatingPoint, OperatingPoint]:
    """The worse and the better end of both rates together."""
    (found_low, found_high), (alarm_low, alarm_high) = detection.over_groups, alarm.over_groups
    return (
        replace(point, detection=found_low, false_alarm=alarm_high),
        replace(point, detection=found_high, false_alarm=alarm_low),
    )
