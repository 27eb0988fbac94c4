"""Zones on the Spec page: boxed on the panel, changed in the table, saved and taken back."""

import shutil
from dataclasses import replace

import pytest
import streamlit as st

from inspection.services import station as station_module
from inspection.services.active_bodies import FollowedBodies
from inspection.services.specs.zones import save_zones


@pytest.fixture
def plant(shared, tmp_path, monkeypatch):
    """The shared station over a copy of the vehicle models."""
    folder = tmp_path / "bodies"
    shutil.copytree(shared.settings.bodies_dir, folder)
    settings = shared.settings.model_copy(update={"bodies_dir": folder})
    one = replace(shared, settings=settings, bodies_now=FollowedBodies(folder))
    monkeypatch.setattr(station_module, "_shared", one)
    return one


def sentences(at) -> str:
    return "\n".join(one.value for kind in (at.success, at.error) for one in kind)


def save(at):
    return next(one for one in at.button if one.label == "Save zones" and one.form_id).click().run()


def test_a_changed_table_is_saved_into_the_models_file_and_taken_back(
    open_page, plant, monkeypatch
):
    before = plant.bodies.panel("aria", "hood")
    real = st.data_editor

    def edited(frame, **about):
        return frame.iloc[:1] if "zones_rows" in about["key"] else real(frame, **about)

    monkeypatch.setattr(st, "data_editor", edited)
    at = open_page("spec")
    assert not at.exception
    at = save(at)
    assert not at.exception and "hold from the next photo on" in sentences(at)
    assert plant.bodies.panel("aria", "hood").zones == before.zones[:1]
    monkeypatch.undo()
    monkeypatch.setattr(station_module, "_shared", plant)
    at = open_page("spec")
    at.button(key="zones_undo").click().run()
    assert not at.exception and plant.bodies.panel("aria", "hood") == before


def test_what_somebody_else_changed_meanwhile_is_shown_and_not_overwritten(open_page, plant):
    at = open_page("spec")
    (own,) = [one for one in at.selectbox if (one.key or "").startswith("zones_grade_")]
    own.set_value("C").run()
    seen = plant.bodies.panel("aria", "hood")
    save_zones(plant, "aria", "hood", "B", (), seen=seen, who="Lee")
    at = save(at)
    assert not at.exception
    assert any("somebody else changed the zones" in one.value for one in at.warning)
    now = plant.bodies.panel("aria", "hood")
    assert (now.grade, now.zones) == ("B", ())
    (own,) = [one for one in at.selectbox if (one.key or "").startswith("zones_grade_")]
    assert own.value == "B"


def test_a_row_that_is_no_zone_is_refused_in_words(open_page, plant, monkeypatch):
    real = st.data_editor

    def edited(frame, **about):
        return (
            frame.assign(x_from=90.0, x_to=10.0)
            if "zones_rows" in about["key"]
            else real(frame, **about)
        )

    monkeypatch.setattr(st, "data_editor", edited)
    at = open_page("spec")
    assert not at.exception and "90 to 10 is no range" in sentences(at)
