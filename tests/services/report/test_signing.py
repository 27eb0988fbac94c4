from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from alembic import command

from inspection.domain.shifts import ShiftOfLine
from inspection.errors import Conflict, NoteRefused
from inspection.i18n import translator
from inspection.services.photo import counting, reviewing
from inspection.services.report import shift_report as reporting
from inspection.services.report import signing
from inspection.services.report.building import build_shift_report, place_of
from inspection.services.report.check import check_all_reports, check_report
from inspection.services.report.check_words import check_sentence, fault_sentences
from inspection.services.report.pdf import shift_report_pdf
from inspection.services.report.shift_report import data_sha256
from inspection.services.report.signing import find_signed, shift_report, sign_in, sign_out
from inspection.storage import figures, log_detail, log_filter
from inspection.storage.audit import verify_chain
from inspection.storage.database import migrations_config, open_database, prepare, writing
from inspection.storage.report import sealed_rows, shift_notes
from tests.storage.old_schemas import lent_tables
from tests.storage.tampering import tamper
from tests.ui.conftest import invented, write_inspections

DAY, SHIFT = date(2026, 3, 2), "day"
ENGLISH = translator("en")


def decide(station, number, disposition="polish", who="박지훈"):
    reviewing.decide(
        station, log_detail.inspection_detail(station.engine, number), disposition, "먼지", who
    )


def write_for(station, kind, words, shift=SHIFT, who="최유나"):
    return shift_notes.write_note(
        station.engine, place_of(station, ShiftOfLine(DAY, shift)), kind, words, who
    )


def sign(station, who="최유나"):
    draft = build_shift_report(station, ShiftOfLine(DAY, SHIFT), with_pictures=False)
    return sign_out(station, ShiftOfLine(DAY, SHIFT), who, data_sha256(draft))


def outcome(station, number):
    (check,) = [one for one in check_all_reports(station) if one.report_id == number]
    return check


@pytest.fixture
def logged(station):
    """Six bodies on 2 March: ok, rework, ok, human, ok, rework; the second one decided."""
    verdicts = ("ok", "rework", "ok", "human", "ok", "rework")
    numbers = write_inspections(
        station, *(invented(station, n, verdict) for n, verdict in enumerate(verdicts, 1))
    )
    decide(station, numbers[1])
    return numbers


def test_a_draft_becomes_signed_and_then_taken_over(station, logged):
    assert shift_report(station, ShiftOfLine(DAY, SHIFT), with_pictures=False).state == "draft"
    number = sign(station)
    assert shift_report(station, ShiftOfLine(DAY, SHIFT), with_pictures=False).state == "signed"
    sign_in(station, number, "박지훈")
    report = shift_report(station, ShiftOfLine(DAY, SHIFT), with_pictures=False)
    assert report.state == "taken_over"
    assert [line.name for line in report.signatures] == ["최유나", "박지훈"]


def test_a_signed_report_is_frozen_and_keeps_its_hash(station, logged):
    draft = build_shift_report(station, ShiftOfLine(DAY, SHIFT), with_pictures=False)
    sign(station)
    decide(station, logged[3], "accept")
    frozen = shift_report(station, ShiftOfLine(DAY, SHIFT), with_pictures=False)
    assert frozen.quality == draft.quality
    assert data_sha256(frozen) == data_sha256(draft)
    assert (
        build_shift_report(station, ShiftOfLine(DAY, SHIFT), with_pictures=False).quality
        != draft.quality
    )


def test_the_pdf_of_a_signed_report_is_the_same_before_and_after_a_later_decision(station, logged):
    sign(station)
    before = shift_report_pdf(shift_report(station, ShiftOfLine(DAY, SHIFT)), translator("ko"))
    decide(station, logged[3], "accept")
    assert (
        shift_report_pdf(shift_report(station, ShiftOfLine(DAY, SHIFT)), translator("ko")) == before
    )


def test_a_report_that_was_signed_before_the_upgrade_of_body_numbers_still_holds(
    station, tmp_path, monkeypatch
):
    engine = open_database(f"sqlite:///{tmp_path / 'earlier.db'}")
    config = migrations_config()
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0008")
    station = replace(station, engine=engine)
    with lent_tables(engine):
        with monkeypatch.context() as earlier:
            earlier.setattr("inspection.domain.inspections.normal_body_number", str)
            for n, typed in enumerate(("kmh-1", "KMH-1 ", "KMH-2"), 1):
                one, slot = invented(station, n, "rework")
                subject = replace(one.subject, body_number=typed, body_typed="")
                write_inspections(station, (replace(one, subject=subject), slot))
            decide(station, 3, "accept")
            number = sign(station)
        assert outcome(station, number).holds
    prepare(engine)
    assert figures.quality(engine, log_filter.LogFilter()).units == 2
    assert outcome(station, number).holds
    tamper(engine, "UPDATE inspection SET unit_id = 3 WHERE id = 1")
    assert not outcome(station, number).holds
    engine.dispose()


def test_a_report_signed_when_photos_without_a_number_were_bodies_still_holds(
    station, logged, monkeypatch
):
    before, _ = invented(station, -1440, "rework")
    nameless = replace(before, subject=replace(before.subject, body_number=""))
    write_inspections(station, (nameless, station.calendar.slot_at(nameless.inspected_at)))

    def as_then(connection, place):
        return {"2026-03-01": {"units": 1, "defects": 1, "passed_units": 0, "undecided_units": 0}}

    with monkeypatch.context() as then:
        for module in (reporting, signing):
            then.setattr(module, "LAYOUT", 2)
        then.setattr(sealed_rows, "_baseline", as_then)
        number = sign(station)
    assert outcome(station, number).holds and not outcome(station, number).later
    tamper(station.engine, "UPDATE inspection SET score = 0.2 WHERE id = 2")
    assert [fault.table for fault in outcome(station, number).rows] == ["inspection"]


def test_the_lead_signs_what_was_read_and_nothing_newer(station, logged):
    seen = data_sha256(build_shift_report(station, ShiftOfLine(DAY, SHIFT), with_pictures=False))
    decide(station, logged[3], "accept")
    with pytest.raises(Conflict, match="read it again before signing"):
        sign_out(station, ShiftOfLine(DAY, SHIFT), "최유나", seen)
    assert find_signed(station, ShiftOfLine(DAY, SHIFT)) is None


def test_a_report_is_signed_once_and_by_two_people(station, logged):
    number = sign(station)
    with pytest.raises(Conflict, match="was signed by 최유나"):
        sign(station, "이서연")
    with pytest.raises(NoteRefused, match="another name"):
        sign_in(station, number, " 최유나 ")
    sign_in(station, number, "박지훈")
    with pytest.raises(Conflict, match="taken over by 박지훈"):
        sign_in(station, number, "이서연")


def test_a_signature_needs_a_name(station, logged):
    with pytest.raises(NoteRefused, match="needs a name"):
        sign(station, "  ")


def test_an_untouched_report_still_matches_the_log(station, logged):
    number = sign(station)
    assert outcome(station, number).holds
    assert outcome(station, number).later == ()
    assert "still says what was signed" in check_sentence(ENGLISH, outcome(station, number))


def test_a_later_decision_is_told_apart_from_tampering(station, logged):
    number = sign(station)
    decide(station, logged[3], "accept")
    decide(station, logged[5], "panel_repaint")
    check = outcome(station, number)
    assert check.holds
    assert check.later == (("decision", 2),)
    assert "added in due form since: decisions: 2" in check_sentence(ENGLISH, check)


def test_a_later_photo_and_a_later_judgement_are_no_tampering_either(station, logged):
    number = sign(station)
    write_inspections(station, invented(station, 90, "rework"))
    assert outcome(station, number).holds
    assert dict(outcome(station, number).later) == {"inspection": 1}


def test_one_verdict_changed_behind_the_logs_back_is_named(station, logged):
    number = sign(station)
    tamper(station.engine, f"UPDATE inspection SET verdict = 'rework' WHERE id = {logged[0]}")
    check = outcome(station, number)
    assert not check.holds
    assert fault_sentences(ENGLISH, check) == [f"inspection {logged[0]}: verdict OK → Rework"]
    assert "1 row changed without an audit record" in check_sentence(ENGLISH, check)
    assert not verify_chain(station.engine).is_whole


def test_a_decision_that_vanished_is_named(station, logged):
    number = sign(station)
    tamper(
        station.engine,
        f"UPDATE inspection SET decision_id = NULL, last_decision_id = NULL, disposition = '' "
        f"WHERE id = {logged[1]}",
        "DELETE FROM decision",
    )
    assert fault_sentences(ENGLISH, outcome(station, number)) == [
        "decision 1: is missing",
        f"inspection {logged[1]}: decision_id 1 → –, decision Polish → –, last_decision_id 1 → –",
    ]


def test_a_decision_that_slipped_in_is_named(station, logged):
    number = sign(station)
    tamper(
        station.engine,
        "INSERT INTO decision (id, inspection_id, disposition, reason, inspector, decided_at, "
        f"withdrawn) VALUES (2, {logged[3]}, 'accept', '', 'x', '2026-03-02 02:00:00', 0)",
    )
    assert fault_sentences(ENGLISH, outcome(station, number)) == [
        "decision 2: was added without an audit record"
    ]


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE defect SET area_mm2 = 1.0 WHERE id = 1", "defect 1: area (mm²) 4.2 → 1.0"),
        ("UPDATE unit SET first_shift = 'night' WHERE id = 2", "body 2: first shift Day → Night"),
        ("UPDATE spec SET name = 'kinder'", "kinder"),
        ("DELETE FROM defect WHERE id = 2", "defect 2: is missing"),
    ],
)
def test_other_rows_of_the_report_are_watched_too(station, logged, statement, named):
    number = sign(station)
    tamper(station.engine, statement)
    assert named in "\n".join(fault_sentences(ENGLISH, outcome(station, number)))


def test_a_changed_roll_up_is_told_apart_from_changed_rows(station, logged):
    number = sign(station)
    tamper(station.engine, "UPDATE daily_count SET units = units + 1 WHERE level = 'body'")
    check = outcome(station, number)
    assert (check.rows, check.figures) == ((), ("quality",))
    assert "every row holds" in check_sentence(ENGLISH, check)


@pytest.mark.parametrize(
    ("statement", "seal"),
    [
        ("UPDATE signed_report SET data = replace(data, '최', '박')", ""),
        ("UPDATE signed_report SET data = replace(data, 'KMH-0002', 'KMH-0003')", "data_changed"),
        ("UPDATE signed_report SET row_values = x'00'", "rows_changed"),
        ("DELETE FROM report_signature", "signature_gone"),
        ("UPDATE report_signature SET who = 'x'", "signature_gone"),
    ],
)  # fmt: skip
def test_the_stored_report_itself_is_sealed(station, logged, statement, seal):
    number = sign(station)
    tamper(station.engine, statement)
    assert outcome(station, number).seal == seal


def test_a_signed_report_that_vanished_is_named(station, logged):
    number = sign(station)
    tamper(station.engine, "DELETE FROM report_signature", "DELETE FROM signed_report")
    check = outcome(station, number)
    assert (check.seal, check.of) == ("report_gone", ShiftOfLine(DAY, SHIFT))


def test_earlier_days_of_the_baseline_may_be_decided_later_but_not_changed(station, logged):
    evening = invented(station, 6 * 60, "ok")
    write_inspections(station, evening)
    next_day = date(2026, 3, 3)
    draft = build_shift_report(station, ShiftOfLine(next_day, SHIFT), with_pictures=False)
    number = sign_out(station, ShiftOfLine(next_day, SHIFT), "최유나", data_sha256(draft))
    decide(station, logged[3], "panel_repaint")
    check = check_report(station, find_signed(station, ShiftOfLine(next_day, SHIFT)))
    assert check.holds
    assert check.later == (("baseline", 1),)
    # The chain knows of later words about 2 March, but of none about a day that was never there.
    tamper(station.engine, "UPDATE daily_count SET day = '2026-03-01' WHERE day = '2026-03-02'")
    assert fault_sentences(ENGLISH, outcome(station, number)) == [
        "baseline day 2026-03-01: was added without an audit record"
    ]


def test_a_first_visit_voided_after_the_signature_is_no_tampering_with_the_next_one(
    station, logged
):
    again, slot = invented(station, 6 * 60, "rework")
    subject = log_detail.inspection_detail(station.engine, logged[0]).subject
    (number,) = write_inspections(station, (replace(again, subject=subject), slot))
    day = log_detail.inspection_detail(station.engine, number)
    of = ShiftOfLine(day.day, day.shift)
    draft = build_shift_report(station, of, with_pictures=False)
    sign_out(station, of, "최유나", data_sha256(draft))
    first = log_detail.inspection_detail(station.engine, logged[0])
    counting.void(station, first, "다른 차체", "박지훈")
    assert log_detail.inspection_detail(station.engine, number).is_first
    check = check_report(station, find_signed(station, of))
    assert check.holds, fault_sentences(ENGLISH, check)
    counting.restore(station, log_detail.inspection_detail(station.engine, logged[0]), "박지훈")
    assert check_report(station, find_signed(station, of)).holds


def test_notes_and_items_stand_in_the_signed_report(station, logged):
    write_for(station, "note", "10:20 부스 2 필터 교체")
    item = write_for(station, "hand_over", "색상 차이 확인")
    number = sign(station)
    report = shift_report(station, ShiftOfLine(DAY, SHIFT), with_pictures=False)
    assert [row.text for row in report.notes] == ["10:20 부스 2 필터 교체"]
    assert [row.text for row in report.open_hand_over] == ["색상 차이 확인"]
    evening = place_of(station, ShiftOfLine(DAY, "evening"))
    shift_notes.say(station.engine, evening, item, "closed", "박지훈", "정상")
    assert outcome(station, number).holds
    assert outcome(station, number).later == ()
    tamper(station.engine, "UPDATE shift_note SET text = '이상 없음' WHERE kind = 'note'")
    (named,) = fault_sentences(ENGLISH, outcome(station, number))
    assert named.endswith("text 10:20 부스 2 필터 교체 → 이상 없음")


def test_nothing_is_written_into_a_signed_shift_any_more(station, logged):
    sign(station)
    with pytest.raises(NoteRefused, match="is signed and stays as it is"):
        write_for(station, "note", "zu spät")


def test_an_empty_shift_is_signed_and_checked_like_any_other(station):
    number = sign(station)
    assert shift_report(station, ShiftOfLine(DAY, SHIFT)).photos == 0
    assert outcome(station, number).holds
    assert datetime.now(UTC) > find_signed(station, ShiftOfLine(DAY, SHIFT)).sealed_at


def test_a_report_whose_event_is_damaged_is_told_to_have_none(station, logged):
    number = sign(station)
    tamper(station.engine, "UPDATE audit SET details = '{' WHERE kind = 'report_signed'")
    assert outcome(station, number).seal == "no_event"
    assert "cannot be read" in verify_chain(station.engine).sentence
