"""Keys and the kept name, where only a browser can tell: focus, cookies, reloads."""

import time
from pathlib import Path

import pytest

from inspection.domain.inspections import Subject
from inspection.services.photo.inspecting import inspect_photo
from inspection.storage import log_detail
from tests.browser import needs_chromium, playwright
from tests.conftest import panel_jpeg
from tests.server import running
from tests.test_main_job_browser import Inspector

pytestmark = needs_chromium
DOOR = Subject("aria", "KMH-1", "door_fl", "white", "ST10", "L1", "Kim")


@pytest.fixture
def server(station):
    """A server over the log of `station`, which knows photos already; no model is needed."""
    data = Path(station.settings.data_dir)
    with running(data, models_dir=str(data / "none")) as started:
        yield started


def name_field(person: Inspector):
    return person.page.locator("[data-testid=stSidebar] [data-testid=stTextInputField]")


def keys_listen(person: Inspector) -> None:
    """Wait for the script of the keys: what is pressed before it comes does nothing.

    The page's own rules forbid the evaluation that `wait_for_function` needs.
    """
    give_up = time.monotonic() + 60
    while not person.page.evaluate("window.inspectionKeys === true"):
        assert time.monotonic() < give_up, "the script of the keys does not come"
        time.sleep(0.1)


def with_name(browser, server, station, **photo) -> tuple[Inspector, int]:
    """Kim, who typed the name and left the hands on the keys, before one logged photo."""
    number = inspect_photo(station, panel_jpeg(), "p.jpg", DOOR, **photo).id
    person = Inspector(browser, server.url, "en")
    person.open("inspect", id=str(number))
    keys_listen(person)
    name_field(person).fill("Kim")
    name_field(person).press("Enter")
    # The keys decide from the moment on that their buttons may be pressed.
    person.page.locator(".st-key-decide_ok button:enabled").wait_for()
    person.settle()
    return person, number


def press_until(person: Inspector, key: str, seen) -> None:
    """Press a key, as a person does again where a busy page missed it, until something is seen."""
    for _ in range(5):
        person.page.keyboard.press(key)
        try:
            seen.wait_for(timeout=10_000)
        except playwright.TimeoutError:
            continue
        return
    raise AssertionError(f"the key {key} did nothing")


def decisions(station, number: int) -> list[tuple[str, str]]:
    found = log_detail.inspection_detail(station.engine, number).decisions
    return [(word.decision.disposition, word.decision.reason) for word in found]


def test_a_key_after_enter_in_a_field_decides_and_types_nothing(browser, server, station):
    person, number = with_name(browser, server, station, mm_per_px=0.2)
    press_until(person, "o", person.page.locator(".st-key-decide_undo button"))
    assert name_field(person).input_value() == "Kim"
    assert decisions(station, number) == [("polish", "")]
    person.context.close()


def test_a_key_typed_into_a_field_decides_nothing(browser, server, station):
    person, number = with_name(browser, server, station, mm_per_px=0.2)
    name_field(person).click()
    person.page.keyboard.type("oyoU")
    person.page.keyboard.press("Escape")
    person.settle()
    assert name_field(person).input_value() == "KimoyoU"
    assert decisions(station, number) == []
    person.context.close()


def test_control_enter_after_a_chosen_reason_saves_with_that_reason(browser, server, station):
    person, number = with_name(browser, server, station)
    chip = person.page.locator("[class*=st-key-overrule_quick_ok] button").first
    press_until(person, "y", chip)
    chip.click()
    person.settle()
    person.page.keyboard.press("Control+Enter")
    person.page.locator(".st-key-decide_undo button").wait_for()
    assert decisions(station, number) == [("accept", person.t("decide.quick.reflection"))]
    person.context.close()


def test_control_enter_in_the_own_words_saves_them(browser, server, station):
    person, number = with_name(browser, server, station)
    words = person.page.get_by_label(person.t("decide.reason_text"))
    press_until(person, "y", words)
    words.fill("dust, wiped off")
    words.press("Control+Enter")
    person.page.locator(".st-key-decide_undo button").wait_for()
    assert decisions(station, number) == [("accept", "dust, wiped off")]
    person.context.close()


def test_the_name_is_there_after_a_reload_and_in_a_second_tab(browser, server, station):
    person, _ = with_name(browser, server, station)
    name_field(person).fill("응우옌 반 득")
    name_field(person).press("Enter")
    person.settle()
    person.page.reload()
    playwright.expect(name_field(person)).to_have_value("응우옌 반 득", timeout=30_000)
    second = person.context.new_page()
    second.goto(f"{server.url}/report?lang=en")
    field = second.locator("[data-testid=stSidebar] [data-testid=stTextInputField]")
    playwright.expect(field).to_have_value("응우옌 반 득", timeout=30_000)
    field.fill("")
    field.press("Enter")
    second.wait_for_function("() => !document.cookie.includes('inspection_name')")
    person.context.close()
