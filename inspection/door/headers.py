"""Headers that the server under the dashboard does not send by itself."""

import base64
import hashlib
import re
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_INLINE_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


def content_policy(start_page: bytes = b"") -> str:
    """What a browser may load for a page of ours, and from where: nothing from another host.

    start_page: the HTML that the pages begin with; its inline scripts are allowed by their hash.
    """
    inline = [
        f"'sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}'"
        for script in _INLINE_SCRIPT.findall(start_page)
    ]
    sources = {
        "default-src": ["'self'", "data:", "blob:"],
        "img-src": ["'self'", "data:", "blob:"],
        "connect-src": ["'self'", "data:", "blob:"],
        "font-src": ["'self'", "data:", "blob:"],
        "form-action": ["'self'", "data:", "blob:"],
        # blob: our own components (viewer, chart buttons) are code that Streamlit's page wraps so.
        # wasm-unsafe-eval: its messages hold numbers of 64 bits, counted by a few bytes of machine
        # code. No other text becomes code.
        "script-src": ["'self'", "blob:", "'wasm-unsafe-eval'", *inline],
        # Streamlit's page and its tables write each element's style into the page as they draw it.
        "style-src": ["'self'", "'unsafe-inline'"],
        "object-src": ["'none'"],
        "base-uri": ["'self'"],
        "frame-ancestors": ["'self'"],
    }
    return "; ".join(" ".join([name, *allowed]) for name, allowed in sources.items())


class SecurityHeaders:
    """ASGI middleware that adds its headers to every HTTP answer.

    start_page: the file that the pages begin with, for `content_policy`.
    """

    def __init__(self, app: ASGIApp, start_page: Path | None = None) -> None:
        self.app = app
        page = start_page.read_bytes() if start_page and start_page.is_file() else b""
        self._headers = {
            "Content-Security-Policy": content_policy(page),
            # A page of another site may not show our photos, nor open us in a window it holds.
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "SAMEORIGIN",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers)
