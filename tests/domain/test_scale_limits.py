from pathlib import Path

import pytest

from inspection.domain.panels import load_bodies
from inspection.domain.scale import Scale
from inspection.domain.scale_limits import scale_limits
from inspection.errors import ScaleRefused

BODIES = load_bodies(Path(__file__).resolve().parents[2] / "data" / "bodies")


def limits(width_px=1600, height_px=1200, model="aria", panel="door_fl"):
    return scale_limits(BODIES.panels_shown(model, panel), width_px, height_px)


def test_a_door_of_1080_mm_bounds_a_photo_of_1600_px():
    door = limits()
    assert door.lowest_mm_per_px == pytest.approx(0.025 * 1080 / 1600)
    assert door.highest_mm_per_px == pytest.approx(4 * 1080 / 1600)


@pytest.mark.parametrize("mm_per_px", [25, 2.8, 0.015, 0.001])
def test_a_door_forty_metres_or_two_millimetres_wide_is_refused(mm_per_px):
    with pytest.raises(ScaleRefused, match=r"d\.jpg.*panel of 1080 mm.*0\.0169 to 2\.7 mm/px"):
        limits().refuse_impossible(Scale(mm_per_px), "d.jpg")


@pytest.mark.parametrize(("mm_per_px", "shown_mm"), [(0.03, 48), (1.5, 2400)])
def test_a_photo_of_a_corner_or_of_half_the_car_is_possible_but_doubtful(mm_per_px, shown_mm):
    limits().refuse_impossible(Scale(mm_per_px), "d.jpg")
    reason = limits().doubt(Scale(mm_per_px))
    assert reason.code == "scale_doubtful"
    assert reason.values == pytest.approx(
        {"mm_per_px": mm_per_px, "shown_mm": shown_mm, "panel_mm": 1080}
    )


@pytest.mark.parametrize("mm_per_px", [0.04, 0.25, 0.675, 1.3])
def test_from_a_close_up_to_a_framed_door_nothing_is_doubtful(mm_per_px):
    assert limits().doubt(Scale(mm_per_px)) is None


def test_a_turned_photo_has_the_same_limits():
    assert limits(1200, 1600) == limits(1600, 1200)


def test_a_large_panel_may_be_seen_from_further_away_than_a_fuel_door():
    assert limits(panel="fuel_door").highest_mm_per_px == pytest.approx(4 * 190 / 1600)
    assert limits(panel="bumper_f").highest_mm_per_px == pytest.approx(4 * 1810 / 1600)


def test_an_unknown_panel_is_held_against_the_smallest_and_the_largest_of_the_body():
    any_panel = limits(panel="")
    assert (any_panel.smallest_panel_mm, any_panel.largest_panel_mm) == (190, 1810)
    with pytest.raises(ScaleRefused, match="panel of 190 to 1810 mm"):
        any_panel.refuse_impossible(Scale(25), "d.jpg")


def test_an_unknown_body_is_held_against_every_body_of_the_plant():
    any_body = limits(model="", panel="")
    assert (any_body.smallest_panel_mm, any_body.largest_panel_mm) == (170, 1980)
    hoods = limits(model="", panel="hood")
    assert (hoods.smallest_panel_mm, hoods.largest_panel_mm) == (1460, 1560)


def test_a_code_that_no_body_has_says_nothing_about_the_size():
    assert BODIES.panels_shown("aria", "tailgate") == BODIES.panels_shown("aria", "")


@pytest.mark.parametrize("photo_px", [320, 1600, 4000, 8000])
def test_a_thousandth_of_a_millimetre_a_pixel_needs_a_microscope(photo_px):
    with pytest.raises(ScaleRefused):
        limits(photo_px, 240, "", "").refuse_impossible(Scale(0.001), "d.jpg")
