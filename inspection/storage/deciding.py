"""What people say about inspections, written into the log: each function is one transaction.

A word is never changed afterwards: a later one about the same inspection points at it (`replaces`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import TypeVar

from sqlalchemy import Connection, Engine, select

from inspection.domain.inspections import Decision
from inspection.errors import Conflict, InspectionError, NotFound
from inspection.storage import tables
from inspection.storage.audit import RECORD, Event, append_events, record_digest
from inspection.storage.column_types import AnyRow, Values
from inspection.storage.counting import kept, set_standing, standing
from inspection.storage.counting_records import state
from inspection.storage.database import insert_rows, next_number, writing
from inspection.storage.first_inspections import is_first_now

BATCH = 250

_Entry = TypeVar("_Entry")


def decide(
    engine: Engine,
    decision: Decision,
    expected_last: int | None,
    refuse_unseen: Callable[[Connection], None] = lambda connection: None,
) -> int:
    """Append a person's word about an inspection; answers the number of the decision.

    expected_last: the last decision the person saw (`InspectionDetail.last_decision_id`), None for
    none. refuse_unseen: asked in the same transaction, raises where the person saw something else
    (`correcting.records.refuse_unseen`).

    Raises Conflict naming who changed it meanwhile and when, NotFound without inspection. What it
    replaces is the word that stood until now, whatever `decision.replaces` says; a word is taken
    back by `undo`.
    """
    if decision.withdrawn:
        raise ValueError("a decision is withdrawn by undo, not by decide")
    with writing(engine) as connection:
        seen = open_inspection(connection, decision.inspection_id)
        if seen.last_decision_id != expected_last:
            raise _changed_meanwhile(connection, seen)
        refuse_unseen(connection)
        (number,) = _say(connection, {seen.id: seen}, [decision])
    return number


def decide_many(engine: Engine, decisions: Iterable[Decision], *, batch: int = BATCH) -> list[int]:
    """Append many words in their order, `batch` of them a transaction, each over the one before.

    Raises NotFound and Conflict as `decide` does; the batch is not written then.
    """
    numbers = []
    for some in in_batches(decisions, batch):
        if any(word.withdrawn for word in some):
            raise ValueError("a decision is withdrawn by undo, not by decide_many")
        with writing(engine) as connection:
            seen = _open_inspections(connection, {word.inspection_id for word in some})
            numbers += _say(connection, seen, some)
    return numbers


def undo(
    engine: Engine,
    inspection_id: int,
    inspector: str,
    at: datetime,
    expected_last: int | None = None,
) -> int:
    """Take back the word that stands: appends a withdrawing decision and answers its number.

    The word before it stands again, if there was one. expected_last: as in `decide`; None does
    not check. Raises NotFound when no word stands.
    """
    with writing(engine) as connection:
        seen = open_inspection(connection, inspection_id)
        if expected_last is not None and seen.last_decision_id != expected_last:
            raise _changed_meanwhile(connection, seen)
        if seen.decision_id is None:
            raise NotFound("nothing_to_undo", number=inspection_id)
        word = _decision(connection, seen.decision_id)
        before = _decision(connection, word.replaces) if word.replaces else None
        withdrawal = Decision(
            inspection_id, word.disposition, "", inspector, at, replaces=word.id, withdrawn=True
        )
        (number,) = _say(connection, {seen.id: seen}, [withdrawal], stands_again=before)
    return number


# --- what people say ---


def open_inspection(connection: Connection, number: int) -> AnyRow:
    """The inspection a person speaks about; refused when a later judgement took its place."""
    return _open_inspections(connection, {number})[number]


def _open_inspections(connection: Connection, numbers: set[int]) -> dict[int, AnyRow]:
    table = tables.inspection.c
    rows = connection.execute(
        select(
            table.id,
            table.unit_id,
            table.photo_sha256,
            table.day,
            table.shift,
            table.verdict,
            is_first_now().label("is_first"),
            table.disposition,
            table.decision_id,
            table.last_decision_id,
            table.superseded_by,
        ).where(table.id.in_(sorted(numbers)))
    ).all()
    missing = numbers - {row.id for row in rows}
    if missing:
        raise NotFound("no_inspection", number=min(missing))
    for number, why in state(connection, numbers).items():
        raise Conflict("left_out_first", number=number, left_out=why)
    for row in rows:
        if row.superseded_by is not None:
            later = connection.scalar(
                select(table.inspected_at).where(table.id == row.superseded_by)
            )
            raise Conflict("judged_again", number=row.id, later=row.superseded_by, at=later)
    return {row.id: row for row in rows}


def _decision(connection: Connection, number: int) -> AnyRow:
    return connection.execute(select(tables.decision).where(tables.decision.c.id == number)).one()


def _changed_meanwhile(connection: Connection, seen: AnyRow) -> Conflict:
    if seen.last_decision_id is None:
        return Conflict("no_decision", number=seen.id)
    last = _decision(connection, seen.last_decision_id)
    return Conflict(
        "changed",
        number=seen.id,
        who=last.inspector or InspectionError("somebody"),
        at=last.decided_at,
    )


def _say(
    connection: Connection,
    seen: Mapping[int, AnyRow],
    words: Sequence[Decision],
    stands_again: AnyRow | None = None,
) -> list[int]:
    """Write words, where their inspections now stand, and their events; answers their numbers.

    seen: the inspections spoken about, by number. stands_again: the word that a withdrawal lets
    stand again.
    """
    stands = {number: row.decision_id for number, row in seen.items()}
    rows, changes, events = [], {}, []
    for number, word in enumerate(words, next_number(connection, tables.decision)):
        about = seen[word.inspection_id]
        row = {
            "id": number,
            "inspection_id": about.id,
            "disposition": word.disposition,
            "reason": word.reason,
            "inspector": word.inspector,
            "decided_at": word.decided_at,
            "replaces": word.replaces if word.withdrawn else stands[about.id],
            "withdrawn": word.withdrawn,
        }
        if word.withdrawn:
            stands[about.id] = stands_again.id if stands_again else None
            disposition = stands_again.disposition if stands_again else ""
        else:
            stands[about.id], disposition = number, word.disposition
        rows.append(row)
        changes[about.id] = {
            "standing": standing(about.verdict, disposition),
            "disposition": disposition,
            "decision_id": stands[about.id],
            "last_decision_id": number,
        }
        events.append(_said(row))
    with kept(connection, {row.unit_id for row in seen.values()}):
        insert_rows(connection, tables.decision, rows)
        set_standing(connection, changes)
    append_events(connection, events)
    return [row["id"] for row in rows]


def _said(row: Values) -> Event:
    """The event of one written word."""
    details = {
        "decision": row["id"],
        "disposition": row["disposition"],
        "reason": row["reason"],
        "replaces": row["replaces"],
        RECORD: record_digest(row),
    }
    kind = "undo" if row["withdrawn"] else "decision"
    return Event(kind, row["inspector"], details, row["inspection_id"])


def in_batches(entries: Iterable[_Entry], size: int) -> Iterator[list[_Entry]]:
    rest = iter(entries)
    while some := list(islice(rest, size)):
        yield some
