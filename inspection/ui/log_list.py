"""The log as a list: one page of it, the ways up and down, and the files to take away."""

import pandas as pd
import streamlit as st

from inspection.storage.reading import LogFilter
from inspection.ui import cached, filters
from inspection.ui.links import large_button, tall_buttons
from inspection.ui.log_columns import chosen_columns, column_chooser, column_looks, table_of
from inspection.ui.log_export import export_chooser, show_export
from inspection.ui.session import t

PAGE = 50


def show_list(where: LogFilter) -> None:
    """The chosen inspections, newest first, or the sentence that there are none."""
    version = cached.data_version()
    if where.first_day and where.last_day and where.first_day > where.last_day:
        st.warning(t("log.day_order"), icon=":material/date_range:")
        return
    with st.skeleton(height=400):
        total = cached.count(where, version)
        page = cached.log_page(where, _after(), PAGE, version)
    if page.empty:
        _nothing_fits()
        return
    # Nothing is newer than the newest page: only further down is it counted.
    above = _after() is not None
    first = cached.newer_than(where, int(page["id"].iloc[0]), version) if above else 0
    _bar(where, page, first, total, version)
    show_export()
    _table(page)


def show_empty_log() -> None:
    """A log without any inspection: what comes next."""
    st.info(f"**{t('log.empty')}** {t('log.empty_next')}", icon=":material/inbox:")
    tall_buttons()
    large_button("inspect", t("home.inspect"), ":material/center_focus_strong:", primary=True)


def _nothing_fits() -> None:
    st.info(t("log.nothing_matches"), icon=":material/filter_alt:")
    filters.clear_filter_button("clear_filter_of_empty_list")


def _after() -> int | None:
    """The id below which the shown page begins; None on the newest page."""
    text = st.query_params.get("after", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def _go_after(number: int | None) -> None:
    if number is None:
        st.query_params.pop("after", None)
    else:
        st.query_params["after"] = str(number)


def _bar(where: LogFilter, page: pd.DataFrame, first: int, total: int, version: int) -> None:
    """Where one is in the list, the pages above and below, columns and files."""
    last = first + len(page)
    with st.container(horizontal=True, vertical_alignment="center", key="log_bar"):
        st.button(
            t("log.newer"),
            key="newer",
            icon=":material/chevron_left:",
            disabled=first == 0,
            on_click=lambda: _go_after(
                cached.page_above(where, int(page["id"].iloc[0]), PAGE, version)
            ),
        )
        st.markdown(
            t("log.range", first=f"{first + 1:,}", last=f"{last:,}", total=f"{total:,}"),
            width="content",
        )
        st.button(
            t("log.older"),
            key="older",
            icon=":material/chevron_right:",
            icon_position="right",
            disabled=last >= total,
            on_click=_go_after,
            args=(int(page["id"].iloc[-1]),),
        )
        if first:
            st.button(
                t("log.newest"),
                key="newest",
                icon=":material/first_page:",
                on_click=_go_after,
                args=(None,),
            )
        st.space("stretch")
        column_chooser()
        export_chooser(where)


def _table(page: pd.DataFrame) -> None:
    names = chosen_columns()
    st.caption(f":material/touch_app: {t('log.row_hint')}")
    event = st.dataframe(
        table_of(page, names),
        key=f"log_table_{page['id'].iloc[0]}_{'_'.join(names)}",
        hide_index=True,
        height=640,
        row_height=60,
        on_select="rerun",
        # A cell, not a row: the whole row can be tapped, not only the small box at its start.
        selection_mode="single-cell",
        placeholder="–",
        column_config=column_looks(names),
    )
    if event.selection.cells:
        row, _ = event.selection.cells[0]
        st.query_params["id"] = str(page["id"].iloc[row])
        st.rerun()
