"""What the server under the pages is asked and told, beside what it draws."""

from pathlib import Path

import streamlit as st
from streamlit import config
from streamlit.runtime import Runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

# Every page begins with it; the browser fetches the rest.
START_PAGE = Path(st.__file__).parent / "static" / "index.html"


def answer_to(hosts: tuple[str, ...]) -> None:
    """Let Streamlit's own checks know the names that our door lets through, and no others."""
    config.set_option("server.allowedHosts", list(hosts))
    config.set_option("server.corsAllowedOrigins", [])


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
