"""Small tables to read: every cell in full, wrapped, and no markup out of data."""

from collections.abc import Iterable, Sequence

import pandas as pd
import streamlit as st

from inspection.ui.markdown import as_written as as_written


def reading_table(
    head: Sequence[str], rows: Iterable[Sequence[str]], *, breaking: str = ""
) -> None:
    """A table whose cells are Markdown; pass data through `as_written`.

    breaking: a name of its own for a table whose second column holds long paths. They may break
    anywhere, so that it needs no sideways scrolling; the words of the other columns stay whole.
    """
    table = pd.DataFrame(list(rows), columns=list(head))
    with st.container(key=f"breaking_{breaking}") if breaking else st.container():
        st.table(table, border="horizontal", hide_index=True)
