"""The photos that this tab's uploader and camera hold, and how they let go of them."""

import streamlit as st

from inspection.ui.server import forget_uploads


def round_of(source: str) -> int:
    """Grows with each batch: a widget under a new key has forgotten the photos of the last one.

    source: "upload" or "camera".
    """
    return st.session_state.setdefault(f"{source}_round", 0)


def forget_files() -> None:
    """Give the uploader and the camera new keys, once nobody needs their photos again.

    Not when they are read: a waiting click may cut that run short, and photos that no batch holds
    yet would be lost.
    """
    forget_uploads()
    for source in ("upload", "camera"):
        st.session_state[f"{source}_round"] = round_of(source) + 1
