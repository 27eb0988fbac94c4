"""Dates that a wrong clock wrote: a camera without its battery, a PC that has not met its server.

Nothing counts by such a date. A photo counts by the moment it arrived, whatever its camera says.
"""

from datetime import date, datetime, timedelta

FIRST_DAY = date(2000, 1, 1)
# A camera may stand in another time zone, or be a little ahead.
AHEAD = timedelta(days=1)


def is_possible(moment: datetime, first_day: date, now: datetime) -> bool:
    """Whether a photo can have been taken, or have arrived, at this moment.

    first_day: the first day on which the line worked. now: with a time zone, as `moment`; nothing
    happens more than a day after it.
    """
    return moment.date() >= first_day and moment - now <= AHEAD


def impossible_dates(
    inspected_at: datetime, captured_at: datetime | None, first_day: date, now: datetime
) -> tuple[str, ...]:
    """Which dates of an inspection a wrong clock wrote: "inspected_at", "captured_at" or both.

    captured_at: what the camera says, None = nothing. It cannot lie more than a day after the
    arrival either, where that is possible itself.
    """
    wrong = []
    if not is_possible(inspected_at, first_day, now):
        wrong.append("inspected_at")
    elif inspected_at < now:
        now = inspected_at
    if captured_at is not None and not is_possible(captured_at, first_day, now):
        wrong.append("captured_at")
    return tuple(wrong)
