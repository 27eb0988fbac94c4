"""The versions of the acceptance spec that people saved; their texts stand in `spec`.

Append-only, by triggers that the migration creates. Which one is in force follows from the audit
chain (`inspection.storage.specs.versions`).
"""

from sqlalchemy import Column, ForeignKey, Integer, Table

from inspection.storage.column_types import PlainText, UtcDateTime
from inspection.storage.tables import metadata, spec

spec_version = Table(
    "spec_version",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("spec_sha256", ForeignKey(spec.c.sha256), nullable=False, unique=True),
    Column("who", PlainText, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("reason", PlainText, nullable=False),
)
