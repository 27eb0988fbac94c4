"""A camera's web page for the tests: pictures, and everything a camera does instead."""

import base64
import hashlib
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.conftest import panel_jpeg

PASSWORD = "gehe1m&"
_GRANTED = "Basic " + base64.b64encode(f"lead:{PASSWORD}".encode()).decode()
# The words by which somebody was not let in, one a request.
DENIED: list[str] = []


class _Camera(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        getattr(self, f"do_{self.path.partition('?')[0].strip('/')}")()

    def do_photo(self):
        self._answer(panel_jpeg())

    def do_page(self):
        self._answer(b"<html>a camera</html>")

    def do_away(self):
        self._answer(b"", 302, Location=f"http://localhost:{self.server.server_port}/photo")

    def do_at_home(self):
        self._answer(b"", 302, Location="/photo")

    def do_closed(self):
        if self.headers.get("Authorization") == _GRANTED:
            self.do_photo()
        else:
            self._deny('Basic realm="camera"')

    def do_digest(self):
        said = self.headers.get("Authorization", "")
        if f'response="{_proof()}"' in said:
            self.do_photo()
        else:
            self._deny('Digest realm="camera", nonce="n1"')

    def do_broken(self):
        self._answer(b"", 500)

    def do_endless(self):
        """Bytes for ever, a few at a time: no single wait is long."""
        self.send_response(200)
        self.end_headers()
        while not self.server.is_over.wait(0.05):
            self.wfile.write(b"\xff\xd8\xff")
            self.wfile.flush()

    def do_once_asleep(self):
        """Hangs up on whoever comes first."""
        self.server.asked += 1
        if self.server.asked > 1:
            self.do_photo()

    def _deny(self, asks):
        if said := self.headers.get("Authorization"):
            DENIED.append(said)
        self._answer(b"", 401, **{"WWW-Authenticate": asks})

    def _answer(self, content, status=200, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _proof():
    """What a digest proves the password by, as RFC 2069 has it."""
    who, asked = (
        hashlib.md5(text.encode()).hexdigest()
        for text in (f"lead:camera:{PASSWORD}", "GET:/digest")
    )
    return hashlib.md5(f"{who}:n1:{asked}".encode()).hexdigest()


@contextmanager
def camera():
    """A running camera; answers "127.0.0.1:PORT"."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Camera)
    server.daemon_threads = True
    server.block_on_close = False
    server.handle_error = lambda *_: None
    server.is_over, server.asked = threading.Event(), 0
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.is_over.set()
        server.shutdown()
        server.server_close()


@contextmanager
def rtsp_door():
    """A stream's door that lets nobody in; answers "127.0.0.1:PORT" and the requests that came with
    a password."""
    door, given = socket.create_server(("127.0.0.1", 0)), []

    def answer():
        while True:
            try:
                caller, _ = door.accept()
            except OSError:
                return
            with caller, caller.makefile("rb") as lines:
                while head := _rtsp_head(lines):
                    if head.get("authorization"):
                        given.append(head["method"])
                    asks = (
                        ""
                        if head["method"] == "OPTIONS"
                        else 'WWW-Authenticate: Basic realm="camera"\r\n'
                    )
                    status = "401 Unauthorized" if asks else "200 OK"
                    said = f"RTSP/1.0 {status}\r\nCSeq: {head['cseq']}\r\n{asks}\r\n"
                    caller.sendall(said.encode())

    threading.Thread(target=answer, daemon=True).start()
    try:
        yield f"127.0.0.1:{door.getsockname()[1]}", given
    finally:
        door.close()


def _rtsp_head(lines):
    """One request by its method and fields; empty at the end."""
    first = lines.readline().decode().split()
    if not first:
        return {}
    head = {"method": first[0]}
    while line := lines.readline().decode().strip():
        name, _, value = line.partition(":")
        head[name.lower()] = value.strip()
    return head
