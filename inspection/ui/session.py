"""What one browser tab remembers: language and the inspector's name. Choices only, never data."""

import streamlit as st

from inspection.domain.inspections import Reason
from inspection.i18n import LANGUAGES, Translate, error_sentence, reason_sentence, translator
from inspection.services.station import shared_station


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


def t(key: str, /, **values) -> str:
    """The text of a key in this tab's language."""
    return translate()(key, **values)


def reason_text(reason: Reason) -> str:
    """A verdict's reason as a sentence in this tab's language."""
    return reason_sentence(translate(), reason)


def error_text(error: object) -> str:
    """One of our errors, or its sentence, in this tab's language."""
    return error_sentence(translate(), str(error))


def inspector() -> str:
    """The name given in this tab, "" before anyone gave one."""
    return st.session_state.get("inspector", "").strip()
