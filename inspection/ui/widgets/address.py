"""Choices that stand in the address, in codes, so that a copied link shows the same in every
language. The address is the truth and the widgets follow it. (Streamlit's own binding writes the
words of one language into the address.)
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import streamlit as st

from inspection.ui.markdown import as_written

# More buttons than this are no row that anybody finds one in.
MOST_BUTTONS = 16
# Sound on either side of what a database number can be; the rest is a mistyped address.
_LARGEST_NUMBER = 2**53


def following(
    name: str, value: object, *, key: str = "", unless: str = "", ends: Sequence[str] = ()
) -> dict[str, Any]:
    """What makes a widget follow the address: its key, and that it writes what is chosen there.

    name: the address parameter. value: what the widget shows, from what the address says now.
    unless: the choice that stands for an address that says nothing. ends: parameters that are
    taken out of the address when this one changes.
    """
    key = key or f"address_{name}"
    # Set before each run: going back in the browser changes the address, and the widget follows.
    st.session_state[key] = value
    return {"key": key, "on_change": _write, "args": (name, key, unless, tuple(ends))}


def one_of(
    name: str,
    label: str,
    codes: Sequence[str],
    word: Callable[[str], str],
    *,
    default: str,
    help: str | None = None,
    as_list: bool = False,
    default_moves: bool = False,
) -> str:
    """A row of buttons, one code each; the default stands for an address that says nothing.

    name: the address parameter. word: what stands on the button of a code. as_list: a field that
    opens a list, as it always is for more than `MOST_BUTTONS` codes. default_moves: the default
    is another one tomorrow, so that the choice always stands in the address.
    """
    given = st.query_params.get(name, default)
    chosen = given if given in codes else default
    words = {code: word(code) for code in codes}
    as_list = as_list or len(codes) > MOST_BUTTONS
    if not as_list:
        # Buttons read Markdown; the entries of a list do not.
        words = {code: as_written(text) for code, text in words.items()}
    asked = {
        "format_func": words.get,
        "help": help,
        **following(name, chosen, unless=default),
    }
    if as_list:
        st.selectbox(label, codes, **asked)
    else:
        st.segmented_control(label, codes, required=True, **asked)
    if default_moves:
        _keep(name, chosen)
    return chosen


def is_on(name: str, label: str, *, help: str | None = None) -> bool:
    """A switch that is on where the address says nothing."""
    chosen = st.query_params.get(name) != "off"
    st.toggle(label, help=help, **following(name, chosen, unless="on"))
    return chosen


def whole_number(name: str, label: str, *, default: int, lowest: int, highest: int) -> int:
    """A number field; what the address cannot say, or lies outside, counts as the default."""
    given = st.query_params.get(name, "")
    chosen = int(given) if given.isdecimal() and lowest <= int(given) <= highest else default
    st.number_input(
        label,
        min_value=lowest,
        max_value=highest,
        step=1,
        **following(name, chosen, unless=str(default)),
    )
    return chosen


def one_day(name: str, label: str, *, default: date, latest: date | None = None) -> date:
    """A date field; what cannot be read in the address counts as the default.

    The day always stands in the address: a default moves with time. latest: the last day
    that may be chosen, not before the default.
    """
    try:
        chosen = date.fromisoformat(st.query_params.get(name, ""))
    except ValueError:
        chosen = default
    if latest is not None:
        chosen = min(chosen, latest)
    st.date_input(
        label,
        value=None,
        max_value=latest,
        format="YYYY-MM-DD",
        **following(name, chosen, unless=default.isoformat()),
    )
    _keep(name, chosen.isoformat())
    return chosen


def number_in_address(name: str) -> int | None:
    """A number that a link carries, such as a place in the log; None where it says none."""
    text = st.query_params.get(name, "")
    is_number = text.isascii() and text.isdigit() and int(text[:20]) < _LARGEST_NUMBER
    return int(text) if is_number else None


def asked_inspection() -> int | None:
    """The inspection that the address names (`?id=`); 0 for what is no number, None without."""
    return None if "id" not in st.query_params else number_in_address("id") or 0


def set_address(**parameters: str) -> None:
    """Write parameters into the address, for a button's callback; "" takes one out."""
    for name, value in parameters.items():
        if value:
            st.query_params[name] = value
        else:
            st.query_params.pop(name, None)


def _keep(name: str, text: str) -> None:
    if st.query_params.get(name) != text:
        st.query_params[name] = text


def _write(name: str, key: str, unless: str, ends: Sequence[str]) -> None:
    text = _written(st.session_state[key])
    set_address(**dict.fromkeys(ends, ""), **{name: "" if text == unless else text})


def _written(chosen: Any) -> str:
    """A choice as it stands in the address."""
    if isinstance(chosen, bool):
        return "on" if chosen else "off"
    if isinstance(chosen, date):
        return chosen.isoformat()
    if isinstance(chosen, float):
        return f"{chosen:.10g}"
    return "" if chosen is None else str(chosen).strip()
