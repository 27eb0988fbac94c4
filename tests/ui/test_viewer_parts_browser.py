"""Parts of the viewer's script that need no page: how a typed length is read, how new regions are
numbered, what an outline is after a gesture that was broken off and after steps back."""

import math

import pytest

from inspection.ui.widgets.viewer import _FOLDER
from tests.browser import needs_chromium

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def script(browser):
    """A blank page that knows the viewer's parts."""
    page = browser.new_page()
    for name in ("pictures", "stage", "labels", "strokes", "measuring", "tools", "outlining"):
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


# A viewer whose stage is the photo; `said` is what Python heard last.
OUTLINER = """() => {
  document.body.innerHTML = '<div id="root"><button data-do="outline"></button>' +
    '<div class="outline-bar"><select></select><output></output></div></div>';
  const viewer = {
    root: document.getElementById("root"), photo: {width: 800, height: 600},
    photoPoint: (at) => at, stagePoint: (at) => at, publish() {},
    trigger(name, {shapes, at_ms}) { window.said = shapes; window.heardAt = at_ms; },
  };
  const square = (x) => ({kind: "badge", points: [x, 10, x + 90, 10, x + 90, 90, x, 90]});
  window.given = (shapes, heard_at = 0) => ({
    base: "1", shapes, heard_at, kinds: [["badge", "Badge"]], most: 9, words: {}});
  window.square = square;
  window.outliner = new Outliner(viewer);
  outliner.update(given([square(100), square(300)]));
  window.said = null;
  window.drag = (x, y, dx, dy) => {
    outliner.down(viewer, {x, y}, {x, y});
    outliner.move(viewer, {x, y}, {x: x + dx, y: y + dy});
  };
  window.corners = () => outliner.shapes.map((one) => one.points.slice(0, 2));
}"""


def test_a_corner_on_its_way_lies_where_it_lay_after_a_second_finger(script):
    script.evaluate(OUTLINER)
    script.evaluate("() => { drag(100, 10, 40, 5); outliner.cancel(); outliner.up(); }")
    assert script.evaluate("corners()") == [[100, 10], [300, 10]]
    assert script.evaluate("said") is None


def test_a_step_back_takes_back_what_was_done_last(script):
    script.evaluate(OUTLINER)
    assert not script.evaluate("outliner.can().outline_undo")
    script.evaluate("() => { drag(100, 10, 40, 5); outliner.up(); }")
    script.evaluate("() => outliner.add(square(500).points)")
    # The page itself takes the first one out.
    script.evaluate("() => outliner.update(given(outliner.shapes.slice(1), heardAt))")
    steps = [[[300, 10], [500, 10]], [[140, 15], [300, 10], [500, 10]], [[140, 15], [300, 10]]]
    for shown in [*steps, [[100, 10], [300, 10]], [[100, 10], [300, 10]]]:
        assert script.evaluate("corners()") == shown
        script.evaluate("() => outliner.takeBack()")
    assert script.evaluate("said.length") == 2
