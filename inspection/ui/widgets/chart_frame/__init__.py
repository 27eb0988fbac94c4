"""One frame for every chart: its title, the figure, a download menu, and the table behind it.

The frame looks the same on every page. PNG and SVG are drawn by the browser, CSV is the table.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from inspection.charts import look
from inspection.services.exporting import table_csv
from inspection.services.words import Table
from inspection.storage.log_filter import PARAMETERS
from inspection.ui.guarded import guarded_part
from inspection.ui.markdown import as_written
from inspection.ui.session import language, plain, t
from inspection.ui.widgets.chart_frame.components import clicked_point, image_buttons
from inspection.ui.widgets.demo import is_demo_log
from inspection.ui.widgets.links import page_file
from inspection.ui.widgets.sheet import sheet
from inspection.ui.widgets.tables import reading_table

# Tools of plotly by its own English names, which are the keys of its dictionaries.
_TOOLS = {
    "Zoom": "zoom_area",
    "Pan": "pan",
    "Zoom in": "zoom_in",
    "Zoom out": "zoom_out",
    "Reset axes": "reset",
    "Box Select": "box_select",
}
# Two px above plotly's row of tools, the row itself, and air below it.
TOOLS_PX = 36
_NOT_IN_A_FILE_NAME = str.maketrans(dict.fromkeys('\\/:*?"<>|', " "))


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the table behind a chart.

    name: in the frame. head: words with the unit. form: "" (text), "day", "count", "percent"
    (a share 0–1), "link" (an address), or a printf format such as "%.2f".
    """

    name: str
    head: str
    form: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Figures:
    """The figures behind a chart: a frame in words, and its columns in their order."""

    frame: pd.DataFrame
    columns: Sequence[Column]


# What stands behind a chart, one call a table; made only when somebody asks for it. The CSV is
# made outside a page's run, where no session answers: words and language are settled before.
Tables = Sequence[Callable[[], Figures | Table]]


def show(
    name: str,
    title: str,
    figure: go.Figure,
    tables: Tables,
    *,
    help: str | None = None,
    note: str = "",
    missing: str = "",
    photos: Mapping[str, str] | None = None,
    heading: bool = True,
    tools: bool = True,
    choose: Callable[[], object] | None = None,
    of_log: bool = True,
) -> None:
    """Show a figure in the frame that every chart has.

    name: stable and unique on the page; keys are NAME_chart and NAME_table. title: stands above
    the chart, on its pictures, and names its files. note: a sentence on how to read it.
    missing: a sentence for a chart with too little data, that says how much is missing.
    photos: for a chart whose points stand for photos: address parameters of the Log page that
    hold for the whole chart; a click on a point adds its own and shows the way there.
    heading: False where the title already stands there. tools: plotly's own.
    choose: called when points were clicked, or boxed with plotly's tool; what was chosen stands
    in the session under NAME_chart.
    Raises ValueError for a figure of more than `look.MAX_POINTS` points.
    of_log: its figures come from the log, so that a demo line is in them as well.
    """
    look.refuse_crowded(figure)
    if heading:
        st.subheader(as_written(title), help=help)
    if note:
        st.caption(note)
    if missing:
        st.info(missing, icon=":material/hourglass_top:")
    drawn = figure if photos is None else _inviting(figure)
    with st.container(key=f"{name}_frame"):
        st.plotly_chart(
            _clear_of_tools(drawn) if tools else drawn,
            key=f"{name}_chart",
            config=_config(tools, can_choose=choose is not None),
            alt=title,
            on_select=choose or "ignore",
            selection_mode=("points", "box"),
        )
        # A picture or a table that leaves the page says what it shows.
        is_demo = of_log and is_demo_log()
        told = plain("demo.report_title", title=title) if is_demo else title
        _beneath(name, told, figure, tables, photos)


def _clear_of_tools(figure: go.Figure) -> go.Figure:
    """The figure with room above its data for plotly's tools, which lie at its top."""
    room = figure.layout.margin.t
    more = 0 if room is None else max(0, TOOLS_PX - room)
    if not more:
        return figure
    clear = go.Figure(figure)
    clear.update_layout(margin_t=TOOLS_PX)
    if figure.layout.height:
        clear.update_layout(height=figure.layout.height + more)
    return clear


def _inviting(figure: go.Figure) -> go.Figure:
    """The figure, its hover ending with the word that a click leads to the photos."""
    inviting = go.Figure(figure)
    invitation = f"<br>{t('chart_frame.click')}{look.HOVER_END}"
    for trace in inviting.data:
        if trace.meta == look.META_PHOTOS:
            trace.hovertemplate = trace.hovertemplate.replace(look.HOVER_END, invitation)
    return inviting


def _config(tools: bool, *, can_choose: bool) -> dict[str, Any]:
    """Plotly's settings with its tools in the reader's language; it brings English only."""
    code = language()
    words = {english: t(f"chart_frame.{key}") for english, key in _TOOLS.items()}
    without = {*look.CONFIG["modeBarButtonsToRemove"], "toImage"}
    if can_choose:
        without.remove("select2d")
    return {
        **look.CONFIG,
        "displayModeBar": "hover" if tools else False,
        # Pictures are in the download menu, which a finger can open.
        "modeBarButtonsToRemove": sorted(without),
        "locale": code,
        "locales": {code: {"dictionary": words, "format": {}}},
    }


# A fragment: a click, the table or the menu draws this part again, not every chart of the page.
@st.fragment
@guarded_part
def _beneath(
    name: str, title: str, figure: go.Figure, tables: Tables, photos: Mapping[str, str] | None
) -> None:
    if photos is not None:
        _way_to_photos(name, figure, photos)
    with st.container(horizontal=True, vertical_alignment="top", gap="small"):
        behind = st.expander(
            t("chart_frame.table"),
            icon=":material/table:",
            key=f"{name}_table",
            on_change="rerun",
            width="stretch",
        )
        with st.popover(
            t("chart_frame.download"), icon=":material/download:", key=f"{name}_download"
        ):
            _downloads(name, title, figure, tables)
    if behind.open:
        with behind:
            for table in tables:
                _show(table())


def _way_to_photos(name: str, figure: go.Figure, photos: Mapping[str, str]) -> None:
    """That a click leads to photos; after one, the way to those of the point."""
    point = clicked_point(f"{name}_frame", f"{name}_point")
    behind = look.photos_behind(figure, point) if point else None
    if behind is None:
        return
    parameter = {field: address for address, field in PARAMETERS.items()}
    own = {parameter[field]: value for field, value in behind.items()}
    trace = figure.data[point["curve"]]
    st.page_link(
        page_file("log"),
        label=t("chart_frame.open_photos", point=as_written(_words_of(trace, point, behind))),
        icon=":material/photo_library:",
        query_params={**photos, **own},
    )


def _words_of(trace: Any, point: Mapping[str, Any], behind: Mapping[str, str]) -> str:
    """The point in words: its days and its line, or what its bar stands for."""
    first, last = behind.get("first_day"), behind.get("last_day")
    if first is None and trace.hovertext is not None:
        return str(trace.hovertext[point["number"]])
    if first is None:
        return str(trace.x[point["number"]]).replace("<br>", " ")
    days = first if first == last else t("common.range", low=first, high=last)
    return f"{days} · {trace.name}"


def _show(table: Figures | Table) -> None:
    if isinstance(table, Table):
        reading_table(table.head, [[as_written(cell) for cell in row] for row in table.rows])
        return
    heads = {column.name: column.head for column in table.columns}
    sheet(table.frame, heads, {column.name: column.form for column in table.columns}, lazy=True)


def _downloads(name: str, title: str, figure: go.Figure, tables: Tables) -> None:
    filename = " ".join(title.translate(_NOT_IN_A_FILE_NAME).split())
    paper = look.paper_layout(figure, title)
    image_buttons(f"{name}_frame", paper, filename, f"{name}_images")
    for place, table in enumerate(tables, start=1):
        number = f" {place}" if len(tables) > 1 else ""
        st.download_button(
            f"CSV{number}",
            data=lambda table=table: table_csv(as_exported(table())),
            file_name=f"{filename}{number}.csv",
            mime="text/csv",
            key=f"{name}_csv{place}",
            on_click="ignore",
            width="stretch",
        )


def as_exported(table: Figures | Table) -> pd.DataFrame:
    """The table under its heads, without links; shares in percent as their heads say."""
    if isinstance(table, Table):
        return pd.DataFrame(list(table.rows), columns=list(table.head))
    return pd.DataFrame(
        {
            column.head: _exported(table.frame[column.name], column.form)
            for column in table.columns
            if column.form != "link"
        }
    )


def _exported(values: pd.Series, form: str) -> pd.Series:
    # Six digits say all that counts say, without the tail of a binary fraction.
    return (values.astype(float) * 100).round(6) if form == "percent" else values
