"""What only the browser can do on every page: keys that know when a field is typed in, the
inspector's name in a cookie, so that a reload or a second tab does not ask for it again, and the
manifest by which the page can be installed."""

import json
from collections.abc import Mapping
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
# What the device's photos show: its place stays for months, the body on it for a shift.
SUBJECT_COOKIE = "inspection_subject"
SUBJECT_DAYS = 90

# Declared once at import: Streamlit keeps components by name, for the whole process.
_COMPONENT = st.components.v2.component(
    "inspection_in_browser",
    js=(Path(__file__).parent / "in_browser.js").read_text(encoding="utf-8"),
)


def in_browser(
    name: str, *, forget: bool, language: str, subject: Mapping[str, str] | None = None
) -> None:
    """Listen to the keys of this window, keep `name` in the cookie, name the manifest.

    forget: the name was taken out of its field in this tab. A tab that never had one leaves the
    cookie of the others alone. language: of this tab, in which an installed page is called.
    subject: what the device's photos show, to be kept; None = nothing is known of it yet, and what
    is kept stays.
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
            "subject_cookie": SUBJECT_COOKIE,
            "subject_seconds": SUBJECT_DAYS * 86400,
            "subject": None if subject is None else json.dumps(subject),
            "manifest": f"{f'/{base}' if base else ''}/{MANIFEST}?lang={language}",
        },
    )


def kept_name() -> str:
    """The name that the cookie brings, "" without one; a cookie is text from outside."""
    text = _kept(COOKIE)
    return "".join(letter for letter in text if letter.isprintable())[:MOST_NAME_LETTERS].strip()


def kept_subject() -> dict[str, str]:
    """What the cookie says that the device's photos show; {} without one that can be read."""
    try:
        said = json.loads(_kept(SUBJECT_COOKIE) or "{}")
    except (ValueError, RecursionError):
        return {}
    if not isinstance(said, dict):
        return {}
    return {
        str(name): "".join(letter for letter in value if letter.isprintable())[:MOST_NAME_LETTERS]
        for name, value in said.items()
        if isinstance(value, str)
    }


def _kept(cookie: str) -> str:
    try:
        value = st.context.cookies.get(cookie, "")
        # Without a browser, in a test, it is none.
        return unquote(value, errors="strict") if isinstance(value, str) else ""
    except (UnicodeDecodeError, AttributeError):
        return ""
