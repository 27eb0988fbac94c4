"""Signal 9 in the middle of hundreds of photos: what is left is gone on with, once each."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from inspection.config import REPOSITORY, HotFolderSettings
from inspection.services.intake.hot_folder import HotFolder
from inspection.services.photo import batches
from inspection.storage import log_filter, log_list
from inspection.storage.audit import verify_chain
from inspection.storage.counting import check_daily_count
from tests.conftest import panel_jpeg

PHOTOS, CORRUPT = 500, (7, 240, 499)

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs kill -9")

# A program that ends itself when so many photos are written, before anything else knows of the
# last: neither the journal nor the folder from which it came.
KILLED = """
import os, sys, threading
from dataclasses import replace
from pathlib import Path
from inspection.config import HotFolderSettings, Settings
from inspection.domain.inspections import Subject
from inspection.services.intake.hot_folder import HotFolder
from inspection.services.photo import batches, inspecting
from inspection.services.station import open_station
from inspection.services.worker.parent import InspectionWorker

data, folder, way, photos = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
settings = Settings(data_dir=data, photo_folders={"line": folder})
station = replace(
    open_station(settings, with_model=False),
    worker=InspectionWorker(data, segmenter="tests.services.fake_segmenters:open_fake"),
)
write_down, written = inspecting.write_down, []

def and_is_killed(*what, **more):
    written.append(write_down(*what, **more))
    if len(written) == photos:
        os.kill(os.getpid(), 9)
    return written[-1]

inspecting.write_down = and_is_killed
# A kill loses nothing that the kernel has, and thousands of waits for the disk take minutes.
os.fsync = lambda descriptor: None
if way == "batch":
    orders = [
        batches.order_for(
            station, path.name, Subject(inspector="Kim"), {"root": "line", "place": path.name}
        )
        for path in sorted(folder.iterdir())
    ]
    batches.find_batch(batches.begin(station, orders)).wait(300)
else:
    where = HotFolderSettings(folder=folder, settle_seconds=0.1, every_seconds=0.1)
    HotFolder(station, "line", where).watch(threading.Event(), once=True)
"""


@pytest.fixture(autouse=True)
def without_waiting_for_the_disk(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


def is_killed(station, folder, way, photos):
    command = [sys.executable, "-c", KILLED, str(station.settings.data_dir), str(folder), way]
    ended = subprocess.run([*command, str(photos)], cwd=REPOSITORY, timeout=600)
    assert ended.returncode == -signal.SIGKILL


def filled(folder, photos, corrupt=()):
    folder.mkdir()
    for number in range(photos):
        content = panel_jpeg((), shape=(48, 64), seed=number)
        torn = content[:300] + bytes(20)
        (folder / f"{number:03}.jpg").write_bytes(torn if number in corrupt else content)
    return folder


def logged_once_each(station, photos):
    everything = log_list.log_page(station.engine, log_filter.LogFilter(), limit=2 * photos)
    assert len(everything) == everything["photo_sha256"].nunique() == photos
    assert check_daily_count(station.engine) == ()
    assert verify_chain(station.engine).is_whole


def test_a_batch_of_500_photos_goes_on_after_a_kill_and_logs_each_once(station, tmp_path):
    folder = filled(tmp_path / "line", PHOTOS, CORRUPT)
    station.settings.photo_folders["line"] = folder
    is_killed(station, folder, "batch", 250)
    (left,) = batches.interrupted(station)
    # The last one written is none of them: its line in the journal was not.
    assert (left.total, left.done) == (PHOTOS, 249 + 2)
    batch = batches.find_batch(batches.go_on(station, left.key, "Lee"))
    assert batch.wait(300)
    assert (batch.progress.done, batch.progress.share) == (PHOTOS, 1.0)
    kinds = [outcome.kind for outcome in batch.outcomes]
    assert [number for number, kind in enumerate(kinds) if kind == "refused"] == list(CORRUPT)
    assert kinds.count("inspected") == PHOTOS - len(CORRUPT)
    logged_once_each(station, PHOTOS - len(CORRUPT))
    assert batches.interrupted(station) == []


def test_a_hot_folder_goes_on_after_a_kill_and_logs_each_once(station, tmp_path):
    folder = filled(tmp_path / "hot", 12, corrupt=(3,))
    is_killed(station, folder, "hot", 5)
    assert len(list(folder.glob("*.jpg"))) == 12 - 4
    where = HotFolderSettings(folder=folder, settle_seconds=0.1, every_seconds=0.1)
    hot = HotFolder(station, "line", where)
    hot.watch(threading.Event(), once=True)
    assert hot.state.counts == {"known": 1, "inspected": 6, "refused": 1}
    assert len(list((folder / "done").iterdir())) == 11
    assert sorted(path.name for path in (folder / "refused").iterdir()) == [
        "003.jpg",
        "003.jpg.txt",
    ]
    logged_once_each(station, 11)
