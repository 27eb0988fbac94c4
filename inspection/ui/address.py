"""Choices that stand in the address, in codes, so that a copied link shows the same in every
language. The address is the truth and the widgets follow it.
"""

from collections.abc import Callable, Sequence
from datetime import date

import streamlit as st


def one_of(
    name: str,
    label: str,
    codes: Sequence[str],
    word: Callable[[str], str],
    *,
    default: str,
    help: str | None = None,
) -> str:
    """A row of buttons, one code each; the default stands for an address that says nothing.

    name: the address parameter. word: what stands on the button of a code.
    """
    given = st.query_params.get(name, default)
    chosen = given if given in codes else default
    key = f"address_{name}"
    # Set before each run: going back in the browser changes the address, and the widget follows.
    st.session_state[key] = chosen
    st.segmented_control(
        label,
        codes,
        key=key,
        format_func=word,
        required=True,
        help=help,
        on_change=_write,
        args=(name, default),
    )
    return chosen


def one_day(name: str, label: str, *, default: date, latest: date | None = None) -> date:
    """A date field; what cannot be read in the address counts as the default.

    latest: the last day that may be chosen, not before the default.
    """
    try:
        chosen = date.fromisoformat(st.query_params.get(name, ""))
    except ValueError:
        chosen = default
    if latest is not None:
        chosen = min(chosen, latest)
    key = f"address_{name}"
    st.session_state[key] = chosen
    st.date_input(
        label,
        value=None,
        max_value=latest,
        key=key,
        format="YYYY-MM-DD",
        on_change=_write,
        args=(name, default.isoformat()),
    )
    return chosen


def set_address(**parameters: str) -> None:
    """Write parameters into the address, for a button's callback; "" takes one out."""
    for name, value in parameters.items():
        if value:
            st.query_params[name] = value
        else:
            st.query_params.pop(name, None)


def _write(name: str, default: str) -> None:
    chosen = st.session_state[f"address_{name}"]
    text = chosen.isoformat() if isinstance(chosen, date) else chosen or ""
    set_address(**{name: "" if text == default else text})
