"""Every test of the log runs on SQLite and on PostgreSQL, where there is one."""

from itertools import count

import pytest

from inspection.storage.database import open_database, prepare
from tests import postgresql

_TEMPLATE = "prepared_log"
_numbers = count(1)


@pytest.fixture(scope="session")
def postgresql_server():
    """Address of a PostgreSQL with a prepared, empty log as template; skips where there is none."""
    try:
        with postgresql.running() as server, postgresql.database(server, _TEMPLATE) as template:
            opened = open_database(_spelled(template))
            prepare(opened)
            opened.dispose()
            yield server
    except postgresql.NoPostgresql as reason:
        pytest.skip(str(reason))


def _spelled(url) -> str:
    return url.render_as_string(hide_password=False)


@pytest.fixture(params=("sqlite", "postgresql"))
def database_url(request, tmp_path):
    """Address of a database of this test's own, still without a schema."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'inspection.db'}"
        return
    server = request.getfixturevalue("postgresql_server")
    with postgresql.database(server, f"test_{next(_numbers)}") as url:
        yield _spelled(url)


@pytest.fixture
def sqlite_engine(tmp_path):
    """An empty log in a SQLite file of its own, for what only SQLite does."""
    opened = open_database(f"sqlite:///{tmp_path / 'inspection.db'}")
    prepare(opened)
    yield opened
    opened.dispose()


@pytest.fixture(params=("sqlite", "postgresql"))
def engine(request):
    """An empty log of this test's own."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_engine")
        return
    server = request.getfixturevalue("postgresql_server")
    with postgresql.database(server, f"test_{next(_numbers)}", _TEMPLATE) as url:
        opened = open_database(_spelled(url))
        yield opened
        opened.dispose()
