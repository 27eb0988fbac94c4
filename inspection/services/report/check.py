"""Does a signed shift report still match the log, and if not, which rows changed?

Three kinds of difference are told apart. What people said after the signature is no fault: the
audit chain knows the event, and the report stays what was true when it was signed. A row that
changed, vanished or appeared without such an event was changed behind the log's back. And figures
that differ although every row holds come from a roll-up that was changed.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime

from inspection.domain.body_numbers import normal_body_number
from inspection.domain.shifts import ShiftOfLine
from inspection.errors import NotFound
from inspection.services.report.building import counted_report
from inspection.services.report.shift_report import LAYOUT, ShiftReport, report_from_data
from inspection.services.station import Station
from inspection.storage.report import signed_reports
from inspection.storage.report.sealed_rows import BASELINE, Rows, rows_sha256
from inspection.storage.report.shift_notes import ShiftPlace
from inspection.storage.report.signed_reports import LaterWords, Seal, SignedReport
from inspection.storage.tables import STANDING_COLUMNS

CHANGED, GONE, SLIPPED_IN = "changed", "gone", "slipped_in"
# Columns of an inspection that may change when its body turns out to be another one.
_OF_A_MOVE = ("unit_id", "is_first")
# Parts of a report that follow from its sealed rows by counting; the others are rows themselves,
# or may learn something later.
_COUNTED = (
    "photos",
    "quality",
    "baseline",
    "groups",
    "pareto",
    "worst",
    "overruled",
    "open_items",
    "open_rework",
    "dispositions",
    "outcomes",
    "agreement",
    "models",
    "specs",
    "scales",
    "ignored",
)


@dataclass(frozen=True, slots=True)
class ValueChange:
    """One column of a row: what was signed and what stands there now."""

    column: str
    before: object
    after: object


@dataclass(frozen=True, slots=True)
class RowFault:
    """A row that is not what was signed. kind: CHANGED, GONE or SLIPPED_IN; changes: of a changed
    row. number: of the row; a hash for models and specs, a day for the baseline."""

    kind: str
    table: str
    number: str
    changes: tuple[ValueChange, ...] = ()


@dataclass(frozen=True, slots=True)
class ReportCheck:
    """Outcome for one signed report.

    seal: code of what is wrong with the stored report itself, "" = its hashes hold. rows: faults.
    figures: parts of the report that the log gives otherwise although all rows hold. later:
    (table, rows) written since the signature, which is no fault.
    """

    report_id: int
    of: ShiftOfLine
    seal: str = ""
    rows: tuple[RowFault, ...] = ()
    figures: tuple[str, ...] = ()
    later: tuple[tuple[str, int], ...] = ()

    @property
    def holds(self) -> bool:
        return not (self.seal or self.rows or self.figures)


def check_report(station: Station, signed: SignedReport) -> ReportCheck:
    """Rebuild one signed report from the log and compare."""
    return _check(station, signed, signed_reports.seals(station.engine).get(signed.id))


def check_all_reports(station: Station) -> Iterator[ReportCheck]:
    """Every report that was ever signed, in order; one that vanished is named too."""
    seals = signed_reports.seals(station.engine)
    kept = {signed.id: signed for signed in signed_reports.signed_reports(station.engine)}
    for number in sorted(seals.keys() | kept.keys()):
        if number in kept:
            yield _check(station, kept[number], seals.get(number))
        else:
            seal = seals[number]
            yield ReportCheck(number, seal.of, seal="report_gone")


def _check(station: Station, signed: SignedReport, seal: Seal | None) -> ReportCheck:
    about = (signed.id, signed.of)
    wrong, sealed = _opened(station, signed, seal)
    if wrong or seal is None:
        return ReportCheck(*about, seal=wrong)
    # The start of the shift as it was signed: the plant's calendar may have changed since.
    starts_at = datetime.fromisoformat(json.loads(signed.data)["header"]["starts_at"])
    place = ShiftPlace(signed.of, starts_at)
    later = signed_reports.later_words(station.engine, place, seal.event)
    now = signed_reports.rows_now(station.engine, place)
    if signed.layout != LAYOUT:
        # Another version of the program counted the bodies of the days before otherwise.
        sealed, now = sealed | {BASELINE: {}}, now | {BASELINE: {}}
    faults = tuple(_faults(sealed, now, later))
    counted = _later_rows(sealed, now, later)
    bodies = {int(number) for number in sealed["unit"].keys() | now["unit"].keys()}
    followed = counted or later.moved or bodies & later.recounted
    figures = () if faults or followed else _other_figures(station, signed)
    return ReportCheck(*about, rows=faults, figures=figures, later=counted)


def _opened(station: Station, signed: SignedReport, seal: Seal | None) -> tuple[str, Rows]:
    """What is wrong with the stored report itself ("" = nothing), and its sealed rows."""
    if seal is None or seal.of != signed.of:
        return "no_event", {}
    if hashlib.sha256(signed.data.encode()).hexdigest() != seal.data_sha256:
        return "data_changed", {}
    try:
        sealed = signed_reports.sealed_rows(station.engine, signed.id)
    except ValueError:
        return "rows_changed", {}
    if rows_sha256(sealed) != seal.rows_sha256:
        return "rows_changed", {}
    return ("" if seal.signatures_hold else "signature_gone"), sealed


def _faults(sealed: Rows, now: Rows, later: LaterWords) -> Iterator[RowFault]:
    for table in sealed:
        before, after = sealed[table], now[table]
        for number in before:
            if number not in after:
                if not _may_vanish(table, number, sealed, later):
                    yield RowFault(GONE, table, number)
                continue
            changes = tuple(_changes(table, number, before[number], after[number], later))
            if changes:
                yield RowFault(CHANGED, table, number, changes)
        for number in after:
            if number not in before and not _came_later(table, number, now, later):
                yield RowFault(SLIPPED_IN, table, number)


def _changes(
    table: str, number: str, before: dict[str, object], after: dict[str, object], later: LaterWords
) -> Iterator[ValueChange]:
    for column, was in before.items():
        stands = after.get(column)
        if stands != was and not _is_legitimate(table, number, column, was, stands, later):
            yield ValueChange(column, was, stands)


def _is_legitimate(
    table: str, number: str, column: str, was: object, stands: object, later: LaterWords
) -> bool:
    """Whether the program itself may have changed this value after the signature."""
    if table == "inspection":
        moved = column in _OF_A_MOVE and int(number) in later.moved
        return moved or (column in STANDING_COLUMNS and int(number) in later.touched)
    if table == "unit":
        # A body whose colour nobody gave learns it from a later photo; a number that was kept as
        # it was typed stands in its normal form since.
        normal = column == "body_number" and stands == normal_body_number(str(was))
        # One whose first visit was left out counts from its next one on.
        recounted = column.startswith("first_") and int(number) in later.recounted
        return normal or recounted or (column == "colour" and was == "")
    return table == BASELINE and date.fromisoformat(number) in later.days


def _may_vanish(table: str, number: str, sealed: Rows, later: LaterWords) -> bool:
    """A hand-over item that was closed, by a word that stands in an earlier shift's report; a body
    whose photos belong to another one since."""
    if table == "unit":
        if int(number) in later.recounted:
            return True
        theirs = [n for n, row in sealed["inspection"].items() if str(row["unit_id"]) == number]
        return bool(theirs) and all(int(n) in later.moved for n in theirs)
    if table in ("shift_note", "shift_note_word"):
        return any(kind == "shift_note_word" for kind, _ in later.records)
    return table == BASELINE and date.fromisoformat(number) in later.days


def _came_later(table: str, number: str, now: Rows, later: LaterWords) -> bool:
    if table in ("inspection", "decision", "counting_word", "shift_note", "shift_note_word"):
        if (table, int(number)) in later.records:
            return True
        # An older item comes back into view when a word about it is taken back.
        return table.startswith("shift_note") and any(
            kind == "shift_note_word" for kind, _ in later.records
        )
    if table == "defect":
        owner = now["defect"][number]["inspection_id"]
        return ("inspection", owner) in later.records
    if table == BASELINE:
        return date.fromisoformat(number) in later.days
    theirs = {now["inspection"][str(n)]["unit_id"] for n in later.moved}
    if table == "unit" and int(number) in theirs | later.recounted:
        return True
    owner = {"unit": "unit_id", "model": "model_sha256", "spec": "spec_sha256"}[table]
    return any(
        ("inspection", int(one)) in later.records and str(row[owner]) == number
        for one, row in now["inspection"].items()
    )


def _later_rows(sealed: Rows, now: Rows, later: LaterWords) -> tuple[tuple[str, int], ...]:
    """What was written since, counted; a baseline that moved on counts as its days."""
    written = Counter(
        table
        for table, number in later.records
        # A report that was signed before a table was there holds none of its rows.
        if str(number) in now[table] and str(number) not in sealed.get(table, {})
    )
    moved = sum(
        sealed[BASELINE].get(day) != now[BASELINE].get(day)
        for day in sealed[BASELINE].keys() | now[BASELINE].keys()
    )
    if moved:
        written[BASELINE] = moved
    return tuple(sorted(written.items()))


def _other_figures(station: Station, signed: SignedReport) -> tuple[str, ...]:
    if signed.layout != LAYOUT:
        # Another version of the program laid its figures out otherwise; the rows speak for both.
        return ()
    try:
        now = counted_report(station, signed.of)
    except NotFound:
        # The plant has other shifts by now; the rows have been compared.
        return ()
    before = report_from_data(signed.data, station.calendar.zone)
    return tuple(part for part in _COUNTED if _figures(before, part) != _figures(now, part))


def _figures(report: ShiftReport, part: str) -> object:
    """A part of a report; body numbers in their normal form, as older reports did not keep them."""
    figures = getattr(report, part)
    if not isinstance(figures, tuple):
        return figures
    return tuple(
        replace(row, body_number=normal_body_number(row.body_number))
        if hasattr(row, "body_number")
        else row
        for row in figures
    )
