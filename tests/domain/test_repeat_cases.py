from datetime import UTC, datetime, timedelta

import pytest

from inspection.domain.repeat_cases import (
    CaseEvent,
    can_be_undone,
    last_word,
    log_word,
    refuse_nothing_new,
)
from inspection.errors import Conflict

AT = datetime(2026, 3, 2, tzinfo=UTC)


def an_event(number, state="open", kind="said", owner="Kim", undoes=None):
    at = AT + timedelta(hours=number)
    who = "" if kind in ("came_back", "stayed_away") else "Lee"
    return CaseEvent(number, kind, state, owner, "", who, at, undoes)


def test_a_case_stands_as_its_last_event_says():
    events = [an_event(1), an_event(2, "cause_found", owner="Park")]
    assert (last_word(events).state, last_word(events).owner) == ("cause_found", "Park")


def test_an_undone_word_lets_the_one_before_it_stand_again():
    events = [an_event(1), an_event(2, "closed"), an_event(3, "closed", "undone", undoes=2)]
    assert last_word(events).state == "open"
    assert can_be_undone(events).id == 1


def test_a_case_whose_opening_was_taken_back_is_withdrawn():
    events = [an_event(1), an_event(2, "open", "undone", undoes=1)]
    assert last_word(events).state == "withdrawn"
    assert can_be_undone(events) is None


def test_what_the_log_said_is_not_undone_by_a_person():
    assert can_be_undone([an_event(1), an_event(2, "closed", "stayed_away")]) is None


def test_a_word_that_changes_nothing_needs_a_note():
    with pytest.raises(Conflict, match="stands so already"):
        refuse_nothing_new([an_event(1)], "open", "Kim", "  ")
    refuse_nothing_new([an_event(1)], "open", "Kim", "hood opened, dripping seen")
    refuse_nothing_new([an_event(1)], "open", "Park", "")


@pytest.mark.parametrize(
    ("state", "missed_bodies", "new_hits", "word"),
    [
        ("open", 99, 0, None),
        ("open", 100, 0, "stayed_away"),
        ("cause_found", 100, 0, "stayed_away"),
        ("closed", 0, 1, None),
        ("closed", 0, 2, "came_back"),
        ("closed", 500, 0, None),
    ],
)
def test_a_hundred_bodies_without_a_hit_close_a_case_and_two_hits_open_it(
    state, missed_bodies, new_hits, word
):
    said = log_word(state, missed_bodies=missed_bodies, new_hits=new_hits, closes_after=100)
    assert said == word


def test_an_undo_names_what_it_takes_back():
    with pytest.raises(ValueError, match="takes another back"):
        an_event(2, kind="undone")
    with pytest.raises(ValueError, match="cannot be 'lost'"):
        an_event(2, state="lost")
