"""`inspect --log` ended in the middle: the same command goes on, and logs nothing twice."""

import json
from contextlib import contextmanager

import pytest

from inspection.cli.console import REFUSED
from inspection.cli.inspecting import STOPPED
from inspection.config import Settings
from inspection.services.photo import inspecting
from inspection.services.photo.command_runs import command_run
from inspection.services.station import open_station
from inspection.storage import log_filter, log_list
from tests.cli.json_lines import lines_of
from tests.conftest import panel_jpeg


@pytest.fixture
def many(tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(4):
        (folder / f"{number}.jpg").write_bytes(panel_jpeg(seed=number))
    (folder / "2.jpg").write_bytes(b"no photo")
    return folder


@contextmanager
def ended_after(photos):
    """The run is ended when so many photos are logged, before anybody is told of the last."""
    real, logged = inspecting.write_down, []

    def write_down(*what, **more):
        number = real(*what, **more)
        logged.append(number)
        if len(logged) == photos:
            raise KeyboardInterrupt
        return number

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(inspecting, "write_down", write_down)
        yield


def logged_photos(tmp_path):
    station = open_station(Settings(data_dir=tmp_path / "data"), with_model=False)
    try:
        return log_list.count(station.engine, log_filter.LogFilter())
    finally:
        station.engine.dispose()


@pytest.mark.parametrize("again", [(), ("--again",)], ids=["once", "again"])
def test_the_same_command_goes_on_and_logs_nothing_twice(run, many, tmp_path, again):
    out, masks = tmp_path / "out.jsonl", tmp_path / "masks"
    words = ("inspect", many, "--log", "--json", out, "--masks", masks, *again)
    with ended_after(2):
        stopped = run(*words)
    assert stopped.exit_code == STOPPED
    assert "stopped: 1 of 4 done; the same command goes on with the others" in stopped.stderr
    assert logged_photos(tmp_path) == 2

    goes_on = run(*words)
    assert goes_on.exit_code == REFUSED
    assert "going on with the run of" in goes_on.stderr
    assert "2 of them were logged before" in goes_on.stderr
    assert "3 inspected, 1 refused" in goes_on.stderr
    assert [line.get("id") for line in lines_of(out)] == [1, 2, None, 3]
    assert len(list(masks.iterdir())) == 3
    assert logged_photos(tmp_path) == 3


def test_the_lines_of_a_run_that_is_gone_on_with_stay_whatever_ends_it_again(
    run, many, tmp_path, monkeypatch
):
    out = tmp_path / "out.jsonl"
    words = ("inspect", many, "--log", "--json", out)
    with ended_after(2):
        assert run(*words).exit_code == STOPPED
    (first,) = out.read_text().splitlines()
    out.write_text(f'{first}\n{{"file": "torn')

    def ends(*what, **more):
        raise KeyboardInterrupt

    monkeypatch.setattr(inspecting, "stored_answer", ends)
    assert run(*words).exit_code == STOPPED
    assert out.read_text().splitlines() == [first]


def test_a_command_that_is_refused_leaves_the_lines_of_the_one_under_way(
    run, many, tmp_path, monkeypatch
):
    out = tmp_path / "out.jsonl"
    words, said = ("inspect", many, "--log", "--json", out), []
    real = inspecting.write_down

    def meanwhile(*what, **more):
        if out.read_text() and not said:
            said.append(run(*words).exit_code)
        return real(*what, **more)

    monkeypatch.setattr(inspecting, "write_down", meanwhile)
    run(*words)
    assert said == [1]
    assert [line.get("id") for line in lines_of(out)] == [1, 2, None, 3]


def test_a_run_that_came_to_its_end_is_not_gone_on_with(run, many, tmp_path):
    (many / "2.jpg").unlink()
    assert run("inspect", many, "--log").exit_code == 0
    again = run("inspect", many, "--log")
    assert again.exit_code == REFUSED and "already inspected" in again.stderr
    assert "going on" not in again.stderr
    assert not list((tmp_path / "data" / "commands").glob("*"))


def test_other_words_or_the_word_anew_begin_a_run_of_their_own(run, many, tmp_path):
    with ended_after(1):
        assert run("inspect", many, "--log", "--again").exit_code == STOPPED
    (many / "2.jpg").unlink()
    assert "going on" not in run("inspect", many, "--log", "--again", "--panel", "hood").stderr
    anew = run("inspect", many, "--log", "--again", "--anew")
    assert anew.exit_code == 0 and "going on" not in anew.stderr
    assert logged_photos(tmp_path) == 7


@pytest.fixture
def opened(tmp_path):
    station = open_station(Settings(data_dir=tmp_path / "data"), with_model=False)
    yield station
    station.engine.dispose()


def test_the_same_command_cannot_run_twice_at_once(run, many, tmp_path, monkeypatch):
    said = []
    real = inspecting.inspect_photo

    def meanwhile(*what, **more):
        if not said:
            said.append(run("inspect", many, "--log"))
        return real(*what, **more)

    monkeypatch.setattr(inspecting, "inspect_photo", meanwhile)
    run("inspect", many, "--log")
    assert said[0].exit_code == 1
    assert "the same command is running already" in said[0].stderr


def test_a_run_that_was_ended_weeks_ago_is_begun_anew(opened):
    with command_run(opened, {"paths": ["/a"]}) as first:
        pass
    (journal,) = (opened.settings.data_dir / "commands").glob("*.json")
    content = json.loads(journal.read_text())
    journal.write_text(json.dumps(content | {"begun_at": "2026-01-01T00:00:00+00:00"}))
    with command_run(opened, {"paths": ["/a"]}) as second:
        assert second.key != first.key and not second.is_resumed
        second.is_done = True
    journal.write_text("{torn")
    with command_run(opened, {"paths": ["/a"]}) as third:
        assert not third.is_resumed
