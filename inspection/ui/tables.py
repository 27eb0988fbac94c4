"""Small tables to read: every cell in full, wrapped, and no markup out of data."""

import re
from collections.abc import Iterable, Sequence

import pandas as pd
import streamlit as st

_MARKUP = re.compile(r"([\\`*_{}\[\]()#+\-.!|~$:<>&^=])")


def as_written(text: object) -> str:
    """A text from data for a Markdown cell: shown letter by letter, never as markup."""
    return _MARKUP.sub(r"\\\1", " ".join(str(text).split()))


# Streamlit keeps the cells of a table narrow even where there is room, and never breaks a word;
# its rule for that is the more specific one.
_WHOLE_CELLS = (
    "<style>[data-testid=stTable] [data-testid=stMarkdownContainer] {max-width: none;}"
    "[class*=st-key-breaking_] td * {overflow-wrap: anywhere !important;}</style>"
)


def reading_table(
    head: Sequence[str], rows: Iterable[Sequence[str]], *, breaking: str = ""
) -> None:
    """A table whose cells are Markdown; pass data through `as_written`.

    breaking: a name of its own for a table whose long paths may break anywhere, so that it needs
    no sideways scrolling.
    """
    st.html(_WHOLE_CELLS)
    table = pd.DataFrame(list(rows), columns=list(head))
    with st.container(key=f"breaking_{breaking}") if breaking else st.container():
        st.table(table, border="horizontal", hide_index=True)
