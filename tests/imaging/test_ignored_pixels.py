"""Which pixels of a map lie within an ignore region: by their centres, none beyond its edge."""

import numpy as np
import pytest

from inspection.imaging.framing.ignoring import parted, places_of

BOX = ((100.0, 40.0), (200.0, 40.0), (200.0, 80.0), (100.0, 80.0))


def test_a_box_holds_the_pixels_between_its_sides_and_no_other():
    place = places_of([BOX], (120, 300))
    expected = np.zeros((120, 300), np.uint8)
    expected[40:80, 100:200] = 1
    assert np.array_equal(place, expected)


@pytest.mark.parametrize("reaches", [False, True])
def test_a_mark_that_reaches_out_by_one_pixel_is_judged_whole(reaches):
    probability = np.zeros((120, 300), np.uint8)
    probability[50:56, 180 : 201 if reaches else 200] = 255
    parts = parted(probability, [BOX], 0.5)
    assert (parts.judged.any(), parts.ignored.any()) == (reaches, not reaches)


def test_slanted_narrow_and_crossing_outlines_hold_pixels_by_their_centres():
    rng = np.random.default_rng(5)
    outlines = [
        ((10.3, 5.0), (90.7, 60.2), (20.0, 44.4)),
        ((-20.0, 30.0), (70.0, 30.4), (70.0, 31.6), (-20.0, 31.1)),
        ((5.0, 5.0), (50.0, 50.0), (50.0, 5.0), (5.0, 50.0)),
        *(tuple(map(tuple, rng.uniform(-10, 110, (8, 2)).round(1))) for _ in range(5)),
    ]
    y, x = np.mgrid[0:70, 0:100] + 0.5
    for outline in outlines:
        within = np.zeros(x.shape, bool)
        for (x0, y0), (x1, y1) in zip(outline, (*outline[1:], outline[0]), strict=True):
            with np.errstate(divide="ignore", invalid="ignore"):
                at = x0 + (x1 - x0) * (y - y0) / (y1 - y0)
            within ^= ((y0 > y) != (y1 > y)) & (x < at)
        assert np.array_equal(places_of([outline], (70, 100)) == 1, within)


def test_an_outline_beyond_the_photo_or_of_two_corners_holds_nothing():
    outlines = [((300.0, 5.0), (320.0, 5.0), (320.0, 20.0)), ((1.0, 1.0), (9.0, 9.0)), ()]
    assert not places_of(outlines, (70, 100)).any()
