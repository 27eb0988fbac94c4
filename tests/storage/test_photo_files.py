import hashlib
import os
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from inspection.config import REPOSITORY
from inspection.errors import NotFound, StorageError
from inspection.storage import photo_files
from inspection.storage.photo_files import PhotoFiles

CONTENT = b"a photo"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
MODEL = "b" * 64


@pytest.fixture
def files(tmp_path):
    return PhotoFiles(tmp_path / "photos")


def a_photo():
    return SimpleNamespace(sha256=SHA256, display_jpeg=b"large", thumbnail_jpeg=b"small")


def everything_below(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_a_photo_is_kept_under_its_hash_and_comes_back(files):
    files.put_photo(CONTENT, a_photo())
    assert files.original(SHA256) == CONTENT
    assert files.display_path(SHA256).read_bytes() == b"large"
    assert files.thumbnail_path(SHA256).read_bytes() == b"small"
    assert everything_below(files.root) == [
        f"display/{SHA256[:2]}/{SHA256}.jpg",
        f"originals/{SHA256[:2]}/{SHA256}",
        f"thumbnails/{SHA256[:2]}/{SHA256}.jpg",
    ]


def test_the_same_photo_twice_is_stored_once(files):
    path = files.put(CONTENT, SHA256)
    before = path.stat().st_ino
    files.put(CONTENT, SHA256)
    assert path.stat().st_ino == before


def test_a_photo_under_a_wrong_hash_is_refused(files):
    with pytest.raises(StorageError, match="send it again"):
        files.put(b"other bytes", SHA256)
    assert not files.has(SHA256)


def test_what_each_model_saw_is_kept_apart(files):
    evidence = SimpleNamespace(probability_png=b"map", type_png=b"types")
    files.put_evidence(SHA256, MODEL, evidence)
    assert files.evidence(SHA256, MODEL) == (b"map", b"types")
    with pytest.raises(NotFound):
        files.evidence(SHA256, "c" * 64)


def test_a_missing_file_and_a_hash_that_is_none_are_not_found(files):
    with pytest.raises(NotFound, match=SHA256[:12]):
        files.display_path(SHA256)
    for name in ("../../etc/passwd", "", SHA256.upper(), SHA256 + "\n", "a/" * 32, "．" * 64):
        with pytest.raises(NotFound, match="no SHA-256"):
            files.original(name)
        with pytest.raises(NotFound, match="no SHA-256"):
            files.evidence(SHA256, name)


def test_a_photo_that_changed_on_the_disk_is_noticed(files):
    path = files.put(CONTENT, SHA256)
    path.write_bytes(b"a phot0")
    with pytest.raises(StorageError, match="damaged on the disk"):
        files.original(SHA256)
    assert files.original(SHA256, check=False) == b"a phot0"


def test_an_interrupted_write_leaves_no_half_photo(files, monkeypatch):
    def power_cut(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(photo_files.os, "fsync", power_cut)
    with pytest.raises(StorageError, match=r"cannot be written \(No space left on device\)"):
        files.put(CONTENT, SHA256)
    monkeypatch.undo()
    assert everything_below(files.root) == []
    files.put(CONTENT, SHA256)
    assert files.original(SHA256) == CONTENT


def nothing(hashes):
    return ()


def age(files, seconds):
    moment = time.time() - seconds
    for path in files.root.rglob("*"):
        os.utime(path, (moment, moment))


def test_cleaning_up_removes_old_orphans_only(files):
    files.put_photo(CONTENT, a_photo())
    files.put_evidence(SHA256, MODEL, SimpleNamespace(probability_png=b"m", type_png=b"t"))
    rest = files.root / "originals" / SHA256[:2] / ".new-rest"
    rest.write_bytes(b"half")
    stranger = files.root / "originals" / "notes.txt"
    stranger.write_text("a person put this here")
    age(files, 3500)
    assert files.clean_up(nothing) == []
    age(files, 3700)
    assert files.clean_up(lambda hashes: hashes) == [rest]
    assert len(files.clean_up(nothing)) == 5
    assert everything_below(files.root) == ["originals/notes.txt"]


def test_an_old_file_that_somebody_logs_again_meanwhile_stays(files):
    files.put_photo(CONTENT, a_photo())
    age(files, 3700)
    with files.in_hand(SHA256):
        files.put_photo(CONTENT, a_photo())
        assert files.clean_up(nothing) == []
        assert files.original(SHA256) == CONTENT
    assert len(files.clean_up(nothing)) == 3


KILLED_WRITER = """
import os, sys
from types import SimpleNamespace
from inspection.storage.photo_files import PhotoFiles
files = PhotoFiles(sys.argv[1])
with files.in_hand(sys.argv[2]):
    shown = SimpleNamespace(sha256=sys.argv[2], display_jpeg=b"large", thumbnail_jpeg=b"small")
    files.put_photo(b"a photo", shown)
    seen = SimpleNamespace(probability_png=b"map", type_png=b"types")
    files.put_evidence(sys.argv[2], "b" * 64, seen)
    os.kill(os.getpid(), 9)
"""


@pytest.mark.skipif(os.name != "posix", reason="signal 9 ends a process on POSIX")
def test_the_files_of_a_writer_killed_before_its_record_go_and_those_of_a_logged_photo_stay(files):
    subprocess.run([sys.executable, "-c", KILLED_WRITER, str(files.root), SHA256], cwd=REPOSITORY)
    assert len(everything_below(files.root)) == 6
    assert files.clean_up_unfinished(lambda sha256: True) == []
    assert len(everything_below(files.root)) == 5
    subprocess.run([sys.executable, "-c", KILLED_WRITER, str(files.root), SHA256], cwd=REPOSITORY)
    assert len(files.clean_up_unfinished(lambda sha256: False)) == 5
    assert everything_below(files.root) == []


def test_a_photo_that_is_being_written_is_left_alone(files):
    with files.in_hand(SHA256):
        files.put_photo(CONTENT, a_photo())
        assert files.clean_up_unfinished(lambda sha256: False) == []
        assert files.has(SHA256)
    assert files.clean_up_unfinished(lambda sha256: False) == []
    assert files.has(SHA256)


def test_what_was_written_without_a_record_goes_once_the_writing_has_failed(files):
    with pytest.raises(StorageError), files.in_hand(SHA256):
        files.put_photo(CONTENT, a_photo())
        raise StorageError("the record could not be written")
    files.clean_up_unfinished(lambda sha256: False)
    assert everything_below(files.root) == []
