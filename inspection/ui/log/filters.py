"""Which part of the log a page shows: the same choice in the widgets and in the address."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

import streamlit as st

from inspection.domain.counting_words import LEFT_OUT
from inspection.domain.defects import FAMILY_OF_TYPE, ZONE_GRADES
from inspection.domain.inspections import DISPOSITIONS, MOST_LETTERS, UNKNOWN, VERDICTS
from inspection.domain.panels import PANEL_CODES
from inspection.errors import FilterRefused
from inspection.services.log.moving_periods import PERIODS, period
from inspection.services.station import shared_station
from inspection.storage.log_filter import NUMBERS, PARAMETERS, LogFilter, read_parameter
from inspection.ui.session import t
from inspection.ui.widgets import cached
from inspection.ui.widgets.address import following, set_address
from inspection.ui.widgets.verdicts import verdict_text
from inspection.ui.widgets.words import model_name, word

EVERY = tuple(PARAMETERS)
_DAYS = ("from", "to")
_VERDICTS = {"proposal": VERDICTS, "standing": ("ok", "rework", "undecided")}
_IN_SIGHT = ("from", "to", "shift", "model", "panel", "standing", "type", "body")
# What else in the address belongs to one list and must not outlive it.
_OF_ONE_LIST = ("id", "after", "skip")


def address_filter(asked: Sequence[str] = EVERY) -> LogFilter:
    """The filter that the address holds; what cannot be read there counts as not given."""
    given = {PARAMETERS[name]: _given(name) for name in asked}
    return LogFilter(**{field: value for field, value in given.items() if value is not None})


def log_filter(asked: Sequence[str] = EVERY) -> LogFilter:
    """Show the filter's widgets and answer what they choose. asked: parameters of PARAMETERS."""
    _periods(asked)
    with st.grid(4, min_column_width=140, gap="small"):
        for name in (name for name in _IN_SIGHT if name in asked):
            _widget(name)
    rest = [name for name in asked if name not in _IN_SIGHT]
    if rest:
        chosen = sum(_given(name) is not None for name in rest)
        label = t("filter.more_chosen", n=chosen) if chosen else t("filter.more")
        with (
            st.expander(label, icon=":material/tune:", expanded=bool(chosen)),
            st.grid(4, min_column_width=140, gap="small"),
        ):
            for name in rest:
                _widget(name)
    return address_filter(asked)


def clear_filter_button(key: str = "clear_filter") -> None:
    """The way back to the whole list."""
    st.button(t("filter.clear"), key=key, icon=":material/filter_alt_off:", on_click=clear_filter)


def clear_filter() -> None:
    """Take every filter out of the address, and the saved view that it came from."""
    set_address(**dict.fromkeys((*PARAMETERS, *_OF_ONE_LIST, "view"), ""))


def is_filtered(asked: Sequence[str] = EVERY) -> bool:
    """Whether the address narrows the list at all."""
    return any(_given(name) is not None for name in asked)


def today() -> date:
    """The production day that runs now."""
    return shared_station().calendar.slot_at(datetime.now(UTC)).day


def _periods(asked: Sequence[str]) -> None:
    with st.container(horizontal=True, gap="small"):
        for name in PERIODS:
            st.button(
                t(f"filter.{name}"), key=f"period_{name}", on_click=_choose_period, args=(name,)
            )
        if is_filtered(asked):
            clear_filter_button()


def _choose_period(name: str) -> None:
    first, last = period(name, today())
    ended = dict.fromkeys(_OF_ONE_LIST, "")
    set_address(**ended, **{"from": first.isoformat(), "to": last.isoformat()})


def _widget(name: str) -> None:
    label, given = t(f"filter.{name}"), _given(name)
    if given is None and name not in _DAYS and name not in NUMBERS:
        given = ""
    asked = following(name, given, key=f"filter_{name}", ends=_OF_ONE_LIST)
    if name in _DAYS:
        st.date_input(label, value=None, format="YYYY-MM-DD", **asked)
        return
    if name in NUMBERS:
        st.number_input(
            label,
            min_value=0.0,
            max_value=NUMBERS[name],
            value=None,
            step=0.05 if name.startswith("score") else 1.0,
            format="%.2f" if name.startswith("score") else "%.1f",
            placeholder=t("common.all"),
            **asked,
        )
        return
    if name == "body":
        st.text_input(
            label,
            max_chars=MOST_LETTERS["body_number"],
            placeholder=t("filter.body_placeholder"),
            **asked,
        )
        return
    words = {"": t("common.all"), **_choices(name)}
    # A value from an older address stays a choice, so that the list is empty and says why.
    words.setdefault(given, given)
    st.selectbox(label, list(words), format_func=words.get, **asked)


def _choices(name: str) -> dict[str, str]:
    """The codes to choose from, each with its word in this tab's language."""
    station = shared_station()
    if name == "shift":
        return {shift.code: word("shift", shift.code) for shift in station.calendar.shifts}
    if name in _VERDICTS:
        return {code: verdict_text(code) for code in _VERDICTS[name]}
    if name == "disposition":
        return {code: word("disposition", code) for code in DISPOSITIONS}
    if name == "left_out":
        return {code: word("left_out", code) for code in LEFT_OUT}
    if name == "zone":
        return {grade: grade for grade in ZONE_GRADES} | {UNKNOWN: t("common.unknown")}
    known = cached.choices(cached.data_version())
    if name == "model":
        plant = {model.code: model.name for model in station.bodies.models}
        # What the log has beside: models that the catalogue lost, and photos without one.
        return plant | {
            code: model_name(code) for code in known.vehicle_models if code not in plant
        }
    if name == "panel":
        unknown = [UNKNOWN] if UNKNOWN in known.panels else []
        return {code: word("panel", code) for code in (*PANEL_CODES, *unknown)}
    if name == "type":
        types = known.types or tuple(FAMILY_OF_TYPE)
        return {code: word("defect", code) for code in FAMILY_OF_TYPE if code in types}
    if name == "colour":
        return {code: word("colour", code) for code in known.colours}
    names = {
        "line": {*station.settings.lines, *known.lines},
        "station": {*station.settings.stations, *known.stations},
        "inspector": {*known.inspectors},
    }[name]
    found = {one: one for one in sorted(names - {UNKNOWN})}
    return found | ({UNKNOWN: t("common.unknown")} if UNKNOWN in names else {})


def _given(name: str) -> str | date | float | None:
    """What the address says about one parameter; None when nothing that can be read."""
    text = st.query_params.get(name, "")[:80]
    try:
        return read_parameter(name, text) if text else None
    except FilterRefused:
        return None
