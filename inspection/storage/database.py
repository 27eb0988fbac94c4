"""The one way to open the log, and the one way to write to it.

SQLite before 3.51.3 can damage a WAL database when two connections write at the same moment, and
the standard library often carries an older one: pysqlite3 brings its own. A transaction that
starts by reading and then writes is refused by SQLite at once when somebody else wrote meanwhile,
so every write begins with BEGIN IMMEDIATE and waits for its turn.
"""

import importlib
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import (
    URL,
    Connection,
    Engine,
    Table,
    create_engine,
    event,
    func,
    insert,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from inspection.errors import DiskFull, InspectionError, StorageError
from inspection.storage.column_types import NewRow
from inspection.storage.private import private_folder, write_private

SAFE_SQLITE = (3, 51, 3)
BUSY_TIMEOUT_S = 30
MIGRATIONS = Path(__file__).parent / "migrations"

# Readers and writers of one process; more would only queue inside SQLite instead of in the pool.
_POOL = {"pool_size": 10, "max_overflow": 20, "pool_timeout": BUSY_TIMEOUT_S}
_WRITES = "inspection_writes"
# Any constant will do: all writers of one PostgreSQL database take the same lock.
_WRITER_LOCK = 7_205_418
# What SQLite and PostgreSQL say of a full disk.
_NO_ROOM = ("is full", "No space left on device")
_NETWORK_FILE_SYSTEMS = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs"}
# A check that took a second is not made again for a minute: it never takes a share worth naming.
_REST_OF_CHECKS = 60
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


_checked: dict[str, tuple[float, StorageError | None]] = {}
_checking = threading.Lock()


def sqlite_driver() -> ModuleType:
    """A SQLite driver without the WAL-reset bug; raises StorageError when there is none."""
    for name in ("pysqlite3.dbapi2", "sqlite3.dbapi2"):
        try:
            driver = importlib.import_module(name)
        except ImportError:
            continue
        if driver.sqlite_version_info >= SAFE_SQLITE:
            return driver
    raise StorageError(
        "sqlite_unsafe", version=driver.sqlite_version, least=".".join(map(str, SAFE_SQLITE))
    )


def open_database(url: str) -> Engine:
    """Open the log at a SQLAlchemy URL: `sqlite:///path/to/file.db` or `postgresql+driver://…`.

    SQLite runs in WAL mode with synchronous=FULL, foreign keys and a busy timeout of 30 s.
    Raises StorageError with one sentence when the folder cannot be written, the file is no
    database, lies on a network share or when the driver is missing.
    """
    try:
        address = make_url(url)
        if address.get_backend_name() != "sqlite":
            return create_engine(address, pool_pre_ping=True, **_POOL)
    except (ArgumentError, NoSuchModuleError, ValueError):
        # ValueError: a port that is no number.
        raise StorageError("database_url") from None
    except ImportError as error:
        raise StorageError(
            "database_driver", database=address.get_backend_name(), driver=error.name
        ) from None
    return _open_sqlite(address)


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One short write transaction: all of it or nothing.

    It holds the only write lock of the database, so nothing slow belongs inside: no inference, no
    file. Raises StorageError with one sentence when the database cannot take the record.
    """
    with _told_in_a_sentence(engine), engine.connect() as connection:
        connection = connection.execution_options(**{_WRITES: True})
        with connection.begin():
            if connection.dialect.name == "postgresql":
                # Numbers and the audit chain follow each other: one writer at a time, as SQLite.
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_WRITER_LOCK})"))
            yield connection


@contextmanager
def looking(engine: Engine) -> Iterator[Connection]:
    """One read transaction: everything read inside belongs to the same moment."""
    with _told_in_a_sentence(engine), engine.connect() as connection, connection.begin():
        yield connection


def migrations_config() -> Config:
    """Alembic's configuration, without a file: the migrations travel with the package."""
    config = Config()
    # ConfigParser reads a single % as the start of a name.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


@cache
def newest_revision() -> str:
    """The schema that this program writes; its migrations do not change while it runs."""
    return ScriptDirectory.from_config(migrations_config()).get_current_head() or ""


def prepare(engine: Engine) -> None:
    """Bring the schema to its newest version; does nothing where that is done already.

    Two processes may call this at once: the second waits for the first and then finds nothing
    left to do. Raises StorageError when a newer program made the database.
    """
    with looking(engine) as connection:
        if _version(connection) == newest_revision():
            return
    config = migrations_config()
    try:
        with writing(engine) as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except CommandError as error:
        raise StorageError("database_other_version", name=engine.url.database, why=error) from None


def schema_version(engine: Engine) -> str | None:
    """The schema's revision as Alembic names it, None for an empty database."""
    with looking(engine) as connection:
        return _version(connection)


def next_number(connection: Connection, table: Table) -> int:
    """The next free number of a table; safe, because `writing` lets one writer in at a time."""
    return (connection.scalar(select(func.max(table.c.id))) or 0) + 1


def insert_rows(connection: Connection, table: Table, rows: list[NewRow]) -> None:
    if rows:
        connection.execute(insert(table), rows)


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
            raise StorageError("database_missing", file=file)
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

        def pragma(name: str) -> Any:
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
    newest = newest_revision()
    found = schema_version(engine) or "none"
    return found == newest, found, newest


def last_damage(url: str) -> StorageError | None:
    """What is wrong with the database; None while it answers and is whole.

    Through a connection of its own, which has read nothing of the file before. The answer of an
    earlier call stands again for sixty times as long as the check took.
    """
    with _checking:
        again_at, found = _checked.get(url, (0.0, None))
        started = time.monotonic()
        if started < again_at:
            return found
        try:
            engine = open_existing(url)
            try:
                damage = engine_state(engine).damage
                name = engine.url.database
                found = StorageError("damaged", name=name, why=damage) if damage else None
            finally:
                engine.dispose()
        except StorageError as error:
            found = error.anew()
        now = time.monotonic()
        _checked[url] = now + _REST_OF_CHECKS * (now - started), found
        return found


def _open_sqlite(address: URL) -> Engine:
    if not address.database or address.database == ":memory:":
        raise StorageError("database_no_file")
    file = Path(address.database)
    _refuse_unusable(file)
    driver = sqlite_driver()
    engine = create_engine(address, module=driver, **_POOL)

    @event.listens_for(engine, "connect")
    def prepare_connection(connection: Any, _record: object) -> None:
        # Transactions are begun by hand below; the driver must not begin its own.
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_S * 1000}")
        _switch_to_wal(connection, driver, file)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("SELECT count(*) FROM sqlite_master")
    except (DBAPIError, driver.Error) as error:
        engine.dispose()
        raise _trouble(engine, getattr(error, "orig", None) or error) from None
    return engine


def _refuse_unusable(file: Path) -> None:
    folder = file.absolute().parent
    try:
        private_folder(folder)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise StorageError("data_folder_not_writable", folder=folder, why=error.strerror) from None
    if not file.exists():
        # Empty is a new database to SQLite, which gives its side files the same rights.
        write_private(file)
    if not os.access(file, os.W_OK):
        raise StorageError("database_not_writable", file=file)
    kind = _file_system(folder)
    if kind in _NETWORK_FILE_SYSTEMS:
        raise StorageError("data_folder_on_network", folder=folder, kind=kind)


def _file_system(folder: Path) -> str:
    """Kind of file system a folder lies on, "" where the system does not tell (not Linux)."""
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    inside, kind = -1, ""
    for line in mounts.splitlines():
        _, where, name, *_ = line.split()
        point = Path(where.replace("\\040", " "))
        if folder.resolve().is_relative_to(point) and len(point.parts) > inside:
            inside, kind = len(point.parts), name
    return kind


def _switch_to_wal(connection: Any, driver: ModuleType, file: Path) -> None:
    """Only the very first connection changes anything: the mode stays in the file.

    Two processes that start at once may block each other here, and SQLite does not apply its busy
    timeout to this statement.
    """
    give_up_at = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
            break
        except driver.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > give_up_at:
                raise
            time.sleep(0.02)
    if mode != "wal":
        raise StorageError("database_no_wal", file=file, mode=mode)


def _errors_of(engine: Engine) -> tuple[type[Exception], ...]:
    driver = engine.dialect.dbapi
    return (DBAPIError, driver.Error) if driver else (DBAPIError,)


@contextmanager
def _told_in_a_sentence(engine: Engine) -> Iterator[None]:
    try:
        yield
    except _errors_of(engine) as error:
        # The driver's own, where it fails while a connection is made ready.
        raise _trouble(engine, getattr(error, "orig", error)) from error


def _trouble(engine: Engine, error: BaseException | None) -> StorageError:
    name = engine.url.database or engine.url.render_as_string(hide_password=True)
    if any(sign in str(error) for sign in _NO_ROOM):
        return DiskFull("disk_full", name=name)
    told = str(error).strip().partition("\n")[0]
    if "locked" in told:
        return StorageError("busy", name=name, seconds=BUSY_TIMEOUT_S)
    if "readonly" in told or "unable to open" in told:
        return StorageError("read_only", name=name, why=told)
    if "malformed" in told or "not a database" in told:
        return StorageError("damaged", name=name, why=told)
    if "no such table" in told:
        return StorageError("database_empty", name=name, why=told)
    return StorageError(
        "database_refused", name=name, why=told or InspectionError("no_reason_given")
    )


def _version(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()
