"""Which files of a folder are photos: one walk for the command line, the pages and the imports.

A folder holds more than a person put there: what Macs, Windows, NAS boxes and unfinished copies
leave beside the photos is left out, and counted.
"""

import errno
import os
import re
import stat
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from inspection.imaging.formats import PHOTO_SUFFIXES

# Why something is left out. companion: a Mac's other half of a file (`._NAME`, `__MACOSX`).
# recycled: thrown away. thumbnail: small copies made by a machine. system: what a system keeps
# beside the files. unfinished: still being copied. hidden: any other name with a leading dot.
# irregular: a pipe, a socket, a device. repeated: a link to a folder that the walk is in or has
# been through. outside: a link that leads out of a folder that may not be left. unreadable: the
# system refuses it. other: a file that is no photo.
REASONS = (
    "companion",
    "recycled",
    "thumbnail",
    "system",
    "unfinished",
    "hidden",
    "irregular",
    "repeated",
    "outside",
    "unreadable",
    "other",
)
_NAMES = {
    "companion": ("__macosx", ".appledouble"),
    "recycled": (
        "$recycle.bin", "recycler", "recycled", "#recycle", "@recycle", ".trashes", ".trash",
        "network trash folder",
    ),
    "thumbnail": (
        "@eadir", ".thumbnails", ".thumbs", ".@__thumb", "thumbs.db", "ehthumbs.db",
        "ehthumbs_vista.db", ".picasaoriginals", ".xvpics",
    ),
    "system": (
        "desktop.ini", "system volume information", "lost+found", "found.000", ".ds_store",
        "#snapshot", "@recently-snapshot",
        "@tmp", "temporary items", ".spotlight-v100", ".fseventsd", ".documentrevisions-v100",
        ".temporaryitems", ".picasa.ini", "picasa.ini", "icon\r",
    ),
}  # fmt: skip
_REASON_OF = {name: reason for reason, names in _NAMES.items() for name in names}
_UNFINISHED = (
    *(".part", ".partial", ".filepart", ".crdownload", ".download", ".opdownload", ".tmp", ".temp"),
    *(".swp", ".swx", ".!ut", ".!qb", ".aria2", ".rsync-partial", ".incomplete", ".unfinished"),
)
# IMG_0001.jpg.part.jpg: some tools put their mark before the last ending.
_UNFINISHED_INSIDE = re.compile(r"\.(part|partial|filepart|crdownload|swp)\.\w{3,4}$")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that the walk passed over. files: how many files that are; a folder's all count."""

    path: Path
    reason: str
    files: int = 1


@dataclass(frozen=True, slots=True)
class FolderWalk:
    """What a walk found, in order of path."""

    files: tuple[Path, ...]
    left_out: tuple[LeftOut, ...]


def companion_reason(name: str) -> str | None:
    """Why a file or folder of this name is never somebody's photo; None where it may be one."""
    plain = unicodedata.normalize("NFC", name).casefold()
    if plain.startswith("._"):
        return "companion"
    if plain in _REASON_OF:
        return _REASON_OF[plain]
    if plain.startswith(".trash-"):
        return "recycled"
    if plain.startswith((".syncthing.", "~$")):
        return "unfinished"
    if plain.endswith(_UNFINISHED) or _UNFINISHED_INSIDE.search(plain):
        return "unfinished"
    return "hidden" if plain.startswith(".") else None


def is_photo_name(name: str) -> bool:
    """Whether a name ends as photos do; what the file holds is for the gate to say."""
    return os.path.splitext(name)[1].lower() in PHOTO_SUFFIXES


def walk(folder: Path, photos_only: bool = True) -> FolderWalk:
    """Every photo below a folder, or every file, and what was passed over.

    Links are followed, but never to a folder above or to one that was walked before: a circle of
    links ends. Nothing is opened, so a pipe cannot hold the walk up. `folder` itself may have any
    name: whoever names it wants it.
    """
    files: list[Path] = []
    left_out: list[LeftOut] = []
    walked: set[tuple[int, int]] = set()
    waiting = [folder]
    while waiting:
        place = waiting.pop()
        try:
            facts = place.stat()
            if (facts.st_dev, facts.st_ino) in walked:
                left_out.append(LeftOut(place, "repeated"))
                continue
            walked.add((facts.st_dev, facts.st_ino))
            with os.scandir(place) as listing:
                # From the end of the list the first name is taken first.
                entries = sorted(listing, key=lambda entry: entry.name, reverse=True)
        except OSError:
            left_out.append(LeftOut(place, "unreadable"))
            continue
        for entry in entries:
            path = place / entry.name
            reason = companion_reason(entry.name) or kind_of(entry)
            if reason == "folder":
                if not (entry.is_symlink() and _is_above(path, folder)):
                    waiting.append(path)
                    continue
                reason = "repeated"
            elif reason == "file" and (is_photo_name(entry.name) or not photos_only):
                files.append(path)
                continue
            if count := _count(entry):
                left_out.append(LeftOut(path, "other" if reason == "file" else reason, count))
    return FolderWalk(tuple(sorted(files)), tuple(sorted(left_out, key=lambda one: one.path)))


def kind_of(entry: os.DirEntry[str]) -> str:
    """ "file", "folder", or the reason why it is neither."""
    try:
        if entry.is_file():
            return "file"
        if entry.is_dir():
            return "folder"
        entry.stat()
    except OSError as error:
        return "repeated" if error.errno == errno.ELOOP else "unreadable"
    return "irregular"


def counted(left_out: Iterable[LeftOut]) -> dict[str, int]:
    """Files left out by reason, in the order of REASONS."""
    sums = dict.fromkeys(REASONS, 0)
    for one in left_out:
        sums[one.reason] += one.files
    return {reason: n for reason, n in sums.items() if n}


def open_file(path: Path) -> BinaryIO:
    """Open a regular file for reading; a pipe or a device never blocks.

    Raises OSError, for what is no regular file too.
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if stat.S_ISREG(os.fstat(handle).st_mode):
        return os.fdopen(handle, "rb")
    os.close(handle)
    raise OSError(errno.EINVAL, "a pipe, device or folder, not a file", str(path))


def read_file(path: Path, most_bytes: int = -1) -> bytes:
    """The bytes of a regular file, at most so many; raises as `open_file` does."""
    with open_file(path) as file:
        return file.read(most_bytes)


def _is_above(link: Path, folder: Path) -> bool:
    """Whether a link leads to the walked folder or to one above it, and so to everything."""
    try:
        return folder.resolve().is_relative_to(link.resolve())
    except (OSError, RuntimeError):
        return True


def _count(entry: os.DirEntry[str]) -> int:
    """Files of a folder that is left out, links not followed; anything else is one."""
    if not entry.is_dir(follow_symlinks=False):
        return 1
    return sum(len(names) for _, _, names in os.walk(entry.path))
