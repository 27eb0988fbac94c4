"""Under which names the server answers, and to whose pages.

A page of any site can let a browser send requests here, and with a name of its own that it points
at this machine ("rebinding") it could read the answers too. The browser names both in headers that
no page can forge: Host, the name in the address, and Origin, the page that asks.
"""

import ipaddress
import re
import socket
from contextlib import suppress
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from inspection.config import Settings, host_name
from inspection.domain.letters import inert_text
from inspection.door.answers import refuse
from inspection.errors import RequestRefused

_HOST = re.compile(r"(?P<name>\[[0-9a-fA-F:.]+\]|[^\[\]:/?#@\s]+)(:(?P<port>\d{1,5}))?")
_ALL_ADDRESSES = {"0.0.0.0", "::", ""}
_THIS_MACHINE = {"127.0.0.1", "localhost", "::1"}
# What a browser leaves out of a Host and an Origin.
_DEFAULT_PORTS = {"http": 80, "https": 443}


def served_hosts(settings: Settings, listening: str | None) -> tuple[str, ...]:
    """The setting `allowed_hosts`, and the address at which a maintainer let the server listen.

    listening: as given at the start; where that means every address of this machine, its own
    names and addresses count.
    """
    named = host_name(listening or "")
    own = own_names() if listens_everywhere(listening) else [named]
    return tuple(dict.fromkeys([*settings.hosts, *filter(None, own)]))


def listens_everywhere(listening: str | None) -> bool:
    """Whether the address given at the start means every one of this machine."""
    return (host_name(listening or "") or listening or "") in _ALL_ADDRESSES


def is_this_machine(host: str) -> bool:
    """Whether only this machine itself is reached under the name or address."""
    name = host_name(host) or ""
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name in _THIS_MACHINE


def own_names() -> list[str]:
    """The names and addresses that this machine knows of itself, the one to the outside last."""
    found: list[str | None] = sorted(_THIS_MACHINE)
    with suppress(OSError):
        found.append(host_name(socket.gethostname()))
        found += [host_name(entry[4][0]) for entry in socket.getaddrinfo(socket.gethostname(), 0)]
    for family, far in ((socket.AF_INET6, "2001:db8::1"), (socket.AF_INET, "192.0.2.1")):
        # The address that the way out begins at: no packet is sent for it.
        with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as way_out:
            way_out.connect((far, 9))
            found.append(host_name(way_out.getsockname()[0]))
    return [name for name in found if name]


class HostCheck:
    """ASGI middleware: 421 for a foreign Host, 403 for a foreign Origin, websockets included."""

    def __init__(
        self, app: ASGIApp, hosts: tuple[str, ...], site_url: str = "", language: str = "ko"
    ) -> None:
        self.app = app
        self._hosts = hosts
        self._site = _origin(site_url) if site_url else None
        self._language = language
        # Whoever typed a wrong name has not come to the page where a language is chosen.
        self._languages = tuple(dict.fromkeys([language, "ko", "en"]))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        given = _all_of(scope, b"host")
        host = _host(given[0]) if len(given) == 1 else None
        if host is None:
            error = RequestRefused("door_no_host")
            await refuse(scope, send, 421, error, self._languages, connection="close")
        elif host[0] not in self._hosts:
            error = RequestRefused("door_host", host=host[0][:80], hosts=", ".join(self._hosts))
            await refuse(scope, send, 421, error, self._languages, connection="close")
        elif foreign := self._foreign_origin(scope, host):
            error = RequestRefused("door_origin", origin=inert_text(foreign))
            await refuse(scope, send, 403, error, self._language, connection="close")
        else:
            await self.app(scope, receive, send)

    def _foreign_origin(self, scope: Scope, host: tuple[str, int | None]) -> str | None:
        """The Origin that is not this dashboard's, None where there is none such."""
        for text in _all_of(scope, b"origin"):
            origin = _origin(text)
            if origin is None:
                return text or "nowhere"
            scheme, name, port = origin
            usual = port == _DEFAULT_PORTS[scheme]
            # Another service of the same machine is another site: the port must be the one that
            # the browser reached here, or that of a proxy in front, which may name us otherwise.
            is_same = name == host[0] and (port == host[1] or (host[1] is None and usual))
            is_proxy = usual and name in self._hosts and name not in _THIS_MACHINE
            if not (is_same or is_proxy or origin == self._site):
                return text
        return None


def _all_of(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def _host(text: str) -> tuple[str, int | None] | None:
    """Name and port of a Host header; None where it is none."""
    found = _HOST.fullmatch(text.strip())
    name = host_name(found["name"]) if found else None
    if name is None:
        return None
    return name, int(found["port"]) if found["port"] else None


def _origin(text: str) -> tuple[str, str, int] | None:
    """Scheme, name and port of an Origin or address; None where it is of no such page."""
    try:
        parts = urlsplit(text)
        name, port = host_name(parts.hostname or ""), parts.port
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or name is None or parts.username is not None:
        return None
    return parts.scheme, name, port or _DEFAULT_PORTS[parts.scheme]
