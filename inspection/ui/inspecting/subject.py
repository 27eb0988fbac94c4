"""What the next photo shows: vehicle model, body, panel, colour, place and scale.

The choices stay in the session, and on the device: the next photo is mostly of the same body. What
a person chose in this tab counts as typed; no photo's own data goes over it.
"""

from dataclasses import replace

import streamlit as st

from inspection.domain.inspections import MOST_LETTERS, Subject
from inspection.domain.panels import PANEL_CODES
from inspection.errors import SubjectRefused
from inspection.services.photo.arriving.facts import colour_codes
from inspection.services.photo.sidecars import PhotoFacts
from inspection.services.station import shared_station
from inspection.ui import session
from inspection.ui.session import t
from inspection.ui.widgets.words import model_name, word

# A photo whose fields these are not all known is asked about before it is inspected.
NEEDED = ("vehicle_model", "panel", "body_number")
_TYPED = "subject_typed"

SMALLEST_MM_PER_PX = 0.001
LARGEST_MM_PER_PX = 99.0


def subject_form() -> tuple[Subject, float | None]:
    """Ask what the photo shows; answers it with the scale in mm per px, None where none was given.

    A station with a fixed scale needs none: it is shown in the empty field.
    """
    with st.grid(4, min_column_width=170, gap="small"):
        _choice("vehicle_model", codes_of("vehicle_model"), model_name)
        st.text_input(
            t("common.body_number"),
            key="subject_body_number",
            max_chars=MOST_LETTERS["body_number"],
            placeholder=t("subject.body_number_placeholder"),
            persist_state="session",
            on_change=mark_typed,
            args=("body_number",),
        )
        _choice("panel", codes_of("panel"), lambda code: word("panel", code))
        _choice("colour", codes_of("colour"), lambda code: word("colour", code))
        _choice("station", codes_of("station"), str)
        _choice("line", codes_of("line"), str)
        _scale_field()
    return chosen_subject(), st.session_state.get("subject_mm_per_px")


def chosen_subject() -> Subject:
    """The subject as it is chosen now, with the inspector's name."""
    return Subject(
        vehicle_model=_chosen("vehicle_model"),
        body_number=_chosen("body_number"),
        panel=_chosen("panel"),
        colour=_chosen("colour"),
        station=_chosen("station"),
        line=_chosen("line"),
        inspector=session.inspector(),
    )


def codes_of(name: str) -> list[str]:
    """The codes that a field offers, of the vehicle model chosen now."""
    station = shared_station()
    if name == "vehicle_model":
        return [model.code for model in station.bodies.models]
    if name == "panel":
        return _panels_of(_chosen("vehicle_model"))
    if name == "colour":
        return colour_codes()
    return list(station.settings.stations if name == "station" else station.settings.lines)


def typed_fields() -> tuple[str, ...]:
    """The fields that a person filled in this tab, and that are not empty now."""
    return tuple(sorted(one for one in st.session_state.get(_TYPED, ()) if _chosen(one)))


def mark_typed(name: str) -> None:
    """A person has said this field; for callbacks."""
    st.session_state[_TYPED] = {*st.session_state.get(_TYPED, ()), name}


def say(name: str, value: str, *, typed: bool = True) -> None:
    """Put a value into a field, before it is drawn. typed: a person said it."""
    st.session_state[f"subject_{name}"] = value
    if typed:
        mark_typed(name)


def is_known() -> bool:
    """Whether a person said all that a photo needs, so that nothing in it has to be looked for."""
    return set(NEEDED) <= set(typed_fields())


def prefill(facts: PhotoFacts) -> None:
    """Take over what is known of a photo; call it from a callback, before the form is drawn."""
    if facts.vehicle_model in {model.code for model in shared_station().bodies.models}:
        st.session_state["subject_vehicle_model"] = facts.vehicle_model
    if facts.body_number:
        st.session_state["subject_body_number"] = facts.body_number
    if facts.panel in _panels_of(_chosen("vehicle_model")):
        st.session_state["subject_panel"] = facts.panel
    if facts.colour in colour_codes():
        st.session_state["subject_colour"] = facts.colour
    if facts.mm_per_px is not None:
        st.session_state["subject_mm_per_px"] = facts.mm_per_px


def described(subject: Subject, facts: PhotoFacts) -> Subject:
    """The subject of one photo among several: what is known of this photo comes first."""
    known = {
        name: value
        for name in ("vehicle_model", "body_number", "panel", "colour")
        if (value := getattr(facts, name))
    }
    try:
        told = replace(subject, **known)
        shared_station().bodies.refuse_unknown(told.vehicle_model, told.panel)
    except SubjectRefused:
        # A list beside the photos may speak of another plant's cars.
        return subject
    return told


def _choice(name: str, codes: list[str], words) -> None:
    key = f"subject_{name}"
    if st.session_state.get(key) not in (None, "", *codes):
        # Another vehicle model may not have the panel that was chosen for the last one.
        st.session_state[key] = ""
    labels = {"": t("common.unknown"), **{code: words(code) for code in codes}}
    st.selectbox(
        t(f"common.{name}"),
        list(labels),
        key=key,
        format_func=labels.get,
        persist_state="session",
        on_change=mark_typed,
        args=(name,),
    )


def _scale_field() -> None:
    fixed = shared_station().scale_for(_chosen("station"), None)
    st.number_input(
        t("subject.mm_per_px"),
        min_value=SMALLEST_MM_PER_PX,
        max_value=LARGEST_MM_PER_PX,
        value=None,
        step=0.01,
        format="%.3f",
        key="subject_mm_per_px",
        placeholder=(
            t("subject.scale_of_station", mm_per_px=fixed.mm_per_px)
            if fixed
            else t("common.unknown")
        ),
        help=t("subject.mm_per_px_help"),
        persist_state="session",
    )


def _chosen(name: str) -> str:
    value = st.session_state.get(f"subject_{name}") or ""
    # What a device kept may be a code that the plant has given up meanwhile.
    return value if name == "body_number" or value in codes_of(name) else ""


def _panels_of(vehicle_model: str) -> list[str]:
    for model in shared_station().bodies.models:
        if model.code == vehicle_model:
            return [panel.code for panel in model.panels]
    return list(PANEL_CODES)
