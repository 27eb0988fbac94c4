import os
import stat

import pytest

from inspection.config import Settings
from inspection.services.photo import batches
from inspection.services.station import open_station
from inspection.storage.photo_files import PhotoFiles
from inspection.storage.private import private_folder

pytestmark = pytest.mark.skipif(os.name != "posix", reason="rights are those of POSIX")


def rights(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(autouse=True)
def usual_rights():
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_log_photos_and_folders_are_for_the_programs_own_user(tmp_path):
    class Copies:
        sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        display_jpeg, thumbnail_jpeg = b"large", b"small"

    data = tmp_path / "plant" / "data"
    station = open_station(Settings(data_dir=data), with_model=False)
    try:
        station.photos.put_photo(b"abc", Copies)
        batches.set_aside(station, b"waiting")
        kept = [data.parent, *data.parent.rglob("*")]
    finally:
        station.engine.dispose()
    assert {rights(path) for path in kept if path.is_dir()} == {0o700}
    assert {rights(path) for path in kept if path.is_file()} == {0o600}
    assert len([path for path in kept if path.is_file()]) >= 5


def test_a_folder_that_is_there_keeps_its_rights(tmp_path):
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o755)
    assert rights(private_folder(shared / "a" / "b")) == 0o700
    assert rights(shared) == 0o755


def test_the_first_photo_in_hand_leaves_no_folder_to_others(tmp_path):
    with PhotoFiles(tmp_path / "photos").in_hand("a" * 64):
        assert {rights(path) for path in (tmp_path / "photos").glob("**/")} == {0o700}
