"""The photo with its mask and the table of its defects, each leading to the other."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from inspection.domain.defects import NOT_JUDGED, Defect
from inspection.domain.inspections import Inspection
from inspection.domain.numbers import measured as with_error
from inspection.domain.numbers import rounded
from inspection.storage.log_detail import InspectionDetail
from inspection.ui.inspecting.correcting import correction_saved, editing_of
from inspection.ui.inspecting.measuring import measured, measuring_of
from inspection.ui.session import language, plain, t, translate
from inspection.ui.widgets.ignored import ignored_shapes
from inspection.ui.widgets.links import mask_url, photo_url
from inspection.ui.widgets.sheet import sheet
from inspection.ui.widgets.viewer import LABELS, viewer


def show_photo(
    detail: InspectionDetail,
    shown: Inspection,
    focus: int | None,
    height_px: int,
    ahead: InspectionDetail | None = None,
) -> None:
    """The viewer. focus: number of the defect to zoom to, None = none. ahead: what will be shown
    next."""
    viewer(
        "inspection_viewer",
        *_urls(detail, shown),
        [
            {
                "index": index,
                "bbox_px": defect.region.bbox_px,
                "verdict": _weight(defect, shown),
                "type": defect.type,
                "label": f"{index}. {t(f'defect.{defect.type}')}",
            }
            for index, defect in enumerate(shown.judgement.defects, start=1)
        ],
        {name: t(f"viewer.{name}") for name in LABELS},
        language(),
        height_px=height_px,
        focus=focus,
        ahead_urls=_urls(ahead, ahead.shown) if ahead else (),
        on_select=lambda index: _region_clicked(detail.id, index),
        ignored=ignored_shapes(shown),
        editing=editing_of(detail, shown),
        measuring=measuring_of(detail, shown),
        on_saved=lambda said: _corrected(detail.id, said),
        on_measured=lambda said: measured(detail, said),
    )


def _corrected(number: int, said: Mapping[str, Any]) -> None:
    _region_clicked(number, None)
    correction_saved(said)


def _urls(detail: InspectionDetail, shown: Inspection) -> tuple[str, str]:
    """Where photo and mask come from."""
    used, drawn_in = shown.thresholds, _drawn_in(detail, shown)
    mask = mask_url(detail.id, used.region, used.smallest_px, drawn_in)
    return photo_url(detail.id), mask


def _drawn_in(detail: InspectionDetail, shown: Inspection) -> int | None:
    """The correction whose mask belongs to what is shown; None for the machine's own."""
    stands = detail.correction
    is_drawn = stands is not None and shown.judgement is stands.said.judgement
    return stands.id if is_drawn else None


def _weight(defect: Defect, shown: Inspection) -> str:
    """How a region is coloured: no heavier than the verdict, and as its severity says."""
    verdict = shown.judgement.verdict
    if defect.type in NOT_JUDGED:
        return "ok"
    if verdict == "rework" and defect.severity == "minor":
        return "ok"
    return "human" if defect.severity is None and verdict != "ok" else verdict


def _table_key(number: int) -> str:
    return f"defects_{number}_{st.session_state.get('defect_table_round', 0)}"


def focus_of(detail: InspectionDetail, shown: Inspection) -> int | None:
    """The defect whose row was chosen in the table; a click in the photo must not move it."""
    chosen = st.session_state.get(_table_key(detail.id)) or {}
    rows = chosen.get("selection", {}).get("rows", [])
    if not rows or rows[0] >= len(shown.judgement.defects):
        return None
    index = rows[0] + 1
    return None if st.session_state.get("clicked_region") == (detail.id, index) else index


def _region_clicked(number: int, index: int | None) -> None:
    # A table under a new key starts with the row that belongs to the region.
    st.session_state["defect_table_round"] = st.session_state.get("defect_table_round", 0) + 1
    st.session_state["clicked_region"] = (number, index)


def defect_table(detail: InspectionDetail, shown: Inspection) -> None:
    """Every defect in a row; a row that is chosen zooms to its place in the photo."""
    defects = shown.judgement.defects
    st.subheader(t("inspect.defect_table", n=len(defects)))
    if not defects:
        is_as_judged = shown.judgement is detail.shown.judgement
        st.success(
            t("inspect.no_defects" if is_as_judged else "inspect.no_defects_preview"),
            icon=":material/check:",
        )
        return
    number, index = st.session_state.get("clicked_region", (None, None))
    chosen = [index - 1] if number == detail.id and index and index <= len(defects) else []
    table = pd.DataFrame([_row(index, defect) for index, defect in enumerate(defects, start=1)])
    heads = {
        "number": plain("inspect.table_number"),
        "type": plain("common.type"),
        "area_px": plain("common.area_px"),
        "area_mm2": plain("common.area_mm2"),
        "length_mm": plain("common.length_mm"),
        "width_mm": plain("common.width_mm"),
        "zone": plain("common.zone"),
        "severity": plain("inspect.severity"),
        "score": plain("common.score"),
    }
    columns = st.column_config
    sheet(
        table,
        heads,
        _DEFECT_FORMS,
        looks={
            "number": columns.NumberColumn(heads["number"], format="%d", width=60),
            # Text: what is no larger than some size has a sign before it.
            **{
                name: columns.TextColumn(heads[name], alignment="right")
                for name in ("area_mm2", "width_mm")
            },
        },
        key=_table_key(detail.id),
        row_height=44,
        on_select="rerun",
        selection_mode="single-row",
        selection_default={"selection": {"rows": chosen}},
    )
    st.caption(f":material/touch_app: {t('inspect.table_help')}")


_DEFECT_FORMS = {
    "number": "%d",
    "area_px": "%d",
    "length_mm": "%.1f",
    "score": "%.2f",
}


def _row(index: int, defect: Defect) -> dict:
    is_bound, signs = defect.region.is_upper_bound, translate().signs
    return {
        "number": index,
        "type": t(f"defect.{defect.type}"),
        "area_px": defect.region.area_px,
        "area_mm2": with_error(defect.area_mm2, defect.area_error_mm2, 2, is_bound, signs),
        "length_mm": _to_places(defect.length_mm, 1),
        "width_mm": with_error(defect.width_mm, defect.width_error_mm, 1, is_bound, signs),
        "zone": defect.zone or "–",
        "severity": t(f"severity.{defect.severity}") if defect.severity else "–",
        "score": _to_places(defect.region.score, 2),
    }


def _to_places(value: float | None, places: int) -> float | None:
    # Rounded here: a browser rounds a half in its own way, and the banner says another number.
    return None if value is None else rounded(value, places)
