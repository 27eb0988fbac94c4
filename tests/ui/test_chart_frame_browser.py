"""Charts in a real browser: pictures arrive without the internet, a click leads to the photos."""

import cv2
import numpy as np
import pytest

from inspection.config import Settings
from inspection.services.station import open_station
from tests.browser import chromium, needs_chromium
from tests.server import running
from tests.ui.conftest import invented, write_inspections

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def trends(tmp_path_factory):
    """The Trends page of a log of eight bodies on one day, and every address it asked for."""
    data_dir = tmp_path_factory.mktemp("charts") / "data"
    station = open_station(Settings(data_dir=data_dir), with_model=False)
    write_inspections(
        station, *(invented(station, n, "rework" if n < 3 else "ok") for n in range(8))
    )
    station.engine.dispose()
    with running(data_dir) as server, chromium() as browser:
        page = browser.new_page(viewport={"width": 1180, "height": 1400}, locale="ko-KR")
        page.set_default_timeout(60_000)
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{server.url}/trends?lang=ko&period=custom&from=2026-03-01&to=2026-03-03")
        page.locator(".st-key-pareto_chart .bars .point path").wait_for()
        yield page, asked, server.url
        page.close()


def download(page, label, folder):
    page.locator(".st-key-pareto_download button").first.click()
    with page.expect_download() as coming:
        page.get_by_text(label).click()
    page.locator(".st-key-pareto_download [aria-expanded=false]").wait_for()
    path = folder / coming.value.suggested_filename
    coming.value.save_as(path)
    return path


def test_a_chart_arrives_as_png_and_svg_with_its_title_and_nothing_from_outside(trends, tmp_path):
    page, asked, url = trends
    png = download(page, "PNG 그림", tmp_path)
    assert png.name == "결함 유형 파레토.png"
    picture = cv2.imdecode(np.fromfile(png, np.uint8), cv2.IMREAD_UNCHANGED)
    assert picture.shape[:2] == (1200, 2400)
    # White paper, with something drawn on it.
    assert picture[2, -3, :3].tolist() == [255, 255, 255] and picture[..., :3].min() < 100
    svg = download(page, "SVG 벡터 그림", tmp_path).read_text(encoding="utf-8")
    assert svg.startswith("<svg") and "결함 유형 파레토" in svg and "스크래치" in svg
    outside = [a for a in asked if not a.startswith((url, "data:", "blob:"))]
    assert outside == []


def test_the_table_arrives_as_csv_in_the_words_of_the_page(trends, tmp_path):
    page, _, _ = trends
    page.locator(".st-key-pareto_download button").first.click()
    with page.expect_download() as coming:
        page.get_by_test_id("stDownloadButton").get_by_text("CSV").click()
    coming.value.save_as(tmp_path / "figures.csv")
    page.keyboard.press("Escape")
    head, row = (tmp_path / "figures.csv").read_text(encoding="utf-8-sig").splitlines()
    assert head == '"결함 유형","결함(개)","비율(%)","누적 비율(%)"'
    assert row == '"스크래치",3,100.0,100.0'


def test_a_click_on_a_bar_leads_to_its_photos(trends):
    page, _, _ = trends
    bar = page.locator(".st-key-pareto_chart .bars .point path")
    bar.scroll_into_view_if_needed()
    box = bar.bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + box["height"] - 5, steps=4)
    page.get_by_text("클릭: 사진 보기").wait_for()
    page.mouse.down()
    page.mouse.up()
    page.get_by_role("link", name="사진 보기: 스크래치").click()
    page.wait_for_url("**/log?*type=scratch*")
    assert "from=2026-03-01" in page.url
