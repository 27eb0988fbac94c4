"""What a saved view means today."""

from datetime import date

import pytest

from inspection.services.log.moving_periods import kept_parameters, moving_period, parameters_today

TODAY = date(2026, 11, 25)


@pytest.mark.parametrize(
    ("first", "name"),
    [("2026-11-25", "today"), ("2026-11-19", "week"), ("2026-10-29", "four_weeks")],
)
def test_days_that_end_today_are_kept_as_a_period_that_moves_along(first, name):
    address = {"from": first, "to": "2026-11-25", "panel": "hood"}
    assert moving_period(address, TODAY) == name
    kept = kept_parameters(address, TODAY)
    assert kept == {"period": name, "panel": "hood"}
    assert parameters_today(kept, TODAY) == address


def test_the_last_seven_days_are_other_days_a_week_later():
    opened = parameters_today({"period": "week", "panel": "hood"}, date(2026, 12, 2))
    assert opened == {"from": "2026-11-26", "to": "2026-12-02", "panel": "hood"}


@pytest.mark.parametrize(
    "address",
    [
        {},
        {"from": "2026-11-25"},
        {"from": "2026-11-01", "to": "2026-11-25"},
        {"from": "2026-11-19", "to": "2026-11-24"},
    ],
)
def test_other_days_are_kept_as_they_are(address):
    assert kept_parameters(address, TODAY) == address
    assert parameters_today(address, TODAY) == address


def test_a_period_that_this_program_does_not_know_is_left_open():
    assert parameters_today({"period": "decade", "panel": "hood"}, TODAY) == {"panel": "hood"}
