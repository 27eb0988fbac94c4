"""Files made in the background: fetched by a token, two at a time, kept for an hour."""

import os
import threading
import time

import pytest
from fastapi.testclient import TestClient

from inspection.api import create_api
from inspection.errors import ExportRefused, NotFound
from inspection.i18n import translator
from inspection.services.log import export_jobs
from inspection.services.log.export_jobs import begin_export, finished_file, forget_export
from inspection.storage.log_filter import LogFilter
from tests.ui.conftest import invented, write_inspections

ENGLISH = translator("en")


@pytest.fixture
def log(station, monkeypatch):
    monkeypatch.setattr(export_jobs, "_jobs", {})
    write_inspections(station, invented(station, 1, "ok"), invented(station, 2, "rework"))
    return station


def begin(station, kind="inspections_csv", name="log.csv"):
    return begin_export(station, LogFilter(), kind, name, ENGLISH)


@pytest.fixture
def held(monkeypatch):
    """Exports wait inside until the event is set; then they tell their progress as always."""
    go_on = threading.Event()
    write = export_jobs.write_export

    def waiting(station, where, kind, out, t, progress):
        progress(0.5)
        assert go_on.wait(20)
        return write(station, where, kind, out, t, progress)

    monkeypatch.setattr(export_jobs, "write_export", waiting)
    yield go_on
    go_on.set()


def test_a_finished_file_is_fetched_under_its_name(log):
    job = begin(log, name="검사이력_2026-11-25.csv")
    assert job.wait(20) and job.state.rows == 2
    client = TestClient(create_api(lambda: log))
    answer = client.get(f"/exports/{job.token}")
    assert answer.status_code == 200
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert "attachment" in answer.headers["content-disposition"]
    assert "2026-11-25.csv" in answer.headers["content-disposition"]
    assert client.get("/exports/nonsense").status_code == 404


def test_a_file_that_is_not_whole_yet_cannot_be_fetched(log, held):
    job = begin(log)
    with pytest.raises(NotFound, match="make it again"):
        finished_file(job.token)
    held.set()
    assert job.wait(20)
    assert finished_file(job.token)[1] == "log.csv"


def test_a_third_export_waits_for_its_turn(log, held):
    first, second = begin(log), begin(log)
    with pytest.raises(ExportRefused, match="2 files are being made right now"):
        begin(log)
    held.set()
    assert first.wait(20) and second.wait(20)
    assert begin(log).wait(20)


def test_an_export_that_nobody_wants_any_more_leaves_no_file(log, held):
    job = begin(log)
    forget_export(job.token)
    held.set()
    assert job.wait(20) and job.state.is_cancelled
    assert list(job.path.parent.glob("*")) == []


def test_an_export_that_fails_says_why(log, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export_jobs, "write_export", full)
    job = begin(log)
    assert job.wait(20)
    assert "No space left" in str(job.state.error)


def test_files_are_taken_away_after_an_hour(log):
    job = begin(log)
    assert job.wait(20)
    left_behind = job.path.with_name("of_an_ended_server.csv")
    left_behind.write_text("old")
    hours_ago = time.time() - 2 * export_jobs.KEPT_S
    for file in (job.path, left_behind):
        os.utime(file, (hours_ago, hours_ago))
    job.begun_at -= 2 * export_jobs.KEPT_S
    latest = begin(log)
    assert latest.wait(20)
    assert list(job.path.parent.glob("*")) == [latest.path]
    with pytest.raises(NotFound):
        finished_file(job.token)
