"""The shift leads' notes and the reports they signed: each row is written once."""

from sqlalchemy import (
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    UniqueConstraint,
)

from inspection.storage.column_types import PlainText, UtcDateTime
from inspection.storage.tables import metadata

# What the shift leads write beside the log. kind: "note" (of one shift) or "hand_over" (carried on
# until closed). starts_at: start of the shift it was written for; slots are put in order by it.
shift_note = Table(
    "shift_note",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("kind", PlainText, nullable=False),
    Column("day", Date, nullable=False),
    Column("shift", PlainText, nullable=False),
    Column("line", PlainText, nullable=False),
    Column("starts_at", UtcDateTime, nullable=False),
    Column("text", PlainText, nullable=False),
    Column("who", PlainText, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_shift_note_starts_at", "starts_at"),
)

# What became of a note: "closed", "withdrawn" or "reopened"; the last word counts.
shift_note_word = Table(
    "shift_note_word",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("note_id", ForeignKey("shift_note.id"), nullable=False),
    Column("word", PlainText, nullable=False),
    Column("reason", PlainText, nullable=False),
    Column("day", Date, nullable=False),
    Column("shift", PlainText, nullable=False),
    Column("starts_at", UtcDateTime, nullable=False),
    Column("who", PlainText, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_shift_note_word_note", "note_id", "id"),
)

# A shift report as it was when the outgoing lead signed it. data: its canonical JSON; row_values:
# the log's rows it was made from, packed by `sealed_rows`; both are named by their hash.
signed_report = Table(
    "signed_report",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("day", Date, nullable=False),
    Column("shift", PlainText, nullable=False),
    Column("line", PlainText, nullable=False),
    Column("layout", Integer, nullable=False),
    Column("data", PlainText, nullable=False),
    Column("data_sha256", PlainText, nullable=False),
    Column("row_values", LargeBinary, nullable=False),
    Column("rows_sha256", PlainText, nullable=False),
    Column("sealed_at", UtcDateTime, nullable=False),
    UniqueConstraint("day", "shift", "line"),
)

report_signature = Table(
    "report_signature",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("report_id", ForeignKey("signed_report.id"), nullable=False),
    Column("role", PlainText, nullable=False),
    Column("who", PlainText, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    UniqueConstraint("report_id", "role"),
)
