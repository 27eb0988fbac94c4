"""Cameras of the network and watched folders on the Inspect page."""

import threading
from dataclasses import replace

import pytest
from pydantic import SecretStr

from inspection.config import HotFolderSettings
from inspection.errors import CameraFailed
from inspection.services import station as station_module
from inspection.services.intake import cameras, watching
from inspection.services.intake.cameras import Snapshot
from inspection.storage import log_detail
from tests.conftest import panel_jpeg
from tests.ui.inspect_page import words


def with_settings(shared, monkeypatch, **settings):
    station = replace(shared, settings=shared.settings.model_copy(update=settings))
    monkeypatch.setattr(station_module, "_shared", station)
    return station


@pytest.fixture
def door(shared, monkeypatch):
    known = {"door": SecretStr("http://192.0.2.7/a.jpg")}
    return with_settings(shared, monkeypatch, cameras=known)


def test_a_camera_takes_a_photo_by_one_tap_and_it_is_inspected(open_page, door, monkeypatch):
    taken = Snapshot("door_20260302_140500.jpg", panel_jpeg())
    monkeypatch.setattr(cameras, "snapshot", lambda settings, name: taken)
    at = open_page("inspect", source="network_camera")
    assert at.button(key="network_camera_shoot").label == "Take photo: door"
    at.button(key="network_camera_shoot").click().run()
    one = log_detail.inspection_detail(door.engine, 1).inspection
    assert (one.photo_name, one.photo_source) == ("door_20260302_140500.jpg", "network_camera")


def test_a_camera_that_gives_nothing_is_told_in_a_sentence(open_page, door, monkeypatch):
    def fails(settings, name):
        raise CameraFailed("camera_no_answer", name=name, seconds=8.0)

    monkeypatch.setattr(cameras, "snapshot", fails)
    at = open_page("inspect", source="network_camera")
    at.button(key="network_camera_shoot").click().run()
    assert "no picture came within 8 s; check its power" in words(at)


def test_without_a_camera_in_the_settings_none_is_offered(open_page):
    at = open_page("inspect", source="network_camera")
    assert not [button for button in at.button if button.key == "network_camera_shoot"]


def test_what_the_servers_hot_folders_have_taken_is_told(open_page, shared, monkeypatch, tmp_path):
    hot, away = tmp_path / "hot", tmp_path / "away"
    hot.mkdir()
    for name, content in (("a.jpg", panel_jpeg()), ("b.jpg", b"GIF89a" + bytes(40))):
        (hot / name).write_bytes(content)
    quick = {"settle_seconds": 0.1, "every_seconds": 0.1}
    folders = {
        "ST10": HotFolderSettings(folder=hot, **quick),
        "ST20": HotFolderSettings(folder=away, **quick),
    }
    station = with_settings(shared, monkeypatch, hot_folders=folders)
    ended, taken = threading.Event(), threading.Event()
    monkeypatch.setattr(watching, "_say", lambda error: None)
    work = threading.Thread(target=watching.keep_watching, args=(station, ended))
    work.start()
    try:
        for _ in range(300):
            states = watching.folder_states(station)
            if states and sum(states[0].counts.values()) == 2 and states[1].trouble:
                break
            taken.wait(0.1)
        said = words(open_page("inspect"))
    finally:
        ended.set()
        work.join(20)
    assert "Hot folder ST10 · 1 inspected · 1 refused · 0 waiting · last" in said
    assert (
        "ST20: photos cannot be taken from there" in said.replace("\\", "")
        and "No such file or directory" in said
    )
    assert watching.folder_states(station) == ()
