"""Saved views on the Log page: open one, keep what is shown, take one away."""

from typing import NamedTuple

import streamlit as st

from inspection.errors import InspectionError, NotFound, ViewExists
from inspection.services.log import saved_views
from inspection.services.log.moving_periods import moving_period, parameters_today
from inspection.services.station import shared_station
from inspection.storage.log_filter import PARAMETERS
from inspection.storage.saved_views import LONGEST_NAME, SavedView
from inspection.ui import session
from inspection.ui.log import filters
from inspection.ui.markdown import as_written
from inspection.ui.session import error_text, t
from inspection.ui.widgets.address import number_in_address, set_address
from inspection.ui.widgets.words import time_text

_SHOWN = (*PARAMETERS, "columns", "sort")


class _Refused(NamedTuple):
    """Why the list could not be kept under a name. is_taken: another list has it."""

    name: str
    sentence: str
    is_taken: bool


def settle_view() -> None:
    """Open the view that an address names alone (`?view=3`); filters beside it win over it."""
    asked = st.query_params.get("view")
    if asked is None:
        st.session_state.pop("opened_view", None)
        return
    if asked == st.session_state.get("opened_view"):
        return
    if any(name in st.query_params for name in _SHOWN):
        st.session_state["opened_view"] = asked
        return
    try:
        _open(saved_views.find_view(shared_station(), number_in_address("view") or 0))
    except NotFound:
        st.query_params.pop("view")
        st.warning(t("view.not_found", id=as_written(asked)), icon=":material/bookmark_remove:")


def view_bar() -> None:
    """The saved views, and what can be done with the list that is shown."""
    views = {view.id: view for view in saved_views.views(shared_station())}
    opened = views.get(number_in_address("view"))
    names = {0: t("view.none"), **{view.id: view.name for view in views.values()}}
    st.session_state["saved_view"] = opened.id if opened else 0
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.selectbox(
            t("view.label"),
            list(names),
            key="saved_view",
            format_func=names.get,
            on_change=_chosen,
            args=(views,),
            width=260,
        )
        named = bool(session.inspector())
        st.button(
            t("view.save"),
            key="save_view",
            icon=":material/bookmark_add:",
            disabled=not named,
            help=None if named else t("view.name_needed"),
            on_click=_ask,
        )
        if opened:
            st.button(
                t("view.delete"),
                key="delete_view",
                icon=":material/delete:",
                disabled=not named,
                on_click=_delete,
                args=(opened,),
            )
    if opened:
        _about(opened)
    _undo_bar()
    if st.session_state.get("saving_view"):
        _save_dialog(opened.name if opened else "")


def _about(view: SavedView) -> None:
    sentence = t("view.about", who=as_written(view.changed_by), time=time_text(view.changed_at))
    is_changed = _shown() != parameters_today(view.parameters, filters.today())
    st.caption(f"{sentence} {t('view.changed')}" if is_changed else sentence)


def _shown() -> dict[str, str]:
    return {name: st.query_params[name] for name in _SHOWN if st.query_params.get(name)}


def _chosen(views: dict[int, SavedView]) -> None:
    number = st.session_state["saved_view"]
    if number:
        _open(views[number])
    else:
        filters.clear_filter()


def _open(view: SavedView) -> None:
    filters.clear_filter()
    parameters = parameters_today(view.parameters, filters.today())
    set_address(view=str(view.id), **{name: parameters.get(name, "") for name in _SHOWN})
    st.session_state["opened_view"] = str(view.id)
    st.session_state.pop("deleted_view", None)


def _ask() -> None:
    st.session_state["saving_view"] = True
    st.session_state.pop("view_refused", None)


def _stop_asking() -> None:
    st.session_state.pop("saving_view", None)


def _save_dialog(name: str) -> None:
    st.dialog(t("view.save"), on_dismiss=_stop_asking)(_save_form)(name)


def _save_form(suggested: str) -> None:
    if not st.session_state.get("saving_view"):
        # A dialog runs by itself: only the whole page can end it.
        st.rerun()
    name = st.text_input(
        t("view.name"),
        value=suggested,
        key="view_name",
        max_chars=LONGEST_NAME,
        placeholder=t("view.name_placeholder"),
    )
    moving = moving_period(_shown(), filters.today())
    st.caption(t("view.moving", period=t(f"filter.{moving}")) if moving else t("view.what_is_kept"))
    refused = st.session_state.get("view_refused")
    # It spoke of the name that was typed then.
    if refused and refused.name != name:
        refused = None
    if refused:
        st.warning(as_written(refused.sentence), icon=":material/warning:")
    is_taken = bool(refused) and refused.is_taken
    with st.container(horizontal=True, gap="small"):
        st.button(
            t("view.overwrite") if is_taken else t("common.save"),
            key="confirm_view",
            icon=":material/save:",
            type="primary",
            on_click=_save,
            kwargs={"overwrite": is_taken},
        )
        st.button(
            t("common.cancel"), key="cancel_view", icon=":material/close:", on_click=_stop_asking
        )


def _save(*, overwrite: bool) -> None:
    name = st.session_state["view_name"]
    try:
        number = saved_views.save_view(
            shared_station(),
            name,
            _shown(),
            filters.today(),
            session.inspector(),
            overwrite=overwrite,
        )
    except InspectionError as error:
        st.session_state["view_refused"] = _Refused(
            name, error_text(error), isinstance(error, ViewExists)
        )
        return
    _stop_asking()
    st.session_state.pop("deleted_view", None)
    st.query_params["view"] = str(number)
    st.session_state["opened_view"] = str(number)
    st.toast(t("view.saved", name=as_written(name)), icon=":material/bookmark_added:")


def _delete(view: SavedView) -> None:
    saved_views.delete_view(shared_station(), view.id, session.inspector())
    st.query_params.pop("view", None)
    st.session_state["deleted_view"] = (view.id, view.name)


def _undo_bar() -> None:
    number, name = st.session_state.get("deleted_view", (None, ""))
    if number is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(
            f":material/delete: {t('view.deleted', name=as_written(name))}", width="content"
        )
        st.button(
            t("common.undo"),
            key="undo_delete_view",
            icon=":material/undo:",
            on_click=_restore,
            args=(number,),
        )
    refused = st.session_state.pop("restore_refused", "")
    if refused:
        st.warning(as_written(refused), icon=":material/warning:")


def _restore(number: int) -> None:
    try:
        view = saved_views.restore_view(shared_station(), number, session.inspector())
    except InspectionError as error:
        st.session_state["restore_refused"] = error_text(error)
        return
    _open(view)
