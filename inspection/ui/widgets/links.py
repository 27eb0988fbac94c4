"""Ways from one page to another."""

from pathlib import Path
from urllib.parse import urlencode, urlsplit

import streamlit as st

from inspection.charts.look import LIBRARY_VERSION

PAGES = Path(__file__).resolve().parents[3] / "pages"


def page_file(name: str) -> Path:
    """The script of a page, as `st.page_link` and `st.switch_page` want it."""
    return PAGES / f"{name}.py"


def large_button(name: str, label: str, icon: str, *, primary: bool = False, **query: str) -> None:
    """A button tall enough for gloves that opens another page. query: its address parameters."""
    pressed = st.button(
        label,
        key=f"large_{name}",
        icon=icon,
        type="primary" if primary else "secondary",
        width="stretch",
        wrap=True,
    )
    if pressed:
        st.switch_page(page_file(name), query_params=query)


def thumbnail_url(sha256: str) -> str:
    """Where the browser gets a logged photo's thumbnail."""
    return f"{_base()}/api/v1/photos/{sha256}/thumbnail"


def photo_url(number: int) -> str:
    """Where the browser gets the photo of an inspection at full resolution."""
    return f"{_base()}/api/v1/inspections/{number}/photo"


def mask_url(number: int, threshold: float, smallest_px: int, correction: int | None = None) -> str:
    """Where the browser gets the mask of an inspection, cut at a threshold (0–1), or as a person
    drew it in a correction."""
    if correction is not None:
        return f"{_base()}/api/v1/inspections/{number}/mask?correction={correction}"
    return (
        f"{_base()}/api/v1/inspections/{number}/mask"
        f"?threshold={threshold:.4f}&smallest_px={smallest_px}"
    )


def regions_url(number: int, correction: int | None = None) -> str:
    """Where the browser gets the numbers of an inspection's regions, or of a correction's."""
    asked = "" if correction is None else f"?correction={correction}"
    return f"{_base()}/api/v1/inspections/{number}/regions{asked}"


def corrections_url(number: int) -> str:
    """Where the browser sends a correction."""
    return f"{_base()}/api/v1/inspections/{number}/corrections"


def waiting_url() -> str:
    """Where the browser sends a photo that waits for its inspection."""
    return f"{_base()}/api/v1/waiting"


def chart_library_url() -> str:
    """Where the browser gets the library that draws a figure as a picture."""
    return f"{_base()}/api/v1/chart-library?version={LIBRARY_VERSION}"


def page_url(name: str, **query: object) -> str:
    """The whole address of a page, to be passed on: with the server's name, without the choices
    of this tab."""
    server = urlsplit(st.context.url or "")
    start = f"{server.scheme}://{server.netloc}" if server.netloc else ""
    return f"{start}{_base()}/{name}?{urlencode(query)}"


def log_address(**query: object) -> str:
    """The address of the Log page with these parameters, for a table that links to photos."""
    return f"{_base()}/log?{urlencode(query)}"


def export_url(token: str) -> str:
    """Where the browser fetches a file that was made of the log."""
    return f"{_base()}/api/v1/exports/{token}"


def _base() -> str:
    """The path before every address of this server: "" or "/qa" behind a proxy."""
    base = st.get_option("server.baseUrlPath").strip("/")
    return f"/{base}" if base else ""
