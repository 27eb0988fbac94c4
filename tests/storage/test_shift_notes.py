from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from inspection.domain.shifts import ShiftOfLine
from inspection.errors import Conflict, NoteRefused, NotFound, StorageError
from inspection.storage.audit import verify_chain
from inspection.storage.database import (
    writing,
)
from inspection.storage.report.shift_notes import ShiftPlace, notes_of_shift, say, write_note
from tests.storage.tampering import tamper

DAY = date(2026, 11, 23)
MORNING = datetime(2026, 11, 22, 21, tzinfo=UTC)  # 06:00 in Seoul


def shift(number: int, line: str = "") -> ShiftPlace:
    """The day, evening and night shift of 23 November are 0, 1 and 2; 3 is the next day shift."""
    day, place = divmod(number, 3)
    code = ("day", "evening", "night")[place]
    of = ShiftOfLine(DAY + timedelta(days=day), code, line)
    return ShiftPlace(of, MORNING + timedelta(hours=8 * number))


def texts(engine, place):
    return [note.text for note in notes_of_shift(engine, place)]


def test_a_note_stands_in_its_own_shift_alone(engine):
    write_note(engine, shift(1), "note", "10:20 filter changed", "Kim")
    assert [texts(engine, shift(n)) for n in range(3)] == [[], ["10:20 filter changed"], []]


def test_an_item_is_carried_on_until_a_shift_closes_it(engine):
    item = write_note(engine, shift(1), "hand_over", "check the colour", "Kim")
    say(engine, shift(3), item, "closed", "Park", "colour is right")
    carried = [texts(engine, shift(n)) for n in range(5)]
    assert carried == [[], *[["check the colour"]] * 3, []]
    (open_then,) = notes_of_shift(engine, shift(2))
    (closed,) = notes_of_shift(engine, shift(3))
    assert open_then.is_open and not closed.is_open
    assert (closed.last.who, closed.last.reason) == ("Park", "colour is right")


def test_an_item_that_is_reopened_is_carried_on_again(engine):
    item = write_note(engine, shift(0), "hand_over", "check the colour", "Kim")
    say(engine, shift(1), item, "closed", "Park", "colour is right")
    say(engine, shift(3), item, "reopened", "Lee")
    assert [bool(texts(engine, shift(n))) for n in range(6)] == [
        True,
        True,
        False,
        True,
        True,
        True,
    ]


def test_what_was_taken_back_stands_in_no_report_and_can_come_back(engine):
    item = write_note(engine, shift(0), "hand_over", "wrong shift", "Kim")
    say(engine, shift(0), item, "withdrawn", "Kim")
    assert texts(engine, shift(0)) == texts(engine, shift(1)) == []
    say(engine, shift(0), item, "reopened", "Kim")
    assert texts(engine, shift(1)) == ["wrong shift"]


def test_a_line_sees_its_own_notes_and_those_for_all_lines(engine):
    for line in ("", "L1", "L2"):
        write_note(engine, shift(0, line), "hand_over", line or "all", "Kim")
    assert texts(engine, shift(0, "L1")) == ["all", "L1"]
    assert texts(engine, shift(0)) == ["all", "L1", "L2"]


@pytest.mark.parametrize(
    ("words", "who", "said"),
    [(" \n ", "Kim", "needs a text"), ("check the colour", " ", "needs a name")],
)
def test_a_note_needs_a_text_and_a_name(engine, words, who, said):
    with pytest.raises(NoteRefused, match=said):
        write_note(engine, shift(0), "note", words, who)


def test_an_item_is_closed_with_a_reason_and_once(engine):
    item = write_note(engine, shift(0), "hand_over", "check the colour", "Kim")
    with pytest.raises(NoteRefused, match="how it was settled"):
        say(engine, shift(0), item, "closed", "Park", " ")
    say(engine, shift(0), item, "closed", "Park", "fine")
    with pytest.raises(Conflict, match=f"note {item} was changed by Park"):
        say(engine, shift(0), item, "closed", "Lee", "fine")
    with pytest.raises(NotFound, match="note 99 does not exist"):
        say(engine, shift(0), 99, "closed", "Lee", "fine")


def test_every_word_is_sealed_in_the_audit_chain(engine):
    item = write_note(engine, shift(0), "hand_over", "check the colour", "Kim")
    say(engine, shift(1), item, "closed", "Park", "fine")
    assert verify_chain(engine).is_whole
    tamper(engine, "UPDATE shift_note SET text = 'nothing to do'")
    assert "shift_note 1 is not what was written" in verify_chain(engine).sentence


def test_a_word_that_vanished_breaks_the_chain(engine):
    item = write_note(engine, shift(0), "hand_over", "check the colour", "Kim")
    say(engine, shift(1), item, "closed", "Park", "fine")
    tamper(engine, "DELETE FROM shift_note_word")
    assert not verify_chain(engine).is_whole


@pytest.mark.parametrize(
    "table", ["shift_note", "shift_note_word", "signed_report", "report_signature"]
)
def test_the_leads_words_and_reports_are_append_only(engine, table):
    item = write_note(engine, shift(0), "hand_over", "check the colour", "Kim")
    say(engine, shift(0), item, "closed", "Park", "fine")
    with writing(engine) as connection:
        connection.execute(
            text(
                "INSERT INTO signed_report (id, day, shift, line, layout, data, data_sha256, "
                "row_values, rows_sha256, sealed_at) VALUES (1, '2026-11-23', 'day', '', 2, '', "
                "'', '', '', '2026-11-23 00:00:00')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO report_signature (id, report_id, role, who, at) VALUES "
                "(1, 1, 'outgoing_lead', 'Kim', '2026-11-23 00:00:00')"
            )
        )
    for change in (f"DELETE FROM {table}", f"UPDATE {table} SET id = 9"):
        with (
            pytest.raises(StorageError, match=f"{table} is append-only"),
            writing(engine) as connection,
        ):
            connection.execute(text(change))
