"""What is left out of the figures, and who said so."""

from datetime import timedelta

import pytest
from sample_inspections import AT, DAY, DAY_SHIFT, EVENING_SHIFT, a_defect, a_word, an_inspection
from sqlalchemy import text
from tampering import tamper

from inspection.domain.chart_choice import ChartChoice
from inspection.domain.counting_words import CountingWord, LikeAnother
from inspection.domain.scale import Scale
from inspection.domain.shifts import ShiftOfLine
from inspection.errors import Conflict, CountingRefused, NotFound
from inspection.storage import (
    audit,
    chart_points,
    counting,
    deciding,
    figures,
    log_detail,
    log_list,
    log_pieces,
    places,
    recording,
)
from inspection.storage.counting_records import how_many_wait, say
from inspection.storage.database import looking
from inspection.storage.log_filter import LogFilter
from inspection.storage.report import shift_figures

ALL = LogFilter()


def log(engine, photo, slot=DAY_SHIFT, like=None, **more):
    more.setdefault("defects", (a_defect(),))
    more.setdefault("verdict", "rework")
    return recording.record_inspection(engine, an_inspection(photo, **more), slot, like=like)


def void(engine, number, expected="", reason="wrong body"):
    return say(engine, CountingWord(number, "voided", reason, "Lee", AT), expected)


def counted(engine):
    """Units and defects wherever they are counted; all places agree, else the test fails here."""
    quality = figures.quality(engine, ALL)
    daily = figures.daily(engine, ALL)
    chart = chart_points.slot_counts(engine, ChartChoice("u", "shift"), (DAY, DAY))
    report = shift_figures.shift_summary(engine, ShiftOfLine(DAY, "day"))
    on_map = places.place_counts(engine, LogFilter(vehicle_model="aria"), ["hood"], 4)
    found = {
        (quality.units, quality.defects),
        (int(daily["units"].sum()), int(daily["defects"].sum())),
        (int(chart["units"].sum()), int(chart["defects"].sum())),
        (report.quality.units, report.quality.defects),
    }
    assert len(found) == 1
    assert int(on_map["defects"].sum()) == quality.defects
    assert int(figures.pareto(engine, ALL)["defects"].sum()) == quality.defects
    assert len(log_pieces.defects_frame(engine, ALL)) == quality.defects
    assert counting.check_daily_count(engine) == ()
    assert audit.verify_chain(engine).is_whole
    return found.pop()


def figures_in(engine, shift):
    """Units and defects of one shift; the roll-up follows from the rows."""
    assert counting.check_daily_count(engine) == ()
    found = figures.quality(engine, LogFilter(shift=shift))
    assert found == figures.quality(engine, LogFilter(shift=shift, inspector="Kim"))
    return found.units, found.defects


def test_a_voided_inspection_leaves_every_figure_and_stays_in_the_log(engine):
    first, second = log(engine, "one", body="B1"), log(engine, "two", body="B2")
    assert counted(engine) == (2, 2)
    void(engine, second)
    assert counted(engine) == (1, 1)
    listed = log_list.log_page(engine, ALL).set_index("id")["left_out"]
    assert listed.to_dict() == {second: "voided", first: ""}
    detail = log_detail.inspection_detail(engine, second)
    (word,) = detail.counting
    assert (word.said.word, word.said.reason, word.said.who) == ("voided", "wrong body", "Lee")
    assert detail.events[-1].kind == "voided"


def test_a_void_that_is_taken_back_is_another_record_and_counts_again(engine):
    number = log(engine, "one")
    void(engine, number)
    say(engine, CountingWord(number, "restored", "", "Park", AT), "voided")
    assert counted(engine) == (1, 1)
    words = log_detail.inspection_detail(engine, number).counting
    assert [word.said.word for word in words] == ["voided", "restored"]


def test_the_report_names_what_was_voided_with_who_and_why(engine):
    log(engine, "one", body="B1")
    number = log(engine, "two", body="B2")
    void(engine, number)
    report = shift_figures.shift_summary(engine, ShiftOfLine(DAY, "day"))
    assert report.photos == 1
    (left_out,) = report.left_out
    assert (left_out.inspection_id, left_out.body_number, left_out.why) == (number, "B2", "voided")
    assert (left_out.reason, left_out.who) == ("wrong body", "Lee")


@pytest.mark.parametrize(("reason", "who"), [("", "Lee"), ("wrong body", " "), ("a" * 301, "Lee")])
def test_a_void_needs_a_reason_and_a_name_that_fit(reason, who):
    with pytest.raises(CountingRefused, match=r"no\. 1|needs a name"):
        CountingWord(1, "voided", reason, who, AT)


def test_two_people_cannot_void_the_same_inspection_and_nobody_restores_what_counts(engine):
    number = log(engine, "one")
    with pytest.raises(Conflict, match="counts"):
        say(engine, CountingWord(number, "restored", "", "Park", AT), "")
    void(engine, number)
    with pytest.raises(Conflict, match=r"left out \(voided\) since Lee"):
        void(engine, number)
    with pytest.raises(NotFound, match=r"no\. 99"):
        void(engine, 99)


def test_a_voided_inspection_is_neither_decided_nor_judged_again(engine):
    number = log(engine, "one")
    void(engine, number)
    with pytest.raises(Conflict, match="left out of the figures"):
        deciding.decide(engine, a_word(number, "polish"), None)
    with pytest.raises(Conflict, match="left out of the figures"):
        recording.rejudge(engine, number, an_inspection("one"), "Kim")


def test_a_photo_of_a_voided_inspection_may_be_logged_for_the_right_body(engine):
    wrong = log(engine, "one", body="B1")
    void(engine, wrong)
    log(engine, "one", body="B2", repeats=wrong)
    assert counted(engine) == (1, 1)
    assert log_detail.find_photo(engine, an_inspection("one").photo_sha256).left_out == ""


def test_a_body_whose_only_photo_was_voided_is_first_inspected_when_it_is_shot_again(engine):
    void(engine, log(engine, "one", EVENING_SHIFT))
    log(engine, "two", DAY_SHIFT, at=AT + timedelta(hours=8))
    assert counted(engine) == (1, 1)


def test_the_next_visit_is_the_first_one_while_the_first_is_voided(engine):
    evening = {
        "body": "B1",
        "line": "L2",
        "at": AT + timedelta(hours=8),
        "defects": (a_defect(), a_defect()),
    }
    first = log(engine, "one", body="B1", line="L1")
    log(engine, "two", EVENING_SHIFT, **evening)
    log(engine, "three", EVENING_SHIFT, panel="roof", **evening)
    assert figures_in(engine, "day") == (1, 1)
    void(engine, first)
    assert figures_in(engine, "evening") == (1, 4)
    assert figures.quality(engine, LogFilter(line="L2")).units == 1
    assert shift_figures.shift_summary(engine, ShiftOfLine(DAY, "evening")).quality.units == 1
    assert shift_figures.shift_summary(engine, ShiftOfLine(DAY, "day")).quality.units == 0
    by_shift = chart_points.slot_counts(engine, ChartChoice("u", "shift"), (DAY, DAY))
    assert by_shift[["shift", "units", "defects"]].values.tolist() == [["evening", 1, 4]]
    on_map = places.place_counts(engine, LogFilter(vehicle_model="aria"), ["hood", "roof"], 4)
    assert int(on_map["defects"].sum()) == 4
    assert log_pieces.inspections_frame(engine, ALL)["is_first"].all()
    assert [log_detail.inspection_detail(engine, n).is_first for n in (2, 3)] == [True, True]
    assert audit.verify_chain(engine).is_whole
    say(engine, CountingWord(first, "restored", "", "Park", AT), "voided")
    assert figures_in(engine, "day") == (1, 1)
    assert figures_in(engine, "evening") == (0, 0)
    assert figures.quality(engine, LogFilter(line="L1")).units == 1
    assert not log_detail.inspection_detail(engine, 2).is_first


def test_a_body_that_was_shot_again_after_a_void_has_one_first_visit_when_it_is_taken_back(engine):
    first = log(engine, "one", body="B1")
    void(engine, first)
    log(engine, "two", EVENING_SHIFT, body="B1", at=AT + timedelta(hours=8))
    assert figures_in(engine, "evening") == (1, 1)
    say(engine, CountingWord(first, "restored", "", "Park", AT), "voided")
    assert figures_in(engine, "evening") == (0, 0)
    assert figures_in(engine, "day") == (1, 1)


def test_of_the_visit_that_becomes_first_only_what_was_not_sent_back_counts(engine):
    later = [AT + timedelta(hours=8, minutes=n) for n in range(3)]
    first = log(engine, "one", body="B1")
    bad = log(engine, "two", EVENING_SHIFT, body="B1", at=later[0])
    deciding.decide(engine, a_word(bad, "polish", at=later[1]), None)
    log(engine, "polished", EVENING_SHIFT, body="B1", at=later[2])
    void(engine, first)
    assert figures_in(engine, "evening") == (1, 1)
    same = log_detail.inspection_detail(engine, 3).inspection
    again = recording.rejudge(engine, 3, same, "Lee")
    assert not log_detail.inspection_detail(engine, again).is_first
    assert counting.check_daily_count(engine) == ()


def test_a_visit_that_became_first_by_hand_is_found(engine):
    log(engine, "one", body="B1")
    log(engine, "two", EVENING_SHIFT, body="B1", at=AT + timedelta(hours=8))
    tamper(engine, "INSERT INTO first_changed (inspection_id) VALUES (2)")
    assert "first_changed" in {one.where for one in counting.check_daily_count(engine)}
    counting.rebuild_daily_count(engine)
    assert figures_in(engine, "day") == (1, 1)


def test_a_corrected_scale_takes_the_place_of_the_wrong_one_and_says_so(engine):
    number = log(engine, "one", scale=Scale(5.0), defects=(a_defect(mm_per_px=5.0),))
    deciding.decide(engine, a_word(number, "polish"), None)
    right = an_inspection("one", scale=Scale(0.5), defects=(a_defect(),), verdict="rework")
    again = recording.rejudge(engine, number, right, "Lee", corrects_scale="typed 5 for 0.5")
    assert counted(engine) == (1, 1)
    assert figures.pareto(engine, ALL)["area_mm2"].tolist() == [2.0]
    assert log_detail.inspection_detail(engine, number).superseded_by == again
    assert log_detail.inspection_detail(engine, again).disposition == ""
    (told,) = shift_figures.shift_summary(engine, ShiftOfLine(DAY, "day")).left_out
    assert (told.inspection_id, told.why, told.other_id) == (number, "scale_corrected", again)
    assert (told.mm_per_px, told.mm_per_px_now, told.reason) == (5.0, 0.5, "typed 5 for 0.5")


def test_what_looks_like_an_earlier_shot_waits_for_an_answer(engine):
    first = log(engine, "one")
    copy = log(engine, "copy", like=LikeAnother(first, "waiting"))
    assert counted(engine) == (1, 1)
    assert how_many_wait(engine) == how_many_wait(engine, LogFilter(vehicle_model="aria")) == 1
    assert how_many_wait(engine, LogFilter(vehicle_model="borea")) == 0
    say(engine, CountingWord(copy, "other_shot", "", "Lee", AT, first), "waiting")
    assert counted(engine) == (1, 2)
    say(engine, CountingWord(copy, "same_shot", "", "Lee", AT, first), "")
    assert counted(engine) == (1, 1)
    assert how_many_wait(engine) == 0


def test_nobody_answers_a_question_that_was_not_asked(engine):
    first, second = log(engine, "one"), log(engine, "two")
    with pytest.raises(Conflict):
        say(engine, CountingWord(second, "same_shot", "", "Lee", AT, first), "")


def test_a_void_over_a_waiting_shot_lets_it_wait_again_when_it_is_taken_back(engine):
    first = log(engine, "one")
    copy = log(engine, "copy", like=LikeAnother(first, "waiting"))
    void(engine, copy, "waiting")
    say(engine, CountingWord(copy, "restored", "", "Lee", AT), "voided")
    assert log_detail.inspection_detail(engine, copy).left_out == "waiting"


def test_exports_hold_what_was_left_out_only_where_it_is_asked_for(engine):
    void(engine, log(engine, "one", body="B1"))
    log(engine, "two", body="B2")
    assert log_pieces.inspections_frame(engine, ALL)["body_number"].tolist() == ["B2"]
    asked = log_pieces.inspections_frame(engine, LogFilter(left_out="voided"))
    assert asked[["body_number", "left_out"]].values.tolist() == [["B1", "voided"]]


def test_a_hand_that_hides_an_inspection_from_the_figures_is_found(engine):
    log(engine, "one")
    tamper(engine, "INSERT INTO left_out (inspection_id, why) VALUES (1, 'voided')")
    assert "left_out" in {one.where for one in counting.check_daily_count(engine)}
    tamper(engine, "DELETE FROM left_out")
    void(engine, 1)
    tamper(engine, "UPDATE counting_word SET reason = 'other'")
    assert "counting_word 1 is not what was written" in audit.verify_chain(engine).sentence


def test_a_word_about_counting_cannot_be_changed(sqlite_engine):
    void(sqlite_engine, log(sqlite_engine, "one"))
    with pytest.raises(Exception, match="append-only"), looking(sqlite_engine) as connection:
        connection.execute(text("DELETE FROM counting_word"))
