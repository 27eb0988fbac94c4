"""The case about a repeat position: who looks after it, where it stands, and when it is over.

A case is what people and the log said about it, one event after the other; nothing is overwritten.
Where it stands follows from the last event that was not taken back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from inspection.domain.letters import MOST_NAME_LETTERS, refuse_unreadable
from inspection.errors import Conflict, NoteRefused

MOST_LETTERS = {"owner": MOST_NAME_LETTERS, "note": 500, "who": MOST_NAME_LETTERS}
CASE_STATES = ("open", "cause_found", "closed", "withdrawn")

# Without a hit on so many inspected bodies a case is over, and with hits on so many of the window
# after that it is open again. One hit alone is expected by chance sooner or later. [project
# convention]
CLOSES_AFTER_BODIES = 100
REOPENS_FROM_HITS = 2


@dataclass(frozen=True, slots=True)
class CaseEvent:
    """One word about a case. state, owner: as they are from now on. who: "" = the log itself.

    kind: "said" by a person, "came_back" or "stayed_away" found in the log, "undone". undoes: the
    event that this one takes back, else None; its own state and owner then say nothing. Raises
    NoteRefused for a text longer than `MOST_LETTERS`, or one that is not readable.
    """

    id: int
    kind: str
    state: str
    owner: str
    note: str
    who: str
    at: datetime
    undoes: int | None = None

    def __post_init__(self) -> None:
        if self.kind not in ("said", "came_back", "stayed_away", "undone"):
            raise ValueError(f"an event of a case cannot be {self.kind!r}")
        if self.state not in CASE_STATES:
            raise ValueError(f"a case cannot be {self.state!r}; it is one of {CASE_STATES}")
        if (self.kind == "undone") != (self.undoes is not None):
            raise ValueError("an event that takes another back names it, and no other does")
        if self.at.tzinfo is None:
            raise ValueError(f"{self.at} has no time zone; pass the moment in UTC")
        for name, most in MOST_LETTERS.items():
            refuse_unreadable(name, getattr(self, name), most, NoteRefused)


def standing_events(events: Sequence[CaseEvent]) -> list[CaseEvent]:
    """The events that still hold, in their order: without those taken back."""
    undone = {event.undoes for event in events}
    return [event for event in events if event.undoes is None and event.id not in undone]


def last_word(events: Sequence[CaseEvent]) -> CaseEvent:
    """The event whose state and owner hold now; withdrawn where even the opening was taken back."""
    standing = standing_events(events)
    if standing:
        return standing[-1]
    last = events[-1]
    return CaseEvent(last.id, "said", "withdrawn", last.owner, last.note, last.who, last.at)


def can_be_undone(events: Sequence[CaseEvent]) -> CaseEvent | None:
    """What an undo takes back: the last standing event, if a person said it."""
    standing = standing_events(events)
    return standing[-1] if standing and standing[-1].kind == "said" else None


def refuse_nothing_new(events: Sequence[CaseEvent], state: str, owner: str, note: str) -> None:
    """Raises Conflict when the word says nothing that does not hold already."""
    now = last_word(events)
    if (now.state, now.owner) == (state, owner) and not note.strip():
        raise Conflict("case_unchanged")


def log_word(state: str, *, missed_bodies: int, new_hits: int, closes_after: int) -> str | None:
    """What the log itself says about a case: "stayed_away", "came_back" or None.

    missed_bodies: inspected there since the last hit. new_hits: bodies hit in the window since it
    was closed.
    """
    if state in ("open", "cause_found") and missed_bodies >= closes_after:
        return "stayed_away"
    if state == "closed" and new_hits >= REOPENS_FROM_HITS:
        return "came_back"
    return None
