"""Notes of a shift and what it hands over: read, write, settle, take back."""

from collections.abc import Callable

import streamlit as st

from inspection.domain.letters import MOST_NAME_LETTERS
from inspection.errors import InspectionError
from inspection.services.report.notes import close, reopen, withdraw, write_note
from inspection.services.report.shift_report import HandOverRow, NoteRow, ShiftReport
from inspection.services.report.words import hand_over_origin
from inspection.services.station import Station, shared_station
from inspection.storage.report.shift_notes import (
    HAND_OVER,
    MOST_LETTERS,
    NOTE,
    ShiftPlace,
)
from inspection.ui import session
from inspection.ui.markdown import as_written
from inspection.ui.session import error_text, t, translate

# The number of the item whose closing is being asked for, and of the one just taken back.
_CLOSING, _TAKEN_BACK = "note_closing", "note_taken_back"
_KINDS = ((HAND_OVER, "hand_over"), (NOTE, "notes"))


def notes_and_items(report: ShiftReport, place: ShiftPlace) -> None:
    """Both lists; while the report is a draft they can be added to and settled."""
    is_draft = report.state == "draft"
    if not is_draft:
        st.caption(t("report_notes.frozen"))
    _offer_undo(place, is_draft)
    for kind, name in _KINDS:
        st.subheader(t(f"report.{name}"), help=t(f"report_notes.{name}_help"))
        rows = report.hand_over if kind == HAND_OVER else report.notes
        if not rows:
            st.markdown(t(f"report.{name}_none"))
        for row in rows:
            with st.container(border=True):
                if kind == HAND_OVER:
                    _item(row, place, is_draft)
                else:
                    _note(row, place, is_draft)
        if is_draft:
            _writing(kind, name, place)
    if is_draft and _CLOSING in st.session_state:
        _ask_how_settled(report, place)


def _item(row: HandOverRow, place: ShiftPlace, is_draft: bool) -> None:
    words, way = st.columns([3, 1], vertical_alignment="center")
    icon = ":material/radio_button_unchecked:" if row.is_open else ":material/task_alt:"
    words.markdown(f"{icon} **{as_written(row.text)}**")
    words.caption(as_written(hand_over_origin(row, translate())))
    if not row.is_open and row.closed_at is not None:
        words.caption(
            t(
                "report.closed_by",
                who=as_written(row.closed_by),
                at=as_written(f"{row.closed_at:%m-%d %H:%M}"),
                why=as_written(row.reason),
            )
        )
    if not is_draft:
        return
    with way:
        if row.is_open:
            st.button(
                t("report_notes.close"),
                key=f"note_close_{row.note_id}",
                icon=":material/check:",
                width="stretch",
                on_click=_intend_closing,
                args=(row.note_id,),
            )
            if row.is_new:
                _take_back_button(row.note_id, place)
        else:
            st.button(
                t("report_notes.reopen"),
                key=f"note_reopen_{row.note_id}",
                icon=":material/undo:",
                width="stretch",
                on_click=_say,
                args=(reopen, place, row.note_id),
            )


def _note(row: NoteRow, place: ShiftPlace, is_draft: bool) -> None:
    words, way = st.columns([3, 1], vertical_alignment="center")
    words.markdown(as_written(row.text))
    words.caption(as_written(f"{row.who}, {row.at:%H:%M}"))
    if is_draft:
        with way:
            _take_back_button(row.note_id, place)


def _take_back_button(number: int, place: ShiftPlace) -> None:
    st.button(
        t("report_notes.take_back"),
        key=f"note_withdraw_{number}",
        icon=":material/backspace:",
        width="stretch",
        on_click=_say,
        args=(withdraw, place, number),
    )


def _offer_undo(place: ShiftPlace, is_draft: bool) -> None:
    """What was taken back a moment ago can come back."""
    number = st.session_state.get(_TAKEN_BACK)
    if number is None or not is_draft:
        return
    words, way = st.columns([3, 1], vertical_alignment="center")
    words.info(t("report_notes.taken_back"), icon=":material/info:")
    way.button(
        t("report_notes.undo"),
        key="note_undo",
        icon=":material/undo:",
        width="stretch",
        on_click=_say,
        args=(reopen, place, number),
    )


def _writing(kind: str, name: str, place: ShiftPlace) -> None:
    slot = f"{place.of.day}_{place.of.shift}_{place.of.line}"
    with st.form(key=f"write_{kind}_{slot}", clear_on_submit=True, border=False):
        text = st.text_area(
            t(f"report_notes.{name}_new"),
            key=f"{kind}_text_{slot}",
            max_chars=MOST_LETTERS,
            height=80,
            placeholder=t(f"report_page.{name}_placeholder"),
        )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            who = st.text_input(
                t("report_notes.who"),
                value=session.inspector(),
                # Another name in the sidebar is another field: the last one's must not stay in it.
                key=f"{kind}_who_{slot}_{session.inspector()}",
                max_chars=MOST_NAME_LETTERS,
                width=260,
            )
            pressed = st.form_submit_button(t("report_notes.add"), icon=":material/add:")
    if pressed and _told(lambda: _write(place, kind, text, who)):
        st.rerun()


def _write(place: ShiftPlace, kind: str, text: str, who: str) -> None:
    write_note(shared_station(), place, kind, text, who)
    session.remember_inspector(who)


def _intend_closing(number: int) -> None:
    st.session_state[_CLOSING] = number


def _forget_closing() -> None:
    st.session_state.pop(_CLOSING, None)


def _ask_how_settled(report: ShiftReport, place: ShiftPlace) -> None:
    number = st.session_state[_CLOSING]
    row = next((one for one in report.open_hand_over if one.note_id == number), None)
    if row is None:
        # Somebody else closed it while the question was open.
        _forget_closing()
        return

    @st.dialog(t("report_notes.close_title"), icon=":material/check:", on_dismiss=_forget_closing)
    def ask() -> None:
        st.markdown(f"**{as_written(row.text)}**")
        reason = st.text_area(
            t("report_notes.how"),
            key="note_reason",
            max_chars=MOST_LETTERS,
            placeholder=t("report_notes.how_placeholder"),
        )
        who = st.text_input(
            t("report_notes.who"),
            value=session.inspector(),
            key="note_closer",
            max_chars=MOST_NAME_LETTERS,
        )
        pressed = st.button(
            t("report_notes.close"),
            key="note_close_confirm",
            type="primary",
            icon=":material/check:",
            width="stretch",
        )
        if pressed and _told(lambda: close(shared_station(), place, number, who, reason)):
            _forget_closing()
            session.remember_inspector(who)
            st.rerun()

    ask()


def _say(
    word: Callable[[Station, ShiftPlace, int, str], None], place: ShiftPlace, number: int
) -> None:
    """A word that needs no reason, said by the name of this tab."""
    st.session_state.pop(_TAKEN_BACK, None)
    try:
        word(shared_station(), place, number, session.inspector())
    except InspectionError as error:
        st.toast(as_written(error_text(error)), icon=":material/block:")
        return
    if word is withdraw:
        st.session_state[_TAKEN_BACK] = number


def _told(act: Callable[[], object]) -> bool:
    """Whether it was done; what stands in the way is shown as a sentence."""
    try:
        act()
    except InspectionError as error:
        st.error(as_written(error_text(error)), icon=":material/error:")
        return False
    return True
