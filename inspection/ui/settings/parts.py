"""The parts of the Settings page."""

from collections.abc import Sequence
from html import escape

import segno
import streamlit as st

from inspection.domain.acceptance_rules import Spec
from inspection.services.effective_settings import EffectiveSetting
from inspection.services.health import check_installation
from inspection.services.photo.calibration_card import FILE_NAME, calibration_card_pdf
from inspection.services.station import Station
from inspection.storage.log_filter import LogFilter
from inspection.ui.markdown import as_written
from inspection.ui.server import tablet_address
from inspection.ui.session import count, error_text, t, translate
from inspection.ui.widgets import cached
from inspection.ui.widgets.links import page_file
from inspection.ui.widgets.tables import reading_table
from inspection.ui.widgets.words import word

_STANDING = {True: ":material/check_circle:", False: ":material/error:"}


def state(station: Station) -> None:
    """Database and model at a glance; cheap enough for each visit."""
    kind = station.engine.dialect.name
    with st.spinner(t("common.loading")):
        model = station.worker.model
    database = (
        t("settings.database_sqlite")
        if kind == "sqlite"
        else t("settings.database_other", kind=kind)
    )
    logged = cached.count(LogFilter(), cached.data_version())
    standing = t("settings.model_ready" if model.is_ready else "settings.model_refused")
    facts = (
        (":material/database:", "database", database),
        (":material/list_alt:", "inspections", t("settings.inspections_value", n=count(logged))),
        (_STANDING[model.is_ready], "model", f"{model.name or t('common.none')} · {standing}"),
    )
    with st.grid(3, gap="small", row_height="content"):
        for icon, name, value in facts:
            with st.container(border=True, height="stretch"):
                st.caption(t(f"settings.{name}"))
                st.markdown(f"{icon} **{as_written(value)}**")
    if not model.is_ready:
        st.warning(t("settings.model_refused_next"), icon=":material/warning:")
        st.page_link(
            page_file("model"), label=t("settings.to_model"), icon=":material/model_training:"
        )


def check(station: Station) -> None:
    """The thorough check, run when it is asked for."""
    pressed = st.button(
        t("settings.check_now"),
        key="check_now",
        icon=":material/health_and_safety:",
        type="primary",
    )
    if not pressed:
        st.caption(t("settings.check_note"))
        return
    with st.spinner(t("settings.checking")):
        checks = check_installation(station.settings, worker=station.worker)
    failed = sum(not check.passed for check in checks)
    if failed:
        st.error(t("settings.some_failed", n=failed), icon=":material/error:")
    else:
        st.success(t("settings.all_passed", n=len(checks)), icon=":material/check_circle:")
    with st.grid("auto", min_column_width=190, gap="small"):
        for check in checks:
            with st.container(border=True, height="stretch"):
                standing = t("settings.passed" if check.passed else "settings.failed")
                name = as_written(word("settings.check", check.name))
                st.markdown(f"{_STANDING[check.passed]} **{name}** · {standing}")
    # What passed needs no words; `doctor` prints every sentence.
    for check in checks:
        if not check.passed:
            with st.container(border=True):
                st.markdown(f"**{as_written(word('settings.check', check.name))}**")
                st.text(error_text(check.found))


def spec(in_force: Spec) -> None:
    """Which acceptance spec judges, and whether it may be taken seriously."""
    st.markdown(
        t(
            "settings.spec_in_force",
            name=as_written(in_force.name),
            version=as_written(in_force.version),
        )
    )
    if in_force.example:
        st.warning(t("settings.spec_example"), icon=":material/warning:")
    st.page_link(page_file("spec"), label=t("nav.spec"), icon=":material/rule:")


def tablets(station: Station) -> None:
    """The address of this station as a code that a tablet or a phone reads with its camera."""
    address = tablet_address(station.settings.site_url)
    if address is None:
        st.info(t("settings.tablets_none"), icon=":material/lan:")
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        # The white border belongs to the code: without it cameras do not find it on a dark page.
        code = segno.make(address, error="m").svg_data_uri(scale=6, border=4, light="#fff")
        with st.container(key="tablet_code", width="content"):
            st.html(f'<img src="{code}" width="200" height="200" alt="QR: {escape(address)}">')
        with st.container(width="stretch"):
            st.markdown(f"**{t('settings.tablets_scan')}**")
            st.code(address, language=None)
            st.caption(t("settings.tablets_note"))


def calibration_card() -> None:
    """The page to print, made when somebody asks for it."""
    words = translate()
    st.download_button(
        t("card.download"),
        lambda: calibration_card_pdf(words),
        file_name=FILE_NAME,
        mime="application/pdf",
        key="calibration_card",
        icon=":material/straighten:",
        on_click="ignore",
    )
    st.caption(t("card.note"))


def in_force(settings: Sequence[EffectiveSetting]) -> None:
    """Every setting: name, value, who set it, how to change it."""
    reading_table(
        [t(f"settings.{name}") for name in ("setting", "value", "source", "variable")],
        [
            [
                as_written(word("settings.name", setting.name)),
                as_written(setting.value) or t("settings.not_set"),
                t(f"settings.source_word.{setting.source}"),
                as_written(setting.variable),
            ]
            for setting in settings
        ],
        breaking="settings",
    )
