"""Small tables to read: every cell in full, wrapped, and no markup out of data."""

from collections.abc import Iterable, Sequence

import pandas as pd
import streamlit as st

from inspection.ui.markdown import as_written as as_written

# Streamlit keeps the cells of a table narrow even where there is room. The pages break words
# anywhere rather than overflow, which in a table would squeeze a name into two halves.
_WHOLE_CELLS = (
    "<style>[data-testid=stTable] [data-testid=stMarkdownContainer] {max-width: none;}"
    "[data-testid=stTable] :is(td, td *, th, th *) {"
    " word-break: keep-all !important; overflow-wrap: break-word !important;}"
    "[class*=st-key-breaking_] td:nth-child(2) {width: 40%;}"
    "[class*=st-key-breaking_] td:nth-child(2) * {overflow-wrap: anywhere !important;}"
    "@media (max-width: 1000px) {[data-testid=stTable] :is(td, th)"
    " {padding-left: 0.25rem !important; padding-right: 0.25rem !important;}}</style>"
)


def reading_table(
    head: Sequence[str], rows: Iterable[Sequence[str]], *, breaking: str = ""
) -> None:
    """A table whose cells are Markdown; pass data through `as_written`.

    breaking: a name of its own for a table whose second column holds long paths. They may break
    anywhere, so that it needs no sideways scrolling; the words of the other columns stay whole.
    """
    st.html(_WHOLE_CELLS)
    table = pd.DataFrame(list(rows), columns=list(head))
    with st.container(key=f"breaking_{breaking}") if breaking else st.container():
        st.table(table, border="horizontal", hide_index=True)
