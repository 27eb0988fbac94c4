"""The log as a list: one page of it, the ways up and down, and the files to take away."""

from collections.abc import Callable
from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from inspection.services import exporting
from inspection.services.station import shared_station
from inspection.storage import reading
from inspection.storage.reading import LogFilter
from inspection.ui import cached, filters
from inspection.ui.links import large_button, tall_buttons, thumbnail_url
from inspection.ui.session import t
from inspection.ui.verdicts import COLOURS, verdict_text
from inspection.ui.words import model_name, plant_time, word

PAGE = 50
STANDINGS = ("ok", "undecided", "rework")


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
    first = cached.newer_than(where, int(page["id"].iloc[0]), version)
    _bar(where, page, first, total, version)
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
    """Where one is in the list, the pages above and below, and the two files."""
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
        _download("inspections", lambda: inspections_file(where))
        _download("defects", lambda: defects_file(where))


def inspections_file(where: LogFilter) -> bytes:
    """The chosen inspections as CSV, as `exporting.inspections_csv` writes it."""
    frame = reading.inspections_frame(shared_station().engine, where)
    return b"".join(exporting.inspections_csv(frame))


def defects_file(where: LogFilter) -> bytes:
    """The defects of the chosen inspections as CSV."""
    frame = reading.defects_frame(shared_station().engine, where)
    return b"".join(exporting.defects_csv(frame))


def _download(what: str, make: Callable[[], bytes]) -> None:
    day = plant_time(datetime.now(UTC)).date().isoformat()
    st.download_button(
        t(f"log.download_{what}"),
        # A function: the file is made when it is asked for, not at each run.
        data=make,
        file_name=t(f"log.{what}_file", day=day),
        mime="text/csv",
        key=f"download_{what}",
        icon=":material/download:",
        on_click="ignore",
        help=t("log.download_help"),
    )


def _table(page: pd.DataFrame) -> None:
    shown = pd.DataFrame(
        {
            "photo": page["photo_sha256"].map(thumbnail_url),
            "standing": [[verdict_text(code)] for code in page["standing"]],
            "time": page["inspected_at"].map(plant_time).map("{:%Y-%m-%d %H:%M}".format),
            "model": page["vehicle_model"].map(model_name),
            "body": page["body_number"],
            "panel": [word("panel", code) for code in page["panel"]],
            "types": page["types"].map(_type_words),
            "longest": page["longest_mm"],
            "proposal": page["verdict"].map(verdict_text),
            "disposition": [
                word("disposition", code) if code else None for code in page["disposition"]
            ],
            "shift": [word("shift", code) for code in page["shift"]],
            "line": page["line"],
            "inspector": page["inspector"],
            "number": page["id"],
        }
    )
    columns = st.column_config
    texts = {
        "time": t("common.time"),
        "model": t("common.vehicle_model"),
        "body": t("common.body_number"),
        "panel": t("common.panel"),
        "types": t("common.defects"),
        "proposal": t("log.proposal"),
        "disposition": t("log.disposition"),
        "shift": t("common.shift"),
        "line": t("common.line"),
        "inspector": t("common.inspector"),
    }
    st.caption(f":material/touch_app: {t('log.row_hint')}")
    event = st.dataframe(
        shown,
        key=f"log_table_{page['id'].iloc[0]}",
        hide_index=True,
        height=640,
        row_height=60,
        on_select="rerun",
        # A cell, not a row: the whole row can be tapped, not only the small box at its start.
        selection_mode="single-cell",
        placeholder="–",
        column_config={
            "photo": columns.ImageColumn(t("common.photo"), width=80),
            "standing": columns.MultiselectColumn(
                t("log.standing"),
                options=[verdict_text(code) for code in STANDINGS],
                color=[COLOURS[code] for code in STANDINGS],
            ),
            "longest": columns.NumberColumn(t("log.longest_mm"), format="%.1f"),
            "number": columns.NumberColumn(t("log.number"), format="%d"),
            **{name: columns.TextColumn(text) for name, text in texts.items()},
        },
    )
    if event.selection.cells:
        row, _ = event.selection.cells[0]
        st.query_params["id"] = str(page["id"].iloc[row])
        st.rerun()


def _type_words(types: str) -> str | None:
    """Codes joined by ", " as words; None for a photo without a defect."""
    return ", ".join(word("defect", code) for code in types.split(", ")) if types else None
