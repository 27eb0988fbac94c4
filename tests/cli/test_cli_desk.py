"""The model desk on the command line, with the fake segmenter."""

from functools import partial

import pytest
from click.testing import CliRunner

from inspection.cli.main import main
from inspection.config import Settings
from inspection.services import station as station_module
from inspection.services.model import desk as model_desk
from inspection.services.worker.parent import InspectionWorker
from tests.services.model_folders import FAINTEST, SEGMENTER, hundred_bars, write_model

WHY = ("--reason", "trial", "--who", "Kim")
DEFAULT = Settings.model_fields["model"].default


@pytest.fixture
def run(tmp_path, monkeypatch):
    """`run("activate", "keen", …)` over two whole models and one that misses 30 of 100 bars."""
    models = tmp_path / "models"
    write_model(models, DEFAULT)
    write_model(models, "keen", faintest=FAINTEST - 1)
    write_model(models, "blunt", faintest=FAINTEST + 30)
    monkeypatch.setenv("INSPECTION_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("INSPECTION_MODELS_DIR", str(models))
    monkeypatch.setattr(
        station_module, "InspectionWorker", partial(InspectionWorker, segmenter=SEGMENTER)
    )
    monkeypatch.setattr(model_desk, "golden_set", lambda settings, progress: hundred_bars())
    return lambda *arguments: CliRunner().invoke(main, ["models", *map(str, arguments)])


def lines(answer) -> list[str]:
    assert answer.exit_code == 0, answer.output
    return answer.stdout.splitlines()


def listed(answer) -> dict[str, str]:
    """The lines of a list by the model they name."""
    return {line.strip("* ").split(":")[0]: line for line in lines(answer)}


def test_the_list_marks_the_model_in_use_and_names_what_cannot_be_used(run, tmp_path):
    (tmp_path / "models" / "blunt" / "unet.bin").write_text("bent")
    told = listed(run())
    assert list(told) == sorted(["blunt", "keen", DEFAULT])
    assert told[DEFAULT] == f"* {DEFAULT}: 2026-11-20, 1,234 parameters, not measured, in use"
    assert told["blunt"].startswith("  blunt: ") and "cannot be used: " in told["blunt"]
    assert told["keen"] == "  keen: 2026-11-20, 1,234 parameters, not measured"
    assert lines(run("list")) == list(told.values())


def test_a_model_is_put_in_use_and_rolled_back_and_the_history_tells_it(run):
    told = lines(run("activate", "keen", *WHY))
    assert told[0].startswith("keen is in use (")
    assert told[1] == "golden set: it finds 100 of 100 (100.0%), 0 of 5 clean panels in alarm"
    keen = listed(run("list"))["keen"]
    assert "in use since" in keen and "by Kim" in keen
    assert lines(run("roll-back", "--reason", "misses chips", "--who", "Lee"))[0].startswith(
        f"{DEFAULT} is in use"
    )
    newest, first = lines(run("history"))
    assert newest.endswith(f"rolled back: {DEFAULT} (before: keen), Lee: misses chips")
    assert first.endswith(f"activated: keen (before: {DEFAULT}), Kim: trial")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("activate", "blunt", *WHY), "finds 70 of 100 defects of the golden set (70.0%)"),
        (("activate", "../keen", *WHY), "none of the model folders"),
        (("activate", DEFAULT, *WHY), "in use already"),
        (("activate", "keen", "--reason", " ", "--who", "Kim"), "needs a reason"),
        (("roll-back", *WHY), "no model was in use before"),
    ],
)
def test_a_refusal_is_one_sentence_and_exit_code_1(run, arguments, sentence):
    answer = run(*arguments)
    assert answer.exit_code == 1
    assert sentence in answer.stderr and "Traceback" not in answer.stderr
    assert len(answer.stderr.strip().splitlines()) == 1


def test_a_model_that_the_settings_name_is_not_switched(run, monkeypatch):
    monkeypatch.setenv("INSPECTION_MODEL", "keen")
    assert listed(run())["keen"].startswith("* keen")
    answer = run("activate", DEFAULT, *WHY)
    assert answer.exit_code == 1 and "take INSPECTION_MODEL away" in answer.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("activate", "keen"),
        ("activate", "keen", "--who", "Kim"),
        ("roll-back", "--reason", "trial"),
        ("fly",),
        ("wrap", "missing.keras", "--name", "new", "--thresholds-from", "keen"),
    ],
)
def test_wrong_use_exits_with_2(run, arguments):
    assert run(*arguments).exit_code == 2


def test_wrapping_needs_one_source_of_thresholds_that_is_there(run, tmp_path):
    file = tmp_path / "a.keras"
    file.write_bytes(b"none")
    photos = tmp_path / "photos"
    photos.mkdir()
    wrap = ("wrap", file, "--name", "new")
    assert run(*wrap).exit_code == 2
    assert run(*wrap, "--data", photos, "--thresholds-from", "keen").exit_code == 2
    unknown = run(*wrap, "--thresholds-from", "nobody")
    assert unknown.exit_code == 2 and "'keen'" in unknown.stderr
    refused = run(*wrap, "--thresholds-from", "keen")
    assert refused.exit_code == 1 and "not a whole .keras file" in refused.stderr
    assert not (tmp_path / "models" / "new").exists()


def test_every_command_has_help(run):
    for name in ("list", "activate", "roll-back", "history", "wrap"):
        answer = run(name, "--help")
        assert answer.exit_code == 0 and len(answer.output.splitlines()) > 3
