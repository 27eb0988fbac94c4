"""How long and how large a photo may be in the worker, on a busy machine as well."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from inspection.errors import UnreadableImage, WorkerFailed
from inspection.services.worker import process as worker_process
from inspection.services.worker.parent import InspectionWorker
from inspection.services.worker.process import KeptWaiting
from tests.services.worker.workers import (
    NO_MEMORY_LIMIT,
    door,
    served_by,
)


def test_a_network_that_hangs_is_ended_at_its_time_limit():
    limits = {"segment_limit_s": 0.4, "segment_limit_s_per_mpx": 0.0}
    with served_by("open_hanging", **limits) as worker:
        worker.start()
        started = time.monotonic()
        with pytest.raises(WorkerFailed, match=r"took longer than 0\.4 s while segmenting"):
            worker.inspect(door(), "door.png")
        assert time.monotonic() - started < 4.0
        assert worker.look(door(), "door.png").width_px == 320


def test_a_photo_that_takes_too_long_to_decode_is_refused():
    with (
        InspectionWorker(None, decode_limit_s=0.001) as worker,
        pytest.raises(
            UnreadableImage,
            match=r"^door\.jpg: while decoding it the worker process took longer than 0\.001 s$",
        ),
    ):
        worker.look(door(4000, 3000, "JPEG"), "door.jpg")


def test_time_without_a_processor_does_not_count_against_a_photo(monkeypatch):
    limits = {"segment_limit_s": 0.2, "segment_limit_s_per_mpx": 0.0}
    with served_by("open_slow", **limits) as worker:
        with pytest.raises(WorkerFailed, match=r"took longer than 0\.2 s"):
            worker.inspect(door(), "door.png")
        monkeypatch.setattr(worker_process, "KeptWaiting", lambda pid: lambda: 2.0)
        assert worker.inspect(door(), "door.png")[0].width_px == 320


def test_even_on_a_busy_machine_no_photo_may_last_for_ever(monkeypatch):
    monkeypatch.setattr(worker_process, "KeptWaiting", lambda pid: lambda: 1e6)
    limits = {"segment_limit_s": 0.1, "segment_limit_s_per_mpx": 0.0}
    with served_by("open_hanging", **limits) as worker:
        worker.start()
        started = time.monotonic()
        with pytest.raises(WorkerFailed, match=r"took longer than 0\.1 s"):
            worker.inspect(door(), "door.png")
        assert 1.0 < time.monotonic() - started < 6.0


@pytest.mark.skipif(
    not Path("/proc/self/schedstat").exists(), reason="only Linux tells who waits for a processor"
)
def test_a_process_that_others_keep_from_running_is_kept_waiting_and_one_that_sleeps_is_not():
    one = f"import os; os.sched_setaffinity(0, {{{min(os.sched_getaffinity(0))}}}); "
    programs = (one + "os.nice(19)\nwhile True: pass", one + "\nwhile True: pass")
    burning = [subprocess.Popen([sys.executable, "-c", program]) for program in programs]
    sleeping = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        time.sleep(1.0)
        kept_waiting_s, asleep_s = KeptWaiting(burning[0].pid), KeptWaiting(sleeping.pid)
        time.sleep(2.0)
        assert kept_waiting_s() > 1.0
        assert asleep_s() < 0.5
    finally:
        for process in (*burning, sleeping):
            process.kill()
            process.wait()
    assert kept_waiting_s() == 0.0


@NO_MEMORY_LIMIT
def test_a_photo_that_needs_too_much_memory_is_refused_and_the_process_stays():
    with InspectionWorker(None, decode_memory_mb=16) as worker:
        worker.start()
        pid = worker.pid
        with pytest.raises(UnreadableImage, match=r"^door\.jpg: "):
            worker.look(door(4000, 3000, "JPEG"), "door.jpg")
        assert worker.look(door(), "door.png").width_px == 320
        assert worker.pid == pid


@NO_MEMORY_LIMIT
def test_a_hungry_network_meets_the_memory_limit():
    with served_by("open_hungry", memory_limit_mb=512) as worker:
        with pytest.raises(WorkerFailed, match=r"needs more than 512 MB of memory"):
            worker.inspect(door(), "door.png")
        assert worker.look(door(), "door.png").width_px == 320
