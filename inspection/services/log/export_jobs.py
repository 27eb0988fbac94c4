"""Exports that a page asked for: made in the background into a file of their own, then fetched.

A file is found by a token that nobody can guess, may be fetched more than once, and is taken away
after an hour.
"""

import contextlib
import secrets
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from inspection.errors import ExportRefused, InspectionError, NotFound
from inspection.i18n import Translate
from inspection.services.log.exports import SUFFIXES, write_export
from inspection.services.station import Station
from inspection.storage.log_filter import LogFilter
from inspection.storage.private import private_folder

# Each one reads and writes without pause: more would only take turns.
MOST_AT_ONCE = 2
KEPT_S = 3600


class _Cancelled(Exception):
    """The person does not want the file any more."""


@dataclass(frozen=True, slots=True)
class ExportState:
    """How far an export is. share: 0–1. rows: in the finished file. error: why there is none."""

    share: float = 0.0
    rows: int | None = None
    error: InspectionError | None = None
    is_cancelled: bool = False

    @property
    def is_over(self) -> bool:
        return self.rows is not None or bool(self.error) or self.is_cancelled


class ExportJob:
    """One export under way or done; it starts when it is made.

    file_name: under which the person saves it.
    """

    def __init__(
        self, station: Station, where: LogFilter, kind: str, file_name: str, t: Translate
    ) -> None:
        self.token, self.kind, self.file_name = secrets.token_hex(16), kind, file_name
        self.begun_at = time.monotonic()
        self.path = _folder(station) / f"{self.token}{SUFFIXES[kind]}"
        self._changed = threading.Condition()
        self._state, self._wants_end = ExportState(), False
        threading.Thread(
            target=self._work, args=(station, where, t), name="log-export", daemon=True
        ).start()

    @property
    def state(self) -> ExportState:
        with self._changed:
            return self._state

    def wait(self, limit_s: float) -> bool:
        """Wait until it is over, for at most `limit_s`; answers whether it is."""
        with self._changed:
            self._changed.wait_for(lambda: self._state.is_over, limit_s)
            return self._state.is_over

    def cancel(self) -> None:
        """Give up after the piece under way."""
        with self._changed:
            self._wants_end = True

    def _work(self, station: Station, where: LogFilter, t: Translate) -> None:
        try:
            private_folder(self.path.parent)
            rows = write_export(station, where, self.kind, self.path, t, self._tell)
            self._set(ExportState(1.0, rows=rows))
        except _Cancelled:
            self._set(ExportState(is_cancelled=True))
        except InspectionError as error:
            self._set(ExportState(error=error.anew()))
        except OSError as error:
            self._set(ExportState(error=ExportRefused("export_not_written", why=error)))
        except BaseException as error:
            failure = ExportRefused("export_failed", kind=type(error).__name__)
            self._set(ExportState(error=failure))
            raise

    def _tell(self, share: float) -> None:
        if self._wants_end:
            raise _Cancelled
        # The file is still closed and renamed after the last piece.
        self._set(ExportState(min(share, 0.99)))

    def _set(self, state: ExportState) -> None:
        with self._changed:
            self._state = state
            self._changed.notify_all()


_jobs: dict[str, ExportJob] = {}
_lock = threading.Lock()


def begin_export(
    station: Station, where: LogFilter, kind: str, file_name: str, t: Translate
) -> ExportJob:
    """Start to make a file; raises ExportRefused while too many are being made."""
    with _lock:
        _take_old_away(station)
        if sum(not job.state.is_over for job in _jobs.values()) >= MOST_AT_ONCE:
            raise ExportRefused("files_at_once", n=MOST_AT_ONCE)
        job = ExportJob(station, where, kind, file_name, t)
        _jobs[job.token] = job
    return job


def find_export(token: str | None) -> ExportJob | None:
    """The export of a token, None when there is none any more."""
    with _lock:
        return _jobs.get(token or "")


def finished_file(token: str) -> tuple[Path, str]:
    """(file, name to save it under); raises NotFound unless it is whole and still kept."""
    job = find_export(token)
    if job is None or job.state.rows is None or not job.path.exists():
        raise NotFound("file_gone")
    return job.path, job.file_name


def forget_export(token: str) -> None:
    """Give up an export and take its file away."""
    with _lock:
        job = _jobs.pop(token, None)
    if job:
        job.cancel()
        job.path.unlink(missing_ok=True)


def _folder(station: Station) -> Path:
    return station.settings.data_dir / "exports"


def _take_old_away(station: Station) -> None:
    """Files of the last hour stay, also those that an ended server left behind."""
    for token, job in list(_jobs.items()):
        if job.state.is_over and time.monotonic() - job.begun_at > KEPT_S:
            del _jobs[token]
    kept = {job.path for job in _jobs.values()}
    for file in _folder(station).glob("*"):
        with contextlib.suppress(OSError):
            if file not in kept and time.time() - file.stat().st_mtime > KEPT_S:
                file.unlink()
