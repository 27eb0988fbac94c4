"""A table on the page that can be scrolled and sorted, and the same on paper."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from inspection.ui.session import t
from inspection.ui.widgets.on_paper import paper_table


def sheet(
    frame: pd.DataFrame,
    heads: Mapping[str, str],
    forms: Mapping[str, str] | None = None,
    *,
    looks: Mapping[str, Any] | None = None,
    **more,
):
    """Show columns of a table under their heads; what has no value reads "–".

    heads: what stands over each column, in their order. forms: how a column is written, as
    `paper_table` has them. looks: columns of `st.column_config` where the form alone does not
    say enough on the screen. more: for `st.dataframe`, whose answer is the answer.
    """
    forms = forms or {}
    paper_table(frame, heads, forms)
    columns = {name: _column(head, forms.get(name, "")) for name, head in heads.items()}
    return st.dataframe(
        frame[list(heads)],
        column_config=columns | dict(looks or {}),
        hide_index=True,
        placeholder="–",
        **more,
    )


def _column(head: str, form: str) -> Any:
    kinds = st.column_config
    if form == "":
        return kinds.TextColumn(head)
    if form == "day":
        return kinds.DateColumn(head, format="YYYY-MM-DD")
    if form == "link":
        return kinds.LinkColumn(head, display_text=t("chart_frame.open"))
    return kinds.NumberColumn(head, format={"count": "localized"}.get(form, form))
