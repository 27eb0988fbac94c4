"""The photo viewer in a real browser, on a throwaway app that serves one 12 Mpx photo."""

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from inspection.ui.widgets import viewer as viewer_module
from tests.browser import needs_chromium
from tests.ui.viewer_server import (
    ENGLISH,
    HEIGHT_PX,
    KOREAN,
    PAGE,
    REPOSITORY,
    SCRATCH_PX,
    SERVER,
    WIDTH_PX,
    Screen,
    wait_until_up,
    write_photo_and_mask,
)

pytestmark = needs_chromium

PLAIN_PX = (2600, 2600)  # a point far from any defect


@pytest.fixture(scope="module")
def base_url(tmp_path_factory):
    folder = tmp_path_factory.mktemp("viewer")
    (folder / "files").mkdir()
    (folder / "ui").mkdir()
    write_photo_and_mask(folder / "files")
    (folder / "server.py").write_text(SERVER, encoding="utf-8")
    (folder / "ui" / "page.py").write_text(PAGE, encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(folder / "server.py")]
    options = {
        "server.port": port,
        "server.address": "127.0.0.1",
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
        "client.toolbarMode": "minimal",
        "theme.light.primaryColor": "#0072B2",
        "theme.dark.primaryColor": "#56B4E9",
    }
    for name, value in options.items():
        command += [f"--{name}", str(value)]
    log = (folder / "server.log").open("w")
    server = subprocess.Popen(
        command, cwd=folder, env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdout=log, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        wait_until_up(f"http://127.0.0.1:{port}/_stcore/health", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGINT)
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
        log.close()


@pytest.fixture(scope="module")
def desktop(browser):
    # One context for all: its cache spares each test two megabytes of Streamlit's own scripts.
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context
    context.close()


@pytest.fixture
def screen(desktop, base_url):
    one = Screen(desktop.new_page(), base_url)
    yield one
    one.page.close()
    assert one.problems == []
    outside = [url for url in one.requests if not url.startswith((base_url, "blob:", "data:"))]
    assert outside == []


def test_the_whole_photo_is_shown_with_the_defect_tinted_vermilion(screen):
    screen.open("clean")
    assert screen.root.get_attribute("data-fitted") == "true"
    plain = screen.colour(PLAIN_PX)
    assert plain[3] == 255 and plain[2] > plain[0]  # the blue panel
    assert screen.redness((3000, 1200)) > 60  # middle of the large spot


def test_opacity_zero_takes_the_tint_away_and_full_opacity_shows_pure_vermilion(screen):
    screen.open("clean")
    screen.zoom_onto(SCRATCH_PX, notches=8)
    screen.opacity(100)
    assert screen.colour(SCRATCH_PX) == pytest.approx((0xD5, 0x5E, 0x00, 255), abs=2)
    screen.opacity(0)
    assert screen.redness(SCRATCH_PX) < 20


def test_the_mask_button_hides_and_shows_the_tint_without_asking_python(screen):
    screen.open("clean")
    spot = (3000, 1200)
    runs = screen.page.get_by_text("runs: ").inner_text()
    screen.press("Defect marks")
    assert screen.redness(spot) < 20
    screen.press("Defect marks")
    assert screen.redness(spot) > 60
    assert screen.page.get_by_text("runs: ").inner_text() == runs


def test_the_wheel_zooms_at_the_pointer_and_fit_and_one_to_one_bring_known_scales(screen):
    screen.open()
    fitted = screen.zoom
    before = screen.spot(SCRATCH_PX)
    screen.zoom_onto(SCRATCH_PX)
    assert screen.zoom > 2 * fitted
    # The browser gives the pointer in whole pixels, and those grow with the zoom.
    assert screen.spot(SCRATCH_PX) == pytest.approx(before, abs=screen.zoom / fitted)
    screen.press("Original pixels 1:1")
    assert screen.zoom == 1.0
    screen.press("Whole photo")
    assert screen.zoom == pytest.approx(fitted)


def test_keys_zoom_pan_and_fit_when_the_photo_has_the_focus(screen):
    screen.open()
    fitted = screen.zoom
    screen.page.locator(".stage").focus()
    screen.page.keyboard.press("1")
    screen.settle()
    assert screen.zoom == 1.0
    screen.page.keyboard.press("+")
    screen.settle()
    assert screen.zoom == pytest.approx(1.5)
    x_before = float(screen.centre.split()[0])
    screen.page.keyboard.press("ArrowRight")
    screen.settle()
    assert float(screen.centre.split()[0]) > x_before
    screen.page.keyboard.press("0")
    screen.settle()
    assert screen.zoom == pytest.approx(fitted)


def test_dragging_moves_the_photo_and_selects_nothing(screen):
    screen.open()
    screen.zoom_onto(SCRATCH_PX)
    x, y = screen.spot(SCRATCH_PX)
    screen.page.mouse.move(x, y)
    screen.page.mouse.down()
    screen.page.mouse.move(x + 40, y + 30, steps=4)
    screen.page.mouse.up()
    screen.settle()
    assert screen.spot(SCRATCH_PX) == pytest.approx((x + 40, y + 30), abs=2)
    assert screen.root.get_attribute("data-selected") == ""


def test_a_double_click_zooms_in_and_a_second_one_back(screen):
    screen.open("clean")
    fitted = screen.zoom
    screen.page.mouse.dblclick(*screen.spot(PLAIN_PX))
    screen.settle()
    assert screen.zoom == pytest.approx(max(1.0, 2.5 * fitted))
    screen.page.wait_for_timeout(400)
    screen.page.mouse.dblclick(*screen.spot(PLAIN_PX))
    screen.settle()
    assert screen.zoom == pytest.approx(fitted)


def test_a_click_on_a_region_selects_it_in_python_and_keeps_the_view(screen):
    screen.open()
    view = screen.zoom, screen.centre
    screen.page.mouse.click(*screen.spot((3000, 1200)))
    screen.page.get_by_text("selected: 2 told: 2").wait_for()
    screen.settle()
    assert (screen.zoom, screen.centre) == view
    screen.page.wait_for_timeout(400)
    screen.page.mouse.click(*screen.spot(PLAIN_PX))
    screen.page.get_by_text("selected: None told: None").wait_for()


def test_a_region_is_selected_by_keyboard_through_its_number(screen):
    screen.open()
    screen.page.get_by_role("button", name="Defect 3, OK").focus()
    screen.page.keyboard.press("Enter")
    screen.page.get_by_text("selected: 3").wait_for()


def test_focus_from_python_brings_the_region_to_the_middle_once(screen):
    screen.open()
    fitted = screen.zoom
    radio = screen.page.get_by_test_id("stRadio")
    radio.get_by_text("2", exact=True).click()
    screen.page.locator('.viewer[data-selected="2"]').wait_for()
    screen.settle()
    assert screen.zoom > 2 * fitted
    assert [float(value) for value in screen.centre.split()] == pytest.approx([3000, 1200], abs=1)
    screen.press("Whole photo")
    screen.rerun()
    assert screen.zoom == pytest.approx(fitted)


def test_a_rerun_keeps_zoom_and_opacity_and_fetches_nothing_again(screen):
    screen.open()
    screen.zoom_onto(SCRATCH_PX)
    screen.opacity(80)
    view = screen.zoom, screen.centre
    screen.rerun()
    screen.rerun()
    assert (screen.zoom, screen.centre) == view
    assert screen.page.get_by_role("slider", name="Opacity of the marks").input_value() == "80"
    fetched = [url for url in screen.requests if "/files/" in url]
    assert len(fetched) == 2  # the photo once, the mask once


def test_the_zoom_survives_what_appears_above_the_viewer_and_a_moment_without_it(screen):
    screen.open()
    screen.zoom_onto(SCRATCH_PX)
    zoom = screen.zoom
    screen.page.get_by_text("above", exact=True).click()
    screen.page.get_by_text("something above").wait_for()
    screen.settle()
    assert screen.zoom == zoom
    away = screen.page.get_by_text("away", exact=True)
    away.click()
    screen.root.wait_for(state="detached")
    away.click()
    screen.page.locator('.viewer[data-state="ready"]').wait_for()
    screen.settle()
    assert screen.zoom == zoom


def test_comparing_shows_the_bare_photo_left_of_the_line_and_the_mask_right_of_it(screen):
    screen.open("clean")
    spot = (3000, 1200)
    screen.press("Compare")
    assert screen.redness(spot) > 60  # right of the middle
    handle = screen.page.get_by_role("slider", name="Position of the dividing line")
    box = handle.bounding_box()
    screen.page.mouse.move(box["x"] + 24, box["y"] + 24)
    screen.page.mouse.down()
    screen.page.mouse.move(screen.spot((3600, 0))[0], box["y"], steps=4)
    screen.page.mouse.up()
    screen.settle()
    assert screen.redness(spot) < 20
    assert int(handle.get_attribute("aria-valuenow")) > 80


def test_pinching_with_two_fingers_zooms_around_them(screen, browser):
    context = browser.new_context(viewport={"width": 820, "height": 1180}, has_touch=True)
    tablet = Screen(context.new_page(), screen.base_url).open("clean")
    fitted = tablet.zoom
    x, y = tablet.spot(PLAIN_PX)
    touch = context.new_cdp_session(tablet.page)

    def fingers(kind: str, apart_px: float):
        points = [{"x": x - apart_px, "y": y, "id": 1}, {"x": x + apart_px, "y": y, "id": 2}]
        points = [] if kind == "touchEnd" else points
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    fingers("touchStart", 40)
    for apart_px in (60, 90, 120):
        fingers("touchMove", apart_px)
    fingers("touchEnd", 120)
    tablet.settle()
    assert tablet.zoom == pytest.approx(3 * fitted, rel=0.15)
    context.close()


def test_a_missing_photo_says_so_and_can_be_tried_again(screen):
    screen.open("photo=gone.jpg", state="failed")
    screen.page.get_by_text("The photo cannot be loaded").wait_for()
    asked = len([url for url in screen.requests if "gone.jpg" in url])
    screen.page.get_by_role("button", name="Try again").click()
    screen.page.get_by_text("The photo cannot be loaded").wait_for()
    assert len([url for url in screen.requests if "gone.jpg" in url]) == asked + 1


def test_a_missing_mask_is_said_aloud_because_the_photo_alone_looks_clean(screen):
    screen.open("mask=gone.png", mask="failed")
    screen.page.get_by_text("The defect marks cannot be loaded").wait_for()
    assert screen.page.get_by_role("slider", name="Opacity of the marks").is_disabled()


def test_without_a_mask_its_controls_are_off(screen):
    screen.open("mask=none&clean", mask="none")
    assert screen.page.get_by_role("slider", name="Opacity of the marks").is_disabled()
    mask_button = screen.page.get_by_role("button", name="Defect marks", exact=True)
    assert mask_button.get_attribute("aria-disabled") == "true"


@pytest.mark.parametrize("width_px", [820, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_viewer_stays_in_its_column_with_buttons_a_glove_can_hit(
    browser, base_url, width_px, scheme, tmp_path
):
    context = browser.new_context(
        viewport={"width": width_px, "height": 900},
        color_scheme=scheme,
        device_scale_factor=2,
        locale="ko-KR",
    )
    screen = Screen(context.new_page(), base_url).open("lang=ko")
    pictures = Path(os.environ.get("VIEWER_PICTURES", tmp_path))
    screen.page.screenshot(path=pictures / f"viewer_{scheme}_{width_px}.png")
    column = screen.page.get_by_test_id("stColumn").first.bounding_box()
    box = screen.root.bounding_box()
    assert box["x"] >= column["x"] - 1
    assert box["x"] + box["width"] <= column["x"] + column["width"] + 1
    assert box["height"] == pytest.approx(560, abs=1)
    assert screen.root.evaluate("root => root.scrollWidth <= root.clientWidth")
    for button in screen.page.locator(".bar .tool:visible").all():
        size = button.bounding_box()
        assert min(size["width"], size["height"]) >= 44
        assert size["x"] + size["width"] <= box["x"] + box["width"]
    assert screen.zoom == pytest.approx(
        min(
            2 * screen.page.locator(".stage").bounding_box()["width"] / WIDTH_PX,
            2 * screen.page.locator(".stage").bounding_box()["height"] / HEIGHT_PX,
        ),
        rel=0.01,
    )
    context.close()


def test_a_missing_word_is_named_before_anything_is_shown():
    words = {name: word for name, word in ENGLISH.items() if name != "retry"}
    with pytest.raises(ValueError, match=re.escape("['retry']")):
        viewer_module.viewer("photo", "/p.jpg", None, [], words, "en")


def test_both_languages_of_this_test_hold_exactly_the_words_the_viewer_asks_for():
    assert set(ENGLISH) == set(KOREAN) == set(viewer_module.LABELS)
