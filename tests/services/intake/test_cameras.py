"""Pictures of cameras in the network: what is taken, what is refused, how long anything takes."""

import errno
import http.client
import logging
import socket
import ssl
import time
import urllib.error

import pytest

from inspection.config import Settings, load_settings
from inspection.errors import CameraFailed, NotFound, SettingsError
from inspection.i18n import error_sentence, translator
from inspection.services.effective_settings import effective_settings
from inspection.services.intake.cameras import snapshot
from inspection.services.intake.snapshot_child import _why
from tests.conftest import panel_jpeg
from tests.services.intake.cameras import DENIED, PASSWORD, camera, rtsp_door


@pytest.fixture(scope="module")
def host():
    with camera() as address:
        yield address


def settings_for(address, seconds=20.0):
    return Settings(cameras={"door": address}, camera_seconds=seconds)


def refusal(address, seconds=20.0):
    with pytest.raises(CameraFailed) as refused:
        snapshot(settings_for(address, seconds), "door", tries=1)
    return refused.value


def test_a_picture_comes_as_the_camera_sent_it_and_is_named_after_it(host):
    taken = snapshot(settings_for(f"http://{host}/photo?size=full"), "door")
    assert taken.content == panel_jpeg()
    assert taken.name.startswith("door_20") and taken.name.endswith(".jpg")


def test_another_page_of_the_same_camera_is_followed_another_host_is_not(host):
    assert snapshot(settings_for(f"http://{host}/at_home"), "door").content == panel_jpeg()
    assert refusal(f"http://{host}/away").code == "camera_elsewhere"


def test_a_name_and_a_password_are_given_and_never_said(host, caplog):
    right = f"http://lead:gehe1m%26@{host}/closed"
    with caplog.at_level(logging.DEBUG):
        assert snapshot(settings_for(right), "door").content == panel_jpeg()
        refused = refusal(f"http://lead:wrong{PASSWORD}@{host}/closed")
    assert refused.code == "camera_denied"
    settings = settings_for(right)
    shown = {one.name: one.value for one in effective_settings(settings, {})}["cameras"]
    assert shown == "door = http://127.0.0.1/…"
    said = (str(refused), repr(refused.values), repr(settings), shown, caplog.text)
    assert not [text for text in said if "gehe1m" in text or "lead" in text]


@pytest.mark.parametrize("page", ["closed", "digest"])
def test_a_wrong_password_is_given_once_so_that_the_camera_does_not_lock(host, page):
    right = settings_for(f"http://lead:gehe1m%26@{host}/{page}")
    assert snapshot(right, "door").content == panel_jpeg()
    DENIED.clear()
    with pytest.raises(CameraFailed) as refused:
        snapshot(settings_for(f"http://lead:wrong@{host}/{page}"), "door")
    assert (refused.value.code, len(DENIED)) == ("camera_denied", 1)


def test_what_is_no_picture_is_refused_with_a_word_about_the_address(host):
    assert "give the address of a single picture" in str(refusal(f"http://{host}/page"))
    assert "HTTP 500" in str(refusal(f"http://{host}/broken"))


def test_a_camera_that_drips_for_ever_is_left_when_its_time_is_up(host):
    began = time.monotonic()
    assert refusal(f"http://{host}/endless", 1.0).code in ("camera_unreachable", "camera_no_answer")
    assert time.monotonic() - began < 15


def test_a_camera_that_hangs_up_once_answers_the_second_connection(host):
    assert snapshot(settings_for(f"http://{host}/once_asleep"), "door").content == panel_jpeg()


def test_a_dead_camera_is_told_by_its_name_alone():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    refused = refusal(f"http://127.0.0.1:{port}/photo")
    assert refused.code == "camera_unreachable"
    assert "camera door" in str(refused) and str(port) not in str(refused)


@pytest.mark.parametrize("scheme", ["http", "rtsp"])
def test_a_camera_that_takes_the_call_and_says_nothing_holds_nobody_up(scheme):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        refused = refusal(f"{scheme}://127.0.0.1:{silent.getsockname()[1]}/stream", 1.0)
    assert refused.code in ("camera_unreachable", "camera_no_stream", "camera_no_answer")
    assert time.monotonic() - began < 15


def test_why_a_camera_cannot_be_reached_is_said_in_the_language_of_the_reader():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        refused = refusal(f"http://127.0.0.1:{probe.getsockname()[1]}/photo")
    assert refused.values["why"].code == "camera_why_refused"
    assert error_sentence(translator("ko"), refused) == (
        "카메라 door: 연결할 수 없습니다(연결 거부). 카메라의 주소, 전원, 네트워크를 확인하세요."
    )
    for error, code in (
        (TimeoutError("timed out"), "timed_out"),
        (ssl.SSLCertVerificationError("self-signed"), "certificate"),
        (urllib.error.URLError(socket.gaierror(-2, "unknown")), "name"),
        (http.client.IncompleteRead(b""), "hung_up"),
        (OSError(errno.EHOSTUNREACH, "No route to host"), "unreachable"),
        (OSError(errno.EMFILE, "Too many open files"), "other"),
    ):
        assert _why(error).code == f"camera_why_{code}"
    assert "Too many open files" in str(_why(OSError(errno.EMFILE, "Too many open files")))


def test_a_wrong_password_of_a_stream_is_given_once():
    with rtsp_door() as (address, given), pytest.raises(CameraFailed) as refused:
        snapshot(settings_for(f"rtsp://lead:wrong@{address}/stream"), "door")
    assert (refused.value.code, given) == ("camera_denied", ["DESCRIBE"])


def test_only_cameras_of_the_settings_are_asked():
    with pytest.raises(NotFound, match="no camera is called 'roof'; the settings name door"):
        snapshot(settings_for("http://127.0.0.1/photo"), "roof")


@pytest.mark.parametrize("address", ["file:///etc/passwd", "ftp://a/b", "a.jpg", "http://:80/x"])
def test_other_addresses_are_refused_without_saying_them(address, monkeypatch):
    monkeypatch.setenv("INSPECTION_CAMERAS", f'{{"door": "{address}"}}')
    with pytest.raises(SettingsError, match="door: must be a whole address") as refused:
        load_settings()
    assert address not in str(refused.value)
