"""The zones of a vehicle model on its outlines, to which the rules of a spec refer: seen, drawn
and changed."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from inspection.charts.body import panel_zones, zone_map
from inspection.domain.body_drawings import DRAWINGS, drawings
from inspection.domain.defects import ZONE_GRADES
from inspection.domain.inspections import MOST_REASON_LETTERS
from inspection.domain.letters import MOST_NAME_LETTERS
from inspection.domain.panels import Panel, VehicleModel, Zone
from inspection.domain.specs.zones import FIELDS, rows_of, zones_of
from inspection.errors import Conflict, InspectionError
from inspection.services.specs.zones import last_change, save_zones
from inspection.services.station import Station
from inspection.ui import session
from inspection.ui.markdown import as_written
from inspection.ui.session import error_text, plain, t
from inspection.ui.widgets import chart_frame
from inspection.ui.widgets.chart_frame import Column, Figures
from inspection.ui.widgets.chart_words import chart_words, sentence_case
from inspection.ui.widgets.words import model_name, word

_DONE, _DRAFT = "zones_done", "zones_draft"
_SIDES = ("x_from", "x_to", "y_from", "y_to")
Rows = list[dict[str, Any]]


def zones(station: Station) -> None:
    """Which grade each part of each panel has, drawn and as a table."""
    models = [model.code for model in station.bodies.models]
    chosen = st.selectbox(
        t("common.vehicle_model"), models, format_func=model_name, key="spec_zones_model"
    )
    if chosen is None:
        return
    model = station.bodies.model(chosen)
    words = {
        **chart_words(zone=t("spec.zone_of_map"), character_line=t("spec.zone_near_line")),
        **{view: t(f"body.view.{view}") for view in DRAWINGS},
        **{one.code: sentence_case(word("panel", one.code)) for one in model.panels},
    }
    chart_frame.show(
        "spec_zones",
        plain("spec.zones_of", model=model.name),
        zone_map(model, drawings(model), words),
        (lambda: _table(model, words),),
        note=t("spec.zones_note"),
        tools=False,
        of_log=False,
    )
    _edit(station, model, words)


# --- changing them ---


def _edit(station: Station, model: VehicleModel, words: dict[str, str]) -> None:
    """One panel square on: its zones drawn, boxed anew, and as a table; saved into the file."""
    st.subheader(t("spec.zones_edit"))
    if done := st.session_state.pop(_DONE, None):
        st.success(done, icon=":material/check_circle:")
    st.caption(t("spec.zones_edit_note"))
    where, own, new, near = st.columns([3, 2, 2, 3], vertical_alignment="bottom")
    code = where.selectbox(
        t("common.panel"),
        [one.code for one in model.panels],
        format_func=lambda one: words[one],
        key="zones_panel",
    )
    panel = model.panel(code) if code else None
    if panel is None:
        return
    base = f"{model.code}_{panel.code}"
    draft = _draft(base, panel)
    key = f"{base}_{draft['round']}"
    grade = own.selectbox(
        t("spec.zone_own_grade"),
        ZONE_GRADES,
        index=ZONE_GRADES.index(draft["grade"]),
        key=f"zones_grade_{key}",
    )
    new.selectbox(t("spec.zone_new_grade"), ZONE_GRADES, key="zones_new_grade")
    near.checkbox(t("spec.zone_near_line"), key="zones_new_near")
    above = st.container()
    rows = _edited(draft["rows"], key)
    draft |= {"now": rows, "grade_now": grade}
    try:
        zones_now = zones_of(rows)
    except InspectionError as error:
        st.error(as_written(error_text(error)), icon=":material/error:")
        return
    with above:
        _drawn(replace(panel, grade=grade, zones=zones_now), base, key, words)
    _save(station, model, panel, grade, zones_now)


def _draft(base: str, panel: Panel) -> dict[str, Any]:
    """What this tab has changed of a panel; another panel, or one that somebody else changed
    meanwhile, begins with what holds."""
    kept = st.session_state.get(_DRAFT)
    if kept is None or kept["base"] != base or kept["panel"] != panel:
        if kept is not None and kept["base"] == base:
            error = Conflict("zones_changed_meanwhile", panel=panel.code)
            st.warning(as_written(error_text(error)), icon=":material/warning:")
        kept = {
            "base": base,
            "panel": panel,
            "grade": panel.grade,
            "rows": rows_of(panel),
            "round": (kept["round"] if kept else 0) + 1,
        }
        st.session_state[_DRAFT] = kept
    return kept


def _drawn(panel: Panel, base: str, key: str, words: dict[str, str]) -> None:
    name = f"zones_box_{key}"
    labels = {**words, "across": t("spec.zone_across"), "down": t("spec.zone_down")}
    chart_frame.show(
        name,
        plain("spec.zones_drawn", panel=words[panel.code]),
        panel_zones(panel, labels),
        (lambda: _listed(panel, words),),
        choose=lambda: _boxed(panel, base, name),
        of_log=False,
    )


def _boxed(panel: Panel, base: str, name: str) -> None:
    """A box drawn on the panel becomes a zone of the chosen grade."""
    draft = st.session_state.get(_DRAFT)
    boxes = ((st.session_state.get(f"{name}_chart") or {}).get("selection") or {}).get("box") or []
    if draft is None or draft["base"] != base or not boxes:
        return
    row: dict[str, Any] = {
        "grade": st.session_state["zones_new_grade"],
        "near_character_line": st.session_state["zones_new_near"],
    }
    for axis, length_mm in (("x", panel.width_mm), ("y", panel.height_mm)):
        shares = sorted(min(100.0, max(0.0, 100.0 * mm / length_mm)) for mm in boxes[-1][axis])
        row[f"{axis}_from"], row[f"{axis}_to"] = (round(share, 1) for share in shares)
    if row["x_from"] < row["x_to"] and row["y_from"] < row["y_to"]:
        st.session_state[_DRAFT] = {
            **draft,
            "rows": [*draft["now"], row],
            "grade": draft["grade_now"],
            "round": draft["round"] + 1,
        }


def _edited(rows: Rows, key: str) -> Rows:
    """The zones as a table: moved by their sides, renamed by their grade, added and deleted."""
    frame = pd.DataFrame(rows, columns=list(FIELDS))
    frame = frame.astype({**dict.fromkeys(_SIDES, "float64"), "near_character_line": "boolean"})
    frame.index = pd.RangeIndex(1, len(frame) + 1)
    columns = st.column_config
    edited = st.data_editor(
        frame,
        key=f"zones_rows_{key}",
        num_rows="dynamic",
        hide_index=False,
        width="stretch",
        placeholder="",
        column_config={
            "_index": columns.Column(plain("spec.zone_number")),
            "grade": columns.SelectboxColumn(plain("common.zone"), options=list(ZONE_GRADES)),
            **{
                side: columns.NumberColumn(
                    plain(f"spec.zone_{side}"), min_value=0.0, max_value=100.0, format="%.1f"
                )
                for side in _SIDES
            },
            "near_character_line": columns.CheckboxColumn(plain("spec.zone_near_line")),
        },
    )
    return [
        {name: None if value is pd.NA or value != value else value for name, value in row.items()}
        for row in edited.to_dict("records")
    ]


def _save(
    station: Station, model: VehicleModel, panel: Panel, grade: str, now: tuple[Zone, ...]
) -> None:
    with st.form("zones_save", border=True):
        st.markdown(f"**{t('spec.zones_save_title')}**")
        who = st.text_input(
            t("spec.who"),
            value=session.inspector(),
            key="zones_save_who",
            max_chars=MOST_NAME_LETTERS,
        )
        reason = st.text_input(
            t("spec.reason"), key="zones_save_reason", max_chars=MOST_REASON_LETTERS
        )
        st.caption(t("spec.zones_save_note"))
        pressed = st.form_submit_button(
            t("spec.zones_save"), type="primary", icon=":material/save:"
        )
    names = {"panel": str(word("panel", panel.code)), "model": model.name}
    if pressed:
        _do(
            who,
            lambda: _kept(station, model, panel, grade, now, who, reason, "zones_done", names),
        )
    last = last_change(station, model.code, panel.code)
    if last is not None and st.button(
        t("spec.zones_undo"), key="zones_undo", icon=":material/undo:"
    ):
        before = last.before
        _do(
            who,
            lambda: _kept(
                *(station, model, panel, before.grade, before.zones, who, ""),
                *("zones_undone", names),
            ),
        )


def _kept(
    station: Station,
    model: VehicleModel,
    panel: Panel,
    grade: str,
    now: tuple[Zone, ...],
    who: str,
    reason: str,
    done: str,
    names: dict[str, str],
) -> str:
    save_zones(station, model.code, panel.code, grade, now, seen=panel, who=who, reason=reason)
    # The next run begins with what was saved: nobody else changed it.
    st.session_state[_DRAFT] = {**st.session_state[_DRAFT], "base": ""}
    return t(f"spec.{done}", **names)


def _do(who: str, act: Callable[[], str]) -> None:
    """Do it and draw the page anew with its sentence, or say why not."""
    try:
        st.session_state[_DONE] = act()
    except InspectionError as error:
        st.error(as_written(error_text(error)), icon=":material/block:")
        return
    session.remember_inspector(who)
    st.rerun()


# --- as figures ---


def _listed(panel: Panel, words: dict[str, str]) -> Figures:
    """The zones of one panel as they are listed."""
    rows = [(zone.grade, *(100.0 * side for side in (*zone.x, *zone.y))) for zone in panel.zones]
    frame = pd.DataFrame(rows, columns=["zone", *_SIDES])
    return Figures(
        frame,
        (
            Column("zone", t("common.zone")),
            *(Column(side, t(f"spec.zone_{side}"), "%.1f") for side in _SIDES),
        ),
    )


def _table(model: VehicleModel, words: dict[str, str]) -> Figures:
    """Of each panel how much of it has which grade, largest share first."""
    rows = []
    for panel in model.panels:
        for zone in sorted(panel.zones, key=lambda zone: -zone.area_share):
            line = words["character_line"] if zone.near_character_line else ""
            rows.append((words[panel.code], zone.grade, line, 100.0 * zone.area_share))
        rows.append((words[panel.code], panel.grade, t("spec.zone_rest"), None))
    frame = pd.DataFrame(rows, columns=["panel", "zone", "where", "share"])
    return Figures(
        frame,
        (
            Column("panel", t("common.panel")),
            Column("zone", t("filter.zone")),
            Column("where", t("spec.zone_where")),
            Column("share", t("spec.zone_share"), "%.1f"),
        ),
    )
