"""Photos that wait for their inspection on disk, and what is left of them when a server ends.

    waiting/SERVER/lock        held while that server lives
    waiting/SERVER/PHOTO       an uploaded photo
    waiting/SERVER/PHOTO.about its name and what came with it, while nobody has begun with it
    waiting/SERVER/BATCH.json  a batch: whose it is, its photos and what each shows
    waiting/SERVER/BATCH.done  one line for each photo that is done

A folder whose lock is free belongs to a server that was ended: its batches were interrupted and
can be gone on with, and what belongs to no batch is removed.
"""

import contextlib
import json
import os
import re
import shutil
import threading
import uuid
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from inspection.errors import DiskFull, writing_failed
from inspection.services.station import Station
from inspection.storage.private import Claim, private_folder, write_private

_LOCK, _BATCH, _DONE = "lock", ".json", ".done"
ABOUT, PREVIEW = ".about", ".preview.jpg"
# Of the version before, which kept its photos without a folder, and rests of a cut-short write.
_OLD_S = 3600
# What photos that wait leave free on the disk: the log, and the copies and maps of photos that are
# inspected meanwhile, must find their place.
KEPT_FREE_MB = 512

_claims: dict[Path, Claim] = {}
_guard = threading.RLock()


def folder_of(station: Station) -> Path:
    return station.settings.data_dir / "waiting"


def put(station: Station, content: bytes | memoryview, about: bytes | None = None) -> Path:
    """Write an uploaded photo into this server's folder, so that memory does not hold it.

    about: what came with a photo that nobody has begun with; all of these have the room of the
    setting `waiting_mb` together. Raises StorageError when the data folder cannot be written,
    DiskFull where there is no room.
    """
    waiting = folder_of(station)
    try:
        with _guard:
            _refuse_overfull(station, memoryview(content).nbytes, is_begun=about is None)
            path = _own_folder(waiting) / uuid.uuid4().hex
            write_private(path, content)
            if about is not None:
                _write_about(path, about)
    except OSError as error:
        raise writing_failed(error)(
            "upload_not_written", folder=waiting, why=error.strerror
        ) from None
    return path


def _refuse_overfull(station: Station, size: int, *, is_begun: bool) -> None:
    """Raise DiskFull where a photo of so many bytes finds no room; `_guard` is held."""
    free = shutil.disk_usage(station.settings.data_dir).free
    if free - size < KEPT_FREE_MB << 20:
        raise DiskFull("waiting_no_room", folder=folder_of(station), free=free / 2**20)
    most_mb = station.settings.waiting_mb
    if not is_begun and _not_begun_bytes(folder_of(station)) + size > most_mb * 2**20:
        raise DiskFull("waiting_full", mb=most_mb)


def _not_begun_bytes(waiting: Path) -> int:
    """What the photos that nobody has begun with take, those of other servers too."""
    total = 0
    for path in waiting.glob(f"*/*{ABOUT}"):
        with contextlib.suppress(OSError):
            total += path.with_name(path.name.removesuffix(ABOUT)).stat().st_size
    return total


def _write_about(path: Path, about: bytes) -> None:
    try:
        write_private(path.with_name(path.name + ABOUT), about)
    except OSError:
        discard(path)
        raise


def discard(path: Path) -> None:
    """Remove a photo that is not needed any more, and the folder with the last one."""
    for ending in ("", ABOUT, PREVIEW):
        with contextlib.suppress(OSError):
            path.with_name(path.name + ending).unlink(missing_ok=True)
    _leave_if_empty(path.parent)


def own_photo(station: Station, key: str) -> Path | None:
    """The photo that `put` named so, while it waits in this server's folder; else None."""
    if not re.fullmatch(r"[0-9a-f]{32}", key):
        return None
    waiting = folder_of(station)
    with _guard:
        folders = [lock.parent for lock in _claims if lock.parent.parent == waiting]
    return next((path for folder in folders if (path := folder / key).is_file()), None)


@dataclass(frozen=True, slots=True)
class Journal:
    """The record of one batch, beside the photos that wait for it. key: the batch's own."""

    folder: Path
    key: str

    def write_done(self, number: int, outcome: Mapping[str, object]) -> None:
        """Note what became of order `number`; a full disk ends the note, never the batch."""
        line = json.dumps({"order": number, **outcome}, ensure_ascii=False)
        with (
            contextlib.suppress(OSError),
            open(self.folder / (self.key + _DONE), "a", encoding="utf-8", errors="replace") as file,
        ):
            file.write(line + "\n")

    def close(self) -> None:
        """Nothing is left to go on with."""
        for ending in (_BATCH, _DONE):
            with contextlib.suppress(OSError):
                (self.folder / (self.key + ending)).unlink(missing_ok=True)
        _leave_if_empty(self.folder)


# An order, or what became of it, as a journal holds it in JSON.
Written = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Interrupted:
    """A batch whose server ended before it was over.

    orders: as `open_journal` was given them. done: what became of some, by their place.
    """

    journal: Journal
    who: str
    begun_at: datetime
    orders: tuple[Written, ...]
    done: dict[int, Written]


def open_journal(
    station: Station, key: str, who: str, begun_at: datetime, orders: list[Written]
) -> Journal | None:
    """Begin the record of a batch; None where the disk refuses it, which ends no inspection."""
    content = {"who": who, "begun_at": begun_at.astimezone(UTC).isoformat(), "orders": orders}
    try:
        with _guard:
            folder = _own_folder(folder_of(station))
            written = folder / f"{key}.new"
            with open(written, "w", encoding="utf-8", errors="replace") as file:
                json.dump(content, file, ensure_ascii=False)
                file.flush()
                os.fsync(file.fileno())
            os.replace(written, folder / (key + _BATCH))
    except OSError:
        return None
    return Journal(folder, key)


def interrupted(station: Station) -> list[Interrupted]:
    """Batches of servers that ended, oldest first; what belongs to none of them is removed."""
    with _guard:
        found = [
            one for folder in _left_folders(station) for one in _journals(folder) if _has_left(one)
        ]
    return sorted(found, key=lambda one: one.begun_at)


def take_over(station: Station, key: str) -> Interrupted | None:
    """Hold the folder of an interrupted batch for this server; None when it is not there (any
    more), or when another server has taken it."""
    with _guard:
        _tidy_left(station)
        for folder in _folders(folder_of(station)):
            found = next((one for one in _journals(folder) if one.journal.key == key), None)
            if found and _hold(folder):
                return found
    return None


def tidy(station: Station, in_use: Collection[str] = ()) -> int:
    """Remove what no batch needs; answers how many files. in_use: photos of this server's batches.

    What an ended server left goes at once, what a page of this one set aside and never began
    after an hour.
    """
    waiting = folder_of(station)
    with _guard:
        removed = _tidy_left(station)
        own = [lock.parent for lock in _claims if lock.parent.parent == waiting]
        kept = _needed(waiting) | set(in_use)
        for path in [*_files(waiting), *(path for folder in own for path in _files(folder))]:
            is_own = path.suffix in (_BATCH, _DONE) or path.name == _LOCK
            if not is_own and f"{path.parent.name}/{path.name}" not in kept and _is_old(path):
                removed += _remove(path)
    return removed


def _tidy_left(station: Station) -> int:
    """Remove what ended servers left and no batch needs; `_guard` is held."""
    needed, removed = _needed(folder_of(station)), 0
    for folder in _left_folders(station):
        keys = {one.journal.key for one in _journals(folder) if _has_left(one)}
        for path in _files(folder):
            is_needed = path.stem in keys or f"{folder.name}/{path.name}" in needed
            if path.name != _LOCK and not is_needed:
                removed += _remove(path)
        if all(path.name == _LOCK for path in _files(folder)):
            _remove(folder / _LOCK)
            with contextlib.suppress(OSError):
                folder.rmdir()
    return removed


def _needed(waiting: Path) -> set[str]:
    """Photos that some batch still has to inspect, as `folder/file`."""
    return {
        str(order.get("file"))
        for folder in _folders(waiting)
        for one in _journals(folder)
        for number, order in enumerate(one.orders)
        if number not in one.done
    }


def _is_old(path: Path) -> bool:
    with contextlib.suppress(OSError):
        return path.stat().st_mtime < datetime.now(UTC).timestamp() - _OLD_S
    return False


# --- folders ---


def _own_folder(waiting: Path) -> Path:
    """This server's folder, made with the first photo; `_guard` is held."""
    for path in _claims:
        if path.parent.parent == waiting and path.parent.name.startswith("server-"):
            return path.parent
    folder = waiting / f"server-{uuid.uuid4().hex[:12]}"
    private_folder(folder)
    if not _hold(folder):
        raise OSError(None, "its lock cannot be taken")
    return folder


def _hold(folder: Path) -> bool:
    path = folder / _LOCK
    if path not in _claims:
        claim = Claim.take(path)
        if claim is None:
            return False
        _claims[path] = claim
    return True


def _leave_if_empty(folder: Path) -> None:
    with _guard:
        claim = _claims.get(folder / _LOCK)
        if claim and not any(path.name != _LOCK for path in _files(folder)):
            del _claims[folder / _LOCK]
            claim.release(remove=True)
            with contextlib.suppress(OSError):
                folder.rmdir()


def _left_folders(station: Station) -> list[Path]:
    """Folders that no living server holds; `_guard` is held, so this one takes none meanwhile."""
    left = []
    for folder in _folders(folder_of(station)):
        if folder / _LOCK in _claims:
            continue
        with contextlib.suppress(OSError):
            if claim := Claim.take(folder / _LOCK):
                claim.release()
                left.append(folder)
    return left


def _folders(waiting: Path) -> list[Path]:
    with contextlib.suppress(OSError):
        return sorted(path for path in waiting.iterdir() if path.is_dir())
    return []


def _files(folder: Path) -> list[Path]:
    with contextlib.suppress(OSError):
        return [path for path in folder.iterdir() if path.is_file()]
    return []


def _remove(path: Path) -> int:
    with contextlib.suppress(OSError):
        path.unlink()
        return 1
    return 0


# --- journals ---


def _journals(folder: Path) -> Iterator[Interrupted]:
    for path in _files(folder):
        if path.suffix == _BATCH:
            # A torn journal names no photo that could be gone on with.
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                yield _read(path)


def _read(path: Path) -> Interrupted:
    content = json.loads(path.read_text(encoding="utf-8"))
    done = {}
    with contextlib.suppress(OSError):
        for line in path.with_suffix(_DONE).read_text(encoding="utf-8").splitlines():
            # The last line may be cut off.
            with contextlib.suppress(ValueError, KeyError):
                outcome = json.loads(line)
                done[int(outcome.pop("order"))] = outcome
    return Interrupted(
        journal=Journal(path.parent, path.stem),
        who=str(content["who"]),
        begun_at=datetime.fromisoformat(content["begun_at"]),
        orders=tuple(dict(order) for order in content["orders"]),
        done=done,
    )


def _has_left(one: Interrupted) -> bool:
    return any(number not in one.done for number in range(len(one.orders)))
