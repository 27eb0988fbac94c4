"""A watched folder: what is taken, what waits, what is moved where, and what a kill leaves."""

import os
import socket
import stat
import threading
from dataclasses import replace

import pytest

from inspection.config import HotFolderSettings
from inspection.errors import Conflict, ModelRefused, StorageError, SubjectRefused, WorkerFailed
from inspection.imaging import photo_folders
from inspection.services import station as station_module
from inspection.services.intake import folder_lock, hot_folder
from inspection.services.intake.hot_folder import HotFolder
from inspection.services.photo import inspecting
from inspection.storage import log_detail, log_filter, log_list
from tests.conftest import panel_jpeg


class Line:
    """A folder under watch, and a clock that the test moves."""

    def __init__(self, station, folder, /, **about):
        self.station, self.folder, self.now, self.told = station, folder, 100.0, []
        folder.mkdir(exist_ok=True)
        where = HotFolderSettings(folder=folder, **{"settle_seconds": 2, **about})
        self.hot = HotFolder(station, "ST10", where, tell=self.told.append, clock=lambda: self.now)

    def arrives(self, name, content):
        (self.folder / name).write_bytes(content)

    def looks(self, *seconds):
        """A look after each of these pauses."""
        for pause in seconds:
            self.now += pause
            self.hot.look()

    def names(self, below="."):
        return sorted(path.name for path in (self.folder / below).glob("*") if path.is_file())

    def logged(self):
        return log_list.count(self.station.engine, log_filter.LogFilter())


@pytest.fixture
def line(station, tmp_path):
    return Line(station, tmp_path / "hot")


def test_a_photo_that_has_settled_is_logged_with_the_stations_fields_and_moved(station, tmp_path):
    line = Line(
        station,
        tmp_path / "hot",
        station="ST10",
        line="L1",
        vehicle_model="aria",
        panel="hood",
        colour="red",
        mm_per_px=0.25,
    )
    line.arrives("a.jpg", panel_jpeg())
    line.looks(0, 1.9)
    assert line.names() == ["a.jpg"] and line.logged() == 0
    assert line.hot.state.waiting == 1
    line.looks(0.1)
    assert line.names() == [] and line.names("done") == ["a.jpg"]
    one = log_detail.inspection_detail(station.engine, 1).inspection
    subject = one.subject
    assert (subject.station, subject.line, subject.panel) == ("ST10", "L1", "hood")
    assert (subject.vehicle_model, subject.colour, one.photo_source) == (
        "aria",
        "red",
        "hot_folder",
    )
    assert (one.scale.mm_per_px, one.scale.source) == (0.25, "station")
    assert line.hot.state.counts == {"inspected": 1} and line.hot.state.waiting == 0


def test_what_a_name_says_stands_beside_what_the_settings_say(station, tmp_path):
    pattern = {"photo_name_pattern": "{body}_{panel}"}
    settings = station.settings.model_copy(update=pattern)
    line = Line(
        replace(station, settings=settings), tmp_path / "hot", vehicle_model="aria", panel="roof"
    )
    line.arrives("KMH-0007_hood.jpg", panel_jpeg())
    line.looks(0, 2)
    subject = log_detail.inspection_detail(station.engine, 1).inspection.subject
    # The camera of a station looks at one panel, whatever somebody wrote.
    assert (subject.body_number, subject.panel) == ("KMH-0007", "roof")


def test_a_file_that_still_grows_is_waited_for(line):
    whole = panel_jpeg()
    line.arrives("a.jpg", whole[:500])
    line.looks(0, 1.5)
    line.arrives("a.jpg", whole)
    line.looks(1.5, 1.5)
    assert line.logged() == 0
    line.looks(1)
    assert line.logged() == 1 and line.names("done") == ["a.jpg"]


def test_a_half_that_lay_still_for_a_while_is_taken_once_its_rest_has_come(line):
    whole = panel_jpeg()
    line.arrives("a.jpg", whole[:500])
    line.looks(0, 2)
    # The gate has refused it once; it may be a copy that the network holds up.
    assert line.names() == ["a.jpg"]
    line.arrives("a.jpg", whole)
    line.looks(1, 2)
    assert line.logged() == 1 and line.names("refused") == []


def test_a_half_that_stays_one_is_refused_with_its_reason_in_the_plants_language(line):
    line.arrives("a.jpg", panel_jpeg()[:500])
    line.looks(0, 2, 4, 8)
    assert line.names("refused") == ["a.jpg", "a.jpg.txt"]
    reason = (line.folder / "refused" / "a.jpg.txt").read_text(encoding="utf-8")
    assert reason.startswith("a.jpg: ") and "세요." in reason
    assert line.hot.state.counts == {"refused": 1} and line.logged() == 0


def test_what_no_second_look_can_change_is_refused_at_once(line):
    line.arrives("a.jpg", b"GIF89a" + bytes(40))
    line.looks(0, 2)
    assert line.names("refused") == ["a.jpg", "a.jpg.txt"]


def test_a_file_that_the_kill_left_behind_is_moved_without_a_second_record(line, monkeypatch):
    class Killed(BaseException):
        pass

    def dies(*_):
        raise Killed

    line.arrives("a.jpg", panel_jpeg())
    monkeypatch.setattr(HotFolder, "_move", dies)
    with pytest.raises(Killed):
        line.looks(0, 2)
    monkeypatch.undo()
    assert line.names() == ["a.jpg"] and line.logged() == 1
    restarted = Line(line.station, line.folder)
    restarted.looks(0, 2)
    assert restarted.names("done") == ["a.jpg"] and restarted.logged() == 1
    assert [one.kind for one in restarted.told] == ["known"]


def test_files_of_one_name_are_kept_apart(line):
    for seed in range(3):
        line.arrives("snap.jpg", panel_jpeg(seed=seed))
        line.looks(0, 2)
    names = line.names("done")
    assert len(names) == 3 and "snap.jpg" in names
    assert all(name.startswith("snap_") for name in names if name != "snap.jpg")
    assert line.logged() == 3


def test_what_is_no_photo_or_still_under_way_or_a_link_is_left_alone(line, tmp_path):
    (tmp_path / "elsewhere.jpg").write_bytes(panel_jpeg())
    (line.folder / "link.jpg").symlink_to(tmp_path / "elsewhere.jpg")
    for name in ("notes.txt", "a.jpg.part", "._a.jpg"):
        line.arrives(name, panel_jpeg())
    (line.folder / "sub").mkdir()
    line.looks(0, 2, 2)
    assert line.names() == ["._a.jpg", "a.jpg.part", "link.jpg", "notes.txt"]
    assert line.logged() == 0 and line.hot.state.waiting == 0


def test_a_share_that_is_away_is_told_and_comes_back(line):
    away = line.folder.with_name("away")
    line.folder.rename(away)
    line.looks(0)
    assert isinstance(line.hot.state.trouble, StorageError)
    away.rename(line.folder)
    line.arrives("a.jpg", panel_jpeg())
    line.looks(1)
    assert line.hot.state.trouble
    line.looks(30, 2)
    assert line.hot.state.trouble is None and line.names("done") == ["a.jpg"]


def test_without_a_model_every_photo_stays_where_it_is(line, monkeypatch):
    def refuses(*_, **__):
        raise ModelRefused("model_not_chosen")

    monkeypatch.setattr(inspecting, "inspect_photo", refuses)
    for name in ("a.jpg", "b.jpg"):
        line.arrives(name, panel_jpeg(seed=ord(name[0])))
    line.looks(0, 2)
    assert isinstance(line.hot.state.trouble, ModelRefused)
    assert line.names() == ["a.jpg", "b.jpg"]
    monkeypatch.undo()
    line.looks(30)
    assert line.names("done") == ["a.jpg", "b.jpg"]


def test_a_photo_that_ends_the_worker_each_time_is_refused_after_three_tries(line, monkeypatch):
    def dies(*_, **__):
        raise WorkerFailed("not_inspected_closed", name="a.jpg")

    monkeypatch.setattr(inspecting, "inspect_photo", dies)
    line.arrives("a.jpg", panel_jpeg())
    line.looks(0, 2)
    assert line.names() == ["a.jpg"]
    line.looks(60, 120)
    assert line.names("refused") == ["a.jpg", "a.jpg.txt"]
    assert line.hot.state.counts == {"failed": 1}


def test_a_file_that_cannot_be_moved_is_logged_once_and_moved_later(line):
    line.arrives("a.jpg", panel_jpeg())
    (line.folder / "done").write_text("a file where the folder should be")
    line.looks(0, 2)
    assert isinstance(line.hot.state.trouble, StorageError) and line.logged() == 1
    (line.folder / "done").unlink()
    line.looks(30)
    assert line.names("done") == ["a.jpg"] and line.logged() == 1
    assert [one.kind for one in line.told] == ["inspected"]


def test_two_never_watch_one_folder(line):
    ended = threading.Event()
    with line.hot._held(), pytest.raises(Conflict, match="another process"):
        Line(line.station, line.folder).hot.watch(ended, once=True)
    line.hot.watch(ended, once=True)


def test_two_servers_with_logs_of_their_own_never_watch_one_folder(line, tmp_path):
    ended, lock = threading.Event(), line.folder / folder_lock.NAME
    with folder_lock.watched_alone(line.folder, "ST10", tmp_path / "other"):
        with pytest.raises(Conflict, match=f"another server already, on {socket.gethostname()}"):
            line.hot.watch(ended, once=True)
        left = lock.read_bytes()
    assert line.names() == []
    # Of a server that was killed: nobody has renewed it for a while.
    lock.write_bytes(left)
    old = lock.stat().st_mtime - folder_lock.STALE_AFTER_S - 1
    os.utime(lock, (old, old))
    line.hot.watch(ended, once=True)
    assert line.names() == []


def test_a_server_that_slept_takes_nothing_from_whoever_has_taken_the_folder_over(line):
    lock = line.folder / folder_lock.NAME
    line.arrives("a.jpg", panel_jpeg())
    with line.hot._held():
        lock.write_bytes(b'{"host": "other", "machine": "1", "data": "/srv"}')
        line.looks(0, 3)
        assert "a.jpg" in line.names() and line.logged() == 0
        with pytest.raises(Conflict, match="has taken it over"):
            line.hot._refuse_lost()
    assert lock.read_bytes().startswith(b'{"host": "other"')


def test_a_machine_made_from_the_same_image_does_not_take_the_folder(line, monkeypatch):
    ended, data = threading.Event(), line.station.settings.data_dir
    with folder_lock.watched_alone(line.folder, "ST10", data):
        monkeypatch.setattr(folder_lock.uuid, "getnode", lambda: 0x1234)
        with pytest.raises(Conflict, match="another server already"):
            line.hot.watch(ended, once=True)


def test_a_server_that_was_killed_watches_its_folder_again_at_once(line):
    ended, lock = threading.Event(), line.folder / folder_lock.NAME
    with folder_lock.watched_alone(line.folder, "ST10", line.station.settings.data_dir):
        left = lock.read_bytes()
    lock.write_bytes(left)
    line.hot.watch(ended, once=True)
    assert line.names() == []


def test_settings_that_name_what_the_plant_does_not_have_refuse_no_photo(station, tmp_path):
    line = Line(station, tmp_path / "hot", vehicle_model="tesla")
    line.arrives("a.jpg", panel_jpeg())
    with pytest.raises(SubjectRefused):
        line.hot.watch(threading.Event(), once=True)
    assert line.names() == ["a.jpg"]


def test_a_name_in_cp949_is_moved_and_its_reason_stands_beside(line):
    name = os.fsdecode("도어.jpg".encode("cp949"))
    line.arrives(name, b"\xff\xd8\xff\xe0 no photo")
    line.looks(0, 2, 4, 8)
    assert line.names("refused") == [name, f"{name}.txt"]
    reason = (line.folder / "refused" / f"{name}.txt").read_text(encoding="utf-8")
    assert reason.startswith("도어.jpg: ")


def test_the_reason_of_a_long_name_is_written_all_the_same(line):
    name = "x" * 250 + ".jpg"
    line.arrives(name, b"GIF89a" + bytes(40))
    line.looks(0, 2)
    assert len(line.names("refused")) == 2
    assert hot_folder.REFUSED == "refused"


def test_a_photo_that_comes_under_the_name_of_the_one_under_inspection_is_not_moved_unseen(
    line, monkeypatch
):
    real = inspecting.inspect_photo

    def while_the_camera_writes_on(*what, **more):
        monkeypatch.undo()
        answer = real(*what, **more)
        line.arrives("image.jpg", panel_jpeg(scratches=(), seed=7))
        return answer

    monkeypatch.setattr(inspecting, "inspect_photo", while_the_camera_writes_on)
    line.arrives("image.jpg", panel_jpeg())
    line.looks(0, 2)
    assert line.names() == ["image.jpg"] and line.names("done") == [] and line.logged() == 1
    line.looks(0, 2)
    assert line.names("done") == ["image.jpg"] and line.logged() == 2
    assert line.hot.state.counts == {"inspected": 2} and line.hot.state.trouble is None


def test_a_photo_that_somebody_took_away_during_its_inspection_is_logged_all_the_same(
    line, monkeypatch
):
    real = inspecting.inspect_photo

    def takes_it_away(*what, **more):
        answer = real(*what, **more)
        (line.folder / "a.jpg").unlink()
        return answer

    monkeypatch.setattr(inspecting, "inspect_photo", takes_it_away)
    line.arrives("a.jpg", panel_jpeg())
    line.looks(0, 2)
    assert line.hot.state.counts == {"inspected": 1} and line.hot.state.trouble is None


def test_a_reason_is_written_over_nothing_and_through_no_link(line, tmp_path):
    (line.folder / "refused").mkdir()
    private = tmp_path / "private.txt"
    private.write_text("of somebody else")
    private.chmod(0o600)
    (line.folder / "refused" / "a.jpg.txt").symlink_to(private)
    (line.folder / "refused" / "b.jpg.txt").write_text("a note")
    for name in ("a.jpg", "b.jpg"):
        line.arrives(name, b"GIF89a" + bytes(40))
        (line.folder / name).chmod(0o644)
    line.looks(0, 2)
    assert private.read_text() == "of somebody else"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert (line.folder / "refused" / "b.jpg.txt").read_text() == "a note"
    photos = [name for name in line.names("refused") if name.endswith(".jpg")]
    assert [name[:2] for name in photos] == ["a_", "b_"]
    for name in photos:
        reason = line.folder / "refused" / f"{name}.txt"
        assert "GIF" in reason.read_text() and stat.S_IMODE(reason.stat().st_mode) == 0o644


def test_a_refused_file_that_is_put_back_gets_its_place_and_its_reason_again(line):
    for _ in range(2):
        line.arrives("a.jpg", b"GIF89a" + bytes(40))
        line.looks(0, 2)
        assert line.names("refused") == ["a.jpg", "a.jpg.txt"]
        (line.folder / "refused" / "a.jpg").unlink()


def test_done_that_is_a_link_is_not_followed(line, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (line.folder / "done").symlink_to(elsewhere)
    line.arrives("a.jpg", panel_jpeg())
    line.looks(0, 2)
    assert line.names() == ["a.jpg"] and not list(elsewhere.iterdir())
    assert "a.jpg: done is a link" in str(line.hot.state.trouble)


def test_a_long_name_that_comes_twice_finds_its_place(line):
    name = "문" * 81 + ".jpg"
    for seed in range(2):
        line.arrives(name, panel_jpeg(seed=seed))
        line.looks(0, 2)
    assert line.names() == [] and line.hot.state.trouble is None
    again = next(one for one in line.names("done") if one != name)
    assert again.startswith("문" * 70) and again.endswith(".jpg")
    assert len(again.encode()) <= 255


def test_one_file_that_cannot_be_moved_holds_up_no_other(line, monkeypatch):
    real = HotFolder._move

    def moves(hot, path, outcome):
        if path.name == "a.jpg":
            raise PermissionError(1, "Operation not permitted")
        real(hot, path, outcome)

    monkeypatch.setattr(HotFolder, "_move", moves)
    for seed, name in enumerate(("a.jpg", "b.jpg")):
        line.arrives(name, panel_jpeg(seed=seed))
        os.utime(line.folder / name, (seed, seed))
    line.looks(0, 2, 2)
    assert line.names() == ["a.jpg"] and line.names("done") == ["b.jpg"]
    assert "ST10" in str(line.hot.state.trouble) and "a.jpg" in str(line.hot.state.trouble)


def test_a_file_that_can_never_be_read_is_told_and_holds_up_no_other(line, monkeypatch):
    real = photo_folders.read_file

    def reads(path, *most):
        if path.name == "a.jpg":
            raise PermissionError(13, "Permission denied")
        return real(path, *most)

    monkeypatch.setattr(photo_folders, "read_file", reads)
    for name in ("a.jpg", "b.jpg"):
        line.arrives(name, panel_jpeg())
    line.looks(0, 2, 30)
    # Until then it may be the program that writes it.
    assert line.hot.state.trouble is None and line.names("done") == ["b.jpg"]
    line.looks(30, 2)
    assert "a.jpg: Permission denied" in str(line.hot.state.trouble)
    line.hot.watch(threading.Event(), once=True)
    monkeypatch.undo()
    line.looks(30)
    assert line.names("done") == ["a.jpg", "b.jpg"] and line.hot.state.trouble is None


def test_the_servers_work_begins_once_its_station_can_be_opened(station, monkeypatch):
    answers = [StorageError("file_not_written", name="log", why="down"), station]

    def opens():
        answer = answers.pop(0)
        if isinstance(answer, StorageError):
            raise answer
        return answer

    monkeypatch.setattr(station_module, "shared_station", opens)
    monkeypatch.setattr(station_module, "_RETRY_S", 0.01)
    worked = []
    station_module.with_shared_station(
        lambda *what: worked.append(what), ended := threading.Event()
    )
    assert worked == [(station, ended)]


def test_several_works_of_a_server_say_the_same_trouble_once(monkeypatch, caplog):
    ended = threading.Event()

    def refuses():
        raise StorageError("file_not_written", name="log", why="down")

    monkeypatch.setattr(station_module, "shared_station", refuses)
    monkeypatch.setattr(station_module, "_RETRY_S", 0.01)
    works = [
        threading.Thread(target=station_module.with_shared_station, args=(print, ended))
        for _ in range(3)
    ]
    for work in works:
        work.start()
    threading.Timer(0.2, ended.set).start()
    for work in works:
        work.join(10)
    (said,) = [one.getMessage() for one in caplog.records if "down" in one.getMessage()]
    assert said.startswith("the station cannot be opened and is tried again: log cannot be written")
