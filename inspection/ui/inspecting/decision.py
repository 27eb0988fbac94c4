"""What a person says about an inspection: OK, not OK, another repair, and taking it back."""

from collections.abc import Callable

import streamlit as st

from inspection.domain.inspections import DISPOSITIONS, MOST_REASON_LETTERS
from inspection.services.photo import reviewing
from inspection.services.station import shared_station
from inspection.storage.log_detail import InspectionDetail
from inspection.ui import session
from inspection.ui.inspecting import batch as batch_view
from inspection.ui.inspecting import counting as counting_views
from inspection.ui.inspecting import readiness
from inspection.ui.inspecting.acting import act, remember, show_said
from inspection.ui.keys import CHOICES, KEYS
from inspection.ui.markdown import bold
from inspection.ui.session import t
from inspection.ui.widgets.words import time_text

# (inspection, what about): a question that stands on the page before something is said.
_ASKED = "asked_about"
# What an inspector says most often, by what is said about the body; the words are in the texts.
QUICK_REASONS = {
    "ok": ("reflection", "wipes_off", "within_limit", "wrong_type", "wrong_size", "photo_poor"),
    "not_ok": ("missed", "wrong_type", "wrong_size", "photo_poor"),
    "other": ("within_limit", "missed", "wrong_type", "wrong_size", "photo_poor"),
}


def other_inspection(number: int, sentence: str) -> None:
    """A sentence about another inspection, and the way to it."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f":material/link: {sentence}", width="content")
        st.button(
            t("inspect.open_number", number=number),
            key=f"open_{number}",
            type="tertiary",
            on_click=batch_view.open_inspection,
            args=(number,),
        )


def decision_row(detail: InspectionDetail, ways: Callable[[InspectionDetail], None] | None) -> None:
    """The buttons with which a person decides, or the question that is open.

    ways: draws the buttons beside them that lead to other photos; None = there are none."""
    show_said()
    if detail.superseded_by is not None:
        other_inspection(detail.superseded_by, t("inspect.superseded", number=detail.superseded_by))
        return
    if not session.inspector() and not detail.disposition:
        readiness.name_prompt()
    if detail.left_out:
        counting_views.show_left_out(detail, act)
        if ways:
            with st.container(horizontal=True, gap="small"):
                ways(detail)
        return
    asked, about = st.session_state.get(_ASKED, (None, ""))
    if asked == detail.id and about == "undo" and detail.disposition:
        _ask_before_undo(detail)
        return
    if asked == detail.id and about in QUICK_REASONS and not detail.disposition:
        _reason_form(detail, about)
        return
    with st.container(horizontal=True, gap="small"):
        if detail.disposition:
            _undo_button(detail)
        else:
            _decide_buttons(detail)
        if ways:
            ways(detail)


def _decide_buttons(detail: InspectionDetail) -> None:
    """OK and not OK, each at its own place and on its own key whatever the machine proposes."""
    proposed, named = reviewing.proposal(detail.shown), bool(session.inspector())
    must_explain = reviewing.needs_reason(detail.shown, "accept")
    st.button(
        t("decide.ok_with_reason" if must_explain else "decide.ok"),
        key="decide_ok",
        icon=":material/check_circle:",
        type="primary" if proposed == "accept" else "secondary",
        width="stretch",
        # Not Enter: that presses whatever button has the focus, and must not decide besides.
        shortcut=KEYS["ok"],
        disabled=not named,
        on_click=_ask if must_explain else _decide,
        args=(detail.id, "ok") if must_explain else (detail, "accept"),
    )
    is_repair = proposed not in (None, "accept")
    st.button(
        t("decide.not_ok_as", disposition=t(f"disposition.{proposed}"))
        if is_repair
        else t("decide.not_ok"),
        key="decide_not_ok",
        icon=":material/cancel:",
        type="primary" if is_repair else "secondary",
        width="stretch",
        shortcut=KEYS["not_ok"],
        disabled=not named,
        on_click=_decide if is_repair else _ask,
        args=(detail, proposed) if is_repair else (detail.id, "not_ok"),
    )
    if is_repair:
        st.button(
            t("decide.other"),
            key="decide_other",
            icon=":material/edit_note:",
            width="stretch",
            shortcut=KEYS["other"],
            disabled=not named,
            on_click=_ask,
            args=(detail.id, "other"),
        )


def _decide(detail: InspectionDetail, disposition: str) -> None:
    act(lambda: _say(detail, disposition, ""))


def _undo_button(detail: InspectionDetail) -> None:
    st.button(
        t("decide.undo"),
        key="decide_undo",
        icon=":material/undo:",
        width="stretch",
        shortcut=KEYS["undo"],
        help=session.name_missing(),
        disabled=not session.inspector(),
        on_click=_ask,
        args=(detail.id, "undo"),
    )


def _ask_before_undo(detail: InspectionDetail) -> None:
    """Whose decision would be taken back, and in whose name: a tablet passes from hand to hand."""
    said = reviewing.standing_decision(detail).decision
    is_own = said.inspector == session.inspector()
    with st.container(border=True):
        st.markdown(
            t(
                "decide.undo_own" if is_own else "decide.undo_others",
                disposition=bold(t(f"disposition.{said.disposition}")),
                inspector=bold(said.inspector),
                time=time_text(said.decided_at),
                who=bold(session.inspector()),
            )
        )
        with st.container(horizontal=True, gap="small"):
            st.button(
                t("decide.undo"),
                key="decide_undo_sure",
                icon=":material/undo:",
                type="primary",
                width="stretch",
                shortcut=KEYS["undo"],
                disabled=not session.inspector(),
                on_click=lambda: act(lambda: _take_back(detail)),
            )
            _cancel_button()


def _cancel_button() -> None:
    st.button(
        t("common.cancel"),
        key="decide_cancel",
        icon=":material/close:",
        width="stretch",
        shortcut=KEYS["escape"],
        on_click=_ask,
    )


def ways_of_batch(detail: InspectionDetail) -> None:
    """The photo before in this tab's batch, where there is one, and the next or new photos."""
    earlier = batch_view.previous_of_batch(detail.id)
    if earlier:
        st.button(
            t("inspect.previous_photo"),
            key="decide_previous",
            icon=":material/arrow_back:",
            width="stretch",
            shortcut=KEYS["previous"],
            on_click=batch_view.open_inspection,
            args=(earlier,),
        )
    st.button(
        t("inspect.next_photo"),
        key="decide_next",
        icon=":material/arrow_forward:",
        type="primary" if detail.disposition else "secondary",
        width="stretch",
        shortcut=KEYS["next"],
        on_click=_go_on,
        args=(detail.id,),
    )


def _go_on(number: int) -> None:
    following = batch_view.next_of_batch(number)
    st.query_params.pop("id", None)
    if following:
        batch_view.open_inspection(following)


def ask_to_undo(number: int) -> None:
    """Ask on the next run whether the word about an inspection is taken back; for callbacks."""
    _ask(number, "undo")


def _ask(number: int | None = None, about: str = "") -> None:
    """Ask on the next run before something is said about an inspection; None = do not ask."""
    st.session_state[_ASKED] = (number, about)


def _reason_form(detail: InspectionDetail, about: str) -> None:
    """What happens to the body and why; a form without Streamlit's own, so that pills stay large.

    about: "ok" (over marked defects), "not_ok", or "other" (another repair than the proposed).
    """
    proposed = reviewing.proposal(detail.shown)
    repairs = {
        code: t(f"disposition.{code}") for code in DISPOSITIONS if code not in ("accept", proposed)
    }
    reasons = {code: t(f"decide.quick.{code}") for code in QUICK_REASONS[about]}
    is_ok = about == "ok"
    must_explain = is_ok or proposed is not None
    with st.container(border=True):
        with st.container(key=CHOICES):
            if is_ok:
                st.markdown(f"**{t('decide.ok_title', n=len(reviewing.marked(detail.shown)))}**")
            else:
                st.pills(
                    t("decide.overrule_title"),
                    list(repairs),
                    key=f"overrule_disposition_{detail.id}",
                    format_func=repairs.get,
                )
            st.pills(
                t("decide.reason_title" if must_explain else "decide.reason_optional"),
                list(reasons),
                key=f"overrule_quick_{about}_{detail.id}",
                selection_mode="multi",
                format_func=reasons.get,
            )
        st.text_input(
            t("decide.reason_text"),
            key=f"overrule_words_{detail.id}",
            max_chars=MOST_REASON_LETTERS,
            placeholder=t("decide.reason_placeholder"),
        )
        with st.container(horizontal=True, gap="small"):
            st.button(
                t("decide.save"),
                key="decide_save",
                icon=":material/save:",
                type="primary",
                width="stretch",
                shortcut=KEYS["save"],
                disabled=not session.inspector(),
                on_click=_save_with_reason,
                args=(detail, about, must_explain),
            )
            _cancel_button()


def _save_with_reason(detail: InspectionDetail, about: str, must_explain: bool) -> None:
    disposition = (
        "accept" if about == "ok" else st.session_state[f"overrule_disposition_{detail.id}"]
    )
    quick = st.session_state[f"overrule_quick_{about}_{detail.id}"]
    own_words = st.session_state[f"overrule_words_{detail.id}"].strip()
    # In the inspector's own language: this is what the inspector said.
    reason = "; ".join([*(t(f"decide.quick.{code}") for code in quick), *filter(None, [own_words])])
    if not disposition:
        remember("warning", t("decide.disposition_missing"))
    elif must_explain and not reason:
        remember("warning", t("decide.reason_missing"))
    else:
        act(lambda: _say(detail, disposition, reason))


def _say(detail: InspectionDetail, disposition: str, reason: str) -> str:
    reviewing.decide(shared_station(), detail, disposition, reason, session.inspector())
    _ask()
    return t("decide.done", disposition=t(f"disposition.{disposition}"))


def _take_back(detail: InspectionDetail) -> str:
    # Also where it is refused: what is asked next is about what stands then.
    _ask()
    reviewing.undo(shared_station(), detail, session.inspector())
    return t("decide.undone")
