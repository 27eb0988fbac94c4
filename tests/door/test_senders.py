"""Senders who take too long over the head of a request, on raw sockets."""

import asyncio
import socket
import threading
import time
from contextlib import contextmanager

import pytest
import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol
from websockets.sync import client as websockets

from inspection.door.senders import HEADERS_S, limit_headers
from tests.server import running

REQUEST = b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"


class Protocol(AutoHTTPProtocol):
    """uvicorn's own, but for this test alone."""


limit_headers(0.5, Protocol)


async def slow_answer(scope, receive, send):
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        said = await receive()
        await send({"type": "websocket.send", "text": said["text"]})
    if scope["type"] == "http":
        # Longer than headers may take: what is answered slowly was asked in time.
        await asyncio.sleep(0.8 if scope["path"] == "/slow" else 0)
        head = {"type": "http.response.start", "status": 200}
        await send({**head, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture(scope="module")
def port():
    config = uvicorn.Config(slow_answer, port=0, http=Protocol, lifespan="off", log_level="error")
    server = uvicorn.Server(config)
    threading.Thread(target=server.run, daemon=True).start()
    while not server.started:
        time.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True


@contextmanager
def connection(port):
    with socket.create_connection(("127.0.0.1", port), 10) as opened:
        yield opened


def answer(opened):
    said = b""
    while not said.endswith(b"ok"):
        said += opened.recv(1000)
    return said


def trickle(opened, pause_s=0.1, limit_s=5.0):
    """Send a head byte by byte that never ends; answers what came back, and after how long."""
    begun = time.monotonic()
    opened.settimeout(pause_s)
    opened.send(b"GET / HTTP/1.1\r\nx: ")
    while time.monotonic() - begun < limit_s:
        try:
            got = opened.recv(1000)
        except TimeoutError:
            opened.send(b"y")
            continue
        return got, time.monotonic() - begun
    return None, limit_s


def test_a_head_that_trickles_is_let_go_with_a_408(port):
    with connection(port) as opened:
        got, after_s = trickle(opened)
        assert got.startswith(b"HTTP/1.1 408 ")
        assert 0.3 < after_s < 2.5
        assert opened.recv(1000) == b""


def test_a_connection_on_which_nothing_is_said_is_closed(port):
    with connection(port) as opened:
        assert opened.recv(1000) == b""


def test_a_second_request_that_trickles_is_let_go_as_well(port):
    with connection(port) as opened:
        opened.send(REQUEST)
        assert answer(opened).startswith(b"HTTP/1.1 200")
        assert trickle(opened)[0].startswith(b"HTTP/1.1 408 ")


def test_a_request_that_was_asked_in_time_is_answered_however_long_that_takes(port):
    with connection(port) as opened:
        opened.send(REQUEST.replace(b"/ ", b"/slow ", 1))
        assert answer(opened).startswith(b"HTTP/1.1 200")


def test_a_page_that_says_nothing_for_longer_keeps_its_web_socket(port):
    with websockets.connect(f"ws://127.0.0.1:{port}/") as page:
        time.sleep(1.0)
        page.send("still here")
        assert page.recv(5) == "still here"


def test_the_server_lets_go_of_slow_heads(tmp_path):
    with running(tmp_path / "data") as server, connection(server.port) as opened:
        got, after_s = trickle(opened, 1.0, HEADERS_S + 30)
        assert got.startswith(b"HTTP/1.1 408 ")
        assert after_s >= HEADERS_S - 1
