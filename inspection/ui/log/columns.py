"""The columns of the Log page: which ones a person wants to see, in which order."""

from collections.abc import Callable
from typing import NamedTuple

import pandas as pd
import streamlit as st

from inspection.domain.counting_words import LEFT_OUT
from inspection.domain.numbers import rounded
from inspection.ui.log.sorting import Sort, written
from inspection.ui.session import plain, t
from inspection.ui.widgets.address import set_address
from inspection.ui.widgets.links import thumbnail_url
from inspection.ui.widgets.sheet import sheet
from inspection.ui.widgets.verdicts import CHIP_COLOURS, verdict_text
from inspection.ui.widgets.words import model_name, time_text, word

STANDINGS = ("ok", "undecided", "rework")
# What no figure holds: struck from them, still in the list.
_STRUCK, _GREY = "⊘", "#5F6368"


def _words(table: str, name: str) -> Callable[[pd.DataFrame], list]:
    return lambda page: [word(table, code) if code else None for code in page[name]]


def _to_places(values: pd.Series, places: int) -> pd.Series:
    # Rounded here: a browser rounds a half in its own way, and the banner says another number.
    return values.map(lambda value: rounded(value, places), na_action="ignore")


# Name in the address -> what stands in the column, from a page of `log_list.log_page`.
_CONTENT: dict[str, Callable[[pd.DataFrame], object]] = {
    "photo": lambda page: page["photo_sha256"].map(thumbnail_url),
    "standing": lambda page: [
        [f"{_STRUCK} {plain(f'left_out.{why}')}" if why else verdict_text(code)]
        for code, why in zip(page["standing"], page["left_out"], strict=True)
    ],
    "time": lambda page: page["inspected_at"].map(time_text),
    "model": lambda page: page["vehicle_model"].map(model_name),
    "body": lambda page: page["body_number"],
    "panel": lambda page: [word("panel", code) for code in page["panel"]],
    "types": lambda page: page["types"].map(_type_words),
    "longest": lambda page: _to_places(page["longest_mm"], 1),
    "proposal": lambda page: page["verdict"].map(verdict_text),
    "disposition": _words("disposition", "disposition"),
    "shift": _words("shift", "shift"),
    "line": lambda page: page["line"],
    "inspector": lambda page: page["inspector"],
    "number": lambda page: page["id"],
    "colour": _words("colour", "colour"),
    "station": lambda page: page["station"],
    "score": lambda page: _to_places(page["score"], 2),
    "count": lambda page: page["defects"],
    "area": lambda page: _to_places(page["defect_area_mm2"], 2),
    "day": lambda page: page["day"].map(str),
    "file": lambda page: page["photo_name"],
}
# Name in the address -> the column of `log_list.log_page` that sorts by it. A photo says nothing
# that could be sorted: its column goes by number as the list itself does.
SORTS_BY = {
    "photo": "id",
    "standing": "standing",
    "time": "inspected_at",
    "model": "vehicle_model",
    "body": "body_number",
    "panel": "panel",
    "types": "types",
    "longest": "longest_mm",
    "proposal": "verdict",
    "disposition": "disposition",
    "shift": "shift",
    "line": "line",
    "inspector": "inspector",
    "number": "id",
    "colour": "colour",
    "station": "station",
    "score": "score",
    "count": "defects",
    "area": "defect_area_mm2",
    "day": "day",
    "file": "photo_name",
}
EVERY = tuple(_CONTENT)
USUAL = EVERY[: EVERY.index("colour")]

_TITLES = {
    "photo": "common.photo",
    "standing": "log.standing",
    "time": "common.time",
    "model": "common.vehicle_model",
    "body": "common.body_number",
    "panel": "common.panel",
    "types": "common.defects",
    "longest": "log.longest_mm",
    "proposal": "log.proposal",
    "disposition": "log.disposition",
    "shift": "common.shift",
    "line": "common.line",
    "inspector": "common.inspector",
    "number": "log.number",
    "colour": "common.colour",
    "station": "common.station",
    "score": "common.score",
    "count": "log.defect_count",
    "area": "log.defect_area_mm2",
    "day": "common.day",
    "file": "log.photo_name",
}
_NUMBERS = {"longest": "%.1f", "number": "%d", "score": "%.2f", "count": "%d", "area": "%.2f"}


def chosen_columns() -> tuple[str, ...]:
    """The columns that the address names, in its order; the usual ones where it names none."""
    asked = st.query_params.get("columns", "").split(",")
    known = tuple(dict.fromkeys(name for name in asked if name in _CONTENT))
    return known or USUAL


def column_chooser() -> None:
    """A button that opens the choice of columns."""
    key = "log_columns"
    # Set before each run: going back in the browser changes the address, and the widget follows.
    st.session_state[key] = list(chosen_columns())
    titles = {name: t(_TITLES[name]) for name in EVERY}
    with st.popover(t("log.columns"), icon=":material/view_column:"):
        st.multiselect(
            t("log.columns_label"),
            list(titles),
            key=key,
            format_func=titles.get,
            placeholder=t("log.columns_usual"),
            help=t("log.columns_help"),
            on_change=_to_address,
        )
        st.button(
            t("log.columns_usual"),
            key="usual_columns",
            icon=":material/restart_alt:",
            disabled=chosen_columns() == USUAL,
            on_click=set_address,
            kwargs={"columns": ""},
        )


def _to_address() -> None:
    chosen = tuple(st.session_state["log_columns"])
    set_address(columns="" if chosen == USUAL else ",".join(chosen))


def table_of(page: pd.DataFrame, names: tuple[str, ...]) -> pd.DataFrame:
    """The chosen columns of a page of the log, in words of this tab's language."""
    return pd.DataFrame({name: _CONTENT[name](page) for name in names})


class Tapped(NamedTuple):
    """What was tapped in a table: the number of an inspection, or a column's title."""

    number: int | None
    title: str


def inspections_table(
    page: pd.DataFrame, names: tuple[str, ...], key: str, sort: Sort | None, *, height: int
) -> Tapped:
    """Some inspections with their thumbnails. An arrow marks the column they are sorted by."""
    table = table_of(page, names)
    titles = {name: column_title(name) for name in names}
    chosen = sheet(
        table,
        titles,
        {"photo": "photo", **_NUMBERS},
        looks=column_looks(names, sort),
        # A list sorted anew is a table of its own: nothing of it is chosen yet.
        key=f"{key}_{'_'.join(names)}_{written(sort)}",
        height=height,
        row_height=60,
        on_select="rerun",
        # A cell, not a row: the whole row can be tapped, not only the small box at its start.
        selection_mode=["single-cell", "single-column"],
    ).selection
    if chosen.columns:
        # First: on its way to a title the browser may choose the cell at the upper left as well.
        return Tapped(None, chosen.columns[0])
    if chosen.cells:
        row, _ = chosen.cells[0]
        return Tapped(int(page["id"].iloc[row]), "")
    return Tapped(None, "")


def column_title(name: str) -> str:
    """What stands over a column."""
    return plain(_TITLES[name])


def column_looks(names: tuple[str, ...], sort: Sort | None = None) -> dict:
    """How `st.dataframe` shows the columns of `table_of`; an arrow marks the one sorted by."""
    return {name: _look(name, sort) for name in names}


def _look(name: str, sort: Sort | None):
    columns, title = st.column_config, column_title(name)
    if sort and sort.name == name:
        title = f"{title} {'↓' if sort.falling else '↑'}"
    if name == "photo":
        return columns.ImageColumn(title, width=80)
    if name == "standing":
        return columns.MultiselectColumn(
            title,
            options=[
                *(verdict_text(code) for code in STANDINGS),
                *(f"{_STRUCK} {plain(f'left_out.{why}')}" for why in LEFT_OUT),
            ],
            color=[*(CHIP_COLOURS[code] for code in STANDINGS), *[_GREY] * len(LEFT_OUT)],
        )
    if name in _NUMBERS:
        return columns.NumberColumn(title, format=_NUMBERS[name])
    return columns.TextColumn(title)


def _type_words(types: str) -> str | None:
    """Codes joined by ", " as words; None for a photo without a defect."""
    return ", ".join(word("defect", code) for code in types.split(", ")) if types else None
