"""One worker process: its pipes, the thread that reads its answers, and how it ended."""

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from inspection.errors import WorkerFailed
from inspection.imaging import memory
from inspection.services.worker.frames import Frame, Settings, read_frame, write_frame

# What the process inherits: enough to find programs, libraries, fonts and the time zone. The
# rest stays behind, because passwords live in the environment and foreign files are decoded here.
# fmt: off
_PASSED_ON = {
    "APPDATA", "COMSPEC", "HOME", "LANG", "LANGUAGE", "LD_LIBRARY_PATH", "LOCALAPPDATA",
    "NUMBER_OF_PROCESSORS", "PATH", "PATHEXT", "PROCESSOR_ARCHITECTURE", "SYSTEMDRIVE",
    "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "TZ", "USERPROFILE", "VIRTUAL_ENV", "WINDIR",
}
# fmt: on
_PASSED_ON_PREFIXES = ("KERAS_", "LC_", "OMP_", "OPENVINO_", "OV_", "TF_")
_PROJECT_FOLDER = Path(__file__).resolve().parents[3]
# Streamlit puts the folder of the script it runs first; there `inspect` would hide Python's own.
_FOLDERS_OF_SCRIPTS = (_PROJECT_FOLDER / "pages", _PROJECT_FOLDER / "inspection")
# How many times a limit may pass on the clock while other programs hold the processors.
_LONGEST_KEPT_WAITING = 12
_SHORTEST_WAIT_S = 0.005


class ProcessLost(Exception):
    """The process died, hung or talked nonsense. phase: None before it took the job."""

    def __init__(self, phase: str | None, how: WorkerFailed) -> None:
        super().__init__(how)
        self.phase = phase
        self.how = how


class WorkerProcess:
    """One process, its pipes, and the thread that reads what it answers."""

    def __init__(self, settings: Settings) -> None:
        self._started_at = time.monotonic()
        self.is_ready = False
        self._process = subprocess.Popen(
            # -P: the current folder is not searched for modules.
            [sys.executable, "-P", "-m", "inspection.services.worker.child", json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=child_environment(),
        )
        assert self._process.stdin and self._process.stdout
        self._jobs, self._answers = self._process.stdin, self._process.stdout
        self._frames: queue.SimpleQueue[Frame | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, name="worker-answers", daemon=True).start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def left_of(self, start_limit_s: float) -> float:
        """Seconds that are left of a limit which began when the process was started."""
        return max(0.0, self._started_at + start_limit_s - time.monotonic())

    def send(self, header: Mapping[str, object], blobs: list[bytes], limit_s: float) -> None:
        # A stopped process leaves the pipe full for ever; killing it ends the write.
        watchdog = threading.Timer(limit_s, self._process.kill)
        watchdog.daemon = True
        watchdog.start()
        try:
            write_frame(self._jobs, header, blobs)
        except (OSError, ValueError):
            raise ProcessLost(None, WorkerFailed("worker_was_dead")) from None
        finally:
            watchdog.cancel()

    def receive(self, limit_s: float, phase: str | None) -> Frame:
        """The next message; `ProcessLost` where it takes too long or the process has ended.

        Time in which other programs held the processors is not this process's doing: it counts
        against the limit only once it has become many times the limit.
        """
        started, kept_waiting_s = time.monotonic(), KeptWaiting(self.pid)
        latest = started + limit_s * _LONGEST_KEPT_WAITING
        end = started + limit_s
        while True:
            try:
                frame = self._frames.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                end = min(started + limit_s + kept_waiting_s(), latest)
                # Not for a rest that is only the time in which this was worked out.
                if end - time.monotonic() > _SHORTEST_WAIT_S:
                    continue
                raise ProcessLost(phase, WorkerFailed("worker_took", seconds=limit_s)) from None
            if frame is None:
                raise ProcessLost(phase, self._how_it_ended())
            return frame

    def end(self) -> None:
        """Kill the process and wait for it; safe to call again."""
        self._process.kill()
        self._process.wait()
        with suppress(OSError):
            self._jobs.close()

    def _read(self) -> None:
        stream = self._answers
        # Whatever is wrong with the bytes, the conversation is over.
        with suppress(Exception):
            while (frame := read_frame(stream)) is not None:
                self._frames.put(frame)
        self._frames.put(None)
        stream.close()

    def _how_it_ended(self) -> WorkerFailed:
        with suppress(subprocess.TimeoutExpired):
            code = self._process.wait(timeout=2.0)
            if code < 0:
                return WorkerFailed("worker_killed", signal=-code)
            return WorkerFailed("worker_ended", exit=code)
        return WorkerFailed("worker_closed_pipe")


class KeptWaiting:
    """Seconds in which a process wanted to run and was not let, from the moment this is made.

    Counts the thread that was kept waiting longest. 0 where the system does not tell (not Linux).
    """

    def __init__(self, pid: int) -> None:
        self._threads = Path(f"/proc/{pid}/task")
        self._before = self._waited_ns()

    def __call__(self) -> float:
        now = self._waited_ns()
        return max((ns - self._before.get(name, 0) for name, ns in now.items()), default=0) / 1e9

    def _waited_ns(self) -> dict[str, int]:
        """Of each thread, how long it has stood in the queue for a processor so far."""
        waited = {}
        # A thread, or the whole process, may end while it is looked at.
        with suppress(OSError):
            for thread in self._threads.iterdir():
                with suppress(OSError, ValueError, IndexError):
                    figures = (thread / "schedstat").read_text(encoding="ascii").split()
                    waited[thread.name] = int(figures[1])
        return waited


def child_environment() -> dict[str, str]:
    """The environment of a process that handles foreign bytes: no passwords, our modules."""
    passed_on = {
        name: value
        for name, value in os.environ.items()
        if name.upper() in _PASSED_ON or name.upper().startswith(_PASSED_ON_PREFIXES)
    }
    known = [Path(os.path.abspath(path)) for path in sys.path]
    paths = [
        str(path)
        for path in [_PROJECT_FOLDER, *known]
        if not any(path.is_relative_to(folder) for folder in _FOLDERS_OF_SCRIPTS)
    ]
    return passed_on | memory.ENVIRONMENT | {"PYTHONPATH": os.pathsep.join(paths)}
