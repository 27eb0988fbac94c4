"""Tables of the log in a real browser, where taps on cells and on titles are told apart."""

import time

import pytest

from inspection.config import Settings
from inspection.services.station import open_station
from tests.browser import needs_chromium
from tests.server import running
from tests.test_main_job_browser import Inspector
from tests.ui.conftest import invented, write_inspections

pytestmark = needs_chromium
# Middle of the titles, and of the first row, from the table's upper edge.
TITLES, FIRST_ROW = 18, 66


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Three inspections of the bodies KMH-0003, KMH-0001 and KMH-0002, in this order."""
    data_dir = tmp_path_factory.mktemp("log") / "data"
    station = open_station(Settings(data_dir=data_dir), with_model=False)
    write_inspections(station, *(invented(station, number, "rework") for number in (3, 1, 2)))
    station.engine.dispose()
    with running(data_dir) as started:
        yield started


def tap(person, down: int) -> None:
    table = person.page.get_by_test_id("stDataFrame").first
    table.wait_for()
    # The canvas takes taps only once it is drawn.
    person.page.wait_for_timeout(1000)
    give_up = time.monotonic() + 60
    while (box := table.bounding_box()) is None:
        # Just being drawn anew.
        assert time.monotonic() < give_up, "the table does not come back"
        person.page.wait_for_timeout(100)
    person.page.mouse.click(box["x"] + 60, box["y"] + down)
    person.settle()


def test_taps_on_a_title_sort_and_a_tap_on_a_row_opens_it(browser, server):
    person = Inspector(browser, server.url, "en")
    person.open("log", columns="body,panel,number")
    for sort in ("sort=body", "sort=body.down", "", "sort=body"):
        tap(person, TITLES)
        assert "id=" not in person.page.url
        assert ("sort=" in person.page.url) == bool(sort) and sort in person.page.url
    tap(person, FIRST_ROW)
    assert "id=2" in person.page.url
    person.sees("KMH-0001")
    person.context.close()
