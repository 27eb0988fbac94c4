"""One watched folder: what arrives in it is inspected, logged and moved beside.

    FOLDER/NAME              arrives; it is taken once nothing about it has changed for a while
    FOLDER/done/NAME         inspected, by this folder or before
    FOLDER/refused/NAME      cannot be used; NAME.txt beside it says why
    FOLDER/.inspection-watched   who watches, while somebody does (`folder_lock`)

Nothing else is kept: a file is moved after its record is committed, so a file that a kill left
behind is known to the log by its hash and is moved without a second record. The folder is looked
through again and again, because shares of other machines tell nothing of what arrives there.
"""

import contextlib
import errno
import hashlib
import itertools
import os
import stat
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from inspection.config import HotFolderSettings
from inspection.domain.inspections import Subject
from inspection.domain.letters import inert_name
from inspection.errors import Conflict, InspectionError, StorageError, UnreadableImage
from inspection.i18n import error_sentence, translator
from inspection.imaging import photo_folders
from inspection.imaging.gate import MAX_FILE_BYTES
from inspection.services.intake.folder_lock import watched_alone
from inspection.services.photo.batches import Order, Outcome, inspect_order
from inspection.services.station import Station
from inspection.storage.private import FILE_MODE, Claim, private_folder

DONE, REFUSED = "done", "refused"
# What the settings say of every photo of a folder.
_FIELDS = ("vehicle_model", "panel", "colour", "station", "line")
SOURCE = "hot_folder"
# A file that the gate refuses may be one whose second half is still to come, or one to which a
# copy gave its size before its bytes: it is looked at again, later and later, before it is moved.
LOOKS_AT_A_REFUSED = 3
# Of a file's own: another look would find the same.
_FINAL = {"foreign_format", "too_large", "sides_pixels", "sides_least", "sides_most", "frames"}
# How often an inspection that failed is tried, and how long trouble that every photo would meet
# is waited out.
_TRIES = 3
_PAUSE_S = 30.0
_LONGEST_PAUSE_S = 600.0
# What Linux gives a name; the reason's name is that of its file with this behind it.
_MOST_NAME_BYTES = 255
_REASON_SUFFIX = ".txt"


@dataclass(frozen=True, slots=True)
class FolderState:
    """How a watched folder stands.

    waiting: files that have arrived and are not taken yet. counts: outcomes since it is watched,
    by `Outcome.kind`. last_at: of the last outcome (UTC). trouble: why nothing is taken at the
    moment, or why one of the files is not; None while all is well.
    """

    name: str
    folder: Path
    waiting: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    last_at: datetime | None = None
    trouble: InspectionError | None = None


@dataclass(slots=True)
class _Arrived:
    """A file as it was last seen. facts: size and time of change; since: when they were new.

    pause_s: how long they must not change. unread: how often it could not be read. outcome: what
    became of it, where only the move failed. trouble: why it stays here while others are taken.
    """

    facts: tuple[int, int]
    since: float
    pause_s: float
    tries: int = 0
    unread: int = 0
    outcome: Outcome | None = None
    trouble: InspectionError | None = None


class HotFolder:
    """A folder under watch. One thread looks; `state` may be asked by others.

    name: how people call it. tell: told of each photo that is done with. tell_trouble: of trouble
    that was not there at the look before. clock: seconds.
    """

    def __init__(
        self,
        station: Station,
        name: str,
        where: HotFolderSettings,
        *,
        inspector: str = "",
        tell: Callable[[Outcome], object] = lambda outcome: None,
        tell_trouble: Callable[[InspectionError], object] = lambda error: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._station, self._where = station, where
        self._inspector = inspector
        self._tell, self._tell_trouble, self._clock = tell, tell_trouble, clock
        self._told_trouble = ""
        self._files: dict[str, _Arrived] = {}
        self._rests_until = -float("inf")
        self._state = FolderState(name, where.folder)
        # Asked of the lock while the folder is watched.
        self._is_held: Callable[[], bool] = lambda: True

    @property
    def state(self) -> FolderState:
        return self._state

    def watch(self, ended: threading.Event, *, once: bool = False) -> None:
        """Look again and again until `ended`, or with `once` until nothing more can be taken.

        Raises Conflict where another process watches the folder or has taken it over,
        SubjectRefused where its settings name what the plant does not have: photos are not refused
        for that.
        """
        with self._held():
            self._subject()
            while not ended.is_set():
                self._refuse_lost()
                self.look(ended)
                if once and (self._rests or all(one.trouble for one in self._files.values())):
                    return
                ended.wait(self._where.every_seconds)

    def _refuse_lost(self) -> None:
        if not self._is_held():
            raise Conflict("hot_folder_lost", name=self._state.name)

    def look(self, ended: threading.Event | None = None) -> None:
        """Look through the folder once, and take what is ready, the oldest first.

        Trouble is no error here: `state` tells it, and the next look tries again.
        """
        if self._rests:
            return
        try:
            arrived = self._listed()
            self._files = {name: one for name, one in self._files.items() if name in arrived}
            trouble = self._trouble_of_files()
            self._state = replace(self._state, waiting=len(arrived), trouble=trouble)
            ready = [name for name, facts in arrived.items() if self._is_ready(name, facts)]
            for name in ready:
                if ended and ended.is_set():
                    return
                if not self._is_held():
                    # `watch` says so before its next look.
                    return
                self._take(name, self._files[name])
        except OSError as error:
            self._rest(self._trouble(error))
        except InspectionError as error:
            self._rest(error.anew())
        else:
            self._show(self._trouble_of_files())

    def say_trouble(self, error: InspectionError) -> None:
        """Let `state` tell why the folder is not watched."""
        self._state = replace(self._state, trouble=error.anew())

    # --- which files ---

    def _listed(self) -> dict[str, tuple[int, int]]:
        """Photos in the folder by name with size and time of change (ns), the oldest first."""
        found = {}
        with os.scandir(self._where.folder) as entries:
            for entry in entries:
                is_photo = photo_folders.is_photo_name(entry.name)
                if not is_photo or photo_folders.companion_reason(entry.name):
                    continue
                # A link may lead anywhere, and what it leads to would stay behind.
                with contextlib.suppress(OSError):
                    if entry.is_file(follow_symlinks=False):
                        found[entry.name] = _facts(entry.stat(follow_symlinks=False))
        return dict(sorted(found.items(), key=lambda one: (one[1][1], one[0])))

    def _is_ready(self, name: str, facts: tuple[int, int]) -> bool:
        """Whether nothing about a file has changed for long enough.

        By this machine's clock alone: a share has another one, and a copy keeps old times.
        """
        known = self._files.get(name)
        if known is None or known.facts != facts:
            self._files[name] = _Arrived(facts, self._clock(), self._where.settle_seconds)
            return False
        return self._clock() - known.since >= known.pause_s

    def _take(self, name: str, file: _Arrived) -> None:
        """Inspect one file and move it; one that is not done with waits for a later look."""
        path = self._where.folder / name
        if file.outcome is None:
            try:
                content = photo_folders.read_file(path, MAX_FILE_BYTES + 1)
                facts = _facts(path.lstat())
            except OSError as error:
                # Held by the program that writes it, or gone; or never to be read by us.
                file.unread += 1
                if file.unread >= _TRIES:
                    file.trouble = self._trouble(error, name)
                self._wait(file, _PAUSE_S)
                return
            file.unread, file.trouble = 0, None
            if facts != file.facts:
                return
            outcome = self._inspected(name, content)
            if not self._is_settled(file, outcome):
                return
            file.outcome = outcome
        try:
            # Another photo of this name may have come meanwhile: the next look sees it as new.
            # One that somebody took away is logged all the same.
            with contextlib.suppress(FileNotFoundError):
                if _facts(path.lstat()) == file.facts:
                    self._move(path, file.outcome)
        except OSError as error:
            file.trouble = self._trouble(error, name)
            self._wait(file, _PAUSE_S)
            return
        del self._files[name]
        self._count(file.outcome)

    def _inspected(self, name: str, content: bytes) -> Outcome:
        """What became of a photo; raises what the next one would meet as well."""
        subject = self._subject()
        order = Order(
            name,
            lambda: content,
            subject,
            # The rest follows what the photo says of itself: its name, EXIF, labels.
            typed=tuple(one for one in _FIELDS if getattr(subject, one)),
            mm_per_px=self._where.mm_per_px,
            scale_source="station",
            source=SOURCE,
        )
        outcome, goes_on = inspect_order(self._station, order, patient=True)
        if not goes_on and outcome.error:
            raise outcome.error
        return outcome

    def _subject(self) -> Subject:
        known = {name: getattr(self._where, name) for name in _FIELDS}
        subject = Subject(**known, inspector=self._inspector)
        self._station.refuse_unknown(subject)
        return subject

    def _is_settled(self, file: _Arrived, outcome: Outcome) -> bool:
        """Whether a file is done with; one that may fare better later is left to wait."""
        file.tries += 1
        if outcome.kind == "failed" and file.tries < _TRIES:
            self._wait(file, _PAUSE_S * 2**file.tries)
            return False
        error = outcome.error
        is_unsure = isinstance(error, UnreadableImage) and error.code not in _FINAL
        if outcome.kind == "refused" and is_unsure and file.tries < LOOKS_AT_A_REFUSED:
            self._wait(file, self._where.settle_seconds * 2**file.tries)
            return False
        return True

    def _wait(self, file: _Arrived, pause_s: float) -> None:
        file.since, file.pause_s = self._clock(), min(pause_s, _LONGEST_PAUSE_S)

    @property
    def _rests(self) -> bool:
        return self._clock() < self._rests_until

    def _rest(self, trouble: InspectionError) -> None:
        """Take nothing for a while: every photo would meet the same."""
        self._rests_until = self._clock() + _PAUSE_S
        self._show(trouble)

    def _show(self, trouble: InspectionError | None) -> None:
        self._state = replace(self._state, trouble=trouble)
        told, self._told_trouble = self._told_trouble, str(trouble or "")
        if trouble and self._told_trouble != told:
            self._tell_trouble(trouble)

    def _trouble(self, error: OSError, file: str = "") -> StorageError:
        why = error.strerror or type(error).__name__
        if file:
            why = f"{inert_name(file)}: {why}"
        return StorageError("hot_folder_trouble", name=self._state.name, why=why)

    def _trouble_of_files(self) -> InspectionError | None:
        return next((one.trouble for one in self._files.values() if one.trouble), None)

    def _count(self, outcome: Outcome) -> None:
        self._state = replace(
            self._state,
            waiting=max(0, self._state.waiting - 1),
            counts=Counter(self._state.counts) + Counter([outcome.kind]),
            last_at=datetime.now(UTC),
        )
        self._tell(outcome)

    # --- moving ---

    def _move(self, path: Path, outcome: Outcome) -> None:
        """Put a file into the folder of its outcome; raises OSError where that cannot be."""
        is_done = outcome.kind in ("inspected", "known")
        folder = self._where.folder / (DONE if is_done else REFUSED)
        if folder.is_symlink():
            # It may lead anywhere, and was put there by whoever may write here.
            raise OSError(errno.ENOTDIR, f"{folder.name} is a link, not a folder", str(folder))
        if not folder.is_dir():
            folder.mkdir(exist_ok=True)
            # Whoever reads and empties the watched folder does so with these two.
            with contextlib.suppress(OSError):
                folder.chmod(stat.S_IMODE(self._where.folder.stat().st_mode))
        reason = None if is_done else self._reason(path.name, outcome)
        target = self._free(folder, path.name, reason)
        if reason is not None:
            # Before the move: a kill in between leaves the file here, to be refused once more.
            _write_reason(path, target, reason)
        path.rename(target)

    def _free(self, folder: Path, name: str, reason: bytes | None) -> Path:
        """A place that nothing has, with room for the reason beside it where there is one.

        The file's own name, on a collision with the time behind it; cut where it would be too long.
        """
        stem, suffix = os.path.splitext(name)
        now = datetime.now(self._station.calendar.zone)
        later = (f"_{now:%Y%m%d_%H%M%S}{f'_{n}' if n > 1 else ''}" for n in itertools.count(1))
        most = _MOST_NAME_BYTES - (0 if reason is None else len(_REASON_SUFFIX))
        places = (folder / _cut(stem, end + suffix, most) for end in itertools.chain([""], later))
        return next(place for place in places if _is_free(place, reason))

    def _reason(self, name: str, outcome: Outcome) -> bytes:
        t = translator(self._station.settings.language)
        error = outcome.error or InspectionError("not_inspected_fault", name=inert_name(name))
        sentence = error_sentence(t, error, self._station.calendar.zone)
        return f"{sentence}\n".encode(errors="replace")

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Watch alone: two at once would move each other's files away."""
        data_dir = self._station.settings.data_dir
        folder = data_dir / "watched"
        place = os.fsencode(os.path.realpath(self._where.folder))
        try:
            private_folder(folder)
            claim = Claim.take(folder / f"{hashlib.sha256(place).hexdigest()[:32]}.lock")
        except OSError as error:
            raise self._trouble(error) from None
        if claim is None:
            raise Conflict("hot_folder_taken", name=self._state.name)
        try:
            with ExitStack() as held:
                try:
                    self._is_held = held.enter_context(
                        watched_alone(self._where.folder, self._state.name, data_dir)
                    )
                except OSError as error:
                    raise self._trouble(error) from None
                yield
        finally:
            self._is_held = lambda: True
            claim.release(remove=True)


def _facts(facts: os.stat_result) -> tuple[int, int]:
    """Size and time of change (ns)."""
    return facts.st_size, facts.st_mtime_ns


def _cut(stem: str, rest: str, most_bytes: int) -> str:
    """A name of at most so many bytes: `stem` loses letters at its end, `rest` none."""
    while stem and len(os.fsencode(stem + rest)) > most_bytes:
        stem = stem[:-1]
    return stem + rest


def _beside(target: Path) -> Path:
    return target.with_name(target.name + _REASON_SUFFIX)


def _is_free(target: Path, reason: bytes | None) -> bool:
    """Whether a file, and its reason where there is one, can be put there over nothing else."""
    if os.path.lexists(target):
        return False
    return reason is None or not os.path.lexists(_beside(target)) or _says(target, reason)


def _says(target: Path, reason: bytes) -> bool:
    """Whether this very reason stands there already: from before a kill, or of an earlier try."""
    beside = _beside(target)
    try:
        return not beside.is_symlink() and reason == photo_folders.read_file(
            beside, len(reason) + 1
        )
    except OSError:
        return False


def _write_reason(path: Path, target: Path, reason: bytes) -> None:
    """Put the reason beside the place of a file, for whoever may read the file."""
    if _says(target, reason):
        return
    # Only ever a new file: a link of that name is not followed.
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    handle = os.open(_beside(target), flags, FILE_MODE)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(reason)
            if sys.platform != "win32":
                with contextlib.suppress(OSError):
                    os.fchmod(handle, stat.S_IMODE(path.lstat().st_mode))
    except OSError:
        # Half a reason would keep its name from the next try.
        with contextlib.suppress(OSError):
            _beside(target).unlink()
        raise
