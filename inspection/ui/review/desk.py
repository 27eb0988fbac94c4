"""What one tab holds on the Review page: the photo in sight, the next one, and where it came from.

The address names the photo in sight (`?id=`), so that a reload shows it again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import uuid4

import streamlit as st

from inspection.errors import NotFound
from inspection.services.review import holding
from inspection.services.review.queue import Candidate, queue
from inspection.services.station import shared_station
from inspection.storage import log_detail
from inspection.storage.log_detail import InspectionDetail
from inspection.storage.review.holds import Hold
from inspection.ui import session
from inspection.ui.inspecting.acting import is_open, remember
from inspection.ui.inspecting.decision import ask_to_undo
from inspection.ui.session import t
from inspection.ui.widgets.address import asked_inspection
from inspection.ui.widgets.words import time_text

_HOLDER, _PASSED, _SEEN = "review_holder", "review_passed", "review_seen"
_BACK, _RESTS = "review_back", "review_rests"


@dataclass(frozen=True, slots=True)
class Turn:
    """What the page shows now.

    detail: the photo in sight, None where nothing is left. why: its place in the queue, None for a
    photo that was looked back at. ahead: the next photo. waiting: the whole queue; held: who holds
    what of it.
    """

    detail: InspectionDetail | None
    why: Candidate | None
    ahead: InspectionDetail | None
    waiting: tuple[Candidate, ...]
    held: Mapping[int, Hold]


def today() -> date:
    """The production day of this moment."""
    return shared_station().calendar.slot_at(datetime.now(UTC)).day


def holder() -> str:
    """The name of this tab among the holds."""
    return st.session_state.setdefault(_HOLDER, uuid4().hex)


def turn() -> Turn:
    """Settle which photo this tab looks at, and hold it and the next one."""
    station, now = shared_station(), holding.clock(shared_station())
    waiting = queue(station, today())
    detail = _asked()
    got = _take(waiting, detail, now)
    if detail is not None and is_open(detail) and detail.id not in got:
        _say_who_holds(detail.id, now)
        detail = None
    if detail is None and got:
        detail = _detail(got[0])
        st.query_params["id"] = str(got[0])
    number = detail.id if detail else None
    following = next((one for one in got if one != number), None)
    return Turn(
        detail=detail,
        why=next((one for one in waiting if one.id == number), None),
        ahead=_detail(following) if following else None,
        waiting=waiting,
        held=holding.held(station, now),
    )


def _asked() -> InspectionDetail | None:
    """The photo that the address names; None once it was decided, unless it is looked back at."""
    number = asked_inspection()
    detail = _detail(number) if number is not None else None
    if detail is None:
        return None
    if is_open(detail):
        st.session_state.pop(_BACK, None)
        return detail
    if number == st.session_state.get(_BACK):
        return detail
    _remember_seen(detail.id)
    st.query_params.pop("id", None)
    return None


def _take(
    waiting: tuple[Candidate, ...], detail: InspectionDetail | None, now: datetime
) -> tuple[int, ...]:
    passed = st.session_state.setdefault(_PASSED, [])
    numbers = [one.id for one in waiting]
    asked = detail.id if detail and is_open(detail) else None
    fresh = [one for one in numbers if one not in passed]
    # What was passed over comes again when all the rest is done.
    again = [one for one in passed if one in numbers]
    return holding.take(
        shared_station(),
        fresh,
        again,
        session.inspector(),
        holder(),
        now,
        asked=asked,
    )


def _say_who_holds(number: int, now: datetime) -> None:
    hold = holding.held(shared_station(), now).get(number)
    if hold:
        sentence = t("review.held_by", number=number, who=hold.who, time=time_text(hold.until))
        remember("warning", sentence)


def _detail(number: int) -> InspectionDetail | None:
    try:
        return log_detail.inspection_detail(shared_station().engine, number)
    except NotFound:
        return None


# --- ways, for callbacks ---


def go_on(number: int) -> None:
    """To the next photo; one that was not decided comes again at the end."""
    passed = st.session_state.setdefault(_PASSED, [])
    _remember_seen(number)
    if number != st.session_state.pop(_BACK, None):
        if number in passed:
            passed.remove(number)
        passed.append(number)
    st.query_params.pop("id", None)


def can_go_back() -> bool:
    """Whether this tab has seen a photo before the one in sight."""
    return bool(st.session_state.get(_SEEN))


def go_back() -> None:
    """To the photo that was in sight before; a second press of the key finds none."""
    if not can_go_back():
        return
    number = st.session_state[_SEEN].pop()
    st.session_state[_BACK] = number
    st.query_params["id"] = str(number)


def undo_last() -> None:
    """Back to the last photo, with the question whether its decision is taken back."""
    if not can_go_back():
        return
    go_back()
    ask_to_undo(st.session_state[_BACK])


def _remember_seen(number: int) -> None:
    seen = st.session_state.setdefault(_SEEN, [])
    if number in seen:
        seen.remove(number)
    seen.append(number)


def last_was_decided() -> bool:
    """Whether the photo before was decided, so that it can be undone."""
    seen = st.session_state.get(_SEEN) or []
    before = _detail(seen[-1]) if seen else None
    return bool(before and before.disposition)


def is_resting() -> bool:
    """Whether this tab gave its photos back and has taken none since."""
    return bool(st.session_state.get(_RESTS))


def rest() -> None:
    """Give the photos back and take none until `begin`."""
    holding.give_back(shared_station(), holder())
    st.query_params.pop("id", None)
    st.session_state[_RESTS] = True


def begin() -> None:
    """Take photos again."""
    st.session_state.pop(_RESTS, None)


def keep_held() -> Callable[[], None]:
    """What an open page calls now and then, so that its photos stay with it."""
    station, mine = shared_station(), holder()
    return lambda: holding.renew(station, mine, holding.clock(station))


def something_is_free() -> bool:
    """Whether a photo waits that nobody holds."""
    station = shared_station()
    held = holding.held(station, holding.clock(station))
    return any(one.id not in held for one in queue(station, today()))
