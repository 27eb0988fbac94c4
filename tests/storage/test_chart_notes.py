from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from inspection.domain.chart_choice import ChartChoice, ChartNote
from inspection.errors import Conflict, NotFound, StorageError
from inspection.storage.audit import verify_chain
from inspection.storage.chart_notes import standing_notes, withdraw_note, write_note
from inspection.storage.database import (
    looking,
    writing,
)

ARIA = ChartChoice("u", "day", 0, "vehicle_model", "aria")
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)


def a_note(kind="cause", day=0, text="nozzle 3 clogged", category="machine", last=1):
    first_at = MONDAY + timedelta(days=day)
    last_at = None if kind == "phase" else first_at + timedelta(days=last)
    return ChartNote(
        ARIA, kind, first_at, last_at, text, "Kim", category if kind == "cause" else ""
    )


def test_a_note_is_read_back_as_it_was_said_and_stands_in_the_audit(engine):
    number = write_note(engine, a_note())
    (held,) = standing_notes(engine)
    assert (held.id, held.note) == (number, a_note())
    with looking(engine) as connection:
        kind, who, details = connection.execute(
            text("SELECT kind, who, details FROM audit ORDER BY id DESC LIMIT 1")
        ).one()
    assert (kind, who) == ("chart_note", "Kim") and "nozzle 3 clogged" in details
    assert verify_chain(engine).is_whole


def test_only_notes_of_the_time_asked_for_are_read(engine):
    for note in (a_note(day=0), a_note(day=5), a_note("phase", day=2), a_note("phase", day=9)):
        write_note(engine, note)
    asked = standing_notes(engine, MONDAY + timedelta(days=5), MONDAY + timedelta(days=6))
    # A phase goes on until the next one: whoever asks later still needs it.
    assert [(one.note.kind, one.note.first_at.day) for one in asked] == [
        ("cause", 28),
        ("phase", 25),
    ]


def test_a_note_that_was_taken_back_stands_no_more_and_is_never_deleted(engine):
    number = write_note(engine, a_note("baseline"))
    withdraw_note(engine, number, "Lee", "wrong week")
    assert standing_notes(engine) == ()
    with looking(engine) as connection:
        assert connection.execute(text("SELECT count(*) FROM chart_note")).scalar() == 2
    with pytest.raises(Conflict, match=r"taken back by Lee at"):
        withdraw_note(engine, number, "Kim")


@pytest.mark.parametrize("number", [99, 2])
def test_only_a_note_can_be_taken_back(engine, number):
    withdraw_note(engine, write_note(engine, a_note()), "Lee")
    with pytest.raises(NotFound, match=f"no chart note {number}"):
        withdraw_note(engine, number, "Kim")


@pytest.mark.parametrize("change", ["UPDATE chart_note SET text = 'x'", "DELETE FROM chart_note"])
def test_a_note_cannot_be_changed(engine, change):
    write_note(engine, a_note())
    with pytest.raises(StorageError, match="append-only"), writing(engine) as connection:
        connection.execute(text(change))
