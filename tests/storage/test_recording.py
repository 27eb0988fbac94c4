import json
import threading
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from sample_inspections import (
    AT,
    DAY_SHIFT,
    EVENING_SHIFT,
    a_defect,
    a_word,
    an_inspection,
    sha256_of,
)
from sqlalchemy import text

from inspection.domain import quality
from inspection.domain.inspections import MOST_LETTERS, Reason
from inspection.domain.shifts import ShiftSlot
from inspection.errors import AlreadyInspected, Conflict, NotFound, StorageError
from inspection.storage import (
    audit,
    counting,
    deciding,
    figures,
    log_detail,
    log_list,
    recording,
    tables,
)
from inspection.storage.database import looking, writing
from inspection.storage.log_filter import LogFilter

HOSTILE = Path(__file__).parents[3] / "shared" / "bad_images" / "hostile_names.json"


def rows_in(engine, table):
    with looking(engine) as connection:
        return connection.execute(text(f"SELECT count(*) FROM {table}")).scalar()


def test_an_inspection_comes_back_as_it_was_recorded(engine):
    inspection = an_inspection(
        verdict="rework", defects=(a_defect("scratch"), a_defect("dent", mm_per_px=None))
    )
    number = recording.record_inspection(engine, inspection, DAY_SHIFT)
    detail = log_detail.inspection_detail(engine, number)
    assert detail.inspection == inspection
    assert (detail.day, detail.shift) == (DAY_SHIFT.day, "day")
    assert (detail.standing, detail.disposition, detail.is_first) == ("rework", "", True)


def test_measured_numbers_may_come_from_numpy(engine):
    inspection = an_inspection(defects=(a_defect(area_px=np.int64(8)),), score=np.float32(0.25))
    object.__setattr__(
        inspection.judgement, "reasons", (Reason("too_many", {"count": np.int64(3)}),)
    )
    number = recording.record_inspection(engine, inspection, DAY_SHIFT)
    detail = log_detail.inspection_detail(engine, number)
    assert detail.inspection.judgement.reasons[0].values == {"count": 3}
    assert detail.defects[0].region.area_px == 8
    assert audit.verify_chain(engine).is_whole


def test_the_model_card_and_the_spec_text_are_kept_with_their_first_use(engine):
    recording.record_inspection(
        engine, an_inspection(), DAY_SHIFT, model_card={"types": ["scratch"]}, spec_text="[rules]"
    )
    assert log_detail.model_card(engine, "c" * 64) == {"types": ["scratch"]}
    assert log_detail.spec_text(engine, "d" * 64) == "[rules]"
    with pytest.raises(NotFound, match="no card of model eeee"):
        log_detail.model_card(engine, "e" * 64)


def test_a_card_that_was_missing_at_first_is_added_later(engine):
    recording.record_inspection(engine, an_inspection(), DAY_SHIFT)
    recording.record_inspection(
        engine, an_inspection("photo 2"), DAY_SHIFT, model_card={"a": 1}, spec_text="text"
    )
    assert log_detail.model_card(engine, "c" * 64) == {"a": 1}
    assert log_detail.spec_text(engine, "d" * 64) == "text"


def test_a_retry_with_the_same_request_writes_nothing_and_answers_the_first_number(engine):
    first = recording.record_inspection(engine, an_inspection(), DAY_SHIFT, "request 1")
    assert recording.record_inspection(engine, an_inspection(), DAY_SHIFT, "request 1") == first
    assert rows_in(engine, "inspection") == rows_in(engine, "audit") == 1


def test_a_request_id_belongs_to_one_photo(engine):
    recording.record_inspection(engine, an_inspection(), DAY_SHIFT, "request 1")
    with pytest.raises(Conflict, match="another photo"):
        recording.record_inspection(engine, an_inspection("photo 2"), DAY_SHIFT, "request 1")


def test_the_same_photo_again_names_the_earlier_inspection(engine):
    first = recording.record_inspection(engine, an_inspection(), DAY_SHIFT)
    with pytest.raises(AlreadyInspected, match="already inspected at 2026-11-23 01:30") as told:
        recording.record_inspection(engine, an_inspection(body="B0002"), DAY_SHIFT)
    assert (told.value.inspection_id, told.value.inspected_at) == (first, AT)
    assert rows_in(engine, "unit") == 1


def test_a_deliberate_re_inspection_is_one_more_row(engine):
    first = recording.record_inspection(engine, an_inspection(), DAY_SHIFT)
    second = recording.record_inspection(engine, an_inspection(repeats=first), DAY_SHIFT)
    detail = log_detail.inspection_detail(engine, second)
    assert not detail.is_first
    assert [one.id for one in detail.related] == [first]
    assert log_detail.find_photo(engine, sha256_of("photo 1")).id == second


def test_a_repeat_must_point_at_the_same_photo(engine):
    first = recording.record_inspection(engine, an_inspection(), DAY_SHIFT)
    with pytest.raises(StorageError, match="that is another photo"):
        recording.record_inspection(engine, an_inspection("photo 2", repeats=first), DAY_SHIFT)
    with pytest.raises(NotFound, match="99, which"):
        recording.record_inspection(engine, an_inspection("photo 2", repeats=99), DAY_SHIFT)


def test_the_database_itself_refuses_a_second_first_inspection_of_a_photo(engine):
    recording.record_inspection(engine, an_inspection(), DAY_SHIFT)
    names = tables.inspection.c.keys()
    with pytest.raises(StorageError, match=r"(?i)unique"), writing(engine) as connection:
        connection.execute(
            text(
                f"INSERT INTO inspection ({', '.join(names)}) "
                f"SELECT 2, NULL, {', '.join(names[2:])} FROM inspection"
            )
        )


def test_the_demo_line_may_show_one_photo_as_many_bodies(engine):
    numbers = recording.record_many(
        engine,
        ((an_inspection(body=f"D{n}", source="demo"), DAY_SHIFT) for n in range(3)),
    )
    assert log_list.count_from(engine, "demo") == 3
    assert figures.quality(engine, LogFilter()).units == 3
    assert log_detail.inspection_detail(engine, numbers[0]).related == ()


def test_many_at_once_are_the_same_as_one_by_one(tmp_path, engine):
    inspections = [
        an_inspection(f"photo {n}", body=f"B{n // 4}", defects=(a_defect(),) * (n % 3))
        for n in range(30)
    ]
    numbers = recording.record_many(engine, ((one, DAY_SHIFT) for one in inspections))
    assert numbers == list(range(1, 31))
    assert figures.quality(engine, LogFilter()) == quality.Quality(8, 30, 8, 0)
    assert log_detail.inspection_detail(engine, 17).inspection == inspections[16]
    assert counting.check_daily_count(engine) == ()
    assert audit.verify_chain(engine).events == 30


def test_a_batch_with_a_photo_twice_is_not_written(engine):
    with pytest.raises(AlreadyInspected):
        recording.record_many(engine, [(an_inspection(), DAY_SHIFT)] * 2)
    assert rows_in(engine, "inspection") == rows_in(engine, "unit") == rows_in(engine, "photo") == 0


def test_a_failure_in_the_last_step_leaves_nothing_of_an_inspection(engine, monkeypatch):
    def fail(*_):
        raise StorageError("the disk is full")

    monkeypatch.setattr(recording, "append_events", fail)
    with pytest.raises(StorageError):
        recording.record_inspection(engine, an_inspection(defects=(a_defect(),)), DAY_SHIFT)
    for table in ("photo", "unit", "model", "spec", "inspection", "defect", "daily_count", "audit"):
        assert rows_in(engine, table) == 0, table


def test_a_decision_stands_and_an_undo_takes_it_back(engine):
    number = recording.record_inspection(engine, an_inspection(verdict="rework"), DAY_SHIFT)
    first = deciding.decide(engine, a_word(number, "polish"), None)
    second = deciding.decide(engine, a_word(number, "accept", reason="dust"), first)
    assert log_detail.inspection_detail(engine, number).standing == "ok"
    third = deciding.undo(engine, number, "Park", AT)
    detail = log_detail.inspection_detail(engine, number)
    assert (detail.disposition, detail.standing) == ("polish", "rework")
    assert detail.last_decision_id == third
    deciding.undo(engine, number, "Park", AT)
    assert log_detail.inspection_detail(engine, number).disposition == ""
    with pytest.raises(NotFound, match="no decision that could be undone"):
        deciding.undo(engine, number, "Park", AT)
    said = log_detail.inspection_detail(engine, number).decisions
    assert [(one.decision.replaces, one.decision.withdrawn) for one in said] == [
        (None, False),
        (first, False),
        (second, True),
        (first, True),
    ]
    assert counting.check_daily_count(engine) == ()


def test_a_new_word_after_an_undo_replaces_the_word_that_stands(engine):
    number = recording.record_inspection(engine, an_inspection(), DAY_SHIFT)
    first, _ = deciding.decide_many(engine, [a_word(number, "polish"), a_word(number, "hold")])
    undone = deciding.undo(engine, number, "Park", AT)
    deciding.decide(engine, a_word(number, "accept"), undone)
    detail = log_detail.inspection_detail(engine, number)
    assert detail.decisions[-1].decision.replaces == first
    assert detail.standing == "ok"
    assert counting.check_daily_count(engine) == ()


def test_the_second_of_two_inspectors_is_told_who_was_first(engine):
    number = recording.record_inspection(engine, an_inspection(), DAY_SHIFT)
    deciding.decide(engine, a_word(number, "accept", inspector="Lee"), None)
    with pytest.raises(Conflict, match="changed by Lee at 2026-11-23 01:30"):
        deciding.decide(engine, a_word(number, "polish", inspector="Park"), None)
    with pytest.raises(Conflict, match="changed by Lee"):
        deciding.undo(engine, number, "Park", AT, expected_last=77)
    assert rows_in(engine, "decision") == 1


def test_a_word_about_nothing_is_refused(engine):
    with pytest.raises(NotFound, match="5 does not exist"):
        deciding.decide(engine, a_word(5, "accept"), None)


def test_a_new_judgement_takes_the_place_of_the_old_one(engine):
    old = recording.record_inspection(
        engine, an_inspection(verdict="rework", defects=(a_defect(),) * 3), DAY_SHIFT
    )
    later = AT + timedelta(days=2)
    new = recording.rejudge(
        engine,
        old,
        an_inspection(verdict="ok", defects=(a_defect(),), region_threshold=0.8, at=later),
        "Park",
    )
    detail = log_detail.inspection_detail(engine, new)
    assert (detail.rejudges, detail.is_first, detail.day) == (old, True, DAY_SHIFT.day)
    assert log_detail.inspection_detail(engine, old).superseded_by == new
    assert log_list.log_page(engine, LogFilter())["id"].tolist() == [new]
    assert figures.quality(engine, LogFilter()) == quality.Quality(1, 1, 1, 0)
    assert [event.kind for event in detail.events] == ["inspection", "rejudgement"]
    assert counting.check_daily_count(engine) == ()


def test_a_judgement_that_was_replaced_or_decided_is_not_judged_again(engine):
    old = recording.record_inspection(engine, an_inspection(), DAY_SHIFT)
    new = recording.rejudge(engine, old, an_inspection(), "Park", "again 1")
    assert recording.rejudge(engine, old, an_inspection(), "Park", "again 1") == new
    with pytest.raises(Conflict, match=f"judged again as no. {new}"):
        recording.rejudge(engine, old, an_inspection(), "Park")
    with pytest.raises(Conflict, match=f"judged again as no. {new}"):
        deciding.decide(engine, a_word(old, "accept"), None)
    deciding.decide(engine, a_word(new, "accept"), None)
    with pytest.raises(Conflict, match="undo the decision"):
        recording.rejudge(engine, new, an_inspection(), "Park")
    with pytest.raises(StorageError, match="judge the photo it shows"):
        recording.rejudge(engine, new, an_inspection("photo 2"), "Park")


@pytest.mark.processes
def test_eight_inspectors_at_once_lose_nothing(engine):
    failures = []

    def inspect(place):
        try:
            for n in range(50):
                one = an_inspection(f"{place}/{n}", body=f"B{n}", defects=(a_defect(),))
                number = recording.record_inspection(engine, one, DAY_SHIFT, f"{place}/{n}")
                if n % 10 == 0:
                    deciding.decide(engine, a_word(number, "polish"), None)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=inspect, args=(place,)) for place in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert rows_in(engine, "inspection") == rows_in(engine, "defect") == 400
    assert rows_in(engine, "decision") == 40
    assert figures.quality(engine, LogFilter()).units == 50
    assert counting.check_daily_count(engine) == ()
    assert audit.verify_chain(engine).events == 440


def test_eight_tabs_with_one_photo_log_it_once(engine):
    answers = []

    def send():
        try:
            answers.append(recording.record_inspection(engine, an_inspection(), EVENING_SHIFT))
        except AlreadyInspected as told:
            answers.append(told)

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(answer, int) for answer in answers) == 1
    assert sum(isinstance(answer, AlreadyInspected) for answer in answers) == 7
    assert rows_in(engine, "inspection") == 1


@pytest.mark.skipif(not HOSTILE.exists(), reason="../shared/bad_images is not here")
def test_hostile_texts_come_back_unchanged_and_find_only_themselves(engine):
    texts = [entry["text"] for entry in json.loads(HOSTILE.read_text(encoding="utf-8"))]
    # Longer ones are refused before they reach the log.
    texts = [one for one in texts if len(one) <= MOST_LETTERS["body_number"]]
    if engine.dialect.name == "postgresql":
        # It has no NUL character in text; column_types says what stands there instead.
        texts = [one.replace("\0", "\ufffd") for one in texts]
    numbers = recording.record_many(
        engine,
        (
            (an_inspection(f"photo {n}", name=one, body=one, inspector=one), DAY_SHIFT)
            for n, one in enumerate(texts)
        ),
    )
    deciding.decide_many(
        engine,
        (a_word(number, "hold", reason=one) for number, one in zip(numbers, texts, strict=True)),
    )
    for number, one in list(zip(numbers, texts, strict=True))[::10]:
        detail = log_detail.inspection_detail(engine, number)
        assert detail.photo_name == detail.subject.inspector == detail.subject.body_typed == one
        assert detail.decisions[0].decision.reason == one
        where = LogFilter(inspector=one, body_number=one)
        assert log_list.count(engine, where) == texts.count(one)
    assert audit.verify_chain(engine).is_whole
    assert counting.check_daily_count(engine) == ()


def test_one_body_scanned_six_ways_is_counted_once_and_found_by_any_of_them(engine):
    typed = (
        "KMH-0001",
        "KMH-0001 ",
        "KMH-0001\r",
        " kmh-0001",
        "ＫＭＨ－０００１",
        "KMH\u20130001",
    )
    numbers = [
        recording.record_inspection(engine, an_inspection(f"photo {n}", body=one), DAY_SHIFT)
        for n, one in enumerate(typed)
    ]
    assert rows_in(engine, "unit") == 1
    assert figures.quality(engine, LogFilter()).units == 1
    for one in typed:
        for where in (LogFilter(body_number=one), LogFilter(body_search=one)):
            assert log_list.log_page(engine, where)["body_number"].tolist() == ["KMH-0001"] * 6
    kept = [log_detail.inspection_detail(engine, number).subject for number in numbers]
    assert [one.body_typed for one in kept] == list(typed)
    assert {one.body_number for one in kept} == {"KMH-0001"}
    assert audit.verify_chain(engine).is_whole


def test_a_lone_surrogate_does_not_stop_the_log(engine):
    number = recording.record_inspection(engine, an_inspection(name="x\ud800.jpg"), DAY_SHIFT)
    assert log_detail.inspection_detail(engine, number).photo_name == "x\\ud800.jpg"
    assert audit.verify_chain(engine).is_whole


def test_other_parts_can_append_events_of_their_own(engine):
    with writing(engine) as connection:
        audit.append_event(connection, "settings", "Kim", {"language": "ko"})
    assert log_list.data_version(engine) == 1
    assert audit.verify_chain(engine).is_whole


def test_a_slot_is_stored_as_given(engine):
    slot = ShiftSlot(DAY_SHIFT.day - timedelta(days=1), "night")
    number = recording.record_inspection(engine, an_inspection(), slot)
    detail = log_detail.inspection_detail(engine, number)
    assert (detail.day, detail.shift) == (slot.day, "night")
