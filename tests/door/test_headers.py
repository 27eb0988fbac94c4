"""What a browser is told about what it may load for our pages."""

import asyncio

from inspection.door.headers import SecurityHeaders, content_policy


def sources() -> dict[str, list[str]]:
    page = b"<html><script>start()</script></html>"
    parts = (part.split() for part in content_policy(page).split("; "))
    return {name: allowed for name, *allowed in parts}


def test_pages_load_and_send_nothing_beyond_this_host():
    policy = sources()
    for name in ("default-src", "img-src", "connect-src", "font-src", "form-action"):
        assert set(policy[name]) == {"'self'", "data:", "blob:"}, name


def test_no_text_becomes_code_and_inline_scripts_are_those_of_the_start_page():
    script = sources()["script-src"]
    assert "'unsafe-inline'" not in script and "'unsafe-eval'" not in script
    assert [value for value in script if value.startswith("'sha256-")] == [
        "'sha256-DIm7WJS6ZKDYe5qFLPy+h4JFI9Bol5QmYC57mt3Fb00='"
    ]


def test_every_answer_carries_the_policy():
    heard = []

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message):
        heard.append(dict(message["headers"]))

    asyncio.run(SecurityHeaders(app)({"type": "http", "path": "/"}, None, send))
    assert heard[0][b"content-security-policy"].decode() == content_policy()
