import pytest

from inspection.door import tablets
from inspection.door.tablets import is_open_to_all, station_address

ALL = ("127.0.0.1", "localhost", "line3.plant", "192.0.2.7")


@pytest.fixture(autouse=True)
def own_addresses(monkeypatch):
    monkeypatch.setattr(tablets, "own_names", lambda: ["localhost", "qa-pc", "192.0.2.7"])


def test_a_tablet_opens_what_the_settings_say_else_this_machines_own_address():
    assert station_address("https://line3.plant", ALL, 8501) == "https://line3.plant"
    assert station_address("", ALL, 8501) == "http://192.0.2.7:8501"
    assert station_address("", ALL, 8501, "/qa/") == "http://192.0.2.7:8501/qa"


def test_where_its_own_address_is_not_let_in_a_tablet_opens_an_allowed_name():
    assert station_address("", ("localhost", "line3.plant"), 8501) == "http://line3.plant:8501"
    assert station_address("", ("2001:db8::7",), 8501) == "http://[2001:db8::7]:8501"


def test_a_server_for_this_machine_alone_has_no_address_for_a_tablet():
    assert station_address("", ("127.0.0.1", "localhost", "::1"), 8501) is None


@pytest.mark.parametrize(
    ("listening", "host", "headers", "is_open"),
    [
        ("127.0.0.1", "localhost", (), False),
        ("127.0.0.1", "127.0.0.1", (), False),
        ("0.0.0.0", "localhost", (), True),
        (None, "localhost", (), True),
        ("192.0.2.7", "192.0.2.7", (), True),
        # A proxy on this machine lets others in, and one with sign-in says who.
        ("127.0.0.1", "line3.plant", (), True),
        ("127.0.0.1", "line3.plant", ("x-forwarded-user",), False),
    ],
)
def test_pages_say_so_once_anybody_in_the_network_may_open_them(listening, host, headers, is_open):
    assert is_open_to_all(listening, host, headers) is is_open
