import pytest
from tampering import tamper

from inspection.errors import Conflict, NotFound
from inspection.storage import log_detail
from inspection.storage.audit import append_event, verify_chain
from inspection.storage.database import looking, writing
from inspection.storage.model_switches import (
    ACTIVATED,
    REFUSED,
    ROLLED_BACK,
    ModelVersion,
    last_switch,
    record_switch,
    switches,
)

FIRST, SECOND = ModelVersion("first", "1" * 64), ModelVersion("second", "2" * 64)


def record(engine, kind=ACTIVATED, version=SECOND, before=FIRST, last=None, **more):
    return record_switch(
        engine,
        kind,
        version=version,
        before=before,
        expected_last=last,
        **{
            "who": "Kim",
            "reason": "finds more",
            "card": {"name": version.name},
            "golden": {"candidate": {"found": 3}},
            **more,
        },
    )


def test_a_log_without_a_switch_names_no_model(engine):
    assert last_switch(engine) is None and switches(engine) == ()


def test_a_switch_is_read_back_as_it_was_written_with_its_card(engine):
    number = record(engine)
    held = last_switch(engine)
    assert (held.id, held.kind, held.who, held.reason) == (number, ACTIVATED, "Kim", "finds more")
    assert (held.model, held.before) == (SECOND, FIRST)
    assert held.golden == {"candidate": {"found": 3}}
    assert log_detail.model_card(engine, SECOND.sha256) == {"name": "second"}
    assert verify_chain(engine).is_whole


def test_the_last_switch_holds_whatever_else_happens(engine):
    number = record(engine)
    with writing(engine) as connection:
        append_event(connection, "settings", "Kim", {"language": "ko"})
    assert last_switch(engine).id == number


def test_a_refused_switch_is_kept_and_changes_nothing(engine):
    number = record(engine)
    third = ModelVersion("third", "3" * 64)
    record(engine, REFUSED, third, SECOND, last=number)
    assert last_switch(engine).id == number
    assert [one.kind for one in switches(engine)] == [ACTIVATED, REFUSED]
    with pytest.raises(NotFound):
        log_detail.model_card(engine, third.sha256)


def test_a_version_that_comes_back_keeps_its_first_card(engine):
    number = record(engine)
    number = record(engine, ROLLED_BACK, FIRST, SECOND, last=number)
    record(engine, ACTIVATED, SECOND, FIRST, last=number, card={"name": "rewritten"})
    assert log_detail.model_card(engine, SECOND.sha256) == {"name": "second"}
    assert verify_chain(engine).is_whole


@pytest.mark.parametrize("seen", [None, 99])
def test_whoever_did_not_see_the_last_switch_is_told_by_whom_it_was_made(engine, seen):
    record(engine, who="Lee")
    with pytest.raises(Conflict, match=r"model second was put in use by Lee at .* meanwhile"):
        record(engine, last=seen)
    assert len(switches(engine)) == 1


def test_a_changed_switch_breaks_the_chain(engine):
    record(engine)
    tamper(engine, "UPDATE audit SET details = replace(details, 'more', 'less')")
    assert not verify_chain(engine).is_whole


def test_the_last_switch_is_found_by_an_index(sqlite_engine):
    with looking(sqlite_engine) as connection:
        plan = connection.exec_driver_sql(
            "EXPLAIN QUERY PLAN SELECT id FROM audit WHERE inspection_id IS NULL "
            "AND kind IN ('model_activated') ORDER BY id DESC LIMIT 1"
        ).all()
    assert "ix_audit_inspection" in str(plan) and "TEMP B-TREE" not in str(plan)
