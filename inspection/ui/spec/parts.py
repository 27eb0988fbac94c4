"""The Spec page around its table: what is in force, what would change, the versions."""

from collections.abc import Callable
from datetime import UTC, datetime

import streamlit as st

from inspection.domain.acceptance_rules import Spec, parse_spec
from inspection.domain.letters import MOST_NAME_LETTERS
from inspection.domain.specs.comparison import compared
from inspection.domain.specs.rows import spec_text
from inspection.errors import InspectionError
from inspection.services.active_spec import is_pinned
from inspection.services.specs import versions
from inspection.services.specs.what_if import WhatIf, what_if
from inspection.services.station import Station, shared_station
from inspection.storage.model_switches import MOST_LETTERS
from inspection.storage.specs.versions import ACTIVATED, SpecVersion
from inspection.ui import session
from inspection.ui.markdown import Markdown, as_written
from inspection.ui.session import count, error_text, language, percent, plain, t
from inspection.ui.spec import table
from inspection.ui.widgets import cached
from inspection.ui.widgets.tables import reading_table
from inspection.ui.widgets.words import time_text, word

_DONE = "spec_done"
_INTENDED = "spec_intended"
_MOST_LINKS = 200


def in_force(station: Station) -> None:
    """Which spec judges now, since when and by whom."""
    spec = station.spec
    name, version = as_written(spec.name), as_written(spec.version)
    st.markdown(t("settings.spec_in_force", name=name, version=version))
    lines = versions.history(station)
    if is_pinned(station.settings):
        st.warning(t("spec.by_settings"), icon=":material/push_pin:")
    elif lines:
        held = lines[0].change
        st.caption(
            t("spec.since", who=held.who, at=time_text(held.at), reason=as_written(held.reason))
        )
    else:
        st.caption(t("spec.by_default"))
    if spec.example:
        st.warning(t("settings.spec_example"), icon=":material/warning:")
    if done := st.session_state.pop(_DONE, None):
        st.success(done, icon=":material/check_circle:")


def editor(station: Station) -> None:
    """The table, what it would change, and the way to save it as a version."""
    base = _base(station)
    # Another spec, another table: edits of one are never laid over the other.
    key = f"spec_{base.sha256[:12]}"
    head = table.head_fields(base, key)
    st.caption(t("spec.rules_note"))
    rows = table.edited_rows(station, base, key)
    try:
        draft = parse_spec(spec_text(head, rows), head.name or "spec")
    except InspectionError as error:
        st.error(as_written(error_text(error)), icon=":material/error:")
        return
    with st.expander(t("spec.changed_lines"), icon=":material/difference:"):
        difference(base, draft)
    asked(draft)
    _save(station, draft)


def difference(before: Spec, after: Spec) -> None:
    """Two specs line by line."""
    lines = compared(before, after)
    if not lines:
        st.caption(t("spec.no_difference"))
        return
    st.code("\n".join(f"{line.mark} {line.text}" for line in lines), language="diff")


def asked(spec: Spec) -> None:
    """What this spec would have proposed, once somebody asks."""
    days, button = st.columns([1, 2], vertical_alignment="bottom")
    span = int(
        days.number_input(t("spec.days"), min_value=1, max_value=3650, value=30, key="spec_days")
    )
    pressed = button.button(t("spec.what_if"), key="spec_what_if", icon=":material/quiz:")
    if pressed:
        with st.spinner(t("spec.judging")):
            _answer(spec, _what_if(spec.text, span, cached.data_version(), _minute()))


@st.cache_data(ttl="10m", max_entries=8, show_spinner=False)
def _what_if(text: str, days: int, version: int, minute: str) -> WhatIf:
    # version and minute are only part of the key: another photo, or a later moment, asks anew.
    return what_if(shared_station(), parse_spec(text, "spec"), days)


def _minute() -> str:
    return time_text(datetime.now(UTC))


def _answer(spec: Spec, answer: WhatIf) -> None:
    name = {"name": as_written(spec.name), "version": as_written(spec.version)}
    if not answer.n:
        st.info(t("spec.nothing_inspected", days=answer.days))
        return
    now, then = (percent(counts["ok"] / answer.n) for counts in (answer.now, answer.then))
    sentence = t(
        "spec.answer",
        **name,
        days=answer.days,
        now=as_written(now),
        then=as_written(then),
        changed=len(answer.changed),
        n=count(answer.n),
    )
    st.markdown(f"**{sentence}**")
    if not answer.changed:
        return
    reading_table(
        [t(f"spec.column.{column}") for column in ("photo", "now", "then")],
        [
            (
                Markdown(f"[{t('spec.photo', id=one.id)}](log?id={one.id}&lang={language()})"),
                as_written(word("verdict", one.now)),
                as_written(word("verdict", one.then)),
            )
            for one in answer.changed[:_MOST_LINKS]
        ],
    )
    if (more := len(answer.changed) - _MOST_LINKS) > 0:
        st.caption(t("spec.more_photos", n=count(more)))


def saved_versions(station: Station) -> None:
    """Every version with what can be done with it, and the history below."""
    saved = versions.saved(station)
    if not saved:
        st.info(t("spec.none_saved"), icon=":material/inventory_2:")
    for one in saved:
        _version(station, one)
    target = versions.roll_back_target(station)
    if target:
        st.button(
            t("spec.roll_back", name=as_written(target.name), version=as_written(target.version)),
            key="spec_roll_back",
            icon=":material/undo:",
            on_click=_intend,
            args=(0,),
        )
    _history(station)
    if _INTENDED in st.session_state:
        _ask(station, st.session_state[_INTENDED])


def _version(station: Station, one: SpecVersion) -> None:
    with st.container(border=True):
        words, way = st.columns([3, 1], vertical_alignment="center")
        is_in_force = station.spec.sha256 == one.sha256
        mark = f" · **{t('spec.holds_now')}**" if is_in_force else ""
        words.markdown(f"**{t('spec.number', n=one.number)}** {as_written(one.name)}{mark}")
        words.caption(t("spec.saved_by", who=one.who, at=time_text(one.at), reason=one.reason))
        if not is_in_force and not is_pinned(station.settings):
            way.button(
                t("spec.put_in_force"),
                key=f"spec_activate_{one.number}",
                icon=":material/gavel:",
                width="stretch",
                on_click=_intend,
                args=(one.number,),
            )
        if st.toggle(t("spec.compare"), key=f"spec_compare_{one.number}"):
            difference(station.spec, versions.read(station, one.number))


def _history(station: Station) -> None:
    st.subheader(t("spec.history"))
    lines = versions.history(station)
    if not lines:
        st.caption(t("spec.history_none"))
        return
    reading_table(
        [t(f"spec.column.{name}") for name in ("from", "until", "spec", "what", "who", "reason")],
        [
            (
                as_written(time_text(line.change.at)),
                as_written(time_text(line.until)) if line.until else t("spec.holds_now"),
                as_written(f"{line.change.spec.name} {line.change.spec.version}"),
                t("spec.activated" if line.change.kind == ACTIVATED else "spec.rolled_back"),
                as_written(line.change.who),
                as_written(line.change.reason),
            )
            for line in lines
        ],
    )


def _base(station: Station) -> Spec:
    """The spec that the table starts from: the one in force, else a saved version."""
    names = {0: plain("spec.base_in_force", name=station.spec.name)}
    for one in versions.saved(station):
        names[one.number] = plain(
            "spec.base_saved", n=one.number, name=one.name, at=time_text(one.at)
        )
    chosen = st.selectbox(
        t("spec.base"), list(names), format_func=lambda number: names[number], key="spec_base"
    )
    return versions.read(station, chosen) if chosen else station.spec


def _save(station: Station, draft: Spec) -> None:
    with st.form("spec_save", border=True):
        st.markdown(f"**{t('spec.save_title')}**")
        who, reason = _who_and_why("spec_save")
        st.caption(t("spec.save_note"))
        pressed = st.form_submit_button(t("spec.save"), type="primary", icon=":material/save:")
    if pressed:
        _do(
            who,
            lambda: t("spec.saved", n=versions.save(station, draft.text, who=who, reason=reason)),
        )


def _intend(number: int) -> None:
    """Open the dialog for this version in the run that follows; 0 = roll back."""
    st.session_state[_INTENDED] = number


def _forget() -> None:
    st.session_state.pop(_INTENDED, None)


def _ask(station: Station, number: int) -> None:
    title = plain("spec.ask_activate", n=number) if number else plain("spec.ask_roll_back")

    @st.dialog(title, icon=":material/gavel:", on_dismiss=_forget)
    def ask() -> None:
        st.markdown(t("spec.ask_text"))
        who, reason = _who_and_why("spec_change")
        if st.button(t("spec.confirm"), key="spec_confirm", type="primary", width="stretch"):
            _do(who, lambda: _changed(station, number, who, reason))

    ask()


def _changed(station: Station, number: int, who: str, reason: str) -> str:
    if number:
        versions.activate(station, number, who=who, reason=reason)
        return t("spec.done_activate", n=number)
    target = versions.roll_back(station, who=who, reason=reason)
    return t("spec.done_roll_back", name=target.name, version=target.version)


def _who_and_why(key: str) -> tuple[str, str]:
    who = st.text_input(
        t("spec.who"), value=session.inspector(), key=f"{key}_who", max_chars=MOST_NAME_LETTERS
    )
    reason = st.text_area(t("spec.reason"), key=f"{key}_reason", max_chars=MOST_LETTERS["reason"])
    return who, reason


def _do(who: str, act: Callable[[], str]) -> None:
    """Do it and draw the page anew with its sentence, or say why not."""
    try:
        sentence = act()
    except InspectionError as error:
        st.error(as_written(error_text(error)), icon=":material/block:")
        return
    _forget()
    session.remember_inspector(who)
    st.session_state[_DONE] = sentence
    st.rerun()
