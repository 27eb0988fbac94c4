import csv
import json
import os
import signal
import subprocess
import sys
import threading
import time
import unicodedata
from pathlib import Path

import pytest

from inspection.errors import ModelRefused, UnreadableImage, WorkerFailed
from inspection.imaging import codec, memory
from inspection.services.worker.parent import InspectionWorker, ModelChoice
from tests.services.worker.workers import (
    NO_KILL,
    door,
    is_running,
    served_by,
    wait_until,
)

PROJECT = Path(__file__).resolve().parents[3]
BAD_IMAGES = PROJECT.parent / "shared" / "bad_images"
NO_BAD_IMAGES = pytest.mark.skipif(
    not BAD_IMAGES.is_dir(), reason="../shared/bad_images is not here"
)


@pytest.fixture(scope="module")
def worker():
    with served_by("open_fake") as shared:
        yield shared


@pytest.fixture(scope="module")
def gatekeeper():
    with InspectionWorker(None) as shared:
        yield shared


def test_a_scratch_is_found_where_it_is_and_as_large_as_it_is(worker):
    phases = []
    photo, evidence = worker.inspect(door(), "door.png", phases.append)
    levels = codec.decode_grey(evidence.probability_png)
    assert (photo.width_px, photo.height_px, photo.format) == (320, 240, "PNG")
    assert (levels > 127).sum() == 80
    assert levels[100, 50] == 230
    assert codec.type_map(evidence)[100, 50] == 1
    assert evidence.types == ("dent", "scratch")
    assert phases == ["waiting", "decoding", "preparing", "segmenting"]


def test_looking_gives_two_pictures_to_show_and_the_quality_without_the_network(worker):
    photo = worker.look(door(1600, 1200, "JPEG"), "door.jpg")
    assert codec.decode_rgb(photo.display_jpeg).shape == (1200, 1600, 3)
    assert codec.decode_rgb(photo.thumbnail_jpeg).shape == (240, 320, 3)
    assert photo.quality.brightness == pytest.approx(140, abs=1)


def test_the_model_is_known_in_the_parent(worker):
    assert worker.model.is_ready
    assert worker.model.name == "fake" and worker.model.sha256 == "f" * 64
    assert worker.model.types == ("dent", "scratch")
    assert worker.model.card["thresholds"]["region"] == 0.5


def test_a_refused_photo_keeps_the_process(worker):
    worker.start()
    pid = worker.pid
    with pytest.raises(UnreadableImage, match=r"^notes\.txt: text files are not read here"):
        worker.inspect(b"no photo at all", "notes.txt")
    assert worker.pid == pid


def test_a_refused_model_leaves_photos_readable_and_gives_its_sentence():
    with served_by("open_refused") as worker:
        worker.start()
        assert not worker.model.is_ready and worker.model.name is None
        assert str(worker.model.error) == "model fake: unet.bin does not match its card"
        assert worker.look(door(), "door.png").width_px == 320
        with pytest.raises(ModelRefused, match=r"unet\.bin does not match"):
            worker.inspect(door(), "door.png")


def test_an_unknown_segmenter_is_a_sentence_and_not_a_crash():
    with InspectionWorker(Path("weights/v9"), segmenter="no_such_module:open") as worker:
        assert "model v9 cannot be opened (ModuleNotFoundError" in str(worker.model.error)


@NO_KILL
def test_a_model_that_kills_the_process_while_it_is_opened_is_given_up():
    with served_by("open_and_die") as worker:
        assert "while it was opened the worker process was killed by signal 9" in str(
            worker.model.error
        )
        assert worker.look(door(), "door.png").width_px == 320


def test_without_a_model_folder_the_sentence_says_what_to_do(gatekeeper):
    with pytest.raises(ModelRefused, match="no model is chosen"):
        gatekeeper.inspect(door(), "door.png")


@NO_KILL
def test_a_process_killed_between_two_photos_is_replaced_unnoticed(gatekeeper):
    gatekeeper.start()
    before = gatekeeper.pid
    os.kill(before, signal.SIGKILL)
    assert gatekeeper.look(door(), "door.png").width_px == 320
    assert gatekeeper.pid != before


@NO_KILL
@pytest.mark.parametrize(
    "phase, error, sentence",
    [
        ("decoding", UnreadableImage, "door.jpg: while decoding it the worker process was killed"),
        ("segmenting", WorkerFailed, "door.jpg: not inspected, the worker process was killed"),
    ],
)
def test_a_process_killed_in_the_middle_of_a_photo_costs_that_photo_only(phase, error, sentence):
    with served_by("open_fake") as worker:
        large = door(4000, 3000, "JPEG")

        def kill(now):
            if now == phase:
                os.kill(worker.pid, signal.SIGKILL)

        with pytest.raises(error, match=f"^{sentence} by signal 9"):
            worker.inspect(large, "door.jpg", kill)
        assert worker.inspect(large, "door.jpg")[0].width_px == 4000


@NO_KILL
def test_a_network_that_kills_its_process_is_a_failed_worker():
    with served_by("open_killed") as worker:
        with pytest.raises(WorkerFailed, match="was killed by signal 9 while segmenting"):
            worker.inspect(door(), "door.png")
        assert worker.look(door(), "door.png").width_px == 320


def test_an_answer_that_is_no_number_is_no_verdict():
    with (
        served_by("open_not_a_number") as worker,
        pytest.raises(WorkerFailed, match="values that are not finite"),
    ):
        worker.inspect(door(), "door.png")


def test_the_process_is_polite_and_sees_neither_secrets_nor_libraries(monkeypatch):
    monkeypatch.setenv("INSPECTION_DATABASE_URL", "postgresql://line:secret@db/log")
    with served_by("open_prying") as worker:
        card = worker.model.card
    assert not [name for name in card["environment"] if name.startswith("INSPECTION")]
    assert set(memory.ENVIRONMENT) <= set(card["environment"])
    assert card["libraries"] == []
    assert card["niceness"] >= 10 or not hasattr(os, "nice")


def test_the_parent_imports_no_network_library():
    program = (
        "import sys, inspection.services.worker.parent;"
        "print({'tensorflow', 'keras', 'openvino', 'models'} & set(sys.modules))"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == "set()"


def test_a_cancelled_photo_does_not_disturb_the_next_one(worker):
    class Cancelled(Exception):
        pass

    def cancel(phase):
        if phase == "decoding":
            raise Cancelled

    with pytest.raises(Cancelled):
        worker.inspect(door(2000, 1500), "first.png", cancel)
    assert worker.inspect(door(), "second.png")[0].width_px == 320


def test_photos_of_many_threads_are_each_answered_with_their_own_picture(worker):
    answers = {}

    def inspect(width_px):
        answers[width_px] = [
            worker.inspect(door(width_px), f"{width_px}.png")[0].width_px for _ in range(4)
        ]

    threads = [threading.Thread(target=inspect, args=(width,)) for width in range(200, 260, 10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert answers == {width: [width] * 4 for width in range(200, 260, 10)}


def test_photos_are_taken_in_the_order_in_which_they_came(worker):
    order = []
    first_is_running, threads = threading.Event(), []

    def hold(phase):
        if phase == "decoding":
            first_is_running.set()
            # Until all the others stand in the queue.
            wait_until(lambda: len(worker._turns._persons) == 5)

    first = threading.Thread(target=worker.inspect, args=(door(), "0.png", hold))
    first.start()
    assert first_is_running.wait(10)
    for number in range(1, 6):
        waiting = len(worker._turns._persons)
        thread = threading.Thread(
            target=worker.inspect,
            args=(
                door(),
                f"{number}.png",
                lambda phase, number=number: phase == "decoding" and order.append(number),
            ),
        )
        thread.start()
        threads.append(thread)
        assert wait_until(lambda waiting=waiting: len(worker._turns._persons) > waiting)
    for thread in [first, *threads]:
        thread.join(20)
    assert order == [1, 2, 3, 4, 5]


def test_another_choice_replaces_the_process_between_two_photos(tmp_path):
    chosen = [ModelChoice(tmp_path / "first")]
    with InspectionWorker(
        None, choice=lambda: chosen[0], segmenter="tests.services.fake_segmenters:open_named"
    ) as worker:
        assert worker.inspect_and_name(door(), "a.png")[2].name == "first"
        before = worker.pid
        assert worker.inspect_and_name(door(), "b.png")[2].name == "first"
        assert worker.pid == before
        chosen[0] = ModelChoice(tmp_path / "second", "f" * 64)
        assert worker.model.name == "second" and worker.pid != before
        assert not is_running(before)
        assert worker.inspect_and_name(door(), "c.png")[2].name == "second"


def test_a_folder_with_another_version_than_the_chosen_one_is_not_served(tmp_path):
    chosen = ModelChoice(tmp_path / "first", "e" * 64)
    with InspectionWorker(
        None, choice=lambda: chosen, segmenter="tests.services.fake_segmenters:open_named"
    ) as worker:
        assert str(worker.model.error).startswith(
            f"model first: the folder holds version {'f' * 12}, put in use was {'e' * 12};"
        )
        with pytest.raises(ModelRefused, match="the folder holds version"):
            worker.inspect(door(), "door.png")
        assert worker.look(door(), "door.png").width_px == 320


@NO_KILL
def test_a_chosen_model_that_kills_the_process_is_given_up_until_another_is_chosen(tmp_path):
    chosen = [ModelChoice(tmp_path / "deadly")]
    with InspectionWorker(
        None, choice=lambda: chosen[0], segmenter="tests.services.fake_segmenters:open_named"
    ) as worker:
        assert "while it was opened the worker process was killed" in str(worker.model.error)
        pid = worker.pid
        assert worker.model.error and worker.pid == pid, "it is not tried again and again"
        chosen[0] = ModelChoice(tmp_path / "second")
        assert worker.model.name == "second"


def test_a_worker_beside_serves_another_model_with_the_same_limits():
    with (
        served_by("open_named", segment_limit_s=7.0, decode_memory_mb=512) as worker,
        worker.beside(Path("weights/other")) as other,
    ):
        assert (worker.model.name, other.model.name) == ("fake", "other")
        assert other.pid != worker.pid
        assert vars(other)["_segment_limit_s"] == 7.0 and vars(other)["_decode_memory_mb"] == 512


@pytest.mark.parametrize("folder", ["pages", "inspection/ui"])
def test_the_folder_of_a_page_hides_nothing_from_the_workers_process(monkeypatch, folder):
    """Streamlit puts the folder of its script on the path; some files there are named `inspect`."""
    monkeypatch.syspath_prepend(str(PROJECT / folder))
    worker = InspectionWorker(None)
    worker.start()
    assert worker.pid
    worker.close()


def test_a_closed_worker_leaves_no_process_and_says_that_it_is_closed():
    worker = InspectionWorker(None)
    worker.start()
    pid = worker.pid
    worker.close()
    worker.close()
    assert not is_running(pid) and worker.pid is None
    with pytest.raises(WorkerFailed, match="the worker is closed"):
        worker.look(door(), "door.png")


@NO_KILL
@pytest.mark.parametrize("busy", [False, True])
def test_no_process_survives_a_parent_that_is_killed(busy):
    program = f"""
import sys
sys.path[:0] = [{str(PROJECT)!r}, {str(Path(__file__).parent)!r}]
import test_worker
worker = test_worker.served_by("open_hanging")
worker.start()
print(worker.pid, flush=True)
tell = lambda phase: print(phase, flush=True)
worker.inspect(test_worker.door(), "door.png", tell) if {busy} else input()
"""
    parent = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        child = int(parent.stdout.readline())
        while busy and parent.stdout.readline().strip() != "segmenting":
            pass
        assert is_running(child)
    finally:
        parent.kill()
        parent.wait()
        parent.stdin.close()
        parent.stdout.close()
    assert wait_until(lambda: not is_running(child))


@NO_BAD_IMAGES
def test_all_bad_images_behave_as_their_manifest_says(gatekeeper):
    gatekeeper.start()
    pid = gatekeeper.pid
    with (BAD_IMAGES / "manifest.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    assert len(rows) == 300
    wrong, slowest_s = [], 0.0
    for row in rows:
        content = (BAD_IMAGES / "files" / row["file"]).read_bytes()
        started = time.monotonic()
        try:
            gatekeeper.look(content, row["file"])
            answer = "decode"
        except UnreadableImage as refusal:
            answer = "refuse"
            assert str(refusal).startswith(f"{row['file']}: ")
            assert len(str(refusal).splitlines()) == 1
        slowest_s = max(slowest_s, time.monotonic() - started)
        if row["expected"] not in (answer, "either"):
            wrong.append((row["file"], row["expected"], answer))
    assert wrong == []
    assert slowest_s < 5.0
    assert gatekeeper.pid == pid, "a file killed the process"


@NO_BAD_IMAGES
def test_hostile_file_names_pass_the_pipe_as_one_harmless_line(gatekeeper):
    names = json.loads((BAD_IMAGES / "hostile_names.json").read_text(encoding="utf-8"))
    for name in names:
        with pytest.raises(UnreadableImage) as caught:
            gatekeeper.look(b"", name["text"])
        sentence = str(caught.value)
        assert sentence.endswith(": the file is empty") and len(sentence) < 120
        assert not {unicodedata.category(letter) for letter in sentence} & {"Cc", "Cf", "Cs"}


class Waiting:
    """Photos that people send while a large one of a batch is looked at; `done` keeps the order."""

    def __init__(self, worker):
        self.worker, self.done, self.failed, self.threads = worker, [], [], []

    def send(self, name, photo, **how):
        def inspect():
            try:
                self.worker.inspect_and_name(photo, name, **how)
                self.done.append(name)
            except WorkerFailed:
                self.failed.append(name)

        thread = threading.Thread(target=inspect)
        thread.start()
        self.threads.append(thread)

    def send_once(self, phase, name, photo):
        """A progress call that sends a photo when this phase begins, and waits till it waits."""

        def report(now):
            if now == phase:
                self.send(name, photo)
                assert wait_until(lambda: self.worker._turns._persons)

        return report

    def ends(self):
        for thread in self.threads:
            thread.join(30)


def test_a_persons_photo_goes_first_between_two_tiles_of_a_large_one_of_a_batch():
    with served_by("open_tiled") as worker:
        waiting = Waiting(worker)
        large = door(1600, 1200)
        photo, evidence, _ = worker.inspect_and_name(
            large, "batch.png", waiting.send_once("segmenting", "kim.png", door()), patient=True
        )
        # Kim's was done before the large one, which is as whole as without a pause.
        assert waiting.done == ["kim.png"]
        waiting.ends()
        assert photo.width_px == 1600
        assert (codec.decode_grey(evidence.probability_png) > 127).sum() == 80


@NO_KILL
def test_a_photo_that_costs_the_process_in_a_pause_costs_the_large_one_nothing():
    with served_by("open_tiled_and_deadly") as worker:
        waiting = Waiting(worker)
        sent = []

        def once(now):
            if now == "segmenting" and not sent:
                sent.append(now)
                waiting.send("deadly.png", door(400, 300))
                assert wait_until(lambda: worker._turns._persons)

        _, evidence, _ = worker.inspect_and_name(door(1600, 1200), "b.png", once, patient=True)
        waiting.ends()
        assert waiting.failed == ["deadly.png"]
        assert (codec.decode_grey(evidence.probability_png) > 127).sum() == 80
