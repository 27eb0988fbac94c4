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


def registered(before, now, outlines=(), **markers):
    framing = Framing(
        framing_picture(jpeg(before)),
        WIDTH_PX,
        HEIGHT_PX,
        markers.get("marker_before", ()),
        tuple(outlines),
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


CARD = [(300.0, 200.0), (500.0, 200.0), (500.0, 340.0), (300.0, 340.0)]


def laid(points, *, to=(400.0, 270.0), turn_deg=0.0, zoom=1.0):
    """The card with its centre elsewhere, turned and larger."""
    way = np.radians(turn_deg)
    turn = zoom * np.array([[np.cos(way), -np.sin(way)], [np.sin(way), np.cos(way)]])
    return [tuple(to + turn @ (np.array(one) - (400.0, 270.0))) for one in points]


@pytest.mark.parametrize(
    "how", [{"to": (560.0, 400.0)}, {"turn_deg": 180.0}, {"zoom": 1.6}, {"to": (400.0, 310.0)}]
)
def test_a_card_laid_elsewhere_carries_nothing_away(how):
    plain = np.full((HEIGHT_PX, WIDTH_PX, 3), 150, np.uint8)
    found = registered(plain, plain, marker_before=CARD, marker_now=laid(CARD, **how))
    assert found is None or not found.holds


def with_card(rgb, corners):
    """The card in the photo, with something on it to hold on to."""
    shown = rgb.copy()
    (left, top), (right, bottom) = (np.round(corners[at]).astype(int) for at in (0, 2))
    shown[top:bottom, left:right] = 255
    for x in range(left + 10, right - 20, 30):
        for y in range(top + 10, bottom - 20, 30):
            shown[y : y + 14, x : x + 14] = 20
    return shown


def test_a_card_does_not_speak_for_another_scene():
    before = with_card(framed(scene("quarter", 11))[0], CARD)
    now = with_card(framed(scene("fender", 7), seed=2)[0], CARD)
    found = registered(before, now, marker_before=CARD, marker_now=CARD)
    assert found is None or not found.holds
    same = with_card(framed(scene("quarter", 11), seed=2)[0], CARD)
    found = registered(before, same, marker_before=CARD, marker_now=CARD)
    assert found is not None and found.holds


def test_a_card_alone_on_bare_paint_still_shows_where_it_lies():
    plain = framed(np.full((700, 920, 3), 150, np.uint8))[0]
    moved = laid(CARD, to=(420.0, 260.0))
    now = with_card(plain, moved)
    found = registered(with_card(plain, CARD), now, marker_before=CARD, marker_now=moved)
    assert found is not None and found.holds and found.by == "marker"
    # Nor is a card that was laid elsewhere found by its own picture.
    far = laid(CARD, to=(560.0, 400.0))
    now = with_card(plain, far)
    found = registered(with_card(plain, CARD), now, marker_before=CARD, marker_now=far)
    assert found is None or not found.holds


BADGE = ((360.0, 260.0), (440.0, 260.0), (440.0, 320.0), (360.0, 320.0))


def in_a_fixture(body_px=0):
    """A plain panel with a badge and a crease before a fixture that never moves."""
    photo = np.full((HEIGHT_PX, WIDTH_PX, 3), 150, np.uint8)
    rng = np.random.default_rng(3)
    for x in range(0, WIDTH_PX, 40):
        for y in range(0, HEIGHT_PX, 40):
            if not (80 <= x < WIDTH_PX - 80 and 80 <= y < HEIGHT_PX - 80):
                height, width = rng.integers(12, 34, 2)
                photo[y : y + height, x : x + width] = rng.integers(20, 120)
    at = body_px
    photo[262:318, 362 + at : 438 + at] = 230
    photo[275:305, 380 + at : 420 + at] = 40
    photo[400:403, 250 + at : 550 + at] = 90
    return photo + np.random.default_rng(at).integers(0, 5, photo.shape, np.uint8)


@pytest.mark.parametrize("body_px", [20, 80])
def test_what_stands_behind_a_body_does_not_speak_for_it(body_px):
    still = registered(in_a_fixture(), in_a_fixture(), [BADGE])
    assert still is not None and still.holds
    moved = registered(in_a_fixture(), in_a_fixture(body_px), [BADGE])
    assert moved is None or not moved.holds


def test_nothing_holds_where_there_is_nothing_to_hold_on_to():
    bare = ((560.0, 180.0), (580.0, 180.0), (580.0, 200.0), (560.0, 200.0))
    assert registered(in_a_fixture(), in_a_fixture(), [BADGE, bare]) is None


@pytest.mark.parametrize(("panel", "seed"), [("quarter", 7), ("fender", 7), ("door", 7)])
def test_a_nudged_camera_is_followed_with_a_region_too(panel, seed):
    before, _ = framed(scene(panel, seed))
    now, _ = framed(scene(panel, seed), shift=(18.0, -11.0), turn_deg=0.8, zoom=1.015, seed=2)
    region = ((300.0, 250.0), (420.0, 250.0), (420.0, 310.0), (300.0, 310.0))
    found = registered(before, now, [region])
    assert found is not None and found.holds
