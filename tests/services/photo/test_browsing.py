import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from inspection.config import Settings
from inspection.errors import InspectionError, NotFound, OutsideRoot
from inspection.i18n import translator
from inspection.imaging import photo_folders
from inspection.services.photo.browsing import (
    left_out_sentence,
    open_folder,
    photos_of_upload,
    read_photo,
    shown_place,
)

HOSTILE = Path(__file__).resolve().parents[4] / "shared" / "bad_images" / "hostile_names.json"


@pytest.fixture
def station(tmp_path):
    root = tmp_path / "photos"
    (root / "monday" / "line 1").mkdir(parents=True)
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    for age, name in enumerate(["old.jpg", "newer.PNG", "newest.jpeg"]):
        (root / "monday" / name).write_bytes(name.encode())
        os.utime(root / "monday" / name, (1_000_000 + age, 1_000_000 + age))
    (root / "monday" / "notes.txt").write_text("no photo")
    (root / "monday" / ".hidden.jpg").write_bytes(b"x")
    (root / "way_out").symlink_to(tmp_path)
    (root / "monday" / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    settings = Settings(data_dir=tmp_path / "data", photo_folders={"line": root})
    return SimpleNamespace(settings=settings, root=root)


def test_photos_come_newest_first_and_nothing_else_comes(station):
    view = open_folder(station, "line", "monday")
    assert [photo.name for photo in view.photos] == ["newest.jpeg", "newer.PNG", "old.jpg"]
    assert view.folders == ("monday/line 1",)
    assert view.above == ""
    assert open_folder(station, "line").above is None


def test_what_else_stands_in_the_folder_is_counted_by_its_reason(station):
    (station.root / "monday" / "._old.jpg").write_bytes(b"a Mac's other half")
    (station.root / "monday" / "@eaDir").mkdir()
    (station.root / "monday" / "samples.json").write_text("[]")
    os.mkfifo(station.root / "monday" / "pipe.jpg")
    view = open_folder(station, "line", "monday")
    assert len(view.photos) == 3 and view.folders == ("monday/line 1",)
    assert photo_folders.counted(view.left_out) == {
        "companion": 1,
        "thumbnail": 1,
        "hidden": 1,
        "irregular": 1,
        "outside": 1,
        "other": 1,
    }
    assert left_out_sentence(translator("en"), view.left_out).startswith("Left out: 6 (")
    assert left_out_sentence(translator("en"), []) == ""


def test_a_pipe_in_place_of_a_photo_or_a_sidecar_does_not_hang(station):
    os.mkfifo(station.root / "samples.json")
    with pytest.raises(NotFound, match="not a file"):
        read_photo(station, "line", "samples.json")


def test_a_folder_that_a_browser_sends_is_sifted_like_one_on_disk():
    sent = ["USB/1.jpg", "USB/._1.jpg", "USB/@eaDir/1.jpg/T.jpg", "USB/a.txt", "USB/x/2.PNG"]
    photos, left_out = photos_of_upload([SimpleNamespace(name=name) for name in sent])
    assert [photo.name for photo in photos] == ["USB/1.jpg", "USB/x/2.PNG"]
    assert photo_folders.counted(left_out) == {"companion": 1, "thumbnail": 1, "other": 1}
    (photo,), _ = photos_of_upload([SimpleNamespace(name=".hidden/1.jpg")])
    assert photo.name == ".hidden/1.jpg"


def test_a_link_that_leads_out_is_not_shown_and_not_followed(station):
    assert open_folder(station, "line").folders == ("monday",)
    for place in ("way_out", "way_out/secret.jpg", "monday/link.jpg"):
        with pytest.raises(OutsideRoot):
            read_photo(station, "line", place)


@pytest.mark.parametrize("place", ["..", "../secret.jpg", "monday/../../secret.jpg", "/etc/passwd"])
def test_no_path_leads_out_of_the_root(station, place):
    with pytest.raises(OutsideRoot):
        read_photo(station, "line", place)


def test_an_unknown_root_or_folder_is_named(station):
    with pytest.raises(NotFound, match="known folders are"):
        open_folder(station, "elsewhere")
    with pytest.raises(NotFound, match="tuesday"):
        open_folder(station, "line", "tuesday")


@pytest.mark.skipif(not HOSTILE.exists(), reason="needs the hostile names beside the project")
def test_no_hostile_name_escapes(station):
    for entry in json.loads(HOSTILE.read_text(encoding="utf-8")):
        try:
            content = read_photo(station, "line", entry["text"])
        except InspectionError:
            continue
        assert content != b"secret"
        pytest.fail(f"{entry['text']!r} was read")


def test_a_folder_and_a_photo_named_in_cp949_are_shown_opened_and_read(tmp_path):
    root = tmp_path / "shared"
    name = os.fsdecode("앞문".encode("cp949"))
    (root / name).mkdir(parents=True)
    (root / name / f"{name}.jpg").write_bytes(b"a photo")
    os.utime(root / name / f"{name}.jpg", (-(2**40), -(2**40)))
    station = SimpleNamespace(settings=Settings(photo_folders={"shared": root}))
    (place,) = open_folder(station, "shared").folders
    place.encode()
    assert shown_place(place) == "앞문"
    view = open_folder(station, "shared", place)
    assert (view.place, view.above) == (place, "")
    (photo,) = view.photos
    assert photo.name == "앞문.jpg"
    assert read_photo(station, "shared", photo.place) == b"a photo"
