"""A phone's photo over HTTP: set aside for the Inspect page, which asks about it."""

import shutil

import pytest
from fastapi.testclient import TestClient

from inspection.api import create_api
from inspection.services.photo import batches, waiting_room
from inspection.services.photo.arriving import photos
from tests.conftest import panel_jpeg


@pytest.fixture
def client(station):
    return TestClient(create_api(lambda: station))


def sent(client, content, name="IMG_1.jpg"):
    return client.post("/waiting", files={"file": (name, content, "image/jpeg")})


def test_a_phones_photo_waits_under_the_key_that_the_answer_says(client, station):
    content = panel_jpeg()
    answer = sent(client, content)
    assert answer.status_code == 201
    said = answer.json()
    assert said == {"id": said["id"], "file": "IMG_1.jpg", "size_bytes": len(content)}
    arrived = photos.find(station, said["id"])
    assert arrived.path.read_bytes() == content
    assert (arrived.source, arrived.walks) == ("camera", True)


def test_a_request_without_a_photo_or_with_two_is_refused(client):
    assert client.post("/waiting", data={"x": "y"}).status_code == 400
    photo = ("a.jpg", panel_jpeg(), "image/jpeg")
    twice = client.post("/waiting", files=[("file", photo), ("file", photo)])
    assert twice.status_code == 400 and "error" in twice.json()


def test_a_photo_over_the_limit_is_refused_and_leaves_nothing(client, station):
    small = station.settings.model_copy(update={"max_upload_mb": 1})
    object.__setattr__(station, "settings", small)
    assert sent(client, b"\xff\xd8" + bytes(2**20)).status_code == 413
    assert not (station.settings.data_dir / "waiting").exists()


def with_room_for(station, photos):
    """Let so many photos of `panel_jpeg` wait, and no more."""
    mb = (photos + 0.5) * len(panel_jpeg()) / 2**20
    object.__setattr__(station, "settings", station.settings.model_copy(update={"waiting_mb": mb}))


def test_photos_that_nobody_begins_with_take_only_so_much_of_the_disk(client, station):
    with_room_for(station, 2)
    keys = [sent(client, panel_jpeg()).json()["id"] for _ in range(2)]
    refused = sent(client, panel_jpeg())
    assert refused.status_code == 507
    assert "inspect or remove some first" in refused.json()["error"]
    # Nobody's photo went for another's, and what is let go of makes room.
    assert all(photos.find(station, key) for key in keys)
    photos.throw_away(station, keys[0])
    assert sent(client, panel_jpeg()).status_code == 201
    # What a batch inspects at once is no photo that waits.
    assert batches.set_aside(station, panel_jpeg())


def test_photos_that_wait_leave_the_log_its_room_on_the_disk(client, station, monkeypatch):
    little = waiting_room.KEPT_FREE_MB << 20
    usage = shutil.disk_usage(station.settings.data_dir)._replace(free=little)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    refused = sent(client, panel_jpeg())
    assert refused.status_code == 507 and "512 MB of the disk are free" in refused.json()["error"]
