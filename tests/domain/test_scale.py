import math
from datetime import UTC, date, datetime, timedelta

import pytest

from inspection.domain.scale import (
    SCALE_SOURCES,
    Calibration,
    Scale,
    calibration_for,
    distance_mm,
    present_source,
    scale_of_points,
)

TODAY = date(2026, 11, 30)


def test_a_scratch_of_eight_pixels_at_half_a_millimetre_covers_two_square_millimetres():
    assert Scale(mm_per_px=0.5).area_mm2(8) == pytest.approx(2.0)


def test_ten_pixels_at_a_fifth_of_a_millimetre_are_two_millimetres_long():
    assert Scale(mm_per_px=0.2).length_mm(10) == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("covered_mm", "width_px", "smallest_mm"),
    [
        (150, 128, 3.5),
        (300, 128, 7.0),
        (600, 128, 14.1),
        (1200, 128, 28.1),
        (150, 4000, 0.11),
        (300, 4000, 0.23),
        (600, 4000, 0.45),
        (1200, 4000, 0.90),
    ],
)
def test_a_photo_proves_three_pixels_and_no_less(covered_mm, width_px, smallest_mm):
    scale = Scale(mm_per_px=covered_mm / width_px)
    assert scale.smallest_provable_mm() == pytest.approx(smallest_mm, rel=0.03)


@pytest.mark.parametrize(("model_px", "smallest_mm"), [(None, 0.6), (2.0, 0.6), (12.5, 2.5)])
def test_a_model_that_needs_more_than_three_pixels_proves_larger_defects_only(
    model_px, smallest_mm
):
    assert Scale(mm_per_px=0.2).smallest_provable_mm(model_px) == pytest.approx(smallest_mm)


@pytest.mark.parametrize("mm_per_px", [0.0, -1.0, 100.0, float("nan"), float("inf")])
def test_an_impossible_scale_is_refused(mm_per_px):
    with pytest.raises(ValueError, match="mm_per_px"):
        Scale(mm_per_px=mm_per_px)


@pytest.mark.parametrize(
    ("error_percent", "digits"), [(None, 4), (0.0, 4), (0.3, 4), (2.8, 3), (10.0, 2), (0.0001, 6)]
)
def test_a_scale_is_written_with_the_digits_that_its_error_deserves(error_percent, digits):
    assert Scale(0.2, "points", error_percent).digits == digits


def test_a_scale_from_nowhere_is_refused():
    with pytest.raises(ValueError, match="scale source"):
        Scale(mm_per_px=0.1, source="guess")


@pytest.mark.parametrize("error_percent", [-0.1, 101.0, float("nan")])
def test_an_impossible_error_is_refused(error_percent):
    with pytest.raises(ValueError, match="error_percent"):
        Scale(0.1, "card", error_percent)


def test_two_points_500_px_apart_on_100_mm_are_a_fifth_of_a_millimetre_a_pixel():
    scale = scale_of_points((100, 100), (400, 500), 100)
    assert (scale.mm_per_px, scale.source) == (pytest.approx(0.2), "points")
    # Each click is off by 1 px: 1.96 × √2 = 2.77 px of 500.
    assert scale.error_percent == pytest.approx(0.554, abs=0.001)


def test_a_line_ten_times_as_long_has_a_tenth_of_the_error():
    short, long = (scale_of_points((0, 0), (px, 0), 50) for px in (100, 1000))
    assert short.error_percent == pytest.approx(10 * long.error_percent)


@pytest.mark.parametrize("length_mm", [0.0, -5.0, math.nan])
def test_a_length_that_is_none_is_refused(length_mm):
    with pytest.raises(ValueError, match="mm_per_px"):
        scale_of_points((0, 0), (100, 0), length_mm)


def test_two_points_on_the_same_spot_are_refused():
    with pytest.raises(ValueError, match="at least 10 px apart"):
        scale_of_points((5, 5), (8, 9), 100)


def test_sources_of_earlier_logs_have_a_name_of_today():
    assert present_source("sidecar") == "file"
    assert present_source("calibration") == "card"
    assert [present_source(code) for code in SCALE_SOURCES] == list(SCALE_SOURCES)


def test_a_photo_of_500_mm_diagonal_by_a_lens_as_long_as_the_film_was_taken_from_500_mm():
    # 300 × 400 px at 1 mm/px: 500 mm. A lens of 43.27 mm on 35 mm film sees its own distance.
    film_mm = math.hypot(36, 24)
    assert distance_mm(Scale(1.0), 300, 400, film_mm) == pytest.approx(500)
    assert distance_mm(Scale(1.0), 300, 400, None) is None


def a_calibration(mm_per_px=0.2, station="ST10", camera="", expires_on=None, **more):
    scale = Scale(mm_per_px, "card", 1.5)
    at = datetime(2026, 11, 1, tzinfo=UTC)
    return Calibration(scale, station, camera, 4000, 3000, at, expires_on, "Kim", **more)


def found(*known, station="ST10", camera="", size=(4000, 3000), today=TODAY):
    return calibration_for(known, station, camera, *size, today)


def test_the_newest_calibration_of_the_station_holds_with_its_error():
    older, newer = a_calibration(0.3), a_calibration(0.2)
    other = a_calibration(0.9, station="ST20")
    scale = found(older, newer, other).scale_today()
    assert scale == Scale(0.2, "station", 1.5)


def test_a_calibration_of_the_camera_is_second_to_that_of_the_station():
    of_camera = a_calibration(0.3, station="", camera="Basler a2A")
    of_station = a_calibration(0.2)
    assert found(of_camera, of_station, camera="Basler a2A") is of_station
    elsewhere = found(of_camera, of_station, station="", camera="Basler a2A")
    assert elsewhere.scale_today() == Scale(0.3, "exif", 1.5)
    assert found(of_camera, station="", camera="Canon") is None


def test_a_calibration_holds_to_its_last_day_and_no_older_one_takes_its_place():
    forever, short = a_calibration(0.3), a_calibration(0.2, expires_on=TODAY)
    assert found(forever, short) is short
    assert found(forever, short, today=TODAY + timedelta(days=1)) is None


def test_a_photo_of_another_size_or_camera_has_no_stored_scale():
    known = a_calibration(camera="Basler a2A")
    assert found(known, size=(3000, 4000), camera="Basler a2A") is known
    assert found(known) is known
    assert found(known, size=(2000, 1500)) is None
    assert found(known, camera="Canon") is None


def test_a_calibration_of_nothing_is_refused():
    with pytest.raises(ValueError, match="a station or a camera"):
        a_calibration(station="")
    with pytest.raises(ValueError, match="distance_mm"):
        a_calibration(distance_mm=-1.0)
