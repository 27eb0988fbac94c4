"""The demo line in the log: what goes with it and what stays, on both databases."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sample_inspections import DAY_SHIFT, a_defect, a_word, an_inspection
from sqlalchemy import func, select
from tampering import tamper

from inspection.domain.shifts import ShiftOfLine
from inspection.errors import NotFound
from inspection.storage import (
    audit,
    case_records,
    counting,
    deciding,
    demo_loads,
    log_pieces,
    recording,
    tables,
)
from inspection.storage.case_records import NewCase
from inspection.storage.chart_tables import chart_note, repeat_case, repeat_case_event
from inspection.storage.database import looking, writing
from inspection.storage.log_filter import LogFilter
from inspection.storage.report import shift_notes
from inspection.storage.report.shift_notes import ShiftPlace
from inspection.storage.report.table import shift_note, shift_note_word

NOW = datetime(2026, 11, 1, 3, tzinfo=UTC)


def of_the_demo(number, **more):
    one = an_inspection(f"pool {number % 2}", body=f"D{number}", defects=(a_defect(),), **more)
    return replace(one, photo_source="demo")


def demo_with_words(engine):
    """Four inspections of the demo line, two decided, one judged again; answers the load."""
    load = demo_loads.begin(engine, "Kim", {"seed": 1}, NOW)
    numbers = recording.record_many(engine, [(of_the_demo(n), DAY_SHIFT) for n in range(4)])
    deciding.decide_many(engine, [a_word(numbers[0], "polish"), a_word(numbers[1], "accept")])
    recording.rejudge(engine, numbers[2], of_the_demo(2), "Kim")
    demo_loads.finish(engine, load, NOW)
    return load, numbers


def rows(engine, table):
    with looking(engine) as connection:
        return connection.scalar(select(func.count()).select_from(table))


def kinds(engine):
    with looking(engine) as connection:
        return list(connection.scalars(select(tables.audit.c.kind).order_by(tables.audit.c.id)))


def test_a_demo_line_goes_with_all_that_rests_on_it_and_the_chain_says_so(engine):
    _, numbers = demo_with_words(engine)
    place = ShiftPlace(ShiftOfLine(DAY_SHIFT.day, DAY_SHIFT.shift), NOW)
    note = shift_notes.write_note(engine, place, shift_notes.NOTE, "a note", "Kim")
    shift_notes.say(engine, place, note, shift_notes.WITHDRAWN, "Kim")
    gone, photos = demo_loads.remove(engine, "Lee", NOW)
    assert (gone, len(photos)) == (5, 2)
    for table in (
        *(tables.inspection, tables.defect, tables.decision, tables.unit, tables.photo),
        *(tables.model, tables.spec, tables.daily_count, shift_note),
        *(shift_note_word, chart_note, repeat_case),
    ):
        assert rows(engine, table) == 0, table.name
    assert audit.verify_chain(engine).is_whole
    assert counting.check_daily_count(engine) == ()
    said = kinds(engine)
    assert said[0] == "demo_loading" and "demo_loaded" in said and said[-1] == "demo_removed"
    assert said.count("inspection") == len(numbers)
    assert demo_loads.standing_load(engine) is None


def test_numbers_of_the_demo_line_are_not_given_a_second_time(engine):
    demo_with_words(engine)
    demo_loads.remove(engine, "Lee", NOW)
    assert recording.record_inspection(engine, an_inspection("real"), DAY_SHIFT) == 6
    assert audit.verify_chain(engine).is_whole


def test_real_inspections_beside_it_and_what_is_said_about_them_stay(engine):
    real = recording.record_inspection(engine, an_inspection("real", body="R1"), DAY_SHIFT)
    deciding.decide(engine, a_word(real, "polish"), None)
    before = log_pieces.inspections_frame(engine, LogFilter())
    counts = rows(engine, tables.daily_count)
    place = ShiftPlace(ShiftOfLine(DAY_SHIFT.day, DAY_SHIFT.shift), NOW)
    demo_with_words(engine)
    shift_notes.write_note(engine, place, shift_notes.NOTE, "about the real one", "Kim")
    demo_loads.remove(engine, "Lee", NOW)
    assert log_pieces.inspections_frame(engine, LogFilter()).equals(before)
    assert rows(engine, tables.daily_count) == counts
    assert rows(engine, shift_note) == 1
    assert rows(engine, tables.decision) == 1
    assert counting.check_daily_count(engine) == ()
    assert audit.verify_chain(engine).is_whole


def test_a_case_goes_when_its_evidence_is_the_demo_line_alone(engine):
    real = recording.record_inspection(engine, an_inspection("real", body="R1"), DAY_SHIFT)
    _, numbers = demo_with_words(engine)
    for evidence in (numbers[:2], [real, numbers[0]]):
        about = NewCase(
            vehicle_model="aria",
            panel="hood",
            position=(0.5, 0.5),
            radius_mm=20.0,
            closes_after=100,
            first_seen_at=NOW,
            evidence={"inspections": evidence},
        )
        case_records.open_case(engine, about, owner="", note="", who="Kim", at=NOW)
    demo_loads.remove(engine, "Lee", NOW)
    (left,) = case_records.repeat_cases(engine)
    assert real in left.about.evidence["inspections"]
    assert rows(engine, repeat_case_event) == 1


def test_what_is_removed_by_hand_is_still_found_after_a_demo_was_removed(engine):
    demo_with_words(engine)
    demo_loads.remove(engine, "Lee", NOW)
    number = recording.record_inspection(engine, an_inspection("real", body="R1"), DAY_SHIFT)
    tamper(engine, f"UPDATE inspection SET score = 0.01 WHERE id = {number}")
    report = audit.verify_chain(engine)
    assert not report.is_whole and f"inspection {number}" in report.sentence
    tamper(engine, f"DELETE FROM defect WHERE inspection_id = {number}")
    tamper(engine, f"DELETE FROM inspection WHERE id = {number}")
    assert not audit.verify_chain(engine).is_whole


def test_the_triggers_that_keep_the_log_stand_again_afterwards(engine):
    demo_with_words(engine)
    demo_loads.remove(engine, "Lee", NOW)
    number = recording.record_inspection(engine, an_inspection("real", body="R1"), DAY_SHIFT)
    with pytest.raises(Exception, match="append-only"), writing(engine) as connection:
        connection.execute(tables.inspection.delete().where(tables.inspection.c.id == number))
    assert rows(engine, tables.inspection) == 1


def test_a_removal_that_was_cut_short_is_gone_on_with(engine, monkeypatch):
    load, _ = demo_with_words(engine)
    demo_loads.keep_photos(engine, load, ["a" * 64])
    monkeypatch.setattr(demo_loads, "_AT_ONCE", 2)

    def cut_short(done, of):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        demo_loads.remove(engine, "Lee", NOW, progress=cut_short)
    assert rows(engine, tables.inspection) == 3
    assert audit.verify_chain(engine).is_whole
    gone, photos = demo_loads.remove(engine, "Lee", NOW)
    assert (gone, len(photos)) == (3, 3)
    assert audit.verify_chain(engine).is_whole
    assert counting.check_daily_count(engine) == ()


def test_where_there_is_no_demo_line_there_is_nothing_to_remove(engine):
    recording.record_inspection(engine, an_inspection("real"), DAY_SHIFT)
    with pytest.raises(NotFound, match="nothing to remove"):
        demo_loads.remove(engine, "Lee", NOW)
    assert (demo_loads.demo_count(engine), demo_loads.real_count(engine)) == (0, 1)
