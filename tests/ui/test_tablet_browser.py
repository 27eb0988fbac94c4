"""Pages on a tablet of 820 px: nothing lies on top of anything else, and no word is torn."""

import pytest

from inspection.ui.widgets.verdicts import verdict_chip_html
from tests.browser import needs_chromium
from tests.server import running

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def tablet(browser, tmp_path_factory):
    """`tablet("help")`: a page of the real server, on the screen of a tablet."""
    with running(tmp_path_factory.mktemp("tablet") / "data") as server:
        page = browser.new_page(viewport={"width": 820, "height": 1180}, locale="en-GB")
        page.set_default_timeout(60_000)

        def open_page(name):
            page.goto(f"{server.url}/{name}?lang=en")
            return page

        yield open_page
        page.close()


def test_no_verdict_sign_lies_on_its_meaning(tablet):
    page = tablet("help")
    page.get_by_text("Colour never stands alone").wait_for()
    rows = page.get_by_test_id("stHorizontalBlock").filter(has=page.locator("[role=img]"))
    assert rows.count() == 3
    for row in rows.all():
        sign = row.locator("[role=img]").bounding_box()
        meaning = row.locator("p").first.bounding_box()
        assert sign["x"] + sign["width"] < meaning["x"]


def test_no_word_of_the_settings_is_torn_and_nothing_is_cut_off(tablet):
    page = tablet("settings")
    words = page.get_by_test_id("stTable").get_by_text("default", exact=True)
    words.first.wait_for()
    assert max(word.bounding_box()["height"] for word in words.all()) < 30
    # A table with something cut off can be moved sideways.
    table = page.get_by_test_id("stTable")
    assert table.evaluate("table => table.scrollWidth - table.clientWidth") <= 1


def test_a_verdict_with_a_note_stays_within_a_narrow_card(browser):
    page = browser.new_page()
    chip = verdict_chip_html("human", "결함 12개")
    page.set_content(f'<div id="card" style="width:140px">{chip}</div>')
    card, drawn = (page.locator(part).bounding_box() for part in ("#card", "[role=img]"))
    assert drawn["width"] <= card["width"]
    page.close()
