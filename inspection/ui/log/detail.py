"""One inspection of the log: the photo with its defects, everything that happened to it, and what
belongs beside it."""

import streamlit as st

from inspection.domain.defects import Defect
from inspection.errors import NotFound
from inspection.services.log import same_place as neighbours
from inspection.services.log.history import Basis, HistoryLine, history
from inspection.services.station import shared_station
from inspection.storage import log_detail
from inspection.storage.log_detail import InspectionDetail
from inspection.storage.log_filter import LogFilter
from inspection.ui.inspecting.inspection import show_inspection
from inspection.ui.keys import KEYS
from inspection.ui.log.columns import SORTS_BY, inspections_table
from inspection.ui.log.sorting import after_tap, read_sort, written
from inspection.ui.markdown import Markdown, as_written, bold
from inspection.ui.session import digits, number, t
from inspection.ui.widgets import cached
from inspection.ui.widgets.address import one_of
from inspection.ui.widgets.links import page_url
from inspection.ui.widgets.tables import reading_table
from inspection.ui.widgets.verdicts import verdict_label
from inspection.ui.widgets.words import time_text, word

_ICONS = {
    "proposed": ":material/smart_toy:",
    "rejudged": ":material/tune:",
    "earlier": ":material/history:",
    "reinspected": ":material/replay:",
    "decided": ":material/how_to_reg:",
    "corrected": ":material/edit:",
    "withdrawn": ":material/undo:",
    "redrawn": ":material/draw:",
    "event": ":material/event_note:",
}
# How far around a defect the same place reaches.
WITHIN_CM = ("2", "5", "10", "20")


def show_detail(number: int, where: LogFilter) -> None:
    """The inspection with its history, and the ways to its neighbours in the chosen list."""
    _ways(number, where)
    try:
        detail = log_detail.inspection_detail(shared_station().engine, number)
    except NotFound:
        st.warning(
            t("log.not_found", id=as_written(st.query_params.get("id", ""))),
            icon=":material/search_off:",
        )
        return
    show_inspection(detail.id, compact=True)
    _history(detail)
    _same_body(detail)
    _same_place(detail)


def _ways(number: int, where: LogFilter) -> None:
    beside = cached.neighbours(where, number, cached.data_version())
    with st.grid(4, min_column_width=130, gap="small"):
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
            shortcut=KEYS["previous"],
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
            shortcut=KEYS["next"],
            on_click=_open,
            args=(beside.older,),
        )
        _permalink(number)


def _open(number: int | None = None) -> None:
    """Write an inspection into the address; None = back to the list."""
    if number is None:
        st.query_params.pop("id", None)
    else:
        st.query_params["id"] = str(number)


def _permalink(number: int) -> None:
    with st.popover(t("log.permalink"), icon=":material/link:", width="stretch"):
        st.caption(t("log.permalink_help"))
        # Shown as code: it has a button that copies it.
        st.code(page_url("log", id=number), language=None, wrap_lines=True)


def _history(detail: InspectionDetail) -> None:
    st.subheader(t("log.history"))
    lines = history(detail)
    reading_table(
        [
            t("common.time"),
            t("log.history_what"),
            t("log.history_who"),
            t("common.reason"),
            t("log.audit"),
        ],
        [
            (
                time_text(line.at),
                f"{_ICONS[line.kind]} {_what(line, detail.id)}",
                as_written(line.who) or "–",
                as_written(line.reason) or "–",
                f"{line.event} `{line.record_sha256[:8] or '–'}`" if line.event else "–",
            )
            for line in lines
        ],
    )
    st.caption(f":material/verified_user: {t('log.audit_caption')}")
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


def _what(line: HistoryLine, shown: int) -> str:
    if line.kind == "event":
        return as_written(word("audit_event", line.code))
    if line.kind in ("decided", "corrected", "withdrawn"):
        said = t(f"log.history_{line.kind}", disposition=bold(word("disposition", line.code)))
        if line.inspection_id == shown:
            return said
        return f"{t('inspect.number', number=line.inspection_id)} · {said}"
    if line.kind == "redrawn":
        verdict = bold(Markdown(verdict_label(line.code)))
        return t("log.history_redrawn", id=line.number, verdict=verdict)
    what = t(
        f"log.history_{line.kind}",
        id=line.inspection_id,
        verdict=bold(Markdown(verdict_label(line.code))),
    )
    return f"{what} · {_basis(line.basis)}"


def _basis(basis: Basis) -> str:
    scale = f"{digits(basis.mm_per_px, 'g')} mm/px" if basis.mm_per_px else t("log.basis_no_scale")
    return t(
        "log.basis",
        spec=as_written(basis.spec),
        model=as_written(basis.model),
        threshold=number(basis.region_threshold, 2),
        scale=scale,
    )


# --- what belongs beside it ---


def _same_body(detail: InspectionDetail) -> None:
    st.subheader(t("log.same_body"))
    numbers = cached.same_body(detail.id, cached.data_version())
    if numbers:
        _beside("body", numbers, ("number", "photo", "panel", "standing", "types", "time"))
    elif detail.subject.body_number:
        st.caption(t("log.same_body_none"))
    else:
        st.caption(t("log.same_body_unknown"))


def _same_place(detail: InspectionDetail) -> None:
    st.subheader(t("log.same_place"))
    if not detail.shown.judgement.defects:
        st.caption(t("log.same_place_no_defect"))
        return
    defect, within_cm = _chosen_place(detail)
    numbers = neighbours.same_place(shared_station(), detail, defect, within_cm)
    if numbers is None:
        st.caption(t("log.same_place_unknown"))
    elif not numbers:
        st.caption(t("log.same_place_none", cm=digits(within_cm, "g")))
    else:
        st.caption(t("log.same_place_found", n=len(numbers), cm=digits(within_cm, "g")))
        _beside("place", numbers, ("number", "photo", "body", "standing", "types", "time"))


def _chosen_place(detail: InspectionDetail) -> tuple[Defect, float]:
    words = {
        number: f"{number}. {word('defect', defect.type)}"
        for number, defect in enumerate(detail.shown.judgement.defects, start=1)
    }
    with st.grid(2, min_column_width=280, gap="small"):
        number = st.selectbox(
            t("common.defect"), list(words), key=f"place_{detail.id}", format_func=words.get
        )
        within = one_of(
            "within",
            t("log.within"),
            WITHIN_CM,
            lambda code: f"{code} cm",
            default=WITHIN_CM[1],
        )
    return detail.shown.judgement.defects[number - 1], float(within)


def _beside(name: str, numbers: list[int], columns: tuple[str, ...]) -> None:
    """Some inspections with their thumbnails; a tap opens one, on a title it sorts them."""
    kept = f"sort_{name}"
    sort = read_sort(st.session_state.get(kept, ""), columns)
    page = cached.log_rows(tuple(numbers), cached.data_version())
    if sort:
        by = SORTS_BY[sort.name]
        page = page.sort_values(by, ascending=not sort.falling, kind="stable", ignore_index=True)
    key = f"beside_{name}_{st.query_params.get('id')}"
    tapped = inspections_table(page, columns, key, sort, height=min(420, 37 + 60 * len(page)))
    if tapped.title:
        st.session_state[kept] = written(after_tap(sort, tapped.title))
        st.rerun()
    if tapped.number is not None:
        st.query_params["id"] = str(tapped.number)
        st.rerun()
