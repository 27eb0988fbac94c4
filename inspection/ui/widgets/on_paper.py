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
from inspection.ui.session import plain

# A longer table is no reading for paper, and every row travels with the page.
MOST_ROWS = 2000

STYLE = """<style>
/* The twin of a table: on paper alone. */
[data-testid=stElementContainer]:has(> [data-testid=stHtml] .on-paper) { display: none; }
@media print {
  @page { margin: 12mm; }
  [data-testid=stElementContainer]:has(> [data-testid=stHtml] .on-paper) { display: block; }
  :is([data-testid=stSidebar], [data-testid=stHeader], [data-testid=stToolbar],
    [data-testid=stExpandSidebarButton], [data-testid=stElementToolbar], [data-testid=stDataFrame],
    [data-testid=stButton], [data-testid=stDownloadButton], [data-testid=stPopover],
    [data-testid=stFileUploader], [data-testid=stCameraInput], [data-testid=stPageLink],
    [data-testid=stTooltipIcon], [data-testid=stToast], .modebar-container),
  [data-testid=stElementContainer]:has(> :is([data-testid=stDataFrame], [data-testid=stButton],
    [data-testid=stDownloadButton], [data-testid=stPopover], [data-testid=stPageLink])),
  [data-testid=stElementContainer]:has(> [data-testid=stFullScreenFrame] [data-testid=stDataFrame])
    { display: none !important; }
  [data-testid=stMainBlockContainer] { padding: 0 !important; max-width: none !important; }
  /* Dark letters from a dark theme too; what has a colour of its own keeps it. */
  html, body, .stApp { background: #ffffff !important; color-scheme: light !important; }
  .stApp :not(.js-plotly-plot *, svg *, [role=img], [role=img] *)
    { color: #111111 !important; background-color: transparent !important; }
  .js-plotly-plot :is(.xtick, .ytick, .legend, [class*=title]) text { fill: #111111 !important; }
  .js-plotly-plot .main-svg { background: none !important; }
  [role=img] { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  /* A chart keeps its shape and takes the width of the paper; `in_browser.js` tells the shape. */
  :is([data-testid=stPlotlyChart], [data-testid=stPlotlyChart] > div,
    [data-testid=stFullScreenFrame]:has(.js-plotly-plot), .js-plotly-plot, .js-plotly-plot .plotly)
    { width: 100% !important; height: auto !important; }
  .js-plotly-plot .svg-container
    { width: 100% !important; height: auto !important; aspect-ratio: var(--on-paper);
      contain: size; }
  .js-plotly-plot .main-svg { width: 100% !important; height: 100% !important; }
  :is([data-testid=stPlotlyChart], [data-testid=stMetric], [data-testid=stImage], tr, td, td *,
    [data-testid=stColumn], [data-testid=stElementContainer]:has(.js-plotly-plot),
    [data-testid=stLayoutWrapper]:has([data-testid=stImage]):not(:has([data-testid=stTable])))
    { break-inside: avoid; }
  :is(h1, h2, h3) { break-after: avoid; }
  :is([data-testid=stTable], [data-testid=stTable] *, pre, code)
    { overflow: visible !important; white-space: normal; }
  .on-paper table { width: 100%; border-collapse: collapse; font-size: 0.75rem; }
  .on-paper :is(th, td) { border-bottom: 1px solid #999999; padding: 0.15rem 0.3rem;
    text-align: left; vertical-align: top; overflow-wrap: anywhere; }
  .on-paper img { width: 56px; display: block; }
}
</style>"""


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
    return escape(printed(value, form) if form else str(value))
