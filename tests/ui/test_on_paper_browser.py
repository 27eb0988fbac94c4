"""What the browser's own print puts on paper."""

import shutil
import subprocess

import pytest

from inspection.config import Settings
from inspection.services.station import open_station
from tests.browser import needs_chromium, wait_until
from tests.server import running
from tests.test_main_job_browser import Inspector
from tests.ui.conftest import invented, write_inspections

pytestmark = [
    needs_chromium,
    pytest.mark.skipif(shutil.which("pdftotext") is None, reason="needs poppler-utils"),
]
# Higher than the window and than one sheet of paper.
PHOTOS = 45


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    data_dir = tmp_path_factory.mktemp("paper") / "data"
    station = open_station(Settings(data_dir=data_dir), with_model=False)
    photos = (
        invented(station, n, "ok" if n % 3 else "rework", inspector="<b>Kim & Lee</b>")
        for n in range(PHOTOS)
    )
    write_inspections(station, *photos)
    station.engine.dispose()
    with running(data_dir) as started:
        yield started


def printed(person, folder) -> str:
    person.page.pdf(path=folder / "page.pdf", format="A4")
    told = subprocess.run(
        ["pdftotext", "-layout", folder / "page.pdf", "-"], capture_output=True, check=True
    )
    return told.stdout.decode()


def test_the_log_on_paper_has_every_row_and_nothing_of_the_screen(browser, server, tmp_path):
    person = Inspector(browser, server.url, "en")
    person.open("log", columns="body,inspector")
    person.page.get_by_test_id("stDataFrame").first.wait_for()
    paper = printed(person, tmp_path)
    for number in range(PHOTOS):
        assert f"KMH-{number:04d}" in paper
    assert paper.count("<b>Kim & Lee</b>") == PHOTOS
    for word in (person.t("nav.settings"), person.t("log.older"), person.t("export.open")):
        assert word not in paper
    assert not person.page.get_by_text("KMH-0003").filter(visible=True).count()
    person.context.close()


def test_a_chart_on_paper_is_as_wide_as_the_paper(browser, server):
    person = Inspector(browser, server.url, "en")
    person.open("trends", **{"from": "2026-03-01", "to": "2026-03-03", "period": "custom"})
    person.page.locator(".js-plotly-plot .main-svg").first.wait_for()
    person.settle()
    person.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    person.page.emulate_media(media="print")
    beyond = """(() => [...document.querySelectorAll('.js-plotly-plot .main-svg')].every((svg) => {
        const paper = document.querySelector('[data-testid=stMainBlockContainer]')
        return svg.viewBox.baseVal.width > 0 &&
            svg.getBoundingClientRect().right <= paper.getBoundingClientRect().right + 1
    }))()"""
    person.page.set_viewport_size({"width": 700, "height": 1000})
    wait_until(person.page, beyond, 90)
    person.context.close()
