"""What people said about control charts: written once, taken back by a later note."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, insert, select

from inspection.domain.chart_choice import MOST_NOTE_LETTERS, ChartChoice, ChartNote
from inspection.domain.letters import MOST_NAME_LETTERS, shortened
from inspection.errors import Conflict, NotFound
from inspection.storage.audit import append_event
from inspection.storage.chart_tables import chart_note
from inspection.storage.column_types import AnyRow
from inspection.storage.database import looking, next_number, writing

NOTED, WITHDRAWN = "chart_note", "chart_note_withdrawn"


@dataclass(frozen=True, slots=True)
class NumberedNote:
    """A note that stands, as the log holds it. said_at: UTC."""

    id: int
    note: ChartNote
    said_at: datetime


def write_note(engine: Engine, note: ChartNote) -> int:
    """Write one note; answers its number. Audited."""
    with writing(engine) as connection:
        return _write(connection, note, None)


def withdraw_note(engine: Engine, number: int, who: str, reason: str = "") -> int:
    """Take a note back by a new one; answers the new one's number. Audited.

    Raises NotFound for a note that does not exist and Conflict when it was taken back already.
    """
    with writing(engine) as connection:
        row = connection.execute(select(chart_note).where(chart_note.c.id == number)).first()
        if row is None or row.withdraws is not None:
            raise NotFound("chart_note_none", number=number)
        later = connection.execute(
            select(chart_note).where(chart_note.c.withdraws == number)
        ).first()
        if later:
            raise Conflict("chart_note_back", number=number, who=later.who, when=later.said_at)
        note = _note(row)
        back = ChartNote(
            note.chart, note.kind, note.first_at, note.last_at, reason, who, note.category
        )
        return _write(connection, back, number)


def standing_notes(
    engine: Engine, first_at: datetime | None = None, last_at: datetime | None = None
) -> tuple[NumberedNote, ...]:
    """Every note that was not taken back and touches the time asked for, oldest word first.

    People write them by hand, a few a week: all of them are read.
    """
    taken_back = select(chart_note.c.withdraws).where(chart_note.c.withdraws.is_not(None))
    question = (
        select(chart_note)
        .where(chart_note.c.withdraws.is_(None), chart_note.c.id.not_in(taken_back))
        .order_by(chart_note.c.id)
    )
    if last_at is not None:
        question = question.where(chart_note.c.first_at < last_at)
    if first_at is not None:
        question = question.where(
            chart_note.c.last_at.is_(None) | (chart_note.c.last_at > first_at)
        )
    with looking(engine) as connection:
        rows: Sequence[AnyRow] = connection.execute(question).all()
    return tuple(NumberedNote(row.id, _note(row), row.said_at) for row in rows)


def _write(connection: Connection, note: ChartNote, withdraws: int | None) -> int:
    number = next_number(connection, chart_note)
    row = {
        "id": number,
        "kind": note.kind,
        "chart": note.chart.code,
        "first_at": note.first_at,
        "last_at": note.last_at,
        "category": note.category,
        "text": note.text,
        "who": note.who,
        "said_at": datetime.now(UTC),
        "withdraws": withdraws,
    }
    connection.execute(insert(chart_note), [row])
    details = {
        **{name: row[name] for name in ("kind", "chart", "category", "text", "withdraws")},
        "chart_note": number,
        "first_at": note.first_at.astimezone(UTC).isoformat(),
        "last_at": note.last_at.astimezone(UTC).isoformat() if note.last_at else None,
    }
    append_event(connection, NOTED if withdraws is None else WITHDRAWN, note.who, details)
    return number


def _note(row: AnyRow) -> ChartNote:
    return ChartNote(
        ChartChoice.of_code(row.chart),
        row.kind,
        row.first_at,
        row.last_at,
        # An earlier version kept texts of any length.
        shortened(row.text, MOST_NOTE_LETTERS),
        shortened(row.who, MOST_NAME_LETTERS),
        row.category,
    )
