"""A card in a photo gives the scale of its plane, and says how sure that is."""

import cv2
import numpy as np
import pytest

from inspection.imaging.card import board
from inspection.imaging.card.finding import find_card, without_card
from tests.card_photos import card_photo, pixels


@pytest.mark.parametrize("tilt_deg", [0, 30, -30])
def test_a_card_at_thirty_degrees_gives_the_true_scale_within_two_percent(tilt_deg):
    jpeg, true_mm_per_px = card_photo(tilt_deg)
    card = find_card(pixels(jpeg))
    assert card.mm_per_px == pytest.approx(true_mm_per_px, rel=0.02)
    assert abs(card.mm_per_px / true_mm_per_px - 1) <= card.error_percent / 100


def test_a_card_in_a_twelve_megapixel_photo_is_found_in_its_smaller_copy():
    jpeg, true_mm_per_px = card_photo(30, shape=(3000, 4000), mm_per_px=0.2)
    assert find_card(pixels(jpeg)).mm_per_px == pytest.approx(true_mm_per_px, rel=0.02)


def test_an_oblique_and_a_curved_panel_make_the_error_larger():
    flat, oblique, curved = (
        find_card(pixels(card_photo(tilt, bend_mm=bend)[0]))
        for tilt, bend in ((0, None), (30, None), (0, 250.0))
    )
    # At 30° lengths differ by 1 / cos 30° with their direction: 7.5 % either way.
    assert flat.error_percent < 0.7
    assert oblique.error_percent == pytest.approx(7.5, abs=0.2)
    assert curved.error_percent > 1.5 * flat.error_percent


@pytest.mark.parametrize("spin_deg", [0, 90, 180, 225])
def test_a_card_may_lie_in_any_direction(spin_deg):
    jpeg, true_mm_per_px = card_photo(10, spin_deg=spin_deg)
    assert find_card(pixels(jpeg)).mm_per_px == pytest.approx(true_mm_per_px, rel=0.02)


def test_a_panel_without_a_card_and_a_photo_that_is_too_small_have_none():
    assert find_card(pixels(card_photo(0, with_card=False)[0])) is None
    assert find_card(np.zeros((8, 2000, 3), np.uint8)) is None


def test_a_board_of_another_maker_is_not_taken_for_the_card():
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
    other = cv2.aruco.CharucoBoard((7, 5), 30.0, 22.5, dictionary)
    grey = np.asarray(other.generateImage((1120, 800), marginSize=40))
    assert find_card(np.dstack([grey] * 3)) is None


def test_what_the_card_covers_is_no_defect():
    card = find_card(pixels(card_photo(0, spin_deg=0)[0]))
    levels = np.full((1200, 1600, 2), 200, np.uint8)
    bare = without_card(levels, card)
    # 154 × 111 mm with what scissors may leave, at 0.25 mm a pixel.
    assert (bare[..., 0] == 0).sum() == pytest.approx(154 * 111 / 0.25**2, rel=0.02)
    assert bare[600, 800].tolist() == [0, 0] and bare[50, 50].tolist() == [200, 200]
    assert (levels == 200).all()


def test_the_printed_card_is_a6_and_its_squares_are_twenty_millimetres():
    picture = board.card_picture(2)
    assert picture.shape == (210, 296)
    svg = board.card_svg()
    assert 'width="148mm" height="105mm" viewBox="0 0 148 105"' in svg
    # 2.5 mm of paper above, 4 mm beside; the first square is black and 20 mm wide.
    assert 'd="M4 2.5h20v2.5h-20z' in svg
