import cv2
import numpy as np
import pytest

from inspection.imaging.quality import measure_quality, problems


def car(seed=5):
    """A body edge, a window and a badge: large shapes with hard edges."""
    rgb = np.full((480, 640, 3), 150, np.uint8)
    rgb[200:] = 90
    rgb[60:180, 200:500] = 30
    rgb[300:340, 300:420] = 220
    noise = np.random.default_rng(seed).normal(0, 2, rgb.shape)
    return np.clip(rgb + noise, 0, 255).astype(np.uint8)


def test_a_sharp_well_lit_photo_has_no_problem():
    assert problems(measure_quality(car())) == ()


def test_a_blurred_photo_is_told():
    blurred = cv2.GaussianBlur(car(), (0, 0), 8)
    assert problems(measure_quality(blurred)) == ("too_blurred",)


def test_a_plain_clean_panel_is_not_taken_for_a_blurred_photo():
    panel = np.empty((480, 640, 3), np.float64)
    panel[:] = np.linspace(150, 165, 640)[None, :, None]
    panel += np.random.default_rng(1).normal(0, 1.5, panel.shape)
    assert problems(measure_quality(panel.astype(np.uint8))) == ()


def test_a_covered_lens_is_too_dark_but_a_black_car_is_not():
    assert problems(measure_quality(car() // 12)) == ("too_dark",)
    black_car = (car() // 3 + 10).astype(np.uint8)
    black_car[:100] = 180
    assert measure_quality(black_car).median == pytest.approx(40, abs=1)
    assert "too_dark" not in problems(measure_quality(black_car))


def test_paint_too_dark_to_show_a_mark_is_told_however_bright_its_reflections_are():
    black_car = (car() // 3 + 2).astype(np.uint8)
    black_car[:200] = 180
    quality = measure_quality(black_car)
    assert quality.median == pytest.approx(32, abs=1) and quality.brightness > 90
    assert problems(quality) == ("too_dark",)


def test_a_lamp_over_more_than_half_of_the_photo_is_glare():
    lit = car()
    lit[:260] = 255
    quality = measure_quality(lit)
    assert quality.saturated_share == pytest.approx(260 / 480, abs=0.01)
    assert problems(quality) == ("glare",)


def test_a_photo_and_its_copy_of_four_times_the_pixels_get_similar_figures():
    large = cv2.resize(car(), None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
    one, four = measure_quality(car()), measure_quality(large)
    assert four.sharpness == pytest.approx(one.sharpness, rel=0.05)
    assert four.brightness == pytest.approx(one.brightness, abs=0.5)
