"""The Home page in its states: an empty log, a filled one, no model, a demo that is refused."""

import threading
from dataclasses import replace
from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest

from inspection.domain.inspections import Decision
from inspection.errors import ModelRefused, StorageError
from inspection.services import station as station_module
from inspection.services.demo import jobs as demo_jobs
from inspection.services.demo import load as demo
from inspection.services.worker.parent import ModelState
from inspection.storage import deciding, demo_loads
from tests.ui.conftest import invented, write_inspections


def texts(at) -> str:
    """Everything readable on the page in one string."""
    parts = [*at.markdown, *at.caption, *at.info, *at.warning, *at.error, *at.title, *at.subheader]
    parts += [*at.html, *at.metric]
    return "\n".join(str(part.value) for part in parts)


def links(at) -> dict[str, str]:
    return {link.value: link.proto.query_string for link in at.page_link}


def test_an_empty_log_offers_two_first_steps(open_page):
    at = open_page("home")
    assert "No photo has been inspected yet" in at.info[0].value
    assert [button.key for button in at.button if button.key.startswith("large_")] == [
        "large_inspect",
        "large_demo",
    ]
    assert not at.button(key="large_demo").disabled


def test_the_same_empty_log_speaks_korean(open_page):
    at = open_page("home", lang="ko")
    assert "아직 검사한 사진이 없습니다" in at.info[0].value
    assert at.button(key="large_demo").label == "데모 라인 불러오기"


@pytest.fixture
def slow_demo(shared, monkeypatch):
    """A demo line of two steps, the second of which waits for the test."""
    go_on = threading.Event()

    def load(station, *, last_day, progress, who, tell_left_out):
        load = demo_loads.begin(station.engine, who, {}, datetime.now(UTC))
        inspection, slot = invented(station, 1, "rework")
        write_inspections(station, (replace(inspection, photo_source="demo"), slot))
        progress(1, 2)
        assert go_on.wait(30)
        progress(2, 2)
        demo_loads.finish(station.engine, load, datetime.now(UTC))
        return 1

    monkeypatch.setattr(demo, "load_demo_line", load)
    yield go_on
    go_on.set()
    if job := demo_jobs.current_job(shared):
        assert job.wait(30)
        demo_jobs.forget(shared)


def marks(at) -> str:
    """What the pages say of the demo line."""
    return "\n".join(part.value for part in at.markdown if "**DEMO**" in part.value)


def test_the_demo_line_loads_in_the_background_seen_on_every_page(open_page, shared, slow_demo):
    at = open_page("home")
    at.button(key="large_demo").click().run()
    assert at.button(key="demo_stop")
    (bar,) = open_page("trends").get("progress")
    assert "DEMO" in bar.proto.text
    slow_demo.set()
    assert demo_jobs.current_job(shared).wait(30)
    for page in ("home", "log", "report", "settings"):
        at = open_page(page)
        assert not at.exception
        assert "invented inspections" in marks(at), page
    assert "Last 1 inspection" in texts(open_page("home"))


def test_a_load_that_is_stopped_can_be_gone_on_with_or_removed(open_page, shared, slow_demo):
    at = open_page("home")
    at.button(key="large_demo").click().run()
    at.button(key="demo_stop").click().run()
    slow_demo.set()
    assert demo_jobs.current_job(shared).wait(30)
    at = open_page("home")
    assert "stopped before its end" in marks(at)
    assert at.button(key="demo_go_on")
    at.button(key="demo_remove").click().run()
    at.button(key="demo_remove_sure").click().run()
    if job := demo_jobs.current_job(shared):
        assert job.wait(30)
    at = open_page("home")
    assert marks(at) == ""
    assert not at.button(key="large_demo").disabled


def test_a_refused_demo_is_one_sentence_and_the_page_goes_on(open_page, shared, monkeypatch):
    def refuse(station, **_):
        raise StorageError("the log holds a demo line already; use a new data folder")

    monkeypatch.setattr(demo, "load_demo_line", refuse)
    demo_jobs.begin_loading(shared, date(2026, 3, 2), "Kim").wait(30)
    at = open_page("home")
    assert "demo line already" in at.error[0].value.replace("\\", "")
    assert at.button(key="large_inspect")
    assert not at.button(key="demo_error_read").click().run().error


def test_the_last_fifty_of_sixty_inspections_are_counted_by_where_they_stand(open_page, filled_log):
    at = open_page("home")
    last = [photo.verdict for photo in filled_log[-50:]]
    shown = texts(at)
    assert "Last 50 inspections" in shown
    strip = next(part.value for part in at.html if "display:flex;gap:.5em" in part.value)
    for verdict, word in (("ok", "OK"), ("human", "Undecided"), ("rework", "Rework")):
        count = f'font-weight:400;white-space:nowrap">· {last.count(verdict)}</span>'
        assert f'{word}</span> <span style="{count}' in strip
    # 2026-03-02 01:00 UTC and sixty minutes, on the plant's clock in Seoul.
    assert "2026-03-02 11:00" in shown


def test_waiting_photos_are_those_that_nobody_decided_and_lead_to_them(
    open_page, filled_log, shared
):
    at = open_page("home")
    assert "10 photos" in texts(at)
    assert links(at)["Decide them in the log"] == "standing=undecided"
    waiting = next(photo for photo in filled_log if photo.verdict == "human")
    word = Decision(waiting.id, "accept", "", "Lee", datetime.now(UTC))
    deciding.decide(shared.engine, word, None)
    assert "9 photos" in texts(at.run())


def test_the_latest_rejects_open_in_the_log(open_page, filled_log):
    at = open_page("home")
    rejected = [photo for photo in filled_log if photo.verdict == "rework"]
    opening = [button.key for button in at.button if button.key.startswith("open_")]
    assert opening == [f"open_{photo.id}" for photo in rejected[:-9:-1]]
    at.button(key=opening[0]).click().run()
    assert at.query_params["id"] == str(rejected[-1].id)


def test_names_from_the_log_are_text_and_never_markup(open_page, shared):
    name = "<img src=x onerror=alert(1)>"
    write_inspections(shared, invented(shared, 1, "rework", vehicle_model=name))
    assert "<img src=x" not in texts(open_page("home"))


def test_without_a_model_the_page_works_and_says_why(open_page, filled_log, shared, monkeypatch):
    why = "model lite0-unet: no folder models/weights/lite0-unet; ship one or choose another"
    worker = SimpleNamespace(model=ModelState(error=ModelRefused(why)), close=lambda: None)
    monkeypatch.setattr(station_module, "_shared", replace(shared, worker=worker))
    at = open_page("home")
    shown = texts(at).replace("\\", "")
    assert "Inspection is off" in shown
    assert why in shown
    assert "Last 50 inspections" in shown
