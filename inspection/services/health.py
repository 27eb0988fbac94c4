"""Is this installation sound: settings, folders, database, roll-up, audit chain, photos, model.

Used by `doctor` and by the Settings page. Looks only: nothing is made, moved or repaired, but for
the roll-up, and that only where a person asks for it.
"""

import os
import shutil
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial, reduce
from pathlib import Path

from inspection.config import Settings
from inspection.domain.acceptance_rules import load_spec
from inspection.domain.numbers import counted
from inspection.domain.panels import load_bodies
from inspection.errors import InspectionError, SettingsError, SpecError, StorageError
from inspection.services.active_model import served_choice
from inspection.services.active_spec import served_spec
from inspection.services.housekeeping import FILES_REMOVED, refuse_another_logs
from inspection.services.station import installed_specs
from inspection.services.worker.parent import InspectionWorker
from inspection.storage import audit, counting, log_detail, log_list
from inspection.storage.audit import last_event
from inspection.storage.database import (
    Engine,
    engine_state,
    last_damage,
    open_existing,
    schema_is_newest,
)
from inspection.storage.photo_files import PhotoFiles

# A day's photos of a busy line, with copies and maps, take some gigabytes.
LEAST_FREE_GB = 5
# Less than one large photo needs with its copies and maps.
LEAST_ROOM_MB = 64
LATEST_INSPECTIONS = 50
_DATES_NAMED = 20


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. name: a code; found: facts for who asks, or what is wrong."""

    name: str
    found: str | InspectionError

    @property
    def passed(self) -> bool:
        return isinstance(self.found, str)

    @property
    def sentence(self) -> str:
        """What was found, and the cure, in English."""
        return str(self.found)


def check_installation(
    settings: Settings,
    *,
    worker: InspectionWorker | None = None,
    progress: Callable[[str, int, int], object] = lambda name, done, of: None,
) -> tuple[Check, ...]:
    """Look at every part; one that fails does not stop the others, and nothing is raised.

    worker: the one this process runs already; None starts one for the model's check and ends it.
    Opening the model takes some seconds, checking a roll-up of years some minutes. progress:
    told the name of what is looked at, and how far it is.
    """
    counting = partial(progress, "daily_count")
    with _Log(settings) as log:
        return (
            _look("settings", lambda: _settings(settings)),
            _look("data_folder", lambda: _data_folder(settings.data_dir)),
            _look("disk", lambda: _disk(settings.data_dir)),
            _look("database", lambda: _database(log.engine())),
            _look("schema", lambda: _schema(log.engine())),
            _look("dates", lambda: _dates(log.engine(), settings.first_day)),
            _look("daily_count", lambda: _daily_count(log.engine(), counting)),
            _look("audit", lambda: _audit(log.engine())),
            _look("photos", lambda: _photos(log.engine(), PhotoFiles(settings.photos_dir))),
            _look("leftovers", lambda: _leftovers(log.engine(), PhotoFiles(settings.photos_dir))),
            _look("specs", lambda: _specs(settings)),
            _look("bodies", lambda: _bodies(settings.bodies_dir)),
            _look("model", lambda: _model(settings, worker)),
        )


def urgent_troubles(settings: Settings) -> tuple[str, ...]:
    """What keeps photos from being logged right now: no room on the disk, a damaged database.

    Quick enough to be asked every few seconds: a large database is looked through less often.
    """
    checks = (
        _look("disk", lambda: _room(settings.data_dir)),
        _look("database", lambda: _undamaged(settings.url)),
    )
    return tuple(check.sentence for check in checks if not check.passed)


def rebuild_roll_up(
    settings: Settings, progress: Callable[[int, int], object] = lambda done, of: None
) -> int:
    """Write the daily roll-up anew from the log's rows; answers its number of rows. Audited."""
    with _Log(settings) as log:
        return counting.rebuild_daily_count(log.engine(), progress)


def _look(name: str, check: Callable[[], str]) -> Check:
    """check: answers the facts, or raises what is wrong."""
    try:
        return Check(name, check())
    except InspectionError as error:
        return Check(name, error.anew())
    except Exception as error:
        # Whatever is wrong with one part, the person must hear about the others too.
        traceback.print_exc()
        kind = type(error).__name__
        return Check(name, InspectionError("check_fault", kind=kind, why=error))


class _Log:
    """The log's database, opened when first asked for and closed in the end."""

    def __init__(self, settings: Settings) -> None:
        self._url = settings.url
        self._engine: Engine | None = None

    def __enter__(self) -> "_Log":
        return self

    def __exit__(self, *_: object) -> None:
        if self._engine is not None:
            self._engine.dispose()

    def engine(self) -> Engine:
        if self._engine is None:
            self._engine = open_existing(self._url)
        return self._engine


def _settings(settings: Settings) -> str:
    calendar = settings.calendar()
    missing = [
        f"{name} ({folder})"
        for name, folder in settings.photo_folders.items()
        if not folder.is_dir()
    ]
    if missing:
        raise SettingsError("check_photo_folders", folders=", ".join(missing))
    away = [
        f"{name} ({hot.folder})"
        for name, hot in settings.hot_folders.items()
        if not (hot.folder.is_dir() and os.access(hot.folder, os.W_OK))
    ]
    if away:
        raise SettingsError("check_hot_folders", folders=", ".join(away))
    if not settings.lines or not settings.stations:
        raise SettingsError("check_no_line")
    shifts = ", ".join(f"{code} {start}" for code, start in settings.shifts.items())
    return f"shifts {shifts} in {calendar.timezone}, {len(settings.lines)} lines"


def _data_folder(folder: Path) -> str:
    if not folder.is_dir():
        raise StorageError("check_no_data_folder", folder=folder)
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise StorageError("check_data_folder", folder=folder, why=error.strerror) from None
    return f"{folder} can be written"


def _disk(folder: Path) -> str:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    free_gb = shutil.disk_usage(folder).free / 1e9
    if free_gb < LEAST_FREE_GB:
        raise StorageError("check_disk", free=free_gb, least=LEAST_FREE_GB)
    return f"{free_gb:.0f} GB free"


def _room(folder: Path) -> str:
    free_mb = shutil.disk_usage(folder).free / 2**20
    if free_mb < LEAST_ROOM_MB:
        raise StorageError("check_room", folder=folder, free=free_mb)
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            # A quota is met only by writing.
            file.write(bytes(2**16))
    except OSError as error:
        raise StorageError("check_no_writing", folder=folder, why=error.strerror) from None
    return f"{free_mb:.0f} MB free"


def _undamaged(url: str) -> str:
    if damage := last_damage(url):
        raise damage
    return "whole"


def _database(engine: Engine) -> str:
    state = engine_state(engine)
    if state.damage:
        raise StorageError("check_database_damaged", name=engine.url.database, why=state.damage)
    if state.name != "SQLite":
        return f"{state.name} {state.version}"
    found = f"SQLite {state.version}, {state.journal_mode}, synchronous {state.synchronous}"
    is_safe = state.journal_mode == "wal" and state.synchronous in ("FULL", "EXTRA")
    if not is_safe or not state.has_foreign_keys:
        raise StorageError(
            "check_database_unsafe",
            version=state.version,
            journal=state.journal_mode,
            synchronous=state.synchronous,
            keys="on" if state.has_foreign_keys else "off",
        )
    return f"{found}, quick check passed"


def _schema(engine: Engine) -> str:
    is_newest, found, newest = schema_is_newest(engine)
    if not is_newest:
        raise StorageError("check_schema", found=found, newest=newest)
    return f"schema {found} is the newest"


def _dates(engine: Engine, first_day: date) -> str:
    dated = log_list.impossible_dates(engine, first_day, datetime.now(UTC))
    if not dated:
        return f"every inspection and photo is dated {first_day} or later, none ahead of now"
    arrived = [one for one in dated if "inspected_at" in one.wrong]
    named = ", ".join(
        f"no. {one.id} ({getattr(one, one.wrong[0]):%Y-%m-%d})"
        for one in (arrived or dated)[:_DATES_NAMED]
    )
    rest = len(arrived or dated) - _DATES_NAMED
    more = StorageError("and_more", n=rest) if rest > 0 else ""
    if arrived:
        raise StorageError("check_dates", n=len(arrived), named=named, rest=more)
    return (
        f"{len(dated)} photos come from a camera with a wrong clock and count by their arrival: "
        f"{named}{more}"
    )


def _daily_count(engine: Engine, progress: Callable[[int, int], object]) -> str:
    differences = counting.check_daily_count(engine, progress)
    if differences:
        first = differences[0]
        raise StorageError(
            "check_daily_count",
            n=len(differences),
            where=first.where,
            key=first.key,
            stored=first.stored,
            found=first.from_rows,
        )
    return "the daily roll-up follows from the log"


def _audit(engine: Engine) -> str:
    report = audit.verify_chain(engine)
    if report.fault:
        raise report.fault
    return report.sentence


def _photos(engine: Engine, photos: PhotoFiles) -> str:
    latest = log_list.last_inspections(engine, LATEST_INSPECTIONS)
    wrong = {}
    for sha256 in dict.fromkeys(latest["photo_sha256"]):
        try:
            photos.original(sha256)
            photos.display_path(sha256)
            photos.thumbnail_path(sha256)
        except InspectionError as error:
            wrong[sha256] = error.anew()
    if wrong:
        first = next(iter(wrong.values()))
        raise StorageError("check_photos", n=len(wrong), latest=len(latest), first=first)
    return f"the photos of the latest {len(latest)} inspections are whole"


def _leftovers(engine: Engine, photos: PhotoFiles) -> str:
    orphans = sum(1 for _ in photos.unneeded(partial(log_detail.known_photos, engine)))
    refuse_another_logs(photos, orphans)
    left = f"{counted(orphans, 'photo file', 'photo files')} without a record"
    if orphans:
        left += "; the server removes them when it starts"
    event = last_event(engine, FILES_REMOVED)
    if event is None:
        return left
    at, removed = event
    files = sum(number for number in removed.values() if isinstance(number, int))
    return (
        f"{left}; {counted(files, 'file', 'files')} that nothing needed went at "
        f"{at:%Y-%m-%d %H:%M} UTC"
    )


def _specs(settings: Settings) -> str:
    in_force = served_spec(settings)
    wrong = []
    for name, path in installed_specs(settings).items():
        try:
            load_spec(path)
        except InspectionError as error:
            wrong.append(SpecError("check_spec", name=name, why=error.anew()))
    if wrong:
        raise reduce(
            lambda one, more: SpecError("one_after_the_other", first=one, more=more), wrong
        )
    mark = ", an example" if in_force.example else ""
    return f"{in_force.name} {in_force.version} is in force{mark}"


def _bodies(folder: Path) -> str:
    models = load_bodies(folder).models
    return f"{len(models)} vehicle models: {', '.join(model.code for model in models)}"


def _model(settings: Settings, worker: InspectionWorker | None) -> str:
    if worker is None:
        chosen = served_choice(settings)
        with InspectionWorker(
            chosen.folder,
            choice=lambda: chosen,
            decode_limit_s=settings.decode_seconds,
            memory_limit_mb=settings.worker_memory_mb,
        ) as own:
            return _model(settings, own)
    worker.start()
    model = worker.model
    if model.error:
        raise model.error.anew()
    return f"{model.name} {(model.sha256 or '')[:12]} is whole and gives its golden answer"
