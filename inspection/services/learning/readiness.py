"""Whether the model can learn from the plant's photos here and now, or what is missing."""

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

from inspection.config import Settings
from inspection.domain.learning.folds import LEAST_BODIES, LEAST_PHOTOS, Readiness
from inspection.domain.learning.folds import readiness as readiness_of
from inspection.errors import DiskFull, InspectionError, NotFound, StorageError, TrainingError
from inspection.services.active_model import choice_of
from inspection.services.model.learned import bodies_learnt, body_code
from inspection.services.station import Station
from inspection.storage.correcting.records import CorrectedPhoto, corrected_photos

# What a line PC is installed without: the extra `train` of pyproject.toml.
LIBRARIES = ("keras", "tensorflow")
# Beside the photos, which are copied: panels, checkpoints, the new model.
_ROOM_BYTES = 1_000_000_000


def readiness(station: Station) -> Readiness:
    """How many corrected photos of how many bodies there are."""
    return readiness_of([photo.body for photo in corrected_photos(station.engine)])


def missing_libraries() -> tuple[str, ...]:
    """The libraries for training that are not installed; none of them is loaded for it."""
    return tuple(name for name in LIBRARIES if find_spec(name) is None)


def photos_to_learn_from(station: Station) -> tuple[CorrectedPhoto, ...]:
    """The corrected photos, once nothing speaks against learning from them now.

    Raises TrainingError where libraries or corrected photos are missing, or where the model in use
    has learnt from all of their bodies before, StorageError where photos
    are gone from the disk or the models' folder cannot be written, DiskFull where there is no room.
    """
    if missing := missing_libraries():
        raise TrainingError("library_missing", name=missing[0])
    photos = corrected_photos(station.engine)
    ready = readiness_of([photo.body for photo in photos])
    if not ready.is_enough:
        raise TrainingError(
            "learn_too_few",
            photos=ready.photos,
            bodies=ready.bodies,
            least_photos=LEAST_PHOTOS,
            least_bodies=LEAST_BODIES,
        )
    base = choice_of(station.settings, station.engine).folder
    learnt = learnt_before(base)
    if all(body_code(photo.body) in learnt for photo in photos):
        raise TrainingError("learn_nothing_new", name=base.name, bodies=ready.bodies)
    size = _size_of(station, photos)
    _refuse_no_room(station.settings, 2 * size + _ROOM_BYTES)
    return photos


def learnt_before(base: Path) -> frozenset[str]:
    """Codes of the bodies that a model folder says to have learnt from; none where it cannot be
    read, which the run refuses by itself."""
    from models.card import read_card

    try:
        return bodies_learnt(read_card(base))
    except (InspectionError, OSError):
        return frozenset()


def _size_of(station: Station, photos: tuple[CorrectedPhoto, ...]) -> int:
    """Bytes of the photos; StorageError where some are not there."""
    size, gone = 0, []
    for photo in photos:
        try:
            size += station.photos.original_path(photo.photo_sha256).stat().st_size
        except (NotFound, OSError):
            gone.append(photo.inspection_id)
    if gone:
        raise StorageError("learn_photos_missing", n=len(gone), of=len(photos), number=gone[0])
    return size


def _refuse_no_room(settings: Settings, needed: int) -> None:
    if not os.access(settings.models_dir, os.W_OK):
        raise StorageError("learn_models_folder", folder=settings.models_dir)
    for folder in (settings.data_dir, settings.models_dir):
        free = shutil.disk_usage(folder).free
        if free < needed:
            raise DiskFull("learn_disk", folder=folder, free=free / 1e9, needed=needed / 1e9)
