import asyncio

import pytest

from inspection.config import Settings
from inspection.door.hosts import HostCheck, served_hosts
from tests.door.asking import ask

HOSTS = ("127.0.0.1", "localhost", "::1", "qa.plant.example")


def guarded(site_url=""):
    async def page(scope, receive, send):
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"page"})

    return HostCheck(page, HOSTS, site_url, "en")


def status(host, origin=None, *, site_url="", **request):
    headers = {"host": host} | ({"origin": origin} if origin is not None else {})
    return asyncio.run(ask(guarded(site_url), headers, **request))


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1:8501", "localhost", "LOCALHOST.:8501", "[::1]:8501", "[0:0:0:0:0:0:0:1]"),
        "QA.plant.example",
    ],
)
def test_the_server_answers_under_each_of_its_names(host):
    assert status(host)[0] == 200


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "evil.example:8501", "127.0.0.1.evil.example", "localhost.evil.example"),
        *("10.0.0.9", "[::2]", "127.0.0.1:8501@evil.example", "evil.example/127.0.0.1", "", "a b"),
    ],
)
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_under_a_foreign_name_nothing_is_answered(host, kind):
    code, said = status(host, kind=kind)
    assert code == 421
    assert "allowed_hosts" in said


def test_a_foreign_name_is_told_with_the_setting_that_would_let_it_in():
    code, said = status("10.0.0.9:8501", path="/api/v1/inspections")
    assert code == 421
    assert said == (
        '{"error": "10.0.0.9: no name of this server; add it to the setting allowed_hosts '
        '(INSPECTION_ALLOWED_HOSTS), now 127.0.0.1, localhost, ::1, qa.plant.example"}'
    )


def test_under_a_foreign_name_a_person_reads_the_sentence_in_korean_and_english():
    code, said = status("line9.plant")
    assert code == 421
    english, korean = said.splitlines()
    assert "line9.plant: no name of this server" in english
    assert "line9.plant: 이 서버의 이름이 아닙니다" in korean
    page = asyncio.run(ask(guarded(), {"host": "line9.plant", "accept": "text/html,*/*"}))[1]
    assert page.startswith("<!doctype html>") and "viewport" in page
    assert english in page and korean in page


def test_two_host_headers_or_none_are_no_name():
    twice = [(b"host", b"localhost"), (b"host", b"evil.example")]
    assert asyncio.run(ask(guarded(), twice))[0] == 421
    assert asyncio.run(ask(guarded(), []))[0] == 421


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("127.0.0.1:8501", "http://127.0.0.1:8501"),
        ("[::1]:8501", "http://[::1]:8501"),
        ("localhost", "http://localhost"),
        # A proxy in front speaks https and keeps the name.
        ("qa.plant.example", "https://qa.plant.example"),
        # Or it asks by our own address.
        ("127.0.0.1:8501", "https://qa.plant.example"),
    ],
)
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_our_own_pages_are_served(host, origin, kind):
    assert status(host, origin, kind=kind)[0] in (200, 101)


@pytest.mark.parametrize(
    "origin",
    [
        *("http://evil.example", "https://evil.example:8501", "null", "", "file://"),
        # Another service of the same machine, and a scheme that is none of the web.
        *("http://localhost:3000", "http://127.0.0.1:8502", "ftp://127.0.0.1:8501"),
        *("http://127.0.0.1:8501@evil.example", "http://qa.plant.example:3000"),
    ],
)
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_a_foreign_page_is_refused_even_under_our_name(origin, kind):
    code, said = status("127.0.0.1:8501", origin, kind=kind)
    assert code == 403
    assert "site_url" in said and "allowed_hosts" in said


def test_the_dashboards_own_address_may_have_a_port_of_its_own():
    own = "https://qa.plant.example:8443"
    assert status("127.0.0.1:8501", own)[0] == 403
    assert status("127.0.0.1:8501", own, site_url=f"{own}/line")[0] == 200


def test_a_refusal_is_one_line_whatever_the_page_is_called():
    code, said = status("127.0.0.1", "http://evil\r\n\x1b[31mexample")
    assert code == 403
    assert len(said.splitlines()) == 1 and "\x1b" not in said


def test_the_address_at_which_a_maintainer_lets_it_listen_is_a_name_of_the_server():
    settings = Settings()
    assert served_hosts(settings, "127.0.0.1") == ("127.0.0.1", "localhost", "::1")
    assert served_hosts(settings, "10.0.0.7")[-1] == "10.0.0.7"


def test_listening_everywhere_it_answers_under_this_machines_own_addresses(monkeypatch):
    monkeypatch.setattr("socket.gethostname", lambda: "QA-PC")
    monkeypatch.setattr("socket.getaddrinfo", lambda name, port: [(2, 1, 6, "", ("10.0.0.7", 0))])
    hosts = served_hosts(Settings(), "0.0.0.0")
    assert {"qa-pc", "10.0.0.7", "localhost"} <= set(hosts)
    named = served_hosts(Settings(allowed_hosts=("line3.plant",)), "0.0.0.0")
    assert {"line3.plant", "localhost", "127.0.0.1", "10.0.0.7"} <= set(named)
    assert served_hosts(Settings(), None) == hosts
