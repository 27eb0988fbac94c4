"""The table of corrections: written once, like all that people say."""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table

from inspection.storage.column_types import PlainText, Structured, UtcDateTime
from inspection.storage.tables import inspection, metadata

# One photo's regions as a person drew them, beside the machine's record, which stays as it is; the
# last one stands. `mask_sha256` names the PNG among the photo's files. `regions`: [n, type, px] in
# the order of the defects in `judgement` (verdict, reasons and defects as the domain has them).
# `overlaps`: [place of the machine's defect, n, px].
correction = Table(
    "correction",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("inspection_id", ForeignKey(inspection.c.id), nullable=False),
    Column("based_on", ForeignKey("correction.id")),
    Column("who", PlainText, nullable=False),
    Column("reason", PlainText, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("mask_sha256", PlainText, nullable=False),
    Column("regions", Structured(list), nullable=False),
    Column("overlaps", Structured(list), nullable=False),
    Column("judgement", Structured(dict), nullable=False),
    Column("duration_ms", Integer, nullable=False),
    Index("ix_correction_inspection", "inspection_id", "id"),
)
