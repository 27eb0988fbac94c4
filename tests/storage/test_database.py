import importlib
import pkgutil
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from inspection import storage
from inspection.errors import StorageError
from inspection.storage import database
from inspection.storage.database import (
    looking,
    migrations_config,
    open_database,
    prepare,
    schema_version,
    sqlite_driver,
    writing,
)
from inspection.storage.tables import metadata

pytestmark = pytest.mark.usefixtures("real_migrations")

NEWEST = ScriptDirectory.from_config(migrations_config()).get_current_head()


def pragma(engine, name):
    with looking(engine) as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


def test_every_connection_writes_ahead_flushes_fully_and_waits_thirty_seconds(sqlite_engine):
    assert pragma(sqlite_engine, "journal_mode") == "wal"
    assert pragma(sqlite_engine, "synchronous") == 2
    assert pragma(sqlite_engine, "foreign_keys") == 1
    assert pragma(sqlite_engine, "busy_timeout") == 30_000


def test_the_sqlite_in_use_has_no_wal_reset_bug(sqlite_engine):
    with looking(sqlite_engine) as connection:
        version = connection.exec_driver_sql("SELECT sqlite_version()").scalar()
    assert tuple(map(int, version.split("."))) >= (3, 51, 3)


def test_an_old_sqlite_is_refused_with_the_cure(monkeypatch):
    old = SimpleNamespace(sqlite_version="3.40.1", sqlite_version_info=(3, 40, 1))
    monkeypatch.setattr(database.importlib, "import_module", lambda name: old)
    with pytest.raises(StorageError, match=r"SQLite 3\.40\.1 .* install pysqlite3"):
        sqlite_driver()


def test_the_standard_librarys_sqlite_serves_only_when_it_is_new_enough(monkeypatch):
    new = SimpleNamespace(sqlite_version="3.60.0", sqlite_version_info=(3, 60, 0))

    def only_standard(name):
        if name.startswith("pysqlite3"):
            raise ImportError(name)
        return new

    monkeypatch.setattr(database.importlib, "import_module", only_standard)
    assert sqlite_driver() is new


def test_a_write_takes_its_turn_before_it_reads(sqlite_engine):
    with writing(sqlite_engine) as first:
        first.execute(text("SELECT count(*) FROM audit"))
        with looking(sqlite_engine) as reader:
            # A reader is never kept waiting by a writer.
            assert reader.execute(text("SELECT count(*) FROM audit")).scalar() == 0
        second = sqlite_driver().connect(
            sqlite_engine.url.database, timeout=0, isolation_level=None
        )
        with pytest.raises(sqlite_driver().OperationalError, match="locked"):
            second.execute("BEGIN IMMEDIATE")
        second.close()


def test_a_failed_write_leaves_nothing(engine):
    with pytest.raises(ZeroDivisionError), writing(engine) as connection:
        connection.execute(text("INSERT INTO photo VALUES ('a', 1, 1, NULL, '2026-01-01')"))
        _ = 1 / 0
    with looking(engine) as connection:
        assert connection.execute(text("SELECT count(*) FROM photo")).scalar() == 0


def test_a_folder_that_cannot_be_written_is_named_with_its_cure(tmp_path):
    (tmp_path / "a_file").write_text("no folder")
    folder = tmp_path / "a_file" / "data"
    with pytest.raises(StorageError, match="INSPECTION_DATA_DIR") as refusal:
        open_database(f"sqlite:///{folder / 'x.db'}")
    assert str(folder) in str(refusal.value)


def test_a_read_only_folder_is_refused_before_anything_is_written(tmp_path, monkeypatch):
    def read_only(**_):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(database.tempfile, "TemporaryFile", read_only)
    with pytest.raises(StorageError, match=r"cannot be written \(Read-only file system\)"):
        open_database(f"sqlite:///{tmp_path / 'x.db'}")
    assert list(tmp_path.iterdir()) == []


def test_a_network_share_is_refused_for_sqlite(tmp_path, monkeypatch):
    monkeypatch.setattr(database, "_file_system", lambda folder: "nfs4")
    with pytest.raises(StorageError, match=r"network share \(nfs4\)"):
        open_database(f"sqlite:///{tmp_path / 'x.db'}")


def test_a_file_that_is_no_database_is_named(tmp_path):
    file = tmp_path / "x.db"
    file.write_bytes(b"this is a letter, not a database" * 200)
    with pytest.raises(StorageError, match=r"x\.db is damaged .* last backup"):
        open_database(f"sqlite:///{file}")


@pytest.mark.parametrize(
    ("url", "cure"),
    [
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
        ("not a url", "cannot be read"),
        ("postgresql://user:word@host:port/name", "cannot be read"),
        ("postgresql+no_such_driver://localhost/log", "cannot be read"),
    ],
)
def test_an_address_that_cannot_be_opened_is_answered_with_a_sentence(url, cure):
    with pytest.raises(StorageError, match=cure):
        open_database(url)


def test_a_missing_driver_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StorageError, match="postgresql needs the Python driver"):
        open_database("postgresql+psycopg://somebody:secret@localhost/log")


def test_a_password_never_stands_in_a_sentence(monkeypatch):
    with pytest.raises(StorageError) as refusal:
        open_database("nonsense+x://somebody:secret@localhost/log")
    assert "secret" not in str(refusal.value)


def test_the_migrations_make_exactly_the_tables_of_the_code(engine):
    for module in pkgutil.walk_packages(storage.__path__, "inspection.storage."):
        if module.name.endswith(("table", "tables")):
            importlib.import_module(module.name)
    with looking(engine) as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_preparing_twice_changes_nothing(engine):
    version = schema_version(engine)
    assert version is not None
    prepare(engine)
    assert schema_version(engine) == version


def test_an_empty_database_has_no_schema_and_says_what_to_run(tmp_path):
    empty = open_database(f"sqlite:///{tmp_path / 'empty.db'}")
    assert schema_version(empty) is None
    with (
        pytest.raises(StorageError, match="run `python -m inspection prepare`"),
        looking(empty) as connection,
    ):
        connection.execute(text("SELECT * FROM inspection"))


def test_a_database_of_a_newer_program_is_refused(engine):
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StorageError, match="another version of this program"):
        prepare(engine)


@pytest.mark.processes
def test_processes_that_start_at_once_prepare_one_schema(database_url):
    script = (
        "import sys; from inspection.storage.database import *\n"
        "e = open_database(sys.argv[1]); prepare(e); print(schema_version(e))"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", script, database_url],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(3)
    ]
    answers = [process.communicate(timeout=120) for process in running]
    assert {out.decode().strip() for out, _ in answers} == {NEWEST}, answers


def test_threads_that_start_at_once_prepare_one_schema(database_url):
    engine = open_database(database_url)
    failures = []

    def start():
        try:
            prepare(engine)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert schema_version(engine) == NEWEST
    engine.dispose()


def test_the_schema_can_be_written_out_for_postgresql(capsys):
    config = migrations_config()
    config.set_main_option("dialect", "postgresql")
    command.upgrade(config, "head", sql=True)
    script = capsys.readouterr().out
    assert "TIMESTAMP WITH TIME ZONE" in script
    assert "CREATE TRIGGER audit_refuses_delete BEFORE DELETE ON audit" in script


def test_a_damaged_log_is_told_in_a_sentence(sqlite_engine, tmp_path):
    sqlite_engine.dispose()
    file = tmp_path / "inspection.db"
    file.write_bytes(file.read_bytes()[:4096] + b"\xff" * 400_000)
    with pytest.raises(StorageError, match="last backup"):
        again = open_database(f"sqlite:///{tmp_path / 'inspection.db'}")
        with looking(again) as connection:
            connection.execute(text("SELECT * FROM inspection JOIN defect")).all()
