"""Is the database itself sound: version, modes, file and schema. Looks only, repairs nothing."""

import threading
import time
from dataclasses import dataclass
from pathlib import Path

from alembic.script import ScriptDirectory
from sqlalchemy import Engine, make_url
from sqlalchemy.exc import ArgumentError

from inspection.errors import StorageError
from inspection.storage.database import looking, migrations_config, open_database, schema_version

# A check that took a second is not made again for a minute: it never takes a share worth naming.
_REST = 60
_SYNCHRONOUS = {0: "OFF", 1: "NORMAL", 2: "FULL", 3: "EXTRA"}


@dataclass(frozen=True, slots=True)
class EngineState:
    """What the database says of itself.

    journal_mode, synchronous, has_foreign_keys: "", "" and True where the question makes no sense
    (not SQLite). damage: first complaint of SQLite's quick check, "" for none.
    """

    name: str
    version: str
    journal_mode: str = ""
    synchronous: str = ""
    has_foreign_keys: bool = True
    damage: str = ""


def open_existing(url: str) -> Engine:
    """As `open_database`, but never makes a database: StorageError where there is none yet."""
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        # `open_database` has the sentence for it.
        return open_database(url)
    if address.get_backend_name() == "sqlite" and address.database:
        file = Path(address.database)
        if not file.is_file():
            raise StorageError(
                f"{file}: there is no database yet; run `python -m inspection prepare`"
            )
    return open_database(url)


def engine_state(engine: Engine) -> EngineState:
    """Ask the database; the quick check of SQLite reads every page of the file.

    Raises StorageError when it cannot answer.
    """
    with looking(engine) as connection:
        dialect = connection.dialect
        version = ".".join(map(str, dialect.server_version_info or ()))
        if dialect.name != "sqlite":
            return EngineState(dialect.name, version)

        def pragma(name: str):
            return connection.exec_driver_sql(f"PRAGMA {name}").scalar()

        complaint = str(pragma("quick_check(1)"))
        return EngineState(
            name="SQLite",
            version=str(connection.exec_driver_sql("SELECT sqlite_version()").scalar()),
            journal_mode=str(pragma("journal_mode")),
            synchronous=_SYNCHRONOUS.get(pragma("synchronous"), "unknown"),
            has_foreign_keys=bool(pragma("foreign_keys")),
            damage="" if complaint == "ok" else complaint,
        )


def schema_is_newest(engine: Engine) -> tuple[bool, str, str]:
    """(whether the schema is the newest, its revision or "none", the newest revision)."""
    newest = ScriptDirectory.from_config(migrations_config()).get_current_head() or ""
    found = schema_version(engine) or "none"
    return found == newest, found, newest


_looked: dict[str, tuple[float, str]] = {}
_looking_through = threading.Lock()


def last_damage(url: str) -> str:
    """One sentence on what is wrong with the database; "" while it answers and is whole.

    Through a connection of its own, which has read nothing of the file before. The answer of an
    earlier call stands again for sixty times as long as the check took.
    """
    with _looking_through:
        again_at, found = _looked.get(url, (0.0, ""))
        started = time.monotonic()
        if started < again_at:
            return found
        try:
            engine = open_existing(url)
            try:
                damage = engine_state(engine).damage
                found = damage and (
                    f"the database {engine.url.database} is damaged ({damage}); put the last "
                    "backup in its place"
                )
            finally:
                engine.dispose()
        except StorageError as error:
            found = str(error)
        now = time.monotonic()
        _looked[url] = now + _REST * (now - started), found
        return found
