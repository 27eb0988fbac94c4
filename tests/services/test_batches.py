import threading
from functools import partial

from inspection.domain.inspections import Subject
from inspection.errors import ModelRefused, WorkerFailed
from inspection.services import batches
from inspection.services.batches import Order
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
    assert batch.outcomes[1].sentence.startswith("torn.jpg")
    assert batch.left == ()


def test_a_photo_with_an_impossible_scale_is_refused_and_the_others_go_on(station):
    wrong = Order("wrong.jpg", lambda: panel_jpeg(seed=1), DOOR, mm_per_px=25.0)
    _, batch = finished(station, [wrong, order(panel_jpeg(seed=2))])
    assert kinds(batch) == ["refused", "inspected"]
    assert batch.outcomes[0].sentence.startswith("wrong.jpg: at 25 mm/px")


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


def test_a_file_set_aside_is_removed_once_it_is_judged_or_refused(station):
    paths = [batches.set_aside(station, content) for content in (panel_jpeg(), b"no photo")]
    orders = [
        Order("p.jpg", path.read_bytes, DOOR, discard=partial(path.unlink, missing_ok=True))
        for path in paths
    ]
    finished(station, orders)
    assert not any(path.exists() for path in paths)


def test_forgetting_a_batch_removes_the_files_that_were_not_judged(station, monkeypatch):
    def dies(*_, **__):
        raise WorkerFailed("p.jpg: not inspected")

    monkeypatch.setattr(batches.inspecting, "inspect_photo", dies)
    path = batches.set_aside(station, b"photo")
    waiting = Order("p.jpg", path.read_bytes, DOOR, discard=partial(path.unlink, missing_ok=True))
    key, _ = finished(station, [waiting])
    assert path.exists()
    batches.forget(key)
    assert not path.exists()


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
