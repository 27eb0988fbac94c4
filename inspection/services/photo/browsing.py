"""Looking through the photo folders that the settings name, and never outside them."""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Protocol

from inspection.domain.letters import inert_name, showable
from inspection.errors import InspectionError, NotFound, OutsideRoot
from inspection.i18n import Translate
from inspection.imaging import photo_folders
from inspection.imaging.photo_folders import LeftOut
from inspection.services.station import Station
from inspection.storage.private import private_folder, write_private

SIDECAR = "samples.json"


class NamedFile(Protocol):
    """A file as a browser sends it."""

    name: str


@dataclass(frozen=True, slots=True)
class FolderPhoto:
    """A photo file in a browsed folder. place: path below the root, with "/" between its parts;
    a byte that is no UTF-8 stands in it as a letter of its own, so that it is text."""

    place: str
    name: str
    size_bytes: int
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class FolderView:
    """What stands in one folder: sub-folders by name, photos newest first.

    place: this folder below the root, "" for the root itself. above: the folder above, None at
    the root. left_out: what else stands there, without the sidecar.
    """

    place: str
    above: str | None
    folders: tuple[str, ...]
    photos: tuple[FolderPhoto, ...]
    left_out: tuple[LeftOut, ...] = ()


def open_folder(station: Station, root: str, place: str = "") -> FolderView:
    """The contents of one folder below the named root.

    root: a name of `Settings.photo_folders`. Raises NotFound for a root or folder that is not
    there, OutsideRoot for a place that leads out of the root, also by a link.
    """
    base, folder = _inside(station, root, place)
    folders, photos, left_out = [], [], []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                path = Path(entry.path)
                reason = photo_folders.companion_reason(entry.name) or photo_folders.kind_of(entry)
                if reason in ("file", "folder") and not _stays_inside(base, path):
                    reason = "outside"
                below = _as_text(path.relative_to(base).as_posix())
                if reason == "folder":
                    folders.append(below)
                elif reason == "file" and photo_folders.is_photo_name(entry.name):
                    photos.append(_folder_photo(entry, below))
                elif entry.name != SIDECAR:
                    left_out.append(LeftOut(path, "other" if reason == "file" else reason))
    except OSError as error:
        raise NotFound(
            "folder", name=inert_name(_as_path(place)) or root, why=error.strerror
        ) from None
    here = _as_text(folder.relative_to(base).as_posix())
    above = None if here == "." else Path(here).parent.as_posix()
    return FolderView(
        place="" if here == "." else here,
        above="" if above == "." else above,
        folders=tuple(sorted(folders)),
        photos=tuple(sorted(photos, key=lambda p: (p.changed_at, p.name), reverse=True)),
        left_out=tuple(left_out),
    )


def _folder_photo(entry: os.DirEntry[str], place: str) -> FolderPhoto:
    try:
        facts = entry.stat()
        size_bytes, changed = facts.st_size, datetime.fromtimestamp(facts.st_mtime, UTC)
    except (OSError, ValueError, OverflowError):
        # Gone since it was listed, or its clock says a year that no calendar has.
        size_bytes, changed = 0, datetime.fromtimestamp(0, UTC)
    return FolderPhoto(place, inert_name(entry.name), size_bytes, changed)


def photos_of_upload(files: Iterable[NamedFile]) -> tuple[list[NamedFile], list[LeftOut]]:
    """The photos of a folder that a browser sent, and what else came with them.

    A file's name is its path; the folder itself, its first part, may have any name.
    """
    photos, left_out = [], []
    for file in files:
        path = PurePosixPath(file.name.replace("\\", "/"))
        below = path.parts[1:] if len(path.parts) > 1 else path.parts
        reasons = filter(None, map(photo_folders.companion_reason, below))
        reason = next(reasons, None)
        if reason is None and photo_folders.is_photo_name(path.name):
            photos.append(file)
        else:
            left_out.append(LeftOut(Path(path), reason or "other"))
    return photos, left_out


def left_out_sentence(t: Translate, left_out: Iterable[LeftOut]) -> str:
    """How many files were passed over and why, in one line; "" where there are none."""
    counts = photo_folders.counted(left_out)
    if not counts:
        return ""
    reasons = ", ".join(f"{t(f'source.left_out.{reason}')} {n}" for reason, n in counts.items())
    return t("source.left_out.title", n=sum(counts.values()), reasons=reasons)


def read_photo(station: Station, root: str, place: str) -> bytes:
    """The bytes of one photo below the named root; raises as `open_folder` does."""
    _, path = _inside(station, root, place)
    limit = station.settings.max_upload_mb * 2**20
    try:
        # One byte more than allowed is read, so that the gate can say that it is too large.
        return photo_folders.read_file(path, limit + 1)
    except OSError as error:
        raise NotFound("unreadable", name=inert_name(path.name), why=error.strerror) from None


def thumbnail(station: Station, root: str, photo: FolderPhoto) -> Path | None:
    """A small JPEG of a photo in a folder, made once through the gate; None if it is refused."""
    key = f"{root}/{photo.place}/{photo.size_bytes}/{photo.changed_at.timestamp()}"
    name = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
    kept = station.settings.data_dir / "browse" / name[:2] / f"{name}.jpg"
    if not kept.exists():
        try:
            small = station.worker.look(read_photo(station, root, photo.place), photo.name)
        except InspectionError:
            return None
        private_folder(kept.parent)
        partial = kept.with_suffix(f".{os.getpid()}.part")
        write_private(partial, small.thumbnail_jpeg)
        partial.replace(kept)
    return kept


def _inside(station: Station, root: str, place: str) -> tuple[Path, Path]:
    """(root folder, asked path), both resolved; the path lies inside the root."""
    folders = station.settings.photo_folders
    if root not in folders:
        raise NotFound("folder_unknown", name=inert_name(root), known=sorted(folders))
    base = folders[root].resolve()
    try:
        asked = (base / _as_path(place)).resolve()
    except (OSError, ValueError, RuntimeError):
        raise OutsideRoot("folder_no_place", place=inert_name(place), root=root) from None
    if not asked.is_relative_to(base):
        raise OutsideRoot("outside", place=inert_name(place), root=root)
    return base, asked


# A byte of a name that is no UTF-8 is a lone surrogate for Python, which no address, cache or
# browser takes: it stands as a letter of the private area meanwhile.
_TO_TEXT = {0xDC00 + byte: 0xF700 + byte for byte in range(0x80, 0x100)}
_TO_PATH = {letter: surrogate for surrogate, letter in _TO_TEXT.items()}


def _as_text(path: str) -> str:
    return path.translate(_TO_TEXT)


def _as_path(place: str) -> str:
    return place.translate(_TO_PATH)


def shown_place(place: str) -> str:
    """A place as a person reads it."""
    return showable(_as_path(place))


def _stays_inside(base: Path, path: Path) -> bool:
    try:
        return path.resolve().is_relative_to(base)
    except (OSError, RuntimeError):
        return False
