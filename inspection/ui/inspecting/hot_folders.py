"""How the watched folders stand: what they have taken, what waits, and what is in the way."""

import streamlit as st

from inspection.services.intake.hot_folder import FolderState
from inspection.services.intake.watching import folder_states
from inspection.services.station import shared_station
from inspection.ui.guarded import guarded_part
from inspection.ui.markdown import as_written
from inspection.ui.session import count, error_text, t
from inspection.ui.widgets.words import time_text

_LOOK_EVERY_S = 2.0


def show_hot_folders() -> None:
    """One line a folder; nothing where the settings name none."""
    if shared_station().settings.hot_folders:
        _states()


def show_hot_folder_trouble() -> None:
    """Why a folder takes nothing at the moment, where that is so."""
    if shared_station().settings.hot_folders:
        _troubles()


@st.fragment(run_every=_LOOK_EVERY_S)
@guarded_part
def _states() -> None:
    for state in folder_states(shared_station()):
        st.caption(f":material/folder_eye: {_words(state)}")


@st.fragment(run_every=_LOOK_EVERY_S)
@guarded_part
def _troubles() -> None:
    for state in folder_states(shared_station()):
        if state.trouble:
            st.warning(as_written(error_text(state.trouble)), icon=":material/warning:")


def _words(state: FolderState) -> str:
    counts = state.counts
    parts = [
        t("hot_folder.title", name=as_written(state.name)),
        t(
            "hot_folder.so_far",
            done=count(counts.get("inspected", 0) + counts.get("known", 0)),
            refused=count(counts.get("refused", 0) + counts.get("failed", 0)),
            waiting=count(state.waiting),
        ),
    ]
    if state.last_at:
        parts.append(t("hot_folder.last", time=time_text(state.last_at)))
    return " · ".join(parts)
