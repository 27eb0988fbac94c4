"""Lines of known width, drawn finer than a pixel, blurred as a lens does."""

import cv2
import numpy as np
import pytest

from inspection.imaging.profiles import BOUND_MARGIN_PX, RESOLVED_PX, line_width

FINER = 8
SIDE_PX = 160


def photographed(
    width_px, *, angle_deg=20.0, level=210, ground=90, blur_px=0.8, noise=0.0, slope=0
):
    """(photo, mask) of a straight line; the mask is 4 px wider on each side, as networks mark."""
    side = SIDE_PX * FINER
    y, x = np.mgrid[:side, :side].astype(np.float32) - side / 2
    angle = np.deg2rad(angle_deg)
    along = x * np.cos(angle) + y * np.sin(angle)
    across = np.abs(y * np.cos(angle) - x * np.sin(angle))
    is_inside = np.abs(along) < 45 * FINER
    fine = np.where((across < width_px * FINER / 2) & is_inside, level, ground + slope * x / side)
    grey = cv2.resize(fine.astype(np.float32), (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)
    grey = cv2.GaussianBlur(grey, (0, 0), 0.8)
    grey += np.random.default_rng(0).normal(0, noise, grey.shape) if noise else 0
    marked = ((across < (width_px / 2 + 4) * FINER) & is_inside).astype(np.float32)
    mask = cv2.resize(marked, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA) > 0.5
    return np.repeat(np.clip(grey + 0.5, 0, 255).astype(np.uint8)[..., None], 3, axis=2), mask


@pytest.mark.parametrize("angle_deg", (0, 20, 45, 90, 133))
@pytest.mark.parametrize("width_px", (5.0, 6.0, 9.0))
def test_a_line_is_as_wide_as_it_is_and_not_as_its_mask(width_px, angle_deg):
    line = line_width(*photographed(width_px, angle_deg=angle_deg))
    assert line.px == pytest.approx(width_px, abs=0.7)
    assert line.error_px < line.px


def test_noise_and_a_shaded_ground_hardly_move_the_width():
    line = line_width(*photographed(6.0, noise=8.0, slope=60))
    assert line.px == pytest.approx(6.0, abs=0.6)


def test_a_dark_line_and_a_coloured_one_are_measured_like_a_bright_one():
    dark, mask = photographed(6.0, level=40, ground=160)
    assert line_width(dark, mask).px == pytest.approx(6.0, abs=0.6)
    coloured, mask = photographed(6.0)
    coloured[..., 1] = 120
    coloured[..., 2] = 255 - coloured[..., 0]
    assert line_width(coloured, mask).px == pytest.approx(6.0, abs=0.6)


@pytest.mark.parametrize("width_px", (0.5, 1.0, 2.0, 2.9))
def test_a_line_below_three_pixels_is_given_as_at_most(width_px):
    line = line_width(*photographed(width_px))
    assert width_px <= line.px < RESOLVED_PX + BOUND_MARGIN_PX
    assert line.error_px == line.px


def test_where_the_photo_shows_no_line_nothing_is_measured():
    _, mask = photographed(6.0)
    noise = np.random.default_rng(1).normal(120, 6, (*mask.shape, 3))
    assert line_width(noise.astype(np.uint8), mask) is None
