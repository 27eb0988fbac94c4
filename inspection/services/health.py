"""Is this installation sound: settings, folders, database, roll-up, audit chain, photos, model.

Used by `doctor` and by the Settings page. Looks only: nothing is made, moved or repaired, but for
the roll-up, and that only where a person asks for it.
"""

import shutil
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

from inspection.config import Settings
from inspection.domain.acceptance_rules import load_spec
from inspection.domain.numbers import counted
from inspection.domain.panels import load_bodies
from inspection.errors import InspectionError
from inspection.services.active_model import served_choice
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
_PREPARE = "run `python -m inspection prepare`"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. name: a code; sentence: what was found, and the cure."""

    name: str
    passed: bool
    sentence: str


Outcome = tuple[bool, str]


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


def _look(name: str, check: Callable[[], Outcome]) -> Check:
    try:
        passed, sentence = check()
    except InspectionError as error:
        passed, sentence = False, str(error)
    except Exception as error:
        # Whatever is wrong with one part, the person must hear about the others too.
        traceback.print_exc()
        passed = False
        sentence = (
            f"could not be checked ({type(error).__name__}: {error}); the server's log says more"
        )
    return Check(name, passed, sentence)


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


def _settings(settings: Settings) -> Outcome:
    calendar = settings.calendar()
    missing = [
        f"{name} ({folder})"
        for name, folder in settings.photo_folders.items()
        if not folder.is_dir()
    ]
    if missing:
        return False, (
            f"photo folders that do not exist: {', '.join(missing)}; make them or change "
            "photo_folders"
        )
    if not settings.lines or not settings.stations:
        return False, "no line or no station is set; name at least one of each"
    shifts = ", ".join(f"{code} {start}" for code, start in settings.shifts.items())
    return True, f"shifts {shifts} in {calendar.timezone}, {len(settings.lines)} lines"


def _data_folder(folder: Path) -> Outcome:
    if not folder.is_dir():
        return False, f"{folder}: the data folder does not exist; {_PREPARE}"
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return False, (
            f"{folder}: cannot be written ({error.strerror}); make it writable for this user or "
            "set INSPECTION_DATA_DIR to another folder"
        )
    return True, f"{folder} can be written"


def _disk(folder: Path) -> Outcome:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    free_gb = shutil.disk_usage(folder).free / 1e9
    if free_gb < LEAST_FREE_GB:
        return False, (
            f"{free_gb:.1f} GB free, at least {LEAST_FREE_GB} GB are wanted; free space or set "
            "INSPECTION_DATA_DIR to a larger disk"
        )
    return True, f"{free_gb:.0f} GB free"


def _room(folder: Path) -> Outcome:
    free_mb = shutil.disk_usage(folder).free / 2**20
    if free_mb < LEAST_ROOM_MB:
        return False, (
            f"the disk of the data folder {folder} is full ({free_mb:.0f} MB free); free space, "
            "photos are refused meanwhile"
        )
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            # A quota is met only by writing.
            file.write(bytes(2**16))
    except OSError as error:
        return False, (
            f"the data folder {folder} cannot be written ({error.strerror}); free space or make it "
            "writable for this user"
        )
    return True, f"{free_mb:.0f} MB free"


def _undamaged(url: str) -> Outcome:
    damage = last_damage(url)
    return not damage, damage


def _database(engine: Engine) -> Outcome:
    state = engine_state(engine)
    if state.damage:
        return False, (
            f"{engine.url.database} is damaged ({state.damage}); put the last backup in its place"
        )
    if state.name != "SQLite":
        return True, f"{state.name} {state.version}"
    found = f"SQLite {state.version}, {state.journal_mode}, synchronous {state.synchronous}"
    is_safe = state.journal_mode == "wal" and state.synchronous in ("FULL", "EXTRA")
    if not is_safe or not state.has_foreign_keys:
        return False, (
            f"{found}, foreign keys {'on' if state.has_foreign_keys else 'off'}: a power cut may "
            "lose records; keep the data folder on a local disk and restart"
        )
    return True, f"{found}, quick check passed"


def _schema(engine: Engine) -> Outcome:
    is_newest, found, newest = schema_is_newest(engine)
    if not is_newest:
        return False, f"the schema is {found}, this program needs {newest}; {_PREPARE}"
    return True, f"schema {found} is the newest"


def _dates(engine: Engine, first_day: date) -> Outcome:
    dated = log_list.impossible_dates(engine, first_day, datetime.now(UTC))
    if not dated:
        return True, f"every inspection and photo is dated {first_day} or later, none ahead of now"
    arrived = [one for one in dated if "inspected_at" in one.wrong]
    named = ", ".join(
        f"no. {one.id} ({getattr(one, one.wrong[0]):%Y-%m-%d})"
        for one in (arrived or dated)[:_DATES_NAMED]
    )
    rest = len(arrived or dated) - _DATES_NAMED
    more = f" and {rest} more" if rest > 0 else ""
    if arrived:
        return False, (
            f"{len(arrived)} inspections were logged by a wrong clock and stand on no control "
            f"chart: {named}{more}; set this machine's clock, and first_day where the line is older"
        )
    return True, (
        f"{len(dated)} photos come from a camera with a wrong clock and count by their arrival: "
        f"{named}{more}"
    )


def _daily_count(engine: Engine, progress: Callable[[int, int], object]) -> Outcome:
    differences = counting.check_daily_count(engine, progress)
    if differences:
        first = differences[0]
        return False, (
            f"{counted(len(differences), 'count', 'counts')} against the log, first "
            f"{first.where} {first.key}: {first.stored} instead of {first.from_rows}; put the last "
            "backup in its place, or run `python -m inspection doctor --rebuild` where only the "
            "roll-up is wrong"
        )
    return True, "the daily roll-up follows from the log"


def _audit(engine: Engine) -> Outcome:
    report = audit.verify_chain(engine)
    return report.is_whole, report.sentence


def _photos(engine: Engine, photos: PhotoFiles) -> Outcome:
    latest = log_list.last_inspections(engine, LATEST_INSPECTIONS)
    wrong = {}
    for sha256 in dict.fromkeys(latest["photo_sha256"]):
        try:
            photos.original(sha256)
            photos.display_path(sha256)
            photos.thumbnail_path(sha256)
        except InspectionError as error:
            wrong[sha256] = str(error)
    if wrong:
        return False, (
            f"{counted(len(wrong), 'photo', 'photos')} of the latest {len(latest)} inspections "
            f"missing or damaged, first: {next(iter(wrong.values()))}; put the photo folder of "
            "the last backup in its place"
        )
    return True, f"the photos of the latest {len(latest)} inspections are whole"


def _leftovers(engine: Engine, photos: PhotoFiles) -> Outcome:
    orphans = sum(1 for _ in photos.unneeded(partial(log_detail.known_photos, engine)))
    refuse_another_logs(photos, orphans)
    left = f"{counted(orphans, 'photo file', 'photo files')} without a record"
    if orphans:
        left += "; the server removes them when it starts"
    event = last_event(engine, FILES_REMOVED)
    if event is None:
        return True, left
    at, removed = event
    files = sum(number for number in removed.values() if isinstance(number, int))
    return True, (
        f"{left}; {counted(files, 'file', 'files')} that nothing needed went at "
        f"{at:%Y-%m-%d %H:%M} UTC"
    )


def _specs(settings: Settings) -> Outcome:
    in_force = load_spec(settings.spec)
    wrong = []
    for name, path in installed_specs(settings).items():
        try:
            load_spec(path)
        except InspectionError as error:
            wrong.append(f"{name}: {error}")
    if wrong:
        return False, "; ".join(wrong)
    mark = ", an example" if in_force.example else ""
    return True, f"{in_force.name} {in_force.version} is in force{mark}"


def _bodies(folder: Path) -> Outcome:
    models = load_bodies(folder).models
    return True, f"{len(models)} vehicle models: {', '.join(model.code for model in models)}"


def _model(settings: Settings, worker: InspectionWorker | None) -> Outcome:
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
        return False, model.error
    return True, f"{model.name} {(model.sha256 or '')[:12]} is whole and gives its golden answer"
