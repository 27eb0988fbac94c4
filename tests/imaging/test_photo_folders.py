"""What stands in a folder beside the photos, as Macs, NAS boxes and broken copies leave it."""

import os
import tarfile

import pytest

from inspection.imaging.photo_folders import (
    companion_reason,
    counted,
    is_photo_name,
    read_file,
    walk,
)
from models.importers.files import files_below


def folder(tmp_path, *names):
    for name in names:
        path = tmp_path / "usb" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path / "usb"


def found(walked, usb):
    return [path.relative_to(usb).as_posix() for path in walked.files]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("._IMG_0001.jpg", "companion"),
        ("__MACOSX/IMG_0001.jpg", "companion"),
        ("@eaDir/IMG_0001.jpg/SYNOPHOTO_THUMB_XL.jpg", "thumbnail"),
        (".thumbnails/a.jpg", "thumbnail"),
        (".@__thumb/default1.jpg", "thumbnail"),
        ("Thumbs.db", "thumbnail"),
        ("$RECYCLE.BIN/S-1-5-21/$RAB12CD.jpg", "recycled"),
        ("#recycle/a.jpg", "recycled"),
        (".Trash-1000/files/a.jpg", "recycled"),
        (".DS_Store", "system"),
        ("System Volume Information/a.jpg", "system"),
        ("IMG_0002.jpg.part", "unfinished"),
        ("IMG_0002.part.jpg", "unfinished"),
        ("IMG_0002.jpg.crdownload", "unfinished"),
        (".IMG_0002.jpg.swp.jpg", "unfinished"),
        (".IMG_0002.jpg", "hidden"),
        ("notes.txt", "other"),
    ],
)
def test_a_companion_is_left_out_with_its_reason_and_the_photo_beside_it_is_not(
    tmp_path, name, reason
):
    usb = folder(tmp_path, "IMG_0001.jpg", name)
    walked = walk(usb)
    assert found(walked, usb) == ["IMG_0001.jpg"]
    assert counted(walked.left_out) == {reason: 1}


def test_every_file_of_a_folder_is_either_found_or_counted(tmp_path):
    names = [f"{n}.jpg" for n in range(4)] + [f"@eaDir/{n}.jpg/t.jpg" for n in range(3)]
    usb = folder(tmp_path, *names, "a/b.PNG", "a/._b.PNG", "list.xlsx", "$RECYCLE.BIN/x/y.jpg")
    walked = walk(usb)
    assert found(walked, usb) == ["0.jpg", "1.jpg", "2.jpg", "3.jpg", "a/b.PNG"]
    assert counted(walked.left_out) == {"companion": 1, "recycled": 1, "thumbnail": 3, "other": 1}


def test_a_photo_keeps_its_ordinary_name():
    for name in ("part.jpg", "apart.jpg", "trash.jpg", "DSC_0001.JPG", "앞문.jpg", "a.b.jpg"):
        assert companion_reason(name) is None and is_photo_name(name)


def test_the_folder_that_was_asked_for_may_have_any_name(tmp_path):
    usb = folder(tmp_path, ".cache/a.jpg")
    assert found(walk(usb / ".cache"), usb) == [".cache/a.jpg"]


def test_a_circle_of_links_ends_and_a_link_elsewhere_is_followed(tmp_path):
    usb = folder(tmp_path, "a/1.jpg")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "2.jpg").write_bytes(b"x")
    (elsewhere / "back").symlink_to(elsewhere)
    (usb / "a" / "up").symlink_to(usb)
    (usb / "root").symlink_to("/")
    (usb / "more").symlink_to(elsewhere)
    (usb / "self.jpg").symlink_to("self.jpg")
    (usb / "gone.jpg").symlink_to("nowhere.jpg")
    walked = walk(usb)
    assert found(walked, usb) == ["a/1.jpg", "more/2.jpg"]
    assert counted(walked.left_out) == {"repeated": 4, "unreadable": 1}


def test_a_pipe_that_is_called_a_photo_is_left_out_and_never_read(tmp_path):
    usb = folder(tmp_path, "1.jpg")
    os.mkfifo(usb / "2.jpg")
    assert counted(walk(usb).left_out) == {"irregular": 1}
    with pytest.raises(OSError, match="not a file"):
        read_file(usb / "2.jpg")


def test_a_thousand_folders_in_one_another_are_walked(tmp_path):
    place = folder(tmp_path, "0.jpg")
    for _ in range(1100):
        place = place / "d"
        place.mkdir()
    (place / "1.jpg").write_bytes(b"x")
    try:
        assert len(walk(tmp_path / "usb").files) == 2
    finally:
        # Deeper than Python's own removal reaches: pytest would fail to clear its folders.
        (place / "1.jpg").unlink()
        for _ in range(1100):
            place.rmdir()
            place = place.parent


def test_an_import_passes_over_companions_on_disk_and_in_archives(tmp_path):
    usb = folder(tmp_path, "a.jpg", "._a.jpg", "labels.json", "@eaDir/a.jpg/t.jpg")
    with tarfile.open(usb / "TS.tar", "w") as tar:
        for name in ("b.jpg", "__MACOSX/._b.jpg"):
            tar.add(usb / "a.jpg", name)
    below = files_below(usb)
    assert [file.name for file in below.files] == ["a.jpg", "labels.json", "b.jpg"]
    assert counted(below.left_out) == {"companion": 2, "thumbnail": 1}
