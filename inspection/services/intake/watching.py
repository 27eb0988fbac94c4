"""The folders that the settings name, watched by the server: one thread each."""

import logging
import threading
from pathlib import Path

from inspection.errors import InspectionError
from inspection.services.intake.hot_folder import FolderState, HotFolder
from inspection.services.station import Station

# After which a folder that another process watches, or whose settings are wrong, is asked again.
_RETRY_S = 30.0

_watched: dict[Path, tuple[HotFolder, ...]] = {}
_log = logging.getLogger(__name__)


def keep_watching(station: Station, ended: threading.Event) -> None:
    """Watch every folder of the settings until `ended`; returns when the last photo is done."""
    folders = tuple(
        HotFolder(station, name, where, tell_trouble=_say)
        for name, where in station.settings.hot_folders.items()
    )
    _watched[station.settings.data_dir] = folders
    threads = [
        threading.Thread(target=_watch, args=(folder, ended), name="hot-folder", daemon=True)
        for folder in folders
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    _watched.pop(station.settings.data_dir, None)


def folder_states(station: Station) -> tuple[FolderState, ...]:
    """How the watched folders of this installation stand, in the order of the settings."""
    return tuple(folder.state for folder in _watched.get(station.settings.data_dir, ()))


def _say(error: InspectionError) -> None:
    _log.warning("a hot folder takes nothing for the moment: %s", error)


def _watch(folder: HotFolder, ended: threading.Event) -> None:
    while not ended.is_set():
        try:
            folder.watch(ended)
        except InspectionError as error:
            _log.warning("a hot folder is not watched: %s", error)
            folder.say_trouble(error)
        except Exception:
            # A fault of ours must not leave the line's photos lying until the next restart.
            _log.exception("a hot folder is watched again after a fault")
        ended.wait(_RETRY_S)
