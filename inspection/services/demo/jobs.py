"""Loading and removing the demo line in the background, while pages show how far it is.

One at a time for the whole server, seen by every tab; what is cut short can be gone on with.
"""

import logging
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from inspection.errors import InspectionError, StorageError
from inspection.services.station import Station
from inspection.storage import demo_loads

LOAD, REMOVE = "load", "remove"
ONE_AT_A_TIME = threading.Lock()
_log = logging.getLogger(__name__)

# What is done beside the page, told how far it is: done, of.
Work = Callable[[Callable[[int, int], object]], object]


class _Cancelled(Exception):
    """Raised by the progress of a job that is not wanted any more."""


@dataclass(frozen=True, slots=True)
class DemoProgress:
    """How far a job is. error: None while all is well."""

    kind: str
    done: int
    of: int
    is_over: bool
    is_cancelled: bool
    error: InspectionError | None = None

    @property
    def share(self) -> float:
        """Done share, 0–1."""
        return min(1.0, self.done / self.of) if self.of else 0.0


class DemoJob:
    """One load or removal under way; `work` is given the progress to call."""

    def __init__(self, kind: str, work: Work) -> None:
        self._changed = threading.Condition()
        self._kind, self._work = kind, work
        self._done = self._of = 0
        self._error: InspectionError | None = None
        self._is_over = self._is_cancelled = False
        threading.Thread(target=self._run, name="demo-line", daemon=True).start()

    @property
    def progress(self) -> DemoProgress:
        with self._changed:
            return DemoProgress(
                self._kind, self._done, self._of, self._is_over, self._is_cancelled, self._error
            )

    def cancel(self) -> None:
        """Stop at the next step; what is written stays, and can be gone on with."""
        with self._changed:
            self._is_cancelled = True

    def wait(self, limit_s: float) -> bool:
        """Wait until it is over, for at most `limit_s`; answers whether it is."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_over, limit_s)
            return self._is_over

    def _run(self) -> None:
        error = None
        try:
            self._work(self._tell)
        except _Cancelled:
            pass
        except InspectionError as refusal:
            error = refusal.anew()
        except Exception as fault:
            traceback.print_exc()
            error = StorageError("demo_stopped", kind=type(fault).__name__)
        with self._changed:
            self._error, self._is_over = error, True
            self._changed.notify_all()

    def _tell(self, done: int, of: int) -> None:
        with self._changed:
            self._done, self._of = done, of
            if self._is_cancelled:
                raise _Cancelled


_jobs: dict[str, DemoJob] = {}
_beginning = threading.Lock()


def current_job(station: Station) -> DemoJob | None:
    """The job under way for this installation, or the last one whose error nobody has seen yet."""
    return _jobs.get(str(station.settings.data_dir))


def begin_loading(station: Station, last_day: date, who: str) -> DemoJob:
    """Load the demo line, or go on with a load that was cut short."""
    # Here, not above: an installation without the renderer can still remove a demo line.
    from inspection.services.demo import load as demo

    def load(tell: Callable[[int, int], object]) -> None:
        left_out: list[str] = []
        demo.load_demo_line(
            station, last_day=last_day, who=who, progress=tell, tell_left_out=left_out.append
        )
        if left_out:
            _log.warning("left out of the demo line: %s", "; ".join(left_out))
            raise StorageError("demo_left_out", n=len(left_out))

    return _begin(station, LOAD, load)


def begin_removing(station: Station, who: str) -> DemoJob:
    """Take the demo line out of the log again."""
    return _begin(station, REMOVE, lambda tell: remove_demo_line(station, who, tell))


def remove_demo_line(
    station: Station, who: str = "", progress: Callable[[int, int], object] = lambda done, of: None
) -> int:
    """Take the demo line out of the log with its photos; answers how many inspections went.

    What was cut short is gone on with. Raises NotFound where there is nothing to remove.
    """
    with ONE_AT_A_TIME:
        gone, photos = demo_loads.remove(station.engine, who, datetime.now(UTC), progress)
        for sha256 in photos:
            station.photos.remove(sha256)
    return gone


def _begin(station: Station, kind: str, work: Work) -> DemoJob:
    key = str(station.settings.data_dir)
    with _beginning:
        job = _jobs.get(key)
        if job is None or job.progress.is_over:
            job = _jobs[key] = DemoJob(kind, work)
        return job


def forget(station: Station) -> None:
    """Let go of a job that is over and whose outcome was shown."""
    with _beginning:
        job = _jobs.get(str(station.settings.data_dir))
        if job and job.progress.is_over:
            del _jobs[str(station.settings.data_dir)]
