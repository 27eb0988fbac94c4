"""The parts of the Help page."""

import streamlit as st

from inspection.config import Settings
from inspection.domain.inspections import VERDICTS
from inspection.services.effective_settings import without_secrets
from inspection.services.photo.browsing import SIDECAR
from inspection.ui.markdown import as_written
from inspection.ui.session import t
from inspection.ui.widgets.tables import reading_table
from inspection.ui.widgets.verdicts import verdict_chip

_CHAPTERS = ("start", "verdicts", "keys", "words", "folders", "data", "limits")

_TERMS = (
    "dpu",
    "ftt",
    "unit",
    "u_chart",
    "zone",
    "scale",
    "provable",
    "score",
    "production_day",
)

_FOLDER_SETTING = """INSPECTION_PHOTO_FOLDERS='{"booth1": "/mnt/booth1"}'"""
_SIDECAR_EXAMPLE = """[
  {"file": "IMG_0001.jpg", "vehicle_model": "aria", "panel": "door_fl",
   "colour": "white", "mm_per_px": 0.25}
]"""


def contents() -> None:
    """Links to the chapters."""
    st.markdown(" · ".join(f"[{t(f'help.{name}_title')}](#{name})" for name in _CHAPTERS))


def verdicts() -> None:
    """Each sign beside its meaning."""
    for verdict in VERDICTS:
        # Wide enough for the longest word on a tablet.
        sign, meaning = st.columns([3, 5], vertical_alignment="center")
        with sign:
            verdict_chip(verdict)
        meaning.markdown(t(f"help.verdict_{verdict}"))
    st.caption(t("help.verdict_note"))


def terms() -> None:
    """Terms with their formulas."""
    reading_table(
        [t("help.term"), t("help.definition")],
        [[f"**{t(f'help.{term}')}**", t(f"help.{term}_text")] for term in _TERMS],
    )


def folders() -> None:
    """How to name photo folders, and what may lie beside the photos."""
    st.markdown(t("help.folders"))
    st.code(_FOLDER_SETTING, language=None, wrap_lines=True)
    st.markdown(f"`{SIDECAR}`")
    st.code(_SIDECAR_EXAMPLE, language="json", wrap_lines=True)
    st.markdown(t("help.folders_fields"))


def places(settings: Settings) -> None:
    """Where this installation keeps what."""
    st.markdown(t("help.data"))
    reading_table(
        [t("help.place"), t("help.path")],
        [
            [t("help.data_folder"), as_written(settings.data_dir)],
            [t("help.data_database"), as_written(without_secrets(settings.url))],
            [t("help.data_photos"), as_written(settings.photos_dir)],
        ],
        breaking="places",
    )
    st.caption(t("help.data_backup"))
