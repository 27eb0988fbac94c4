from pathlib import Path

import pytest

from inspection.domain.body_drawings import DRAWINGS, DrawnPanel, drawings, drawn_zones
from inspection.domain.panels import Panel, Zone, load_bodies

BODIES = Path(__file__).parents[2] / "data" / "bodies"
SQUARE = ((100.0, 200.0), (300.0, 200.0), (300.0, 600.0), (100.0, 600.0))


@pytest.mark.parametrize(
    ("turned", "expected"),
    [
        # A quarter of the width from the left, a tenth of the height from the top.
        ("as_seen", (150.0, 240.0)),
        # From before the car: left is the car's right, above on the drawing; far is to the right.
        ("nose_left", (280.0, 300.0)),
        # From behind it: left is the car's left, below on the drawing; far is to the left.
        ("tail_right", (120.0, 500.0)),
    ],
)
def test_a_position_lies_on_the_drawing_as_the_panel_is_turned(turned, expected):
    assert DrawnPanel("hood", SQUARE, turned).place(0.25, 0.1) == pytest.approx(expected)


@pytest.mark.parametrize("model", load_bodies(BODIES).models, ids=lambda m: m.code)
def test_every_panel_of_a_body_is_drawn_inside_its_drawings(model):
    drawn = drawings(model)
    assert tuple(one.view for one in drawn) == DRAWINGS
    assert {panel.code for one in drawn for panel in one.panels} == {p.code for p in model.panels}
    for one in drawn:
        assert one.panels
        for panel in one.panels:
            left, top, right, bottom = panel.box
            assert 0 <= left < right <= one.width_mm and 0 <= top < bottom <= one.height_mm


def test_zones_lie_within_the_outline_and_the_one_that_holds_is_drawn_last():
    triangle = ((0.0, 0.0), (100.0, 0.0), (0.0, 100.0))
    upper = Zone("A", (0.0, 1.0), (0.0, 0.5), near_character_line=True)
    inner = Zone("C", (0.0, 0.25), (0.0, 0.25))
    outside = Zone("D", (0.9, 1.0), (0.9, 1.0))
    panel = Panel("hood", 100, 100, "B", (inner, upper, outside), "left", triangle)
    whole, *parts = drawn_zones(panel, DrawnPanel("hood", triangle, "as_seen"))
    assert (whole.grade, whole.outline) == ("B", triangle)
    assert [(part.grade, part.near_character_line) for part in parts] == [("A", True), ("C", False)]
    # The lower corner of the triangle is cut off at half its height, where it is half as wide.
    assert set(parts[0].outline) == {(0.0, 0.0), (100.0, 0.0), (50.0, 50.0), (0.0, 50.0)}
    assert set(parts[1].outline) == {(0.0, 0.0), (25.0, 0.0), (25.0, 25.0), (0.0, 25.0)}


def test_of_two_zones_of_one_size_the_first_listed_lies_above():
    first, second = Zone("A", (0.0, 0.5), (0.0, 1.0)), Zone("B", (0.5, 1.0), (0.0, 1.0))
    panel = Panel("hood", 100, 100, "C", (first, second), "left", SQUARE)
    zones = drawn_zones(panel, DrawnPanel("hood", SQUARE, "as_seen"))
    assert [zone.grade for zone in zones] == ["C", "B", "A"]
