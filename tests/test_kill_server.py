"""Signal 9 to the real server in the middle of logging, twenty times."""

import random
import threading
import time

import httpx
import pytest

from inspection.config import REPOSITORY, Settings
from inspection.services import housekeeping
from inspection.services.station import open_station
from inspection.storage import log_detail, log_filter, log_list, log_pieces
from inspection.storage.audit import verify_chain
from inspection.storage.counting import check_daily_count
from tests.conftest import panel_jpeg
from tests.server import Server

KILLS = 20

pytestmark = pytest.mark.skipif(
    not (REPOSITORY / "models" / "weights" / Settings().model / "card.json").exists(),
    reason="needs the shipped model",
)


def keep_posting(url, first_seed, acknowledged, stop):
    """Post one photo after another; remember what the server said it had written."""
    seed = first_seed
    with httpx.Client(timeout=20) as client:
        while not stop.is_set():
            seed += 1
            files = {"file": (f"{seed}.jpg", panel_jpeg(shape=(96, 128), seed=seed), "image/jpeg")}
            fields = {"vehicle_model": "aria", "body_number": f"B{seed}", "panel": "hood"}
            try:
                answer = client.post(f"{url}/api/v1/inspections", files=files, data=fields)
            except httpx.HTTPError:
                return
            if answer.status_code == 200:
                acknowledged[answer.json()["id"]] = answer.json()


def test_nothing_acknowledged_is_lost_and_nothing_is_half_written(tmp_path):
    server = Server(tmp_path / "data")
    acknowledged: dict[int, dict] = {}
    rng = random.Random(4)
    for kill in range(KILLS):
        server.start("/api/v1/health")
        before = len(acknowledged)
        stop = threading.Event()
        posting = [
            threading.Thread(
                target=keep_posting,
                args=(server.url, 1_000_000 * writer + 10_000 * kill, acknowledged, stop),
            )
            for writer in range(2)
        ]
        for thread in posting:
            thread.start()
        # Not before something was written: a kill of an idle server shows nothing.
        patience = time.monotonic() + 30
        while len(acknowledged) == before and time.monotonic() < patience:
            time.sleep(0.01)
        time.sleep(rng.uniform(0.0, 0.4))
        server.kill()
        stop.set()
        for thread in posting:
            thread.join()
        assert len(acknowledged) > before, "the server wrote nothing before it was killed"

    station = open_station(Settings(data_dir=tmp_path / "data"), with_model=False)
    try:
        for number, said in acknowledged.items():
            detail = log_detail.inspection_detail(station.engine, number)
            assert detail.photo_sha256 == said["sha256"]
            assert len(detail.defects) == len(said["defects"])
        written = log_list.count(station.engine, log_filter.LogFilter())
        # At most one photo a kill may be written without its answer having arrived, per writer.
        assert len(acknowledged) <= written <= len(acknowledged) + 2 * KILLS
        frame = log_pieces.inspections_frame(station.engine, log_filter.LogFilter())
        assert all(station.photos.display_path(sha).exists() for sha in frame["photo_sha256"])
        housekeeping.tidy(station)
        kept = {path.name for path in (station.photos.root / "originals").glob("*/*")}
        assert kept == set(frame["photo_sha256"])
        assert check_daily_count(station.engine) == ()
        assert verify_chain(station.engine).is_whole
    finally:
        station.close()
