"""Whether a photo is framed as a reference was, on panels whose camera shift is known."""

import numpy as np
import pytest

from inspection.imaging.framing.registering import (
    MOST_ERROR_PERCENT,
    Framing,
    framing_picture,
    register,
)
from tests.framed_photos import HEIGHT_PX, WIDTH_PX, carried, framed, jpeg, scene

CORNERS = [(80.0, 80.0), (720.0, 80.0), (720.0, 520.0), (80.0, 520.0)]


def registered(before, now, **markers):
    framing = Framing(
        framing_picture(jpeg(before)), WIDTH_PX, HEIGHT_PX, markers.get("marker_before", ())
    )
    picture = framing_picture(jpeg(now))
    return register(framing, picture, WIDTH_PX, HEIGHT_PX, markers.get("marker_now", ()))


@pytest.mark.parametrize(("panel", "seed"), [("quarter", 7), ("fender", 7), ("door", 7)])
def test_a_nudged_camera_is_followed_and_the_error_is_told_honestly(panel, seed):
    before, from_scene = framed(scene(panel, seed))
    now, to_photo = framed(
        scene(panel, seed), shift=(18.0, -11.0), turn_deg=0.8, zoom=1.015, seed=2
    )
    found = registered(before, now)
    assert found is not None and found.holds and found.error_percent <= MOST_ERROR_PERCENT
    true = carried(to_photo @ np.linalg.inv(from_scene), CORNERS)
    astray_px = np.linalg.norm(true - np.array(found.carried(CORNERS)), axis=1).max()
    # What is told is no less than half of what is true, and far below what is allowed.
    assert 100 * astray_px / WIDTH_PX <= max(2 * found.error_percent, 0.25)


def test_another_colour_of_the_same_panel_is_followed_by_its_edges():
    before, from_scene = framed(scene("quarter", 7, "silver"))
    now, to_photo = framed(scene("quarter", 7, "black"), shift=(9.0, -6.0), seed=2)
    found = registered(before, now)
    assert found is not None and found.holds
    true = carried(to_photo @ np.linalg.inv(from_scene), CORNERS)
    assert np.linalg.norm(true - np.array(found.carried(CORNERS)), axis=1).max() < 0.02 * WIDTH_PX


@pytest.mark.parametrize("other", [("quarter", 7), ("fender", 7), ("door", 7)], ids=str)
def test_another_panel_or_view_is_refused(other):
    before, _ = framed(scene("quarter", 11))
    found = registered(before, framed(scene(*other), seed=2)[0])
    assert found is None or not found.holds


def test_a_camera_that_was_moved_far_is_another_view():
    before, _ = framed(scene())
    found = registered(before, framed(scene(), zoom=1.6, seed=2)[0])
    assert found is None or not found.holds


def test_bare_paint_says_nothing_of_its_framing():
    plain = np.full((HEIGHT_PX, WIDTH_PX, 3), 150, np.uint8)
    assert registered(framed(plain)[0], framed(plain, seed=2)[0]) is None


def test_a_photo_smaller_than_one_place_says_nothing_either():
    tiny = np.full((1, 40, 3), 150, np.uint8)
    assert registered(framed(scene())[0], tiny) is None


def test_a_card_in_both_photos_is_enough_on_bare_paint():
    plain = np.full((HEIGHT_PX, WIDTH_PX, 3), 150, np.uint8)
    card = [(300.0, 200.0), (500.0, 200.0), (500.0, 340.0), (300.0, 340.0)]
    moved = [(x + 20.0, y - 10.0) for x, y in card]
    found = registered(plain, plain, marker_before=card, marker_now=moved)
    assert found is not None and found.holds and found.by == "marker"
    assert found.carried([(100.0, 100.0)])[0] == pytest.approx((120.0, 90.0))
    # A tiny card far from the corners leaves them open.
    tiny = [(300.0, 200.0), (310.0, 200.0), (310.0, 208.0), (300.0, 208.0)]
    found = registered(plain, plain, marker_before=tiny, marker_now=tiny)
    assert found is not None and not found.holds
