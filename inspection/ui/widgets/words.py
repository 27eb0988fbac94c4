"""Words for codes of the log, for a page that shows them."""

from datetime import datetime
from zoneinfo import ZoneInfo

from inspection.domain.inspections import UNKNOWN
from inspection.errors import NotFound
from inspection.services import words
from inspection.services.station import shared_station
from inspection.ui.session import t


def word(table: str, code: str | None) -> str:
    """The word of a code; the code itself where the texts know none, such as a plant's own shift.

    table: part of the texts, "panel" or "shift". Nothing known reads as "unknown".
    """
    if code in ("", None, UNKNOWN):
        return t("common.unknown")
    return words.word(t, table, code)


def model_name(code: str | None) -> str:
    """The vehicle model's own name; its code when the body catalogue has lost it."""
    if code in ("", None, UNKNOWN):
        return t("common.unknown")
    try:
        return shared_station().bodies.model(code).name
    except NotFound:
        return code


def plant_time(moment: datetime) -> datetime:
    """A moment on the plant's clock."""
    return moment.astimezone(ZoneInfo(shared_station().calendar.timezone))


def time_text(moment: datetime) -> str:
    """A moment on the plant's clock, to the minute: "2026-03-02 14:05"."""
    return minute_text(plant_time(moment))


def minute_text(on_the_clock: datetime) -> str:
    """A moment that stands on the plant's clock already."""
    return f"{on_the_clock:%Y-%m-%d %H:%M}"
