"""What counts: "same photo again?", what was voided and by whom, and the ways to change that."""

from collections.abc import Callable

import streamlit as st

from inspection.domain.counting_words import MOST_LETTERS, VOIDED, WAITING
from inspection.errors import InspectionError
from inspection.services.photo import counting
from inspection.services.station import shared_station
from inspection.storage import log_detail
from inspection.storage.counting_records import NumberedWord
from inspection.storage.log_detail import InspectionDetail
from inspection.ui import session
from inspection.ui.inspecting.subject import LARGEST_MM_PER_PX, SMALLEST_MM_PER_PX
from inspection.ui.markdown import as_written
from inspection.ui.session import t
from inspection.ui.widgets.words import time_text

# Does an act and shows its sentence once the page is drawn again.
Act = Callable[[Callable[[], str]], None]


def show_left_out(detail: InspectionDetail, act: Act) -> None:
    """Why no figure holds this inspection, and what a person may say to that."""
    if detail.left_out == VOIDED:
        _show_voided(detail, act)
    elif detail.left_out:
        _show_question(detail, act)


def _show_voided(detail: InspectionDetail, act: Act) -> None:
    st.error(
        f"**{t('counting.voided')}** {_who_and_why(detail.counting[-1])}", icon=":material/block:"
    )
    st.button(
        t("counting.restore"),
        key="counting_restore",
        icon=":material/undo:",
        disabled=not session.inspector(),
        help=session.name_missing(),
        on_click=lambda: act(lambda: _restore(detail)),
    )


def _show_question(detail: InspectionDetail, act: Act) -> None:
    earlier = counting.looks_like(detail)
    waits = detail.left_out == WAITING
    with st.container(border=True):
        st.markdown(
            f":material/content_copy: **{t('counting.question' if waits else 'counting.same')}**"
        )
        st.caption(t("counting.question_help", number=earlier))
        if not waits:
            st.caption(_who_and_why(detail.counting[-1]))
        _beside(detail, earlier)
        named = bool(session.inspector())
        with st.container(horizontal=True, gap="small"):
            if waits:
                st.button(
                    t("counting.is_same"),
                    key="counting_same",
                    icon=":material/content_copy:",
                    disabled=not named,
                    width="stretch",
                    on_click=lambda: act(lambda: _answer(detail, is_same=True)),
                )
            st.button(
                t("counting.is_another"),
                key="counting_another",
                icon=":material/photo_library:",
                disabled=not named,
                width="stretch",
                on_click=lambda: act(lambda: _answer(detail, is_same=False)),
            )
        if missing := session.name_missing():
            st.caption(missing)


def _beside(detail: InspectionDetail, earlier: int | None) -> None:
    """Both photos, so that the eye can tell."""
    shots = [detail]
    try:
        if earlier:
            shots.insert(0, log_detail.inspection_detail(shared_station().engine, earlier))
    except InspectionError:
        st.caption(t("inspect.not_found"))
    for column, shot in zip(st.columns(2), shots, strict=False):
        with column:
            try:
                path = shared_station().photos.thumbnail_path(shot.photo_sha256)
                st.image(str(path), width=320)
            except InspectionError:
                st.caption(f":material/broken_image: {t('source.no_preview')}")
            number = t("inspect.number", number=shot.id)
            st.caption(f"{number} · {as_written(time_text(shot.inspected_at))}")


def show_corrections(detail: InspectionDetail, act: Act, opens: Callable[[int], None]) -> None:
    """The ways to correct the scale and to void, behind a button: they are seldom needed."""
    if detail.left_out or detail.superseded_by is not None:
        return
    with st.popover(t("counting.correct"), icon=":material/build:"):
        st.caption(t("counting.correct_help"))
        if missing := session.name_missing():
            st.caption(missing)
        st.text_input(
            t("common.reason"),
            key=f"counting_reason_{detail.id}",
            max_chars=MOST_LETTERS["reason"],
            placeholder=t("counting.reason_placeholder"),
        )
        st.number_input(
            t("counting.right_scale"),
            min_value=SMALLEST_MM_PER_PX,
            max_value=LARGEST_MM_PER_PX,
            value=detail.mm_per_px,
            step=0.01,
            format="%.3f",
            key=f"counting_scale_{detail.id}",
        )
        with st.container(horizontal=True, gap="small"):
            st.button(
                t("counting.correct_scale"),
                key="counting_scale",
                icon=":material/straighten:",
                disabled=not session.inspector(),
                width="stretch",
                on_click=lambda: act(lambda: _correct_scale(detail, opens)),
            )
            st.button(
                t("counting.void"),
                key="counting_void",
                icon=":material/block:",
                disabled=not session.inspector(),
                width="stretch",
                on_click=lambda: act(lambda: _void(detail)),
            )


def _who_and_why(word: NumberedWord) -> str:
    said = word.said
    sentence = f"{as_written(said.who) or '–'}, {as_written(time_text(said.at))}"
    return f"{sentence}: {as_written(said.reason)}" if said.reason else sentence


def _reason(detail: InspectionDetail) -> str:
    return st.session_state.get(f"counting_reason_{detail.id}") or ""


def _void(detail: InspectionDetail) -> str:
    counting.void(shared_station(), detail, _reason(detail), session.inspector())
    return t("counting.done_void", number=detail.id)


def _restore(detail: InspectionDetail) -> str:
    counting.restore(shared_station(), detail, session.inspector())
    return t("counting.done_restore", number=detail.id)


def _correct_scale(detail: InspectionDetail, opens: Callable[[int], None]) -> str:
    mm_per_px = st.session_state.get(f"counting_scale_{detail.id}") or 0.0
    number = counting.correct_scale(
        shared_station(), detail, mm_per_px, _reason(detail), session.inspector()
    )
    opens(number)
    return t("counting.done_scale", number=number)


def _answer(detail: InspectionDetail, *, is_same: bool) -> str:
    counting.answer(shared_station(), detail, is_same=is_same, who=session.inspector())
    return t("counting.done_same" if is_same else "counting.done_another", number=detail.id)
