"""What one browser tab remembers: language and the inspector's name. Choices only, never data."""

import time

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
from inspection.ui.in_browser import in_browser, kept_name, kept_subject
from inspection.ui.markdown import Markdown, as_written

_NAME_GIVEN, _HAD_NAME = "inspector_given", "inspector_had_name"
# What the next photo of this device shows; each stands in the session as `subject_NAME`.
REMEMBERED = ("vehicle_model", "body_number", "panel", "colour", "station", "line")
_SETTLED = "subject_settled"
_GLOVE = "wears_gloves"
# A body is gone from the line by then; so is its colour.
_BODY_HOURS, _OF_ONE_BODY = 12, ("body_number", "colour")


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
    subject = None
    if st.session_state.get(_SETTLED):
        subject = {one: str(st.session_state.get(f"subject_{one}") or "") for one in REMEMBERED}
        subject |= {"hour": str(_hour()), "glove": "on" if wears_gloves() else ""}
    in_browser(name, forget=not name and had_name, language=language(), subject=subject)
    st.session_state[_HAD_NAME] = bool(name)


def settle_subject() -> None:
    """Once a tab: take what its photos show from what this device kept, and station and line from
    the address (`?station=ST20&line=L2`) where it names them."""
    if st.session_state.get(_SETTLED):
        return
    st.session_state[_SETTLED] = True
    said = kept_subject()
    hour = said.pop("hour", "0")
    if not hour.isdecimal() or _hour() - int(hour) > _BODY_HOURS:
        said = {name: value for name, value in said.items() if name not in _OF_ONE_BODY}
    for name in ("station", "line"):
        if asked := st.query_params.get(name):
            said[name] = asked
    for name in REMEMBERED:
        if said.get(name):
            st.session_state.setdefault(f"subject_{name}", said[name])


def settle_glove() -> bool:
    """Whether what is tapped is to be large: by the address (`?glove=on`), else as in this tab,
    else as this device kept it. The address says it again, so that it can be passed on."""
    asked = st.query_params.get("glove")
    if asked in ("on", "off"):
        chosen = asked == "on"
    else:
        chosen = st.session_state.get(_GLOVE, kept_subject().get("glove") == "on")
    st.session_state[_GLOVE] = chosen
    if chosen and asked != "on":
        st.query_params["glove"] = "on"
    return chosen


def wear_gloves(chosen: bool) -> None:
    """Change it for this tab and this device; for callbacks."""
    st.session_state[_GLOVE] = chosen
    st.query_params["glove"] = "on" if chosen else "off"


def wears_gloves() -> bool:
    """Whether this tab shows what is tapped as large as a glove needs it."""
    return bool(st.session_state.get(_GLOVE))


def _hour() -> int:
    return int(time.time()) // 3600


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
