"""Which part of the log a page shows: the same choice in the widgets and in the address.

The address is the truth, in codes, so that a copied address shows the same list in every language;
the widgets follow it. (Streamlit's own binding writes the words of one language into the address.)
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import streamlit as st

from inspection.domain.defects import FAMILY_OF_TYPE
from inspection.domain.inspections import VERDICTS
from inspection.domain.panels import PANEL_CODES
from inspection.services.station import shared_station
from inspection.storage.reading import LogFilter
from inspection.ui import cached
from inspection.ui.session import t
from inspection.ui.verdicts import verdict_text
from inspection.ui.words import word

# Address parameter -> field of the filter.
FIELDS = {
    "from": "first_day",
    "to": "last_day",
    "shift": "shift",
    "model": "vehicle_model",
    "panel": "panel",
    "standing": "standing",
    "type": "type",
    "body": "body_number",
    "line": "line",
    "proposal": "verdict",
    "inspector": "inspector",
}
EVERY = tuple(FIELDS)
_DAYS = ("from", "to")
_CODES = {"proposal": VERDICTS, "standing": ("ok", "rework", "undecided")}
_IN_SIGHT = ("from", "to", "shift", "model", "panel", "standing", "type", "body")
# What else in the address belongs to one list and must not outlive it.
_OF_ONE_LIST = ("id", "after", "before")

PERIODS = {"today": 1, "week": 7, "four_weeks": 28}


def address_filter(asked: Sequence[str] = EVERY) -> LogFilter:
    """The filter that the address holds; what cannot be read there counts as not given."""
    given = {FIELDS[name]: _given(name) for name in asked}
    return LogFilter(**{field: value for field, value in given.items() if value})


def log_filter(asked: Sequence[str] = EVERY) -> LogFilter:
    """Show the filter's widgets and answer what they choose. asked: parameters of FIELDS."""
    _periods(asked)
    with st.grid(4, min_column_width=140, gap="small"):
        for name in (name for name in _IN_SIGHT if name in asked):
            _widget(name)
    rest = [name for name in asked if name not in _IN_SIGHT]
    if rest:
        chosen = sum(bool(_given(name)) for name in rest)
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
    """Take every filter out of the address."""
    for name in (*FIELDS, *_OF_ONE_LIST):
        st.query_params.pop(name, None)


def is_filtered(asked: Sequence[str] = EVERY) -> bool:
    """Whether the address narrows the list at all."""
    return any(_given(name) for name in asked)


def _periods(asked: Sequence[str]) -> None:
    with st.container(horizontal=True, gap="small"):
        for period, days in PERIODS.items():
            st.button(
                t(f"filter.{period}"), key=f"period_{period}", on_click=_last_days, args=(days,)
            )
        if is_filtered(asked):
            clear_filter_button()


def _last_days(days: int) -> None:
    today = shared_station().calendar.slot_at(datetime.now(UTC)).day
    _write("from", (today - timedelta(days=days - 1)).isoformat())
    _write("to", today.isoformat())


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
    st.session_state[key] = given
    if name == "body":
        st.text_input(
            label,
            key=key,
            max_chars=40,
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
    if name == "model":
        return {model.code: model.name for model in station.bodies.models}
    if name == "panel":
        return {code: word("panel", code) for code in PANEL_CODES}
    if name in _CODES:
        return {code: verdict_text(code) for code in _CODES[name]}
    known = cached.choices(cached.data_version())
    if name == "type":
        types = known.types or tuple(FAMILY_OF_TYPE)
        return {code: word("defect", code) for code in FAMILY_OF_TYPE if code in types}
    names = sorted({*station.settings.lines, *known.lines}) if name == "line" else known.inspectors
    return {one: one for one in names}


def _given(name: str) -> str | date | None:
    """What the address says about one parameter; None or "" when nothing that can be read."""
    text = st.query_params.get(name, "")
    if name in _DAYS:
        try:
            return date.fromisoformat(text)
        except ValueError:
            return None
    if name in _CODES and text not in _CODES[name]:
        return ""
    return text[:80]


def _to_address(name: str) -> None:
    chosen = st.session_state[f"filter_{name}"]
    _write(name, chosen.isoformat() if isinstance(chosen, date) else (chosen or "").strip())


def _write(name: str, text: str) -> None:
    for other in _OF_ONE_LIST:
        st.query_params.pop(other, None)
    if text:
        st.query_params[name] = text
    else:
        st.query_params.pop(name, None)
