"""One photo that has come and is not inspected yet: what is unsure of it is asked, one tap each.

Its key stands in the address (`?photo=`): after a reload, or with a phone that was locked, the same
photo is there. What a person has said, and what the photo says of itself, is not asked.
"""

from collections.abc import Collection
from dataclasses import replace

import streamlit as st

from inspection.errors import InspectionError, UnreadableImage
from inspection.services.photo.arriving import photos
from inspection.services.photo.arriving.photos import Arrived, LookedAt
from inspection.services.photo.arriving.suggesting import suggested_panel
from inspection.services.photo.batches import Order
from inspection.services.station import shared_station
from inspection.ui.inspecting import readiness
from inspection.ui.inspecting import subject as subject_form
from inspection.ui.inspecting.subject import NEEDED, chosen_subject, codes_of, say, typed_fields
from inspection.ui.keys import KEYS
from inspection.ui.markdown import as_written
from inspection.ui.session import digits, error_text, t
from inspection.ui.widgets.words import model_name, word

_ASKED = "arrival"
# Of the fields in NEEDED: what a person chose to leave open, and is not asked for again.
_LEFT_OPEN = "arrival_left_open"
_WORDS = {
    "vehicle_model": model_name,
    "panel": lambda code: word("panel", code),
    "colour": lambda code: word("colour", code),
    "body_number": str,
}


def waiting_photo() -> Arrived | None:
    """The photo that the address names, None without one, or when it does not wait any more."""
    key = st.query_params.get("photo")
    arrived = photos.find(shared_station(), key) if key else None
    if key and arrived is None:
        st.query_params.pop("photo")
        st.info(t("arrival.gone"), icon=":material/history:")
    return arrived


def open_photo(key: str) -> None:
    """Show a waiting photo on this page; what was asked about another is forgotten."""
    st.query_params["photo"] = key
    st.session_state.pop(_ASKED, None)


def show_arrival(arrived: Arrived) -> list[Order]:
    """The photo with what is unsure of it; answers its order once it is to be inspected."""
    if readiness.has_name() and not readiness.can_inspect():
        return []
    looked = _looked_at(arrived)
    if looked is None:
        return []
    asked = st.session_state[_ASKED]
    given = st.session_state.get("subject_mm_per_px")
    coarse = _too_coarse(looked, given)
    questions = _questions(looked, asked["doubts"])
    is_halted = bool(coarse) and arrived.source == "camera" and not arrived.walks
    if not questions and not is_halted and readiness.has_name():
        return [_order(arrived, looked, given)]
    photo, words = st.columns([2, 3])
    with photo:
        st.image(str(looked.preview), width="stretch")
    with words:
        if coarse:
            smallest_mm, limit_mm = (digits(size, ".2g") for size in coarse)
            sentence = t("arrival.coarse", smallest=smallest_mm, limit=limit_mm)
            st.warning(sentence, icon=":material/blur_on:")
        _known_line(looked)
        for name in questions:
            _question(name, looked)
        starts = _buttons(arrived, is_primary=readiness.has_name())
        if not readiness.has_name():
            readiness.name_prompt()
            starts = False
    st.subheader(t("inspect.subject"))
    subject_form.subject_form()
    if not starts:
        return []
    left = {name for name in questions if name in NEEDED}
    st.session_state[_LEFT_OPEN] = {*st.session_state.get(_LEFT_OPEN, ()), *left}
    return [_order(arrived, looked, st.session_state.get("subject_mm_per_px"))]


def _looked_at(arrived: Arrived) -> LookedAt | None:
    """The photo through the gate, once; None where it cannot be used, which the page then says."""
    asked = st.session_state.get(_ASKED)
    if asked and asked["key"] == arrived.key:
        return asked["looked"]
    try:
        with st.spinner(t("arrival.looking")):
            looked = photos.look_at(shared_station(), arrived)
    except InspectionError as error:
        st.error(as_written(error_text(error)), icon=":material/broken_image:")
        if not isinstance(error, UnreadableImage):
            st.button(t("arrival.retry"), key="arrival_retry", icon=":material/refresh:")
        _other_button(arrived)
        return None
    st.session_state[_ASKED] = {
        "key": arrived.key,
        "looked": looked,
        "panel": chosen_subject().panel,
        "doubts": _taken_over(arrived, looked),
    }
    return looked


def _taken_over(arrived: Arrived, looked: LookedAt) -> set[str]:
    """Fill the form with what the photo says; answers the remembered fields that may not hold."""
    said, typed = looked.said, typed_fields()
    before = chosen_subject()
    for name, value in said.known.items():
        if name not in typed:
            say(name, value, typed=False)
    doubts: set[str] = set()
    if before.body_number and chosen_subject().body_number != before.body_number:
        # Another body: what was remembered of the last one may be another on this.
        doubts |= {"vehicle_model", "colour"}
    if arrived.walks:
        # Who walks round a body takes the next photo of another panel.
        doubts |= {"panel"}
    if said.colours and before.colour and before.colour not in said.colours:
        doubts |= {"colour"}
    if said.body_numbers:
        doubts |= {"body_number"}
    # A panel that was typed for this photo's body a moment ago is still the last one's.
    sure = {*said.known, *(name for name in typed if name != "panel")}
    return doubts - sure


def _questions(looked: LookedAt, doubts: Collection[str]) -> list[str]:
    """The fields that are asked, in the order of the work."""
    left = st.session_state.get(_LEFT_OPEN, ())
    is_open = set(photos.open_fields(chosen_subject(), NEEDED)) - set(left)
    asked = is_open | set(doubts)
    if looked.said.colours and asked and not chosen_subject().colour:
        # Never alone: no verdict depends on it.
        asked.add("colour")
    return [name for name in ("body_number", "vehicle_model", "colour", "panel") if name in asked]


def _question(name: str, looked: LookedAt) -> None:
    likely = _suggested(name, looked)
    if name == "body_number":
        offered = looked.said.body_numbers
        st.markdown(f"**{t('arrival.ask_body')}**")
    else:
        offered = _likeliest_first(name, looked, likely)
        st.markdown(f"**{t(f'common.{name}')}**")
    remembered = getattr(chosen_subject(), name)
    suggested = {remembered, *(looked.said.colours if name == "colour" else ())}
    if likely:
        st.caption(
            f":material/image_search: {t('arrival.likely', value=as_written(_WORDS[name](likely)))}"
        )
        suggested = {likely}
    with st.container(horizontal=True, gap="small"):
        for value in offered:
            st.button(
                as_written(_WORDS[name](value)),
                key=f"answer_{name}_{value}",
                type="primary" if value in suggested else "secondary",
                on_click=_answer,
                args=(name, value),
            )


def _likeliest_first(name: str, looked: LookedAt, likely: str) -> list[str]:
    codes = codes_of(name)
    remembered = getattr(chosen_subject(), name)
    of_paint = looked.said.colours if name == "colour" else ()
    first = [likely, *of_paint, remembered]
    known = [code for code in dict.fromkeys(first) if code in codes]
    return [*known, *(code for code in codes if code not in known)]


def _suggested(name: str, looked: LookedAt) -> str:
    """The panel that photos of the same station say this is, "" for other fields."""
    if name != "panel":
        return ""
    subject = chosen_subject()
    try:
        panel = suggested_panel(
            shared_station(), looked.framing, subject.station, subject.vehicle_model
        )
    except InspectionError:
        # A question without a suggestion is still a question.
        return ""
    return panel if panel in codes_of(name) else ""


def _answer(name: str, value: str) -> None:
    # The panel of the last photo was typed as well, and is asked anew for the next.
    say(name, value, typed=name != "panel")
    st.session_state[_ASKED]["doubts"] -= {name}


def _known_line(looked: LookedAt) -> None:
    """What the photo says of itself, and which part of it said so."""
    parts = [
        f"{as_written(_WORDS.get(name, str)(value))} ({t(f'arrival.by.{looked.said.by[name]}')})"
        for name, value in looked.said.known.items()
    ]
    if parts:
        st.caption(f":material/barcode_scanner: {' · '.join(parts)}")


def _buttons(arrived: Arrived, *, is_primary: bool) -> bool:
    with st.container(key="large_arrival"):
        starts = st.button(
            t("arrival.inspect"),
            key="arrival_start",
            icon=":material/center_focus_strong:",
            type="primary",
            width="stretch",
            shortcut=KEYS["inspect"],
            disabled=not is_primary,
        )
    _other_button(arrived)
    return starts


def _other_button(arrived: Arrived) -> None:
    st.button(
        t("arrival.other"),
        key="arrival_other",
        icon=":material/delete:",
        width="stretch",
        on_click=_throw_away,
        args=(arrived.key,),
    )


def _throw_away(key: str) -> None:
    photos.throw_away(shared_station(), key)
    st.query_params.pop("photo", None)
    st.session_state.pop(_ASKED, None)


def _too_coarse(looked: LookedAt, given: float | None) -> tuple[float, float] | None:
    station, subject = shared_station(), chosen_subject()
    try:
        scale = station.scale_for(subject.station, given or looked.said.mm_per_px)
    except InspectionError:
        # The inspection says what is wrong with it.
        return None
    return photos.too_coarse(station, looked, subject, scale)


def _order(arrived: Arrived, looked: LookedAt, given: float | None) -> Order:
    subject, asked = chosen_subject(), st.session_state[_ASKED]
    if "panel" in asked["doubts"] and subject.panel == asked["panel"]:
        likely = _suggested("panel", looked)
        if likely and likely != subject.panel:
            # The picture speaks against the panel of the photo before, and nobody confirmed it.
            subject = replace(subject, panel="")
    return photos.order_of(shared_station(), arrived, subject, given, looked.said)
