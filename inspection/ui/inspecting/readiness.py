"""What must be known before a photo can be inspected: who asks, and that a model is served."""

import streamlit as st

from inspection.domain.letters import MOST_NAME_LETTERS
from inspection.services.station import shared_station
from inspection.ui import session
from inspection.ui.markdown import as_written
from inspection.ui.session import t
from inspection.ui.widgets.links import page_file


def has_name() -> bool:
    """Whether it is known who inspects."""
    return bool(session.inspector())


def can_inspect() -> bool:
    """Whether photos may be asked for now; where not, the page says why and what to do."""
    if not session.inspector():
        name_prompt()
        return False
    with st.spinner(t("inspect.model_loading")):
        model = shared_station().worker.model
    if model.is_ready:
        return True
    st.error(
        f"**{t('inspect.off')}** {as_written(session.error_text(model.error))}",
        icon=":material/model_training:",
    )
    st.caption(t("inspect.off_next"))
    st.page_link(page_file("model"), label=t("inspect.to_model"), icon=":material/model_training:")
    return False


def name_prompt() -> None:
    """Ask for the inspector's name in the page itself; once given, it is not asked again."""
    with st.form("who", border=True):
        st.markdown(f":material/badge: **{t('inspect.who_title')}** {t('inspect.who_text')}")
        st.text_input(
            t("common.inspector"),
            key="who_name",
            max_chars=MOST_NAME_LETTERS,
            placeholder=t("session.inspector_placeholder"),
        )
        st.form_submit_button(
            t("inspect.who_save"), type="primary", icon=":material/login:", on_click=_take_name
        )


def _take_name() -> None:
    # The field of the sidebar holds the name; here it is only filled from the page.
    st.session_state["inspector"] = st.session_state["who_name"].strip()
