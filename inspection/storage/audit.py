"""The audit chain: every change of the log as one event that the next event seals.

The hash of an event covers the event and the hash before it, so a row that was changed, removed or
slipped in breaks the chain at its place. Events of the records in `SEALED` also carry the SHA-256
of the record they speak of: a changed value in the log itself is found as well. What the chain
cannot see is a cut at its end: note `ChainReport.head` elsewhere, it names the last event.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, TypedDict

from sqlalchemy import Column, Connection, Engine, RowMapping, Table, func, insert, select

from inspection.errors import StorageError
from inspection.storage.column_types import (
    AnyRow,
    NewRow,
    Unreadable,
    Values,
    canonical_json,
    storable,
)
from inspection.storage.correcting.table import correction
from inspection.storage.database import looking, next_number
from inspection.storage.ignoring.table import ignore_check, ignore_version, ignored_mark
from inspection.storage.report.table import (
    report_signature,
    shift_note,
    shift_note_word,
    signed_report,
)
from inspection.storage.tables import (
    STANDING_COLUMNS,
    audit,
    counting_word,
    decision,
    defect,
    inspection,
)

START = "0" * 64
RECORD = "record_sha256"
# An event that an inspection's row was changed by a migration: `details["was"]` and `["now"]` hold
# the columns it changed. Its digest is taken over what was written, so both must hold.
MOVED = "body_moved"
# An event that records were taken out: `details["removed"]` holds, by table, the numbers that went
# as [first, last] pairs. It answers for what earlier events say of them, and for nothing later.
REMOVED = "demo_removed"
# An event speaks of such a record by `details[name of the table]` = its number.
SEALED = {
    table.name: table
    for table in (
        inspection,
        decision,
        counting_word,
        correction,
        ignore_version,
        shift_note,
        shift_note_word,
        signed_report,
        report_signature,
    )
}
# The standing follows from later records; a signed report's contents and the reference picture of
# ignore regions have a hash of their own.
_NOT_IN_DIGEST = (*STANDING_COLUMNS, "data", "row_values", "picture")
# Columns that records sealed before them do not have: empty ones are left out.
_NOT_IN_OLDER = ("width_error_px", "scale_error_percent")
_ROWS_AT_ONCE = 2000
# What reading or sealing anew a row raises that no program of ours wrote so.
_DAMAGE = (ValueError, TypeError, KeyError, AttributeError, OverflowError)


@dataclass(frozen=True, slots=True)
class Event:
    """What happened, by whom, about which inspection (None: about none). details: JSON values."""

    kind: str
    who: str
    details: Mapping[str, Any] = field(default_factory=dict)
    inspection_id: int | None = None


@dataclass(frozen=True, slots=True)
class ChainReport:
    """Outcome of a verification. first_broken: number of the first audit row that does not hold,
    None when all do. head: hash of the last event that holds. fault: what is wrong."""

    events: int
    first_broken: int | None
    head: str
    fault: StorageError | None = None

    @property
    def is_whole(self) -> bool:
        return self.first_broken is None

    @property
    def sentence(self) -> str:
        """What was found, in English."""
        whole = f"the audit chain is whole: {self.events} events, head {self.head[:12]}"
        return str(self.fault) if self.fault else whole


def append_event(
    connection: Connection,
    kind: str,
    who: str,
    details: Mapping[str, object] | None = None,
    inspection_id: int | None = None,
) -> int:
    """Append one event in the transaction of what it speaks of; answers its number."""
    return append_events(connection, [Event(kind, who, details or {}, inspection_id)])


def append_events(connection: Connection, events: Sequence[Event]) -> int:
    """Append events in their order; answers the number of the last one.

    `connection` comes from `writing`: the chain has one end, and only one writer at a time.
    """
    last = connection.execute(
        select(audit.c.id, audit.c.hash).order_by(audit.c.id.desc()).limit(1)
    ).first()
    number, previous = (last.id, last.hash) if last else (0, START)
    at = datetime.now(UTC)
    rows = []
    for event in events:
        number += 1
        row = {
            "id": number,
            "at": at,
            "kind": event.kind,
            "who": event.who,
            "inspection_id": event.inspection_id,
            "details": event.details,
        }
        row["previous_hash"], row["hash"] = previous, _sealed(previous, row)
        previous = row["hash"]
        rows.append(row)
    if rows:
        connection.execute(insert(audit), rows)
    return number


def last_event(engine: Engine, kind: str) -> tuple[datetime, dict[str, object]] | None:
    """When the last event of a kind was written, and its details; None where there is none."""
    question = select(audit.c.at, audit.c.details).where(audit.c.kind == kind)
    with looking(engine) as connection:
        row = connection.execute(question.order_by(audit.c.id.desc()).limit(1)).first()
    return tuple(row) if row else None


def record_digest(row: Values, defects: Iterable[Values] = ()) -> str:
    """SHA-256 of a record of `SEALED` as it was written, an inspection with its defects and what
    was ignored there.

    The standing columns are left out: they follow from later records.
    """
    record = {name: v for name, v in row.items() if name not in _NOT_IN_DIGEST}
    return _sha256(canonical_json([_as_sealed(record), [_as_sealed(part) for part in defects]]))


def _as_sealed(row: Values) -> dict[str, object]:
    return {
        name: plain_value(value)
        for name, value in row.items()
        if value is not None or name not in _NOT_IN_OLDER
    }


def verify_chain(engine: Engine) -> ChainReport:
    """Check every event, and every record of `SEALED` against the event that sealed it."""
    events, previous = 0, START
    spoken_of: Counter[str] = Counter()
    with looking(engine) as connection:
        removals = _Removals(connection)
        while True:
            rows, unread = _next_rows(connection, events)
            digests = digests_now(connection, rows)
            for row in rows:
                wrong = _fault(row, events + 1, previous, digests, removals)
                if wrong:
                    return _broken(events, row.id, previous, wrong)
                events, previous = row.id, row.hash
                spoken_of.update(SEALED.keys() & row.details.keys())
            if unread is not None:
                return _broken(events, unread, previous, StorageError("audit_unreadable"))
            if not rows:
                break
        for name, table in SEALED.items():
            stored = connection.scalar(select(func.count()).select_from(table))
            expected = spoken_of[name] - removals.counts[name]
            if stored != expected:
                wrong = StorageError("audit_counts", stored=stored, name=name, expected=expected)
                return _broken(events, events + 1, previous, wrong)
    return ChainReport(events, None, previous)


def _next_rows(connection: Connection, after: int) -> tuple[Sequence[AnyRow], int | None]:
    """The next events, and the number of the one that ends them because it cannot be read."""
    question = select(audit).where(audit.c.id > after).order_by(audit.c.id)
    try:
        return connection.execute(question.limit(_ROWS_AT_ONCE)).all(), None
    except _DAMAGE:
        # A damaged moment: one by one, to name its row.
        numbers = list(
            connection.scalars(
                select(audit.c.id)
                .where(audit.c.id > after)
                .limit(_ROWS_AT_ONCE)
                .order_by(audit.c.id)
            )
        )
    rows = []
    for number in numbers:
        try:
            rows.append(connection.execute(select(audit).where(audit.c.id == number)).one())
        except _DAMAGE:
            return rows, number
    return rows, None


class _Removals:
    """What the chain says was taken out of the log, and after which event."""

    def __init__(self, connection: Connection) -> None:
        self.counts: Counter[str] = Counter()
        self._spans: dict[str, list[tuple[int, int, int]]] = {}
        question = select(audit.c.id, audit.c.details).where(audit.c.kind == REMOVED)
        for event, details in connection.execute(question):
            # A damaged one is found when its turn comes.
            with suppress(*_DAMAGE):
                for name, spans in details["removed"].items():
                    for first, last in spans:
                        self.counts[name] += last - first + 1
                        self._spans.setdefault(name, []).append((event, first, last))

    def cover(self, event: int, name: str, number: int) -> bool:
        """Whether a record that an event speaks of was taken out later."""
        return any(
            event < removal and first <= number <= last
            for removal, first, last in self._spans.get(name, ())
        )


def _fault(
    row: AnyRow,
    expected: int,
    previous: str,
    digests: Mapping[tuple[str, int], str],
    removals: _Removals,
) -> StorageError | None:
    if row.id != expected:
        return StorageError("audit_missing", number=expected)
    if isinstance(row.details, Unreadable):
        return StorageError("audit_unreadable")
    if row.previous_hash != previous or not _is_as_sealed(row, previous):
        return StorageError("audit_changed")
    for kind in SEALED:
        number = row.details.get(kind)
        is_as_written = digests.get((kind, number)) == row.details.get(RECORD)
        if number is not None and not is_as_written and not removals.cover(row.id, kind, number):
            return StorageError("audit_record_changed", kind=kind, number=number)
    return None


def _is_as_sealed(row: AnyRow, previous: str) -> bool:
    try:
        return row.hash == _sealed(previous, row._mapping)
    except _DAMAGE:
        return False


def _broken(events: int, number: int, head: str, wrong: StorageError) -> ChainReport:
    fault = StorageError("audit_broken", number=number, why=wrong, events=events)
    return ChainReport(events, number, head, fault)


def digests_now(connection: Connection, events: Sequence[AnyRow]) -> dict[tuple[str, int], str]:
    """(kind, number) -> digest of the record as it stands now, for the events at hand."""
    # A damaged event may name anything; what it names is no number of a record.
    wanted = {
        kind: [
            number
            for row in events
            if isinstance(number := row.details.get(kind), int) and abs(number) < 2**63
        ]
        for kind in SEALED
    }
    moves = _moves(connection, wanted["inspection"])
    parts: dict[int, list[RowMapping]] = {}
    for column in (defect.c.inspection_id, ignore_check.c.id, ignored_mark.c.inspection_id):
        for row in _rows(connection, column.table, column, wanted["inspection"]):
            parts.setdefault(row[column.name], []).append(row)
    digests = {}
    for kind, table in SEALED.items():
        for row in _rows(connection, table, table.c.id, wanted[kind]):
            # A damaged record has none.
            with suppress(*_DAMAGE):
                written: Values = (
                    _as_written(row, moves.get(row["id"], [])) if kind == "inspection" else row
                )
                own = parts.get(row["id"], ()) if kind == "inspection" else ()
                digests[kind, row["id"]] = record_digest(written, own)
    return digests


class _Move(TypedDict):
    """What a `MOVED` event says of an inspection: columns before and after."""

    was: NewRow
    now: NewRow


def _moves(connection: Connection, numbers: list[int]) -> dict[int, list[_Move]]:
    """Details of the `MOVED` events of these inspections, oldest first."""
    moves: dict[int, list[_Move]] = {}
    if numbers:
        question = select(audit.c.inspection_id, audit.c.details).where(
            audit.c.inspection_id.in_(numbers), audit.c.kind == MOVED
        )
        for row in connection.execute(question.order_by(audit.c.id)):
            moves.setdefault(row.inspection_id, []).append(row.details)
    return moves


def _as_written(row: Values, moves: Sequence[_Move]) -> Values:
    """The row before it was moved; as it stands where it is not what its last move made of it."""
    for move in reversed(moves):
        if any(plain_value(row[name]) != value for name, value in move["now"].items()):
            break
        row = {**dict(row), **move["was"]}
    return row


def _rows(
    connection: Connection, table: Table, column: Column[Any], numbers: list[int]
) -> Iterable[RowMapping]:
    if not numbers:
        return ()
    columns = [one for one in table.c if one.name not in _NOT_IN_DIGEST]
    question = select(*columns).order_by(table.c.id)
    try:
        return connection.execute(question.where(column.in_(numbers))).mappings().all()
    except _DAMAGE:
        rows: list[RowMapping] = []
        for number in dict.fromkeys(numbers):
            with suppress(*_DAMAGE):
                rows += connection.execute(question.where(column == number)).mappings().all()
        return rows


def _sealed(previous: str, row: Values) -> str:
    names = ("id", "at", "kind", "who", "inspection_id", "details")
    return _sha256(previous + canonical_json({name: plain_value(row[name]) for name in names}))


def plain_value(value: object) -> object:
    """A value as JSON knows it, the same before it is stored and after it is read."""
    if isinstance(value, str):
        if value.isascii() and "\0" not in value:
            return value
        # As PlainText stores it on the database that can do least.
        return storable(value).replace("\0", "\ufffd")
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, date):
        return value.isoformat()
    return value


def _sha256(text: str) -> str:
    return hashlib.sha256(storable(text).encode()).hexdigest()


def next_inspection(connection: Connection) -> int:
    """The next free number of an inspection.

    One that was taken out with the demo line is not given again: an address or a note about it
    must not lead to another photo.
    """
    spoken_of = connection.scalar(select(func.max(audit.c.inspection_id))) or 0
    return max(next_number(connection, inspection), spoken_of + 1)
