"""Notes and hand-over items of the shift leads: append-only, each word with its name.

A note belongs to one shift. A hand-over item stands in the report of every shift from the one that
opened it to the one that closed it. Words are said in a shift too, so that the report of a past
shift stays as it was when a later shift closes an item.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import Connection, Engine, func, insert, select

from inspection.domain.letters import name_of_person, refuse_unreadable
from inspection.domain.shifts import ShiftOfLine
from inspection.errors import Conflict, NoteRefused, NotFound
from inspection.storage.audit import RECORD, append_event, record_digest
from inspection.storage.column_types import AnyRow, NewRow
from inspection.storage.database import looking, next_number, writing
from inspection.storage.report.table import shift_note, shift_note_word, signed_report

NOTE, HAND_OVER = "note", "hand_over"
KINDS = (NOTE, HAND_OVER)
CLOSED, WITHDRAWN, REOPENED = "closed", "withdrawn", "reopened"
WORDS = (CLOSED, WITHDRAWN, REOPENED)
MOST_LETTERS = 500


@dataclass(frozen=True, slots=True)
class ShiftPlace:
    """The shift somebody writes for. starts_at: its first moment."""

    of: ShiftOfLine
    starts_at: datetime

    def __post_init__(self) -> None:
        if self.starts_at.tzinfo is None:
            raise ValueError("starts_at must carry a time zone")


@dataclass(frozen=True, slots=True)
class NoteWord:
    """What somebody said about a note: one of WORDS. day, shift: said in which shift; at: UTC."""

    id: int
    word: str
    reason: str
    who: str
    at: datetime
    day: date
    shift: str


@dataclass(frozen=True, slots=True)
class ShiftNote:
    """One note or item as it stood in a shift. day, shift: written in which shift; at: UTC.

    last: the last word about it until then, None while nobody said one.
    """

    id: int
    kind: str
    text: str
    who: str
    at: datetime
    day: date
    shift: str
    line: str
    last: NoteWord | None = None

    @property
    def is_open(self) -> bool:
        return self.last is None or self.last.word == REOPENED


def write_note(engine: Engine, place: ShiftPlace, kind: str, text: str, who: str) -> int:
    """Append a note or a hand-over item; answers its number.

    Raises NoteRefused without a text or a name, for a longer one than is kept, or when the shift's
    report is signed already.
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {KINDS}, got {kind!r}")
    text = _whole(text)
    if not text:
        raise NoteRefused("note_empty")
    refuse_unreadable("text", text, MOST_LETTERS, NoteRefused)
    who = name_of_person(who, NoteRefused)
    with writing(engine) as connection:
        _refuse_signed(connection, place)
        row: NewRow = {
            "id": next_number(connection, shift_note),
            "kind": kind,
            "day": place.of.day,
            "shift": place.of.shift,
            "line": place.of.line,
            "starts_at": place.starts_at,
            "text": text,
            "who": who,
            "at": datetime.now(UTC),
        }
        connection.execute(insert(shift_note), [row])
        details = {"shift_note": row["id"], "note_kind": kind, RECORD: record_digest(row)}
        append_event(connection, "shift_note", who, details)
    return row["id"]


def say(
    engine: Engine, place: ShiftPlace, note_id: int, word: str, who: str, reason: str = ""
) -> int:
    """Close, withdraw or reopen a note; answers the number of the word.

    Raises NoteRefused without a name, when an item is closed without a reason, for a longer text
    than is kept, or when the shift's report is signed; NotFound when the note does not exist;
    Conflict when it stands otherwise than the word assumes.
    """
    if word not in WORDS:
        raise ValueError(f"word must be one of {WORDS}, got {word!r}")
    reason = " ".join(reason.split())
    refuse_unreadable("reason", reason, MOST_LETTERS, NoteRefused)
    who = name_of_person(who, NoteRefused)
    if word == CLOSED and not reason:
        raise NoteRefused("note_unsettled", id=note_id)
    with writing(engine) as connection:
        _refuse_signed(connection, place)
        _refuse_out_of_turn(connection, note_id, word)
        row: NewRow = {
            "id": next_number(connection, shift_note_word),
            "note_id": note_id,
            "word": word,
            "reason": reason,
            "day": place.of.day,
            "shift": place.of.shift,
            "starts_at": place.starts_at,
            "who": who,
            "at": datetime.now(UTC),
        }
        connection.execute(insert(shift_note_word), [row])
        details = {
            "shift_note_word": row["id"],
            "note": note_id,
            "word": word,
            RECORD: record_digest(row),
        }
        append_event(connection, "shift_note_word", who, details)
    return row["id"]


def notes_of_shift(engine: Engine, place: ShiftPlace) -> tuple[ShiftNote, ...]:
    """What stands in the report of a shift, oldest first: its notes, and the items that were open
    when it began or were opened, closed or reopened in it; nothing that was withdrawn."""
    with looking(engine) as connection:
        return tuple(note for note, _ in notes_with_words(connection, place))


def notes_with_words(
    connection: Connection, place: ShiftPlace
) -> list[tuple[ShiftNote, Sequence[AnyRow]]]:
    """The notes of `notes_of_shift`, each with the rows of the words it rests on."""
    here = shift_note.c.starts_at <= place.starts_at
    if place.of.line:
        here &= shift_note.c.line.in_(("", place.of.line))
    own = (shift_note.c.day == place.of.day) & (shift_note.c.shift == place.of.shift)
    here &= own | (shift_note.c.kind == HAND_OVER)
    # Closed long ago: a plant's items of years must not be read for every report.
    latest = shift_note_word.alias()
    number = (
        select(func.max(shift_note_word.c.id))
        .where(
            shift_note_word.c.note_id == shift_note.c.id,
            shift_note_word.c.starts_at <= place.starts_at,
        )
        .correlate(shift_note)
        .scalar_subquery()
    )
    question = (
        select(shift_note)
        .select_from(shift_note.outerjoin(latest, latest.c.id == number))
        .where(
            here,
            latest.c.id.is_(None)
            | (latest.c.word == REOPENED)
            | ((latest.c.word == CLOSED) & (latest.c.starts_at == place.starts_at)),
        )
        .order_by(shift_note.c.id)
    )
    rows = connection.execute(question).all()
    words = _words_of(connection, [row.id for row in rows], place.starts_at)
    return [(_note(row, words.get(row.id, ())), words.get(row.id, ())) for row in rows]


def _words_of(
    connection: Connection, numbers: Iterable[int], until: datetime
) -> dict[int, list[AnyRow]]:
    words: dict[int, list[AnyRow]] = {}
    for row in connection.execute(
        select(shift_note_word)
        .where(shift_note_word.c.note_id.in_(list(numbers)), shift_note_word.c.starts_at <= until)
        .order_by(shift_note_word.c.id)
    ):
        words.setdefault(row.note_id, []).append(row)
    return words


def _note(row: AnyRow, words: Sequence[AnyRow]) -> ShiftNote:
    last = None
    if words:
        word = words[-1]
        last = NoteWord(word.id, word.word, word.reason, word.who, word.at, word.day, word.shift)
    return ShiftNote(
        row.id, row.kind, row.text, row.who, row.at, row.day, row.shift, row.line, last
    )


def _whole(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def _refuse_signed(connection: Connection, place: ShiftPlace) -> None:
    signed = connection.scalar(
        select(signed_report.c.id).where(
            signed_report.c.day == place.of.day,
            signed_report.c.shift == place.of.shift,
            signed_report.c.line == place.of.line,
        )
    )
    if signed is not None:
        raise NoteRefused("note_signed", day=f"{place.of.day} {place.of.shift}")


def _refuse_out_of_turn(connection: Connection, note_id: int, word: str) -> None:
    note = connection.execute(select(shift_note).where(shift_note.c.id == note_id)).first()
    if note is None:
        raise NotFound("note_missing", id=note_id)
    last = connection.execute(
        select(shift_note_word)
        .where(shift_note_word.c.note_id == note_id)
        .order_by(shift_note_word.c.id.desc())
        .limit(1)
    ).first()
    is_open = last is None or last.word == REOPENED
    if is_open == (word == REOPENED):
        if last is None:
            raise Conflict("note_open", id=note_id)
        raise Conflict("note_changed", id=note_id, who=last.who, at=last.at)
