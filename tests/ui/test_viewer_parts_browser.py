"""Parts of the viewer's script that need no page: how a typed length is read, how new regions are
numbered."""

import math

import pytest

from inspection.ui.widgets.viewer import _FOLDER
from tests.browser import needs_chromium

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def script(browser):
    """A blank page that knows the viewer's parts."""
    page = browser.new_page()
    for name in ("stage", "labels", "strokes", "measuring"):
        page.add_script_tag(content=(_FOLDER / f"{name}.js").read_text(encoding="utf-8"))
    yield page
    page.close()


@pytest.mark.parametrize(
    ("typed", "language", "mm"),
    [
        ("", "en", 0),
        (" 12 ", "en", 12),
        ("12.5", "ko", 12.5),
        # A comma is a decimal sign in German, and so it is where nothing else could be meant.
        ("12,5", "de", 12.5),
        ("12,5", "en", 12.5),
        ("1,000", "en", 1000),
        ("1,000", "ko", 1000),
        ("1.000", "en", 1),
        ("1.000", "de", 1000),
        ("1,000", "de", 1),
        ("0,125", "en", 0.125),
        ("1,234.5", "en", 1234.5),
        ("1.234,5", "ko", 1234.5),
        ("1 000", "en", 1000),
        ("1,234,567", "de", 1234567),
        ("12.", "en", 12),
        ("1,00,0", "en", None),
        ("1.2.3", "en", None),
        ("1,000.5.2", "en", None),
        ("1,000 mm", "en", None),
        ("-5", "en", None),
        ("12 5", "en", None),
    ],
)
def test_a_length_is_read_by_one_rule_or_not_at_all(script, typed, language, mm):
    read = script.evaluate("([typed, language]) => lengthOf(typed, language)", [typed, language])
    assert math.isnan(read) if mm is None else read == pytest.approx(mm)


def test_new_regions_are_numbered_behind_those_of_the_record(script):
    first = "(many) => new Strokes(1, null, Array(many).fill('scratch')).next"
    assert [script.evaluate(first, many) for many in (0, 1000, 1500)] == [1001, 1001, 1501]


def test_what_was_drawn_on_another_record_is_numbered_behind_this_one(script):
    kept = """(many) => {
      const said = {base: 7, first: 1001, at: Date.now(), strokes: [
        {do: "draw", n: 1001}, {do: "type", n: 3}, {do: "fill", n: 1002}]};
      const store = {[`${STROKES_KEY}1`]: JSON.stringify(said)};
      Object.defineProperty(window, "localStorage", {configurable: true, value: Object.assign(
        Object.create({getItem: (key) => store[key], removeItem() {}, setItem() {}}), store)});
      return new Strokes(1, 8, Array(many).fill("scratch")).kept().map((one) => one.n);
    }"""
    assert script.evaluate(kept, 0) == [1001, 1002]
    assert script.evaluate(kept, 1500) == [1501, 1502]
