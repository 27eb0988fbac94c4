from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from inspection.domain.clocks import is_possible

SEOUL = timezone(timedelta(hours=9))
NOW = datetime(2026, 11, 29, 3, tzinfo=UTC)
FIRST_DAY = date(2000, 1, 1)


@pytest.mark.parametrize(
    ("moment", "possible"),
    [
        (datetime(2026, 11, 29, 3, tzinfo=UTC), True),
        (datetime(2026, 11, 30, 3, tzinfo=UTC), True),
        (datetime(2026, 11, 30, 3, 1, tzinfo=UTC), False),
        (datetime(2000, 1, 1, tzinfo=SEOUL), True),
        (datetime(1999, 12, 31, 23, 59, tzinfo=SEOUL), False),
        (datetime(1970, 1, 1, tzinfo=UTC), False),
        (datetime(1, 1, 1, tzinfo=SEOUL), False),
        (datetime(9999, 12, 31, 23, tzinfo=timezone(-timedelta(hours=9))), False),
        (datetime(2036, 2, 7, tzinfo=UTC), False),
    ],
)
def test_a_date_before_the_first_day_or_more_than_a_day_ahead_is_a_wrong_clock(moment, possible):
    assert is_possible(moment, FIRST_DAY, NOW) is possible
