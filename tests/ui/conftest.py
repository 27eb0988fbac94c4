"""What page tests share: the app on a station of its own, and a small filled log."""

import functools
import gc
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.scriptrunner import script_runner
from streamlit.testing.v1 import AppTest

from inspection.domain.defects import Defect, Region
from inspection.domain.inspections import Inspection, Judgement, Reason, Subject, Thresholds
from inspection.domain.scale import Scale
from inspection.domain.shifts import ShiftSlot
from inspection.services import station as station_module
from inspection.services.station import Station, close_shared_station
from inspection.storage import recording

ROUTER = Path(__file__).resolve().parents[2] / "inspection" / "ui" / "router.py"


@pytest.fixture(scope="session", autouse=True)
def old_objects_left_alone():
    """Streamlit collects garbage after every page run: it need not walk through what other tests
    imported, half a million objects of a network library among them."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(scope="session", autouse=True)
def packages_searched_once():
    """Streamlit reads what all installed packages say of themselves, at each start of an app: a
    third of a page test. They do not change while the tests run."""
    with pytest.MonkeyPatch.context() as patched:
        scan = functools.cache(manifest_scanner.scan_component_manifests)
        patched.setattr(manifest_scanner, "scan_component_manifests", scan)
        yield


@pytest.fixture(scope="session", autouse=True)
def networks_left_alone():
    """Where Keras is loaded, as by other tests of the same process, Streamlit clears its state
    before every run of a page: a fifteenth of the tests' time. No page uses Keras."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(script_runner, "_clean_problem_modules", lambda: None)
        yield


@pytest.fixture(autouse=True)
def nothing_remembered():
    """Pages cache by data version only: another test's log must not answer."""
    st.cache_data.clear()
    st.cache_resource.clear()
    yield
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture
def shared(station, monkeypatch) -> Station:
    """The test's own station as the one that all pages share; its model is the fake one."""
    close_shared_station()
    monkeypatch.setattr(station_module, "_shared", station)
    return station


@pytest.fixture
def open_page(shared):
    """`open_page("log", id="3")`: a page of the real router, in English unless told otherwise."""

    def open_page(name: str, *, inspector: str = "Kim", lang: str = "en", **query: str) -> AppTest:
        at = AppTest.from_file(str(ROUTER), default_timeout=60)
        at.query_params["lang"] = lang
        at.session_state["inspector"] = inspector
        if name != "home":
            at.switch_page(f"../../pages/{name}.py")
        for key, value in query.items():
            at.query_params[key] = value
        return at.run()

    return open_page


@dataclass(frozen=True)
class LoggedPhoto:
    """One line of the filled log, for the tests to count by."""

    id: int
    verdict: str
    vehicle_model: str
    panel: str
    body_number: str


def scratch(length_mm: float, *, mm_per_px: float = 0.2, zone: str = "A") -> Defect:
    """A scratch of a given length, 1 mm wide, in the middle of a photo of 1000 × 800 px."""
    length_px, width_px = length_mm / mm_per_px, 1.0 / mm_per_px
    x, y, w, h = 400, 300, round(length_px), round(width_px)
    region = Region(
        type="scratch",
        score=0.9,
        area_px=w * h,
        length_px=length_px,
        width_px=width_px,
        bbox_px=(x, y, w, h),
        outline_px=((x, y), (x + w, y), (x + w, y + h), (x, y + h)),
        position=(0.5, 0.5),
    )
    return Defect(
        region,
        area_mm2=length_mm,
        length_mm=length_mm,
        width_mm=1.0,
        zone=zone,
        severity="major",
    )


def invented(
    station: Station,
    number: int,
    verdict: str,
    *,
    vehicle_model: str = "aria",
    panel: str = "door_fl",
    inspector: str = "Kim",
    photo: str | None = None,
    repeats: int | None = None,
) -> tuple[Inspection, ShiftSlot]:
    """An inspection without a network, `number` minutes after 2026-03-02 10:00 in the plant.

    The body number is "KMH-" and the number; a photo's hash follows from its name.
    """
    reasons = {
        "ok": (Reason("no_defect"),),
        "rework": (
            Reason(
                "size_over_limit",
                {"type": "scratch", "size_mm": 4.2, "zone": "A", "limit_mm": 2.0},
            ),
        ),
        "human": (Reason("score_between", {"score": 0.5, "ok_below": 0.4, "reject_from": 0.6}),),
    }[verdict]
    moment = datetime(2026, 3, 2, 1, 0, tzinfo=UTC) + timedelta(minutes=number)
    name = photo or f"panel-{number}.jpg"
    inspection = Inspection(
        subject=Subject(
            vehicle_model=vehicle_model,
            body_number=f"KMH-{number:04d}",
            panel=panel,
            colour="white",
            station="ST10",
            line="L1",
            inspector=inspector,
        ),
        photo_sha256=hashlib.sha256(name.encode()).hexdigest(),
        photo_name=name,
        width_px=1000,
        height_px=800,
        inspected_at=moment,
        judgement=Judgement(verdict, reasons, (scratch(4.2),) if verdict == "rework" else ()),
        score={"ok": 0.1, "human": 0.5, "rework": 0.9}[verdict],
        scale=Scale(0.2, "person"),
        thresholds=Thresholds(region=0.5),
        model_name="fake",
        model_sha256="f" * 64,
        spec_name=station.spec.name,
        spec_sha256=station.spec.sha256,
        duration_ms=800,
        repeats=repeats,
    )
    return inspection, station.calendar.slot_at(moment)


def write_inspections(station: Station, *inspections: tuple[Inspection, ShiftSlot]) -> list[int]:
    """Log what `invented` made; answers the ids."""
    return recording.record_many(
        station.engine,
        inspections,
        model_cards={
            "f" * 64: {"name": "fake", "types": ["scratch", "dent"], "score": {"top_px": 16}}
        },
        spec_texts={station.spec.sha256: station.spec.text},
    )


@pytest.fixture
def filled_log(shared) -> list[LoggedPhoto]:
    """Sixty inspections a minute apart from 2026-03-02 10:01 plant time: of each six, three ok,
    two to rework and one for a person; even numbers are model aria, odd ones borea."""
    verdicts = ("ok", "rework", "ok", "human", "ok", "rework")
    models, panels = ("aria", "borea"), ("door_fl", "hood", "roof")
    facts = [
        (number, verdicts[number % 6], models[number % 2], panels[number % 3])
        for number in range(1, 61)
    ]
    ids = write_inspections(
        shared,
        *(
            invented(shared, number, verdict, vehicle_model=model, panel=panel)
            for number, verdict, model, panel in facts
        ),
    )
    return [
        LoggedPhoto(row, verdict, model, panel, f"KMH-{number:04d}")
        for row, (number, verdict, model, panel) in zip(ids, facts, strict=True)
    ]
