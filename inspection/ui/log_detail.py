"""One inspection of the log: the photo with its defects, and everything that happened to it."""

import streamlit as st

from inspection.errors import NotFound
from inspection.services.history import HistoryLine, history
from inspection.services.station import shared_station
from inspection.storage import reading
from inspection.storage.reading import InspectionDetail, LogFilter
from inspection.ui import cached
from inspection.ui.inspection_view import show_inspection
from inspection.ui.session import t
from inspection.ui.tables import as_written, reading_table
from inspection.ui.verdicts import verdict_label
from inspection.ui.words import time_text, word

# Sound on either side of what a database number can be; the rest is a mistyped address.
_LARGEST_ID = 2**53

_ICONS = {
    "proposed": ":material/smart_toy:",
    "rejudged": ":material/tune:",
    "earlier": ":material/history:",
    "reinspected": ":material/replay:",
    "decided": ":material/how_to_reg:",
    "corrected": ":material/edit:",
    "withdrawn": ":material/undo:",
}


def opened() -> int | None:
    """The inspection that the address names; None for a list, 0 for what is no number."""
    text = st.query_params.get("id")
    if text is None:
        return None
    is_number = text.isascii() and text.isdigit() and int(text[:20]) < _LARGEST_ID
    return int(text) if is_number else 0


def show_detail(number: int, where: LogFilter) -> None:
    """The inspection with its history, and the ways to its neighbours in the chosen list."""
    _ways(number, where)
    try:
        detail = reading.inspection_detail(shared_station().engine, number)
    except NotFound:
        st.warning(
            t("log.not_found", id=as_written(st.query_params.get("id", ""))),
            icon=":material/search_off:",
        )
        return
    show_inspection(detail.id, compact=True)
    _history(detail)
    _audit(detail)


def _ways(number: int, where: LogFilter) -> None:
    beside = cached.neighbours(where, number, cached.data_version())
    with st.grid(3, min_column_width=130, gap="small"):
        st.button(
            t("log.back"),
            key="back",
            icon=":material/arrow_back:",
            width="stretch",
            on_click=_open,
        )
        st.button(
            t("log.previous"),
            key="previous",
            icon=":material/chevron_left:",
            width="stretch",
            disabled=beside.newer is None,
            on_click=_open,
            args=(beside.newer,),
        )
        st.button(
            t("log.next"),
            key="next",
            icon=":material/chevron_right:",
            icon_position="right",
            width="stretch",
            disabled=beside.older is None,
            on_click=_open,
            args=(beside.older,),
        )


def _open(number: int | None = None) -> None:
    """Write an inspection into the address; None = back to the list."""
    if number is None:
        st.query_params.pop("id", None)
    else:
        st.query_params["id"] = str(number)


def _history(detail: InspectionDetail) -> None:
    st.subheader(t("log.history"))
    lines = history(detail)
    reading_table(
        [t("common.time"), t("log.history_what"), t("log.history_who"), t("common.reason")],
        [
            (
                time_text(line.at),
                f"{_ICONS[line.kind]} {_what(line)}",
                as_written(line.who) or "–",
                as_written(line.reason) or "–",
            )
            for line in lines
        ],
    )
    others = sorted({line.inspection_id for line in lines} - {detail.id})
    with st.container(horizontal=True):
        for other in others:
            st.button(
                t("log.open_other", id=other),
                key=f"open_other_{other}",
                icon=":material/open_in_new:",
                on_click=_open,
                args=(other,),
            )


def _what(line: HistoryLine) -> str:
    if line.kind in ("decided", "corrected", "withdrawn"):
        said = word("disposition", line.code)
        return t(f"log.history_{line.kind}", disposition=f"**{said}**")
    return t(
        f"log.history_{line.kind}", id=line.inspection_id, verdict=f"**{verdict_label(line.code)}**"
    )


def _audit(detail: InspectionDetail) -> None:
    with st.expander(t("log.audit"), icon=":material/verified_user:"):
        st.caption(t("log.audit_caption"))
        reading_table(
            [
                t("log.number"),
                t("common.time"),
                t("log.audit_kind"),
                t("log.history_who"),
                t("log.audit_hash"),
            ],
            [
                (
                    str(event.id),
                    time_text(event.at),
                    word("audit_event", event.kind),
                    as_written(event.who) or "–",
                    f"`{event.details.get('record_sha256', '')[:16] or '–'}`",
                )
                for event in detail.events
            ],
        )
