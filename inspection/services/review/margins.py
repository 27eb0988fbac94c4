"""How near a verdict lies to the threshold that would have made another one of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from inspection.domain.acceptance_rules import SIZE_OF, Rule, Spec
from inspection.domain.defects import NOT_JUDGED, Defect
from inspection.domain.inspections import Thresholds

# A size within this share of its limit, or a score within this much of the model's band, is near.
NEAR = 0.1


@dataclass(frozen=True, slots=True)
class Margin:
    """The threshold that is nearest. by: "size" (value and limit in mm, share of the limit) or
    "score" (0–1, share = the distance itself). type: of the defect, "" for a score."""

    by: str
    share: float
    value: float
    limit: float
    type: str = ""


def margin_of(
    verdict: str,
    defects: Sequence[Defect],
    spec: Spec,
    vehicle_model: str,
    panel: str,
    score: float,
    thresholds: Thresholds,
) -> Margin | None:
    """What lies between this verdict and another one; None where no size and no score decides.

    An OK ends where the first size passes its limit or the score enters the model's band. A rework
    ends only where its last size over a limit would pass, and never where a type is banned. Limits
    of numbers and spacing are whole steps, and nothing is near them.
    """
    sizes = [
        margin
        for defect in defects
        if defect.type not in NOT_JUDGED
        for margin in [_of_defect(defect, spec, vehicle_model, panel, verdict)]
        if margin is not None
    ]
    if verdict == "rework":
        return max(sizes, key=lambda one: one.share, default=None)
    if verdict == "ok":
        limit = thresholds.ok_below
        sizes.append(Margin("score", abs(limit - score), score, limit))
    return min(sizes, key=lambda one: one.share, default=None)


def _of_defect(
    defect: Defect, spec: Spec, vehicle_model: str, panel: str, verdict: str
) -> Margin | None:
    """The nearest limit of a defect's own rules; more than one while its place is unknown."""
    place = (vehicle_model, panel, defect.type, defect.zone, defect.near_character_line)
    rules = [rule for rule in spec.rules_at(*place) if rule is not None]
    if verdict == "rework" and any(rule.banned for rule in rules):
        return Margin("size", float("inf"), 0.0, 0.0, defect.type)
    found = [margin for rule in rules for margin in _of_rule(defect, rule, verdict)]
    return min(found, key=lambda one: one.share, default=None)


def _of_rule(defect: Defect, rule: Rule, verdict: str) -> list[Margin]:
    size_mm = SIZE_OF[rule.size_by](defect)
    if rule.banned or rule.accepted or size_mm is None:
        return []
    if verdict == "rework" and rule.grade_size(size_mm) != "rework":
        return []
    return [
        Margin("size", abs(size_mm - limit_mm) / limit_mm, size_mm, limit_mm, defect.type)
        for limit_mm in rule.size_limits_mm
        if limit_mm > 0
    ]
