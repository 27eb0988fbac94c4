"""The log as a list: one page of it, the ways up and down, and the files to take away."""

from collections.abc import Callable

import pandas as pd
import streamlit as st

from inspection.storage.log_filter import LogFilter
from inspection.storage.log_list import LogOrder
from inspection.ui.log import filters
from inspection.ui.log.columns import (
    EVERY,
    SORTS_BY,
    chosen_columns,
    column_chooser,
    column_title,
    inspections_table,
)
from inspection.ui.log.export import export_chooser, show_export
from inspection.ui.log.sorting import Sort, after_tap, read_sort, written
from inspection.ui.session import count, t
from inspection.ui.widgets import cached
from inspection.ui.widgets.address import number_in_address, set_address
from inspection.ui.widgets.links import large_button

PAGE = 50


def show_list(where: LogFilter) -> None:
    """The chosen inspections, newest first unless a column was chosen to sort them, or the
    sentence that there are none."""
    version = cached.data_version()
    if where.first_day and where.last_day and where.first_day > where.last_day:
        st.warning(t("log.day_order"), icon=":material/date_range:")
        return
    sort = read_sort(st.query_params.get("sort", ""), EVERY)
    with st.skeleton(height=400):
        total = cached.count(where, version)
        if sort is None:
            page = cached.log_page(where, number_in_address("after"), PAGE, version)
        else:
            order = LogOrder(SORTS_BY[sort.name], sort.falling)
            page = cached.sorted_page(where, order, _skipped(total), PAGE, version)
    if page.empty:
        _nothing_fits()
        return
    if sort is None:
        # Nothing is newer than the newest page: only further down is it counted.
        above = number_in_address("after") is not None
        first = cached.newer_than(where, int(page["id"].iloc[0]), version) if above else 0
    else:
        first = _skipped(total)
    with st.container(horizontal=True, vertical_alignment="center", key="log_bar"):
        if sort is None:
            _ways(where, page, first, total, version)
        else:
            _sorted_ways(page, first, total)
        st.space("stretch")
        column_chooser()
        export_chooser(where)
    show_export()
    _table(page, sort)


def show_empty_log() -> None:
    """A log without any inspection: what comes next."""
    st.info(f"**{t('log.empty')}** {t('log.empty_next')}", icon=":material/inbox:")
    large_button("inspect", t("home.inspect"), ":material/center_focus_strong:", primary=True)


def _nothing_fits() -> None:
    st.info(t("log.nothing_matches"), icon=":material/filter_alt:")
    filters.clear_filter_button("clear_filter_of_empty_list")


def _skipped(total: int) -> int:
    """How many stand before the sorted page: whole pages, and never all that there are."""
    return min(number_in_address("skip") or 0, max(total - 1, 0)) // PAGE * PAGE


def _range(first: int, last: int, total: int) -> None:
    st.markdown(
        t("log.range", first=count(first + 1), last=count(last), total=count(total)),
        width="content",
    )


def _go_after(number: int | None) -> None:
    set_address(after="" if number is None else str(number))


def _ways(where: LogFilter, page: pd.DataFrame, first: int, total: int, version: int) -> None:
    """Where one is in the list, and the pages above and below."""
    last = first + len(page)

    def go_up() -> None:
        _go_after(cached.page_above(where, int(page["id"].iloc[0]), PAGE, version))

    _way("newer", "chevron_left", go_up, is_end=first == 0)
    _range(first, last, total)
    _way("older", "chevron_right", _go_after, int(page["id"].iloc[-1]), is_end=last >= total)
    if first:
        _way("newest", "first_page", _go_after, None)


def _sorted_ways(page: pd.DataFrame, first: int, total: int) -> None:
    """The same for a list that a column sorts: its pages are counted from its top."""
    last = first + len(page)
    above = str(first - PAGE) if first > PAGE else ""
    _way("page_before", "chevron_left", set_address, is_end=first == 0, skip=above)
    _range(first, last, total)
    _way("page_after", "chevron_right", set_address, is_end=last >= total, skip=str(last))
    _way("newest_first", "history", set_address, sort="", skip="")


def _way(name: str, icon: str, go: Callable, *to: object, is_end: bool = False, **how: str) -> None:
    """One button of the list; is_end: there is nothing that way."""
    st.button(
        t(f"log.{name}"),
        key=name,
        icon=f":material/{icon}:",
        icon_position="right" if icon == "chevron_right" else "left",
        disabled=is_end,
        on_click=go,
        args=to,
        kwargs=how,
    )


def _table(page: pd.DataFrame, sort: Sort | None) -> None:
    names = chosen_columns()
    hint = t("log.row_hint")
    if sort:
        way = "log.sorted_down" if sort.falling else "log.sorted_up"
        hint = f"{t(way, column=column_title(sort.name))} {hint}"
    st.caption(f":material/touch_app: {hint}")
    tapped = inspections_table(page, names, f"log_table_{page['id'].iloc[0]}", sort, height=640)
    if tapped.title:
        set_address(sort=written(after_tap(sort, tapped.title)), after="", skip="")
        st.rerun()
    if tapped.number is not None:
        st.query_params["id"] = str(tapped.number)
        st.rerun()
