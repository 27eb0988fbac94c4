"""Files of this installation: only its user may read them, one process at a time holds one.

Photos and log are the plant's. A claim is a file that says who is at work, held by a lock that ends
with the process, however it ends: a file that was left by a killed process is still there, but its
lock is free, so whoever comes next can tell unfinished work from work under way, without clocks and
process numbers.
"""

import contextlib
import os
import sys
from pathlib import Path

if sys.platform == "win32":
    # Its own locks end with the process as well.
    import msvcrt
else:
    import fcntl

FOLDER_MODE, FILE_MODE = 0o700, 0o600


def private_folder(folder: Path) -> Path:
    """Make a folder and those above it that are missing. What is there keeps its rights."""
    missing = []
    for place in (folder, *folder.parents):
        if place.is_dir():
            break
        missing.append(place)
    for place in reversed(missing):
        place.mkdir(mode=FOLDER_MODE, exist_ok=True)
    return folder


def write_private(path: Path, content: bytes | memoryview = b"") -> None:
    """Write a file anew; its folder must exist."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE), "wb") as file:
        file.write(content)


class Claim:
    """A lock file held by this process; `take` answers None where another one holds it."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    @classmethod
    def take(cls, path: Path) -> "Claim | None":
        """Hold `path`, which is made where it is missing. Raises OSError where it cannot be."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if sys.platform == "win32":
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            else:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return None
        return cls(path, descriptor)

    def release(self, *, remove: bool = False) -> None:
        """Let go of the file, and with `remove` take it away; a second time does nothing."""
        if self._descriptor < 0:
            return
        if remove and sys.platform != "win32":
            # While it is still held: nobody may take a file that is about to go.
            with contextlib.suppress(OSError):
                self.path.unlink()
        os.close(self._descriptor)
        self._descriptor = -1
        if remove and sys.platform == "win32":
            with contextlib.suppress(OSError):
                self.path.unlink()
