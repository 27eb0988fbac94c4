"""How the door says no: one sentence, and where it helps, what to do next."""

import json

from starlette.types import Scope, Send

from inspection.i18n import error_sentence, texts, translator


def english(key: str, **values: object) -> str:
    """The sentence of a text under `error`, as the API and the log say it."""
    return texts("en")[f"error.{key}"].format(**values)


def answer_of(
    scope: Scope, status: int, sentence: str, language: str, more: dict[str, str] | None = None
) -> tuple[dict, bytes]:
    """The first message and the body of a refusal.

    Programs get the API's JSON in English, people one line in the installation's language.
    """
    if "/api/" in scope["path"]:
        kind, body = "application/json", json.dumps({"error": sentence}, ensure_ascii=False)
    else:
        kind, body = "text/plain", error_sentence(translator(language), sentence)
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
    scope: Scope, send: Send, status: int, sentence: str, language: str, **more: str
) -> None:
    """Answer a request, or the opening of a websocket, with a refusal."""
    start, content = answer_of(scope, status, sentence, language, more)
    if scope["type"] == "websocket":
        if "websocket.http.response" not in scope.get("extensions", {}):
            await send({"type": "websocket.close", "code": 1008, "reason": sentence[:120]})
            return
        start["type"] = "websocket.http.response.start"
        await send(start)
        await send({"type": "websocket.http.response.body", "body": content})
        return
    await send(start)
    await send({"type": "http.response.body", "body": content})
