"""The station on tablets and phones: by another name, as an app, by touch, photo first."""

from contextlib import suppress

import pytest

from inspection.config import REPOSITORY, Settings
from inspection.ui.in_browser import COOKIE
from tests.browser import as_on_a_device, chromium, needs_chromium, playwright, settle
from tests.labelled_photos import as_jpeg, labelled_photo
from tests.server import running

pytestmark = [
    needs_chromium,
    pytest.mark.skipif(
        not (REPOSITORY / "models" / "weights" / Settings().model / "card.json").exists(),
        reason="needs the shipped model",
    ),
]

LINE = "line3.plant"
SCANNED = """keys => keys.forEach(key =>
    document.body.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true})))"""
# What is tapped, with its name and size; fields that another element stands for are no targets.
TARGETS = """[...document.querySelectorAll(
    "[data-testid=stMain] :is(button, a[href], [role=radio], label:has(input[type=checkbox]))"
)].filter(one => one.checkVisibility({opacityProperty: true}) && one.getClientRects().length)
  .map(one => [one.innerText || one.ariaLabel || one.outerHTML.slice(0, 80),
    one.getBoundingClientRect().height])"""


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

    def open_on(name="", *, width=820, host=LINE, more="", inspector=""):
        context = devices.new_context(
            viewport={"width": width, "height": 844 if width < 500 else 1180},
            has_touch=True,
            is_mobile=True,
            locale="en-GB",
            user_agent="Mozilla/5.0 (Linux; Android 14) Mobile Chrome/156",
        )
        if inspector:
            url = f"http://{host}:{server.port}"
            context.add_cookies([{"name": COOKIE, "value": inspector, "url": url}])
        context.set_default_timeout(60_000)
        contexts.append(context)
        page = context.new_page()
        page.goto(f"http://{host}:{server.port}/{name}?lang=en{more}")
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


def test_by_touch_the_navigation_is_folded_and_its_handle_is_in_sight(open_on):
    page = open_on("settings")
    page.get_by_alt_text("QR: http://").wait_for()
    handle = page.get_by_test_id("stExpandSidebarButton")
    handle.wait_for()
    box = handle.bounding_box()
    assert min(box["width"], box["height"]) >= 48 and box["y"] < 100
    handle.tap()
    page.get_by_test_id("stSidebarNav").get_by_text("Inspect").wait_for()


def test_in_glove_mode_nothing_that_is_tapped_is_lower_than_48_px(open_on):
    page = open_on("inspect", more="&glove=on&source=upload", inspector="Kim")
    page.get_by_test_id("stFileUploaderDropzone").wait_for()
    settle(page)
    targets = page.evaluate(TARGETS)
    assert len(targets) > 4
    assert [one for one in targets if one[1] < 48] == []


def test_what_a_hand_scanner_types_is_the_body_number_and_the_device_remembers_it(open_on):
    page = open_on("inspect", inspector="Kim")
    field = page.locator(".st-key-subject_body_number input")
    field.wait_for()
    settle(page)
    # A scanner is a keyboard that types a line at once, wherever the focus is; a busy page that
    # does not listen yet is scanned for again.
    for _ in range(3):
        page.evaluate(SCANNED, [*"KMH-7777", "Enter"])
        with suppress(AssertionError):
            playwright.expect(field).to_have_value("KMH-7777", timeout=15_000)
            break
    playwright.expect(field).to_have_value("KMH-7777")
    settle(page)
    # Kept with the next run, as on any click.
    page.get_by_text("Photo folders").tap()
    settle(page)
    page.goto(page.url.split("?")[0])
    playwright.expect(field).to_have_value("KMH-7777", timeout=30_000)


def tap(page, button: str) -> None:
    """Tap a button once it stands there alone: what is being drawn anew stands there twice."""
    playwright.expect(page.locator(button)).to_have_count(1, timeout=30_000)
    page.locator(button).tap()


def test_a_phone_inspects_photo_first_and_keeps_it_over_a_reload(open_on, tmp_path):
    picture = tmp_path / "IMG_1.jpg"
    picture.write_bytes(as_jpeg(labelled_photo(("code_128", "KMH-0042"), shape=(900, 1200))))
    page = open_on("inspect", width=390, inspector="Kim")
    camera = page.locator(".capture input[type=file][capture=environment]")
    camera.wait_for(state="attached")
    settle(page)
    # The button stands above the fold, as wide as the phone.
    box = page.locator(".capture .shoot").bounding_box()
    assert box["y"] + box["height"] < 844 and box["width"] > 340
    camera.set_input_files(str(picture))
    page.get_by_text("KMH-0042 (label)").wait_for()
    settle(page)
    key = page.url.split("photo=")[1]
    page.reload()
    page.get_by_text("KMH-0042 (label)").wait_for()
    assert page.url.endswith(key)
    settle(page)
    tap(page, ".st-key-answer_vehicle_model_aria button")
    settle(page)
    tap(page, ".st-key-answer_colour_blue button")
    settle(page)
    tap(page, ".st-key-answer_panel_hood button")
    page.locator("[role=status]").first.wait_for()
    page.get_by_text("KMH-0042").first.wait_for()
    assert "id=1" in page.url
