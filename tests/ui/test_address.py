"""Choices in the address: a row of buttons while they are few, a list when they are many."""

import pytest
from streamlit.testing.v1 import AppTest

from inspection.ui.widgets.address import MOST_BUTTONS


def page(codes):
    from inspection.ui.widgets.address import one_of

    one_of("line", "Line", codes, str, default=codes[0])


@pytest.mark.parametrize(("count", "lists"), [(MOST_BUTTONS, 0), (MOST_BUTTONS + 1, 1)])
def test_so_many_lines_that_nobody_finds_one_are_a_list_and_no_buttons(count, lists):
    codes = [f"L{n}" for n in range(count)]
    at = AppTest.from_function(page, args=(codes,)).run()
    assert not at.exception
    assert len(at.selectbox) == lists


def days():
    from datetime import date

    from inspection.ui.widgets.address import one_day, one_of

    one_day("from", "From", default=date(2026, 3, 2))
    one_of("shift", "Shift", ("day", "night"), str, default="night", default_moves=True)
    one_of("line", "Line", ("", "L1"), str, default="")


def test_what_is_another_day_tomorrow_stands_in_the_address_and_a_fixed_default_does_not():
    at = AppTest.from_function(days).run()
    assert not at.exception
    assert at.query_params == {"from": "2026-03-02", "shift": "night"}
