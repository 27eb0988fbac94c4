"""What a server puts in order when it starts and once an hour: rests of work cut short."""

import logging
import threading
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

from inspection.errors import InspectionError, StorageError
from inspection.services.photo import batches
from inspection.services.station import Station
from inspection.storage import log_detail
from inspection.storage.audit import append_event
from inspection.storage.database import writing
from inspection.storage.photo_files import PhotoFiles

EVERY_S = 3600.0
FILES_REMOVED = "files_removed"
# Files without a record, beside fewer with one: more likely the photos of another log.
MOST_ORPHANS = 200
_log = logging.getLogger(__name__)


def tidy(station: Station) -> int:
    """Remove photos that wait for no batch, and photo files whose record was never written;
    answers how many files went. What an interrupted batch has left stays for a person to decide.
    """
    waited = batches.tidy(station)
    is_logged = partial(log_detail.has_photo, station.engine)
    unfinished = len(station.photos.clean_up_unfinished(is_logged))
    _say(station, {"waiting": waited, "photos": unfinished})
    return waited + unfinished


def remove_orphans(station: Station) -> int:
    """Remove photo files of which no record speaks, but none younger than an hour and none that
    is being written; answers how many went.

    Raises StorageError, and removes nothing, where most of the files would go.
    """
    known = partial(log_detail.known_photos, station.engine)
    refuse_another_logs(station.photos, sum(1 for _ in station.photos.unneeded(known)))
    gone = station.photos.clean_up(known)
    _say(station, _by_kind(station, gone))
    return len(gone)


def refuse_another_logs(photos: PhotoFiles, orphans: int) -> None:
    """Raise StorageError where so many files have no record that the log may be the wrong one."""
    if orphans > MOST_ORPHANS and orphans > photos.count() / 2:
        raise StorageError("photos_of_another_log", n=orphans, folder=photos.root)


def _by_kind(station: Station, gone: list[Path]) -> dict[str, int]:
    return dict(Counter(path.relative_to(station.photos.root).parts[0] for path in gone))


def _say(station: Station, removed: dict[str, int]) -> None:
    """Say what went, in the server's log and in the audit chain, which `doctor` reads."""
    removed = {kind: files for kind, files in removed.items() if files}
    if not removed:
        return
    told = ", ".join(f"{files} in {kind}" for kind, files in removed.items())
    _log.warning("files that no record and no batch needs were removed: %s", told)
    with writing(station.engine) as connection:
        append_event(connection, FILES_REMOVED, "", removed)


def keep_tidy(station: Station, ended: threading.Event) -> None:
    """Put things in order now and every hour until `ended`; a failure waits for the next time.

    Files without a record are looked for once: reading the folders of years takes minutes.
    """
    _try(tidy, station)
    _try(remove_orphans, station)
    while not ended.wait(EVERY_S):
        _try(tidy, station)


def _try(work: Callable[[Station], object], station: Station) -> None:
    try:
        work(station)
    except (InspectionError, OSError):
        _log.exception("rests of work that was cut short could not be removed")
