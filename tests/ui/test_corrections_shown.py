"""A correction on the pages: it stands for the machine's regions, and the machine's stays told."""

from dataclasses import replace
from datetime import UTC, datetime

import cv2
import numpy as np
import pytest

from inspection.domain.corrections import DrawnRegion
from inspection.domain.inspections import Subject
from inspection.errors import Conflict
from inspection.services import station as station_module
from inspection.services.photo import correcting, reviewing
from inspection.services.photo.correcting import SaidOfRegions
from inspection.services.photo.inspecting import inspect_photo
from inspection.services.review.queue import queue
from inspection.services.worker.parent import ModelState
from inspection.storage import log_detail
from tests.conftest import panel_jpeg

CARD = {
    "name": "fake",
    "types": ["dent", "scratch"],
    "thresholds": {
        "region": 0.5,
        "smallest_px": 16,
        "peak": 0.0,
        "ok_below": 0.3,
        "reject_from": 0.5,
    },
    "files": {},
}


class Served:
    """A worker that only says what it serves."""

    model = ModelState(name="fake", sha256="f" * 64, types=("dent", "scratch"), card=CARD)

    def close(self):
        pass


@pytest.fixture
def corrected(shared):
    """A photo whose machine saw a scratch; a person drew a chip elsewhere and nothing else."""
    subject = Subject("aria", "B1", "door_fl", inspector="Kim")
    number = inspect_photo(shared, panel_jpeg(), "panel.jpg", subject, mm_per_px=0.2).id
    mask = np.zeros((240, 320), np.uint8)
    mask[180:190, 20:30] = 3
    said = SaidOfRegions("Park", "a <b>reflection</b>", None, (DrawnRegion(3, "chip"),))
    detail = log_detail.inspection_detail(shared.engine, number)
    png = cv2.imencode(".png", mask)[1].tobytes()
    correcting.correct(shared, detail, png, "mask", said)
    return number


def texts(at) -> str:
    return "\n".join(element.value for element in (*at.markdown, *at.caption, *at.info))


def test_a_decision_over_a_correction_that_was_not_seen_is_refused(shared, corrected):
    now = log_detail.inspection_detail(shared.engine, corrected)
    before = replace(now, corrections=())
    with pytest.raises(Conflict, match="corrected by Park"):
        reviewing.decide(shared, before, "polish", "as proposed", "Kim")
    reviewing.decide(shared, now, "polish", "a chip", "Kim")
    assert log_detail.inspection_detail(shared.engine, corrected).disposition == "polish"


def test_a_corrected_photo_waits_until_somebody_decides(shared, corrected):
    today = shared.calendar.slot_at(datetime.now(UTC)).day
    assert [(one.id, one.why) for one in queue(shared, today)] == [(corrected, "human")]
    now = log_detail.inspection_detail(shared.engine, corrected)
    reviewing.decide(shared, now, "polish", "a chip", "Kim")
    assert queue(shared, today) == ()


def test_the_corrected_regions_and_verdict_stand_with_who_and_why(open_page, corrected):
    at = open_page("log", id=str(corrected))
    assert not at.exception
    banner = "".join(element.proto.body for element in at.get("html"))
    assert "Judged by the corrected regions" in banner
    told = texts(at)
    assert "Regions corrected by Park" in told and "<b>" not in told.replace("\\<b>", "")
    assert "The AI had proposed: Rework" in told
    (defects,) = [frame.value for frame in at.dataframe if "type" in frame.value.columns][:1]
    assert defects["type"].tolist() == ["chip"]
    history = "\n".join(table.value.to_string() for table in at.table)
    assert "Regions corrected (correction" in history and "Park" in history


def test_the_model_page_tells_what_was_found_missed_and_false(
    open_page, corrected, shared, monkeypatch
):
    monkeypatch.setattr(station_module, "_shared", replace(shared, worker=Served()))
    at = open_page("model")
    assert not at.exception
    table = "\n".join(table.value.to_string() for table in at.table).replace("\\", "")
    assert "0 of 1 = 0.0%" in table and "1 of 1 = 100.0%" in table and "1–3 mm" in table
    assert "nobody drew them by lot" in texts(at)


def test_without_a_correction_the_model_page_says_what_to_do(open_page, shared, monkeypatch):
    monkeypatch.setattr(station_module, "_shared", replace(shared, worker=Served()))
    assert "has been corrected yet" in texts(open_page("model"))
