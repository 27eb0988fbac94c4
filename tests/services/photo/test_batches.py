import signal
import subprocess
import sys
import threading
from functools import partial

import pytest

from inspection.config import REPOSITORY
from inspection.domain.inspections import Subject
from inspection.errors import ModelRefused, NotFound, WorkerFailed
from inspection.services.photo import batches, waiting_room
from inspection.services.photo.batches import Order
from inspection.storage import log_detail, log_filter, log_list
from tests.conftest import panel_jpeg

DOOR = Subject("aria", "KMH-1", "door_fl", inspector="Kim")


def order(content, name="p.jpg", **more):
    return Order(name=name, read=lambda: content, subject=DOOR, mm_per_px=0.2, **more)


def finished(station, orders):
    key = batches.begin(station, orders)
    batch = batches.find_batch(key)
    assert batch.wait(20)
    return key, batch


def kinds(batch):
    return [outcome.kind for outcome in batch.outcomes]


def test_a_broken_photo_among_three_is_named_and_the_others_go_on(station):
    orders = [order(panel_jpeg(seed=1)), order(b"no photo", "torn.jpg"), order(panel_jpeg(seed=2))]
    _, batch = finished(station, orders)
    assert kinds(batch) == ["inspected", "refused", "inspected"]
    assert str(batch.outcomes[1].error).startswith("torn.jpg")
    assert batch.left == ()


def test_a_photo_with_an_impossible_scale_is_refused_and_the_others_go_on(station):
    wrong = Order("wrong.jpg", lambda: panel_jpeg(seed=1), DOOR, mm_per_px=25.0)
    _, batch = finished(station, [wrong, order(panel_jpeg(seed=2))])
    assert kinds(batch) == ["refused", "inspected"]
    assert str(batch.outcomes[0].error).startswith("wrong.jpg: at 25 mm/px")


def test_a_photo_that_was_judged_before_points_at_that_inspection(station):
    _, batch = finished(station, [order(panel_jpeg()), order(panel_jpeg())])
    first, second = batch.outcomes
    assert (second.kind, second.number) == ("known", first.number)
    _, deliberate = finished(station, [order(panel_jpeg(), again=True)])
    assert deliberate.outcomes[0].number == first.number + 1


def test_cancelling_stops_after_the_photo_under_way(station):
    reading_now, go_on = threading.Event(), threading.Event()

    def read_slowly():
        reading_now.set()
        assert go_on.wait(10)
        return panel_jpeg()

    slow = Order(name="slow.jpg", read=read_slowly, subject=DOOR)
    batch = batches.find_batch(batches.begin(station, [slow, order(panel_jpeg(seed=1))]))
    assert reading_now.wait(10)
    batch.cancel()
    go_on.set()
    assert batch.wait(20)
    assert kinds(batch) == ["inspected"]
    assert (batch.progress.done, batch.progress.total) == (1, 2)
    assert len(batch.left) == 1


def test_a_dead_worker_fails_one_photo_which_can_be_tried_again(station, monkeypatch):
    real = batches.inspecting.inspect_photo

    def dies_once(station, content, name, *args, **more):
        if name == "unlucky.jpg":
            raise WorkerFailed(f"{name}: not inspected, the worker process was killed")
        return real(station, content, name, *args, **more)

    monkeypatch.setattr(batches.inspecting, "inspect_photo", dies_once)
    orders = [order(panel_jpeg(seed=1), "unlucky.jpg"), order(panel_jpeg(seed=2))]
    key, batch = finished(station, orders)
    assert kinds(batch) == ["failed", "inspected"]
    monkeypatch.undo()
    again = batches.find_batch(batches.retry(station, key))
    assert again.wait(20)
    assert kinds(again) == ["inspected", "inspected"]
    assert batches.find_batch(key) is None


def test_without_a_model_the_rest_is_not_tried_and_is_kept(station, monkeypatch):
    def refuses(*_, **__):
        raise ModelRefused("model x: unet.bin does not match its card")

    monkeypatch.setattr(batches.inspecting, "inspect_photo", refuses)
    _, batch = finished(station, [order(b"1"), order(b"2"), order(b"3")])
    assert kinds(batch) == ["failed"]
    assert len(batch.left) == 3


def uploaded(station, content, name="p.jpg", **more):
    where = batches.set_aside(station, content)
    return batches.order_for(station, name, DOOR, where, mm_per_px=0.2, **more)


def waiting_files(station):
    return [path for path in waiting_room.folder_of(station).rglob("*") if path.is_file()]


def test_a_file_set_aside_is_removed_once_it_is_judged_or_refused(station):
    finished(station, [uploaded(station, panel_jpeg()), uploaded(station, b"no photo")])
    assert waiting_files(station) == []


def test_forgetting_a_batch_removes_the_files_that_were_not_judged(station, monkeypatch):
    def dies(*_, **__):
        raise WorkerFailed("p.jpg: not inspected")

    monkeypatch.setattr(batches.inspecting, "inspect_photo", dies)
    key, _ = finished(station, [uploaded(station, b"photo")])
    assert waiting_files(station) != []
    batches.forget(key)
    assert waiting_files(station) == []


KILLED = """
import os, sys
from inspection.config import Settings
from inspection.domain.inspections import Subject
from inspection.services.photo import batches
from inspection.services.station import open_station
from tests.conftest import panel_jpeg

station = open_station(Settings(data_dir=sys.argv[1]), with_model=False)
done = []

def inspects_two_and_is_killed(station, content, name, subject, **more):
    if len(done) == 2:
        os.kill(os.getpid(), 9)
    done.append(name)
    return type("Inspected", (), {"id": len(done)})

batches.inspecting.inspect_photo = inspects_two_and_is_killed
kim = Subject("aria", "KMH-1", "door_fl", inspector="Kim")
names = ["a.jpg", "b.jpg", "c.jpg", "\uc0ac\uc9c4.jpg"]
orders = [
    batches.order_for(
        station, name, kim, batches.set_aside(station, panel_jpeg(seed=seed)), mm_per_px=0.2
    )
    for seed, name in enumerate(names)
]
batches.set_aside(station, b"set aside, and never begun")
batches.find_batch(batches.begin(station, orders)).wait(30)
"""


@pytest.fixture
def killed(station):
    """The log of a server that was killed at the third of Kim's four photos."""
    data = station.settings.data_dir
    ended = subprocess.run([sys.executable, "-c", KILLED, str(data)], cwd=REPOSITORY, timeout=120)
    assert ended.returncode == -signal.SIGKILL
    return station


def test_a_killed_server_is_told_with_what_it_left(killed):
    (one,) = batches.interrupted(killed)
    assert (one.who, one.done, one.total) == ("Kim", 2, 4)
    assert one.left == ("c.jpg", "사진.jpg")
    batches.tidy(killed)
    journal_and_photos = waiting_files(killed)
    assert sorted(path.suffix for path in journal_and_photos) == ["", "", "", ".done", ".json"]
    assert batches.interrupted(killed) == [one]


def test_what_a_killed_server_left_is_gone_on_with_once(killed):
    (one,) = batches.interrupted(killed)
    key = batches.go_on(killed, one.key, "Lee")
    assert batches.go_on(killed, one.key, "Lee") == key == one.key
    assert batches.interrupted(killed) == []
    batch = batches.find_batch(key)
    assert batch.wait(30)
    assert [(one.name, one.kind) for one in batch.outcomes] == [
        ("a.jpg", "inspected"),
        ("b.jpg", "inspected"),
        ("c.jpg", "inspected"),
        ("사진.jpg", "inspected"),
    ]
    logged = log_detail.inspection_detail(killed.engine, batch.outcomes[2].number)
    assert (logged.subject.inspector, logged.subject.panel) == ("Lee", "door_fl")
    assert logged.inspection.scale.mm_per_px == 0.2
    batches.tidy(killed)
    assert waiting_files(killed) == []


def test_what_a_killed_server_left_can_be_given_up(killed):
    (one,) = batches.interrupted(killed)
    batches.give_up(killed, one.key)
    assert batches.interrupted(killed) == []
    batches.tidy(killed)
    assert waiting_files(killed) == []
    with pytest.raises(NotFound, match="somebody has dealt with it"):
        batches.go_on(killed, one.key, "Kim")


def test_a_batch_under_way_is_no_interrupted_one_and_says_whose_it_is(station):
    reading_now, go_on = threading.Event(), threading.Event()

    def read_slowly():
        reading_now.set()
        assert go_on.wait(10)
        return panel_jpeg()

    slow = Order("slow.jpg", read_slowly, DOOR, where={"root": "samples", "place": "slow.jpg"})
    key = batches.begin(station, [slow, uploaded(station, panel_jpeg(seed=1))])
    assert reading_now.wait(10)
    ((shown, batch),) = batches.running(station)
    assert (shown, batch.who, batch.progress.total) == (key, "Kim", 2)
    assert batches.interrupted(station) == []
    assert batches.tidy(station) == 0
    go_on.set()
    assert batch.wait(20)
    assert batches.running(station) == []
    assert kinds(batch) == ["inspected", "inspected"]


def test_an_order_that_is_tried_again_never_writes_a_second_record(station):
    twice = order(panel_jpeg(), again=True)
    finished(station, [twice])
    finished(station, [twice])
    assert log_list.count(station.engine, log_filter.LogFilter()) == 1


def test_a_photo_logged_before_its_journal_said_so_counts_as_inspected(station):
    again = [order(panel_jpeg(seed=seed), again=True) for seed in (1, 2)]
    _, first = finished(station, again)
    _, second = finished(station, again)
    assert kinds(second) == ["inspected", "inspected"]
    assert [one.number for one in second.outcomes] == [one.number for one in first.outcomes]


def test_an_upload_that_is_begun_twice_is_one_batch(station, tmp_path):
    copies = [tmp_path / name for name in ("first", "second")]
    for copy in copies:
        copy.write_bytes(panel_jpeg())
    keys = [
        batches.begin(
            station, [order(panel_jpeg(), discard=partial(copy.unlink, True), ticket="upload-1")]
        )
        for copy in copies
    ]
    assert keys[0] == keys[1]
    assert batches.find_batch(keys[0]).wait(20)
    assert kinds(batches.find_batch(keys[0])) == ["inspected"]
    assert not any(copy.exists() for copy in copies)
    batches.forget(keys[0])
    again = batches.begin(station, [order(panel_jpeg(), ticket="upload-1", again=True)])
    assert again != keys[0]


def test_a_journal_of_the_version_before_holds_sentences():
    old = {"name": "a.jpg", "kind": "refused", "number": None, "sentence": "a.jpg: torn"}
    assert str(batches.Outcome.from_json(old).error) == "a.jpg: torn"
    assert batches.Outcome.from_json({**old, "sentence": ""}).error is None
