"""Zones changed in a vehicle model's file: they hold for the next photo, and can be put back."""

import shutil
from dataclasses import replace

import pytest

from inspection.domain.panels import Zone
from inspection.errors import Conflict, SpecError
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
    save_zones(plant, "aria", "hood", "B", NEW, seen=before, who="Lee", reason="customer")
    now = plant.bodies.panel("aria", "hood")
    assert (now.grade, now.zones) == ("B", NEW)
    assert audit.verify_chain(plant.engine).is_whole
    change = last_change(plant, "aria", "hood")
    assert change is not None and change.before.zones == before.zones
    old = change.before
    save_zones(plant, "aria", "hood", old.grade, old.zones, seen=now, who="Lee")
    assert plant.bodies.panel("aria", "hood") == before


def test_nothing_is_written_without_a_name_or_a_change(plant):
    file = plant.settings.bodies_dir / "aria.toml"
    text = file.read_text(encoding="utf-8")
    hood = plant.bodies.panel("aria", "hood")
    with pytest.raises(SpecError):
        save_zones(plant, "aria", "hood", "B", NEW, seen=hood, who=" ")
    with pytest.raises(SpecError, match="no zone is changed"):
        save_zones(plant, "aria", "hood", hood.grade, hood.zones, seen=hood, who="Lee")
    assert file.read_text(encoding="utf-8") == text


def test_a_file_that_cannot_be_written_leaves_no_event(plant, monkeypatch):
    def refuse(self, target):
        raise OSError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.replace", refuse)
    hood = plant.bodies.panel("aria", "hood")
    with pytest.raises(SpecError, match="cannot be written"):
        save_zones(plant, "aria", "hood", "B", NEW, seen=hood, who="Lee")
    assert last_change(plant, "aria", "hood") is None
    assert not list(plant.settings.bodies_dir.glob(".*"))


def test_a_file_damaged_by_hand_leaves_what_was_read_before(plant):
    before = plant.bodies
    (plant.settings.bodies_dir / "aria.toml").write_text("code = ", encoding="utf-8")
    plant.look_at_bodies_again()
    assert plant.bodies == before


def test_of_two_people_the_second_is_told_and_nothing_is_lost(plant):
    seen = plant.bodies.panel("aria", "hood")
    number = save_zones(plant, "aria", "hood", "B", NEW, seen=seen, who="Lee")
    with pytest.raises(Conflict, match="somebody else"):
        save_zones(plant, "aria", "hood", "C", seen.zones, seen=seen, who="Kim")
    now = plant.bodies.panel("aria", "hood")
    assert (now.grade, now.zones) == ("B", NEW)
    # A change by hand is nobody's event, and as little overwritten.
    file = plant.settings.bodies_dir / "aria.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("x = [0.0, 1.0]\ny = [0.5", "x = [0.1, 1.0]\ny = [0.5"))
    with pytest.raises(Conflict):
        save_zones(plant, "aria", "hood", "A", (), seen=now, who="Lee")
    stands = plant.bodies.panel("aria", "hood")
    assert stands.zones[0].x == (0.1, 1.0)
    assert save_zones(plant, "aria", "hood", "A", (), seen=stands, who="Lee") == number + 1


def test_a_linked_file_stays_a_link_and_keeps_its_rights(plant, tmp_path):
    link, file = plant.settings.bodies_dir / "aria.toml", tmp_path / "kept.toml"
    shutil.move(link, file)
    link.symlink_to(file)
    file.chmod(0o664)
    hood = plant.bodies.panel("aria", "hood")
    save_zones(plant, "aria", "hood", "B", NEW, seen=hood, who="Lee")
    assert link.is_symlink() and file.stat().st_mode & 0o777 == 0o664
    assert plant.bodies.panel("aria", "hood").zones == NEW
