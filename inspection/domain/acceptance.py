"""Judging a photo's defects by an acceptance spec.

The verdict by the project's convention: any rework → rework; else anything a person has to look
at → human; else ok. Judging needs defects, not pixels, so history can be judged again under
another spec without running the network.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from inspection.domain.acceptance_rules import SIZE_OF, MaxCount, Rule, Spec
from inspection.domain.arrays import Floats
from inspection.domain.defects import NOT_JUDGED, SEVERITIES, ZONE_GRADES, Defect
from inspection.domain.inspections import Judgement, Reason, Thresholds
from inspection.domain.panels import Panel
from inspection.domain.quality import REPAIRS
from inspection.domain.scale import Scale
from inspection.domain.spacing import closest_outlines, closest_pair, fullest_window

# Every reason code with the names of its values, in the order in which reasons are told. `type`,
# `problem` and `disposition` are codes; `zone` is a grade, several joined by "/", or "A–D" where
# the panel is unknown. *_mm are floats, count and limit whole numbers, scores shares 0–1.
REASONS: dict[str, tuple[str, ...]] = {
    # rework
    "banned_type": ("type", "zone"),
    "size_over_limit": ("type", "size_mm", "zone", "limit_mm"),
    "too_many": ("type", "count", "limit", "window_mm", "zone"),
    "too_many_together": ("count", "limit", "window_mm", "zone"),
    "too_close": ("type", "distance_mm", "limit_mm", "zone"),
    "repair_route": ("type", "size_mm", "zone", "disposition"),
    "proposed_disposition": ("disposition",),
    # human
    "photo_quality": ("problem",),
    "scale_doubtful": ("mm_per_px", "shown_mm", "panel_mm"),
    "scale_unknown": (),
    "scale_too_coarse": ("smallest_mm", "limit_mm"),
    # Advice beside it: how near the camera has to be, in cm or as a share of today's distance.
    "go_to_distance": ("distance_cm",),
    "come_closer": ("share",),
    "size_straddles_limit": ("type", "size_mm", "error_mm", "zone", "limit_mm"),
    "size_at_most": ("type", "size_mm", "zone", "limit_mm"),
    "size_in_gap": ("type", "size_mm", "zone"),
    "place_unknown": ("type",),
    "no_rule": ("type", "zone"),
    "score_between": ("score", "ok_below", "reject_from"),
    "score_without_defect": ("score", "reject_from"),
    # ok
    "within_limits": ("count",),
    "no_defect": (),
}

_ORDER = {code: place for place, code in enumerate(REASONS)}
# The only rework that rests on no millimetre: it holds whatever the scale is.
_WITHOUT_SCALE = ("banned_type",)
# How much of a width's error a size takes over: the diameter grows with the root of the area.
_WIDTH_IN_SIZE = {"length": 0.0, "width": 1.0, "equivalent_diameter": 0.5}
_ALL_ZONES = f"{ZONE_GRADES[0]}–{ZONE_GRADES[-1]}"


@dataclass(frozen=True, slots=True)
class _Finding:
    """One thing that keeps a photo from being ok; weight: larger = told first of its code."""

    verdict: str
    reason: Reason
    weight: float = 0.0
    disposition: str | None = None


@dataclass(frozen=True, slots=True)
class _Case:
    """A defect with every rule that may hold for it: more than one while its place is unknown.

    None among the rules: somewhere it may lie, no rule holds.
    """

    defect: Defect
    rules: tuple[Rule | None, ...]

    @property
    def zone(self) -> str:
        return self.defect.zone or _ALL_ZONES


def judge(
    defects: Sequence[Defect],
    *,
    spec: Spec,
    vehicle_model: str,
    panel: Panel | None,
    scale: Scale | None,
    score: float,
    thresholds: Thresholds,
    quality_problems: Sequence[str] = (),
    scale_doubt: Reason | None = None,
    model_px: float | None = None,
    distance_mm: float | None = None,
) -> Judgement:
    """Propose a verdict for one photo and grade its defects; most important reason first.

    Reasons of one code, type and zone are told once, by the worst of them. Defects of NOT_JUDGED
    are kept but never held against the panel. Distances are taken on the surface: pixels of this
    photo times its scale. While model, panel or zone is unknown all rules that may hold are tried:
    where they agree that is the verdict, else a person decides.
    scale_doubt: why the scale may be wrong; then no size decides, and a person does.
    model_px: the size in px that the model finds surely, as in `Scale.smallest_provable_mm`.
    distance_mm: of the camera, for the advice where the photo is too coarse for the spec.
    A score from `reject_from` on with nothing found is never ok: the network is sure of a defect
    too small for a region. Raises ValueError for a score outside 0–1.
    """
    cases = _cases(defects, spec, vehicle_model, panel)
    verdict, findings = _proposed(
        cases,
        spec,
        vehicle_model,
        panel,
        scale,
        score,
        thresholds,
        quality_problems,
        scale_doubt,
        model_px,
        distance_mm,
        found=bool(defects),
    )
    severities = {id(case.defect): _severity(case, spec) for case in cases}
    graded = tuple(
        replace(defect, severity=severity)
        if (severity := severities.get(id(defect), defect.severity)) != defect.severity
        else defect
        for defect in defects
    )
    if not findings:
        reason = Reason("within_limits", {"count": len(cases)}) if cases else Reason("no_defect")
        return Judgement(verdict, (reason,), graded)
    return Judgement(verdict, _in_order([*findings, *_propose(findings)]), graded)


def verdict_of(
    defects: Sequence[Defect],
    *,
    spec: Spec,
    vehicle_model: str,
    panel: Panel | None,
    scale: Scale | None,
    score: float,
    thresholds: Thresholds,
    quality_problems: Sequence[str] = (),
    scale_doubt: Reason | None = None,
    model_px: float | None = None,
) -> str:
    """The verdict of `judge` alone, by the same findings, for asking of thousands of photos."""
    verdict, _ = _proposed(
        _cases(defects, spec, vehicle_model, panel),
        spec,
        vehicle_model,
        panel,
        scale,
        score,
        thresholds,
        quality_problems,
        scale_doubt,
        model_px,
        None,
        found=bool(defects),
    )
    return verdict


def _proposed(
    cases: list[_Case],
    spec: Spec,
    vehicle_model: str,
    panel: Panel | None,
    scale: Scale | None,
    score: float,
    thresholds: Thresholds,
    quality_problems: Sequence[str],
    scale_doubt: Reason | None,
    model_px: float | None,
    distance_mm: float | None,
    *,
    found: bool,
) -> tuple[str, list[_Finding]]:
    """The verdict and what it rests on. found: whether the photo shows any region at all."""
    if not 0 <= score <= 1:
        raise ValueError(f"score must lie between 0 and 1, got {score}")
    findings = [finding for case in cases if (finding := _judge_defect(case, spec, scale))]
    if scale is not None:
        findings += _judge_groups(cases, spec, scale)
    findings += _judge_proof(spec, vehicle_model, panel, scale, model_px, distance_mm)
    findings += [
        _Finding("human", Reason("photo_quality", {"problem": problem}))
        for problem in quality_problems
    ]
    findings += _judge_score(score, thresholds, found=found)
    if scale_doubt is not None:
        findings = [_Finding("human", scale_doubt), *map(_without_scale, findings)]
    if not findings:
        return "ok", []
    is_rework = any(finding.verdict == "rework" for finding in findings)
    # What is out of focus or too dark carries no measure, whatever it seems to show.
    return "rework" if is_rework and not quality_problems else "human", findings


def _without_scale(finding: _Finding) -> _Finding:
    """The finding where millimetres prove nothing: its reason stays, a person weighs it."""
    if finding.reason.code in _WITHOUT_SCALE:
        return finding
    return replace(finding, verdict="human", disposition=None)


def proposed_disposition(judgement: Judgement) -> str | None:
    """The repair the spec proposes for the photo, the heaviest of its defects; None without."""
    for reason in judgement.reasons:
        if reason.code == "proposed_disposition":
            return str(reason.values["disposition"])
    return None


def _cases(
    defects: Sequence[Defect], spec: Spec, vehicle_model: str, panel: Panel | None
) -> list[_Case]:
    code = panel.code if panel else ""
    return [
        _Case(
            defect,
            spec.rules_at(
                vehicle_model, code, defect.type, defect.zone, defect.near_character_line
            ),
        )
        for defect in defects
        if defect.type not in NOT_JUDGED
    ]


def _judge_defect(case: _Case, spec: Spec, scale: Scale | None) -> _Finding | None:
    judged = [_judge_by(rule, case, spec, scale) for rule in case.rules]
    findings = [finding for finding in judged if finding]
    if len({finding and finding.verdict for finding in judged}) > 1:
        return _Finding("human", Reason("place_unknown", {"type": case.defect.type}))
    # All agree: the mildest rule's reason is the one that holds wherever the defect lies.
    return min(findings, key=lambda finding: finding.weight) if findings else None


def _judge_by(rule: Rule | None, case: _Case, spec: Spec, scale: Scale | None) -> _Finding | None:
    about: dict[str, str | float | int] = {"type": case.defect.type, "zone": case.zone}
    if rule is None:
        return _Finding("human", Reason("no_rule", about))
    if rule.banned:
        return _Finding("rework", Reason("banned_type", about), disposition=rule.disposition)
    if rule.accepted:
        return None
    size_mm = SIZE_OF[rule.size_by](case.defect)
    if scale is None or size_mm is None:
        return _Finding("human", Reason("scale_unknown"))

    about["size_mm"] = size_mm
    grade = rule.grade_size(size_mm)
    region, of_width = case.defect.region, _WIDTH_IN_SIZE[rule.size_by]
    # Too thin to show its edges: it may be as good as nothing.
    is_bound = region.is_upper_bound and of_width > 0
    of_width = 0.0 if is_bound else of_width
    of_photo = math.hypot(region.width_error * of_width, scale.error)
    error_mm = size_mm * max(spec.measuring_error, of_photo)
    least_mm = 0.0 if is_bound else size_mm - error_mm
    if rule.grade_size(least_mm) != rule.grade_size(size_mm + error_mm):
        limit_mm = min(rule.size_limits_mm, key=lambda mm: abs(mm - size_mm))
        if is_bound:
            values = {**about, "limit_mm": limit_mm}
            return _Finding("human", Reason("size_at_most", values), size_mm / limit_mm)
        values = {**about, "error_mm": error_mm, "limit_mm": limit_mm}
        return _Finding("human", Reason("size_straddles_limit", values), size_mm / limit_mm)
    if grade == "gap":
        return _Finding("human", Reason("size_in_gap", about), size_mm)
    if grade == "rework":
        limit_mm = max(rule.size_limits_mm)
        reason = Reason("size_over_limit", {**about, "limit_mm": limit_mm})
        return _Finding("rework", reason, size_mm / limit_mm, rule.disposition)
    if rule.ok_disposition:
        reason = Reason("repair_route", {**about, "disposition": rule.ok_disposition})
        return _Finding("rework", reason, size_mm, rule.ok_disposition)
    return None


def _judge_groups(cases: list[_Case], spec: Spec, scale: Scale) -> list[_Finding]:
    findings = []
    cases_of: dict[int, list[_Case]] = {}
    for case in cases:
        for rule in case.rules:
            if rule is not None and (rule.max_count or rule.min_spacing):
                cases_of.setdefault(rule.number, []).append(case)
    for number, possible in sorted(cases_of.items()):
        rule = spec.rules[number - 1]
        certain = [case for case in possible if len(case.rules) == 1]
        broken = _judge_group(rule, certain, scale)
        findings += broken
        if not broken and len(possible) > len(certain) and _judge_group(rule, possible, scale):
            unplaced = next(case for case in possible if len(case.rules) > 1)
            findings.append(
                _Finding("human", Reason("place_unknown", {"type": unplaced.defect.type}))
            )
    return findings


def _judge_group(rule: Rule, cases: list[_Case], scale: Scale) -> list[_Finding]:
    # No window holds more defects than there are, and one alone is near to none.
    may_crowd = rule.max_count is not None and len(cases) > rule.max_count.count
    if not may_crowd and not (rule.min_spacing and len(cases) > 1):
        return []
    findings = []
    centres_mm = np.array([_centre_mm(case.defect, scale) for case in cases])
    if may_crowd and rule.max_count:
        inside = [cases[index] for index in fullest_window(centres_mm, rule.max_count.side_mm)]
        if len(inside) > rule.max_count.count:
            reason = _too_many(rule.max_count, inside)
            findings.append(_Finding("rework", reason, len(inside), rule.disposition))
    if rule.min_spacing:
        closest = (
            closest_pair(centres_mm)
            if rule.min_spacing.basis == "centre"
            else closest_outlines([_outline_mm(case.defect, scale) for case in cases])
        )
        if closest and not rule.min_spacing.allows(closest[2]):
            first, second, distance_mm = closest
            values: dict[str, str | float | int] = {
                "type": cases[first].defect.type,
                "distance_mm": distance_mm,
                "limit_mm": rule.min_spacing.mm,
                "zone": _zones([cases[first], cases[second]]),
            }
            reason = Reason("too_close", values)
            findings.append(_Finding("rework", reason, -distance_mm, rule.disposition))
    return findings


def _too_many(most: MaxCount, inside: list[_Case]) -> Reason:
    values: dict[str, str | float | int] = {
        "count": len(inside),
        "limit": most.count,
        "window_mm": most.side_mm,
        "zone": _zones(inside),
    }
    types = Counter(case.defect.type for case in inside)
    if len(types) > 1:
        return Reason("too_many_together", values)
    return Reason("too_many", {"type": next(iter(types)), **values})


def _zones(cases: list[_Case]) -> str:
    zones = {case.zone for case in cases}
    return _ALL_ZONES if _ALL_ZONES in zones else "/".join(sorted(zones))


def _centre_mm(defect: Defect, scale: Scale) -> tuple[float, float]:
    x, y, width, height = defect.region.bbox_px
    return scale.length_mm(x + width / 2), scale.length_mm(y + height / 2)


def _outline_mm(defect: Defect, scale: Scale) -> Floats:
    x, y, width, height = defect.region.bbox_px
    # A region of a pixel or two may come without an outline; its box is all there is.
    corners = ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
    return np.array(defect.region.outline_px or corners, dtype=float) * scale.mm_per_px


def _judge_proof(
    spec: Spec,
    vehicle_model: str,
    panel: Panel | None,
    scale: Scale | None,
    model_px: float | None,
    distance_mm: float | None,
) -> list[_Finding]:
    """Whether the photo can prove what the spec asks of this model and panel, found or not."""
    asks, limit_mm = spec.asks_of(vehicle_model, panel)
    if scale is None:
        return [_Finding("human", Reason("scale_unknown"))] if asks else []
    smallest_mm = scale.smallest_provable_mm(model_px)
    if limit_mm is None or smallest_mm <= limit_mm:
        return []
    values = {"smallest_mm": smallest_mm, "limit_mm": limit_mm}
    advice = _advice(limit_mm / smallest_mm, distance_mm)
    return [_Finding("human", reason) for reason in (Reason("scale_too_coarse", values), advice)]


def _advice(share: float, distance_mm: float | None) -> Reason:
    """What a pixel shows grows with the distance: so near, the photo proves what the spec asks."""
    if distance_mm is not None and (distance_cm := math.floor(share * distance_mm / 10)):
        return Reason("go_to_distance", {"distance_cm": distance_cm})
    # Rounded down: a share that is said may not be too much.
    return Reason("come_closer", {"share": math.floor(100 * share) / 100})


def _judge_score(score: float, thresholds: Thresholds, found: bool) -> list[_Finding]:
    if score < thresholds.ok_below:
        return []
    if score < thresholds.reject_from:
        values = {
            "score": score,
            "ok_below": thresholds.ok_below,
            "reject_from": thresholds.reject_from,
        }
        return [_Finding("human", Reason("score_between", values))]
    if found:
        return []
    values = {"score": score, "reject_from": thresholds.reject_from}
    return [_Finding("human", Reason("score_without_defect", values))]


def _severity(case: _Case, spec: Spec) -> str | None:
    """The gravest grade of all rules that may hold; None while one of them needs a size."""
    grades = [_severity_by(rule, case.defect, spec) for rule in case.rules]
    return None if None in grades else max(grades, key=SEVERITIES.index)


def _severity_by(rule: Rule | None, defect: Defect, spec: Spec) -> str | None:
    if rule is None or rule.severity:
        return rule.severity if rule else None
    if rule.banned:
        return "critical"
    if not rule.size_limits_mm:
        return "minor"
    size_mm = SIZE_OF[rule.size_by](defect)
    if size_mm is None:
        return None
    share = size_mm / max(rule.size_limits_mm)
    if share < spec.major_from:
        return "minor"
    return "critical" if share >= spec.critical_from else "major"


def _propose(findings: list[_Finding]) -> list[_Finding]:
    repairs = [finding.disposition for finding in findings if finding.disposition]
    if not repairs:
        return []
    heaviest = max(repairs, key=REPAIRS.index)
    return [_Finding("rework", Reason("proposed_disposition", {"disposition": heaviest}))]


def _in_order(findings: list[_Finding]) -> tuple[Reason, ...]:
    ordered = sorted(findings, key=lambda finding: (_ORDER[finding.reason.code], -finding.weight))
    told: dict[tuple[object, ...], Reason] = {}
    for finding in ordered:
        reason = finding.reason
        values = reason.values
        key = (reason.code, values.get("type"), values.get("zone"), values.get("problem"))
        told.setdefault(key, reason)
    return tuple(told.values())
