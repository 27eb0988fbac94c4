import json
from types import SimpleNamespace

import pytest

from inspection.config import Settings
from inspection.errors import SettingsError
from inspection.services.photo.sidecars import PhotoFacts, photo_facts


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "photos"
    (root / "monday").mkdir(parents=True)
    return root


@pytest.fixture
def station(tmp_path, folder):
    settings = Settings(data_dir=tmp_path / "data", photo_folders={"line": folder})
    return SimpleNamespace(settings=settings)


def test_a_sidecar_tells_panel_colour_and_scale_of_its_photos(station, folder):
    known = {"file": "a.jpg", "panel": "hood", "colour": "red", "mm_per_px": 0.25, "defects": []}
    (folder / "monday" / "samples.json").write_text(json.dumps([known, {"file": "b.jpg"}]))
    facts = photo_facts(station, "line", "monday")
    assert facts["a.jpg"] == PhotoFacts(panel="hood", colour="red", mm_per_px=0.25)
    assert facts["b.jpg"] == PhotoFacts()
    unsaid = {"file": "c.jpg", "body_number": None, "panel": None, "station": 20}
    (folder / "samples.json").write_text(json.dumps([unsaid]))
    assert photo_facts(station, "line", "")["c.jpg"] == PhotoFacts(station="20")
    (folder / "samples.json").unlink()
    assert photo_facts(station, "line", "") == {}


@pytest.mark.parametrize(
    "text",
    [
        "{",
        '{"file": 1}',
        '[{"panel": "hood"}]',
        '[{"file": "a", "mm_per_px": -1}]',
        "[1]",
        "\xff",
        '[{"file": "a", "panel": ["hood"]}]',
        '[{"file": "a", "line": true}]',
    ],
)
def test_a_sidecar_that_cannot_be_understood_is_named(station, folder, text):
    (folder / "samples.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(SettingsError, match=r"samples\.json in photo folder line"):
        photo_facts(station, "line", "")
