"""Two points in the viewer and the length between them: the scale of this photo, or of its station
from now on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from inspection.domain.inspections import Inspection
from inspection.domain.scale import LEAST_BETWEEN_POINTS_PX, POINTS_ERROR_PX, Scale
from inspection.services.photo import rescaling
from inspection.services.station import shared_station
from inspection.storage.log_detail import InspectionDetail
from inspection.ui import session
from inspection.ui.inspecting import batch as batch_view
from inspection.ui.inspecting.acting import act
from inspection.ui.inspecting.correcting import stands
from inspection.ui.session import digits, plain, t
from inspection.ui.widgets.viewer import MEASURING_LABELS, Measuring

# Of a calibration, until the page is told another one.
VALID_DAYS = 180
_ASKED = "calibration_asked"


@dataclass(frozen=True, slots=True)
class _Asked:
    """A scale that is to be stored, and the inspection in whose photo it was measured."""

    number: int
    scale: Scale


def measuring_of(detail: InspectionDetail, shown: Inspection) -> Measuring | None:
    """What the browser needs to measure in a photo; None where that would change nothing."""
    if not stands(detail, shown):
        return None
    words = {name: plain(f"viewer.{name}") for name in MEASURING_LABELS}
    return Measuring(POINTS_ERROR_PX, LEAST_BETWEEN_POINTS_PX, words)


def measured(detail: InspectionDetail, said: Mapping[str, Any]) -> None:
    """After two points were given; said: `points`, `mm` and `use` of the viewer."""
    act(lambda: _taken(detail, said))


def _taken(detail: InspectionDetail, said: Mapping[str, Any]) -> str:
    x1, y1, x2, y2 = (float(value) for value in said["points"])
    mm = float(said["mm"])
    scale = rescaling.points_scale(detail, (x1, y1), (x2, y2), mm)
    if said["use"] == "station":
        st.session_state[_ASKED] = _Asked(detail.id, scale)
        return t("measure.asked", scale=_told(scale))
    reason = plain("measure.reason", mm=digits(mm, "g"))
    number = rescaling.judge_with(shared_station(), detail, scale, reason, session.inspector())
    batch_view.open_inspection(number)
    return t("measure.done", scale=_told(scale), number=number)


def _told(scale: Scale) -> str:
    said = digits(scale.mm_per_px, f"#.{scale.digits}g")
    return f"{said} mm/px ± {digits(scale.error_percent or 0.0, '.1f')}%"


def calibration_form(detail: InspectionDetail) -> None:
    """For what a measured scale is to be stored, while that is asked."""
    asked = st.session_state.get(_ASKED)
    if asked is None or asked.number != detail.id:
        return
    stations = shared_station().settings.stations
    with st.container(border=True):
        st.markdown(f":material/straighten: **{t('measure.title')}** {_told(asked.scale)}")
        with st.grid(3, min_column_width=180, gap="small"):
            st.selectbox(
                t("measure.station"),
                [*stations, ""],
                index=([*stations, ""]).index(detail.subject.station)
                if detail.subject.station in stations
                else 0,
                format_func=lambda code: code or plain("measure.of_camera"),
                key=f"calibration_station_{detail.id}",
            )
            st.number_input(
                t("measure.distance_cm"),
                min_value=1.0,
                max_value=10_000.0,
                value=None,
                step=1.0,
                format="%.0f",
                key=f"calibration_distance_{detail.id}",
            )
            st.number_input(
                t("measure.valid_days"),
                min_value=1,
                max_value=3650,
                value=VALID_DAYS,
                key=f"calibration_days_{detail.id}",
            )
        st.caption(session.name_missing() or t("measure.note", who=session.inspector()))
        with st.container(horizontal=True, gap="small"):
            st.button(
                t("measure.save"),
                key="calibration_save",
                icon=":material/save:",
                type="primary",
                disabled=not session.inspector(),
                on_click=lambda: act(lambda: _stored(detail, asked.scale)),
            )
            st.button(
                t("common.cancel"),
                key="calibration_cancel",
                icon=":material/close:",
                on_click=_forget,
            )


def _stored(detail: InspectionDetail, scale: Scale) -> str:
    choice = st.session_state
    code = choice[f"calibration_station_{detail.id}"]
    distance_cm = choice[f"calibration_distance_{detail.id}"]
    rescaling.keep_for_station(
        shared_station(),
        detail,
        scale,
        who=session.inspector(),
        of_station=code,
        valid_days=choice[f"calibration_days_{detail.id}"],
        away_mm=10 * distance_cm if distance_cm else None,
    )
    _forget()
    return t("measure.stored", where=code or plain("measure.of_camera"))


def _forget() -> None:
    st.session_state.pop(_ASKED, None)
