"""Photo files by their SHA-256: originals, copies to show, and what the network saw.

A file appears whole or not at all: it is written under a temporary name, flushed to the disk,
renamed, and the folder is flushed too. Names come from hashes alone, never from what a person or
a file calls itself, so no name can lead out of the folder.

    originals/ab/abcdef…             the uploaded bytes
    display/ab/abcdef….jpg           full resolution, without metadata
    thumbnails/ab/abcdef….jpg        at most 320 px on the longer side
    evidence/MODEL/ab/abcdef….png    probability map; beside it ….types.png; MODEL = its SHA-256
    corrections/ab/abcdef….MASK.png  regions that a person drew; MASK = the PNG's SHA-256
    in_hand/abcdef….ID               held while a photo is written and its record does not stand yet
"""

import contextlib
import hashlib
import os
import re
import tempfile
import time
import uuid
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Protocol

from inspection.errors import NotFound, StorageError, writing_failed
from inspection.storage.private import Claim, private_folder

ORIGINALS, DISPLAY, THUMBNAILS, EVIDENCE = "originals", "display", "thumbnails", "evidence"
CORRECTIONS = "corrections"
_SUFFIX = {ORIGINALS: "", DISPLAY: ".jpg", THUMBNAILS: ".jpg"}
_TYPES = ".types.png"
_IN_HAND = "in_hand"
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_TEMPORARY = ".new-"
_GONE = ".gone"
# A photo is written before its record: a young file may still get one.
ORPHAN_AGE_S = 3600
_ASKED_AT_ONCE = 500


class ShownPhoto(Protocol):
    """A photo with its copies, as `inspection.imaging.photo.Photo` has them."""

    @property
    def sha256(self) -> str: ...
    @property
    def display_jpeg(self) -> bytes: ...
    @property
    def thumbnail_jpeg(self) -> bytes: ...


class SeenEvidence(Protocol):
    """What the network saw, as `inspection.imaging.photo.Evidence` has it."""

    @property
    def probability_png(self) -> bytes: ...
    @property
    def type_png(self) -> bytes: ...


class PhotoFiles:
    """The photo files below one folder, which is made when the first photo comes.

    Every method raises NotFound for a hash that is none or a file that is not there, and
    StorageError when the disk refuses.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root).absolute()

    @contextlib.contextmanager
    def in_hand(self, sha256: str) -> Iterator[None]:
        """Say that the files of a photo are being written, until its record stands.

        Files come before their record. Whoever is killed between the two leaves files that no
        record speaks of; `clean_up_unfinished` finds them by what stands here.
        """
        _require_hash("photo", sha256)
        folder = self.root / _IN_HAND
        try:
            private_folder(folder)
            claim = Claim.take(folder / f"{sha256}.{uuid.uuid4().hex}")
        except OSError as error:
            raise self._cannot_be_written(error) from None
        try:
            yield
        except BaseException:
            # Left lying: what was written without a record is removed with the next clean-up.
            if claim:
                claim.release()
            raise
        if claim:
            claim.release(remove=True)

    def clean_up_unfinished(self, is_logged: Callable[[str], bool]) -> list[Path]:
        """Remove the files of photos whose writing ended before their record; answers which.

        is_logged: whether the log knows a photo, by its SHA-256. Photos that are being written
        now, by whatever process, are left alone, and so is everything older than the log: only
        what stands in hand is looked at.
        """
        removed: list[Path] = []
        held: set[str] = set()
        ended: dict[str, list[Claim]] = {}
        for path in sorted((self.root / _IN_HAND).glob("*.*")):
            sha256 = path.name.split(".")[0]
            claim = Claim.take(path)
            if claim is None or not _SHA256.fullmatch(sha256):
                held.add(sha256)
            else:
                ended.setdefault(sha256, []).append(claim)
        for sha256, claims in ended.items():
            if sha256 not in held and not is_logged(sha256):
                removed += self.remove(sha256)
            for claim in claims:
                claim.release(remove=True)
        return removed

    def remove(self, sha256: str) -> list[Path]:
        """Remove every file of a photo; answers which. Only for photos without a record."""
        removed = []
        paths = [self._path(kind, sha256) for kind in (ORIGINALS, DISPLAY, THUMBNAILS)]
        paths += (self.root / EVIDENCE).glob(f"*/{sha256[:2]}/{sha256}.*")
        paths += (self.root / CORRECTIONS).glob(f"{sha256[:2]}/{sha256}.*")
        # Rests of a write that was cut short stand beside what they were to become.
        for folder in {path.parent for path in paths}:
            paths += folder.glob(f"{_TEMPORARY}{sha256}*")
        for path in paths:
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
                removed.append(path)
        return removed

    def put(self, content: bytes, sha256: str) -> Path:
        """Keep an original; does nothing when it is there already.

        Raises StorageError when the content does not have this hash.
        """
        found = hashlib.sha256(content).hexdigest()
        if found != sha256:
            raise StorageError("photo_other_sha256", found=found[:12], expected=sha256[:12])
        return self._write(self._path(ORIGINALS, sha256), content)

    def put_photo(self, content: bytes, photo: ShownPhoto) -> None:
        """Keep an original with the copies that are shown; the original is written last."""
        self._write(self._path(DISPLAY, photo.sha256), photo.display_jpeg)
        self._write(self._path(THUMBNAILS, photo.sha256), photo.thumbnail_jpeg)
        self.put(content, photo.sha256)

    def put_evidence(self, sha256: str, model_sha256: str, evidence: SeenEvidence) -> None:
        """Keep what a model saw on a photo, replacing what it saw before."""
        probability, types = self._evidence_paths(sha256, model_sha256)
        self._write(types, evidence.type_png, replace=True)
        self._write(probability, evidence.probability_png, replace=True)

    def put_drawn_mask(self, sha256: str, mask_png: bytes) -> str:
        """Keep the regions that a person drew on a photo; answers the SHA-256 that names them."""
        name = hashlib.sha256(mask_png).hexdigest()
        self._write(self._drawn_path(sha256, name), mask_png)
        return name

    def drawn_mask(self, sha256: str, mask_sha256: str) -> bytes:
        """The regions that a person drew, as `put_drawn_mask` kept them."""
        return self._read(self._drawn_path(sha256, mask_sha256))

    def original(self, sha256: str, *, check: bool = True) -> bytes:
        """The uploaded bytes. check: refuse with StorageError bytes that changed on the disk."""
        content = self._read(self._path(ORIGINALS, sha256))
        if check and hashlib.sha256(content).hexdigest() != sha256:
            raise StorageError("photo_damaged", sha256=sha256[:12])
        return content

    def original_path(self, sha256: str) -> Path:
        """Where the uploaded bytes lie."""
        return self._existing(self._path(ORIGINALS, sha256))

    def evidence(self, sha256: str, model_sha256: str) -> tuple[bytes, bytes]:
        """(probability map, type map) as 8-bit PNG, as that model saw the photo."""
        probability, types = self._evidence_paths(sha256, model_sha256)
        return self._read(probability), self._read(types)

    def display_path(self, sha256: str) -> Path:
        """The copy at full resolution, a JPEG without metadata."""
        return self._existing(self._path(DISPLAY, sha256))

    def display(self, sha256: str) -> bytes:
        """The photo at full resolution as we encoded it; raises NotFound where it is not there."""
        return self._read(self._path(DISPLAY, sha256))

    def thumbnail_path(self, sha256: str) -> Path:
        """The small copy, a JPEG."""
        return self._existing(self._path(THUMBNAILS, sha256))

    def has(self, sha256: str) -> bool:
        """Whether the original is there."""
        return self._path(ORIGINALS, sha256).is_file()

    def count(self) -> int:
        """How many files there are, copies and maps included."""
        return sum(len(names) for _, names in self._folders())

    def unneeded(
        self,
        known: Callable[[Collection[str]], Collection[str]],
        older_than_s: float = ORPHAN_AGE_S,
    ) -> Iterator[Path]:
        """Files of photos that are not in the log, and rests of interrupted writes.

        known: which of some photos, by their SHA-256, the log knows. Only files older than
        `older_than_s`: a younger one may belong to an inspection that is being written.
        """
        before = time.time() - older_than_s
        for folder, names in self._folders():
            old = [folder / name for name in names if _is_older(folder / name, before)]
            yield from (path for path in old if path.name.startswith(_TEMPORARY))
            photos = [path for path in old if _SHA256.fullmatch(path.name.split(".")[0])]
            for start in range(0, len(photos), _ASKED_AT_ONCE):
                some = photos[start : start + _ASKED_AT_ONCE]
                kept = known([path.name.split(".")[0] for path in some])
                yield from (path for path in some if path.name.split(".")[0] not in kept)

    def clean_up(
        self,
        known: Callable[[Collection[str]], Collection[str]],
        older_than_s: float = ORPHAN_AGE_S,
    ) -> list[Path]:
        """Remove what `unneeded` names, but for photos that somebody takes in hand meanwhile;
        answers what was removed."""
        return [path for path in self.unneeded(known, older_than_s) if self._gone(path)]

    def _gone(self, path: Path) -> bool:
        """Remove a file, unless its photo is being written: that writer found it here and relies
        on it. Out of the way first, then the question: whoever comes later writes it anew."""
        is_rest = path.name.startswith(_TEMPORARY)
        aside = path if is_rest else path.with_name(f"{_TEMPORARY}{path.name}{_GONE}")
        with contextlib.suppress(OSError):
            if not is_rest:
                path.rename(aside)
                if any((self.root / _IN_HAND).glob(f"{path.name.split('.')[0]}.*")):
                    aside.rename(path)
                    return False
            aside.unlink()
            return True
        return False

    def _folders(self) -> Iterator[tuple[Path, list[str]]]:
        for kind in (*_SUFFIX, EVIDENCE, CORRECTIONS):
            for folder, _, names in os.walk(self.root / kind):
                yield Path(folder), sorted(names)

    def _path(self, kind: str, sha256: str) -> Path:
        _require_hash("photo", sha256)
        return self.root / kind / sha256[:2] / f"{sha256}{_SUFFIX[kind]}"

    def _evidence_paths(self, sha256: str, model_sha256: str) -> tuple[Path, Path]:
        _require_hash("photo", sha256)
        _require_hash("model", model_sha256)
        folder = self.root / EVIDENCE / model_sha256 / sha256[:2]
        return folder / f"{sha256}.png", folder / f"{sha256}{_TYPES}"

    def _drawn_path(self, sha256: str, mask_sha256: str) -> Path:
        _require_hash("photo", sha256)
        _require_hash("mask", mask_sha256)
        return self.root / CORRECTIONS / sha256[:2] / f"{sha256}.{mask_sha256}.png"

    def _existing(self, path: Path) -> Path:
        if not path.is_file():
            raise NotFound("photo_gone", sha256=path.name[:12], folder=self.root)
        return path

    def _read(self, path: Path) -> bytes:
        try:
            return path.read_bytes()
        except FileNotFoundError:
            raise NotFound("photo_gone", sha256=path.name[:12], folder=self.root) from None
        except OSError as error:
            raise StorageError("photo_unreadable", file=path, why=error.strerror) from None

    def _write(self, path: Path, content: bytes, *, replace: bool = False) -> Path:
        try:
            # A file of another length is the rest of a damaged disk: it is written anew.
            if not replace and path.is_file() and path.stat().st_size == len(content):
                return path
            _make_folder(path.parent, self.root)
            _write_whole(path, content)
        except OSError as error:
            raise self._cannot_be_written(error) from None
        return path

    def _cannot_be_written(self, error: OSError) -> StorageError:
        return writing_failed(error)("photos_read_only", folder=self.root, why=error.strerror)


def _is_older(path: Path, moment: float) -> bool:
    with contextlib.suppress(OSError):
        return path.lstat().st_mtime < moment
    return False


def _require_hash(what: str, sha256: str) -> None:
    if not _SHA256.fullmatch(sha256):
        raise NotFound("no_sha256", text=sha256[:80], what=what)


def _make_folder(folder: Path, root: Path) -> None:
    if folder.is_dir():
        return
    private_folder(folder)
    # The name of a new folder stands in its parent: without this a power cut could forget it.
    while folder != root.parent:
        folder = folder.parent
        _flush_folder(folder)


def _write_whole(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=f"{_TEMPORARY}{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
    _flush_folder(path.parent)


def _flush_folder(folder: Path) -> None:
    # Windows cannot open a folder; its rename is flushed by the file system itself.
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
