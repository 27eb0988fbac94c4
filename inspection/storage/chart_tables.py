"""The tables of the control charts and of the places that came back (repeat cases)."""

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, Table, UniqueConstraint

from inspection.storage.column_types import PlainText, Structured, UtcDateTime
from inspection.storage.tables import metadata

# What people said about control charts (`inspection.domain.chart_choice.ChartNote`). `chart`: the
# chart's code. A note is taken back by a later one of the same kind that names it in `withdraws`.
chart_note = Table(
    "chart_note",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("kind", PlainText, nullable=False),
    Column("chart", PlainText, nullable=False),
    Column("first_at", UtcDateTime, nullable=False),
    Column("last_at", UtcDateTime),
    Column("category", PlainText, nullable=False),
    Column("text", PlainText, nullable=False),
    Column("who", PlainText, nullable=False),
    Column("said_at", UtcDateTime, nullable=False),
    Column("withdraws", ForeignKey("chart_note.id"), unique=True),
)

# A signal that a chart gave, once: whoever checks second finds the row. `first_at`: beginning of
# the first point at which the rule held; `began_at`: of the run's first point.
chart_alert = Table(
    "chart_alert",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("chart", PlainText, nullable=False),
    Column("rule", PlainText, nullable=False),
    Column("above", Boolean, nullable=False),
    Column("first_at", UtcDateTime, nullable=False),
    Column("began_at", UtcDateTime, nullable=False),
    Column("value", Float, nullable=False),
    Column("bound", Float, nullable=False),
    Column("raised_at", UtcDateTime, nullable=False),
    UniqueConstraint("chart", "rule", "above", "first_at"),
    Index("ix_chart_alert_first", "first_at"),
)

# Attempts to tell an alert outside. The row is written before the attempt, so that two checkers
# never tell the same alert both. `outcome`: "" while under way, "sent" or "failed".
alert_delivery = Table(
    "alert_delivery",
    metadata,
    Column("alert_id", ForeignKey(chart_alert.c.id), primary_key=True),
    Column("channel", PlainText, primary_key=True),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("outcome", PlainText, nullable=False),
    Column("told", PlainText, nullable=False),
)

# A place of a panel that came back, opened by a person. Position in panel shares; `evidence`: what
# the search had found (k of n, chance, corrected p, the inspections), as it was then. Who looks
# after it and where it stands follows from its events. Both tables are append-only.
repeat_case = Table(
    "repeat_case",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("vehicle_model", PlainText, nullable=False),
    Column("panel", PlainText, nullable=False),
    Column("position_x", Float, nullable=False),
    Column("position_y", Float, nullable=False),
    Column("radius_mm", Float, nullable=False),
    Column("closes_after", Integer, nullable=False),
    Column("first_seen_at", UtcDateTime, nullable=False),
    Column("evidence", Structured(dict), nullable=False),
)

repeat_case_event = Table(
    "repeat_case_event",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("case_id", ForeignKey(repeat_case.c.id), nullable=False),
    Column("kind", PlainText, nullable=False),
    Column("state", PlainText, nullable=False),
    Column("owner", PlainText, nullable=False),
    Column("note", PlainText, nullable=False),
    Column("who", PlainText, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("undoes", ForeignKey("repeat_case_event.id")),
    Index("ix_repeat_case_event_case", "case_id", "id"),
)
