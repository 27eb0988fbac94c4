"""How much the server takes in: of one request, of all together, of one tab, and how slowly.

What is too much is cut off while it arrives: nothing of it reaches a disk or a parser.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inspection.config import Settings
from inspection.door.answers import answer_of
from inspection.errors import RequestRefused

MB = 2**20
# What a form writes around a photo, and its other fields.
_AROUND_A_PHOTO = MB
# No request but those with a photo says more than this.
_OTHER_BYTES = 64 * 2**10
# A sender has this long before its average counts.
GRACE_S = 10.0
LEAST_BYTES_PER_S = 128 * 2**10
RETRY_AFTER_S = 5
# After a refusal the rest is read and thrown away for so long, or a browser that is still sending
# would see a broken connection in place of the sentence.
LINGER_S = 2.0

_TAB_UPLOAD = re.compile(r"/_stcore/upload_file/(?P<session>[^/]+)/")
_API = "/api/v1/"


class BodyLimits:
    """ASGI middleware: 413 for what is too large, 408 for what is too slow, 503 when all is taken.

    session_bytes: what a tab, named by its session, has in memory already. grace_s,
    bytes_per_s: after the grace a body must have come at this rate on average.
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        session_bytes: Callable[[str], int] = lambda session: 0,
        *,
        grace_s: float = GRACE_S,
        bytes_per_s: float = LEAST_BYTES_PER_S,
    ) -> None:
        self.app = app
        self.language = settings.language
        self._photo_mb = settings.max_upload_mb
        self._queue_bytes = settings.upload_queue_mb * MB
        self._session_bytes = settings.session_upload_mb * MB
        self._held_by_session = session_bytes
        self.grace_s, self.bytes_per_s = grace_s, bytes_per_s
        self._under_way: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        declared = _declared(scope) if scope["type"] == "http" else 0
        if declared == 0:
            await self.app(scope, receive, send)
            return
        tab = _TAB_UPLOAD.search(scope["path"])
        brings_photo = tab is not None or _API in scope["path"]
        if brings_photo:
            limit = self._photo_mb * MB + _AROUND_A_PHOTO
            too_large = RequestRefused("door_too_large", most=self._photo_mb)
        else:
            limit, too_large = (
                _OTHER_BYTES,
                RequestRefused("door_no_photo", most=_OTHER_BYTES >> 10),
            )
        body = _Body(self, scope, receive, send, limit, too_large)
        if declared is not None and declared > limit:
            await body.refuse(413, too_large)
            return
        if not brings_photo:
            await body.pass_on(self.app)
            return
        # Without a length it may become as large as is allowed.
        size = limit if declared is None else declared
        session = tab["session"] if tab else ""
        if tab and self._of_session(session) + size > self._session_bytes:
            held_mb = self._of_session(session) // MB
            await body.refuse(413, RequestRefused("door_session_full", mb=held_mb))
            return
        total = self._under_way.total()
        if total and total + size > self._queue_bytes:
            error = RequestRefused("door_full", mb=-(-total // MB), seconds=RETRY_AFTER_S)
            await body.refuse(503, error, {"retry-after": str(RETRY_AFTER_S)})
            return
        self._under_way[session] += size
        try:
            await body.pass_on(self.app)
        finally:
            self._under_way[session] -= size
            if not self._under_way[session]:
                del self._under_way[session]

    def _of_session(self, session: str) -> int:
        return self._held_by_session(session) + self._under_way[session]


class _Body:
    """One request whose body is let through up to a limit, at a least rate."""

    def __init__(
        self,
        limits: BodyLimits,
        scope: Scope,
        receive: Receive,
        send: Send,
        limit: int,
        too_large: RequestRefused,
    ) -> None:
        self._limits, self._scope = limits, scope
        self._limit, self._too_large = limit, too_large
        self._receive, self._send = receive, send
        self._got = 0
        self._is_whole = self._is_cut_off = self._is_answered = False
        self._started = 0.0

    async def pass_on(self, app: ASGIApp) -> None:
        self._started = asyncio.get_running_loop().time()
        try:
            await app(self._scope, self._receive_some, self._send_unless_cut_off)
        except Exception:
            # Whoever was reading has met the end that we made.
            if not self._is_cut_off:
                raise

    async def refuse(
        self, status: int, error: RequestRefused, more: dict[str, str] | None = None
    ) -> None:
        """Say no at once, and close the connection when the sender has had time to hear it."""
        self._is_cut_off = True
        if self._is_answered:
            return
        start, content = answer_of(
            self._scope,
            status,
            error,
            self._limits.language,
            {"connection": "close", **(more or {})},
        )
        await self._send(start)
        await self._send({"type": "http.response.body", "body": content, "more_body": True})
        with suppress(TimeoutError):
            await asyncio.wait_for(self._throw_away(), LINGER_S)
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _throw_away(self) -> None:
        while not self._is_whole:
            message = await self._receive()
            self._is_whole = message["type"] != "http.request" or not message.get("more_body")

    async def _receive_some(self) -> Message:
        if self._is_cut_off:
            return {"type": "http.disconnect"}
        if self._is_whole:
            return await self._receive()
        limits = self._limits
        since_s = asyncio.get_running_loop().time() - self._started
        left_s = limits.grace_s + self._got / limits.bytes_per_s - since_s
        try:
            message = await asyncio.wait_for(self._receive(), max(0.001, left_s))
        except TimeoutError:
            least = round(limits.bytes_per_s / 1000)
            await self.refuse(408, RequestRefused("door_too_slow", least=least))
            return {"type": "http.disconnect"}
        if message["type"] == "http.request":
            self._got += len(message.get("body", b""))
            self._is_whole = not message.get("more_body", False)
            if self._got > self._limit:
                await self.refuse(413, self._too_large)
                return {"type": "http.disconnect"}
        return message

    async def _send_unless_cut_off(self, message: Message) -> None:
        if not self._is_cut_off:
            self._is_answered = True
            await self._send(message)


def _declared(scope: Scope) -> int | None:
    """Bytes that the sender has announced; None where a body comes without a length."""
    headers = dict(scope["headers"])
    if b"transfer-encoding" in headers:
        return None
    try:
        return max(0, int(headers.get(b"content-length", b"0")))
    except ValueError:
        # The server below refuses it; until then it counts as unknown.
        return None
