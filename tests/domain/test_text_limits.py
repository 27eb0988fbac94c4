"""Every text that people write into the log is refused where it is longer than what is kept."""

from datetime import UTC, datetime

import pytest

from inspection.domain.chart_choice import ChartChoice, ChartNote
from inspection.domain.cost import INPUTS, CostEstimate, CostRanges, Range
from inspection.domain.counting_words import CountingWord
from inspection.domain.inspections import Decision, Subject
from inspection.domain.repeat_cases import CaseEvent
from inspection.errors import InspectionError

AT = datetime(2026, 11, 30, tzinfo=UTC)
RANGES = CostRanges({name: Range(0, 0.1, 0.2) for name in INPUTS})


def decision(reason="dust", inspector="Kim"):
    return Decision(1, "polish", reason, inspector, AT)


def chart_note(text="nozzle 3", who="Kim", subject="aria"):
    return ChartNote(
        ChartChoice("u", "day", 0, "vehicle_model", subject), "phase", AT, None, text, who
    )


def case_event(owner="Lee", note="booth 2", who="Kim"):
    return CaseEvent(1, "said", "open", owner, note, who, AT)


def estimate(plant="Ulsan", currency="KRW", who="Kim", note="books of 2026"):
    return CostEstimate(plant, currency, RANGES, who, note)


def word(reason="wrong body", who="Kim"):
    return CountingWord(1, "voided", reason, who, AT)


@pytest.mark.parametrize(
    ("said", "field", "most"),
    [
        (decision, "reason", 300),
        (decision, "inspector", 80),
        (chart_note, "text", 200),
        (chart_note, "who", 80),
        (chart_note, "subject", 80),
        (case_event, "owner", 80),
        (case_event, "note", 500),
        (case_event, "who", 80),
        (estimate, "plant", 60),
        (estimate, "currency", 8),
        (estimate, "who", 80),
        (estimate, "note", 300),
        (word, "reason", 300),
        (word, "who", 80),
        (Subject, "body_number", 80),
        (Subject, "inspector", 80),
        (Subject, "station", 40),
    ],
)
def test_a_text_as_long_as_its_limit_is_kept_and_one_letter_more_is_refused(said, field, most):
    said(**{field: "가" * most})
    with pytest.raises(InspectionError, match=f"has {most + 1} letters.* {most} "):
        said(**{field: "가" * (most + 1)})


@pytest.mark.parametrize(
    ("said", "field"),
    [(decision, "reason"), (chart_note, "text"), (case_event, "note"), (estimate, "note")],
)
def test_bytes_of_another_encoding_are_no_text(said, field):
    with pytest.raises(InspectionError, match="no readable text"):
        said(**{field: "\udcb0\udca1"})
