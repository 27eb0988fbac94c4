"""The station on tablets and phones: by another name, as an app, by touch, photo first."""

import pytest

from tests.browser import as_on_a_device, chromium, needs_chromium
from tests.server import running

pytestmark = needs_chromium

LINE = "line3.plant"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    data_dir = tmp_path_factory.mktemp("station") / "data"
    with running(data_dir, address="0.0.0.0", allowed_hosts=LINE) as running_server:
        yield running_server


@pytest.fixture(scope="module")
def devices():
    """A browser for which the plant's names lead to this machine."""
    with chromium("--host-resolver-rules=MAP *.plant 127.0.0.1") as browser:
        yield browser


@pytest.fixture
def open_on(devices, server):
    """`open_on("inspect", width=390)`: a page of the station on a touch screen."""
    contexts = []

    def open_on(name="", *, width=820, host=LINE, lang="en"):
        context = devices.new_context(
            viewport={"width": width, "height": 844 if width < 500 else 1180},
            has_touch=True,
            is_mobile=True,
            locale="en-GB",
        )
        context.set_default_timeout(60_000)
        contexts.append(context)
        page = context.new_page()
        page.goto(f"http://{host}:{server.port}/{name}?lang={lang}")
        return page

    yield open_on
    for context in contexts:
        context.close()


def test_a_tablet_opens_the_station_by_its_name_and_reads_that_it_is_open_to_all(open_on):
    page = open_on("settings")
    page.get_by_text("Open to everyone in this network.").wait_for()
    page.get_by_alt_text("QR: http://").wait_for()


@pytest.mark.parametrize("path", ["", "inspect", "api/v1/health"])
def test_by_a_name_that_is_not_allowed_one_sentence_stands_in_place_of_a_skeleton(open_on, path):
    page = open_on(path, host="line9.plant")
    page.get_by_text("line9.plant: no name of this server").wait_for()
    assert page.get_by_test_id("stSkeleton").count() == 0
    if not path.startswith("api"):
        page.get_by_text("이 서버의 이름이 아닙니다").wait_for()


def test_the_browser_finds_nothing_that_keeps_the_page_from_being_installed(
    devices, server, tmp_path
):
    context = as_on_a_device(devices, tmp_path / "profile")
    page = context.pages[0]
    page.goto(f"http://localhost:{server.port}/?lang=ko")
    page.locator("link[rel=manifest]").wait_for(state="attached", timeout=60_000)
    page.get_by_test_id("stSidebarNav").wait_for(timeout=60_000)
    devtools = context.new_cdp_session(page)
    found = devtools.send("Page.getAppManifest")
    assert found["url"].endswith("/manifest.webmanifest?lang=ko") and not found["errors"]
    assert devtools.send("Page.getInstallabilityErrors")["installabilityErrors"] == []
    context.close()
