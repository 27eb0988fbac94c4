"""Shift reports of a German plant in the two nights in which its clock is set."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from inspection.config import Settings
from inspection.domain.shifts import ShiftOfLine
from inspection.i18n import translator
from inspection.services.report.building import build_shift_report, place_of
from inspection.services.report.check import check_report
from inspection.services.report.html import shift_report_html
from inspection.services.report.shift_report import data_sha256
from inspection.services.report.signing import find_signed, shift_report, sign_out
from inspection.services.report.words import about_the_shift
from inspection.services.report.workbook import shift_report_xlsx
from inspection.services.station import open_station
from inspection.storage.report.shift_notes import notes_of_shift, write_note
from tests.ui.conftest import invented, write_inspections

# 2 o'clock in the morning of these days becomes 3, and 3 becomes 2.
SPRING, AUTUMN = date(2026, 3, 28), date(2026, 10, 24)
ENGLISH = translator("en")


@pytest.fixture
def german(tmp_path, fake_worker):
    """A plant in Berlin with shifts at 6, 14 and 22 o'clock."""
    opened = open_station(
        Settings(data_dir=tmp_path / "data", timezone="Europe/Berlin"), with_model=False
    )
    yield replace(opened, worker=fake_worker)
    opened.engine.dispose()


def inspected(station, moments, verdict="rework"):
    """One body at each moment (UTC), logged under the shift that the calendar gives."""
    for number, moment in enumerate(moments, start=1):
        one, _ = invented(station, number, verdict)
        write_inspections(
            station, (replace(one, inspected_at=moment), station.calendar.slot_at(moment))
        )


def at(day, hour, minute=0):
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


def test_the_spring_night_has_seven_hours_and_loses_no_photo(german):
    # 22:00 CET is 21:00 UTC; 06:00 CEST is 04:00 UTC.
    first, last = at(SPRING, 21), at(date(2026, 3, 29), 3, 59)
    before, after = at(SPRING, 20, 59), at(date(2026, 3, 29), 4)
    inspected(german, [before, first, last, after])
    night = build_shift_report(german, ShiftOfLine(SPRING, "night"))
    assert night.header.hours == 7
    assert night.photos == 2 and night.quality.units == 2
    assert [f"{photo.inspected_at:%H:%M %Z}" for photo in night.worst] == [
        "22:00 CET",
        "05:59 CEST",
    ]
    assert "22:00 – 03-29 06:00 (7 h, CET → CEST)" in about_the_shift(night, ENGLISH)[0][1]
    assert build_shift_report(german, ShiftOfLine(SPRING, "evening")).photos == 1
    assert build_shift_report(german, ShiftOfLine(date(2026, 3, 29), "day")).photos == 1


def test_the_autumn_night_has_nine_hours_and_counts_the_hour_that_comes_twice(german):
    # 02:30 is shown twice: at 00:30 UTC in summer time and at 01:30 UTC in winter time.
    twice = [at(date(2026, 10, 25), 0, 30), at(date(2026, 10, 25), 1, 30)]
    first, last = at(AUTUMN, 20), at(date(2026, 10, 25), 4, 59)
    inspected(german, [first, *twice, last, at(date(2026, 10, 25), 5)])
    night = build_shift_report(german, ShiftOfLine(AUTUMN, "night"))
    assert night.header.hours == 9
    assert night.photos == 4 and night.quality.units == 4
    shown = [f"{photo.inspected_at:%H:%M %Z}" for photo in night.worst]
    assert shown == ["22:00 CEST", "02:30 CEST", "02:30 CET", "05:59 CET"]
    assert "(9 h, CEST → CET)" in about_the_shift(night, ENGLISH)[0][1]


@pytest.mark.parametrize("day", [SPRING, AUTUMN])
def test_a_night_of_another_length_is_signed_read_back_and_checked(german, day):
    start, _ = german.calendar.bounds(day, "night")
    inspected(german, [start])
    draft = build_shift_report(german, ShiftOfLine(day, "night"))
    sign_out(german, ShiftOfLine(day, "night"), "Lee", data_sha256(draft))
    frozen = shift_report(german, ShiftOfLine(day, "night"))
    assert frozen.header == draft.header
    assert check_report(german, find_signed(german, ShiftOfLine(day, "night"))).holds
    for write in (shift_report_html, shift_report_xlsx):
        assert write(replace(frozen, signatures=draft.signatures), ENGLISH)


@pytest.mark.parametrize("day", [SPRING, AUTUMN])
def test_the_days_around_a_clock_change_have_23_and_25_hours_of_shifts(german, day):
    hours = [
        build_shift_report(german, ShiftOfLine(day, code), with_pictures=False).header.hours
        for code in ("day", "evening", "night")
    ]
    assert sum(hours) == (23 if day == SPRING else 25)


@pytest.mark.parametrize("day", [SPRING, AUTUMN])
def test_an_item_of_the_night_stands_in_the_next_days_report(german, day):
    write_note(
        german.engine, place_of(german, ShiftOfLine(day, "night")), "hand_over", "clock set", "Lee"
    )
    after = german.calendar.next_slot(
        german.calendar.slot_at(german.calendar.bounds(day, "night")[0])
    )
    for slot in (after, german.calendar.next_slot(after)):
        place = place_of(german, ShiftOfLine(slot.day, slot.shift))
        assert [note.text for note in notes_of_shift(german.engine, place)] == ["clock set"]
