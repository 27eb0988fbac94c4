"""What stands in front of every page, upload, photo and API call of the server.

Until there are accounts, who reaches the port may use it. So the door asks under which name the
server was reached and which page sends the request, takes in no more than it can hold, and tells
the browser to fetch nothing from anywhere else.
"""

from collections.abc import Callable
from pathlib import Path

from starlette.middleware import Middleware

from inspection.config import Settings
from inspection.door.bodies import BodyLimits
from inspection.door.headers import SecurityHeaders
from inspection.door.hosts import HostCheck, served_hosts

__all__ = ["door", "served_hosts"]


def door(
    settings: Settings,
    hosts: tuple[str, ...],
    start_page: Path | None = None,
    session_bytes: Callable[[str], int] = lambda session: 0,
) -> list[Middleware]:
    """The middleware of the server, the outermost first.

    hosts: from `served_hosts`. start_page: the HTML that pages begin with. session_bytes: what an
    open tab, named by its session, has in memory already.
    """
    return [
        # First, so that refusals carry the headers too.
        Middleware(SecurityHeaders, start_page),
        Middleware(HostCheck, hosts, settings.site_url, settings.language),
        Middleware(BodyLimits, settings, session_bytes),
    ]
