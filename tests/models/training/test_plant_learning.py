"""The whole way from corrected photos to a candidate on the desk, killed once in the middle."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from inspection.domain.learning.paired import NO_PROOF
from inspection.services.learning import process
from inspection.services.model import desk as model_desk
from models.card import check_files, read_card
from tests.server import REPOSITORY
from tests.services.learning.corrected_log import SCRATCH, correct_photo

LIMIT_S = 1800


@pytest.fixture
def learning(station, tmp_path):
    """Twelve corrected photos of six bodies; `learning()` starts the command on them."""
    for seed in range(12):
        boxes = () if seed % 3 == 0 else (SCRATCH,)
        correct_photo(station, seed, f"B{seed % 6}", boxes=boxes)
    fits = tmp_path / "fits.txt"
    environment = {
        **os.environ,
        "INSPECTION_DATA_DIR": str(station.settings.data_dir),
        "INSPECTION_MODELS_DIR": str(tmp_path / "models"),
        "CUDA_VISIBLE_DEVICES": "",
        # Threads that wait for each other would take most of the processors' time.
        **dict.fromkeys(("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"), "1"),
    }

    def start():
        module = "tests.models.training.narrow_improve"
        return subprocess.Popen(
            [sys.executable, "-m", module, str(fits), "--who", "Kim"],
            cwd=REPOSITORY,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start, fits


def begun(fits: Path) -> list[str]:
    return fits.read_text().split() if fits.is_file() else []


def test_a_killed_run_goes_on_and_ends_in_a_candidate_that_is_not_live(station, learning, tmp_path):
    start, fits = learning
    models_dir = tmp_path / "models"
    station = replace(
        station, settings=station.settings.model_copy(update={"models_dir": models_dir})
    )
    first = start()
    give_up = time.monotonic() + LIMIT_S
    while "fit_1" not in begun(fits) and time.monotonic() < give_up:
        assert first.poll() is None, first.communicate()[1]
        time.sleep(0.1)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    left = process.state(station)
    assert (left.kind, left.journal.who, left.journal.photos) == ("interrupted", "Kim", 12)
    assert sorted(path.name for path in models_dir.glob("*/card.json")) == ["card.json"]

    second = start()
    said, trouble = second.communicate(timeout=LIMIT_S)
    assert second.returncode == 0, trouble
    # The first fold was finished and is not learnt again.
    assert begun(fits) == ["fit_0", "fit_1", "fit_1", "final"]
    done = process.state(station)
    assert (done.kind, done.journal.verdict, done.trouble) == ("over", NO_PROOF, None)

    base, candidate = model_desk.desk_models(station)
    assert candidate.name == done.journal.candidate and candidate.name in said
    assert candidate.name.startswith("lite0-unet-plant-")
    assert (base.is_active, candidate.is_active) == (True, False)
    assert candidate.refusal is None and candidate.claim is None
    folder = models_dir / candidate.name
    card = read_card(folder)
    check_files(folder, card)
    learned = candidate.learned
    assert (learned.base, learned.who, learned.folds) == ("lite0-unet", "Kim", 2)
    seen = learned.compared
    assert (seen.photos, seen.bodies, seen.defects, seen.defective_bodies) == (12, 6, 8, 4)
    assert (learned.golden_after.defects, learned.golden_after.clean) == (100, 5)
    assert card["learned"]["verdict"] == NO_PROOF and "few_bodies" in card["learned"]["against"]
    assert card["data"][-1] == {
        "dataset": "corrections",
        "licence": "own photos",
        "train": 12,
        "val": 0,
        "test": 0,
    }
    codes = [limit["code"] for limit in card["limits"]]
    assert codes[0] == "thresholds_copied" and "plant_photos" not in codes
    assert card["thresholds"] == read_card(models_dir / base.name)["thresholds"]
    # Another network, and no photo is left lying in the folder of the run.
    assert card["files"]["unet.bin"] != read_card(models_dir / base.name)["files"]["unet.bin"]
    learning_dir = station.settings.data_dir / "learning"
    assert sorted(path.name for path in learning_dir.iterdir()) == ["run.json", "run.lock"]
    assert json.loads((learning_dir / "run.json").read_text())["is_over"]
