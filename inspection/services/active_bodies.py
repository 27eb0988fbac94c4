"""The vehicle models of the installation, read again when a file of theirs has changed."""

import logging
import threading
import time
from pathlib import Path

from inspection.domain.panels import BodyCatalogue, load_bodies
from inspection.errors import InspectionError

# A page asks for the catalogue hundreds of times; a change is seen this much later at most.
_LOOK_EVERY_S = 1.0

_log = logging.getLogger(__name__)


class FollowedBodies:
    """The catalogue of a folder, asked for before each judgement: other zones hold for the next
    photo, in this process and in every other one of the installation.

    Raises SpecError when it is made, for a folder that cannot be used. A file that is damaged later
    is logged, and what was read before holds.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._read = load_bodies(folder)
        self._seen = _stamps(folder)
        self._looked_at = time.monotonic()

    def __call__(self) -> BodyCatalogue:
        if time.monotonic() - self._looked_at >= _LOOK_EVERY_S:
            self.look_again()
        return self._read

    def look_again(self) -> None:
        """Read what has changed, at once."""
        with self._lock:
            self._looked_at = time.monotonic()
            seen = _stamps(self._folder)
            if seen == self._seen:
                return
            self._seen = seen
            try:
                self._read = load_bodies(self._folder)
            except InspectionError as error:
                _log.warning("the vehicle models were changed and cannot be read: %s", error)


def _stamps(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Name, moment and size of every file; a file that goes meanwhile is left out."""
    found = []
    for file in sorted(folder.glob("*.toml")):
        try:
            about = file.stat()
        except OSError:
            continue
        found.append((file.name, about.st_mtime_ns, about.st_size))
    return tuple(found)
