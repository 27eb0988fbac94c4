"""The model desk of the Model page: which models there are, and the way to change between them."""

from collections.abc import Sequence

import streamlit as st

from inspection.domain.letters import MOST_NAME_LETTERS
from inspection.errors import InspectionError
from inspection.services.active_model import is_pinned
from inspection.services.model import desk as model_desk
from inspection.services.model.desk import DeskModel, Switched, SwitchLine
from inspection.services.model.golden_set import GoldenFigures
from inspection.services.station import Station, shared_station
from inspection.storage.model_switches import MOST_LETTERS
from inspection.ui import session
from inspection.ui.markdown import as_written
from inspection.ui.model.learned import learned
from inspection.ui.session import count, error_text, percent, t
from inspection.ui.widgets.tables import reading_table
from inspection.ui.widgets.words import time_text

# What this tab remembers of a switch: which dialog is open, and what became of the last one.
_INTENDED, _SWITCHED = "switch_intended", "switch_done"

_GOLDEN = ("found", "defects", "alarms", "clean")
_SHORT = ("found", "alarms")

_KINDS = {
    "model_activated": (":material/swap_horiz:", "activated_what"),
    "model_rolled_back": (":material/undo:", "rolled_back_what"),
    "model_refused": (":material/block:", "refused_what"),
}


def desk() -> None:
    """The whole section."""
    station = shared_station()
    st.subheader(t("model_desk.title"))
    st.caption(t("model_desk.note"))
    try:
        models = model_desk.desk_models(station)
        target = model_desk.roll_back_target(station)
        lines = model_desk.switch_history(station)
    except InspectionError as error:
        st.error(as_written(error_text(error)), icon=":material/error:")
        return
    _last_outcome()
    pinned = is_pinned(station.settings)
    if pinned:
        st.warning(
            t("model_desk.pinned", name=as_written(station.settings.model)),
            icon=":material/push_pin:",
        )
    for model in sorted(models, key=lambda one: not one.is_active):
        _model(model, pinned)
    if len(models) == 1:
        st.caption(t("model_desk.only_one"))
    if target:
        st.button(
            t("model_desk.roll_back", name=target.name),
            key="roll_back",
            icon=":material/undo:",
            on_click=_intend,
            args=(target.name, True),
        )
    st.caption(t("model_desk.order"))
    _history(lines)
    if _INTENDED in st.session_state:
        _ask(station, *st.session_state[_INTENDED])


def _intend(name: str, is_back: bool) -> None:
    """Open the dialog for this model in the run that follows."""
    st.session_state[_INTENDED] = (name, is_back)


def _forget() -> None:
    """The dialog was closed, before or while its models were looking: nothing is switched."""
    st.session_state.pop(_INTENDED, None)


def _model(model: DeskModel, pinned: bool) -> None:
    with st.container(border=True):
        # Whole cards where there is no room for a button beside the words.
        words, way = st.columns([3, 1], vertical_alignment="center")
        with words:
            _about(model, pinned)
        # Of the refused ones only the one in use: its folder may have been exchanged on purpose.
        if not pinned and model.is_active == bool(model.refusal):
            way.button(
                t("model_desk.put_in_use"),
                key=f"put_in_use_{model.name}",
                icon=":material/swap_horiz:",
                width="stretch",
                on_click=_intend,
                args=(model.name, False),
            )
        if model.learned:
            learned(model.learned)


def _about(model: DeskModel, pinned: bool) -> None:
    name = f"**{as_written(model.name)}**"
    if model.is_active:
        st.markdown(f":material/radio_button_checked: {name} · {t('model_desk.in_use')}")
        st.caption(_since(model, pinned))
    else:
        st.markdown(f":material/radio_button_unchecked: {name}")
    st.markdown("  \n".join(_facts(model)))
    if model.refusal:
        st.markdown(f":material/error: **{t('model_desk.cannot')}**")
        st.text(error_text(model.refusal))
    elif not model.is_active:
        st.caption(t("model_desk.whole"))


def _since(model: DeskModel, pinned: bool) -> str:
    if model.since:
        return t("model_desk.since", at=time_text(model.since), who=as_written(model.by))
    return t("model_desk.by_settings" if pinned else "model_desk.by_default")


def _facts(model: DeskModel) -> list[str]:
    facts = []
    if model.date:
        facts.append(t("model_desk.made_on", day=as_written(model.date)))
    if model.parameters:
        facts.append(t("model_desk.parameters", n=count(model.parameters)))
    lines = [" · ".join(facts)] if facts else []
    if model.claim is None:
        # What it was held against stands in a table of its own.
        return lines if model.learned else [*lines, t("model_desk.not_measured")]
    found, alarms = model.claim.found, model.claim.false_alarms
    measured = t(
        "model_desk.finds",
        hits=count(found.hits),
        n=count(found.n),
        found=percent(found.value),
        alarms=count(alarms.hits),
        clean=count(alarms.n),
        alarm=percent(alarms.value),
    )
    return [*lines, measured]


def _ask(station: Station, name: str, is_back: bool) -> None:
    """The dialog before a switch: name, reason, and the one button that makes it."""
    title = t(f"model_desk.{'roll_back_title' if is_back else 'put_in_use_title'}", name=name)

    @st.dialog(
        title,
        icon=":material/undo:" if is_back else ":material/swap_horiz:",
        on_dismiss=_forget,
    )
    def ask() -> None:
        text = t(
            f"model_desk.{'roll_back_text' if is_back else 'put_in_use_text'}",
            name=as_written(name),
        )
        st.markdown(text)
        who = st.text_input(
            t("model_desk.who"),
            value=session.inspector(),
            key="switch_who",
            max_chars=MOST_NAME_LETTERS,
        )
        reason = st.text_area(
            t("model_desk.reason"),
            key="switch_reason",
            max_chars=MOST_LETTERS["reason"],
            placeholder=t("model_desk.reason_placeholder"),
        )
        st.caption(t("model_desk.needed"))
        pressed = st.button(
            t("model_desk.confirm_roll_back" if is_back else "model_desk.confirm"),
            key="switch_confirm",
            type="primary",
            icon=":material/check:",
            width="stretch",
        )
        if pressed:
            _switch(station, name, who, reason, is_back=is_back)

    ask()


def _switch(station: Station, name: str, who: str, reason: str, *, is_back: bool) -> None:
    bar = st.progress(0.0, text=t("model_desk.opening"))

    def tell(step: str, done: int, of: int) -> None:
        words = t(f"model_desk.step.{step}", name=as_written(name), done=done, of=of)
        bar.progress(done / of, text=words)

    try:
        if is_back:
            done = model_desk.roll_back(station, who=who, reason=reason)
        else:
            done = model_desk.activate(station, name, who=who, reason=reason, progress=tell)
    except InspectionError as error:
        bar.empty()
        st.error(
            f"{as_written(error_text(error))}  \n**{t('model_desk.refused')}**",
            icon=":material/block:",
        )
        return
    _forget()
    session.remember_inspector(who)
    st.session_state[_SWITCHED] = done
    st.rerun()


def _last_outcome() -> None:
    """What the switch of a moment ago led to, told once."""
    done: Switched | None = st.session_state.pop(_SWITCHED, None)
    if done is None:
        return
    sentence = t("model_desk.done", name=as_written(done.model.name))
    if done.candidate:
        sentence = f"{sentence} {_figures_sentence(done.candidate)}"
    st.success(sentence, icon=":material/check_circle:")
    # The list may be longer than the screen.
    st.toast(sentence, icon=":material/check_circle:")


def _figures_sentence(seen: GoldenFigures) -> str:
    return t(
        "model_desk.done_figures",
        found=seen.found,
        defects=seen.defects,
        alarms=seen.alarms,
        clean=seen.clean,
    )


def _history(lines: Sequence[SwitchLine]) -> None:
    st.markdown(f"**{t('model_desk.history')}**")
    if not lines:
        st.caption(t("model_desk.history_none"))
        return
    head = ("when", "what", "who", "reason", "golden")
    reading_table(
        [t(f"model_desk.{name}") for name in head],
        [
            (
                _period(line),
                _what(line),
                as_written(line.switch.who),
                as_written(line.switch.reason),
                _golden(line.switch.golden),
            )
            for line in lines
        ],
    )


def _period(line: SwitchLine) -> str:
    start = time_text(line.switch.at)
    if line.was_refused:
        return as_written(start)
    if line.until is None:
        return as_written(t("model_desk.holds", start=start))
    return as_written(t("model_desk.held", start=start, end=time_text(line.until)))


def _what(line: SwitchLine) -> str:
    icon, words = _KINDS[line.switch.kind]
    names = {
        "name": as_written(line.switch.model.name),
        "before": as_written(line.switch.before.name),
    }
    return f"{icon} {t(f'model_desk.{words}', **names)}"


def _golden(figures: dict) -> str:
    seen, before = figures.get("candidate"), figures.get("active")
    if seen is None:
        return t("model.not_there")
    told = t("model_desk.golden_cell", **{key: seen[key] for key in _GOLDEN})
    if before:
        told = t(
            "common.bracketed",
            text=told,
            more=t("model_desk.golden_before", **{key: before[key] for key in _SHORT}),
        )
    return as_written(told)
