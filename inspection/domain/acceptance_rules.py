"""The acceptance spec: the rules a customer and a plant agreed on, read from a TOML text.

A spec file has `name`, `version`, `example`, `description`, `measuring_error`, a table
`[severity]` and any number of `[[rule]]`. A rule says where it holds and what it asks:

where   vehicle_models, panels, types, zones   lists of codes; left out = all
        near_character_line                    true or false; left out = both
what    banned = true                          no defect of these types, whatever its size
        accepted = true                        any number and size is fine
        size_by                                length, width or equivalent_diameter
        ok = { up_to_mm, inclusive }           sizes that pass; `inclusive` defaults to true;
                                               `disposition` = they still need that repair
        rework = { from_mm, inclusive }        sizes to repair; `inclusive` defaults to false
        max_count = { count, area_mm2 }        at most so many in any square window of that area
        min_spacing = { mm, inclusive, basis } inclusive = false: must be *more than* mm apart;
                                               basis: centre (default) or edge
        disposition                            the repair proposed when the rule is broken
        severity                               fixed grade; left out = by share of the size limit

A size that neither bound covers is a gap of the spec: a person decides. Counts and spacing hold
for all types of one rule together; a plant that wants them apart writes a rule a type.
Of several rules that fit a defect the most specific one holds: naming the vehicle model weighs
most, then panel, type, zone and character line. Two equally specific rules for the same defect
contradict each other and are refused.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

from inspection.domain.defects import FAMILY_OF_TYPE, SEVERITIES, ZONE_GRADES, Defect
from inspection.domain.panels import PANEL_CODES, Panel
from inspection.domain.quality import REPAIRS
from inspection.domain.toml_tables import TomlTable, parse_toml
from inspection.errors import SpecError

SIZE_OF: dict[str, Callable[[Defect], float | None]] = {
    "length": lambda defect: defect.length_mm,
    "width": lambda defect: defect.width_mm,
    "equivalent_diameter": lambda defect: defect.equivalent_diameter_mm,
}
SPACING_BASES = ("centre", "edge")

# Vehicle model, panel, type, zone and whether near a character line.
_Place = tuple[str, str, str, str | None, bool]

# Sizes come from pixel sums: a millionth of a millimetre is rounding, not a difference.
ROUNDING_MM = 1e-6


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of a size range; inclusive: whether exactly this size belongs to it."""

    mm: float
    inclusive: bool


@dataclass(frozen=True, slots=True)
class MaxCount:
    """At most `count` defects in any square window of this area."""

    count: int
    area_mm2: float

    @property
    def side_mm(self) -> float:
        return self.area_mm2**0.5


@dataclass(frozen=True, slots=True)
class MinSpacing:
    """Least distance between two defects; inclusive: whether exactly `mm` is enough."""

    mm: float
    inclusive: bool
    basis: str

    def allows(self, distance_mm: float) -> bool:
        if self.inclusive:
            return distance_mm >= self.mm - ROUNDING_MM
        return distance_mm > self.mm + ROUNDING_MM


@dataclass(frozen=True, slots=True)
class Rule:
    """One agreement; see the module text. None in a "where" field means all."""

    number: int
    vehicle_models: frozenset[str] | None = None
    panels: frozenset[str] | None = None
    types: frozenset[str] | None = None
    zones: frozenset[str] | None = None
    near_character_line: bool | None = None
    banned: bool = False
    accepted: bool = False
    size_by: str = "equivalent_diameter"
    ok: Bound | None = None
    ok_disposition: str | None = None
    rework: Bound | None = None
    max_count: MaxCount | None = None
    min_spacing: MinSpacing | None = None
    disposition: str | None = None
    severity: str | None = None

    def covers(self, vehicle_model: str, panel: str, type: str, zone: str, near: bool) -> bool:
        return (
            (self.vehicle_models is None or vehicle_model in self.vehicle_models)
            and (self.panels is None or panel in self.panels)
            and (self.types is None or type in self.types)
            and (self.zones is None or zone in self.zones)
            and self.near_character_line in (None, near)
        )

    def may_hold(self, vehicle_model: str, panel: str, grades: tuple[str, ...]) -> bool:
        """Whether it may speak of a photo; "" = unknown. grades: of the panel's zones."""
        return (
            (
                self.vehicle_models is None
                or not vehicle_model
                or vehicle_model in self.vehicle_models
            )
            and (self.panels is None or not panel or panel in self.panels)
            and (self.zones is None or not panel or not self.zones.isdisjoint(grades))
        )

    @property
    def specificity(self) -> tuple[bool, ...]:
        return tuple(
            chosen is not None
            for chosen in (
                self.vehicle_models,
                self.panels,
                self.types,
                self.zones,
                self.near_character_line,
            )
        )

    def grade_size(self, size_mm: float) -> str:
        """ "ok", "gap" or "rework" for a size taken as exact."""
        if self.ok is None and self.rework is None:
            return "ok"
        if self.rework is not None and (
            size_mm > self.rework.mm + ROUNDING_MM
            or (self.rework.inclusive and size_mm >= self.rework.mm - ROUNDING_MM)
        ):
            return "rework"
        if self.ok is not None and (
            size_mm < self.ok.mm - ROUNDING_MM
            or (self.ok.inclusive and size_mm <= self.ok.mm + ROUNDING_MM)
        ):
            return "ok"
        return "gap"

    @property
    def size_limits_mm(self) -> tuple[float, ...]:
        if self.ok is None:
            return () if self.rework is None else (self.rework.mm,)
        return (self.ok.mm,) if self.rework is None else (self.ok.mm, self.rework.mm)

    @property
    def asks_for_millimetres(self) -> bool:
        return bool(self.size_limits_mm) or bool(self.max_count or self.min_spacing)


@dataclass(frozen=True, slots=True)
class Spec:
    """A named, versioned set of rules; sha256 identifies its exact text in the log.

    example: True for the shipped ones, which are nobody's contract. measuring_error: share by
    which a measured size may be off; a size whose error straddles a limit goes to a person.
    major_from, critical_from: severity by size as a share of the limit.
    """

    name: str
    version: str
    example: bool
    description: str
    measuring_error: float
    major_from: float
    critical_from: float
    rules: tuple[Rule, ...]
    text: str
    sha256: str
    # What `rules_at` and `asks_of` found before: history asks for the same few places ten
    # thousand times.
    _found: dict[_Place, tuple[Rule | None, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _asked: dict[tuple[str, str, tuple[str, ...]], tuple[bool, float | None]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def rule_for(
        self, vehicle_model: str, panel: str, type: str, zone: str, near: bool
    ) -> Rule | None:
        """The most specific rule for a defect of this type at this place, or None."""
        fitting = [
            rule for rule in self.rules if rule.covers(vehicle_model, panel, type, zone, near)
        ]
        return max(fitting, key=lambda rule: rule.specificity, default=None)

    def rules_at(
        self, vehicle_model: str, panel: str, type: str, zone: str | None, near: bool
    ) -> tuple[Rule | None, ...]:
        """Every rule that may hold: more than one while model or panel ("") or zone (None) is
        unknown. None among them: somewhere the defect may lie, no rule holds."""
        place = (vehicle_model, panel, type, zone, near)
        if place not in self._found:
            models = [vehicle_model] if vehicle_model else ["", *self._named("vehicle_models")]
            panels = [panel] if panel else ["", *self._named("panels")]
            zones = [zone] if zone else ZONE_GRADES
            lines = [near] if zone else [False, True]
            self._found[place] = tuple(
                dict.fromkeys(
                    self.rule_for(model, code, type, grade, by_line)
                    for model, code, grade, by_line in product(models, panels, zones, lines)
                )
            )
        return self._found[place]

    def asks_of(self, vehicle_model: str, panel: Panel | None) -> tuple[bool, float | None]:
        """Whether any rule that may speak of a photo asks for millimetres, and the smallest size
        limit of them. vehicle_model "", panel None: unknown."""
        grades = panel.grades if panel else ()
        place = (vehicle_model, panel.code if panel else "", grades)
        if place not in self._asked:
            rules = [rule for rule in self.rules if rule.may_hold(*place)]
            limits = [mm for rule in rules for mm in rule.size_limits_mm]
            asks = any(rule.asks_for_millimetres for rule in rules)
            self._asked[place] = (asks, min(limits, default=None))
        return self._asked[place]

    def _named(self, field: str) -> list[str]:
        return sorted({code for rule in self.rules for code in getattr(rule, field) or ()})


def load_spec(path: Path) -> Spec:
    """Read a spec file. Raises SpecError with one sentence when it cannot be used."""
    try:
        # Not read_text: it would change line ends, and the hash is that of the file.
        return parse_spec(path.read_bytes().decode("utf-8"), path.name)
    except OSError as error:
        raise SpecError("spec_unreadable", file=path, why=error.strerror) from None
    except UnicodeDecodeError:
        raise SpecError("spec_not_utf8", file=path.name) from None


def parse_spec(text: str, filename: str) -> Spec:
    """Read a spec from its text; filename opens every refusal.

    Raises SpecError for unknown keys, impossible values and rules that contradict themselves or
    each other.
    """
    table = parse_toml(text, filename)
    severity = table.table("severity") or TomlTable({}, f"{filename}, severity")
    spec = Spec(
        name=table.text("name"),
        version=table.text("version"),
        example=table.flag("example", False),
        description=table.text("description", ""),
        measuring_error=table.share("measuring_error", 0.0, up_to=0.5),
        major_from=severity.number("major_from", 1.0, up_to=100),
        critical_from=severity.number("critical_from", 3.0, up_to=100),
        rules=tuple(_read_rule(entry, n) for n, entry in enumerate(table.tables("rule"), 1)),
        text=text,
        sha256=hashlib.sha256(text.encode("utf-8")).hexdigest(),
    )
    severity.refuse_unknown()
    table.refuse_unknown()
    if spec.critical_from < spec.major_from:
        raise severity.refusal(
            "critical_from",
            spec.critical_from,
            SpecError("cure_critical_from", least=f"{spec.major_from:g}"),
        )
    if not spec.rules:
        raise SpecError("spec_no_rules", file=filename)
    _refuse_contradictions(spec.rules, filename)
    return spec


def _read_rule(table: TomlTable, number: int) -> Rule:
    ok, ok_disposition = _read_ok(table.table("ok"))
    rule = Rule(
        number=number,
        vehicle_models=table.codes("vehicle_models"),
        panels=table.codes("panels", PANEL_CODES),
        types=table.codes("types", FAMILY_OF_TYPE),
        zones=table.codes("zones", ZONE_GRADES),
        near_character_line=(
            table.flag("near_character_line") if table.has("near_character_line") else None
        ),
        banned=table.flag("banned", False),
        accepted=table.flag("accepted", False),
        size_by=table.code("size_by", SIZE_OF, "equivalent_diameter"),
        ok=ok,
        ok_disposition=ok_disposition,
        rework=_read_rework(table.table("rework")),
        max_count=_read_max_count(table.table("max_count")),
        min_spacing=_read_min_spacing(table.table("min_spacing")),
        disposition=table.code("disposition", REPAIRS) if table.has("disposition") else None,
        severity=table.code("severity", SEVERITIES) if table.has("severity") else None,
    )
    table.refuse_unknown()
    limits = bool(rule.asks_for_millimetres)
    if rule.banned + rule.accepted + limits != 1:
        raise SpecError("spec_rule_kind", place=table.place)
    if table.has("size_by") and not rule.size_limits_mm:
        raise table.refusal("size_by", rule.size_by, SpecError("cure_size_by"))
    if rule.accepted and rule.disposition:
        raise table.refusal("disposition", rule.disposition, SpecError("cure_accepted"))
    if rule.ok and rule.rework:
        both_cover = rule.ok.mm > rule.rework.mm or (
            rule.ok.mm == rule.rework.mm and rule.ok.inclusive and rule.rework.inclusive
        )
        if both_cover:
            raise SpecError(
                "spec_ok_and_rework",
                place=table.place,
                size=rule.rework.mm,
                ok=rule.ok.mm,
                rework=rule.rework.mm,
            )
    return rule


def _read_ok(table: TomlTable | None) -> tuple[Bound | None, str | None]:
    if table is None:
        return None, None
    bound = Bound(table.number("up_to_mm"), table.flag("inclusive", True))
    disposition = table.code("disposition", REPAIRS) if table.has("disposition") else None
    table.refuse_unknown()
    return bound, disposition


def _read_rework(table: TomlTable | None) -> Bound | None:
    if table is None:
        return None
    bound = Bound(table.number("from_mm"), table.flag("inclusive", False))
    table.refuse_unknown()
    return bound


def _read_max_count(table: TomlTable | None) -> MaxCount | None:
    if table is None:
        return None
    limit = MaxCount(table.count("count"), table.number("area_mm2", up_to=1e8))
    table.refuse_unknown()
    return limit


def _read_min_spacing(table: TomlTable | None) -> MinSpacing | None:
    if table is None:
        return None
    spacing = MinSpacing(
        table.number("mm"),
        table.flag("inclusive", True),
        table.code("basis", SPACING_BASES, "centre"),
    )
    table.refuse_unknown()
    return spacing


def _refuse_contradictions(rules: tuple[Rule, ...], filename: str) -> None:
    for first in rules:
        for second in rules[first.number :]:
            if first.specificity == second.specificity and _overlap(first, second):
                raise SpecError(
                    "spec_rules_overlap", file=filename, first=first.number, second=second.number
                )


def _overlap(first: Rule, second: Rule) -> bool:
    sets = (
        (first.vehicle_models, second.vehicle_models),
        (first.panels, second.panels),
        (first.types, second.types),
        (first.zones, second.zones),
    )
    return all(a is None or b is None or a & b for a, b in sets) and (
        first.near_character_line == second.near_character_line
    )
