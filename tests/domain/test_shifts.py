from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest

from inspection.domain.shifts import PlantCalendar, ShiftSlot, ShiftTime
from inspection.errors import NotFound


def three_shifts(timezone: str) -> PlantCalendar:
    return PlantCalendar(
        timezone,
        (
            ShiftTime("day", time(6)),
            ShiftTime("evening", time(14)),
            ShiftTime("night", time(22)),
        ),
    )


def production_hours(calendar: PlantCalendar, day: date) -> float:
    start, end = calendar.day_bounds(day)
    return (end - start) / timedelta(hours=1)


def shift_hours(calendar: PlantCalendar, day: date, shift: str) -> float:
    start, end = calendar.bounds(day, shift)
    return (end - start) / timedelta(hours=1)


def test_a_body_inspected_at_two_in_the_morning_belongs_to_the_night_shift_of_the_day_before():
    # 17:00 UTC on 4 May is 02:00 on 5 May in Seoul.
    slot = three_shifts("Asia/Seoul").slot_at(datetime(2026, 5, 4, 17, tzinfo=UTC))
    assert slot == ShiftSlot(date(2026, 5, 4), "night")


def test_a_shift_begins_with_its_start_and_ends_just_before_the_next():
    calendar = three_shifts("Asia/Seoul")
    six = datetime(2026, 5, 4, 21, tzinfo=UTC)  # 06:00 on 5 May in Seoul
    assert calendar.slot_at(six) == ShiftSlot(date(2026, 5, 5), "day")
    assert calendar.slot_at(six - timedelta(microseconds=1)) == ShiftSlot(date(2026, 5, 4), "night")


def test_the_night_shift_of_new_years_eve_stays_in_the_old_year():
    calendar = three_shifts("Asia/Seoul")
    start, end = calendar.bounds(date(2026, 12, 31), "night")
    assert start == datetime(2026, 12, 31, 13, tzinfo=UTC)
    assert end == datetime(2026, 12, 31, 21, tzinfo=UTC)
    assert calendar.slot_at(end - timedelta(seconds=1)).day == date(2026, 12, 31)


@pytest.mark.parametrize(
    ("timezone", "spring", "autumn"),
    [
        ("America/New_York", date(2026, 3, 7), date(2026, 10, 31)),
        ("Europe/Berlin", date(2026, 3, 28), date(2026, 10, 24)),
    ],
)
def test_the_night_shift_of_the_clock_change_lasts_seven_or_nine_hours(timezone, spring, autumn):
    # The clocks change in the night to Sunday, which belongs to the night shift of Saturday.
    calendar = three_shifts(timezone)
    assert shift_hours(calendar, spring, "night") == 7
    assert production_hours(calendar, spring) == 23
    assert shift_hours(calendar, autumn, "night") == 9
    assert production_hours(calendar, autumn) == 25
    assert production_hours(calendar, spring + timedelta(days=1)) == 24


def test_seoul_has_no_clock_change_all_year():
    calendar = three_shifts("Asia/Seoul")
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    assert {production_hours(calendar, day) for day in days} == {24}


def test_both_passes_of_the_repeated_hour_belong_to_the_same_night_shift():
    calendar = three_shifts("America/New_York")
    first_pass = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)  # 01:30 summer time
    second_pass = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)  # 01:30 again
    night = ShiftSlot(date(2026, 10, 31), "night")
    assert calendar.slot_at(first_pass) == calendar.slot_at(second_pass) == night


def test_a_start_in_the_repeated_hour_counts_the_first_time():
    calendar = PlantCalendar(
        "America/New_York", (ShiftTime("late", time(1, 30)), ShiftTime("day", time(13, 30)))
    )
    start, end = calendar.bounds(date(2026, 11, 1), "late")
    assert start == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    assert end - start == timedelta(hours=13)


def test_a_start_in_the_skipped_hour_is_the_moment_of_the_skip():
    # In New York the clock goes from 02:00 to 03:00 at 07:00 UTC.
    skip = datetime(2026, 3, 8, 7, tzinfo=UTC)
    calendar = PlantCalendar(
        "America/New_York", (ShiftTime("late", time(2, 30)), ShiftTime("day", time(3, 15)))
    )
    day = date(2026, 3, 8)
    assert calendar.bounds(day, "late") == (skip, skip + timedelta(minutes=15))
    assert calendar.slot_at(skip) == ShiftSlot(day, "late")
    assert calendar.slot_at(skip - timedelta(seconds=1)).day == date(2026, 3, 7)


def test_a_shift_wholly_inside_the_skipped_hour_is_empty():
    calendar = PlantCalendar(
        "Europe/Berlin", (ShiftTime("handover", time(2, 10)), ShiftTime("late", time(2, 40)))
    )
    start, end = calendar.bounds(date(2026, 3, 29), "handover")
    assert start == end == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert calendar.slot_at(start) == ShiftSlot(date(2026, 3, 29), "late")


@pytest.mark.parametrize("timezone", ["Asia/Seoul", "America/New_York", "Europe/Berlin"])
@pytest.mark.parametrize("first_day", [date(2026, 3, 6), date(2026, 10, 23), date(2026, 12, 30)])
def test_every_instant_belongs_to_exactly_one_shift(timezone, first_day):
    calendar = PlantCalendar(
        timezone,
        (ShiftTime("early", time(2, 30)), ShiftTime("mid", time(3, 15)), ShiftTime("l", time(23))),
    )
    slot = calendar.shifts_of(first_day)[0]
    # 30 days hold every clock change of the spring or the autumn.
    for _ in range(3 * 30):
        start, end = calendar.bounds(slot.day, slot.shift)
        following = calendar.next_slot(slot)
        assert calendar.bounds(following.day, following.shift)[0] == end
        if start < end:
            assert calendar.slot_at(start) == slot
            assert calendar.slot_at(start + (end - start) / 2) == slot
            assert calendar.slot_at(end - timedelta(microseconds=1)) == slot
        assert calendar.previous_slot(following) == slot
        slot = following


def test_a_moment_may_come_in_any_time_zone_but_not_without_one():
    calendar = three_shifts("Asia/Seoul")
    in_seoul = datetime(2026, 5, 5, 2, tzinfo=timezone(timedelta(hours=9)))
    assert calendar.slot_at(in_seoul) == calendar.slot_at(in_seoul.astimezone(UTC))
    with pytest.raises(ValueError, match="has no time zone"):
        calendar.slot_at(datetime(2026, 5, 5, 2))


def test_the_neighbours_of_a_shift_cross_the_day():
    calendar = three_shifts("Asia/Seoul")
    night = ShiftSlot(date(2026, 2, 28), "night")
    assert calendar.next_slot(night) == ShiftSlot(date(2026, 3, 1), "day")
    assert calendar.previous_slot(ShiftSlot(date(2026, 3, 1), "day")) == night
    assert calendar.previous_slot(night) == ShiftSlot(date(2026, 2, 28), "evening")


def test_a_plant_with_one_shift_works_around_the_clock():
    calendar = PlantCalendar("Asia/Seoul", (ShiftTime("all", time(0)),))
    assert shift_hours(calendar, date(2026, 5, 5), "all") == 24
    assert calendar.slot_at(datetime(2026, 5, 5, 14, 59, tzinfo=UTC)).day == date(2026, 5, 5)
    assert calendar.slot_at(datetime(2026, 5, 5, 15, tzinfo=UTC)).day == date(2026, 5, 6)


def test_an_unknown_shift_is_refused_with_the_known_ones():
    with pytest.raises(NotFound, match=r"'noon' is unknown.*'day', 'evening', 'night'"):
        three_shifts("Asia/Seoul").bounds(date(2026, 5, 5), "noon")


@pytest.mark.parametrize("name", ["Asia/Busan", "", "../etc/passwd", "Asia"])
def test_an_unknown_time_zone_is_refused(name):
    with pytest.raises(ValueError, match="IANA"):
        three_shifts(name)


@pytest.mark.parametrize(
    ("shifts", "why"),
    [
        ((), "at least one"),
        ((ShiftTime("a", time(6)), ShiftTime("b", time(6))), "ascending start"),
        ((ShiftTime("a", time(14)), ShiftTime("b", time(6))), "ascending start"),
        ((ShiftTime("a", time(6)), ShiftTime("a", time(14))), "own code"),
    ],
)
def test_shifts_that_do_not_divide_the_day_are_refused(shifts, why):
    with pytest.raises(ValueError, match=why):
        PlantCalendar("Asia/Seoul", shifts)


def test_a_shift_start_carries_a_code_and_no_time_zone():
    with pytest.raises(ValueError, match="needs a code"):
        ShiftTime("", time(6))
    with pytest.raises(ValueError, match="without a time zone"):
        ShiftTime("day", time(6, tzinfo=UTC))
