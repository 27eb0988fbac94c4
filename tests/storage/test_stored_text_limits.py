"""What has no type in the domain, and what an earlier version kept at any length."""

from datetime import UTC, datetime

import pytest
from sample_inspections import DAY, DAY_SHIFT, a_word, an_inspection
from tampering import tamper

from inspection.domain.repeat_cases import CaseEvent
from inspection.domain.shifts import ShiftOfLine
from inspection.errors import InspectionError
from inspection.storage import (
    audit,
    case_records,
    deciding,
    log_detail,
    model_switches,
    recording,
    saved_views,
)
from inspection.storage.report import shift_notes, signed_reports

AT = datetime(2026, 11, 30, tzinfo=UTC)
PLACE = shift_notes.ShiftPlace(ShiftOfLine(DAY, "day"), AT)
LONG = "x" * 1001
MODEL = model_switches.ModelVersion("lite0-unet", "c" * 64)


def switch(engine, who, reason):
    model_switches.record_switch(
        engine,
        model_switches.ACTIVATED,
        who=who,
        reason=reason,
        version=MODEL,
        before=MODEL,
        card={},
        golden={},
        expected_last=None,
    )


@pytest.mark.parametrize(
    "write",
    [
        lambda engine: shift_notes.write_note(engine, PLACE, "note", LONG, "Kim"),
        lambda engine: shift_notes.write_note(engine, PLACE, "note", "filter", LONG),
        lambda engine: shift_notes.say(engine, PLACE, 1, "closed", "Kim", LONG),
        lambda engine: shift_notes.say(engine, PLACE, 1, "closed", LONG, "done"),
        lambda engine: signed_reports.countersign(engine, 1, LONG),
        lambda engine: saved_views.save_view(engine, "mine", {}, LONG, AT),
        lambda engine: saved_views.save_view(engine, LONG, {}, "Kim", AT),
        lambda engine: saved_views.save_view(engine, "mine", {"body": LONG}, "Kim", AT),
        lambda engine: switch(engine, LONG, "better"),
        lambda engine: switch(engine, "Kim", LONG),
    ],
)
def test_a_text_that_is_too_long_is_refused_and_nothing_is_written(sqlite_engine, write):
    with pytest.raises(InspectionError, match=r"1001 letters|at most 60 characters"):
        write(sqlite_engine)
    assert audit.verify_chain(sqlite_engine).events == 0


def test_longer_texts_of_an_earlier_version_lose_their_end_when_they_are_read(sqlite_engine):
    number = recording.record_inspection(sqlite_engine, an_inspection(), DAY_SHIFT)
    deciding.decide(sqlite_engine, a_word(number, "polish"), None)
    about = case_records.NewCase("aria", "hood", (0.5, 0.5), 5.0, 100, AT, {})
    case_records.open_case(sqlite_engine, about, owner="Lee", note="", who="Kim", at=AT)
    tamper(
        sqlite_engine,
        f"UPDATE decision SET reason = '{LONG}', inspector = '{LONG}'",
        f"UPDATE repeat_case_event SET owner = '{LONG}'",
    )
    said = log_detail.inspection_detail(sqlite_engine, number).decisions[0].decision
    assert (len(said.reason), len(said.inspector)) == (300, 80)
    (case,) = case_records.repeat_cases(sqlite_engine)
    assert isinstance(case.events[0], CaseEvent)
    assert case.owner == "x" * 79 + "…"
