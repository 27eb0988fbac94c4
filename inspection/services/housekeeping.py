"""What a server puts in order when it starts and once an hour: rests of work cut short."""

import logging
import threading
from functools import partial

from inspection.errors import InspectionError
from inspection.services import batches
from inspection.services.station import Station
from inspection.storage import reading

EVERY_S = 3600.0
_log = logging.getLogger(__name__)


def tidy(station: Station) -> int:
    """Remove photos that wait for no batch, and photo files whose record was never written;
    answers how many files went. What an interrupted batch has left stays for a person to decide.
    """
    removed = batches.tidy(station)
    is_logged = partial(reading.has_photo, station.engine)
    removed += len(station.photos.clean_up_unfinished(is_logged))
    if removed:
        _log.warning("%d files of work that was cut short were removed", removed)
    return removed


def keep_tidy(station: Station, ended: threading.Event) -> None:
    """Put things in order now and every hour until `ended`; a failure waits for the next time."""
    while True:
        try:
            tidy(station)
        except (InspectionError, OSError):
            _log.exception("rests of work that was cut short could not be removed")
        if ended.wait(EVERY_S):
            return
