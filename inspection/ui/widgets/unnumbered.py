"""Photos without a body number, told beside figures about bodies."""

import streamlit as st

from inspection.ui.session import t


def say_unnumbered(photos: int) -> None:
    """How many photos stand apart from the bodies; nothing without any."""
    if photos:
        st.caption(f":material/no_accounts: {t('trends.unnumbered', n=f'{photos:,}')}")
