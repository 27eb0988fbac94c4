"""A private PostgreSQL for tests: a server of their own that nobody else sees, or a given one.

`INSPECTION_TEST_POSTGRESQL_URL` names a server on which databases may be made. Without it a
cluster is made by the `initdb` of this machine, in a temporary folder, reached by a socket file.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, create_engine, make_url, text
from sqlalchemy.exc import OperationalError

GIVEN = "INSPECTION_TEST_POSTGRESQL_URL"
_STARTS_WITHIN_S = 60
# A test run survives no power cut anyway.
_QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=60")


class NoPostgresql(Exception):
    """There is none here; the sentence is the reason that a skipped test shows."""


@contextmanager
def running() -> Iterator[URL]:
    """Address of a server on which databases may be made; stopped and removed afterwards."""
    given = os.environ.get(GIVEN)
    if given:
        yield make_url(given)
        return
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    try:
        user = _unprivileged(folder)
        _run(programs, folder, user)
        with _served(programs, folder, user) as url:
            yield url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path:
    """The folder of `initdb` and `postgres`; Debian keeps it off the search path."""
    for place in (shutil.which("initdb"), *sorted(_installed(), reverse=True)):
        if place and (Path(place).resolve().parent / "postgres").exists():
            return Path(place).resolve().parent
    raise NoPostgresql(
        f"needs PostgreSQL: install it (apt-get install postgresql) or set {GIVEN} to the URL of a "
        "server on which databases may be made"
    )


def _installed() -> Iterator[str]:
    for place in Path("/usr/lib/postgresql").glob("*/bin/initdb"):
        yield str(place)


def _unprivileged(folder: Path) -> dict:
    """PostgreSQL refuses to run as root: who runs it instead, as `subprocess` takes it."""
    if os.getuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            continue
        os.chown(folder, account.pw_uid, account.pw_gid)
        return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    raise NoPostgresql("needs PostgreSQL, which root cannot run, and an account postgres or nobody")


def _run(programs: Path, folder: Path, user: dict) -> None:
    made = subprocess.run(
        [
            *(programs / "initdb", "-D", folder / "data", "-U", "tests", "-A", "trust"),
            *("-E", "UTF8", "--locale=C", "--data-checksums", "--no-sync"),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        **user,
    )
    assert made.returncode == 0, made.stderr


@contextmanager
def _served(programs: Path, folder: Path, user: dict) -> Iterator[URL]:
    settings = [part for setting in _QUICK for part in ("-c", setting)]
    log = folder / "log"
    with log.open("wb") as out:
        server = subprocess.Popen(
            [
                *(programs / "postgres", "-D", folder / "data", "-k", folder),
                *("-c", "listen_addresses=", *settings),
            ],
            cwd=folder,
            stdout=out,
            stderr=out,
            **user,
        )
    url = URL.create(
        "postgresql+psycopg", "tests", database="postgres", query={"host": str(folder)}
    )
    try:
        _wait_for(url, server, log)
        yield url
    finally:
        # Fast shutdown: whoever is still connected is sent away.
        server.send_signal(2)
        server.wait(_STARTS_WITHIN_S)


def _wait_for(url: URL, server: subprocess.Popen, log: Path) -> None:
    engine = create_engine(url)
    give_up_at = time.monotonic() + _STARTS_WITHIN_S
    while True:
        try:
            with engine.connect():
                break
        except OperationalError:
            is_alive = server.poll() is None and time.monotonic() < give_up_at
            assert is_alive, log.read_text(errors="replace")
            time.sleep(0.05)
    engine.dispose()


@contextmanager
def database(server: URL, name: str, template: str = "template0") -> Iterator[URL]:
    """A new database of that name, dropped afterwards."""
    with administering(server) as connection:
        # Written to the journal page by page, a copy takes five times as long.
        by_files = " STRATEGY file_copy" if connection.dialect.server_version_info >= (15,) else ""
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}{by_files}"))
        yield server.set(database=name)
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@contextmanager
def administering(server: URL) -> Iterator[Connection]:
    """A connection whose statements stand in no transaction."""
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()
