"""Who watches a folder, said in the folder itself: two servers with data folders of their own must
not move each other's files.

    FOLDER/.inspection-watched    {"host", "machine", "data", "process", "token"}, written again and
                                  again

Locks of the file system end with their process, but not on every share. So this file is renewed
while its folder is watched, and one that nobody has renewed for a while is taken over. How old it
is the share's own clock says: that of a file written beside it at that moment.
"""

import contextlib
import json
import os
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from inspection.domain.letters import showable
from inspection.errors import Conflict

NAME = ".inspection-watched"
RENEWED_EVERY_S = 10.0
# Several renewals may be late: a share that hangs for half a minute has not lost its watcher.
STALE_AFTER_S = 90.0
_MOST_BYTES = 4096
_MOST_TRIES = 20


@contextmanager
def watched_alone(folder: Path, name: str, data_dir: Path) -> Iterator[Callable[[], bool]]:
    """Hold a folder; answers whether it is still held, to be asked before anything is moved: a
    server that slept for minutes has lost it. name: how people call it. data_dir: of this
    installation, within which one process at a time may come here: what another one of it left is
    taken over at once.

    Raises Conflict where somebody else watches, OSError where the folder cannot be written.
    """
    # Machines made from one image share names and paths, and not the number of their network card.
    ours = f"{uuid.getnode():x}", os.fsdecode(os.path.realpath(data_dir))
    lock, (machine, data) = folder / NAME, ours
    content = json.dumps(
        {
            "host": socket.gethostname(),
            "machine": machine,
            "data": data,
            "process": os.getpid(),
            "token": uuid.uuid4().hex,
        }
    ).encode("utf-8", "surrogatepass")
    _take(lock, content, name, ours)
    ended = threading.Event()
    keeper = threading.Thread(
        target=_keep, args=(lock, content, ended), name="hot-folder-lock", daemon=True
    )
    keeper.start()
    try:
        yield lambda: _stands(lock, content)
    finally:
        ended.set()
        # A share that hangs must not keep the server from its end.
        keeper.join(5)
        if _read(lock) == content:
            with contextlib.suppress(OSError):
                lock.unlink()


def _stands(lock: Path, content: bytes) -> bool:
    """Whether the file is still ours; what cannot be read at the moment is not taken for lost."""
    try:
        return lock.read_bytes()[:_MOST_BYTES] == content
    except FileNotFoundError:
        return False
    except OSError:
        return True


def _take(lock: Path, content: bytes, name: str, ours: tuple[str, str]) -> None:
    for _ in range(_MOST_TRIES):
        if _made(lock, content):
            return
        found = _read(lock)
        if found is None:
            # Just taken away, or never to be read by us.
            continue
        host, *holder = _said(found)
        if tuple(holder) != ours and _age_s(lock) < STALE_AFTER_S:
            raise Conflict("hot_folder_held", name=name, host=showable(host))
        # Aside first: of two who take it over at once only one gets the file that both have read.
        aside = lock.with_name(f"{NAME}.{uuid.uuid4().hex[:8]}")
        with contextlib.suppress(OSError):
            lock.rename(aside)
            taken = _read(aside)
            if taken != found:
                aside.rename(lock)
                continue
            aside.unlink()
    raise Conflict("hot_folder_held", name=name, host="?")


def _keep(lock: Path, content: bytes, ended: threading.Event) -> None:
    """Renew it until `ended`; one that somebody has taken over is left to them."""
    while not ended.wait(RENEWED_EVERY_S):
        with contextlib.suppress(OSError):
            if lock.read_bytes()[:_MOST_BYTES] == content:
                # Written, not touched: some shares take the time of a touch from this machine.
                with open(lock, "r+b") as file:
                    file.write(content)


def _made(lock: Path, content: bytes) -> bool:
    """Whether the file was not there and is ours now."""
    try:
        handle = os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:
        return False
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    return True


def _read(lock: Path) -> bytes | None:
    with contextlib.suppress(OSError), open(lock, "rb") as file:
        return file.read(_MOST_BYTES)
    return None


def _said(content: bytes) -> tuple[str, str, str]:
    """(host, machine, data folder) of whoever wrote it; a torn file names nobody."""
    with contextlib.suppress(ValueError, KeyError, TypeError):
        said = json.loads(content.decode("utf-8", "surrogatepass"))
        return str(said["host"])[:80], str(said["machine"]), str(said["data"])
    return "?", "", ""


def _age_s(lock: Path) -> float:
    """For how long nobody has renewed it, by the share's own clock; 0 where that cannot be told."""
    probe = lock.with_name(f"{NAME}.{uuid.uuid4().hex[:8]}")
    try:
        probe.write_bytes(b"")
        return probe.stat().st_mtime - lock.stat().st_mtime
    except OSError:
        return 0.0
    finally:
        with contextlib.suppress(OSError):
            probe.unlink()
