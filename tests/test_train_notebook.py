"""`docs/train.ipynb`: its cells, run in their order on a dozen rendered panels."""

import json
import os
from pathlib import Path

from tests.server import REPOSITORY

NOTEBOOK = REPOSITORY / "docs" / "train.ipynb"
FEW = {"PANELS": 12, "MINUTES": 0.2, "STEPS": 2, "CROP_PX": 64, "BATCH": 2}


def cells() -> list[tuple[bool, str]]:
    """Whether a code cell holds the parameters, and its text."""
    listed = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    return [
        ("parameters" in cell["metadata"].get("tags", ()), "".join(cell["source"]))
        for cell in listed
        if cell["cell_type"] == "code"
    ]


def test_the_notebook_is_kept_without_its_answers():
    listed = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in listed if cell["cell_type"] == "code"]
    assert [cell for cell in code if cell["outputs"] or cell["execution_count"]] == []


def test_its_cells_train_measure_and_export_a_network(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(REPOSITORY)
    # The cells set variables of their own; they are taken back with the others.
    for name in ("KERAS_BACKEND", "INSPECTION_MODELS_DIR"):
        monkeypatch.setenv(name, os.environ.get(name, ""))
        monkeypatch.delenv(name)
    known = {}
    for holds_parameters, text in cells():
        exec(compile(text, str(NOTEBOOK), "exec"), known)
        if holds_parameters:
            assert set(FEW) < set(known)
            known |= {**FEW, "WORK": str(tmp_path)}
    folder = tmp_path / "models" / known["NAME"]
    assert {"card.json", "unet.keras", "unet.xml", "unet.bin", "evaluation.json"} <= {
        path.name for path in folder.iterdir()
    }
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    assert card["note"] == "trained in docs/train.ipynb"
    report = (tmp_path / "measured" / "report.md").read_text(encoding="utf-8")
    assert "found tightly" in report and "rendered" in report
    assert list(Path(tmp_path / "measured" / "rendered").glob("*.png"))
