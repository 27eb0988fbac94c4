"""The script that runs first on every page: language, navigation, who is inspecting."""

from pathlib import Path

import streamlit as st

from inspection.domain.letters import MOST_NAME_LETTERS
from inspection.errors import InspectionError, without_paths
from inspection.i18n import LANGUAGES, error_sentence, texts
from inspection.services.station import shared_station
from inspection.ui import session
from inspection.ui.guarded import guard_callbacks, guarded
from inspection.ui.markdown import as_written, guard
from inspection.ui.server import is_open_to_network
from inspection.ui.session import t
from inspection.ui.widgets.demo import demo_mark

PAGES = Path(__file__).resolve().parents[2] / "pages"
ICON = Path(__file__).parent / "icon.png"
STYLE = Path(__file__).parent / "style.css"
GLOVE_STYLE = Path(__file__).parent / "glove.css"

# Name of the script and of the address, and the icon beside the title.
NAVIGATION = {
    "home": ":material/home:",
    "inspect": ":material/center_focus_strong:",
    "review": ":material/fact_check:",
    "log": ":material/list_alt:",
    "trends": ":material/monitoring:",
    "control": ":material/query_stats:",
    "body": ":material/directions_car:",
    "report": ":material/description:",
    "cost": ":material/payments:",
    "model": ":material/model_training:",
    "spec": ":material/rule:",
    "settings": ":material/settings:",
    "help": ":material/help:",
}


def page(name: str) -> st.Page:
    """One page of the navigation; Home is the default and so has no address of its own."""
    if name == "home":
        return st.Page(PAGES / "home.py", title=t("nav.home"), icon=NAVIGATION[name], default=True)
    return st.Page(
        PAGES / f"{name}.py", title=t(f"nav.{name}"), icon=NAVIGATION[name], url_path=name
    )


def sidebar() -> None:
    """Who is inspecting, and in which language."""
    session.settle_inspector()
    with st.sidebar:
        st.text_input(
            t("common.inspector"),
            key="inspector",
            max_chars=MOST_NAME_LETTERS,
            placeholder=t("session.inspector_placeholder"),
            help=t("session.inspector_help"),
        )
        # A list: three names and more have no room side by side on a tablet.
        st.selectbox(
            t("common.language"),
            LANGUAGES,
            index=LANGUAGES.index(st.session_state["language"]),
            format_func=lambda code: texts(code)["language.name"],
            key=f"language_choice_{st.session_state['language']}",
            on_change=_language_chosen,
            label_visibility="collapsed",
        )
        st.session_state["glove"] = session.wears_gloves()
        st.toggle(t("session.glove"), key="glove", on_change=_gloves_chosen)
        session.keep_inspector()


def open_note() -> None:
    """Until there are accounts: that whoever is in the network may do what is done here."""
    if is_open_to_network():
        with st.container(key="open_note"):
            st.caption(f":material/lock_open: {t('session.open_to_network')}")


def _gloves_chosen() -> None:
    session.wear_gloves(st.session_state["glove"])


def _language_chosen() -> None:
    chosen = st.session_state[f"language_choice_{st.session_state['language']}"]
    if chosen:
        session.speak(chosen)


def main() -> None:
    """Settle the language, draw the navigation, run the page that was asked for."""
    guard()
    guard_callbacks()
    try:
        session.settle_language()
        shared_station()
    except InspectionError as error:
        # Without a data folder there is nothing to show, and the sentence says what to do.
        st.set_page_config(page_title=t("app.title"), page_icon=str(ICON))
        sentence = error_sentence(session.translate(), error)
        st.error(as_written(without_paths(sentence)), icon=":material/error:")
        st.stop()
    st.set_page_config(page_title=t("app.title"), page_icon=str(ICON), layout="wide")
    st.html(STYLE)
    if session.settle_glove():
        st.html(GLOVE_STYLE)
    chosen = st.navigation([page(name) for name in NAVIGATION], expanded=True)
    with guarded():
        sidebar()
        open_note()
        with guarded():
            demo_mark()
        # Every page runs here: whatever goes wrong on one is told in one place.
        chosen.run()


main()
