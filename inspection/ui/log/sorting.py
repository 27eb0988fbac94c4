"""Sorting tables of inspections by a tap on a column's title.

Streamlit's own sorting would sort the page in sight alone, and its third tap chooses a cell, which
opens an inspection. So a title is chosen like a cell, and the whole list is sorted here.
"""

from typing import NamedTuple

# Read from the largest and the latest down; words are read from A to Z.
_FALLING_FIRST = ("time", "longest", "score", "count", "area", "day")
# As the list stands by itself: the newest first.
_BY_NUMBER = ("photo", "number")


class Sort(NamedTuple):
    """A column by its name in the address."""

    name: str
    falling: bool


def read_sort(text: str, names: tuple[str, ...]) -> Sort | None:
    """A sort out of an address ("longest", "longest.down"); None for the newest first."""
    name, _, way = text.partition(".")
    return Sort(name, way == "down") if name in names and way in ("", "down") else None


def written(sort: Sort | None) -> str:
    """How a sort stands in an address; "" for the newest first."""
    return "" if sort is None else f"{sort.name}{'.down' if sort.falling else ''}"


def after_tap(sort: Sort | None, name: str) -> Sort | None:
    """What a tap on a title makes of a sort: one way, the other way, and as it was."""
    if name in _BY_NUMBER:
        return None if sort and sort.name == name else Sort(name, falling=False)
    first = Sort(name, name in _FALLING_FIRST)
    if sort is None or sort.name != name:
        return first
    return Sort(name, not first.falling) if sort == first else None
