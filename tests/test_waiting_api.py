"""A phone's photo over HTTP: set aside for the Inspect page, which asks about it."""

import pytest
from fastapi.testclient import TestClient

from inspection.api import create_api
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
