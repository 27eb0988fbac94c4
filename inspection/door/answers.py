"""How the door says no: one sentence, and where it helps, what to do next."""

import json

from starlette.types import Scope, Send

from inspection.errors import RequestRefused
from inspection.i18n import error_sentence, translator


def answer_of(
    scope: Scope,
    status: int,
    error: RequestRefused,
    language: str,
    more: dict[str, str] | None = None,
) -> tuple[dict, bytes]:
    """The first message and the body of a refusal.

    Programs get the API's JSON in English, people one line in the installation's language.
    """
    if "/api/" in scope["path"]:
        kind, body = "application/json", json.dumps({"error": str(error)}, ensure_ascii=False)
    else:
        kind, body = "text/plain", error_sentence(translator(language), error)
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


async def refuse(
    scope: Scope, send: Send, status: int, error: RequestRefused, language: str, **more: str
) -> None:
    """Answer a request, or the opening of a websocket, with a refusal."""
    start, content = answer_of(scope, status, error, language, more)
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
