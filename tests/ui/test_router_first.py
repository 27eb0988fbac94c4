"""The router runs before any page, also when the first request after a start is a deep link.

Beside a folder `pages/` Streamlit would run the linked page alone: without language, navigation
or anything else that the router settles. Held on a fresh server, over its own websocket.
"""

from pathlib import Path

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

from tests.server import running

REPOSITORY = Path(__file__).resolve().parents[2]


def first_visit(url: str, page: str, query: str) -> list[ForwardMsg]:
    """What a browser gets that opens a page as the first visitor, until the script has ended."""
    address = url.replace("http://", "ws://") + "/_stcore/stream"
    messages = []
    with connect(address, origin=url, subprotocols=["streamlit"], max_size=None) as socket:
        asked = BackMsg()
        asked.rerun_script.page_name = page
        asked.rerun_script.query_string = query
        socket.send(asked.SerializeToString())
        while not messages or messages[-1].WhichOneof("type") != "script_finished":
            message = ForwardMsg()
            message.ParseFromString(socket.recv(timeout=60))
            messages.append(message)
    return messages


@pytest.fixture(scope="module")
def visit(tmp_path_factory):
    data = tmp_path_factory.mktemp("fresh") / "data"
    with running(data, models_dir=str(data / "none")) as server:
        return first_visit(server.url, "log", "lang=en")


def test_a_deep_link_on_a_fresh_server_gets_the_whole_navigation(visit):
    (navigation,) = [message.navigation for message in visit if message.HasField("navigation")]
    names = {page.url_pathname: page.page_name for page in navigation.app_pages}
    assert names["log"] == "Log"
    assert set(names) >= {"inspect", "log", "trends", "report", "model", "settings", "help"}


def test_the_linked_page_runs_after_the_router_and_in_the_links_language(visit):
    elements = [message.delta.new_element for message in visit if message.HasField("delta")]
    titles = [element.heading.body for element in elements if element.HasField("heading")]
    assert "Log" in titles
    fields = [element.text_input.label for element in elements if element.HasField("text_input")]
    assert fields[0] == "Inspector"


def test_the_router_does_not_stand_beside_the_pages():
    router = REPOSITORY / "inspection" / "ui" / "router.py"
    assert router.exists()
    assert not (router.parent / "pages").exists()
