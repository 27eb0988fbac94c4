"""What taps on a column's title make of a list."""

import pytest

from inspection.storage.log_list import ORDERED_BY
from inspection.ui.log.columns import EVERY, SORTS_BY
from inspection.ui.log.sorting import Sort, after_tap, read_sort, written


@pytest.mark.parametrize(
    ("title", "ways"),
    [
        ("longest", ["longest.down", "longest", ""]),
        ("body", ["body", "body.down", ""]),
        ("number", ["number", ""]),
    ],
)
def test_taps_on_one_title_sort_one_way_then_the_other_then_not(title, ways):
    sort, seen = None, []
    for _ in ways:
        sort = after_tap(sort, title)
        seen.append(written(sort))
    assert seen == ways


def test_another_title_begins_with_its_own_first_way():
    assert after_tap(Sort("body", falling=True), "score") == Sort("score", falling=True)


def test_a_sort_of_the_address_that_nobody_can_read_is_none():
    for text in ("", "nonsense", "body.up", "body.down.down", ".down"):
        assert read_sort(text, EVERY) is None
    assert read_sort("body.down", EVERY) == Sort("body", falling=True)


def test_every_column_can_be_sorted_by():
    assert set(SORTS_BY) == set(EVERY)
    assert set(SORTS_BY.values()) <= set(ORDERED_BY)
