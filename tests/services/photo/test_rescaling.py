"""The scale of an inspected photo by two points: for the photo, and for its station."""

from datetime import timedelta

import pytest

from inspection.domain.corrections import DrawnRegion
from inspection.domain.inspections import Subject
from inspection.errors import ScaleRefused
from inspection.imaging import codec
from inspection.services.photo import correcting, rescaling
from inspection.services.photo.correcting import SaidOfRegions
from inspection.services.photo.inspecting import inspect_photo
from inspection.storage import calibrations, log_detail
from tests.conftest import panel_jpeg

# 100 px of a ruler that shows 20 mm.
ENDS = (20.0, 200.0), (120.0, 200.0)


def inspected(station, **how):
    number = inspect_photo(station, panel_jpeg(), "panel.jpg", Subject("aria", "B1"), **how).id
    return log_detail.inspection_detail(station.engine, number)


def test_a_photo_without_a_scale_is_judged_with_that_of_two_points(station):
    detail = inspected(station)
    scale = rescaling.points_scale(detail, *ENDS, 20.0)
    number = rescaling.judge_with(station, detail, scale, "20 mm", "Kim")
    again = log_detail.inspection_detail(station.engine, number)
    assert again.inspection.scale == scale and scale.mm_per_px == pytest.approx(0.2)
    assert again.rejudges == detail.id and not again.counting
    assert again.defects[0].length_mm == pytest.approx(16.0, rel=0.05)


def test_a_scale_that_was_wrong_is_put_right_and_drawn_regions_are_measured_with_it(station):
    detail = inspected(station, mm_per_px=0.4)
    numbers = correcting.region_numbers(station, detail, None).astype("uint8")
    said = SaidOfRegions("Kim", "", None, (DrawnRegion(1, "scratch"),))
    correcting.correct(station, detail, codec.encode_png(numbers), "mask", said)
    detail = log_detail.inspection_detail(station.engine, detail.id)
    scale = rescaling.points_scale(detail, *ENDS, 20.0)
    number = rescaling.judge_with(station, detail, scale, "20 mm", "Lee")
    again = log_detail.inspection_detail(station.engine, number)
    assert again.inspection.scale.source == "points"
    assert again.correction.said.judgement.defects[0].length_mm == pytest.approx(16.0, rel=0.05)
    before = log_detail.inspection_detail(station.engine, detail.id)
    assert before.counting[-1].said.reason == "20 mm"


def test_points_outside_the_photo_or_too_close_together_give_no_scale(station):
    detail = inspected(station)
    for first, second in (((0, 0), (9, 0)), ((0, 0), (400, 0))):
        with pytest.raises(ScaleRefused):
            rescaling.points_scale(detail, first, second, 20.0)
    with pytest.raises(ScaleRefused):
        rescaling.points_scale(detail, *ENDS, 0.0)


def test_a_measured_scale_is_stored_for_the_station_until_its_last_day(station):
    detail = inspected(station)
    scale = rescaling.points_scale(detail, *ENDS, 20.0)
    how = {"who": "Kim", "valid_days": 30, "away_mm": 600.0}
    # Neither station nor camera: nothing to store it for.
    with pytest.raises(ScaleRefused):
        rescaling.keep_for_station(station, detail, scale, of_station="", **how)
    rescaling.keep_for_station(station, detail, scale, of_station="ST10", **how)
    (kept,) = calibrations.calibrations(station.engine)
    assert (kept.scale, kept.station, kept.who, kept.distance_mm) == (scale, "ST10", "Kim", 600.0)
    today = kept.at.astimezone(station.calendar.zone).date()
    assert kept.expires_on - today == timedelta(days=30)
