"""Ignore regions on the Spec page: the versions of each view, and drawing a new one on a photo."""

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from inspection.domain.ignoring.regions import (
    KINDS,
    MOST_REGIONS,
    MOST_VIEW_LETTERS,
    IgnoreRegion,
)
from inspection.domain.inspections import MOST_REASON_LETTERS, UNKNOWN
from inspection.domain.letters import MOST_NAME_LETTERS
from inspection.errors import InspectionError
from inspection.services.ignoring import versions
from inspection.services.station import Station
from inspection.storage import log_detail, log_list
from inspection.storage.ignoring.versions import IgnoreVersion
from inspection.storage.log_filter import LogFilter
from inspection.ui import session
from inspection.ui.markdown import as_written
from inspection.ui.session import count, error_text, language, plain, t
from inspection.ui.widgets import cached
from inspection.ui.widgets.ignored import kind_word
from inspection.ui.widgets.links import page_file, photo_url
from inspection.ui.widgets.viewer import LABELS, OUTLINING_LABELS, Outlining, Shape, viewer
from inspection.ui.widgets.words import time_text, word

VIEWER_HEIGHT_PX = 480
# Of the newest photos of a panel at a station; older ones hardly show it as it stands today.
_PHOTOS = 30
_DONE, _DRAWN = "ignore_done", "ignore_drawn"
_PREFIX = "ignore_save"


def ignore_regions(station: Station) -> None:
    """What is ignored at which station, and the place to draw it."""
    st.caption(t("ignore.intro"))
    if done := st.session_state.pop(_DONE, None):
        st.success(done, icon=":material/check_circle:")
    _saved(station)
    st.subheader(t("ignore.draw_title"))
    _draw(station)


def _saved(station: Station) -> None:
    """Every version, newest first; those that took their place are told at the end."""
    saved = versions.saved(station)
    if not saved:
        st.info(t("ignore.none_saved"), icon=":material/select_all:")
        return
    st.text_input(
        t("spec.who"), value=session.inspector(), key="ignore_who", max_chars=MOST_NAME_LETTERS
    )
    for one in saved:
        if one.is_newest:
            _version(station, one)
    former = [one for one in saved if not one.is_newest]
    if former:
        with st.expander(t("ignore.former", n=count(len(former))), icon=":material/history:"):
            for one in former:
                st.markdown(_named(one))
                st.caption(_saved_by(one))


def _version(station: Station, one: IgnoreVersion) -> None:
    with st.container(border=True):
        words, way = st.columns([3, 1], vertical_alignment="center")
        state = t("ignore.is_on" if one.is_on else "ignore.is_off")
        words.markdown(f"{_named(one)} · **{state}**")
        words.caption(_saved_by(one))
        way.button(
            t("ignore.switch_off" if one.is_on else "ignore.switch_on"),
            key=f"ignore_switch_{one.number}",
            icon=":material/visibility:" if one.is_on else ":material/undo:",
            width="stretch",
            on_click=_switch,
            args=(station, one),
        )


def _named(one: IgnoreVersion) -> str:
    about = one.about
    kinds = ", ".join(kind_word(region.kind) for region in about.regions)
    return t(
        "ignore.version",
        n=one.number,
        station=about.station,
        panel=word("panel", about.panel),
        view=about.view,
        kinds=kinds,
    )


def _saved_by(one: IgnoreVersion) -> str:
    key = "spec.saved_by" if one.reason else "ignore.saved_by"
    return t(key, who=one.who, at=time_text(one.at), reason=one.reason)


def _switch(station: Station, one: IgnoreVersion) -> None:
    who = st.session_state["ignore_who"]
    act = versions.switch_off if one.is_on else versions.switch_on
    key = "ignore.done_off" if one.is_on else "ignore.done_on"
    _do(who, lambda: t(key, n=act(station, one.number, who=who) and one.number))


# --- drawing ---


def _draw(station: Station) -> None:
    known = cached.known_values(cached.data_version())
    stations = [code for code in known.stations if code != UNKNOWN]
    if not stations or not any(code != UNKNOWN for code in known.panels):
        st.info(t("ignore.no_photos"), icon=":material/photo_camera:")
        st.page_link(page_file("inspect"), label=t("home.inspect"), icon=":material/search:")
        return
    # Words that stand, not a function: they are asked for outside the page's run as well.
    panels = {code: str(word("panel", code)) for code in known.panels if code != UNKNOWN}
    where, what, which = st.columns(3)
    chosen = where.selectbox(t("common.station"), stations, key="ignore_station")
    panel = what.selectbox(
        t("common.panel"), list(panels), format_func=panels.get, key="ignore_panel"
    )
    page = log_list.log_page(
        station.engine, LogFilter(station=chosen or "", panel=panel or ""), limit=_PHOTOS
    )
    if page.empty:
        st.info(t("ignore.no_photo_here"), icon=":material/photo_camera:")
        return
    said = {
        int(row.id): " · ".join(
            part for part in (f"#{row.id}", time_text(row.inspected_at), row.body_number) if part
        )
        for row in page.itertuples()
    }
    number = which.selectbox(
        t("ignore.reference"), list(said), format_func=said.get, key="ignore_photo"
    )
    if number is not None:
        _on_photo(station, int(number))


def _on_photo(station: Station, number: int) -> None:
    drawn = _drawn(number)
    viewer(
        "ignore_viewer",
        photo_url(number),
        None,
        [],
        {name: plain(f"viewer.{name}") for name in LABELS},
        language(),
        height_px=VIEWER_HEIGHT_PX,
        ignored=_known_regions(station, number),
        outlining=Outlining(
            base=str(number),
            shapes=drawn["shapes"],
            heard_at=drawn["at_ms"],
            kinds=[(kind, kind_word(kind)) for kind in KINDS],
            most=MOST_REGIONS,
            words={name: plain(f"viewer.{name}") for name in OUTLINING_LABELS},
        ),
        on_outlined=lambda said: _heard(number, said),
    )
    _list(number, drawn["shapes"])
    _save(station, number)


def _drawn(number: int) -> dict[str, Any]:
    """What this tab has drawn on a photo; another photo begins empty."""
    kept = st.session_state.get(_DRAWN)
    if kept is None or kept["number"] != number:
        return {"number": number, "shapes": [], "at_ms": 0}
    return kept


def _heard(number: int, said: Mapping[str, Any]) -> None:
    shapes = [
        {"kind": str(one["kind"]), "points": [float(value) for value in one["points"]]}
        for one in said["shapes"]
    ]
    st.session_state[_DRAWN] = {"number": number, "shapes": shapes, "at_ms": said["at_ms"]}


def _known_regions(station: Station, number: int) -> list[Shape]:
    """The regions that were held against this photo when it was judged."""
    seen = log_detail.inspection_detail(station.engine, number).inspection.ignoring
    if seen is None:
        return []
    return [Shape(one.outline_px, "idle", kind_word(one.kind)) for one in seen.regions]


def _list(number: int, shapes: list[dict[str, Any]]) -> None:
    """Each outline with its kind, and the way to take it out."""
    if not shapes:
        st.caption(t("ignore.none_drawn"))
    kinds = {kind: kind_word(kind) for kind in KINDS}
    for place, shape in enumerate(shapes):
        name, kind, out = st.columns([1, 3, 1], vertical_alignment="bottom")
        name.markdown(t("ignore.region", n=place + 1))
        # Drawn anew, an outline at the same place is another one.
        key = f"ignore_{{}}_{number}_{place}_{_drawn(number)['at_ms']}"
        kind.selectbox(
            t("ignore.kind"),
            KINDS,
            index=KINDS.index(shape["kind"]) if shape["kind"] in KINDS else 0,
            format_func=kinds.get,
            key=key.format("kind"),
            on_change=_rename,
            args=(number, place, key.format("kind")),
        )
        out.button(
            t("ignore.take_out"),
            key=key.format("out"),
            icon=":material/delete:",
            width="stretch",
            on_click=_take_out,
            args=(number, place),
        )


def _rename(number: int, place: int, key: str) -> None:
    drawn = _drawn(number)
    shapes = [dict(one) for one in drawn["shapes"]]
    shapes[place]["kind"] = st.session_state[key]
    st.session_state[_DRAWN] = {**drawn, "shapes": shapes}


def _take_out(number: int, place: int) -> None:
    drawn = _drawn(number)
    shapes = [one for at, one in enumerate(drawn["shapes"]) if at != place]
    st.session_state[_DRAWN] = {**drawn, "shapes": shapes}


def _save(station: Station, number: int) -> None:
    with st.form(_PREFIX, border=True):
        st.markdown(f"**{t('ignore.save_title')}**")
        view = st.text_input(
            t("ignore.view"),
            key=f"{_PREFIX}_view",
            max_chars=MOST_VIEW_LETTERS,
            help=t("ignore.view_help"),
        )
        who = st.text_input(
            t("spec.who"),
            value=session.inspector(),
            key=f"{_PREFIX}_who",
            max_chars=MOST_NAME_LETTERS,
        )
        reason = st.text_input(
            t("spec.reason"), key=f"{_PREFIX}_reason", max_chars=MOST_REASON_LETTERS
        )
        st.caption(t("ignore.save_note"))
        pressed = st.form_submit_button(t("ignore.save"), type="primary", icon=":material/save:")
    if pressed and _do(who, lambda: _kept(station, number, view, who, reason)):
        st.rerun()


def _kept(station: Station, number: int, view: str, who: str, reason: str) -> str:
    detail = log_detail.inspection_detail(station.engine, number)
    regions = [
        IgnoreRegion(one["kind"], tuple(zip(one["points"][::2], one["points"][1::2], strict=True)))
        for one in _drawn(number)["shapes"]
    ]
    version = versions.save(station, detail, view, regions, who=who, reason=reason)
    st.session_state.pop(_DRAWN, None)
    return t("ignore.done_saved", n=version)


def _do(who: str, act: Callable[[], str]) -> bool:
    """Do it and keep its sentence for the next run, or say why not; answers whether it was done."""
    try:
        st.session_state[_DONE] = act()
    except InspectionError as error:
        st.error(as_written(error_text(error)), icon=":material/block:")
        return False
    session.remember_inspector(who)
    return True
