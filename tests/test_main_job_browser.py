"""The main job as an inspector does it: photo, verdict, overrule, log, trend, report."""

import csv
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from inspection.config import REPOSITORY, Settings
from inspection.i18n import translator
from inspection.services.station import open_station
from inspection.storage import log_filter, log_list, log_pieces
from tests.browser import needs_chromium, playwright, settle
from tests.server import running

SAMPLES = REPOSITORY / "data" / "samples"
BAD_IMAGES = REPOSITORY.parent / "shared" / "bad_images"

pytestmark = [
    needs_chromium,
    pytest.mark.skipif(
        not (REPOSITORY / "models" / "weights" / Settings().model / "card.json").exists(),
        reason="needs the shipped model",
    ),
]


@pytest.fixture
def server(tmp_path):
    with running(tmp_path / "data", "/api/v1/health") as started:
        yield started


class Inspector:
    """One person at one browser window; asserts nothing by itself."""

    def __init__(self, browser, url: str, language: str):
        self.url, self.language, self.t = url, language, translator(language)
        self.context = browser.new_context(
            locale="ko-KR" if language == "ko" else "en-GB",
            accept_downloads=True,
            viewport={"width": 1280, "height": 1000},
        )
        self.context.set_default_timeout(60_000)
        self.page = self.context.new_page()
        self.outside: list[str] = []
        self.page.on("request", lambda request: self._note(request.url))

    def _note(self, url: str) -> None:
        if not url.startswith((self.url, self.url.replace("http", "ws"), "blob:", "data:")):
            self.outside.append(url)

    def open(self, page: str, **asked: str) -> None:
        query = "&".join(f"{k}={v}" for k, v in {"lang": self.language, **asked}.items())
        self.page.goto(f"{self.url}/{page}?{query}")
        self.settle()

    def settle(self) -> None:
        settle(self.page)

    def write(self, label: str, text: str) -> None:
        field = self.page.get_by_label(label, exact=True).first
        field.fill(text)
        field.press("Enter")
        self.settle()

    def choose(self, label: str, option: str) -> None:
        box = self.page.locator("[data-testid=stSelectbox]").filter(has_text=label).first
        box.locator("input").first.click()
        # Typed, not scrolled to: the list of panels is longer than its window.
        box.locator("input").first.fill(option)
        self.page.get_by_role("option", name=option, exact=True).first.click()
        self.settle()

    def press(self, key: str) -> None:
        self.page.locator(f".st-key-{key} button").first.click()

    def upload(self, *photos: Path) -> None:
        dropzone = self.page.get_by_test_id("stFileUploaderDropzone").first
        dropzone.wait_for()
        dropzone.locator("input[type=file]").set_input_files([str(p) for p in photos])

    def sees(self, text: str | re.Pattern, limit_s: float = 180.0) -> None:
        """Wait for a text in sight; the limit is for a busy machine, where a photo takes long."""
        found = self.page.get_by_text(text).filter(visible=True).first
        try:
            found.wait_for(timeout=1000 * limit_s)
        except playwright.TimeoutError:
            shown = "\n".join(self.page.get_by_test_id("stMain").all_inner_texts())
            raise AssertionError(
                f"{text!r} did not come into sight within {limit_s:g} s on {self.page.url}, "
                f"which shows:\n{shown}"
            ) from None


def prepared(browser, server, language: str) -> Inspector:
    """An inspector who gave a name and said what the next photo shows."""
    person = Inspector(browser, server.url, language)
    person.open("inspect")
    t = person.t
    person.page.locator("[data-testid=stSidebar] [data-testid=stTextInputField]").fill("김민수")
    person.page.locator("[data-testid=stSidebar] [data-testid=stTextInputField]").press("Enter")
    person.settle()
    person.write(t("common.body_number"), "KMH-2026-0001")
    person.choose(t("common.vehicle_model"), "Aria")
    person.choose(t("common.panel"), t("panel.door_fl"))
    person.page.locator(".st-key-subject_mm_per_px input").fill("0.25")
    person.page.locator(".st-key-subject_mm_per_px input").press("Enter")
    person.settle()
    return person


def test_what_is_not_seen_is_reported_with_what_the_page_shows_instead(browser, server):
    person = Inspector(browser, server.url, "ko")
    person.open("help")
    with pytest.raises(AssertionError, match=person.t("help.keys_title")):
        person.sees("없는 글", limit_s=0.5)
    person.context.close()


def test_the_sliders_stand_at_the_models_thresholds_again_after_going_back(browser, server):
    person = prepared(browser, server, "ko")
    person.upload(SAMPLES / "door_blue_scratch.jpg")
    person.sees(person.t("verdict.rework"))
    person.settle()
    probability = person.page.get_by_test_id("stSlider").first.locator("input[type=range]")
    stood_at = probability.input_value()
    probability.press("PageUp")
    person.sees(person.t("inspect.preview"))
    # Pressed while the preview is still being drawn, the button may be replaced under the hand.
    person.settle()
    assert probability.input_value() != stood_at
    person.press("decide_back")
    playwright.expect(probability).to_have_value(stood_at, timeout=30_000)
    person.page.locator(".st-key-decide_not_ok button").wait_for()
    person.press("decide_ok")
    person.page.get_by_label(person.t("decide.reason_text")).wait_for()
    person.context.close()


def test_only_the_button_for_choosing_files_says_so(browser, server):
    person = prepared(browser, server, "ko")
    # An upload that fails stays in sight, with its buttons to take it away and to add another.
    person.page.route("**/upload_file/**", lambda route: route.abort())
    person.upload(SAMPLES / "door_blue_scratch.jpg")
    person.page.get_by_test_id("stFileChip").wait_for()
    # A button that is just being drawn anew has no style yet.
    person.settle()
    drawn = (
        person.page.get_by_test_id("stFileUploaderDropzone")
        .locator("button")
        .evaluate_all("buttons => buttons.map(b => getComputedStyle(b, '::after').content)")
    )
    assert len(drawn) > 1 and set(drawn) == {"none"}
    person.context.close()


@pytest.mark.parametrize("language", ["ko", "en"])
def test_from_the_photo_to_the_report(browser, server, language, tmp_path):
    person = prepared(browser, server, language)
    t, page = person.t, person.page

    person.upload(SAMPLES / "door_blue_scratch.jpg")
    person.sees(t("verdict.rework"))
    person.sees(re.compile(re.escape(t("defect.scratch")) + r".* mm"))
    viewer = page.locator(".viewer[data-state=ready][data-mask=ready]")
    viewer.wait_for()
    number = int(re.search(r"id=(\d+)", page.url).group(1))

    person.press("decide_ok")
    page.get_by_label(t("decide.reason_text")).fill("먼지를 닦으니 사라짐")
    page.get_by_label(t("decide.reason_text")).press("Enter")
    person.settle()
    person.press("decide_save")
    person.sees("먼지를 닦으니 사라짐")

    person.open("log", body="KMH-2026-0001", id=str(number))
    person.sees("KMH-2026-0001")
    person.sees("먼지를 닦으니 사라짐")

    person.open("trends")
    person.sees(t("nav.trends"))
    page.get_by_test_id("stMetricValue").first.wait_for()
    shown = page.get_by_test_id("stMetricValue").all_inner_texts()
    assert any(value.strip().startswith("1") for value in shown), shown

    person.open("report")
    page.locator(".st-key-download_pdf button").wait_for()
    with page.expect_download() as coming:
        person.press("download_pdf")
    report = tmp_path / "report.pdf"
    coming.value.save_as(report)
    assert report.read_bytes().startswith(b"%PDF")
    if shutil.which("pdftotext"):
        text = subprocess.run(
            ["pdftotext", "-layout", str(report), "-"], capture_output=True, text=True, check=True
        ).stdout
        assert t("report.title") in text
        assert "KMH-2026-0001" in text
        assert "먼지를 닦으니 사라짐" in text
        assert t("defect.scratch") in text
    assert person.outside == []
    person.context.close()


def test_a_corrupt_file_among_three_is_named_and_the_other_two_are_logged(
    browser, server, tmp_path
):
    corrupt = tmp_path / "corrupt_panel.jpg"
    corrupt.write_bytes((SAMPLES / "door_grey_run.jpg").read_bytes()[:20_000])
    person = prepared(browser, server, "ko")
    person.upload(SAMPLES / "door_blue_scratch.jpg", corrupt, SAMPLES / "quarter_red_chips.jpg")
    person.sees(re.compile("corrupt_panel.jpg"))
    person.page.locator(".st-key-batch_let_go button").wait_for()
    person.context.close()
    assert logged(server) == {"door_blue_scratch.jpg", "quarter_red_chips.jpg"}


def test_the_same_photo_twice_says_when_it_was_inspected_and_links_there(browser, server):
    person = prepared(browser, server, "ko")
    person.upload(SAMPLES / "door_blue_scratch.jpg")
    person.sees(person.t("verdict.rework"))
    person.press("decide_next")
    person.settle()
    person.upload(SAMPLES / "door_blue_scratch.jpg")
    person.page.locator("[class*=st-key-batch_again_] button").first.wait_for()
    playwright.expect(person.page.locator("[class*=st-key-batch_open_] button")).to_have_count(1)
    person.page.locator("[class*=st-key-batch_again_] button").first.click()
    person.page.locator(".viewer[data-state=ready]").wait_for()
    person.context.close()
    station = open_station(Settings(data_dir=server.data_dir), with_model=False)
    assert log_list.count(station.engine, log_filter.LogFilter()) == 2
    station.close()


@pytest.mark.skipif(not BAD_IMAGES.exists(), reason="needs the bad images beside the project")
def test_all_bad_images_behave_as_their_manifest_says_through_the_upload(browser, server):
    with (BAD_IMAGES / "manifest.csv").open(encoding="utf-8", newline="") as file:
        expected = {row["file"]: row["expected"] for row in csv.DictReader(file)}
    person = prepared(browser, server, "ko")
    # At any scale of a door a picture of 15 px is refused: none is given.
    person.page.locator(".st-key-subject_mm_per_px input").fill("")
    person.page.locator(".st-key-subject_mm_per_px input").press("Enter")
    person.settle()
    person.upload(*(BAD_IMAGES / "files" / name for name in expected))
    person.page.locator(".st-key-batch_let_go button").wait_for(timeout=900_000)
    person.context.close()
    accepted = logged(server)
    assert {name for name in accepted if expected[name] == "refuse"} == set()
    decodable = {name for name, wanted in expected.items() if wanted == "decode"}
    # The same picture under two names is one photo: what is left out for that is no refusal.
    assert len(accepted & decodable) >= 0.97 * len(decodable)


def logged(server) -> set[str]:
    """Names of the photos in the log of a running server, those that wait for a word among them."""
    station = open_station(Settings(data_dir=server.data_dir), with_model=False)
    try:
        wheres = (log_filter.LogFilter(), log_filter.LogFilter(left_out="waiting"))
        frames = [log_pieces.inspections_frame(station.engine, where) for where in wheres]
        return {name for frame in frames for name in frame["photo_name"]}
    finally:
        station.close()
