"""The address under which other devices open this station."""

from collections.abc import Sequence

from inspection.door.hosts import is_this_machine, own_names

# By these a proxy with sign-in names the person who asks.
_NAMED_BY_PROXY = ("X-Forwarded-User", "X-Auth-Request-User", "Remote-User", "Authorization")


def station_address(
    site_url: str, hosts: Sequence[str], port: int, base_path: str = ""
) -> str | None:
    """What a tablet types: `site_url`, else this machine by an address or name that is let in.

    hosts: those that the door lets through. None where all of them mean this machine alone.
    """
    if site_url:
        return site_url
    far = [host for host in hosts if not is_this_machine(host)]
    # Its own address before names: a name works only where the plant's network knows it.
    own = [name for name in reversed(own_names()) if name in far]
    if not far:
        return None
    host = (own or far)[0]
    name = f"[{host}]" if ":" in host else host
    path = f"/{base_path.strip('/')}" if base_path.strip("/") else ""
    return f"http://{name}:{port}{path}"


def is_open_to_all(listening: str | None, host: str, headers: Sequence[str]) -> bool:
    """Whether anybody in the network may open the station, as far as one request tells.

    listening: address given at the start. host: under which the page was asked for. headers: the
    names of those that came with it; a proxy with sign-in says who asks.
    """
    served_beyond = not is_this_machine(listening or "0.0.0.0") or not is_this_machine(host)
    given = {name.lower() for name in headers}
    return served_beyond and not any(name.lower() in given for name in _NAMED_BY_PROXY)
