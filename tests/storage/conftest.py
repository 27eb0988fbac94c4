import pytest

from inspection.storage.database import open_database, prepare


@pytest.fixture
def engine(tmp_path):
    """An empty log in a file of its own."""
    opened = open_database(f"sqlite:///{tmp_path / 'inspection.db'}")
    prepare(opened)
    yield opened
    opened.dispose()
