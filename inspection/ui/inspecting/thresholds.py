"""The inspection under other thresholds: sliders, a preview, and keeping it."""

from dataclasses import replace

import streamlit as st

from inspection.domain.inspections import Inspection, Thresholds
from inspection.errors import NotFound
from inspection.services.photo import reviewing
from inspection.services.station import shared_station
from inspection.storage.log_detail import InspectionDetail
from inspection.ui import session
from inspection.ui.inspecting import batch as batch_view
from inspection.ui.inspecting.acting import act, is_open, show_said
from inspection.ui.keys import KEYS
from inspection.ui.session import t

# Sizes that the slider offers, in px; a defect of 3 × 3 px is the smallest that can be measured.
SMALLEST_STEPS_PX = (1, 4, 9, 16, 25, 36, 64, 100, 150, 250, 400, 600, 1000, 2000, 4000)


def threshold_sliders(detail: InspectionDetail) -> None:
    """The probability from which a pixel is a defect, and the smallest region that counts."""
    used = detail.inspection.thresholds
    st.session_state.setdefault(f"region_{detail.id}", _rounded(used))
    st.session_state.setdefault(f"smallest_{detail.id}", used.smallest_px)
    st.markdown(f"**{t('inspect.thresholds')}**")
    st.slider(
        t("inspect.region_threshold"),
        min_value=0.05,
        max_value=0.95,
        step=0.01,
        key=f"region_{detail.id}",
        help=t("inspect.region_threshold_help"),
    )
    st.select_slider(
        t("inspect.smallest_px"),
        sorted({*SMALLEST_STEPS_PX, used.smallest_px}),
        key=f"smallest_{detail.id}",
        help=t("inspect.smallest_px_help"),
    )


def _rounded(used: Thresholds) -> float:
    return min(0.95, max(0.05, round(used.region, 2)))


def preview_of(detail: InspectionDetail) -> Inspection | None:
    """The inspection under the sliders' thresholds; None while they stand as it was judged."""
    used = detail.inspection.thresholds
    region = st.session_state.get(f"region_{detail.id}", _rounded(used))
    smallest_px = st.session_state.get(f"smallest_{detail.id}", used.smallest_px)
    if (region, smallest_px) == (_rounded(used), used.smallest_px):
        return None
    if region == _rounded(used):
        # The slider's step is coarser than the model's own threshold.
        region = used.region
    try:
        return reviewing.judged_again(
            shared_station(),
            detail,
            thresholds=replace(used, region=region, smallest_px=smallest_px),
        )
    except NotFound:
        st.warning(t("inspect.no_map"), icon=":material/layers_clear:")
        return None


def preview_buttons(detail: InspectionDetail, preview: Inspection) -> None:
    """Back to the thresholds it was judged with, or keep it as it is shown."""
    can_keep = is_open(detail)
    with st.container(horizontal=True, gap="small"):
        st.button(
            t("inspect.to_model_thresholds"),
            key="decide_back",
            icon=":material/settings_backup_restore:",
            on_click=_reset_sliders,
            args=(detail,),
            width="stretch",
            shortcut=KEYS["escape"],
        )
        st.button(
            t("inspect.keep_thresholds"),
            key="decide_keep",
            icon=":material/save:",
            on_click=lambda: act(lambda: keep(detail, preview)),
            disabled=not (can_keep and session.inspector()),
            width="stretch",
        )
    if not can_keep:
        st.caption(t("inspect.undo_before_keeping"))
    show_said()


def _reset_sliders(detail: InspectionDetail) -> None:
    # Written, not forgotten: the browser keeps the place of a slider whose value is only forgotten
    # here, and sends it back with the next click.
    used = detail.inspection.thresholds
    st.session_state[f"region_{detail.id}"] = _rounded(used)
    st.session_state[f"smallest_{detail.id}"] = used.smallest_px


def keep(detail: InspectionDetail, again: Inspection) -> str:
    """Keep it as a new inspection and open that; answers the sentence that tells so."""
    number = reviewing.keep(shared_station(), detail, again, session.inspector())
    _reset_sliders(detail)
    batch_view.open_inspection(number)
    return t("inspect.kept_thresholds", number=number)
