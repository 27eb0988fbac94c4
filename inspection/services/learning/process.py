"""Learning as a page sees it: begun in a process of its own, watched, cancelled, gone on with.

The process ends with the server, whose end of its pipe closes however the server ends; what it has
learnt by then is kept, and the next one goes on with it.
"""

import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from typing import Literal

from inspection.config import REPOSITORY
from inspection.domain.letters import name_of_person
from inspection.errors import (
    Conflict,
    DecisionRefused,
    InspectionError,
    TrainingError,
    writing_failed,
)
from inspection.services.learning.journal import Folder, Journal
from inspection.services.learning.readiness import photos_to_learn_from
from inspection.services.station import Station
from inspection.storage.private import private_folder, write_private

# The least that a process can be served, behind every inspection.
NICENESS = 19
# The option by which the command ends with whoever started it.
WITH_PARENT = "--with-parent"


@dataclass(frozen=True, slots=True)
class LearningState:
    """How learning stands. journal: of the run, None before a process has written it and where
    there is no run. is_cancelled: it was asked to give up. trouble: why nothing came of it."""

    kind: Literal["idle", "under_way", "interrupted", "over"]
    journal: Journal | None = None
    is_cancelled: bool = False
    trouble: InspectionError | None = None


_children: dict[str, "subprocess.Popen[bytes]"] = {}
_beginning = threading.Lock()


def state(station: Station) -> LearningState:
    """How learning stands in this installation, whichever process does it."""
    folder = Folder(station.settings)
    child = _children.get(_key(station))
    is_alive = child is not None and child.poll() is None
    journal = folder.read()
    if is_alive or folder.is_held():
        # Until the process has begun, the journal is that of the run before.
        begun = None if journal is None or journal.is_over else journal
        return LearningState("under_way", begun, folder.is_cancelled)
    if journal is None:
        if child is None or child.returncode == 0:
            return LearningState("idle")
        error = TrainingError("learn_ended", exit=child.returncode, file=folder.log)
        return LearningState("over", trouble=error)
    if not journal.is_over:
        return LearningState("interrupted", journal, trouble=journal.trouble)
    return LearningState("over", journal, trouble=journal.trouble)


def begin(station: Station, who: str) -> None:
    """Start the process that learns, or goes on with what was ended.

    Raises what `photos_to_learn_from` says, DecisionRefused without a name, and Conflict while
    learning is under way.
    """
    who = name_of_person(who, DecisionRefused, field="who")
    folder = Folder(station.settings)
    with _beginning:
        now = state(station)
        if now.kind == "under_way":
            raise Conflict("learn_under_way")
        if now.kind != "interrupted":
            photos_to_learn_from(station)
            folder.forget()
        try:
            private_folder(folder.path)
            folder.forget_cancel()
            write_private(folder.log)
            with folder.log.open("ab") as log:
                _children[_key(station)] = _start(who, log.fileno())
        except OSError as error:
            raise writing_failed(error)(
                "learn_not_written", folder=folder.path, why=error.strerror
            ) from None


def cancel(station: Station) -> None:
    """Ask the process to give up: what it has learnt goes as well."""
    Folder(station.settings).cancel()


def give_up(station: Station) -> None:
    """Let go of what an ended run has left, or of what came of one; a new model stays.

    Raises Conflict while learning is under way.
    """
    folder = Folder(station.settings)
    with folder.held():
        folder.forget()
    _children.pop(_key(station), None)


def _start(who: str, log: int) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-P", "-m", "inspection", "improve", WITH_PARENT, f"--who={who}"]
    searched = [str(REPOSITORY), *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.Popen(
        command,
        # Nothing is ever written into it; that it closes is all that is said.
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=log,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(searched)},
    )


def _key(station: Station) -> str:
    return str(station.settings.data_dir)
