from dataclasses import replace

import pytest
from sample_inspections import DAY_SHIFT, a_defect, an_inspection

from inspection.storage import log_list, recording
from inspection.storage.log_filter import LogFilter
from inspection.storage.log_list import ORDERED_BY, LogOrder


@pytest.fixture
def log(engine):
    """Four photos: 1 has a long dent, 2 no defect, 3 a short scratch, 4 is of an unknown panel."""
    long, short = a_defect("dent"), a_defect("scratch")
    photos = [
        an_inspection("photo 1", body="B2", defects=(replace(long, length_mm=9.0),)),
        an_inspection("photo 2", body="B1", defects=()),
        an_inspection("photo 3", body="B3", defects=(replace(short, length_mm=2.0),)),
        an_inspection("photo 4", body="B4", panel="", defects=()),
    ]
    recording.record_many(engine, [(photo, DAY_SHIFT) for photo in photos])
    return engine


def ids(engine, by, falling, **page):
    order = LogOrder(by, falling)
    return log_list.log_page(engine, LogFilter(), order=order, **page)["id"].tolist()


@pytest.mark.parametrize(
    ("by", "rising", "falling"),
    [
        ("body_number", [2, 1, 3, 4], [4, 3, 1, 2]),
        # What has no length or no type stands last, whichever way the list runs.
        ("longest_mm", [3, 1, 4, 2], [1, 3, 4, 2]),
        ("types", [1, 3, 4, 2], [3, 1, 4, 2]),
        ("panel", [3, 2, 1, 4], [3, 2, 1, 4]),
        ("id", [1, 2, 3, 4], [4, 3, 2, 1]),
    ],
)
def test_the_whole_log_is_sorted_by_a_column(log, by, rising, falling):
    assert ids(log, by, False) == rising
    assert ids(log, by, True) == falling


def test_pages_of_a_sorted_log_follow_each_other(log):
    assert ids(log, "body_number", False, limit=2) == [2, 1]
    assert ids(log, "body_number", False, limit=2, skip=2) == [3, 4]


@pytest.mark.parametrize("by", ORDERED_BY)
def test_each_column_sorts_without_losing_a_row(log, by):
    assert sorted(ids(log, by, True)) == [1, 2, 3, 4]


def test_a_column_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="sorted by one of"):
        LogOrder("colour; drop")
