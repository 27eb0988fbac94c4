from dataclasses import replace

import pytest
from sample_inspections import AT, DAY_SHIFT, a_defect, a_word, an_inspection
from sqlalchemy import text
from tampering import tamper

from inspection.errors import StorageError
from inspection.storage import audit, deciding, log_detail, recording
from inspection.storage.audit import record_digest
from inspection.storage.database import writing


@pytest.fixture
def log(engine):
    """Five inspections with defects, the third one decided and undone: seven events."""
    recording.record_many(
        engine,
        (
            (an_inspection(f"photo {n}", body=f"B{n}", defects=(a_defect(),)), DAY_SHIFT)
            for n in range(5)
        ),
    )
    deciding.decide(engine, a_word(3, "polish", reason="scratch"), None)
    deciding.undo(engine, 3, "Park", AT)
    return engine


@pytest.mark.parametrize("table", ["audit", "decision", "defect", "inspection"])
def test_what_was_written_cannot_be_deleted(log, table):
    with (
        pytest.raises(StorageError, match=f"{table} is append-only"),
        writing(log) as connection,
    ):
        connection.execute(text(f"DELETE FROM {table}"))


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("audit", "who = 'nobody'"),
        ("audit", "hash = ''"),
        ("decision", "disposition = 'accept'"),
        ("decision", "reason = ''"),
        ("defect", "area_px = 1"),
        ("inspection", "verdict = 'ok'"),
        ("inspection", "day = '2020-01-01'"),
        ("inspection", "is_first = FALSE"),
    ],
)
def test_what_was_written_cannot_be_changed(log, table, change):
    with (
        pytest.raises(StorageError, match=f"{table} is append-only"),
        writing(log) as connection,
    ):
        connection.execute(text(f"UPDATE {table} SET {change}"))


def test_an_honest_chain_is_whole(log):
    report = audit.verify_chain(log)
    assert report.is_whole
    assert (report.events, report.first_broken) == (7, None)
    assert "7 events" in report.sentence


@pytest.mark.parametrize(
    ("statement", "first_broken"),
    [
        ("UPDATE audit SET who = 'nobody' WHERE id = 4", 4),
        ("UPDATE audit SET at = '2020-01-01 00:00:00.000000' WHERE id = 2", 2),
        ("UPDATE audit SET details = '{}' WHERE id = 1", 1),
        ("DELETE FROM audit WHERE id = 3", 4),
        ("UPDATE audit SET id = 17 WHERE id = 7", 17),
        ("UPDATE inspection SET verdict = 'rework' WHERE id = 2", 2),
        ("UPDATE inspection SET inspector = 'nobody' WHERE id = 5", 5),
        ("UPDATE defect SET area_mm2 = area_mm2 + 0.001 WHERE inspection_id = 4", 4),
        ("DELETE FROM defect WHERE inspection_id = 1", 1),
        ("UPDATE decision SET reason = 'other' WHERE id = 1", 6),
        ("UPDATE decision SET withdrawn = FALSE WHERE id = 2", 7),
    ],
)
def test_a_tampered_row_is_named(log, statement, first_broken):
    tamper(log, statement)
    report = audit.verify_chain(log)
    assert not report.is_whole
    assert report.first_broken == first_broken
    assert f"broken at event {first_broken}" in report.sentence


def test_a_record_without_its_event_is_found(log):
    tamper(log, "DELETE FROM audit WHERE id >= 6")
    report = audit.verify_chain(log)
    assert not report.is_whole
    assert "decision" in report.sentence


def test_what_follows_from_later_records_is_not_sealed(log):
    deciding.decide(log, a_word(1, "accept"), None)
    assert audit.verify_chain(log).is_whole


def test_a_column_that_came_later_is_sealed_where_it_says_something(engine):
    part = {"id": 1, "width_px": 3.0}
    assert record_digest({}, [{**part, "width_error_px": None}]) == record_digest({}, [part])
    bound = a_defect()
    bound = replace(bound, region=replace(bound.region, width_error_px=1.0))
    recording.record_inspection(engine, an_inspection(defects=(bound,)), DAY_SHIFT)
    assert audit.verify_chain(engine).is_whole
    assert log_detail.inspection_detail(engine, 1).defects[0].region.is_upper_bound
    tamper(engine, "UPDATE defect SET width_error_px = NULL")
    assert not audit.verify_chain(engine).is_whole


@pytest.mark.parametrize("details", ["{", "", "5", "null", "[1]", '{"inspection": [1]}'])
def test_an_event_that_cannot_be_read_is_named_and_its_photo_still_shown(log, details):
    tamper(log, f"UPDATE audit SET details = '{details}' WHERE id = 2")
    report = audit.verify_chain(log)
    assert (report.first_broken, report.events) == (2, 1)
    assert "broken at event 2" in report.sentence
    assert log_detail.inspection_detail(log, 2).events[0].kind == "inspection"


def test_a_moment_that_is_none_is_named_with_its_event(sqlite_engine):
    recording.record_inspection(sqlite_engine, an_inspection(), DAY_SHIFT)
    recording.record_inspection(sqlite_engine, an_inspection("photo 2"), DAY_SHIFT)
    tamper(sqlite_engine, "UPDATE audit SET at = 'yesterday' WHERE id = 2")
    report = audit.verify_chain(sqlite_engine)
    assert (report.first_broken, report.sentence.split("; ")[0]) == (
        2,
        "the audit chain is broken at event 2: the event cannot be read",
    )


@pytest.mark.parametrize(
    ("kind", "details"),
    [
        ("inspection", '{"inspection": 99999999999999999999999999}'),
        ("inspection", '{"inspection": 2, "a": 1e400}'),
        ("body_moved", '{"now": 3}'),
        ("body_moved", '{"now": {"nothing": 1}, "was": {}}'),
        ("demo_removed", '{"removed": null}'),
        ("demo_removed", '{"removed": {"inspection": [1]}}'),
        ("demo_removed", '{"removed": {"inspection": [["a", "b"]]}}'),
    ],
)
def test_an_event_that_no_program_wrote_so_is_a_broken_chain_not_an_error(log, kind, details):
    tamper(log, f"UPDATE audit SET kind = '{kind}', details = '{details}' WHERE id = 2")
    assert audit.verify_chain(log).first_broken == 2


@pytest.mark.parametrize(
    "change", ["inspector = x'ff'", "inspected_at = 'yesterday'", "score = 9e999", "quality = '[1'"]
)
def test_a_record_that_cannot_be_read_is_a_broken_chain_not_an_error(sqlite_engine, change):
    for photo in ("photo 1", "photo 2"):
        recording.record_inspection(sqlite_engine, an_inspection(photo), DAY_SHIFT)
    tamper(sqlite_engine, f"UPDATE inspection SET {change} WHERE id = 2")
    assert audit.verify_chain(sqlite_engine).first_broken == 2


@pytest.mark.parametrize("reasons", ["[{", "[1]", '[{"code": 1}]', '[{"code": "a"}]'])
def test_a_damaged_reason_leaves_its_photo_to_be_seen_and_is_found(log, reasons):
    tamper(log, f"UPDATE inspection SET reasons = '{reasons}' WHERE id = 4")
    assert log_detail.inspection_detail(log, 4).inspection.judgement.reasons == ()
    assert audit.verify_chain(log).first_broken == 4
