"""Twenty photos decided by keyboard alone, at the size of a tablet."""

from pathlib import Path

import pytest

from inspection.storage import log_detail
from tests.browser import needs_chromium
from tests.conftest import panel_jpeg
from tests.server import running
from tests.test_main_job_browser import Inspector
from tests.ui.inspect_page import logged
from tests.ui.test_in_browser import keys_listen, name_field, press_until

pytestmark = needs_chromium
PHOTOS = 20


@pytest.fixture
def twenty(station):
    """Photos that a person has to decide: their scratches are marked, their scale is unknown."""
    pictures = [panel_jpeg(((20 + 10 * n, 60, 80, 6),)) for n in range(PHOTOS)]
    return [logged(station, picture, mm_per_px=None) for picture in pictures]


def test_twenty_photos_are_decided_by_keyboard_alone(browser, station, twenty):
    """Every third is not OK; one is passed over at first, one undone and decided anew."""
    data = Path(station.settings.data_dir)
    with running(data, models_dir=str(data / "none")) as server:
        person = Inspector(browser, server.url, "en")
        page, keyboard = person.page, person.page.keyboard
        page.set_viewport_size({"width": 820, "height": 1180})
        person.open("review")
        keys_listen(person)
        name_field(person).fill("Kim") if name_field(person).is_visible() else page.get_by_label(
            person.t("common.inspector")
        ).last.fill("Kim")
        keyboard.press("Enter")

        def sees(number):
            drawn = f'.viewer[data-state=ready][data-in-sight$="/{number}/photo"]'
            page.locator(drawn).wait_for()
            page.locator(".st-key-decide_ok button:enabled").wait_for()

        def decide(number, is_ok):
            press_until(person, "y" if is_ok else "o", page.locator(".st-key-digit_choices"))
            # What is still being drawn would forget the choice.
            person.settle()
            for choice in "1" if is_ok else "11":
                chosen = page.locator(".st-key-digit_choices [data-selected=true]")
                before = chosen.count()
                press_until(person, choice, chosen.nth(before))
            person.settle()
            keyboard.press("Control+Enter")

        sees(twenty[0])
        box = page.locator(".viewer .stage").bounding_box()
        assert box["y"] + box["height"] <= 1180, "the photo is not whole in sight"
        keyboard.press("m")
        page.locator('.viewer [data-do=mask][aria-pressed="false"]').wait_for()
        keyboard.press("m")
        keyboard.press("?")
        page.get_by_role("dialog").wait_for()
        keyboard.press("y")
        keyboard.press("Escape")
        page.get_by_role("dialog").wait_for(state="hidden")
        keyboard.press("n")
        sees(twenty[1])
        keyboard.press("p")
        sees(twenty[0])
        for place, number in enumerate(twenty):
            sees(number)
            decide(number, is_ok=place % 3 != 0)
        page.get_by_text(person.t("review.empty")).wait_for()
        keyboard.press("u")
        page.locator(".st-key-decide_undo_sure button").wait_for()
        # Pressed at once it would be the same press again.
        person.settle()
        keyboard.press("u")
        sees(twenty[-1])
        decide(twenty[-1], is_ok=True)
        page.get_by_text(person.t("review.empty")).wait_for()
        person.context.close()
    said = [log_detail.inspection_detail(station.engine, number).disposition for number in twenty]
    assert said == ["accept" if place % 3 else "polish" for place in range(PHOTOS)]
