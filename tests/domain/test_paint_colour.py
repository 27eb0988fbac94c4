import pytest

from inspection.domain.paint_colour import paint_colour


@pytest.mark.parametrize(
    ("rgb", "colour"),
    [
        ((20, 24, 40), "black"),
        ((54, 10, 10), "black"),
        ((90, 92, 95), "grey"),
        ((150, 155, 160), "silver_white"),
        ((235, 235, 230), "silver_white"),
        ((150, 20, 25), "red"),
        ((140, 30, 60), "red"),
        ((30, 60, 140), "blue"),
        ((40, 130, 60), "other"),
        ((200, 170, 30), "other"),
    ],
)
def test_the_median_colour_names_the_paint(rgb, colour):
    assert paint_colour(*rgb) == colour
