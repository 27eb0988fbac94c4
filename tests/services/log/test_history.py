from dataclasses import replace
from datetime import UTC, datetime, timedelta

from inspection.domain.inspections import Decision, Thresholds
from inspection.services.log.history import Basis, history
from inspection.storage import deciding, log_detail, recording
from inspection.storage.audit import append_event
from inspection.storage.database import writing
from tests.ui.conftest import invented, write_inspections

LATER = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)


def story(station, number):
    lines = history(log_detail.inspection_detail(station.engine, number))
    return [(line.kind, line.code, line.who) for line in lines]


def test_a_photo_that_nobody_spoke_about_has_its_proposal_alone(station):
    (number,) = write_inspections(station, invented(station, 1, "rework"))
    assert story(station, number) == [("proposed", "rework", "Kim")]


def test_every_word_is_told_in_the_order_in_which_it_was_said(station):
    (number,) = write_inspections(station, invented(station, 1, "rework"))
    first = Decision(number, "polish", "scratch", "Lee", LATER)
    second = Decision(number, "accept", "reflection", "Park", LATER + timedelta(minutes=1))
    seen = deciding.decide(station.engine, first, None)
    seen = deciding.decide(station.engine, second, seen)
    deciding.undo(station.engine, number, "Park", LATER + timedelta(minutes=2), seen)
    assert story(station, number) == [
        ("proposed", "rework", "Kim"),
        ("decided", "polish", "Lee"),
        ("corrected", "accept", "Park"),
        ("withdrawn", "accept", "Park"),
    ]


def test_a_repeated_photo_is_told_from_both_sides(station):
    (first,) = write_inspections(station, invented(station, 1, "human"))
    again = invented(station, 30, "ok", photo="panel-1.jpg", repeats=first, inspector="Lee")
    (second,) = write_inspections(station, again)
    assert story(station, first) == [("proposed", "human", "Kim"), ("reinspected", "ok", "Lee")]
    assert story(station, second) == [("earlier", "human", "Kim"), ("proposed", "ok", "Lee")]


def test_each_judgement_names_the_spec_the_model_and_the_scale_it_was_made_by(station):
    (first,) = write_inspections(station, invented(station, 1, "human"))
    again = invented(station, 30, "ok", photo="panel-1.jpg")[0]
    second = recording.rejudge(
        station.engine,
        first,
        replace(
            again,
            thresholds=Thresholds(region=0.7),
            spec_name="mild_topcoat",
            spec_sha256="e" * 64,
            scale=None,
        ),
        "Lee",
    )
    for number in (first, second):
        lines = history(log_detail.inspection_detail(station.engine, number))
        earlier, later = [line for line in lines if line.basis]
        assert (earlier.inspection_id, later.inspection_id) == (first, second)
        assert earlier.basis == Basis("fake", station.spec.name, 0.5, 0.2)
        assert later.basis == Basis("fake", "mild_topcoat", 0.7, None)
        assert later.kind == "rejudged"


def test_every_line_carries_the_audit_event_that_seals_it(station):
    (number,) = write_inspections(station, invented(station, 1, "rework"))
    seen = deciding.decide(
        station.engine, Decision(number, "polish", "scratch", "Lee", LATER), None
    )
    deciding.undo(station.engine, number, "Lee", LATER + timedelta(minutes=1), seen)
    lines = history(log_detail.inspection_detail(station.engine, number))
    assert [line.event for line in lines] == [1, 2, 3]
    assert all(len(line.record_sha256) == 64 for line in lines)


def test_what_was_said_about_an_earlier_judgement_of_the_photo_is_told_as_well(station):
    (first,) = write_inspections(station, invented(station, 1, "human"))
    deciding.decide(station.engine, Decision(first, "reinspect", "blurred", "Lee", LATER), None)
    again = invented(station, 30, "ok", photo="panel-1.jpg", repeats=first)
    (second,) = write_inspections(station, again)
    lines = history(log_detail.inspection_detail(station.engine, second))
    (said,) = [line for line in lines if line.kind == "decided"]
    assert (said.code, said.who, said.reason) == ("reinspect", "Lee", "blurred")
    assert (said.inspection_id, said.event) == (first, 2)


def test_any_other_event_of_the_inspection_stands_in_the_same_line_of_time(station):
    (number,) = write_inspections(station, invented(station, 1, "ok"))
    with writing(station.engine) as connection:
        append_event(connection, "photo_shown", "Park", {}, number)
    last = history(log_detail.inspection_detail(station.engine, number))[-1]
    assert (last.kind, last.code, last.who) == ("event", "photo_shown", "Park")
