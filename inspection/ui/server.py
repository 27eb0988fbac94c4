"""What the server under the pages is asked and told, beside what it draws."""

from pathlib import Path
from urllib.parse import urlsplit

import streamlit as st
from streamlit import config
from streamlit.runtime import Runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from inspection.door.tablets import is_open_to_all, station_address

# Every page begins with it; the browser fetches the rest.
START_PAGE = Path(st.__file__).parent / "static" / "index.html"


def answer_to(hosts: tuple[str, ...]) -> None:
    """Let Streamlit's own checks know the names that our door lets through, and no others."""
    config.set_option("server.allowedHosts", list(hosts))
    config.set_option("server.corsAllowedOrigins", [])


def tablet_address(site_url: str) -> str | None:
    """What other devices open, None where the server answers this machine alone."""
    return station_address(
        site_url,
        st.get_option("server.allowedHosts"),
        st.get_option("server.port"),
        st.get_option("server.baseUrlPath"),
    )


def is_open_to_network() -> bool:
    """Whether anybody in the network may open this page, as far as its request tells."""
    headers = st.context.headers
    host = headers.get("Host", "")
    if not isinstance(host, str) or not host:
        return False
    name = urlsplit(f"//{host}").hostname or ""
    return is_open_to_all(st.get_option("server.address"), name, list(headers))


def uploaded_bytes(session: str) -> int:
    """What one tab, named by its session, has in this process's memory."""
    if not Runtime.exists():
        return 0
    files = Runtime.instance().uploaded_file_mgr.file_storage.get(session, {})
    return sum(len(file.data) for file in list(files.values()))


def forget_uploads() -> None:
    """Let go of every file of this tab: Streamlit would keep them until the tab is closed."""
    context = get_script_run_ctx()
    if context is not None:
        context.uploaded_file_mgr.remove_session_files(context.session_id)
