"""Pages as a browser prints them: the whole chart, every row, and none of what only a screen needs.

Streamlit draws tables on a canvas that scrolls, of which paper would show the part in sight. So
each has a plain table beside it that only paper shows.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from html import escape
from typing import Any

import pandas as pd
import streamlit as st

from inspection.domain.numbers import printed
from inspection.ui.session import plain, translate

# A longer table is no reading for paper, and every row travels with the page.
MOST_ROWS = 2000


def paper_table(
    frame: pd.DataFrame, heads: Mapping[str, str], forms: Mapping[str, str] | None = None
) -> None:
    """The table that stands on paper in place of one on a canvas.

    heads: what stands over each column, in their order. forms: how a column is written: "" (text),
    "day", "count", "percent" (a share 0–1), "photo" (an address), "link" (left out: nobody can
    click on paper), or a printf format such as "%.2f".
    """
    forms = forms or {}
    names = [name for name in heads if forms.get(name, "") != "link"]
    body = "".join(
        _row([_cell(value, forms.get(name, "")) for name, value in zip(names, row, strict=True)])
        for row in frame[names].head(MOST_ROWS).itertuples(index=False)
    )
    head = "".join(f"<th>{escape(heads[name])}</th>" for name in names)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    left = len(frame) - MOST_ROWS
    rest = f"<p>{escape(plain('common.more_rows', n=left))}</p>" if left > 0 else ""
    st.html(f'<div class="on-paper">{table}{rest}</div>')


def _row(cells: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _cell(value: Any, form: str) -> str:
    if isinstance(value, list | tuple):
        return escape(", ".join(map(str, value)))
    if pd.isna(value) or value == "":
        return "–"
    if form == "photo":
        return f'<img src="{escape(str(value), quote=True)}" alt="">'
    if form == "day":
        return escape(value.isoformat()[:10] if isinstance(value, date) else str(value))
    return escape(printed(value, form, translate().signs) if form else str(value))
