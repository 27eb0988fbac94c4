"""Two points in the viewer, as the page takes them: judged anew, or stored for the station."""

import pytest

from inspection.domain.inspections import Subject
from inspection.domain.scale import Scale
from inspection.services.photo.inspecting import inspect_photo
from inspection.storage import calibrations
from inspection.ui.inspecting import measuring
from tests.conftest import panel_jpeg


@pytest.fixture
def asked(shared):
    """A photo in which 20 mm were measured between two points, to be stored."""
    subject = Subject("aria", "B1", "door_fl", inspector="Kim")
    number = inspect_photo(shared, panel_jpeg(), "panel.jpg", subject).id
    return measuring._Asked(number, Scale(0.2, "points", 2.8))


def form_of(open_page, asked, **how):
    at = open_page("inspect", id=str(asked.number), **how)
    at.session_state["calibration_asked"] = asked
    return at.run()


def test_a_measured_scale_is_stored_for_the_station_with_distance_and_last_day(
    open_page, asked, shared
):
    at = form_of(open_page, asked)
    assert not at.exception
    station = at.selectbox(key=f"calibration_station_{asked.number}")
    code = station.options[0]
    at.number_input(key=f"calibration_distance_{asked.number}").set_value(60.0)
    at.number_input(key=f"calibration_days_{asked.number}").set_value(30)
    at.button(key="calibration_save").click().run()
    assert not at.exception
    (kept,) = calibrations.calibrations(shared.engine)
    assert (kept.station, kept.who, kept.distance_mm) == (code, "Kim", 600.0)
    assert kept.scale.mm_per_px == 0.2 and kept.expires_on is not None
    assert not [one for one in at.button if one.key == "calibration_save"]


def test_nobody_stores_a_scale_without_a_name_and_cancelling_forgets_it(open_page, asked, shared):
    at = form_of(open_page, asked, inspector="")
    assert at.button(key="calibration_save").disabled
    at.button(key="calibration_cancel").click().run()
    assert not [one for one in at.button if one.key == "calibration_save"]
    assert calibrations.calibrations(shared.engine) == ()
