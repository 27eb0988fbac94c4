"""Notes of a shift and items it hands over, as the page writes them."""

from inspection.services.station import Station
from inspection.storage.report import shift_notes
from inspection.storage.report.shift_notes import CLOSED, REOPENED, WITHDRAWN, ShiftPlace


def write_note(station: Station, place: ShiftPlace, kind: str, text: str, who: str) -> int:
    """Write a note or a hand-over item; answers its number.

    kind: one of `shift_notes.KINDS`. Raises NoteRefused without a text or a name, for a longer one
    than is kept, or when the shift's report is signed already.
    """
    return shift_notes.write_note(station.engine, place, kind, text, who)


def close(station: Station, place: ShiftPlace, number: int, who: str, reason: str) -> None:
    """Say how an item was settled.

    Raises NoteRefused without a name or a reason or when the report is signed, Conflict when
    somebody closed it meanwhile.
    """
    shift_notes.say(station.engine, place, number, CLOSED, who, reason)


def withdraw(station: Station, place: ShiftPlace, number: int, who: str) -> None:
    """Take a note or an item back; raises as `close` does."""
    shift_notes.say(station.engine, place, number, WITHDRAWN, who)


def reopen(station: Station, place: ShiftPlace, number: int, who: str) -> None:
    """Bring back what was closed or withdrawn; raises as `close` does."""
    shift_notes.say(station.engine, place, number, REOPENED, who)
