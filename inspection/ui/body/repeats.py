"""Repeat positions and the cases about them, as the Body page shows them."""

from collections.abc import Callable
from dataclasses import asdict

import pandas as pd
import streamlit as st

from inspection.domain.repeat_cases import CASE_STATES, MOST_LETTERS, can_be_undone
from inspection.errors import InspectionError
from inspection.services.quality import repeats
from inspection.services.quality.repeats import FollowedCase, FoundRepeat, Look
from inspection.services.station import shared_station
from inspection.services.words import rare
from inspection.ui.markdown import as_written, bold
from inspection.ui.session import (
    count,
    digits,
    error_text,
    inspector,
    name_missing,
    percent,
    t,
    translate,
)
from inspection.ui.widgets import cached
from inspection.ui.widgets.photo_cards import photo_cards
from inspection.ui.widgets.words import model_name, time_text, word

PHOTOS = 4
_TOLD = ("type", "colour", "station", "line")


def show_repeats(version: int) -> None:
    """The places that came back too often for chance, after the latest finished shift."""
    st.subheader(t("body.repeats"), help=t("body.repeats_help"))
    with st.spinner(t("common.loading")):
        look = cached.latest_look(version)
    if look.slot is None:
        st.caption(t("body.no_shift"))
        return
    st.caption(
        t(
            "body.looked",
            day=look.slot.day,
            shift=word("shift", look.slot.shift),
            bodies=look.search.bodies,
            cm=digits(look.search.radius_mm / 10, "g"),
            places=count(look.searched),
            level=percent(look.search.level, 0),
        )
    )
    if not look.repeats:
        st.success(t("body.no_repeats"), icon=":material/check_circle:")
    for number, found in enumerate(look.repeats):
        with st.container(border=True):
            _show_repeat(number, found, look)


def _show_repeat(number: int, found: FoundRepeat, look: Look) -> None:
    repeat = found.repeat
    st.markdown(bold(_place(repeat.vehicle_model, repeat.panel, repeat.position)))
    st.write(
        t(
            "report_page.repeat_sentence",
            k=repeat.hits,
            n=repeat.bodies,
            chance=rare(translate(), repeat.expected_by_chance),
            first=time_text(found.first_seen),
            last=time_text(found.last_seen),
        )
    )
    st.caption(
        " · ".join(
            f"{t(f'body.with.{name}')}: "
            + ", ".join(
                f"{as_written(_word(name, code))} {n}" for code, n in found.with_what(name)[:3]
            )
            for name in _TOLD
        )
        + " · "
        + t("body.corrected_p", p=rare(translate(), repeat.corrected_p))
    )
    newest = pd.DataFrame([asdict(hit) for hit in found.hits]).drop_duplicates("inspection_id")
    photo_cards(f"repeat_{number}", newest.head(PHOTOS))
    if found.case is not None and found.case.state != "closed":
        st.caption(t("body.has_case", n=found.case.id, owner=found.case.owner))
        return
    with st.popover(t("body.open_case"), icon=":material/assignment_add:"):
        owner = st.text_input(
            t("body.owner"), key=f"case_owner_{number}", max_chars=MOST_LETTERS["owner"]
        )
        note = st.text_input(
            t("body.note_field"), key=f"case_note_{number}", max_chars=MOST_LETTERS["note"]
        )
        _act_button(
            t("body.open_case"),
            f"case_open_{number}",
            bool(owner.strip()),
            t("body.needs_owner"),
            lambda: repeats.open_case(
                shared_station().engine,
                found,
                owner=owner.strip(),
                note=note.strip(),
                who=inspector(),
                search=look.search,
            ),
        )


def show_cases() -> None:
    """All cases: where they stand, what was said, and the next word."""
    st.subheader(t("body.cases"))
    station = shared_station()
    followed = repeats.follow_cases(station.engine, station.bodies)
    if not followed:
        st.caption(t("body.no_cases"))
    for one in followed:
        _show_case(one)


def _show_case(followed: FollowedCase) -> None:
    case, about = followed.case, followed.case.about
    title = (
        f"{case.id} · {as_written(_place(about.vehicle_model, about.panel, about.position))} · "
        f"{t(f'body.state.{case.state}')} · {as_written(case.owner)}"
    )
    with st.expander(title, icon=":material/assignment:"):
        st.write(
            t(
                "body.case_follow",
                hits=followed.hits,
                last=time_text(followed.last_seen) if followed.last_seen else "–",
                missed=followed.missed_bodies,
                closes=about.closes_after,
            )
        )
        for event in case.events:
            said = t(f"body.event.{event.kind}", state=t(f"body.state.{event.state}"))
            who = event.who or t("body.the_log")
            parts = (time_text(event.at), who, said, event.note)
            st.caption(" · ".join(as_written(part) for part in parts if part))
        states = {code: t(f"body.state.{code}") for code in CASE_STATES if code != "withdrawn"}
        state = st.selectbox(
            t("body.state_field"),
            list(states),
            index=list(states).index(case.state),
            format_func=states.get,
            # A key of its own after each word: the field starts from where the case then stands.
            key=f"case_state_{case.id}_{case.last_event_id}",
        )
        owner = st.text_input(
            t("body.owner"),
            case.owner,
            key=f"case_owner_of_{case.id}",
            max_chars=MOST_LETTERS["owner"],
        )
        note = st.text_input(
            t("body.note_field"), key=f"case_say_{case.id}", max_chars=MOST_LETTERS["note"]
        )
        with st.container(horizontal=True):
            _act_button(
                t("body.say"),
                f"case_said_{case.id}",
                bool(owner.strip()),
                t("body.needs_owner"),
                lambda: repeats.say_about(
                    shared_station().engine,
                    case,
                    state=state,
                    owner=owner.strip(),
                    note=note.strip(),
                    who=inspector(),
                ),
            )
            if can_be_undone(case.events):
                _act_button(
                    t("decide.undo"),
                    f"case_undo_{case.id}",
                    True,
                    "",
                    lambda: repeats.take_back(shared_station().engine, case, who=inspector()),
                )


def _act_button(
    label: str, key: str, is_ready: bool, what_is_missing: str, act: Callable[[], object]
) -> None:
    """A button that writes; greyed out with its reason while name or owner are missing."""
    missing = name_missing() or ("" if is_ready else what_is_missing)
    if st.button(label, key=key, disabled=bool(missing), help=missing or None):
        try:
            act()
        except InspectionError as error:
            st.error(as_written(error_text(error)), icon=":material/error:")
            return
        st.rerun()


def _place(vehicle_model: str, panel: str, position: tuple[float, float]) -> str:
    x, y = (percent(share, 0) for share in position)
    return f"{model_name(vehicle_model)} · {word('panel', panel)} · {t('body.at', x=x, y=y)}"


def _word(name: str, code: str) -> str:
    if name == "type":
        return word("defect", code)
    return word("colour", code) if name == "colour" else code
