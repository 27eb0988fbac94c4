"""The command line over a data folder of its own, and two photos to inspect."""

import pytest
from click.testing import CliRunner

from inspection.cli.main import main
from inspection.services import station as station_module
from tests.conftest import panel_jpeg


@pytest.fixture
def run(tmp_path, fake_worker, monkeypatch):
    """Call the command line over a data folder of its own, with the fake segmenter."""
    monkeypatch.setenv("INSPECTION_DATA_DIR", str(tmp_path / "data"))

    class Borrowed:
        """The session's worker, which a command may not end for the other tests."""

        def __getattr__(self, name):
            return getattr(fake_worker, name)

        def close(self):
            pass

    monkeypatch.setattr(station_module, "InspectionWorker", lambda *a, **k: Borrowed())
    return lambda *arguments: CliRunner().invoke(main, [str(a) for a in arguments])


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(panel_jpeg())
    (folder / "b.jpg").write_bytes(panel_jpeg(scratches=(), seed=1))
    return folder
