import cv2
import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from inspection.i18n import LANGUAGES
from inspection.ui.as_app import ICONS, app_routes


@pytest.fixture
def client():
    return TestClient(Starlette(routes=app_routes("ko")))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_manifest_names_the_app_in_the_language_of_the_tab(client, language):
    answer = client.get("/manifest.webmanifest", params={"lang": language})
    assert answer.headers["content-type"].startswith("application/manifest+json")
    said = answer.json()
    assert (said["lang"], said["display"], said["start_url"]) == (language, "standalone", "./")
    assert said["name"] and said["short_name"]


def test_an_unknown_language_falls_back_to_that_of_the_installation(client):
    assert client.get("/manifest.webmanifest?lang=xx").json()["lang"] == "ko"


def test_every_icon_is_there_in_the_size_that_the_manifest_says(client):
    icons = client.get("/manifest.webmanifest").json()["icons"]
    assert {icon["src"] for icon in icons} == set(ICONS)
    for icon in icons:
        content = client.get(f"/{icon['src']}").content
        height, width = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED).shape[
            :2
        ]
        assert icon["sizes"] == f"{width}x{height}"
