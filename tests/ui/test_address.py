"""Choices in the address: a row of buttons while they are few, a list when they are many."""

import pytest
from streamlit.testing.v1 import AppTest

from inspection.ui.address import MOST_BUTTONS


def page(codes):
    from inspection.ui.address import one_of

    one_of("line", "Line", codes, str, default=codes[0])


@pytest.mark.parametrize(("count", "lists"), [(MOST_BUTTONS, 0), (MOST_BUTTONS + 1, 1)])
def test_so_many_lines_that_nobody_finds_one_are_a_list_and_no_buttons(count, lists):
    codes = [f"L{n}" for n in range(count)]
    at = AppTest.from_function(page, args=(codes,)).run()
    assert not at.exception
    assert len(at.selectbox) == lists
