"""What a server removes when it starts: files that no record and no batch needs, and no other."""

import logging
import os
import threading
import time
from datetime import UTC, datetime

import pytest

from inspection.domain.inspections import Subject
from inspection.errors import StorageError
from inspection.services import housekeeping
from inspection.services.health import check_installation
from inspection.services.photo import batches
from inspection.services.photo.inspecting import inspect_photo
from inspection.storage import demo_loads
from inspection.storage.audit import verify_chain
from tests.conftest import panel_jpeg

ORPHAN = "ab" * 32


def leave(station, sha256=ORPHAN, kind="originals", hours=2.0):
    path = station.photos.root / kind / sha256[:2] / sha256
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"of nobody")
    moment = time.time() - hours * 3600
    os.utime(path, (moment, moment))
    return path


def leftovers(station):
    checks = check_installation(station.settings, worker=station.worker)
    return next(check for check in checks if check.name == "leftovers")


def start(station):
    """As the server does it: once, without its later hours."""
    ended = threading.Event()
    ended.set()
    housekeeping.keep_tidy(station, ended)


def test_a_start_removes_what_no_record_needs_and_says_so(station, caplog):
    inspected = inspect_photo(
        station, panel_jpeg(), "panel.jpg", Subject("aria", "A1", "door_fl"), mm_per_px=0.2
    )
    kept = station.photos.root / "originals"
    logged = kept / inspected.inspection.photo_sha256[:2] / inspected.inspection.photo_sha256
    os.utime(logged, (0, 0))
    orphan, young = leave(station), leave(station, "cd" * 32, hours=0.9)
    assert leftovers(station).sentence == (
        "1 photo file without a record; the server removes them when it starts"
    )
    with caplog.at_level(logging.WARNING):
        start(station)
    assert not orphan.exists() and young.exists() and logged.exists()
    assert "were removed: 1 in originals" in caplog.text
    check = leftovers(station)
    assert check.passed
    assert check.sentence.startswith("0 photo files without a record; 1 file that nothing needed")
    assert verify_chain(station.engine).is_whole


def test_a_start_leaves_what_waits_for_a_running_batch(station):
    begun, go_on = threading.Event(), threading.Event()

    def read_slowly():
        begun.set()
        assert go_on.wait(20)
        return panel_jpeg(seed=3)

    where = batches.set_aside(station, panel_jpeg())
    waiting = station.settings.data_dir / "waiting" / where["file"]
    door = Subject("aria", "A1", "door_fl", inspector="Kim")
    slow = batches.Order("slow.jpg", read_slowly, door, where={"root": "samples", "place": "s"})
    key = batches.begin(station, [slow, batches.order_for(station, "b.jpg", door, where)])
    assert begun.wait(20)
    os.utime(waiting, (0, 0))
    start(station)
    assert waiting.exists()
    go_on.set()
    batch = batches.find_batch(key)
    assert batch.wait(30)
    assert [one.kind for one in batch.outcomes] == ["inspected", "inspected"]


def test_photos_of_a_demo_line_that_was_stopped_stay(station):
    load = demo_loads.begin(station.engine, "Kim", {"seed": 1}, datetime.now(UTC))
    demo_loads.keep_photos(station.engine, load, [ORPHAN])
    path = leave(station)
    assert housekeeping.remove_orphans(station) == 0
    assert path.exists()


def test_the_photos_of_another_log_are_not_removed(station, monkeypatch):
    monkeypatch.setattr(housekeeping, "MOST_ORPHANS", 2)
    paths = [leave(station, f"{number:064x}") for number in range(3)]
    with pytest.raises(StorageError, match="names the log of these photos"):
        housekeeping.remove_orphans(station)
    assert all(path.exists() for path in paths)
    assert not leftovers(station).passed
