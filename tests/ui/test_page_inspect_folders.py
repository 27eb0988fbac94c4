"""Photos out of a folder on the Inspect page, as a person works with them."""

import json
import os
from dataclasses import replace

import pytest

from inspection.services import station as station_module
from inspection.storage import log_detail
from tests.conftest import panel_jpeg
from tests.ui.inspect_page import keys


@pytest.fixture
def folders(tmp_path, shared, monkeypatch):
    """The shared station with one photo folder: a.jpg in the sidecar, b.jpg not, a sub-folder."""
    root = tmp_path / "photos"
    (root / "night").mkdir(parents=True)
    (root / "a.jpg").write_bytes(panel_jpeg(seed=1))
    (root / "b.jpg").write_bytes(panel_jpeg((), seed=2))
    (root / "night" / "c.jpg").write_bytes(panel_jpeg(seed=3))
    about = {"file": "a.jpg", "panel": "hood", "colour": "red", "mm_per_px": 0.25}
    (root / "samples.json").write_text(json.dumps([about]))
    settings = shared.settings.model_copy(update={"photo_folders": {"line": root}})
    station = replace(shared, settings=settings)
    monkeypatch.setattr(station_module, "_shared", station)
    return station


def test_a_chosen_folder_photo_fills_the_form_and_is_inspected(open_page, folders):
    at = open_page("inspect", source="browse")
    at.button(key="browse_pick_a.jpg").click().run()
    assert at.selectbox(key="subject_panel").value == "hood"
    assert at.number_input(key="subject_mm_per_px").value == 0.25
    at.button(key="browse_start").click().run()
    detail = log_detail.inspection_detail(folders.engine, 1)
    assert (detail.inspection.subject.panel, detail.inspection.scale.mm_per_px) == ("hood", 0.25)
    assert detail.inspection.photo_source == "browse"
    assert at.query_params["id"] == "1"


def test_of_several_folder_photos_each_takes_what_is_known_of_it(open_page, folders):
    at = open_page("inspect", source="browse")
    at.button(key="browse_all").click().run()
    at.selectbox(key="subject_panel").set_value("roof").run()
    at.button(key="browse_start").click().run()
    subjects = [log_detail.inspection_detail(folders.engine, n).inspection.subject for n in (1, 2)]
    assert {subject.panel for subject in subjects} == {"hood", "roof"}


def test_a_sub_folder_opens_and_leads_back(open_page, folders):
    at = open_page("inspect", source="browse")
    at.button(key="browse_into_night").click().run()
    assert "browse_pick_night/c.jpg" in keys(at)
    at.button(key="browse_above").click().run()
    assert "browse_pick_a.jpg" in keys(at)


def test_a_sub_folder_and_a_photo_named_in_cp949_are_opened_and_inspected(open_page, folders):
    root = folders.settings.photo_folders["line"]
    name = os.fsdecode("앞문".encode("cp949"))
    (root / name).mkdir()
    (root / name / f"{name}.jpg").write_bytes(panel_jpeg(seed=4))
    at = open_page("inspect", source="browse")
    into = [key for key in keys(at) if key and key.startswith("browse_into_")]
    at.button(key=next(key for key in into if not key.endswith("night"))).click().run()
    assert not at.exception
    at.button(key="browse_all").click().run()
    at.button(key="browse_start").click().run()
    detail = log_detail.inspection_detail(folders.engine, 1)
    assert detail.inspection.photo_name == "앞문.jpg"
