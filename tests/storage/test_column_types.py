from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sample_inspections import DAY_SHIFT, a_word, an_inspection
from sqlalchemy.exc import StatementError

from inspection.storage import deciding, log_detail, log_filter, log_list, recording
from inspection.storage.column_types import UtcDateTime, canonical_json
from inspection.storage.database import looking


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 11, 1, 1, 30, tzinfo=ZoneInfo("America/New_York")),
        datetime(2026, 11, 1, 1, 30, fold=1, tzinfo=ZoneInfo("America/New_York")),
        datetime(2026, 3, 29, 2, 30, tzinfo=ZoneInfo("Europe/Berlin")),
        datetime(2026, 11, 23, 23, 59, 59, 999_999, tzinfo=ZoneInfo("Asia/Seoul")),
    ],
)
def test_a_moment_comes_back_as_the_same_instant_in_utc(engine, moment):
    number = recording.record_inspection(engine, an_inspection(at=moment), DAY_SHIFT)
    stored = log_detail.inspection_detail(engine, number).inspected_at
    assert stored.tzinfo is UTC
    assert stored.timestamp() == moment.timestamp()
    assert log_list.log_page(engine, log_filter.LogFilter())["inspected_at"][
        0
    ] == moment.astimezone(UTC)


def test_the_hour_that_a_clock_shows_twice_is_kept_apart(engine):
    zone = ZoneInfo("America/New_York")
    for fold in (0, 1):
        at = datetime(2026, 11, 1, 1, 30, fold=fold, tzinfo=zone)
        recording.record_inspection(engine, an_inspection(f"photo {fold}", at=at), DAY_SHIFT)
    first, second = sorted(log_list.log_page(engine, log_filter.LogFilter())["inspected_at"])
    assert second - first == timedelta(hours=1)


def test_a_moment_without_a_time_zone_is_refused():
    with pytest.raises(ValueError, match="must carry a time zone"):
        UtcDateTime().process_bind_param(datetime(2026, 1, 1), None)


def test_an_undo_without_a_time_zone_is_refused(engine):
    number = recording.record_inspection(engine, an_inspection(), DAY_SHIFT)
    deciding.decide(engine, a_word(number, "accept"), None)
    with pytest.raises((ValueError, StatementError), match="time zone"):
        deciding.undo(engine, number, "Lee", datetime(2026, 1, 1))


def test_sqlite_keeps_moments_as_utc_text_that_sorts(sqlite_engine):
    at = datetime(2026, 11, 23, 9, 0, tzinfo=ZoneInfo("Asia/Seoul"))
    recording.record_inspection(sqlite_engine, an_inspection(at=at), DAY_SHIFT)
    with looking(sqlite_engine) as connection:
        raw = connection.exec_driver_sql("SELECT inspected_at FROM inspection").scalar()
    assert raw == "2026-11-23 00:00:00.000000"


def test_canonical_json_does_not_depend_on_the_order_of_keys():
    assert canonical_json({"b": 1, "a": [2, "도장"]}) == '{"a":[2,"도장"],"b":1}'
