import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from inspection.config import HotFolderSettings, Settings
from inspection.domain.inspections import Subject
from inspection.services.health import Check, check_installation, rebuild_roll_up
from inspection.services.photo.inspecting import inspect_photo
from inspection.services.worker.parent import InspectionWorker
from inspection.storage import recording
from inspection.storage.database import writing
from tests.conftest import panel_jpeg
from tests.storage.sample_inspections import an_inspection

NAMES = [
    "settings",
    "data_folder",
    "disk",
    "database",
    "schema",
    "dates",
    "daily_count",
    "audit",
    "photos",
    "leftovers",
    "specs",
    "bodies",
    "model",
]


def checks_of(station, **changed) -> dict[str, Check]:
    settings = station.settings.model_copy(update=changed)
    return {check.name: check for check in check_installation(settings, worker=station.worker)}


def failed(checks: dict[str, Check]) -> set[str]:
    return {name for name, check in checks.items() if not check.passed}


@pytest.fixture
def filled(station):
    """A station with two inspections in its log."""
    for seed in (1, 2):
        inspect_photo(
            station,
            panel_jpeg(seed=seed),
            f"panel_{seed}.jpg",
            Subject(vehicle_model="aria", body_number=f"A{seed}", panel="door_fl"),
            mm_per_px=0.2,
        )
    return station


def change_the_log(station, statement):
    """What a hand in the database file would do, past the triggers that forbid it."""
    with writing(station.engine) as connection:
        triggers = connection.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).scalars()
        for trigger in list(triggers):
            connection.exec_driver_sql(f"DROP TRIGGER {trigger}")
        connection.exec_driver_sql(statement)


def test_a_sound_installation_passes_every_check(filled):
    checks = checks_of(filled)
    assert list(checks) == NAMES
    assert failed(checks) == set()
    assert "SQLite" in checks["database"].sentence and "wal" in checks["database"].sentence
    assert "latest 2 inspections" in checks["photos"].sentence
    assert checks["model"].sentence.startswith("fake ffffffffffff")


def log_at(station, name, at, captured_at=None):
    one = replace(an_inspection(name, body=name, at=at), captured_at=captured_at)
    recording.record_inspection(station.engine, one, station.calendar.slot_at(at))


def test_inspections_of_a_wrong_clock_are_named(station):
    now = datetime.now(UTC)
    log_at(station, "right", now)
    log_at(station, "dead battery", datetime(1970, 1, 1, 3, tzinfo=UTC))
    log_at(station, "ahead", now + timedelta(days=3))
    check = checks_of(station)["dates"]
    assert not check.passed
    assert "no. 2 (1970-01-01), no. 3 (" in check.sentence and "no. 1" not in check.sentence


def test_photos_of_a_camera_with_a_wrong_clock_are_named_and_no_fault(station):
    now = datetime.now(UTC)
    for name, captured_at in (
        ("none", None),
        ("right", now - timedelta(days=400)),
        ("another zone", now + timedelta(hours=14)),
        ("before", datetime(1999, 12, 31, tzinfo=UTC)),
        ("ahead", now + timedelta(days=2)),
    ):
        log_at(station, name, now, captured_at)
    check = checks_of(station)["dates"]
    assert check.passed
    assert "2 photos" in check.sentence and "no. 4 (1999-12-31), no. 5 (" in check.sentence


def test_a_line_older_than_the_setting_says_so(station):
    log_at(station, "old", datetime(1998, 5, 4, 3, tzinfo=UTC))
    assert "no. 1 (1998-05-04)" in checks_of(station)["dates"].sentence
    assert checks_of(station, first_day=date(1998, 1, 1))["dates"].passed


def test_an_empty_log_is_sound(station):
    assert failed(checks_of(station)) == set()


def test_a_changed_audit_row_is_named_and_the_other_checks_go_on(filled):
    change_the_log(filled, "UPDATE audit SET who = 'somebody' WHERE id = 2")
    checks = checks_of(filled)
    assert failed(checks) == {"audit"}
    assert "broken at event 2" in checks["audit"].sentence
    assert "backup" in checks["audit"].sentence


def test_a_wrong_figure_of_the_roll_up_is_told_with_both_values(filled):
    change_the_log(filled, "UPDATE daily_count SET defects = defects + 40 WHERE level = 'type'")
    checks = checks_of(filled)
    assert failed(checks) == {"daily_count"}
    assert "instead of" in checks["daily_count"].sentence
    assert "doctor --rebuild" in checks["daily_count"].sentence
    steps = []
    assert rebuild_roll_up(filled.settings, lambda done, of: steps.append((done, of))) > 0
    assert steps == [(1, 1)]
    assert failed(checks_of(filled)) == set()


def test_checking_the_roll_up_tells_how_far_it_is(filled):
    told = []
    check_installation(
        filled.settings, worker=filled.worker, progress=lambda *step: told.append(step)
    )
    assert told == [("daily_count", 1, 2), ("daily_count", 2, 2)]


def test_a_missing_photo_is_named(filled):
    shutil.rmtree(filled.settings.photos_dir / "thumbnails")
    checks = checks_of(filled)
    assert failed(checks) == {"photos"}
    assert checks["photos"].sentence.startswith("2 photos of the latest 2 inspections")


def test_a_photo_that_changed_on_the_disk_is_named(filled):
    original = next(
        path for path in (filled.settings.photos_dir / "originals").rglob("*") if path.is_file()
    )
    original.write_bytes(b"x" * original.stat().st_size)
    checks = checks_of(filled)
    assert failed(checks) == {"photos"}
    assert "damaged" in checks["photos"].sentence


def test_a_data_folder_that_does_not_exist_is_told_and_not_made(station, tmp_path):
    nowhere = tmp_path / "nowhere"
    checks = checks_of(station, data_dir=nowhere)
    assert failed(checks) == {
        "data_folder",
        "database",
        "schema",
        "dates",
        "daily_count",
        "audit",
        "photos",
        "leftovers",
    }
    assert "prepare" in checks["data_folder"].sentence
    assert "no database yet" in checks["database"].sentence
    assert not nowhere.exists()


def test_a_data_folder_that_cannot_be_written_is_told(station, tmp_path):
    # A file where the folder should be: it cannot be written even by root.
    file = tmp_path / "file"
    file.write_text("no folder")
    checks = checks_of(station, data_dir=file / "data")
    assert {"data_folder", "database"} <= failed(checks)
    assert {"disk", "specs", "bodies", "model"}.isdisjoint(failed(checks))


def test_a_file_that_is_no_database_is_told(station, tmp_path):
    file = tmp_path / "broken.db"
    file.write_bytes(b"not a database at all, but long enough" * 50)
    checks = checks_of(station, database_url=f"sqlite:///{file}")
    assert {"database", "schema", "audit"} <= failed(checks)
    assert "damaged" in checks["database"].sentence


def test_an_address_that_cannot_be_read_is_told(station):
    checks = checks_of(station, database_url="what is this")
    assert "sqlite:///path/to/file.db" in checks["database"].sentence


def test_an_old_schema_asks_for_prepare(station):
    change_the_log(station, "UPDATE alembic_version SET version_num = 'v0000'")
    checks = checks_of(station)
    assert failed(checks) == {"schema"}
    assert "prepare" in checks["schema"].sentence


def test_a_spec_that_cannot_be_read_is_named_even_when_another_is_in_force(station, tmp_path):
    specs = tmp_path / "specs"
    shutil.copytree(station.settings.spec.parent, specs)
    (specs / "broken.toml").write_text("name = ")
    checks = checks_of(station, spec=specs / station.settings.spec.name)
    assert failed(checks) == {"specs"}
    assert "broken" in checks["specs"].sentence


def test_bodies_and_photo_folders_that_are_gone_are_named(station, tmp_path):
    checks = checks_of(station, bodies_dir=tmp_path, photo_folders={"line 1": tmp_path / "line_1"})
    assert failed(checks) == {"settings", "bodies"}
    assert "line 1" in checks["settings"].sentence


def test_a_hot_folder_that_cannot_be_used_is_named(station, tmp_path):
    hot = {"ST10": HotFolderSettings(folder=tmp_path / "away")}
    checks = checks_of(station, hot_folders=hot)
    assert failed(checks) == {"settings"}
    assert "ST10" in checks["settings"].sentence


def test_shifts_that_contradict_each_other_are_told(station):
    checks = checks_of(station, shifts={"day": "06:00", "night": "06:00"})
    assert failed(checks) == {"settings"}
    assert "night" in checks["settings"].sentence


def test_a_refused_model_is_told_in_its_own_sentence(station, tmp_path):
    with InspectionWorker(
        tmp_path, segmenter="tests.services.fake_segmenters:open_refused"
    ) as refused:
        checks = checks_of(replace(station, worker=refused))
    assert failed(checks) == {"model"}
    assert "does not match its card" in checks["model"].sentence


def test_without_a_worker_one_is_started_for_the_check(tmp_path, station):
    settings = Settings(data_dir=station.settings.data_dir, models_dir=tmp_path)
    model = check_installation(settings)[-1]
    assert model.name == "model" and not model.passed
    assert model.sentence


def test_an_unexpected_error_in_one_part_does_not_stop_the_others(station, monkeypatch, capfd):
    def explode(engine):
        raise RuntimeError("a bolt from the blue")

    monkeypatch.setattr("inspection.services.health.audit.verify_chain", explode)
    checks = checks_of(station)
    assert failed(checks) == {"audit"}
    assert "a bolt from the blue" in checks["audit"].sentence
    assert "Traceback" in capfd.readouterr().err
