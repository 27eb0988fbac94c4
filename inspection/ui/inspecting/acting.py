"""What a click on an inspection's page does, and the one sentence that tells what came of it."""

from collections.abc import Callable

import streamlit as st

from inspection.errors import InspectionError
from inspection.storage.log_detail import InspectionDetail
from inspection.ui import session
from inspection.ui.markdown import as_written


def is_open(detail: InspectionDetail) -> bool:
    """Whether it waits for a person's word: undecided, counted, and replaced by no other."""
    return not (detail.disposition or detail.left_out) and detail.superseded_by is None


def act(do: Callable[[], str]) -> None:
    """Do it and remember its sentence for the page, which is drawn after this callback."""
    try:
        remember("done", do())
    except InspectionError as error:
        remember("error", as_written(session.error_text(error)))


def remember(kind: str, sentence: str) -> None:
    """A sentence for the next drawing of the page. kind: "done", "warning" or "error"."""
    st.session_state["said"] = (kind, sentence)


def show_said() -> None:
    """Show once what the last click led to."""
    kind, sentence = st.session_state.pop("said", (None, ""))
    if kind == "done":
        st.toast(sentence, icon=":material/check:")
    elif kind == "warning":
        st.warning(sentence, icon=":material/edit_note:")
    elif kind == "error":
        st.error(sentence, icon=":material/error:")
