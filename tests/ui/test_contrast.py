"""Chips and primary buttons are read at 4.5 : 1 (WCAG 2.2, 1.4.3) in both themes."""

import tomllib

import pytest

from inspection.config import REPOSITORY
from inspection.ui.widgets.verdicts import CHIP_COLOURS, COLOURS, verdict_chip_html
from tests.browser import chromium, needs_chromium
from tests.server import running

READABLE = 4.5
RGB = r"""element => {
    const rgb = style => style.match(/[\d.]+/g).slice(0, 3).map(Number);
    const button = element.closest("button");
    return [rgb(getComputedStyle(element).color), rgb(getComputedStyle(button).backgroundColor)];
}"""


def contrast(one, other) -> float:
    """The ratio of two colours, each "#rrggbb" or (red, green, blue) of 255."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour) -> float:
    if isinstance(colour, str):
        colour = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
    linear = [
        share / 12.92 if share <= 0.03928 else ((share + 0.055) / 1.055) ** 2.4
        for share in (value / 255 for value in colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_black_on_white_has_the_largest_contrast_there_is():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("standing", ["ok", "rework", "undecided"])
def test_every_chip_is_readable(standing):
    assert contrast("#ffffff", CHIP_COLOURS[standing]) >= READABLE
    assert "color:#111111" in verdict_chip_html(standing)
    assert contrast("#111111", COLOURS[standing]) >= READABLE


def test_letters_of_a_primary_button_are_white_in_the_light_theme_and_black_in_the_dark_one():
    theme = tomllib.loads((REPOSITORY / ".streamlit" / "config.toml").read_text())["theme"]
    assert contrast("#ffffff", theme["light"]["primaryColor"]) >= READABLE
    assert contrast("#111111", theme["dark"]["primaryColor"]) >= READABLE


@needs_chromium
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_primary_button_is_readable_as_the_browser_draws_it(tmp_path, scheme):
    with running(tmp_path / "data") as server, chromium() as browser:
        page = browser.new_page(color_scheme=scheme, locale="en-GB")
        page.set_default_timeout(120_000)
        page.goto(f"{server.url}/settings?lang=en")
        letters = page.locator("button[kind=primary]:not(:disabled) p").first
        letters.wait_for()
        assert contrast(*letters.evaluate(RGB)) >= READABLE
