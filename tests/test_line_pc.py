"""A line PC with the extra `serve` alone: no Keras, no TensorFlow, and everything a line does."""

import subprocess
import sys
import tomllib

import httpx
import pytest

from tests.conftest import panel_jpeg
from tests.server import REPOSITORY, running

ABSENT = ("keras", "tensorflow", "nncf", "torch")


@pytest.fixture(scope="module")
def line_pc(tmp_path_factory):
    """The real server with the shipped network where those libraries cannot be had."""
    folder = tmp_path_factory.mktemp("absent")
    for name in ABSENT:
        error = f'raise ModuleNotFoundError("No module named {name!r}", name={name!r})\n'
        (folder / f"{name}.py").write_text(error)
    with pytest.MonkeyPatch.context() as patch:
        # The worker's own process takes the variable over as well.
        patch.setenv("PYTHONPATH", str(folder))
        with running(tmp_path_factory.mktemp("line_pc") / "data", "/api/v1/health") as server:
            yield server


@pytest.mark.parametrize("name", ABSENT)
def test_the_library_is_absent_there(line_pc, name):
    command = [sys.executable, "-c", f"import {name}"]
    done = subprocess.run(command, capture_output=True, check=False)
    assert b"ModuleNotFoundError" in done.stderr


def test_a_photo_is_inspected_and_logged_there(line_pc):
    photo = {"file": ("panel.jpg", panel_jpeg(), "image/jpeg")}
    answer = httpx.post(f"{line_pc.url}/api/v1/inspections", files=photo, timeout=120)
    assert answer.status_code == 200, answer.text
    assert answer.json()["model"]["name"] == "lite0-unet"


@pytest.mark.parametrize(
    "words", [("doctor",), ("inspect", "data/samples/door_grey_run.jpg")], ids=" ".join
)
def test_the_command_works_there(line_pc, words):
    done = line_pc.command(*words)
    assert "keras" not in done.stderr.lower() and "Traceback" not in done.stderr
    assert done.returncode == 0, done.stderr


def test_a_command_that_trains_says_what_to_install(line_pc, tmp_path):
    done = line_pc.command("train", str(tmp_path), "--out", str(tmp_path / "run"))
    assert done.returncode != 0 and "Traceback" not in done.stderr
    assert "requirements-train.txt" in done.stderr


def test_every_extra_is_one_of_the_requirement_files():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["tool"]["setuptools"]["dynamic"]["optional-dependencies"]
    files = {name: (REPOSITORY / extra["file"][0]).read_text() for name, extra in extras.items()}
    assert set(files) == {"serve", "train", "dev"}
    assert not any(line.startswith(ABSENT) for line in files["serve"].splitlines())
    whole = (REPOSITORY / "requirements.txt").read_text(encoding="utf-8")
    assert "-r requirements-serve.txt" in whole and "-r requirements-train.txt" in whole
