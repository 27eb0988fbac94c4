"""What one browser tab remembers: language and the inspector's name. Choices only, never data."""

import streamlit as st

from inspection.domain.inspections import Reason
from inspection.domain.letters import MOST_NAME_LETTERS
from inspection.errors import InspectionError, without_paths
from inspection.i18n import (
    LANGUAGES,
    Translate,
    error_sentence,
    reason_sentence,
    translator,
)
from inspection.services.station import shared_station
from inspection.ui.in_browser import in_browser, kept_name
from inspection.ui.markdown import Markdown, as_written

_NAME_GIVEN, _HAD_NAME = "inspector_given", "inspector_had_name"


def settle_language() -> None:
    """Take the language from the link, else from this tab, else from the settings.

    A link without `lang` (the navigation makes such links) keeps the tab's language, and the
    address shows it again, so that every address can be passed on.
    """
    asked = st.query_params.get("lang")
    kept = st.session_state.get("language")
    chosen = asked if asked in LANGUAGES else kept or shared_station().settings.language
    st.session_state["language"] = chosen
    if asked != chosen:
        st.query_params["lang"] = chosen


def speak(code: str) -> None:
    """Change this tab's language."""
    st.session_state["language"] = code
    st.query_params["lang"] = code


def language() -> str:
    """Code of this tab's language."""
    return st.session_state.get("language", LANGUAGES[0])


def translate() -> Translate:
    """The translator of this tab's language."""
    return translator(language())


def t(key: str, /, **values) -> Markdown:
    """The text of a key in this tab's language, as Markdown: values are shown letter by letter.

    What is itself markup comes as `Markdown` (`bold`, `as_written`, another text). Where no
    Markdown is read, in a file's name, a chart or a list's entry, use `plain`.
    """
    told = {
        name: as_written(value) if isinstance(value, str) else value
        for name, value in values.items()
    }
    return Markdown(translate()(key, **told))


def plain(key: str, /, **values) -> str:
    """The text of a key where it is shown as it is, without Markdown."""
    return translate()(key, **values)


def count(n: int) -> str:
    """How many, as this tab's language writes it: "1,234"."""
    return translate().count(n)


def number(value: float, places: int) -> str:
    """A number as this tab's language writes it: "1,234.5"."""
    return translate().number(value, places)


def percent(share: float, places: int = 1) -> str:
    """A share of 0–1 as this tab's language writes it: "12.5%"."""
    return translate().percent(share, places)


def digits(value: float, form: str) -> str:
    """A number in one of Python's own forms ("g", ".3g"), with this language's signs."""
    return translate().digits(value, form)


def reason_text(reason: Reason) -> str:
    """A verdict's reason as a sentence in this tab's language."""
    return reason_sentence(translate(), reason)


def error_text(error: InspectionError) -> str:
    """One of our errors in this tab's language, on the plant's clock and without the server's
    paths."""
    zone = shared_station().calendar.zone
    return without_paths(error_sentence(translate(), error, zone))


def settle_inspector() -> None:
    """Take the inspector's name from what was just signed or written, else from the cookie.

    Before the sidebar's field is drawn: a field that stands cannot be written any more.
    """
    if given := st.session_state.pop(_NAME_GIVEN, ""):
        st.session_state["inspector"] = given
    st.session_state.setdefault("inspector", kept_name())


def keep_inspector() -> None:
    """Let the browser keep the name, or forget the one that was taken out of the field."""
    name = inspector()
    had_name = st.session_state.get(_HAD_NAME, False)
    in_browser(name, forget=not name and had_name, language=language())
    st.session_state[_HAD_NAME] = bool(name)


def inspector() -> str:
    """The name given in this tab, "" before anyone gave one."""
    return st.session_state.get("inspector", "").strip()


def name_missing() -> Markdown | None:
    """The sentence that asks for the inspector's name; None once it is given."""
    return None if inspector() else t("session.name_needed")


def remember_inspector(name: str) -> None:
    """A name given with a note or a signature is the tab's name from the next run on, where it
    has none yet: it is asked once."""
    if not inspector() and name.strip():
        st.session_state[_NAME_GIVEN] = name.strip()[:MOST_NAME_LETTERS]
