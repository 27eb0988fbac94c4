"""Photos without a body number, told beside figures about bodies."""

import streamlit as st

from inspection.domain.counting_words import WAITING
from inspection.storage.log_filter import LogFilter
from inspection.ui.session import count, t
from inspection.ui.widgets import cached
from inspection.ui.widgets.links import page_file


def say_unnumbered(photos: int) -> None:
    """How many photos stand apart from the bodies; nothing without any."""
    if photos:
        st.caption(f":material/no_accounts: {t('trends.unnumbered', n=count(photos))}")


def waiting_note(where: LogFilter | None, version: int) -> None:
    """How many of the chosen photos are in no figure until somebody answers; nothing for none."""
    n = cached.how_many_wait(where or LogFilter(), version)
    if n:
        st.warning(t("counting.waiting", n=n), icon=":material/content_copy:")
        st.page_link(
            page_file("log"),
            label=t("counting.to_waiting"),
            icon=":material/rule:",
            query_params={"left_out": WAITING},
        )
