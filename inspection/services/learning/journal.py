"""What stands on disk of learning under way, for whoever goes on with it, cancels it or looks.

learning/run.lock   held while a process learns
learning/run.json   who began it, from which model, how far it is, and what came of it
learning/cancel     somebody does not want it any more
learning/work/      photos, panels and fits: all that is needed to go on
learning/log.txt    what a process that a page started has said
"""

import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter, ValidationError

from inspection.config import Settings
from inspection.errors import Conflict, InspectionError, writing_failed
from inspection.storage.private import Claim, private_folder, write_private

# Whoever only asks whether the lock is held holds it for a moment.
_PATIENCE_S, _AGAIN_S = 3.0, 0.05


@dataclass(frozen=True, slots=True)
class Journal:
    """One run, or what came of it.

    model, model_sha256: what it began from. photos, bodies: learnt from. step: what is done now
    (`STEPS`); fit: which part of the cross-validation, from 1; done, of: how far the step is.
    candidate: name of the new model folder, verdict: of `paired`; error: why there is none.
    """

    who: str
    begun_at: datetime
    model: str
    model_sha256: str
    photos: int
    bodies: int
    step: str = "starting"
    fit: int = 0
    done: int = 0
    of: int = 0
    is_over: bool = False
    candidate: str = ""
    verdict: str = ""
    error: Mapping[str, object] | None = None

    @property
    def trouble(self) -> InspectionError | None:
        return InspectionError.from_json(self.error) if self.error else None


# In their order; "fold" and "look" come once for each part of the cross-validation.
STEPS = ("starting", "pairs", "panels", "served", "fold", "look", "final", "release", "golden")
_JOURNAL = TypeAdapter(Journal)


class Folder:
    """The folder of an installation; nothing is made before something is written."""

    def __init__(self, settings: Settings) -> None:
        self.path = settings.data_dir / "learning"
        self.work, self.log = self.path / "work", self.path / "log.txt"
        self._journal, self._cancel = self.path / "run.json", self.path / "cancel"
        self._lock = self.path / "run.lock"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Be the one process that learns; Conflict while another one does, StorageError where the
        data folder cannot be written."""
        try:
            private_folder(self.path)
            give_up = time.monotonic() + _PATIENCE_S
            while (claim := Claim.take(self._lock)) is None and time.monotonic() < give_up:
                time.sleep(_AGAIN_S)
        except OSError as error:
            raise self._not_written(error) from None
        if claim is None:
            raise Conflict("learn_under_way")
        try:
            yield
        finally:
            claim.release()

    def is_held(self) -> bool:
        """Whether a process learns right now."""
        if not self._lock.exists():
            return False
        try:
            claim = Claim.take(self._lock)
        except OSError:
            return False
        if claim is None:
            return True
        claim.release()
        return False

    def read(self) -> Journal | None:
        """None where there is no run, or its journal cannot be read."""
        try:
            return _JOURNAL.validate_json(self._journal.read_bytes())
        except (OSError, ValidationError, ValueError):
            return None

    def write(self, journal: Journal) -> None:
        """Whole or not at all; raises StorageError where it cannot be."""
        content = json.dumps(_JOURNAL.dump_python(journal, mode="json"))
        partial = self._journal.with_suffix(".part")
        try:
            write_private(partial, content.encode())
            os.replace(partial, self._journal)
        except OSError as error:
            raise self._not_written(error) from None

    @property
    def is_cancelled(self) -> bool:
        return self._cancel.exists()

    def cancel(self) -> None:
        """Ask the process that learns to give up; it does after the step under way."""
        try:
            write_private(self._cancel)
        except OSError as error:
            raise self._not_written(error) from None

    def forget_cancel(self) -> None:
        self._cancel.unlink(missing_ok=True)

    def forget_work(self) -> None:
        shutil.rmtree(self.work, ignore_errors=True)

    def forget(self) -> None:
        """Take away all that a run has left, what came of it included, but for what it said."""
        self.forget_work()
        for file in (self._journal, self._cancel):
            file.unlink(missing_ok=True)

    def _not_written(self, error: OSError) -> InspectionError:
        return writing_failed(error)("learn_not_written", folder=self.path, why=error.strerror)
