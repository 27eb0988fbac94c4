"""One run: photos written, five folds learnt and compared, all learnt, released as a candidate.

A run that was ended goes on with what stands on disk. The log is asked at the beginning alone:
which photos are learnt from, and from which model, is settled then.
"""

import hashlib
import itertools
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

from inspection.domain.learning.folds import FOLDS
from inspection.domain.learning.paired import Compared, compare
from inspection.domain.learning.plan import Plan
from inspection.domain.letters import name_of_person
from inspection.errors import DecisionRefused, InspectionError, StorageError, TrainingError
from inspection.model_facts import PhotoSource
from inspection.services.active_model import choice_of
from inspection.services.learning.journal import Folder, Journal
from inspection.services.learning.readiness import (
    LIBRARIES,
    learnt_before,
    photos_to_learn_from,
)
from inspection.services.log import training_pairs
from inspection.services.model.golden_set import GoldenFigures, golden_set, measure
from inspection.services.model.learned import Learned, body_code
from inspection.services.station import Station
from inspection.services.worker.parent import InspectionWorker
from inspection.storage.private import private_folder

# A journal written more often would only wear the disk.
_WRITE_EVERY_S = 1.0
_WORKPLACE = ".improving-"
# What would come again, however often the run is gone on with. Anything else, such as a full disk,
# passes: what is learnt by then is kept.
_FINAL = ("learn_nothing_scored", "learn_photo_left_out", "library_missing", "train_loss")
_PLAN = Plan()


class Cancelled(Exception):
    """Nobody wants the run any more; all that it left is gone."""


class Ended(Exception):
    """The process is to end; what is learnt is kept for the next one."""


@dataclass(slots=True)
class _Telling:
    """Keeps the journal up to date and raises where the run is not to go on."""

    folder: Folder
    journal: Journal
    is_ended: Callable[[], bool]
    told: Callable[[Journal], object]
    written_at: float = 0.0

    def __call__(self, step: str, done: int = 0, of: int = 0, fit: int = 0) -> None:
        if self.is_ended():
            raise Ended
        if self.folder.is_cancelled:
            raise Cancelled
        is_new = (step, fit) != (self.journal.step, self.journal.fit)
        self.journal = replace(self.journal, step=step, done=done, of=of, fit=fit)
        self.told(self.journal)
        if is_new or time.monotonic() - self.written_at > _WRITE_EVERY_S:
            self.folder.write(self.journal)
            self.written_at = time.monotonic()


def improve(
    station: Station,
    who: str,
    *,
    anew: bool = False,
    forget_cancel: bool = False,
    is_ended: Callable[[], bool] = lambda: False,
    told: Callable[[Journal], object] = lambda journal: None,
    plan: Plan = _PLAN,
) -> Journal:
    """Let the model in use learn from the corrected photos; answers what came of it.

    A run that was ended is gone on with, unless another model is in use by now; anew: forget it.
    forget_cancel: a word to cancel from before does not count.
    who: asks for it; of a run that is gone on with, who began it. is_ended: asked after each step.
    Raises Ended, Cancelled, what `photos_to_learn_from` says, DecisionRefused without a name,
    Conflict while another process learns.
    """
    folder = Folder(station.settings)
    with folder.held():
        if forget_cancel:
            folder.forget_cancel()
        base = choice_of(station.settings, station.engine).folder
        for left in station.settings.models_dir.glob(f"{_workplace(station)}*"):
            shutil.rmtree(left, ignore_errors=True)
        journal = None if anew else _ended_before(folder, base)
        if journal is None:
            journal = _begun(station, folder, base, who)
        tell = _Telling(folder, journal, is_ended, told)
        try:
            candidate, verdict = _learn(station, base, tell, plan)
        except Ended:
            raise
        except Cancelled:
            folder.forget()
            raise
        except Exception as error:
            refusal = _refusal_of(error, folder)
            is_over = refusal.code in _FINAL
            folder.write(replace(tell.journal, is_over=is_over, error=refusal.as_json()))
            if is_over:
                folder.forget_work()
            raise
        done = replace(tell.journal, is_over=True, candidate=candidate, verdict=verdict)
        folder.write(done)
        folder.forget_work()
        return done


def _workplace(station: Station) -> str:
    """How the folders begin in which a run of this installation releases: others may have the same
    folder of models."""
    data_dir = os.fsencode(os.path.realpath(station.settings.data_dir))
    return f"{_WORKPLACE}{hashlib.sha256(data_dir).hexdigest()[:8]}-"


def _refusal_of(error: Exception, folder: Folder) -> InspectionError:
    if isinstance(error, InspectionError):
        return error
    if isinstance(error, ModuleNotFoundError) and error.name in LIBRARIES:
        return TrainingError("library_missing", name=error.name)
    return TrainingError("learn_failed", kind=type(error).__name__, file=folder.log)


def _ended_before(folder: Folder, base: Path) -> Journal | None:
    """The run that was ended before it was over; None where it began from another model."""
    journal = folder.read()
    if journal is None or journal.is_over:
        return None
    return replace(journal, error=None) if journal.model_sha256 == _sha256(base) else None


def _begun(station: Station, folder: Folder, base: Path, who: str) -> Journal:
    who = name_of_person(who, DecisionRefused, field="who")
    # First, so that what a refusal leaves is not taken for the run before.
    folder.forget()
    photos = photos_to_learn_from(station)
    journal = Journal(
        who=who,
        begun_at=datetime.now(UTC),
        model=base.name,
        model_sha256=_sha256(base),
        photos=len(photos),
        bodies=len({photo.body for photo in photos}),
    )
    folder.write(journal)
    return journal


def _sha256(base: Path) -> str:
    from models.card import check_files, model_sha256, read_card

    card = read_card(base)
    check_files(base, card)
    return model_sha256(card)


# --- the run itself ---


def _learn(station: Station, base: Path, tell: _Telling, plan: Plan) -> tuple[str, str]:
    """(name of the new model folder, its verdict)."""
    photo_set, bodies = _photo_set(station, tell)
    # The libraries for training bring a SQLite of their own; the log is not needed any more.
    station.engine.dispose()
    from models.training.cross_validation import CrossValidation

    learning = CrossValidation(photo_set, bodies, base, tell.folder.work, plan, tell)
    # What the model before has learnt from says nothing about either of the two.
    learnt = learnt_before(base)
    photos = [one for one in learning.run() if body_code(one.body) not in learnt]
    if not photos:
        raise TrainingError("learn_nothing_scored")
    known = learnt | {body_code(body) for body in bodies.values()}
    return _released(station, base, learning.final, tell, plan, compare(photos), known)


def _photo_set(station: Station, tell: _Telling) -> tuple[Path, dict[str, str]]:
    """The photos in the layout for training, and the body of each by its stem."""
    place, listed = tell.folder.work / "set", tell.folder.work / "bodies.json"
    if not listed.is_file():
        _empty(place)
        photos = photos_to_learn_from(station)
        numbers = [photo.inspection_id for photo in photos]
        counted = itertools.count(1)
        pairs, missing = training_pairs.write_pairs(
            station,
            numbers,
            place,
            # Folds are parted by body below; what looks alike needs no place in it.
            lambda detail: "",
            lambda: tell("pairs", next(counted), len(photos)),
        )
        if missing:
            raise StorageError("learn_photo_left_out", n=len(missing), first=missing[0])
        body_of = {photo.inspection_id: photo.body for photo in photos}
        stems = {Path(pair.image).stem: body_of[pair.detail.id] for pair in pairs}
        partial_list = listed.with_suffix(".part")
        partial_list.write_text(json.dumps(stems), encoding="utf-8")
        partial_list.replace(listed)
    bodies: dict[str, str] = json.loads(listed.read_text(encoding="utf-8"))
    tell.journal = replace(tell.journal, photos=len(bodies), bodies=len(set(bodies.values())))
    return place, bodies


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    private_folder(folder)


# --- what came of it ---


def _released(
    station: Station,
    base: Path,
    run: Path,
    tell: _Telling,
    plan: Plan,
    compared: Compared,
    known: frozenset[str],
) -> tuple[str, str]:
    from models.training import plant

    tell("release")
    settings = station.settings
    name = _free_name(settings.models_dir, base.name, date.today())
    source: PhotoSource = {
        "dataset": training_pairs.DATASET,
        "licence": training_pairs.LICENCE,
        "train": tell.journal.photos,
        "val": 0,
        "test": 0,
    }
    with tempfile.TemporaryDirectory(
        dir=settings.models_dir, prefix=_workplace(station)
    ) as workplace:
        place = Path(workplace) / name
        plant.release(run, base, place, plan, source)
        learned = Learned(
            base=base.name,
            base_sha256=tell.journal.model_sha256,
            who=tell.journal.who,
            at=datetime.now(UTC),
            folds=FOLDS,
            compared=compared,
            golden_before=_golden(station, base, tell),
            golden_after=_golden(station, place, tell),
            bodies=tuple(sorted(known)),
        )
        plant.add_learned(place, learned.as_json())
        place.rename(settings.models_dir / name)
    return name, learned.verdict


def _golden(station: Station, model: Path, tell: _Telling) -> GoldenFigures:
    """What a model folder finds of the golden set, through a worker as the line uses it."""
    settings = station.settings
    golden = golden_set(settings, partial(tell, "golden"))
    worker = InspectionWorker(
        model,
        decode_limit_s=settings.decode_seconds,
        memory_limit_mb=settings.worker_memory_mb,
    )
    try:
        return measure(worker, golden, partial(tell, "golden"))
    finally:
        worker.close()


def _free_name(models_dir: Path, base: str, day: date) -> str:
    """`BASE-plant-DAY`, with a number where there is one; what learnt once keeps its first name."""
    stem = f"{base.partition('-plant-')[0]}-plant-{day:%Y-%m-%d}"
    name, number = stem, 1
    while (models_dir / name).exists():
        number += 1
        name = f"{stem}-{number}"
    return name
