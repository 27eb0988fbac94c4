"""The parts of the Review page."""

from collections import Counter

import streamlit as st

from inspection.services.review import sample
from inspection.services.review.holding import RENEWED_EVERY
from inspection.services.review.known_spots import known_spot
from inspection.services.review.margins import Margin
from inspection.services.review.queue import WHY, Candidate
from inspection.services.station import shared_station
from inspection.storage.log_detail import InspectionDetail
from inspection.ui.guarded import guarded_part
from inspection.ui.inspecting.acting import show_said
from inspection.ui.inspecting.decision import decision_row
from inspection.ui.inspecting.defects import defect_table, focus_of, show_photo
from inspection.ui.inspecting.inspection import banner, facts, headline, photo_warnings
from inspection.ui.keys import KEYS
from inspection.ui.markdown import Markdown
from inspection.ui.review import desk
from inspection.ui.review.desk import Turn
from inspection.ui.session import count, digits, number, percent, t
from inspection.ui.widgets import cached
from inspection.ui.widgets.key_table import keys_button
from inspection.ui.widgets.links import page_file
from inspection.ui.widgets.tables import reading_table
from inspection.ui.widgets.words import time_text, word

# All of it, with what stands above, is in sight on a screen of 820 px.
VIEWER_HEIGHT_PX = 430
# How often a page without a photo asks whether there is one.
LOOKS_EVERY_S = 15.0
_ROWS = 20
_ICONS = {
    "human": ":material/front_hand:",
    "near": ":material/straighten:",
    "sample": ":material/casino:",
}


def photo(turn: Turn) -> None:
    """The photo in sight: why it is here, what is proposed, the keys that decide, the picture."""
    detail = turn.detail
    assert detail is not None
    with st.container(key="review_head", gap=None):
        _why(turn, detail)
        headline(detail)
    banner(detail)
    decision_row(detail, None)
    show_photo(detail, detail.shown, focus_of(detail, detail.shown), VIEWER_HEIGHT_PX, turn.ahead)
    with st.container(horizontal=True, gap="small"):
        _ways(detail)
        if not detail.disposition and desk.last_was_decided():
            st.button(
                t("review.undo_last"),
                key="review_undo",
                icon=":material/undo:",
                shortcut=KEYS["undo"],
                on_click=desk.undo_last,
            )
        st.button(
            t("review.give_back"),
            key="review_rest",
            icon=":material/logout:",
            on_click=desk.rest,
        )
        st.page_link(
            page_file("log"),
            label=t("review.to_log"),
            icon=":material/open_in_new:",
            query_params={"id": str(detail.id)},
        )
        keys_button()
    photo_warnings(detail, detail.shown)
    defect_table(detail, detail.shown)
    facts(detail.shown)
    _queue(turn)
    _stay()


def _why(turn: Turn, detail: InspectionDetail) -> None:
    """Why this photo is in sight, whether its place is known, and how many wait."""
    reason = _reason(turn.why) if turn.why else t("review.looked_back")
    spot = known_spot(shared_station(), detail, _latest_look())
    if spot:
        known = t("review.known_case", number=spot.case) if spot.case else t("review.known_spot")
        reason = Markdown(f"{reason} :orange-badge[:material/replay: {known}]")
    st.markdown(f"**{reason}** · {_how_many(turn)}")


def _reason(candidate: Candidate) -> Markdown:
    icon = _ICONS[candidate.why]
    if candidate.margin is None:
        return Markdown(f"{icon} {t(f'review.why_{candidate.why}')}")
    return Markdown(f"{icon} {_nearness(candidate.margin)}")


def _nearness(margin: Margin) -> Markdown:
    if margin.by == "score":
        score, limit = number(margin.value, 2), number(margin.limit, 2)
        return t("review.near_score", score=score, limit=limit)
    return t(
        "review.near_size",
        type=word("defect", margin.type),
        size=digits(margin.value, ".3g"),
        limit=digits(margin.limit, ".3g"),
        share=percent(margin.share, 0),
    )


def _how_many(turn: Turn) -> Markdown:
    found = Counter(one.why for one in turn.waiting)
    return t("review.waiting", n=len(turn.waiting), **{why: found[why] for why in WHY})


def _ways(detail: InspectionDetail) -> None:
    st.button(
        t("inspect.previous_photo"),
        key="review_previous",
        icon=":material/arrow_back:",
        shortcut=KEYS["previous"],
        disabled=not desk.can_go_back(),
        on_click=desk.go_back,
    )
    st.button(
        t("inspect.next_photo"),
        key="review_next",
        icon=":material/arrow_forward:",
        type="primary" if detail.disposition else "secondary",
        shortcut=KEYS["next"],
        on_click=desk.go_on,
        args=(detail.id,),
    )


def _queue(turn: Turn) -> None:
    """The first photos of the queue, and who holds which."""
    st.subheader(t("review.queue"))
    rows = []
    for one in turn.waiting[:_ROWS]:
        hold = turn.held.get(one.id)
        held = t("review.held", who=hold.who, time=time_text(hold.until)) if hold else "–"
        rows.append((t("inspect.number", number=one.id), _reason(one), held))
    reading_table([t("common.photo"), t("review.why"), t("review.holder")], rows)
    if len(turn.waiting) > _ROWS:
        st.caption(t("review.more", n=len(turn.waiting) - _ROWS))


@st.fragment(run_every=RENEWED_EVERY)
@guarded_part
def _stay() -> None:
    desk.keep_held()()


def resting() -> None:
    """The photos were given back."""
    st.info(t("review.given_back"), icon=":material/check:")
    st.button(
        t("review.begin"),
        key="review_begin",
        icon=":material/play_arrow:",
        type="primary",
        shortcut=KEYS["next"],
        on_click=desk.begin,
    )


def nothing_waits(turn: Turn) -> None:
    """One sentence and a next step."""
    show_said()
    if turn.waiting:
        who = ", ".join(sorted({hold.who for hold in turn.held.values()}))
        st.info(t("review.all_held", n=len(turn.waiting), who=who), icon=":material/group:")
    else:
        st.info(t("review.empty"), icon=":material/task_alt:")
    with st.container(horizontal=True, gap="small"):
        st.page_link(
            page_file("inspect"),
            label=t("review.to_inspect"),
            icon=":material/center_focus_strong:",
        )
        if desk.last_was_decided():
            st.button(
                t("review.undo_last"),
                key="review_undo",
                icon=":material/undo:",
                shortcut=KEYS["undo"],
                on_click=desk.undo_last,
            )
        keys_button()
    _look_again()


@st.fragment(run_every=LOOKS_EVERY_S)
@guarded_part
def _look_again() -> None:
    if desk.something_is_free():
        st.rerun()
    st.caption(f":material/update: {t('review.looks_again', seconds=digits(LOOKS_EVERY_S, 'g'))}")


def missed() -> None:
    """What the random sample says of missed defects, with its number and interval."""
    found = _missed(desk.today(), cached.data_version())
    st.subheader(t("review.missed_title"))
    share = shared_station().settings.audit_share
    if found.share is None:
        st.caption(
            t(
                "review.missed_none",
                drawn=count(found.drawn),
                share=percent(share),
                days=sample.FIGURE_DAYS,
            )
        )
        return
    st.metric(
        t("review.missed_share"),
        percent(found.share),
        border=True,
        width=260,
    )
    st.caption(
        t(
            "review.missed_of",
            missed=found.missed,
            n=found.n,
            drawn=count(found.drawn),
            bodies=found.bodies,
            low=percent(found.low),
            high=percent(found.high),
            share=percent(share),
            days=sample.FIGURE_DAYS,
        )
    )


@st.cache_data(ttl="10m", max_entries=8, show_spinner=False)
def _missed(day, version: int) -> sample.Missed:
    return sample.missed(shared_station(), day)


# Asked once in a while, not with every decision: it searches the last hundreds of bodies.
@st.cache_resource(ttl="10m", show_spinner=False)
def _latest_look():
    return cached.latest_look(0)
