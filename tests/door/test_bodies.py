import asyncio

import pytest

from inspection.config import Settings
from inspection.door.bodies import MB, BodyLimits
from tests.door.asking import ask

PHOTO = "/api/v1/inspections"
TAB = "/_stcore/upload_file/tab-1/file-1"


class Reader:
    """An app that reads what it is given, as the API and the pages do, and counts it."""

    def __init__(self):
        self.got = 0
        self.is_let_go = asyncio.Event()
        self.is_reading = asyncio.Event()

    async def __call__(self, scope, receive, send):
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ConnectionError("the sender is gone")
            self.got += len(message["body"])
            more = message["more_body"]
        self.is_reading.set()
        await self.is_let_go.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"kept"})


def run(path, sizes, *, declared=True, reader=None, session_bytes=0, **limits):
    """(status, text, bytes that the app got) of one request with parts of these sizes."""

    async def once():
        app = reader or Reader()
        app.is_let_go.set()
        door = BodyLimits(app, Settings(language="en"), lambda session: session_bytes, **limits)
        headers = (
            {"content-length": str(sum(sizes))} if declared else {"transfer-encoding": "chunked"}
        )
        code, said = await ask(door, headers, path=path, body=[bytes(size) for size in sizes])
        return code, said, app.got

    return asyncio.run(once())


@pytest.mark.parametrize("path", [PHOTO, TAB])
@pytest.mark.parametrize("declared", [True, False])
def test_a_photo_of_fifty_megabytes_with_its_form_is_let_in(path, declared):
    assert run(path, [50 * MB, 1000], declared=declared) == (200, "kept", 50 * MB + 1000)


@pytest.mark.parametrize("path", [PHOTO, TAB])
def test_a_body_that_says_it_is_too_large_is_refused_before_a_byte_of_it_is_read(path):
    code, said, got = run(path, [52 * MB])
    assert (code, got) == (413, 0)
    assert "larger than 50 MB" in said and "max_upload_mb" in said


def test_a_body_that_does_not_say_is_cut_off_where_it_becomes_too_large():
    code, said, got = run(PHOTO, [10 * MB] * 9, declared=False)
    assert (code, got) == (413, 50 * MB)
    assert said.startswith('{"error": "the request is larger than 50 MB')


def test_what_brings_no_photo_may_be_small_only():
    assert run("/", [64 * 1024])[0] == 200
    code, said, got = run("/", [64 * 1024 + 1])
    assert (code, got) == (413, 0)
    assert "without a photo may hold 64 kB" in said


def test_a_tab_may_have_a_thousand_megabytes_waiting():
    assert run(TAB, [50 * MB], session_bytes=950 * MB)[0] == 200
    code, said, _ = run(TAB, [50 * MB], session_bytes=951 * MB)
    assert code == 413
    assert "this tab has 951 MB of photos waiting" in said and "session_upload_mb" in said
    assert run(PHOTO, [50 * MB], session_bytes=951 * MB)[0] == 200


def test_a_sender_who_stops_in_the_middle_is_let_go():
    async def never():
        await asyncio.Event().wait()

    async def once():
        door = BodyLimits(Reader(), Settings(language="en"), grace_s=0.05, bytes_per_s=1000.0)
        return await ask(door, {"content-length": "100"}, path=PHOTO, body=[b"x" * 10, never])

    code, said = asyncio.run(once())
    assert code == 408
    assert "came too slowly (less than 1 kB a second)" in said


def test_beyond_the_queue_a_sender_is_asked_to_come_again_and_room_comes_back():
    async def several():
        reader = Reader()
        door = BodyLimits(reader, Settings(language="en", upload_queue_mb=100))
        headers = {"content-length": str(40 * MB)}
        parts = [bytes(40 * MB)]
        first = asyncio.create_task(ask(door, headers, path=PHOTO, body=parts))
        second = asyncio.create_task(ask(door, headers, path=TAB, body=parts))
        await asyncio.sleep(0)
        await reader.is_reading.wait()
        third = await ask(door, headers, path=PHOTO, body=parts)
        reader.is_let_go.set()
        earlier = [(await first)[0], (await second)[0]]
        return third, earlier, await ask(door, headers, path=PHOTO, body=parts)

    third, earlier, later = asyncio.run(several())
    assert third[0] == 503
    assert "80 MB of photos are on their way already; send it again in 5 seconds" in third[1]
    assert earlier == [200, 200] and later[0] == 200
