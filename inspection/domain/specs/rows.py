"""An acceptance spec as a table, one row a rule, and back to its TOML text.

A row holds every field of `acceptance_rules.Rule` flat. None, and an empty list, is a field left
out. What a row says is not checked here: the text made of it is read by `parse_spec`, which refuses
in words. Comments of a text are not part of its rules and are lost on the way.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inspection.domain.acceptance_rules import Rule, Spec

# What a rule does with its types; "limits" = by size, count or spacing.
KINDS = ("limits", "banned", "accepted")
# Whether a rule holds near a character line or away from it; None = both.
CHARACTER_LINE = {"near": True, "away": False}
WHERE = ("vehicle_models", "panels", "types", "zones")
FIELDS = (
    *WHERE,
    "character_line",
    "kind",
    "size_by",
    "ok_up_to_mm",
    "ok_inclusive",
    "ok_disposition",
    "rework_from_mm",
    "rework_inclusive",
    "max_count",
    "max_count_area_mm2",
    "min_spacing_mm",
    "min_spacing_inclusive",
    "min_spacing_basis",
    "disposition",
    "severity",
)
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Head:
    """What a spec says before its rules; the fields of `Spec`, as they are typed."""

    name: str
    version: str
    example: bool = False
    description: str = ""
    measuring_error: float = 0.0
    major_from: float = 1.0
    critical_from: float = 3.0


def head_of(spec: Spec) -> Head:
    return Head(
        spec.name,
        spec.version,
        spec.example,
        spec.description,
        spec.measuring_error,
        spec.major_from,
        spec.critical_from,
    )


def rows_of(spec: Spec) -> list[Row]:
    """The rules in their order, with the keys of `FIELDS`."""
    return [_row(rule) for rule in spec.rules]


def spec_text(head: Head, rows: Sequence[Mapping[str, Any]]) -> str:
    """The TOML text of a table. rows: a key left out counts as None."""
    lines = [
        f"name = {_value(head.name)}",
        f"version = {_value(head.version)}",
        f"example = {_value(head.example)}",
        f"description = {_value(head.description)}",
        f"measuring_error = {_value(head.measuring_error)}",
        "",
        "[severity]",
        f"major_from = {_value(head.major_from)}",
        f"critical_from = {_value(head.critical_from)}",
    ]
    for row in rows:
        lines += ["", "[[rule]]", *_rule_lines(row)]
    return "\n".join(lines) + "\n"


def _row(rule: Rule) -> Row:
    near = {True: "near", False: "away", None: None}[rule.near_character_line]
    ok, rework, count, spacing = rule.ok, rule.rework, rule.max_count, rule.min_spacing
    return {
        **{name: sorted(getattr(rule, name) or ()) for name in WHERE},
        "character_line": near,
        "kind": "banned" if rule.banned else "accepted" if rule.accepted else "limits",
        "size_by": rule.size_by if rule.size_limits_mm else None,
        "ok_up_to_mm": ok.mm if ok else None,
        "ok_inclusive": ok.inclusive if ok else None,
        "ok_disposition": rule.ok_disposition,
        "rework_from_mm": rework.mm if rework else None,
        "rework_inclusive": rework.inclusive if rework else None,
        "max_count": count.count if count else None,
        "max_count_area_mm2": count.area_mm2 if count else None,
        "min_spacing_mm": spacing.mm if spacing else None,
        "min_spacing_inclusive": spacing.inclusive if spacing else None,
        "min_spacing_basis": spacing.basis if spacing else None,
        "disposition": rule.disposition,
        "severity": rule.severity,
    }


def _rule_lines(row: Mapping[str, Any]) -> list[str]:
    near = row.get("character_line")
    kind = row.get("kind")
    values: Row = {
        **{name: list(row.get(name) or ()) or None for name in WHERE},
        "near_character_line": CHARACTER_LINE.get(str(near), near),
        "banned": True if kind == "banned" else None,
        "accepted": True if kind == "accepted" else None,
        "size_by": row.get("size_by"),
    }
    tables = (
        ("ok", {"up_to_mm": "ok_up_to_mm", "disposition": "ok_disposition"}, "ok_inclusive"),
        ("rework", {"from_mm": "rework_from_mm"}, "rework_inclusive"),
        ("max_count", {"count": "max_count", "area_mm2": "max_count_area_mm2"}, None),
        (
            "min_spacing",
            {"mm": "min_spacing_mm", "basis": "min_spacing_basis"},
            "min_spacing_inclusive",
        ),
    )
    for name, keys, inclusive in tables:
        inside = {key: row.get(field) for key, field in keys.items()}
        inside = {key: value for key, value in inside.items() if value is not None}
        # Whether a bound is inclusive says nothing without the bound.
        if inside and inclusive and row.get(inclusive) is not None:
            inside["inclusive"] = row[inclusive]
        values[name] = inside or None
    values["disposition"] = row.get("disposition")
    values["severity"] = row.get("severity")
    return [f"{key} = {_value(value)}" for key, value in values.items() if value is not None]


def _value(value: Any) -> str:
    """A value as TOML writes it; its basic strings are those of JSON but for one letter."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_value(part)}" for key, part in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)
