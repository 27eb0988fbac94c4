"""The keys that the pages listen to, as a table and behind a button of their own."""

import streamlit as st

from inspection.ui.keys import EDITING_KEYS, HELP_BUTTON, KEYS
from inspection.ui.session import t
from inspection.ui.widgets.tables import reading_table


def key_table() -> None:
    """Every key beside what it does."""
    rows = [[f"`{key}`", t(f"help.key_{action}")] for action, key in KEYS.items()]
    edit = t("viewer.edit")
    rows += [[f"`{key}`", f"{edit}: {t(f'viewer.{tool}')}"] for tool, key in EDITING_KEYS.items()]
    reading_table([t("help.key"), t("help.action")], rows)
    st.caption(t("help.keys_note"))


def keys_button() -> None:
    """The button that opens the table over the page; "?" presses it too."""
    pressed = st.button(
        t("help.keys_title"),
        key=HELP_BUTTON,
        icon=":material/keyboard:",
        type="tertiary",
        shortcut=KEYS["help"],
    )
    if pressed:
        st.dialog(t("help.keys_title"), width="medium", icon=":material/keyboard:")(key_table)()
