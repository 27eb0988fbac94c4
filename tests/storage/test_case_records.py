from datetime import timedelta

import pytest
from sample_inspections import AT
from sqlalchemy import text

from inspection.errors import Conflict, NotFound, StorageError
from inspection.storage import case_records as stored
from inspection.storage.audit import verify_chain
from inspection.storage.case_records import NewCase
from inspection.storage.database import writing

ABOUT = NewCase("borea", "door_fl", (0.62, 0.41), 50.0, 100, AT, {"hits": 5, "bodies": 20})


def opened(engine):
    number = stored.open_case(engine, ABOUT, owner="Kim", note="drip?", who="Lee", at=AT)
    return number, the_case(engine)


def the_case(engine):
    (case,) = stored.repeat_cases(engine)
    return case


def said(engine, case, state="cause_found", owner="Kim", note="conveyor oil", who="Kim"):
    return stored.say(
        engine,
        case.id,
        state=state,
        owner=owner,
        note=note,
        who=who,
        at=AT + timedelta(hours=1),
        expected_last=case.last_event_id,
    )


def test_a_case_keeps_what_it_is_about_and_who_opened_it(engine):
    number, case = opened(engine)
    assert (case.id, case.about, case.state, case.owner) == (number, ABOUT, "open", "Kim")
    assert (case.events[0].who, case.events[0].note) == ("Lee", "drip?")


def test_a_word_is_added_and_taken_back_and_all_of_it_stays_written(engine):
    _, case = opened(engine)
    said(engine, case)
    assert the_case(engine).state == "cause_found"
    stored.undo(engine, case.id, who="Lee", at=AT, expected_last=the_case(engine).last_event_id)
    case = the_case(engine)
    assert case.state == "open"
    assert [event.kind for event in case.events] == ["said", "said", "undone"]
    assert verify_chain(engine).is_whole


def test_who_speaks_without_having_seen_the_last_word_is_told_who_spoke(engine):
    _, case = opened(engine)
    said(engine, case)
    with pytest.raises(Conflict, match="was changed by Kim at 2026-11-23 02:30 UTC"):
        said(engine, case, state="closed", who="Lee")


def test_a_case_that_does_not_exist_is_named(engine):
    with pytest.raises(NotFound, match=r"case no\. 7 does not exist"):
        stored.undo(engine, 7, who="Lee", at=AT, expected_last=1)


def test_an_opening_by_mistake_is_taken_back_and_the_case_is_gone_from_the_list(engine):
    _, case = opened(engine)
    stored.undo(engine, case.id, who="Lee", at=AT, expected_last=case.last_event_id)
    assert stored.repeat_cases(engine) == ()


def test_the_log_closes_a_case_once_and_nobody_undoes_the_log(engine):
    _, case = opened(engine)
    close = {"note": "100", "at": AT, "expected_last": case.last_event_id}
    assert stored.note_from_log(engine, case.id, "stayed_away", **close)
    assert not stored.note_from_log(engine, case.id, "stayed_away", **close)
    case = the_case(engine)
    assert (case.state, case.owner, case.events[-1].who) == ("closed", "Kim", "")
    with pytest.raises(NotFound, match="no word of a person"):
        stored.undo(engine, case.id, who="Lee", at=AT, expected_last=case.last_event_id)


@pytest.mark.parametrize("table", ["repeat_case", "repeat_case_event"])
@pytest.mark.parametrize("change", ["DELETE FROM {}", "UPDATE {} SET id = 99"])
def test_what_was_said_about_a_case_is_neither_changed_nor_removed(engine, table, change):
    opened(engine)
    with pytest.raises(StorageError, match="append-only"), writing(engine) as connection:
        connection.execute(text(change.format(table)))
