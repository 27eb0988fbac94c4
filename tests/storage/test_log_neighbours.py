from inspection.storage import log_list
from inspection.storage.log_filter import LogFilter
from inspection.storage.log_list import Neighbours
from tests.ui.conftest import invented, write_inspections

HOODS = LogFilter(panel="hood")


def ten_inspections(station) -> list[int]:
    """Ids of ten inspections, oldest first; every second one shows a hood."""
    panels = ("roof", "hood")
    photos = [invented(station, n, "ok", panel=panels[n % 2]) for n in range(10)]
    return write_inspections(station, *photos)


def test_the_newest_inspection_has_none_above_it(station):
    ids = ten_inspections(station)
    assert log_list.newer_than(station.engine, LogFilter(), ids[-1]) == 0
    assert log_list.newer_than(station.engine, LogFilter(), ids[0]) == 9
    assert log_list.newer_than(station.engine, HOODS, ids[4]) == 3


def test_neighbours_are_looked_for_within_the_filter(station):
    ids = ten_inspections(station)
    beside = log_list.neighbours(station.engine, HOODS, ids[4])
    assert beside == Neighbours(newer=ids[5], older=ids[3])
    assert log_list.neighbours(station.engine, HOODS, ids[9]).newer is None
    assert log_list.neighbours(station.engine, HOODS, ids[1]).older is None


def test_the_page_above_ends_where_the_shown_one_begins(station):
    ids = ten_inspections(station)
    shown = log_list.log_page(station.engine, LogFilter(), after=ids[4], limit=3)
    assert shown["id"].tolist() == [ids[3], ids[2], ids[1]]
    after = log_list.page_above(station.engine, LogFilter(), ids[3], 3)
    above = log_list.log_page(station.engine, LogFilter(), after=after, limit=3)
    assert above["id"].tolist() == [ids[6], ids[5], ids[4]]


def test_above_the_second_page_stands_the_newest_one(station):
    ids = ten_inspections(station)
    assert log_list.page_above(station.engine, LogFilter(), ids[6], 3) is None
