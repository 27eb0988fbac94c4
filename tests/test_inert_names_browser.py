"""An image written into any text field there is must not be fetched by anybody's browser."""

import json
import re
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest

from inspection.config import Settings
from inspection.domain.chart_choice import ChartChoice, ChartNote
from inspection.domain.inspections import Decision, Subject
from inspection.domain.repeat_cases import CLOSES_AFTER_BODIES
from inspection.domain.shifts import ShiftOfLine
from inspection.services.cost import saving as cost
from inspection.services.report.building import place_of
from inspection.services.station import open_station
from inspection.storage import case_records, chart_notes, deciding, saved_views
from inspection.storage.report import shift_notes
from tests.browser import chromium, needs_chromium, playwright
from tests.conftest import panel_jpeg
from tests.server import running
from tests.ui.conftest import invented, write_inspections

pytestmark = needs_chromium

IMAGE = "![x](http://127.0.0.1:1/a.png)"
# A folder's name holds no slash.
FOLDER = "![x](trap.png) www.evil.example"
TRAP = re.compile(r"(mailto:|https?://(127\.0\.0\.1:1|[a-z.]*evil\.example)/|[^?]*/trap\.png)")
LINK = "http://evil.example www.evil.example a@evil.example"
TYPED = f"{IMAGE} {LINK}"
PAGES = {
    "": {},
    "inspect": {"source": "browse"},
    "inspect ": {"id": "1"},
    "log": {},
    "log ": {"id": "1"},
    "log  ": {"view": "1"},
    # What came by HTTP and from the command line.
    "log   ": {"id": "7"},
    "log    ": {"id": "8"},
    "log     ": {"id": "10"},
    "inspect  ": {"id": "9"},
    "report ": {},
    "trends": {"period": "custom", "from": "2026-03-01", "to": "2026-03-03"},
    "control": {
        "period": "custom",
        "from": "2026-03-01",
        "to": "2026-03-03",
        "split": "station",
        "subject": IMAGE,
        "sel_from": "20260301T210000Z",
        "do": "phase",
    },
    "body": {"period": "custom", "from": "2026-03-01", "to": "2026-03-03", "panel": "door_fl"},
    "report": {"date": "2026-03-02", "shift": "day"},
    "cost": {},
    "model": {},
    "settings": {},
    "help": {},
}


def written_everywhere(data_dir) -> None:
    """A log in which every text that a person can give is an image and some addresses."""
    station = open_station(Settings(data_dir=data_dir), with_model=False)
    facts = []
    for number in range(1, 7):
        inspection, slot = invented(
            station, number, ("rework", "human", "ok")[number % 3], inspector=IMAGE, photo=TYPED
        )
        subject = Subject("aria", IMAGE, "door_fl", "white", IMAGE, IMAGE, IMAGE)
        sha256 = f"{number:064x}"
        object.__setattr__(inspection, "subject", subject)
        object.__setattr__(inspection, "photo_sha256", sha256)
        facts.append((inspection, slot))
    ids = write_inspections(station, *facts)
    now = datetime(2026, 3, 2, 3, tzinfo=UTC)
    engine = station.engine
    deciding.decide(engine, Decision(ids[0], "polish", TYPED, IMAGE, now), None)
    place = place_of(station, ShiftOfLine(date(2026, 3, 2), "day"))
    for kind in ("note", "hand_over"):
        shift_notes.write_note(engine, place, kind, TYPED, IMAGE)
    item = shift_notes.write_note(engine, place, "hand_over", TYPED, IMAGE)
    shift_notes.say(engine, place, item, "closed", IMAGE, TYPED)
    about = case_records.NewCase(
        vehicle_model="aria",
        panel="door_fl",
        position=(0.5, 0.5),
        radius_mm=50.0,
        closes_after=CLOSES_AFTER_BODIES,
        first_seen_at=now,
        evidence={},
    )
    case_records.open_case(engine, about, owner=IMAGE, note=TYPED, who=IMAGE, at=now)
    saved_views.save_view(engine, IMAGE, {}, IMAGE, now)
    first = datetime(2026, 3, 1, 21, tzinfo=UTC)
    chart_notes.write_note(
        engine,
        ChartNote(
            kind="cause",
            chart=ChartChoice(split="station", subject=IMAGE),
            first_at=first,
            last_at=first + timedelta(hours=8),
            text=TYPED,
            who=IMAGE,
            category="man",
        ),
    )
    cost.keep_estimate(station, IMAGE, "KRW", cost.EXAMPLE, IMAGE, TYPED)
    engine.dispose()


# Every text field of the HTTP API.
FIELDS = {
    "vehicle_model": "aria",
    "body_number": IMAGE,
    "panel": "hood",
    "colour": IMAGE,
    "station": IMAGE,
    "line": IMAGE,
    "inspector": IMAGE,
    "mm_per_px": "0.25",
}


def posted_everywhere(url) -> None:
    """The same by HTTP: two photos, one voided and one with another scale; the rest is refused."""
    with httpx.Client(base_url=f"{url}/api/v1", timeout=120) as client:

        def post(seed, expected=200, **fields):
            file = {"file": (f"{IMAGE}.jpg", panel_jpeg(seed=seed), "image/jpeg")}
            answer = client.post("/inspections", data={**FIELDS, **fields}, files=file)
            assert answer.status_code == expected, answer.text
            return answer.json()

        first = post(1, request_id=IMAGE)["id"]
        second = post(2, another="true")["id"]
        assert (first, second) == (7, 8)
        for name in ("vehicle_model", "panel"):
            post(3, 400, **{name: IMAGE})
        said = {"reason": TYPED, "inspector": IMAGE}
        for path, more in (
            (f"{first}/void", {}),
            (f"{first}/restore", {}),
            (f"{first}/void", {}),
            (f"{second}/scale", {"mm_per_px": "0.3"}),
        ):
            answer = client.post(f"/inspections/{path}", data={**said, **more})
            assert answer.status_code == 200, answer.text


def commanded_everywhere(server, folder) -> None:
    """And from the command line: one photo, voided, restored and voided again."""
    photo = folder / f"{FOLDER}.jpg"
    photo.write_bytes(panel_jpeg(seed=4))
    who = ("--inspector", IMAGE)
    subject = ("--vehicle-model", "aria", "--panel", "hood", "--body-number", IMAGE)
    for command in (
        ("inspect", str(photo), "--log", "--another", "--mm-per-px", "0.25", *subject, *who),
        ("void", "10", "--reason", TYPED, *who),
        ("restore", "10", "--reason", TYPED, *who),
        ("void", "10", "--reason", TYPED, *who),
    ):
        done = server.command(*command)
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    here = tmp_path_factory.mktemp("names")
    folder = here / FOLDER
    (folder / FOLDER).mkdir(parents=True)
    written_everywhere(here / "data")
    with running(
        here / "data",
        lines=json.dumps(["L1", IMAGE]),
        stations=json.dumps(["ST10", IMAGE]),
        photo_folders=json.dumps({IMAGE: str(folder), "two": str(folder)}),
    ) as started:
        posted_everywhere(started.url)
        commanded_everywhere(started, folder)
        yield started


@pytest.fixture(scope="module")
def window(server):
    """A browser's page that remembers what it was made to fetch."""
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 1400}, locale="en-GB")
        page.set_default_timeout(120_000)
        page.fetched = []
        page.on("request", lambda request: page.fetched.append(request.url))
        yield page
        page.close()


def settle(page) -> None:
    page.wait_for_function(
        """() => {
            const app = document.querySelector("[data-testid=stApp]");
            const still = app?.dataset.testScriptState === "notRunning";
            if (!still) window.stillSince = undefined;
            else window.stillSince ??= performance.now();
            return still && performance.now() - window.stillSince > 1500;
        }"""
    )


def trapped(page) -> list[str]:
    """What the page fetched, or would follow, because somebody typed it."""
    links = page.eval_on_selector_all("a[href]", "all => all.map(one => one.href)")
    return [url for url in [*page.fetched, *links] if TRAP.match(url)]


def open_all(window) -> None:
    """Open every closed part in sight; each that opens leaves the list of the closed ones."""
    # What lies on another tab of the page cannot be clicked.
    closed = window.locator("details:not([open]) > summary:visible")
    for _ in range(closed.count()):
        if not closed.count():
            break
        closed.first.click()
        settle(window)


@pytest.mark.parametrize("name", list(PAGES))
def test_no_page_fetches_or_links_what_somebody_typed(server, window, name):
    window.fetched.clear()
    query = "&".join(f"{k}={v}" for k, v in {"lang": "en", **PAGES[name]}.items())
    window.goto(f"{server.url}/{name.strip()}?{query}")
    settle(window)
    open_all(window)
    assert trapped(window) == []


@pytest.mark.parametrize("name", ["", "inspect", "log", "control", "body", "report", "cost"])
def test_no_form_fetches_or_links_what_is_typed_into_it(server, window, name):
    window.fetched.clear()
    query = "&".join(f"{k}={v}" for k, v in {"lang": "en", **PAGES[name]}.items())
    window.goto(f"{server.url}/{name}?{query}")
    settle(window)
    open_all(window)
    fields = window.locator("[data-testid=stTextInput] input, [data-testid=stTextArea] textarea")
    for place in range(fields.count()):
        field = fields.nth(place)
        try:
            field.fill(IMAGE, timeout=2000)
            field.press("Control+Enter", timeout=2000)
        except playwright.Error:
            # Out of sight, greyed out, or redrawn by the field before it.
            continue
        settle(window)
    for sent in window.locator("[data-testid=stFormSubmitButton] button:enabled").all()[:2]:
        sent.click()
        settle(window)
    assert trapped(window) == []
