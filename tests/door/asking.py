"""Ask an ASGI app as the server below it would, and hear what it answers."""


async def ask(app, headers, *, kind="http", path="/", body=(), method="POST"):
    """(status, text). headers: a dict or a list of pairs of bytes. body: parts, sent one by one."""
    if isinstance(headers, dict):
        headers = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    parts = list(body)
    heard = []

    async def receive():
        if kind == "websocket":
            return {"type": "websocket.connect"}
        if not parts:
            return {"type": "http.request", "body": b"", "more_body": False}
        part = parts.pop(0)
        if callable(part):
            part = await part()
        return {"type": "http.request", "body": part, "more_body": bool(parts)}

    async def send(message):
        heard.append(message)

    scope = {
        "type": kind,
        "path": path,
        "method": method,
        "headers": headers,
        "extensions": {"websocket.http.response": {}},
    }
    await app(scope, receive, send)
    first = heard[0]
    code = 101 if first["type"] == "websocket.accept" else first["status"]
    said = b"".join(message.get("body", b"") for message in heard)
    return code, said.decode()
