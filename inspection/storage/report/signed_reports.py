"""Signed shift reports: written once with the first signature, a second one beside it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection, Engine, insert, select

from inspection.domain.counting_words import WORDS
from inspection.domain.inspections import as_logged
from inspection.domain.letters import name_of_person
from inspection.domain.shifts import ShiftOfLine
from inspection.errors import Conflict, NoteRefused, NotFound
from inspection.storage.audit import MOVED, RECORD, Event, append_events, digests_now, record_digest
from inspection.storage.column_types import AnyRow, AnySelect, NewRow
from inspection.storage.database import looking, next_number, writing
from inspection.storage.report.sealed_rows import (
    BASELINE_DAYS,
    Rows,
    packed,
    rows_of_shift,
    rows_sha256,
    unpacked,
)
from inspection.storage.report.shift_notes import ShiftPlace
from inspection.storage.report.table import report_signature, signed_report
from inspection.storage.tables import audit, inspection, unit

OUTGOING, INCOMING = "outgoing_lead", "incoming_lead"
SEALED_EVENT, SIGNED_EVENT = "report_signed", "report_signature"
_WORDS = ("decision", "undo")
_KEYS_OF = {
    SEALED_EVENT: {"signed_report", "day", "shift", "line", "data_sha256", "rows_sha256"},
    SIGNED_EVENT: {"report", "report_signature", RECORD},
}


@dataclass(frozen=True, slots=True)
class ReportSignature:
    """One lead's signature. role: OUTGOING or INCOMING. at: UTC."""

    role: str
    who: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SignedReport:
    """A report as it was signed. data: its canonical JSON."""

    id: int
    of: ShiftOfLine
    layout: int
    data: str
    data_sha256: str
    rows_sha256: str
    sealed_at: datetime
    signatures: tuple[ReportSignature, ...]

    def who(self, role: str) -> str:
        """Who signed in this role, "" while nobody has."""
        return next((one.who for one in self.signatures if one.role == role), "")


@dataclass(frozen=True, slots=True)
class Seal:
    """What the audit chain knows of a signed report.

    event: number of the event that sealed it. signatures_hold: the signatures are the ones that
    were given, none changed, missing or added.
    """

    event: int
    of: ShiftOfLine
    data_sha256: str
    rows_sha256: str
    signatures_hold: bool


@dataclass(frozen=True, slots=True)
class LaterWords:
    """What people added to the log since a report was signed, as the audit chain knows it.

    records: (table, number) of rows written since, each as its event sealed it. touched:
    inspections that got a later decision or judgement. days: days of the baseline with such.
    moved: inspections that belong to another body since (`audit.MOVED`). recounted: bodies of which
    something was left out, or counts again, since.
    """

    records: frozenset[tuple[str, int]] = frozenset()
    touched: frozenset[int] = frozenset()
    days: frozenset[date] = frozenset()
    moved: frozenset[int] = frozenset()
    recounted: frozenset[int] = frozenset()


def rows_now(engine: Engine, place: ShiftPlace) -> Rows:
    """The rows that a report of the shift rests on now."""
    with looking(engine) as connection:
        return rows_of_shift(connection, place)


def seal_report(
    engine: Engine,
    place: ShiftPlace,
    *,
    layout: int,
    data: str,
    data_sha256: str,
    rows: Rows,
    who: str,
) -> int:
    """Write a report with the outgoing lead's signature; answers its number.

    rows: as they were before the data was put together. Raises NoteRefused without a name, and
    Conflict when the report is signed already or the log changed while it was put together.
    """
    who = name_of_person(" ".join(who.split()), NoteRefused)
    now = datetime.now(UTC)
    with writing(engine) as connection:
        earlier = _find(connection, place)
        if earlier is not None:
            first = _signatures(connection, [earlier.id])[earlier.id][0]
            raise Conflict(
                "report_signed", day=f"{place.of.day} {place.of.shift}", who=first.who, at=first.at
            )
        if rows_of_shift(connection, place) != rows:
            raise Conflict("report_moved_on")
        row: NewRow = {
            "id": next_number(connection, signed_report),
            "day": place.of.day,
            "shift": place.of.shift,
            "line": place.of.line,
            "layout": layout,
            "data": data,
            "data_sha256": data_sha256,
            "row_values": packed(rows),
            "rows_sha256": rows_sha256(rows),
            "sealed_at": now,
        }
        connection.execute(insert(signed_report), [row])
        details = {
            "signed_report": row["id"],
            "day": place.of.day.isoformat(),
            "shift": place.of.shift,
            "line": place.of.line,
            "data_sha256": data_sha256,
            "rows_sha256": row["rows_sha256"],
            RECORD: record_digest(row),
        }
        sealed = Event(SEALED_EVENT, who, details)
        _, signed = _sign(connection, row["id"], OUTGOING, who, now)
        append_events(connection, [sealed, signed])
    return row["id"]


def countersign(engine: Engine, report_id: int, who: str) -> int:
    """The incoming lead's signature; answers its number.

    Raises NoteRefused without a name or when the outgoing lead would sign twice, NotFound without
    the report, Conflict when the incoming lead has signed already.
    """
    who = name_of_person(" ".join(who.split()), NoteRefused)
    with writing(engine) as connection:
        signatures = _signatures(connection, [report_id]).get(report_id)
        if not signatures:
            raise NotFound("report_missing", id=report_id)
        if len(signatures) > 1:
            last = signatures[-1]
            raise Conflict("report_taken_over", id=report_id, who=last.who, at=last.at)
        if signatures[0].who.casefold() == who.casefold():
            raise NoteRefused("report_same_lead", who=who)
        number, event = _sign(connection, report_id, INCOMING, who, datetime.now(UTC))
        append_events(connection, [event])
    return number


def signed_report_of(engine: Engine, place: ShiftPlace) -> SignedReport | None:
    """The signed report of a shift and line, None while it is a draft."""
    with looking(engine) as connection:
        row = _find(connection, place)
        return None if row is None else _reports(connection, [row])[0]


def signed_reports(engine: Engine) -> tuple[SignedReport, ...]:
    """All signed reports in the order of signing."""
    columns = [one for one in signed_report.c if one.name != "row_values"]
    with looking(engine) as connection:
        rows = connection.execute(select(*columns).order_by(signed_report.c.id)).all()
        return tuple(_reports(connection, rows))


def sealed_rows(engine: Engine, report_id: int) -> Rows:
    """The rows as they were when the report was signed; ValueError when they cannot be read."""
    with looking(engine) as connection:
        content = connection.scalar(
            select(signed_report.c.row_values).where(signed_report.c.id == report_id)
        )
    if content is None:
        raise NotFound("report_missing", id=report_id)
    return unpacked(content)


def seals(engine: Engine) -> dict[int, Seal]:
    """What the audit chain says about every report that was ever signed, by its number."""
    with looking(engine) as connection:
        events = connection.execute(
            select(audit.c.id, audit.c.kind, audit.c.details)
            .where(audit.c.inspection_id.is_(None), audit.c.kind.in_((SEALED_EVENT, SIGNED_EVENT)))
            .order_by(audit.c.id)
        ).all()
        # A damaged event seals nothing: its report is told to have none.
        events = [row for row in events if _KEYS_OF[row.kind] <= row.details.keys()]
        digests = digests_now(connection, events)
        counted = Counter(connection.scalars(select(report_signature.c.report_id)))
    broken = set()
    for row in events:
        if row.kind == SIGNED_EVENT:
            number = row.details["report"]
            counted[number] -= 1
            if digests.get((SIGNED_EVENT, row.details[SIGNED_EVENT])) != row.details[RECORD]:
                broken.add(number)
    return {
        row.details["signed_report"]: Seal(
            event=row.id,
            of=ShiftOfLine(
                date.fromisoformat(row.details["day"]), row.details["shift"], row.details["line"]
            ),
            data_sha256=row.details["data_sha256"],
            rows_sha256=row.details["rows_sha256"],
            signatures_hold=row.details["signed_report"] not in broken
            and not counted[row.details["signed_report"]],
        )
        for row in events
        if row.kind == SEALED_EVENT
    }


def later_words(engine: Engine, place: ShiftPlace, sealing_event: int) -> LaterWords:
    """What the audit chain says was written about the shift since the event of its signature."""
    mine = (inspection.c.day == place.of.day) & (inspection.c.shift == place.of.shift)
    if place.of.line:
        mine &= inspection.c.line == as_logged(place.of.line)
    since = audit.c.id > sealing_event
    with looking(engine) as connection:
        events = connection.execute(
            select(audit.c.id, audit.c.kind, audit.c.inspection_id, audit.c.details)
            .where(
                since,
                audit.c.inspection_id.in_(select(inspection.c.id).where(mine))
                | (
                    audit.c.inspection_id.is_(None)
                    & audit.c.kind.in_(("shift_note", "shift_note_word"))
                ),
            )
            .order_by(audit.c.id)
        ).all()
        records = _records_as_sealed(connection, events)
        spoken_of = select(inspection.c.id).join(audit, audit.c.inspection_id == inspection.c.id)
        recounted = _bodies_like(connection, spoken_of.where(since, audit.c.kind.in_(WORDS)))
        # A moved inspection counts under the first day of its new body; where a first visit is
        # left out, any other day of the body may count instead.
        days = {
            day
            for column, theirs in (
                (inspection.c.day, inspection.c.id.in_(spoken_of.where(since))),
                (unit.c.first_day, inspection.c.id.in_(spoken_of.where(since))),
                (inspection.c.day, inspection.c.unit_id.in_(sorted(recounted))),
            )
            for day in connection.scalars(
                select(column)
                .join_from(inspection, unit)
                .where(
                    theirs,
                    column < place.of.day,
                    column >= place.of.day - timedelta(days=BASELINE_DAYS),
                )
                .distinct()
            )
        }
        touched = {row.inspection_id for row in events if row.kind in _WORDS}
        touched |= {row.details["rejudges"] for row in events if "rejudges" in row.details}
        moved = {row.inspection_id for row in events if row.kind == MOVED}
        return LaterWords(
            frozenset(records),
            frozenset(touched),
            frozenset(days),
            frozenset(moved),
            frozenset(recounted),
        )


def _records_as_sealed(
    connection: Connection, events: Sequence[AnyRow]
) -> Iterable[tuple[str, int]]:
    """The records the events speak of, but for those that are no longer what was written."""
    digests = digests_now(connection, events)
    for row in events:
        for table in ("inspection", "decision", "counting_word", "shift_note", "shift_note_word"):
            number = row.details.get(table)
            # A damaged event may name anything.
            is_number = isinstance(number, int)
            if is_number and digests.get((table, number)) == row.details.get(RECORD):
                yield table, number


def _bodies_like(connection: Connection, spoken_of: AnySelect) -> set[int]:
    """Bodies that photos of these inspections were logged for: what is said of one may let another
    inspection of the body count, or a repeat of the photo."""
    photos = select(inspection.c.photo_sha256).where(inspection.c.id.in_(spoken_of))
    bodies = select(inspection.c.unit_id).where(inspection.c.photo_sha256.in_(photos))
    return set(connection.scalars(bodies.distinct()))


def _find(connection: Connection, place: ShiftPlace) -> AnyRow | None:
    columns = [one for one in signed_report.c if one.name != "row_values"]
    return connection.execute(
        select(*columns).where(
            signed_report.c.day == place.of.day,
            signed_report.c.shift == place.of.shift,
            signed_report.c.line == place.of.line,
        )
    ).first()


def _reports(connection: Connection, rows: Sequence[AnyRow]) -> list[SignedReport]:
    signatures = _signatures(connection, [row.id for row in rows])
    return [
        SignedReport(
            id=row.id,
            of=ShiftOfLine(row.day, row.shift, row.line),
            layout=row.layout,
            data=row.data,
            data_sha256=row.data_sha256,
            rows_sha256=row.rows_sha256,
            sealed_at=row.sealed_at,
            signatures=tuple(signatures.get(row.id, ())),
        )
        for row in rows
    ]


def _signatures(connection: Connection, numbers: Sequence[int]) -> dict[int, list[ReportSignature]]:
    found: dict[int, list[ReportSignature]] = {}
    for row in connection.execute(
        select(report_signature)
        .where(report_signature.c.report_id.in_(list(numbers)))
        .order_by(report_signature.c.id)
    ):
        found.setdefault(row.report_id, []).append(ReportSignature(row.role, row.who, row.at))
    return found


def _sign(
    connection: Connection, report_id: int, role: str, who: str, at: datetime
) -> tuple[int, Event]:
    """The number of a signature and the event that says so."""
    number = next_number(connection, report_signature)
    row = {
        "id": number,
        "report_id": report_id,
        "role": role,
        "who": who,
        "at": at,
    }
    connection.execute(insert(report_signature), [row])
    details = {
        "report_signature": number,
        "report": report_id,
        "role": role,
        RECORD: record_digest(row),
    }
    return number, Event(SIGNED_EVENT, who, details)
