import pytest

from inspection.domain.inspections import Subject
from inspection.domain.scale import Scale
from inspection.errors import ScaleRefused
from inspection.services.photo import reviewing
from inspection.services.photo.inspecting import inspect_photo
from inspection.storage import log_detail, log_filter, log_list
from tests.conftest import panel_jpeg

DOOR = Subject("aria", "KMH-1", "door_fl", "white", "ST10", "L1", "Kim")


@pytest.mark.parametrize("mm_per_px", [25, 0.001, float("nan"), 0.0, -1.0])
@pytest.mark.parametrize("subject", [DOOR, Subject()])
def test_an_impossible_scale_is_refused_and_nothing_is_logged(station, mm_per_px, subject):
    with pytest.raises(ScaleRefused, match="mm/px"):
        inspect_photo(station, panel_jpeg(), "p.jpg", subject, mm_per_px=mm_per_px)
    assert log_list.count(station.engine, log_filter.LogFilter()) == 0


@pytest.mark.parametrize("mm_per_px", [0.1, 10.0])
def test_a_doubtful_scale_leaves_the_photo_to_a_person_whatever_the_sizes(station, mm_per_px):
    # 320 px show 32 mm or 3.2 m of a door of 1080 mm; the scratch of 80 px would be 8 or 800 mm.
    done = inspect_photo(station, panel_jpeg(), "p.jpg", DOOR, mm_per_px=mm_per_px)
    judgement = done.inspection.judgement
    assert judgement.verdict == "human"
    assert [one.code for one in judgement.reasons].count("scale_doubtful") == 1
    assert reviewing.proposal(done.inspection) is None


def test_a_fixed_station_with_an_impossible_scale_is_refused_as_well(station):
    station.settings.station_scales["ST10"] = 25.0
    try:
        with pytest.raises(ScaleRefused, match="25 mm/px"):
            inspect_photo(station, panel_jpeg(), "p.jpg", DOOR)
    finally:
        del station.settings.station_scales["ST10"]


def test_a_scale_given_afterwards_is_held_against_the_panel_too(station):
    number = inspect_photo(station, panel_jpeg(), "p.jpg", DOOR).id
    detail = log_detail.inspection_detail(station.engine, number)
    with pytest.raises(ScaleRefused, match=r"p\.jpg: at 25 mm/px"):
        reviewing.judged_again(station, detail, scale=Scale(25.0))
