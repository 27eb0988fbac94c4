"""The rules of an acceptance spec as a table that can be edited, one row a rule."""

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from inspection.domain.acceptance_rules import SIZE_OF, SPACING_BASES, Spec
from inspection.domain.defects import FAMILY_OF_TYPE, SEVERITIES, ZONE_GRADES
from inspection.domain.panels import PANEL_CODES
from inspection.domain.quality import REPAIRS
from inspection.domain.specs.rows import CHARACTER_LINE, FIELDS, KINDS, WHERE, Head, Row, rows_of
from inspection.services.station import Station
from inspection.ui.session import plain, t
from inspection.ui.widgets.words import model_name, word

_NUMBERS = ("ok_up_to_mm", "rework_from_mm", "max_count_area_mm2", "min_spacing_mm")
_FLAGS = ("ok_inclusive", "rework_inclusive", "min_spacing_inclusive")
_CODES: dict[str, tuple[str, Sequence[str]]] = {
    "character_line": ("spec.character_line_word", tuple(CHARACTER_LINE)),
    "kind": ("spec.kind_word", KINDS),
    "size_by": ("spec.size_by_word", tuple(SIZE_OF)),
    "ok_disposition": ("disposition", REPAIRS),
    "min_spacing_basis": ("spec.basis_word", SPACING_BASES),
    "disposition": ("disposition", REPAIRS),
    "severity": ("severity", SEVERITIES),
}


def head_fields(base: Spec, key: str) -> Head:
    """The fields above the rules, filled from `base`; its version counted up."""
    name, version = st.columns([3, 1])
    about, example = st.columns([3, 1], vertical_alignment="bottom")
    error, major, critical = st.columns(3)
    return Head(
        name=name.text_input(t("spec.name"), value=base.name, key=f"{key}_name"),
        version=version.text_input(
            t("spec.version"), value=next_version(base.version), key=f"{key}_version"
        ),
        description=about.text_input(
            t("spec.description"), value=base.description, key=f"{key}_description"
        ),
        example=example.checkbox(
            t("spec.example"), value=base.example, key=f"{key}_example", help=t("spec.example_help")
        ),
        measuring_error=error.number_input(
            t("spec.measuring_error"),
            value=base.measuring_error,
            min_value=0.0,
            max_value=0.5,
            step=0.01,
            key=f"{key}_error",
            help=t("spec.measuring_error_help"),
        ),
        major_from=major.number_input(
            t("spec.major_from"), value=base.major_from, step=0.5, key=f"{key}_major"
        ),
        critical_from=critical.number_input(
            t("spec.critical_from"), value=base.critical_from, step=0.5, key=f"{key}_critical"
        ),
    )


def next_version(version: str) -> str:
    """The version that an edited spec is offered: the last whole number counted up."""
    before, dot, last = version.rpartition(".")
    return f"{before}{dot}{int(last) + 1}" if last.isdecimal() else f"{version}.1"


def edited_rows(station: Station, base: Spec, key: str) -> list[Row]:
    """The table of every field, as it stands after the edits of this tab."""
    edited = st.data_editor(
        as_frame(rows_of(base)),
        key=f"{key}_rows",
        num_rows="dynamic",
        hide_index=False,
        column_config=_columns(station, base),
        width="stretch",
        # Streamlit writes an English "None" otherwise.
        placeholder="",
    )
    return rows_from(edited)


def as_frame(rows: Sequence[Row]) -> pd.DataFrame:
    """The rows as the table takes them, counted from 1 as the refusals count them."""
    frame = pd.DataFrame(list(rows), columns=list(FIELDS))
    frame = frame.astype(
        {
            **dict.fromkeys(_NUMBERS, "float64"),
            **dict.fromkeys(_FLAGS, "boolean"),
            "max_count": "Int64",
        }
    )
    frame.index = pd.RangeIndex(1, len(frame) + 1)
    return frame


def rows_from(frame: pd.DataFrame) -> list[Row]:
    """The table's rows as the domain takes them: what is empty is None."""
    return [
        {name: _cell(name, value) for name, value in record.items()}
        for record in frame.to_dict("records")
    ]


def _cell(name: str, value: Any) -> Any:
    if name in WHERE:
        return [] if value is None or isinstance(value, float) else [str(one) for one in value]
    if value is None or value is pd.NA or value == "" or value != value:
        return None
    if name in _FLAGS:
        return bool(value)
    if name in _NUMBERS:
        return float(value)
    if name == "max_count":
        return int(value) if value == int(value) else float(value)
    return str(value)


def _columns(station: Station, base: Spec) -> dict[str, Any]:
    models = {model.code for model in station.bodies.models}
    models |= {code for rule in base.rules for code in rule.vehicle_models or ()}
    # The first two are mostly empty: on a tablet the types still stand beside them.
    named = {
        "vehicle_models": (sorted(models), model_name, 120),
        "panels": (PANEL_CODES, _words("panel"), 120),
        "types": (
            [one for one in FAMILY_OF_TYPE if one != "pseudo_defect"],
            _words("defect"),
            260,
        ),
        "zones": (ZONE_GRADES, str, 120),
    }
    config: dict[str, Any] = {"_index": st.column_config.Column(plain("spec.rule"))}
    for name, (codes, shown, width_px) in named.items():
        config[name] = st.column_config.MultiselectColumn(
            plain(f"spec.field.{name}"), options=list(codes), format_func=shown, width=width_px
        )
    for name, (table, some) in _CODES.items():
        config[name] = st.column_config.SelectboxColumn(
            plain(f"spec.field.{name}"), options=list(some), format_func=_words(table)
        )
    for name in _NUMBERS:
        config[name] = st.column_config.NumberColumn(plain(f"spec.field.{name}"), min_value=0.0)
    for name in _FLAGS:
        config[name] = st.column_config.CheckboxColumn(plain(f"spec.field.{name}"))
    config["max_count"] = st.column_config.NumberColumn(
        plain("spec.field.max_count"), min_value=0, step=1
    )
    return {name: config[name] for name in ("_index", *FIELDS)}


def _words(table: str) -> Callable[[str], str]:
    return lambda code: str(word(table, code))
