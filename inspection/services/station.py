"""The wired parts: one station holds everything that one installation shares."""

import atexit
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from inspection.config import Settings, load_settings
from inspection.domain.acceptance_rules import Spec
from inspection.domain.inspections import Subject, Thresholds
from inspection.domain.panels import BodyCatalogue
from inspection.domain.scale import Scale
from inspection.domain.shifts import PlantCalendar
from inspection.errors import InspectionError, ScaleRefused, SettingsError, SubjectRefused
from inspection.model_facts import Card
from inspection.services.active_bodies import FollowedBodies
from inspection.services.active_model import FollowedChoice
from inspection.services.active_spec import FollowedSpec
from inspection.services.worker.parent import InspectionWorker
from inspection.storage.database import Engine, open_database, prepare
from inspection.storage.photo_files import PhotoFiles
from inspection.storage.private import private_folder

# After which a station that cannot be opened, such as one whose database is not up yet, is tried
# again.
_RETRY_S = 30.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Station:
    """Settings, log, photo files, worker, catalogue and spec of this installation."""

    settings: Settings
    engine: Engine
    photos: PhotoFiles
    worker: InspectionWorker
    bodies_now: FollowedBodies
    spec_in_force: Callable[[], Spec]
    calendar: PlantCalendar

    @property
    def bodies(self) -> BodyCatalogue:
        """The vehicle models with the zones that hold now."""
        return self.bodies_now()

    def look_at_bodies_again(self) -> None:
        """See at once what was changed in the vehicle models' files."""
        self.bodies_now.look_again()

    @property
    def spec(self) -> Spec:
        """The acceptance spec that judges now; take it once for one photo."""
        return self.spec_in_force()

    def thresholds(self) -> Thresholds:
        """The served model's own thresholds, from its card."""
        return thresholds_of(self.worker.model.card)

    def scale_for(
        self, station_code: str, mm_per_px: float | None, source: str = "person"
    ) -> Scale | None:
        """The scale of one photo: what `source` gave, else the fixed station's, else unknown.

        Raises ScaleRefused for a number that no scale can be.
        """
        if mm_per_px is not None:
            return given_scale(mm_per_px, source)
        fixed = self.settings.station_scales.get(station_code)
        return Scale(fixed, "station") if fixed else None

    def refuse_unknown(self, subject: Subject) -> None:
        """Raise SubjectRefused for a car, line or station that this plant does not have.

        Lines and stations are those of the settings; where they name none, any will do.
        """
        self.bodies.refuse_unknown(subject.vehicle_model, subject.panel)
        settings = self.settings
        for name, known in (
            ("line", settings.lines),
            ("station", (*settings.stations, *settings.station_scales)),
        ):
            code = getattr(subject, name)
            if code and known and code not in known:
                raise SubjectRefused(
                    "subject_unknown", field=name, code=code, known=", ".join(dict.fromkeys(known))
                )

    def close(self) -> None:
        self.worker.close()
        self.engine.dispose()


def given_scale(mm_per_px: float, source: str = "person") -> Scale:
    """A scale as it was given; ScaleRefused for a number that no scale can be."""
    try:
        return Scale(mm_per_px, source)
    except ValueError:
        raise ScaleRefused("scale_number", scale=mm_per_px) from None


def thresholds_of(card: Card) -> Thresholds:
    """A model card's thresholds as they judge."""
    return Thresholds(**card["thresholds"])


def open_station(settings: Settings, *, with_model: bool = True) -> Station:
    """Open database, photo folder and catalogues; the worker starts on first use or by `start`.

    Raises SettingsError or StorageError with one sentence when a part cannot be used.
    """
    calendar = settings.calendar()
    try:
        private_folder(settings.data_dir)
    except OSError as error:
        raise SettingsError(
            "data_folder_not_made", folder=settings.data_dir, why=error.strerror
        ) from None
    engine = open_database(settings.url)
    prepare(engine)
    return Station(
        settings=settings,
        engine=engine,
        photos=PhotoFiles(settings.photos_dir),
        worker=InspectionWorker(
            settings.model_folder if with_model else None,
            choice=FollowedChoice(settings, engine) if with_model else None,
            decode_limit_s=settings.decode_seconds,
            memory_limit_mb=settings.worker_memory_mb,
        ),
        bodies_now=FollowedBodies(settings.bodies_dir),
        spec_in_force=FollowedSpec(settings, engine),
        calendar=calendar,
    )


def installed_specs(settings: Settings) -> dict[str, Path]:
    """Spec files beside the chosen one, by file name without suffix."""
    return {path.stem: path for path in sorted(settings.spec.parent.glob("*.toml"))}


_shared: Station | None = None
_opening = threading.Lock()
_said_trouble = ""
_saying = threading.Lock()


def shared_station() -> Station:
    """The one station of this process: pages, API and start-up all mean the same one."""
    global _shared
    with _opening:
        if _shared is None:
            _shared = open_station(load_settings())
            atexit.register(close_shared_station)
        return _shared


def with_shared_station(
    work: Callable[[Station, threading.Event], object], ended: threading.Event
) -> None:
    """Do the server's lasting work; a station that cannot be opened is tried until `ended`.

    Several of these say the same trouble once.
    """
    while not ended.is_set():
        try:
            station = shared_station()
        except InspectionError as error:
            _say_once(str(error))
            ended.wait(_RETRY_S)
        else:
            _say_once("")
            work(station, ended)
            return


def _say_once(trouble: str) -> None:
    """Say why the station cannot be opened, where nobody has; "" = it is open."""
    global _said_trouble
    with _saying:
        is_news, _said_trouble = trouble != _said_trouble, trouble
    if trouble and is_news:
        _log.warning("the station cannot be opened and is tried again: %s", trouble)


def start_worker(station: Station, ended: threading.Event) -> None:
    """Load the network, so that the first photo does not wait for it."""
    station.worker.start()


def close_shared_station() -> None:
    """End the worker and the database connections; the next call of `shared_station` opens anew."""
    global _shared
    with _opening:
        if _shared is not None:
            _shared.close()
            _shared = None
            atexit.unregister(close_shared_station)
