"""`watch --once` and `inspect --camera`."""

import hashlib
import signal

import pytest

from inspection.cli.console import REFUSED
from inspection.services.photo import inspecting
from tests.cli.json_lines import lines_of
from tests.conftest import panel_jpeg
from tests.services.intake.cameras import camera

QUICKLY = ("--once", "--settle", 0.1, "--every", 0.1)


def test_a_folder_is_emptied_into_done_and_refused_with_a_line_for_each(run, photos):
    (photos / "c.jpg").write_bytes(b"GIF89a" + bytes(40))
    answer = run("watch", photos, *QUICKLY, "--station", "ST10", "--mm-per-px", 0.2)
    assert answer.exit_code == REFUSED
    assert "a.jpg: no. 1 " in answer.stdout and "b.jpg: no. 2 " in answer.stdout
    assert "c.jpg: GIF files are not read here" in answer.stderr.replace("\n", " ")
    assert "2 inspected, 0 known before, 1 refused" in answer.stderr
    assert sorted(path.name for path in (photos / "done").iterdir()) == ["a.jpg", "b.jpg"]
    assert run("watch", photos, *QUICKLY).exit_code == 0


def test_a_folder_named_by_a_dot_has_its_own_name_and_ends_where_no_file_can_move(
    run, photos, monkeypatch
):
    (photos / "done").write_text("a file where the folder should be")
    monkeypatch.chdir(photos)
    answer = run("watch", ".", *QUICKLY)
    assert answer.exit_code == 1
    assert f"hot folder {photos.name}: " in answer.stderr.replace("\n", " ")
    assert "2 inspected" not in answer.stderr


def test_a_word_to_end_finishes_the_photo_under_way(run, photos, monkeypatch):
    real, before = inspecting.inspect_photo, signal.getsignal(signal.SIGTERM)

    def is_told_to_end(*what, **more):
        # Photos of a folder let everybody else's go first.
        assert more["patient"]
        # What the system would call; the signal itself could end this run of the tests.
        signal.getsignal(signal.SIGTERM)(signal.SIGTERM, None)
        return real(*what, **more)

    monkeypatch.setattr(inspecting, "inspect_photo", is_told_to_end)
    answer = run("watch", photos, "--settle", 0.1, "--every", 0.1)
    assert answer.exit_code == 0 and "1 inspected" in answer.stderr
    assert [path.name for path in (photos / "done").iterdir()] == ["a.jpg"]
    assert (photos / "b.jpg").exists()
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_station_that_the_plant_does_not_have_is_wrong_use(run, photos):
    answer = run("watch", photos, *QUICKLY, "--station", "ST99")
    assert answer.exit_code == 2
    assert sorted(path.name for path in photos.iterdir()) == ["a.jpg", "b.jpg"]


@pytest.fixture
def door(monkeypatch):
    with camera() as host:
        cameras = f'{{"door": "http://{host}/photo", "page": "http://{host}/page"}}'
        monkeypatch.setenv("INSPECTION_CAMERAS", cameras)
        monkeypatch.setenv("INSPECTION_CAMERA_SECONDS", "30")
        yield host


def test_a_cameras_picture_is_inspected_and_logged(run, door, tmp_path):
    out = tmp_path / "out.jsonl"
    assert run("inspect", "--camera", "door", "--log", "--json", out).exit_code == 0
    (line,) = lines_of(out)
    assert line["id"] == 1 and line["file"].startswith("door_20")
    assert line["sha256"] == hashlib.sha256(panel_jpeg()).hexdigest()


def test_a_camera_without_a_picture_or_a_name_is_told(run, door, photos):
    answer = run("inspect", "--camera", "page")
    assert answer.exit_code == REFUSED and "what it sent is no photo" in answer.stderr
    assert run("inspect", "--camera", "roof").exit_code == 2
    assert run("inspect", photos, "--camera", "door").exit_code == 2
    assert run("inspect").exit_code == 2
