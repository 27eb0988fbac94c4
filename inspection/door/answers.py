"""How the door says no: one sentence, and where it helps, what to do next."""

import json
from collections.abc import Sequence
from html import escape

from starlette.types import Scope, Send

from inspection.errors import RequestRefused
from inspection.i18n import error_sentence, translator


def answer_of(
    scope: Scope,
    status: int,
    error: RequestRefused,
    languages: str | Sequence[str],
    more: dict[str, str] | None = None,
) -> tuple[dict, bytes]:
    """The first message and the body of a refusal.

    Programs get the API's JSON in English, people one line in each of the languages, which a
    browser gets as a page that a phone can show.
    """
    told = [languages] if isinstance(languages, str) else languages
    if "/api/" in scope["path"]:
        kind, body = "application/json", json.dumps({"error": str(error)}, ensure_ascii=False)
    elif len(told) > 1 and _reads_html(scope):
        kind, body = "text/html", _page(error, told)
    else:
        kind = "text/plain"
        body = "\n".join(error_sentence(translator(one), error) for one in told)
    content = body.encode("utf-8", "replace")
    headers = {
        "content-type": f"{kind}; charset=utf-8",
        "content-length": str(len(content)),
        "cache-control": "no-store",
        **(more or {}),
    }
    start = {
        "type": "http.response.start",
        "status": status,
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    return start, content


def _reads_html(scope: Scope) -> bool:
    return any(b"text/html" in value for name, value in scope["headers"] if name == b"accept")


def _page(error: RequestRefused, languages: Sequence[str]) -> str:
    sentences = "".join(
        f'<p lang="{one}">{escape(error_sentence(translator(one), error))}</p>' for one in languages
    )
    return (
        '<!doctype html><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<style>body{font:1.25rem/1.5 sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem}"
        f"</style>{sentences}"
    )


async def refuse(
    scope: Scope,
    send: Send,
    status: int,
    error: RequestRefused,
    languages: str | Sequence[str],
    **more: str,
) -> None:
    """Answer a request, or the opening of a websocket, with a refusal."""
    start, content = answer_of(scope, status, error, languages, more)
    if scope["type"] == "websocket":
        if "websocket.http.response" not in scope.get("extensions", {}):
            await send({"type": "websocket.close", "code": 1008, "reason": str(error)[:120]})
            return
        start["type"] = "websocket.http.response.start"
        await send(start)
        await send({"type": "websocket.http.response.body", "body": content})
        return
    await send(start)
    await send({"type": "http.response.body", "body": content})
