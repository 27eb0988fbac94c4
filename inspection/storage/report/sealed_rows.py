"""The rows of the log that a shift report was made from, as values that can be kept and compared.

Kept whole and packed, not only as hashes: whoever finds that a row was changed must be able to say
from what to what. Long columns stand by their hash.
"""

import hashlib
import json
import zlib
from datetime import timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, select

from inspection.domain.inspections import as_logged
from inspection.storage import tables
from inspection.storage.audit import plain_value
from inspection.storage.column_types import AnySelect, Values, canonical_json, storable
from inspection.storage.figures import counts_by_day
from inspection.storage.log_filter import LogFilter
from inspection.storage.report.shift_notes import ShiftPlace, notes_with_words
from inspection.storage.report.table import shift_note
from inspection.storage.tables import counting_word, decision, defect, inspection, unit

BASELINE_DAYS = 28
BASELINE = "baseline"
_BY_HASH = ("outline_px",)

# Table -> number of the row -> column -> value as JSON knows it. Models and specs are named by
# their hash, days of the baseline by their date.
Rows = dict[str, dict[str, dict[str, object]]]


def rows_of_shift(connection: Connection, place: ShiftPlace) -> Rows:
    """Every row that the report of a shift rests on, judgements that were replaced included."""
    here = (inspection.c.day == place.of.day) & (inspection.c.shift == place.of.shift)
    if place.of.line:
        here &= inspection.c.line == as_logged(place.of.line)
    numbers = select(inspection.c.id).where(here)
    notes = notes_with_words(connection, place)
    words = [word for _, said in notes for word in said]
    return {
        "inspection": _by_number(connection, select(inspection).where(here)),
        "defect": _by_number(connection, select(defect).where(defect.c.inspection_id.in_(numbers))),
        "decision": _by_number(
            connection, select(decision).where(decision.c.inspection_id.in_(numbers))
        ),
        "counting_word": _by_number(
            connection, select(counting_word).where(counting_word.c.inspection_id.in_(numbers))
        ),
        "unit": _by_number(connection, select(unit).where(_bodies_of(place, here))),
        "model": _names(connection, tables.model, inspection.c.model_sha256, here),
        "spec": _names(connection, tables.spec, inspection.c.spec_sha256, here),
        "shift_note": _by_number(
            connection,
            select(shift_note).where(shift_note.c.id.in_([n.id for n, _ in notes])),
        ),
        "shift_note_word": {str(word.id): _values(word._mapping) for word in words},
        BASELINE: _baseline(connection, place),
    }


def packed(rows: Rows) -> bytes:
    """The rows in a small space; `unpacked` answers the same."""
    return zlib.compress(_text(rows).encode(), 9)


def unpacked(content: bytes) -> Rows:
    """Raises ValueError when the bytes are not what `packed` made."""
    try:
        parts = json.loads(zlib.decompress(content))
        return {
            table: {
                number: dict(zip(part["columns"], values, strict=True))
                for number, values in zip(part["numbers"], part["rows"], strict=True)
            }
            for table, part in parts.items()
        }
    except (zlib.error, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"the sealed rows cannot be read ({error})") from None


def rows_sha256(rows: Rows) -> str:
    """Fingerprint of all rows: any changed value, missing or added row gives another one."""
    return hashlib.sha256(_text(rows).encode()).hexdigest()


def _text(rows: Rows) -> str:
    """Column names once a table, then the values: repeated names would be most of the text."""
    parts = {}
    for table, of_table in rows.items():
        columns = sorted(next(iter(of_table.values()), {}))
        parts[table] = {
            "columns": columns,
            "numbers": list(of_table),
            "rows": [[row[name] for name in columns] for row in of_table.values()],
        }
    return storable(canonical_json(parts))


def _by_number(connection: Connection, question: AnySelect) -> dict[str, dict[str, object]]:
    rows = connection.execute(question.order_by("id")).mappings()
    return {str(row["id"]): _values(row) for row in rows}


def _values(row: Values) -> dict[str, object]:
    values = {name: plain_value(value) for name, value in row.items()}
    for name in _BY_HASH:
        if name in values:
            text = storable(canonical_json(values[name]))
            values[name] = hashlib.sha256(text.encode()).hexdigest()
    return values


def _bodies_of(place: ShiftPlace, here: ColumnElement[bool]) -> ColumnElement[bool]:
    """Bodies that the shift saw, and bodies that count under it: the same unless one was moved."""
    first_here = (unit.c.first_day == place.of.day) & (unit.c.first_shift == place.of.shift)
    if place.of.line:
        first_here &= unit.c.first_line == as_logged(place.of.line)
    return first_here | unit.c.id.in_(select(inspection.c.unit_id).where(here))


def _names(
    connection: Connection, table: Table, used: Column[Any], here: ColumnElement[bool]
) -> dict[str, dict[str, object]]:
    rows = connection.execute(
        select(table.c.sha256, table.c.name)
        .where(table.c.sha256.in_(select(used).where(here)))
        .order_by(table.c.sha256)
    )
    return {row.sha256: {"name": row.name} for row in rows}


def _baseline(connection: Connection, place: ShiftPlace) -> dict[str, dict[str, object]]:
    where = LogFilter(
        first_day=place.of.day - timedelta(days=BASELINE_DAYS),
        last_day=place.of.day - timedelta(days=1),
        line=place.of.line,
    )
    return {
        day.isoformat(): {
            "units": found.units,
            "defects": found.defects,
            "passed_units": found.passed_units,
            "undecided_units": found.undecided_units,
            "unnumbered_photos": found.unnumbered_photos,
        }
        for day, found in counts_by_day(connection, where).items()
    }
