"""A photo by a camera of the plant's network: one tap, and its inspection begins."""

import streamlit as st

from inspection.domain.inspections import Subject
from inspection.errors import InspectionError
from inspection.services.intake import cameras
from inspection.services.photo import batches
from inspection.services.photo.batches import Order
from inspection.services.station import shared_station
from inspection.ui.inspecting.subject import typed_fields
from inspection.ui.markdown import as_written
from inspection.ui.session import error_text, t


def from_network_cameras(subject: Subject, mm_per_px: float | None) -> list[Order]:
    """Ask which camera takes the photo, and fetch it; no order until that is done."""
    station = shared_station()
    name = _chosen_camera(list(station.settings.cameras))
    label = as_written(t("source.shoot_by", name=name))
    if not st.button(
        label,
        key="network_camera_shoot",
        icon=":material/photo_camera:",
        type="primary",
        width="stretch",
    ):
        return []
    try:
        with st.spinner(t("source.camera_waiting")):
            taken = cameras.snapshot(station.settings, name)
        where = batches.set_aside(station, taken.content)
    except InspectionError as error:
        st.error(as_written(error_text(error)), icon=":material/videocam_off:")
        return []
    return [
        batches.order_for(
            station,
            taken.name,
            subject,
            where,
            mm_per_px=mm_per_px,
            source=cameras.SOURCE,
            typed=typed_fields(),
        )
    ]


def _chosen_camera(names: list[str]) -> str:
    if len(names) == 1:
        return names[0]
    return st.segmented_control(
        t("source.which_camera"),
        names,
        default=names[0],
        key="network_camera",
        format_func=as_written,
        required=True,
        label_visibility="collapsed",
        persist_state="session",
    )
