from datetime import UTC, datetime, timedelta

from inspection.domain.inspections import Decision
from inspection.services.history import history
from inspection.storage import reading, records
from tests.ui.conftest import invented, write_inspections

LATER = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)


def story(station, number):
    lines = history(reading.inspection_detail(station.engine, number))
    return [(line.kind, line.code, line.who) for line in lines]


def test_a_photo_that_nobody_spoke_about_has_its_proposal_alone(station):
    (number,) = write_inspections(station, invented(station, 1, "rework"))
    assert story(station, number) == [("proposed", "rework", "Kim")]


def test_every_word_is_told_in_the_order_in_which_it_was_said(station):
    (number,) = write_inspections(station, invented(station, 1, "rework"))
    first = Decision(number, "polish", "scratch", "Lee", LATER)
    second = Decision(number, "accept", "reflection", "Park", LATER + timedelta(minutes=1))
    seen = records.decide(station.engine, first, None)
    seen = records.decide(station.engine, second, seen)
    records.undo(station.engine, number, "Park", LATER + timedelta(minutes=2), seen)
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
