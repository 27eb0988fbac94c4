"""Zones changed in a vehicle model's file: they hold for the next photo, and can be put back."""

import shutil
from dataclasses import replace

import pytest

from inspection.domain.panels import Zone
from inspection.errors import SpecError
from inspection.services.active_bodies import FollowedBodies
from inspection.services.specs.zones import last_change, save_zones
from inspection.storage import audit

NEW = (Zone("C", (0.0, 1.0), (0.5, 1.0)),)


@pytest.fixture
def plant(station, tmp_path):
    """The station over a copy of the vehicle models."""
    folder = tmp_path / "bodies"
    shutil.copytree(station.settings.bodies_dir, folder)
    settings = station.settings.model_copy(update={"bodies_dir": folder})
    return replace(station, settings=settings, bodies_now=FollowedBodies(folder))


def test_changed_zones_hold_at_once_and_are_put_back(plant):
    before = plant.bodies.panel("aria", "hood")
    assert last_change(plant, "aria", "hood") is None
    save_zones(plant, "aria", "hood", "B", NEW, who="Lee", reason="customer")
    now = plant.bodies.panel("aria", "hood")
    assert (now.grade, now.zones) == ("B", NEW)
    assert audit.verify_chain(plant.engine).is_whole
    change = last_change(plant, "aria", "hood")
    assert change is not None and change.before.zones == before.zones
    save_zones(plant, "aria", "hood", change.before.grade, change.before.zones, who="Lee")
    assert plant.bodies.panel("aria", "hood") == before


def test_nothing_is_written_without_a_name_or_a_change(plant):
    file = plant.settings.bodies_dir / "aria.toml"
    text = file.read_text(encoding="utf-8")
    hood = plant.bodies.panel("aria", "hood")
    with pytest.raises(SpecError):
        save_zones(plant, "aria", "hood", "B", NEW, who=" ")
    with pytest.raises(SpecError, match="no zone is changed"):
        save_zones(plant, "aria", "hood", hood.grade, hood.zones, who="Lee")
    assert file.read_text(encoding="utf-8") == text


def test_a_file_that_cannot_be_written_leaves_no_event(plant, monkeypatch):
    def refuse(self, target):
        raise OSError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.replace", refuse)
    with pytest.raises(SpecError, match="cannot be written"):
        save_zones(plant, "aria", "hood", "B", NEW, who="Lee")
    assert last_change(plant, "aria", "hood") is None
    assert not list(plant.settings.bodies_dir.glob(".*"))


def test_a_file_damaged_by_hand_leaves_what_was_read_before(plant):
    before = plant.bodies
    (plant.settings.bodies_dir / "aria.toml").write_text("code = ", encoding="utf-8")
    plant.look_at_bodies_again()
    assert plant.bodies == before
