"""A station of its own for a test: temporary data folder, real database, real worker process,
and a segmenter that calls red pixels scratches."""

import functools
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

# Before anything imports OpenVINO: its reports to its maker are turned off there.
import models  # noqa: F401
from inspection.config import Settings
from inspection.services.demo import photos as demo_photos
from inspection.services.station import open_station
from inspection.services.worker.parent import InspectionWorker
from inspection.storage import database
from inspection.storage.database import sqlite_driver
from models.rendering import golden

# Test files outside of tests/models that load a network library.
TRAINING = ("test_cli_photo_sets", "test_samples_check", "test_train_notebook")
# That end a process in the middle of its work, again and again.
KILL = ("test_kill_server", "test_kill_volume", "test_killed_writer")
# That start processes, servers or installations of their own, again and again.
PROCESSES = (
    *("test_cli_desk", "test_cli_installation", "test_demo", "test_line_pc", "test_model_desk"),
    *("test_model_desk_page", "test_router_first", "test_senders", "test_worker"),
    "test_worker_limits",
)
LONG = ("browser", "training", "kill", "processes")

# TensorFlow carries an older SQLite whose symbols win over those of a driver loaded after it.
# In the product only `improve` has both in one process, in the same order; this test run does too.
sqlite_driver()


def loads_networks(path: Path) -> bool:
    return path.stem in TRAINING or path.is_relative_to(Path(__file__).parent / "models")


def pytest_ignore_collect(collection_path, config) -> bool | None:
    """Where what loads networks is left out, its files are not even read: each process would load
    the libraries for them, a tenth of the time of all other tests."""
    left_out = config.option.markexpr.startswith("not (") and "training" in config.option.markexpr
    return True if left_out and loads_networks(collection_path) else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items) -> None:
    """Say of each test what it needs beside a processor core for a second; see the Makefile."""
    opened = set()
    for item in items:
        name = item.path.stem
        if hasattr(item.module, "needs_chromium"):
            item.add_marker("browser")
        parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
        if any(isinstance(value, str) and value == "postgresql" for value in parameters):
            item.add_marker("postgresql")
        if loads_networks(item.path):
            item.add_marker("training")
        if name in KILL:
            item.add_marker("kill")
        if name in PROCESSES:
            item.add_marker("processes")
        if "open_page" in item.fixturenames:
            # The first test of a page's file stays among the quick ones: every page is opened.
            if item.path in opened:
                item.add_marker("pages")
            opened.add(item.path)
    # Long files first: one that begins last would leave the other processes with nothing to do.
    items.sort(key=lambda item: not any(item.get_closest_marker(mark) for mark in LONG))


def panel_jpeg(scratches=((100, 60, 80, 6),), *, shape=(240, 320), seed=0) -> bytes:
    """A grey panel as JPEG with red bars (x, y, width, height) that the fake segmenter finds."""
    rng = np.random.default_rng(seed)
    bgr = np.full((*shape, 3), 150, np.uint8) + rng.integers(0, 9, (*shape, 1), dtype=np.uint8)
    for x, y, w, h in scratches:
        bgr[y : y + h, x : x + w] = (20, 20, 235)
    # Full colour resolution: halved, a bar of six pixels would lose two of them.
    how = [
        *(cv2.IMWRITE_JPEG_QUALITY, 98),
        *(cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444),
    ]
    return cv2.imencode(".jpg", bgr, how)[1].tobytes()


@pytest.fixture(scope="session", autouse=True)
def migrations_of_an_empty_log_run_once():
    """Thousands of tests begin with an empty log: from the second on, what the migrations wrote
    into the first is written again, statement by statement, without running them.

    Tests of the migrations themselves run them: `real_migrations`.
    """
    migrate, written = database.command.upgrade, []

    def upgrade(config, revision, **how):
        connection = config.attributes.get("connection")
        is_new = connection is not None and connection.dialect.name == "sqlite"
        if not (is_new and revision == "head" and not how and not _schema_of(connection)):
            migrate(config, revision, **how)
        elif not written:
            migrate(config, revision)
            written.extend(_schema_of(connection))
            written.extend(_rows_of(connection))
        else:
            for statement in written:
                connection.exec_driver_sql(statement)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(database.command, "upgrade", upgrade)
        yield migrate


@pytest.fixture(scope="session", autouse=True)
def statements_compiled_once():
    """Every test has an engine of its own, and SQLAlchemy would compile all statements anew for
    each: a tenth of the tests' time. Engines of one driver share a dialect and what it compiled."""
    create, shared = database.create_engine, {}

    def create_engine(address, **how):
        engine = create(address, query_cache_size=5000, **how)
        first = shared.get(engine.dialect.driver)
        # Once it has met its server, a dialect knows what that one can do.
        if first is not None and getattr(first.dialect, "server_version_info", None):
            engine.dialect = engine.pool._dialect = first.dialect
            engine._compiled_cache = first._compiled_cache
        else:
            shared[engine.dialect.driver] = engine
        return engine

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(database, "create_engine", create_engine)
        yield


@pytest.fixture(scope="session", autouse=True)
def panels_rendered_once():
    """A demo's pictures and the golden panels follow from their names and seeds: what one test
    rendered is what the next would render."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(demo_photos, "_render", functools.cache(demo_photos._render))
        patched.setattr(golden, "_panel", functools.cache(golden._panel))
        yield


@pytest.fixture
def real_migrations(migrations_of_an_empty_log_run_once, monkeypatch):
    monkeypatch.setattr(database.command, "upgrade", migrations_of_an_empty_log_run_once)


def _schema_of(connection) -> list[str]:
    """What makes the tables, indexes and triggers of a SQLite log, in the order they were made."""
    made = connection.exec_driver_sql(
        "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid"
    )
    return [statement for (statement,) in made]


def _rows_of(connection) -> list[str]:
    """What the migrations wrote into the tables, as INSERT statements."""
    names = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")
    statements = []
    for (name,) in names.all():
        columns = [row[1] for row in connection.exec_driver_sql(f"PRAGMA table_info({name})")]
        quoted = " || ', ' || ".join(f'quote("{column}")' for column in columns)
        for (values,) in connection.exec_driver_sql(f'SELECT {quoted} FROM "{name}"'):
            statements.append(f'INSERT INTO "{name}" VALUES ({values})')
    return statements


@pytest.fixture(scope="session")
def fake_worker(tmp_path_factory):
    worker = InspectionWorker(
        tmp_path_factory.mktemp("model"), segmenter="tests.services.fake_segmenters:open_fake"
    )
    yield worker
    worker.close()


@pytest.fixture
def station(tmp_path, fake_worker):
    opened = open_station(Settings(data_dir=tmp_path / "data"), with_model=False)
    yield replace(opened, worker=fake_worker)
    opened.engine.dispose()


@pytest.fixture(scope="module")
def browser():
    """A running Chromium; the file that asks for it says `pytestmark = needs_chromium`."""
    # Not at the top: without Playwright only the browser tests are skipped.
    from tests.browser import chromium

    with chromium() as opened:
        yield opened
