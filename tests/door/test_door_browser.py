"""The real server with its door: every page in a browser that may load from this host alone."""

import socket
import urllib.error
import urllib.request
from datetime import UTC, datetime

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from inspection.config import Settings
from inspection.services.demo.load import load_demo_line
from inspection.services.station import open_station
from inspection.storage import log_filter, log_list
from tests.browser import chromium, needs_chromium, wait_until
from tests.server import running

PAGES = (
    *("", "inspect", "inspect?source=camera", "inspect?source=browse", "log", "trends", "control"),
    *("body", "report", "cost", "model", "spec", "settings", "help"),
)
# Told to the page itself, whatever a console shows.
LISTEN = """
window.refused = [];
document.addEventListener('securitypolicyviolation', (event) =>
    window.refused.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    data_dir = tmp_path_factory.mktemp("door") / "data"
    station = open_station(Settings(data_dir=data_dir), with_model=False)
    today = station.calendar.slot_at(datetime.now(UTC)).day
    load_demo_line(station, weeks=3, seed=1, last_day=today, colours=("white",))
    station.engine.dispose()
    with running(data_dir) as running_server:
        yield running_server


def answer(server, path="/", **headers):
    """(status, first line) of a request with these headers."""
    request = urllib.request.Request(
        server.url + path, headers={name.title(): value for name, value in headers.items()}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answered:
            return answered.status, answered.readline().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.readline().decode()


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/log", "/_stcore/health", "/_stcore/host-config", "/_stcore/upload_file/a/b"),
        *("/static/js/none.js", "/media/none.png", "/api/v1/health", "/api/v1/inspections/1/photo"),
    ],
)
def test_no_door_of_the_server_answers_a_foreign_name_or_page(server, path):
    for headers, code in (
        ({"host": "evil.example"}, 421),
        ({"host": f"evil.example:{server.port}"}, 421),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
    ):
        status, said = answer(server, path, **headers)
        assert (status, "allowed_hosts" in said) == (code, True)


def test_the_pages_own_connection_is_refused_to_a_foreign_page_and_name(server):
    address = server.url.replace("http://", "ws://") + "/_stcore/stream"
    with connect(address, origin=server.url, subprotocols=["streamlit"]):
        pass
    with pytest.raises(InvalidStatus) as refused:
        connect(address, origin="http://evil.example", subprotocols=["streamlit"])
    assert refused.value.response.status_code == 403
    with pytest.raises(InvalidStatus) as refused:
        connect(
            f"ws://evil.example:{server.port}/_stcore/stream",
            sock=socket.create_connection(("127.0.0.1", server.port)),
            subprotocols=["streamlit"],
        )
    assert refused.value.response.status_code == 421


@pytest.fixture(scope="module")
def page(server):
    with chromium() as browser:
        opened = browser.new_page(viewport={"width": 1280, "height": 1000}, locale="en-GB")
        opened.set_default_timeout(60_000)
        opened.add_init_script(LISTEN)
        yield opened


def settle(page):
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    # Charts and tables are fetched and drawn after the script has ended.
    wait_until(page, "document.querySelectorAll('[data-testid=stSkeleton]').length === 0")
    page.wait_for_timeout(700)


@needs_chromium
def test_every_page_loads_from_this_host_alone_without_a_violation(server, page):
    station = open_station(Settings(data_dir=server.data_dir), with_model=False)
    shown = int(log_list.log_page(station.engine, log_filter.LogFilter(), limit=1)["id"].iloc[0])
    station.engine.dispose()
    asked, found = [], set()
    page.on("request", lambda request: asked.append(request.url))
    for name in (*PAGES, f"inspect?id={shown}", f"log?id={shown}"):
        page.goto(f"{server.url}/{name}{'&' if '?' in name else '?'}lang=en")
        settle(page)
        found |= {(name, line) for line in page.evaluate("window.refused")}
    assert found == set()
    elsewhere = [
        url for url in asked if not url.startswith((server.url, "data:", "blob:", "ws://127.0.0.1"))
    ]
    assert elsewhere == []


@needs_chromium
def test_a_foreign_image_and_a_foreign_call_are_refused_by_the_browser(server, page):
    page.goto(f"{server.url}/help?lang=en")
    settle(page)
    for code in (
        "document.body.append(Object.assign(new Image(), {src: 'http://127.0.0.1:1/a.png'}))",
        "void fetch('http://127.0.0.1:1/b').catch(() => 0)",
        "void new FontFace('c', 'url(http://127.0.0.1:1/c)').load().catch(() => 0)",
    ):
        page.evaluate(code)
    wait_until(page, "window.refused.length === 3")
    refused = sorted(line.split()[0] for line in page.evaluate("window.refused"))
    assert refused == ["connect-src", "font-src", "img-src"]
