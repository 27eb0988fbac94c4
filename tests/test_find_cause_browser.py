"""A planted cause, a nozzle that clogs for one vehicle model, found from Home in a few clicks."""

from datetime import UTC, datetime

from inspection.config import Settings
from inspection.domain.chart_choice import ChartChoice
from inspection.services.demo.load import load_demo_line
from inspection.services.quality.signal_words import chart_name
from inspection.services.station import open_station
from tests.browser import needs_chromium
from tests.server import running
from tests.test_main_job_browser import Inspector

pytestmark = needs_chromium
FEWER_THAN = 6


def test_the_clogged_nozzle_is_found_from_home_in_fewer_than_six_clicks(browser, tmp_path):
    data_dir = tmp_path / "data"
    station = open_station(Settings(data_dir=data_dir), with_model=False)
    today = station.calendar.slot_at(datetime.now(UTC)).day
    load_demo_line(station, weeks=8, seed=1, last_day=today, colours=("white", "grey"))
    clogged = ChartChoice("u", "day", 0, "vehicle_model", station.bodies.models[0].code)
    bodies = station.bodies
    station.engine.dispose()

    with running(data_dir) as server:
        person = Inspector(browser, server.url, "ko")
        t, page = person.t, person.page
        person.open("")
        clicks = 0

        # 1: Home says that a model's chart signals, and leads to it.
        person.sees(t("control.home_title", n=0)[:10])
        page.get_by_role(
            "link", name=t("control.home_open", chart=chart_name(t, bodies, clogged))
        ).click()
        clicks += 1
        person.settle()
        # Which model, since when, and which defect type grew: all on this page.
        person.sees(bodies.models[0].name)
        person.sees(t("control.unexplained"))
        runs = t("defect.run_sag")
        person.sees(t("control.changes"))

        # 2: the photos of the type that grew.
        page.get_by_role("link", name=t("control.photos_of_type", type=runs)).first.click()
        clicks += 1
        person.settle()
        assert "/log?" in page.url and "type=run_sag" in page.url and "model=aria" in page.url

        # 3: the first of them. Its line is the first row of a table drawn on a canvas.
        box = page.get_by_test_id("stDataFrame").first.bounding_box()
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 80)
        clicks += 1
        page.wait_for_url("**id=*")
        person.settle()
        person.sees(bodies.models[0].name)
        person.sees(runs)
        assert clicks < FEWER_THAN
        assert person.outside == []
        person.context.close()
