"""Correcting and measuring in the viewer, in a real browser on the real server: by mouse and touch,
kept over a reload, against somebody else's correction."""

import json
import re
import urllib.request
from dataclasses import replace

import cv2
import numpy as np
import pytest

from inspection.config import Settings
from inspection.domain.inspections import Subject
from inspection.i18n import translator
from inspection.services.photo.inspecting import inspect_photo
from inspection.services.station import open_station
from inspection.storage import log_detail
from tests.browser import needs_chromium, playwright
from tests.conftest import panel_jpeg
from tests.server import running
from tests.ui.viewer_server import Screen

pytestmark = needs_chromium

T = translator("en")
WIDTH_PX, HEIGHT_PX = 1400, 1000
BAR = (400, 300, 160, 14)
ON_BAR, BESIDE = (480, 307), (700, 700)


@pytest.fixture(scope="module")
def logged(tmp_path_factory, fake_worker):
    """A folder with a log of its own; `logged(0.2)`: a photo with one false scratch, its number."""
    folder = tmp_path_factory.mktemp("correcting")
    opened = open_station(Settings(data_dir=folder / "data"), with_model=False)
    station = replace(opened, worker=fake_worker)
    photos = []

    def log(mm_per_px=0.2):
        photos.append(panel_jpeg([BAR], shape=(HEIGHT_PX, WIDTH_PX), seed=len(photos)))
        name, subject = f"panel{len(photos)}.jpg", Subject("aria", f"B{len(photos)}", "door_fl")
        return inspect_photo(station, photos[-1], name, subject, mm_per_px=mm_per_px).id

    log.detail = lambda number: log_detail.inspection_detail(station.engine, number)
    log.folder = folder
    yield log
    opened.engine.dispose()


@pytest.fixture(scope="module")
def server(logged):
    # Without a model: everything here was seen before.
    with running(logged.folder / "data", model="none") as started:
        yield started


@pytest.fixture(scope="module")
def desktop(browser):
    with_name = browser.new_context(viewport={"width": 1280, "height": 1000}, locale="en-GB")
    yield with_name
    with_name.close()


class Bench(Screen):
    """An inspector at the viewer of one inspection."""

    def look_at(self, number, **kept):
        self.page.context.add_cookies(
            [{"name": "inspection_name", "value": "Kim", "url": self.base_url}]
        )
        self.page.goto(f"{self.base_url}/inspect?id={number}&lang=en")
        self.page.locator(".viewer[data-state=ready][data-mask=ready]").wait_for()
        self.page.get_by_text(T("inspect.defect_table", n=1)).wait_for()
        self.settle()
        return self

    def has(self, **state):
        """Wait until the viewer says so of itself."""
        for name, value in state.items():
            told = playwright.expect(self.root)
            told.to_have_attribute(f"data-{name}", value, timeout=60_000)

    def tool(self, name):
        self.page.locator(f"[data-do={name}]").click()

    def edit(self):
        self.tool("edit")
        self.has(editing="on")
        self.settle()
        return self

    def drag(self, *points):
        spots = [self.spot(point) for point in points]
        self.page.mouse.move(*spots[0])
        self.page.mouse.down()
        for spot in spots[1:]:
            self.page.mouse.move(*spot, steps=6)
        self.page.mouse.up()

    def tap(self, point):
        self.page.mouse.click(*self.spot(point))

    def take_type(self, code):
        self.page.locator(".type select").select_option(code)

    def save(self, reason):
        self.tool("save")
        self.page.locator(".save-panel .reason input").fill(reason)
        self.page.locator(".save-panel button[type=submit]").click()

    def sees(self, text):
        self.page.get_by_text(text).filter(visible=True).first.wait_for()


@pytest.fixture
def bench(desktop, server):
    one = Bench(desktop.new_page(), server.url)
    yield one
    one.page.close()
    assert one.problems == []


def test_two_clicks_no_defect_and_a_brushed_one_change_the_verdict_by_the_spec(bench, logged):
    number = logged(mm_per_px=None)
    assert logged.detail(number).verdict == "human"
    bench.look_at(number)
    # The bar is 160 px long, and was measured with a ruler: 32 mm.
    bench.tool("measure")
    bench.has(measuring="true")
    bench.settle()
    bench.tap((400, 500))
    bench.tap((560, 500))
    bench.page.locator(".length input").fill("32")
    bench.sees(re.compile(r"0\.\d+ mm/px ± 1\.\d%"))
    bench.tool("for_photo")
    bench.page.wait_for_url(lambda url: f"id={number}&" not in f"{url}&")
    number = int(re.search(r"id=(\d+)", bench.page.url).group(1))
    scale = logged.detail(number).inspection.scale
    assert scale.source == "points" and scale.mm_per_px == pytest.approx(0.2, rel=0.02)
    assert logged.detail(number).verdict == "rework"
    # The scratch is a reflection: one tap, and it stands as what it is.
    bench.has(editing="off")
    bench.tool("no_defect")
    bench.sees(T("inspect.corrected_caption"))
    first = logged.detail(number)
    assert first.shown.judgement.verdict == "ok" and first.correction.said.who == "Kim"
    assert [defect.type for defect in first.shown.judgement.defects] == ["pseudo_defect"]
    # A scratch that the machine missed.
    bench.has(editing="off")
    bench.edit()
    bench.tool("brush")
    bench.take_type("scratch")
    bench.drag((600, 700), (900, 720))
    bench.has(strokes="1", drawn="1:pseudo_defect 1001:scratch")
    bench.save("seen by eye")
    bench.sees(re.compile(r"scratch \d+\.\d mm", re.IGNORECASE))
    second = logged.detail(number)
    assert second.shown.judgement.verdict == "rework"
    assert second.correction.said.based_on == first.correction.id
    assert second.correction.said.reason == "seen by eye"
    missed = next(one for one in second.shown.judgement.defects if one.type == "scratch")
    assert missed.length_mm == pytest.approx(300 * scale.mm_per_px, rel=0.15)
    # And the machine's regions are back as a record of their own.
    bench.has(editing="off")
    bench.tool("restore")
    bench.page.get_by_text(T("inspect.defect_table", n=1)).wait_for()
    third = logged.detail(number)
    assert len(third.corrections) == 3 and third.shown.judgement.verdict == "rework"
    assert third.shown.judgement.defects[0].region.bbox_px == BAR


def test_a_false_alarm_takes_two_taps(bench, logged):
    number = logged()
    bench.look_at(number)
    bench.tool("no_defect")
    bench.page.locator(".st-key-decide_ok button[kind=primary]").click()
    bench.sees(T("decide.done", disposition=T("disposition.accept")))
    assert logged.detail(number).disposition == "accept"


def test_strokes_are_undone_one_by_one_and_are_there_after_a_reload(bench, logged):
    number = logged()
    bench.look_at(number).edit()
    bench.tool("polygon")
    bench.take_type("dent")
    for corner in ((700, 500), (900, 500), (900, 650), (700, 500)):
        bench.tap(corner)
    bench.has(strokes="1", drawn="1:scratch 1001:dent")
    bench.settle()
    assert bench.redness((880, 520)) > 60
    bench.tool("new_region")
    bench.take_type("chip")
    bench.drag((300, 800), (420, 800))
    bench.has(strokes="2", drawn="1:scratch 1001:dent 1002:chip")
    bench.tool("eraser")
    bench.drag((300, 307), (700, 307))
    bench.has(strokes="3", drawn="1001:dent 1002:chip")
    bench.page.keyboard.press("Control+z")
    bench.has(strokes="2", drawn="1:scratch 1001:dent 1002:chip")
    bench.tool("undo")
    bench.has(strokes="1", drawn="1:scratch 1001:dent")
    bench.tool("redo")
    bench.has(strokes="2", drawn="1:scratch 1001:dent 1002:chip")
    bench.page.reload()
    bench.has(editing="on", strokes="2", drawn="1:scratch 1001:dent 1002:chip")
    # One region in two, and the two in one again.
    bench.settle()
    bench.tool("split")
    bench.drag((800, 450), (800, 640))
    bench.has(strokes="3", drawn="1:scratch 1001:dent 1002:chip 1003:dent")
    bench.tool("choose")
    bench.tap((890, 520))
    bench.page.wait_for_timeout(400)
    bench.tool("join")
    bench.tap((780, 510))
    bench.has(strokes="4")
    assert len(bench.root.get_attribute("data-drawn").split()) == 3
    # What the server refuses is one sentence, and nothing that was drawn is lost.
    bench.page.route("**/corrections", lambda route: route.fulfill(status=422, body="{}"))
    bench.save("seen by eye")
    bench.sees(T("viewer.refused"))
    bench.has(editing="on", strokes="4")
    bench.tool("save")
    bench.tool("discard")
    bench.has(editing="off")
    bench.page.reload()
    bench.has(state="ready", editing="off")
    assert not logged.detail(number).corrections


def test_one_finger_draws_and_two_zoom(browser, server, logged):
    number = logged()
    tablet = {"viewport": {"width": 820, "height": 1180}, "has_touch": True, "locale": "en-GB"}
    context = browser.new_context(**tablet)
    bench = Bench(context.new_page(), server.url).look_at(number).edit()
    bench.tool("brush")
    touch = context.new_cdp_session(bench.page)

    def fingers(kind, *points):
        at = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

    bench.page.locator(".stage").scroll_into_view_if_needed()
    x, y = bench.spot(BESIDE)
    fingers("touchStart", (x, y))
    for step in (10, 25, 40):
        fingers("touchMove", (x + step, y))
    fingers("touchEnd")
    bench.has(strokes="1", drawn="1:scratch 1001:unclassified")
    fitted = bench.zoom
    fingers("touchStart", (x, y))
    fingers("touchStart", (x, y), (x + 60, y))
    for step in (90, 130, 170):
        fingers("touchMove", (x, y), (x + step, y))
    fingers("touchEnd")
    bench.settle()
    assert bench.zoom > 1.8 * fitted
    bench.has(strokes="1")
    for button in bench.page.locator(".edit-bar .tool").all():
        box = button.bounding_box()
        assert min(box["width"], box["height"]) >= 44
    assert bench.root.evaluate("root => root.scrollWidth <= root.clientWidth")
    assert bench.problems == []
    context.close()


def test_somebody_elses_correction_is_told_and_what_was_drawn_goes_onto_it(bench, server, logged):
    number = logged()
    bench.look_at(number).edit()
    bench.tool("brush")
    bench.take_type("scratch")
    bench.drag((600, 700), (900, 700))
    bench.has(strokes="1")
    mask = np.zeros((HEIGHT_PX, WIDTH_PX), np.uint8)
    mask[100:120, 100:130] = 1
    theirs = correct(server, number, mask, [{"n": 1, "type": "dent"}])
    bench.save("seen by eye")
    bench.sees(T("viewer.conflict"))
    assert len(logged.detail(number).corrections) == 1
    bench.tool("latest")
    bench.has(editing="on", strokes="1", drawn="1:dent 1001:scratch")
    bench.save("seen by eye")
    bench.has(editing="off")
    ours = logged.detail(number).correction.said
    assert ours.based_on == theirs
    assert {defect.type for defect in ours.judgement.defects} == {"dent", "scratch"}


def correct(server, number, mask, regions) -> int:
    """Somebody else's correction, over HTTP; its number."""
    said = json.dumps({"who": "Lee", "reason": "", "based_on": None, "regions": regions})
    png = cv2.imencode(".png", mask)[1].tobytes()
    line = b"--part\r\nContent-Disposition: form-data; name="
    body = line + b'"correction"\r\n\r\n' + said.encode() + b"\r\n"
    body += line + b'"mask"; filename="mask.png"\r\nContent-Type: image/png\r\n\r\n' + png
    request = urllib.request.Request(
        f"{server.url}/api/v1/inspections/{number}/corrections",
        body + b"\r\n--part--\r\n",
        {"Content-Type": "multipart/form-data; boundary=part"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["id"]
