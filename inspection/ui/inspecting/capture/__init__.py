"""The camera of a phone or tablet, one large button: the photo at full resolution.

`st.file_uploader` cannot ask for the camera, and `st.camera_input` takes a picture of the size of
its own preview. Here the browser opens the camera app and sends the file to our own route, past
Streamlit; the page hears only the photo's key.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import streamlit as st

LABELS = ("shoot", "sending", "sent", "failed", "too_large", "full", "again")
"""Keys that `labels` must hold."""

_FOLDER = Path(__file__).parent


def _part(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


# Declared once at import: Streamlit keeps components by name, for the whole process.
_COMPONENT = st.components.v2.component(
    "inspection_capture",
    html=_part("capture.html"),
    css=_part("capture.css"),
    js=_part("capture.js"),
)


def capture(
    key: str,
    url: str,
    labels: Mapping[str, str],
    taken: str,
    on_photo: Callable[[str], None],
) -> None:
    """Ask for one photo; `on_photo` is called with its key before the rerun that it causes.

    url: of the route that takes photos. taken: key of the photo that the page has taken last, so
    that the browser forgets it.
    """

    def tell() -> None:
        photo = (st.session_state.get(key) or {}).get("photo")
        if isinstance(photo, Mapping) and isinstance(photo.get("id"), str):
            on_photo(photo["id"])

    _COMPONENT(
        key=key,
        data={"url": url, "labels": {name: labels[name] for name in LABELS}, "taken": taken},
        on_photo_change=tell,
    )
