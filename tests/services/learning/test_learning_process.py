"""How learning is begun, refused, watched, cancelled and gone on with; without a network."""

import subprocess
import sys
import time
from collections import namedtuple
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from inspection.domain.learning import folds
from inspection.errors import Conflict, DecisionRefused, DiskFull, StorageError, TrainingError
from inspection.services.learning import process, readiness
from inspection.services.learning.journal import Folder, Journal
from inspection.services.model import learned
from inspection.storage import log_detail
from tests.services.learning.corrected_log import correct_photo

JOURNAL = Journal(
    who="Kim",
    begun_at=datetime(2026, 11, 30, 9, 0, tzinfo=UTC),
    model="lite0-unet",
    model_sha256="c" * 64,
    photos=34,
    bodies=17,
    step="fold",
    fit=2,
    done=120,
    of=200,
)


@pytest.fixture
def ready(station, tmp_path, monkeypatch):
    """Two corrected photos of two bodies are enough; a process that does nothing stands for one
    that learns. Answers the numbers of the inspections."""
    monkeypatch.setattr(folds, "LEAST_PHOTOS", 2)
    monkeypatch.setattr(folds, "LEAST_BODIES", 2)
    monkeypatch.setattr(process, "_start", lambda who, log: waiting_process())
    models = tmp_path / "models"
    models.mkdir()
    changed = station.settings.model_copy(update={"models_dir": models})
    station = replace(station, settings=changed)
    numbers = [correct_photo(station, seed, f"B{seed % 2}") for seed in range(2)]
    yield station, numbers
    if child := process._children.pop(process._key(station), None):
        child.kill()
        child.wait()


def waiting_process():
    return subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.buffer.read()"], stdin=subprocess.PIPE
    )


def test_only_corrected_photos_that_count_are_counted_by_their_bodies(station):
    for seed, body in enumerate(("B1", "B1", "B2", "", "")):
        correct_photo(station, seed, body)
    ready = readiness.readiness(station)
    assert (ready.photos, ready.bodies, ready.unnumbered) == (5, 3, 2)
    assert not ready.is_enough
    with pytest.raises(TrainingError, match="5 corrected photos of 3 bodies are too few"):
        process.begin(station, "Kim")
    assert process.state(station).kind == "idle"


def test_a_car_logged_with_and_without_its_model_is_one_body(station):
    correct_photo(station, 0, "B1")
    correct_photo(station, 1, "B1", vehicle_model="")
    assert readiness.readiness(station).bodies == 1


def test_what_the_model_in_use_has_learnt_from_proves_nothing_about_it(ready, monkeypatch):
    station, _ = ready
    learnt = {learned.body_code(f"B{number}") for number in range(2)}
    monkeypatch.setattr(readiness, "learnt_before", lambda base: frozenset(learnt))
    with pytest.raises(TrainingError, match="has learnt from all 2 corrected bodies before"):
        process.begin(station, "Kim")
    correct_photo(station, 2, "B2")
    process.begin(station, "Kim")


def test_passing_trouble_is_told_and_keeps_what_is_learnt(ready):
    station, _ = ready
    folder = Folder(station.settings)
    trouble = DiskFull("learn_disk", folder=folder.path, free=0.1, needed=1.0)
    with folder.held():
        folder.write(replace(JOURNAL, error=trouble.as_json()))
    seen = process.state(station)
    assert seen.kind == "interrupted" and seen.trouble.code == "learn_disk"


def test_a_run_is_begun_once_and_seen_by_everyone(ready):
    station, _ = ready
    assert process.state(station).kind == "idle"
    process.begin(station, "Kim")
    assert process.state(station).kind == "under_way"
    with pytest.raises(Conflict, match="under way already"):
        process.begin(station, "Lee")


def test_a_run_of_another_process_is_under_way_too(ready):
    station, _ = ready
    folder = Folder(station.settings)
    with folder.held():
        folder.write(JOURNAL)
        seen = process.state(station)
        assert (seen.kind, seen.journal) == ("under_way", JOURNAL)
        process.cancel(station)
        assert process.state(station).is_cancelled
    # It was ended before it could give up.
    assert process.state(station).kind == "interrupted"
    process.begin(station, "Kim")
    assert not process.state(station).is_cancelled


def test_a_killed_run_can_be_gone_on_with_or_given_up(ready):
    station, _ = ready
    folder = Folder(station.settings)
    with folder.held():
        folder.write(JOURNAL)
        folder.work.mkdir()
    seen = process.state(station)
    assert (seen.kind, seen.journal) == ("interrupted", JOURNAL)
    process.begin(station, "Lee")
    assert folder.work.is_dir(), "what was learnt is kept"
    assert process.state(station).journal == JOURNAL
    child = process._children[process._key(station)]
    # The server is gone: its end of the pipe closes, however it ended.
    child.stdin.close()
    assert child.wait(20) == 0
    assert process.state(station).kind == "interrupted"
    process.give_up(station)
    assert process.state(station).kind == "idle" and not folder.work.exists()


def test_what_came_of_a_run_stays_until_it_was_read(ready):
    station, _ = ready
    folder = Folder(station.settings)
    with folder.held():
        error = TrainingError("learn_nothing_scored").as_json()
        folder.write(replace(JOURNAL, is_over=True, error=error))
    seen = process.state(station)
    assert seen.kind == "over" and "sound paint" in str(seen.trouble)
    process.begin(station, "Kim")
    assert process.state(station).journal is None, "the run before is forgotten"


def test_a_process_that_ends_at_once_is_told(ready, monkeypatch):
    station, _ = ready
    failing = [sys.executable, "-c", "raise SystemExit(3)"]
    monkeypatch.setattr(
        process, "_start", lambda who, log: subprocess.Popen(failing, stdin=subprocess.PIPE)
    )
    process.begin(station, "Kim")
    give_up = time.monotonic() + 20
    while process.state(station).kind == "under_way" and time.monotonic() < give_up:
        time.sleep(0.05)
    assert "exit code 3" in str(process.state(station).trouble)


def test_the_process_refuses_by_itself_while_its_pipe_is_open(station, tmp_path, monkeypatch):
    monkeypatch.setenv("INSPECTION_DATA_DIR", str(station.settings.data_dir))
    with (tmp_path / "log.txt").open("w+b") as log, process._start("Kim", log.fileno()) as child:
        assert child.wait(120) == 1
        log.seek(0)
        assert b"0 corrected photos of 0 bodies are too few" in log.read()


def test_a_photo_that_is_gone_from_the_disk_is_named(ready):
    station, numbers = ready
    gone = log_detail.inspection_detail(station.engine, numbers[1]).photo_sha256
    station.photos.original_path(gone).unlink()
    with pytest.raises(StorageError, match=rf"1 of 2 .* no\. {numbers[1]} first"):
        process.begin(station, "Kim")


def test_a_full_disk_is_said_before_anything_is_written(ready, monkeypatch):
    station, _ = ready
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(
        readiness.shutil, "disk_usage", lambda folder: usage(10**12, 0, 500_000_000)
    )
    with pytest.raises(DiskFull, match=r"0\.5 GB are free, learning needs 1\.0 GB"):
        process.begin(station, "Kim")
    assert not Folder(station.settings).log.exists()


def test_where_the_libraries_are_not_installed_the_cure_is_named(ready, monkeypatch):
    station, _ = ready
    monkeypatch.setattr(readiness, "LIBRARIES", ("keras", "no_such_library"))
    assert readiness.missing_libraries() == ("no_such_library",)
    with pytest.raises(TrainingError, match=r"requirements-train\.txt"):
        process.begin(station, "Kim")


def test_without_a_name_nothing_is_begun(ready):
    station, _ = ready
    with pytest.raises(DecisionRefused, match="name"):
        process.begin(station, "  ")
