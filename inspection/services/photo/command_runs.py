"""Commands over many photos that can be gone on with after they were ended.

    commands/ASKED.lock   held while the command runs
    commands/ASKED.json   under which key its photos are logged, and since when

ASKED is a hash of what was asked: the same command again finds what it began. Which photos are
done stands in the log alone: each is logged under a request id that follows from the run, its
place and its bytes, so that the photo which was logged just before a kill is known as well.
"""

import contextlib
import hashlib
import json
import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from inspection.errors import Conflict, StorageError, writing_failed
from inspection.services.station import Station
from inspection.storage.private import Claim, private_folder, write_private

# Whoever asks the same after weeks means new photos of the same names.
LONGEST_PAUSE = timedelta(days=7)


@dataclass(slots=True)
class CommandRun:
    """One command under way. key: names the run; begun_at: of the first try.

    is_resumed: a run that was ended is gone on with. is_done: set by whoever runs it once no photo
    is left; the next command then begins anew.
    """

    key: str
    begun_at: datetime
    is_resumed: bool = False
    is_done: bool = False

    def request_id(self, place: str, content: bytes) -> str:
        """Under which a photo is logged: the same file in the same run has the same one."""
        parts = (self.key, place, hashlib.sha256(content).hexdigest())
        return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


@contextmanager
def command_run(
    station: Station, asked: Mapping[str, object], *, anew: bool = False
) -> Iterator[CommandRun]:
    """Begin the run of what was asked, or go on with it where it was ended.

    asked: everything that makes two commands the same, ready for JSON. anew: forget what was
    ended. Raises Conflict while the same command runs elsewhere, StorageError where the data
    folder cannot be written.
    """
    written = json.dumps(asked, sort_keys=True).encode("utf-8", "surrogatepass")
    name = hashlib.sha256(written).hexdigest()[:32]
    folder = station.settings.data_dir / "commands"
    try:
        private_folder(folder)
        claim = Claim.take(folder / f"{name}.lock")
    except OSError as error:
        raise _not_kept(error, folder) from None
    if claim is None:
        raise Conflict("command_running")
    journal = folder / f"{name}.json"
    try:
        run = None if anew else _ended(journal)
        if run is None:
            run = CommandRun(uuid.uuid4().hex, datetime.now(UTC))
            _keep(journal, run)
        yield run
        if run.is_done:
            journal.unlink(missing_ok=True)
    finally:
        claim.release(remove=True)


def _ended(journal: Path) -> CommandRun | None:
    """The run that a journal names; None where there is none that could be gone on with."""
    # A torn journal, or one of another version: the log itself refuses photos twice.
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        content = json.loads(journal.read_text(encoding="utf-8"))
        begun_at = datetime.fromisoformat(content["begun_at"])
        if datetime.now(UTC) - begun_at < LONGEST_PAUSE:
            return CommandRun(str(content["key"]), begun_at, is_resumed=True)
    return None


def _keep(journal: Path, run: CommandRun) -> None:
    content = {"key": run.key, "begun_at": run.begun_at.isoformat()}
    partial = journal.with_suffix(".part")
    try:
        write_private(partial, json.dumps(content).encode())
        os.replace(partial, journal)
    except OSError as error:
        raise _not_kept(error, journal.parent) from None


def _not_kept(error: OSError, folder: Path) -> StorageError:
    return writing_failed(error)("command_not_kept", folder=folder, why=error.strerror)
