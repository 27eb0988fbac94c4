"""Which part of the log a page shows: the same choice in the widgets and in the address.

The address is the truth, in codes, so that a copied address shows the same list in every language;
the widgets follow it. (Streamlit's own binding writes the words of one language into the address.)
"""

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
    for name in (*PARAMETERS, *_OF_ONE_LIST, "view"):
        st.query_params.pop(name, None)


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
    _write("from", first.isoformat())
    _write("to", last.isoformat())


def _widget(name: str) -> None:
    label, key = t(f"filter.{name}"), f"filter_{name}"
    given = _given(name)
    # Set before each run: going back in the browser changes the address, and the widget follows.
    if name in _DAYS:
        st.session_state[key] = given
        st.date_input(
            label, value=None, key=key, format="YYYY-MM-DD", on_change=_to_address, args=(name,)
        )
        return
    if name in NUMBERS:
        st.session_state[key] = given
        st.number_input(
            label,
            min_value=0.0,
            max_value=NUMBERS[name],
            value=None,
            step=0.05 if name.startswith("score") else 1.0,
            format="%.2f" if name.startswith("score") else "%.1f",
            key=key,
            placeholder=t("common.all"),
            on_change=_to_address,
            args=(name,),
        )
        return
    given = given or ""
    st.session_state[key] = given
    if name == "body":
        st.text_input(
            label,
            key=key,
            max_chars=MOST_LETTERS["body_number"],
            placeholder=t("filter.body_placeholder"),
            on_change=_to_address,
            args=(name,),
        )
        return
    words = {"": t("common.all"), **_choices(name)}
    # A value from an older address stays a choice, so that the list is empty and says why.
    words.setdefault(given, given)
    st.selectbox(
        label,
        list(words),
        key=key,
        format_func=words.get,
        on_change=_to_address,
        args=(name,),
    )


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


def _to_address(name: str) -> None:
    chosen = st.session_state[f"filter_{name}"]
    if isinstance(chosen, float):
        _write(name, f"{chosen:.10g}")
    else:
        _write(name, chosen.isoformat() if isinstance(chosen, date) else (chosen or "").strip())


def _write(name: str, text: str) -> None:
    for other in _OF_ONE_LIST:
        st.query_params.pop(other, None)
    if text:
        st.query_params[name] = text
    else:
        st.query_params.pop(name, None)
