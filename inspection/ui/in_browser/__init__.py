"""What only the browser can do on every page: keys that know when a field is typed in, the
inspector's name in a cookie, so that a reload or a second tab does not ask for it again, and the
manifest by which the page can be installed."""

from pathlib import Path
from urllib.parse import unquote

import streamlit as st

from inspection.domain.letters import MOST_NAME_LETTERS
from inspection.ui.as_app import MANIFEST
from inspection.ui.keys import CHOICES, HELP_BUTTON, VIEWER_KEYS

COOKIE = "inspection_name"
# A tablet passes from shift to shift: after a shift's length without a visit the name is asked
# anew, so that nobody decides in the name of yesterday's inspector.
COOKIE_HOURS = 12

# Declared once at import: Streamlit keeps components by name, for the whole process.
_COMPONENT = st.components.v2.component(
    "inspection_in_browser",
    js=(Path(__file__).parent / "in_browser.js").read_text(encoding="utf-8"),
)


def in_browser(name: str, *, forget: bool, language: str) -> None:
    """Listen to the keys of this window, keep `name` in the cookie, name the manifest.

    forget: the name was taken out of its field in this tab. A tab that never had one leaves the
    cookie of the others alone. language: of this tab, in which an installed page is called.
    """
    base = st.get_option("server.baseUrlPath").strip("/")
    _COMPONENT(
        key="in_browser",
        data={
            "cookie": COOKIE,
            "seconds": COOKIE_HOURS * 3600,
            "name": name[:MOST_NAME_LETTERS],
            "forget": forget,
            "keys": {"viewer": VIEWER_KEYS, "help": HELP_BUTTON, "choices": CHOICES},
            "manifest": f"{f'/{base}' if base else ''}/{MANIFEST}?lang={language}",
        },
    )


def kept_name() -> str:
    """The name that the cookie brings, "" without one; a cookie is text from outside."""
    try:
        text = unquote(st.context.cookies.get(COOKIE, ""), errors="strict")
    except (UnicodeDecodeError, AttributeError):
        return ""
    return "".join(letter for letter in text if letter.isprintable())[:MOST_NAME_LETTERS].strip()
