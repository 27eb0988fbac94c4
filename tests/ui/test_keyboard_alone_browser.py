"""By keyboard alone: a type corrected and a photo decided on Review, then the report signed."""

from pathlib import Path

import pytest

from inspection.domain.shifts import ShiftOfLine
from inspection.services.report.signing import find_signed
from inspection.storage import log_detail
from tests.browser import needs_chromium
from tests.conftest import panel_jpeg
from tests.server import running
from tests.test_main_job_browser import Inspector
from tests.ui.inspect_page import logged
from tests.ui.test_in_browser import keys_listen, press_until

pytestmark = needs_chromium
# Of a page with its navigation, its fields and the viewer's buttons.
MOST_TABS = 150
# What has the focus; the viewer lives behind a shadow root.
FOCUSED = """(wanted) => {
  let one = document.activeElement;
  while (one?.shadowRoot?.activeElement) one = one.shadowRoot.activeElement;
  return Boolean(one?.matches(wanted));
}"""


@pytest.fixture
def photo(station):
    """A scratch that waits for a person: its scale is unknown."""
    return logged(station, panel_jpeg(((40, 60, 80, 6),)), mm_per_px=None)


def tab_to(page, selector, key="Tab"):
    """Go on from field to field until one that matches has the focus."""
    for _ in range(MOST_TABS):
        if page.evaluate(FOCUSED, selector):
            return
        page.keyboard.press(key)
    raise AssertionError(f"nobody reaches {selector} by the keyboard")


def test_a_type_is_corrected_a_photo_decided_and_the_report_signed(browser, station, photo):
    data = Path(station.settings.data_dir)
    with running(data, models_dir=str(data / "none")) as server:
        person = Inspector(browser, server.url, "en")
        page, keyboard = person.page, person.page.keyboard
        person.context.add_cookies([{"name": "inspection_name", "value": "Kim", "url": server.url}])
        person.open("review")
        keys_listen(person)
        page.locator(".viewer[data-state=ready][data-mask=ready]").wait_for()
        person.settle()

        def viewer_is(**state):
            told = "".join(f'[data-{name}="{value}"]' for name, value in state.items())
            page.locator(f".viewer{told}").wait_for()

        tab_to(page, "[data-do=edit]")
        keyboard.press("Enter")
        viewer_is(editing="on", drawn="1:scratch")
        tab_to(page, ".tag[data-region='1']")
        keyboard.press("Enter")
        tab_to(page, ".type select", "Shift+Tab")
        # A list takes the first letters of its entry.
        keyboard.type("Chip", delay=30)
        viewer_is(drawn="1:chip")
        tab_to(page, "[data-do=save]")
        keyboard.press("Enter")
        keyboard.type("seen by eye")
        keyboard.press("Enter")
        person.sees(person.t("inspect.corrected_caption"))
        person.settle()
        # By the spec a chip is reworked: O confirms that, and nothing else waits.
        press_until(person, "o", page.get_by_text(person.t("review.empty")))
        person.settle()

        tab_to(page, "[data-testid=stSidebarNavLink][href*=report]")
        keyboard.press("Enter")
        page.locator(".st-key-sign_out button").wait_for()
        person.settle()
        tab_to(page, ".st-key-sign_out button")
        keyboard.press("Enter")
        page.locator("[role=dialog] .st-key-sign_out_confirm button").wait_for()
        person.settle()
        tab_to(page, ".st-key-sign_out_confirm button")
        keyboard.press("Enter")
        person.sees(person.t("report.state.signed"))
        assert person.outside == []
        person.context.close()
    detail = log_detail.inspection_detail(station.engine, photo)
    (correction,) = detail.corrections
    assert [region.type for region in correction.said.regions] == ["chip"]
    assert (correction.said.who, correction.said.reason) == ("Kim", "seen by eye")
    assert detail.disposition == "spot_repair"
    assert find_signed(station, ShiftOfLine(detail.day, detail.shift))
