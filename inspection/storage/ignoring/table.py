"""The tables of ignore regions: written once, by triggers that the migration creates."""

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    UniqueConstraint,
)

from inspection.storage.column_types import PlainText, Structured, UtcDateTime
from inspection.storage.tables import inspection, metadata

# One version of the regions of a view. `photo_sha256`: of the reference photo, which may go; what
# is needed of it stands here: `picture`, a small grey JPEG, the photo's size and the corners of the
# calibration card in it. `regions`: [kind, [[x, y], …]] in pixels of that photo. Which version
# holds follows from the numbers and the audit chain (`inspection.storage.ignoring.versions`).
ignore_version = Table(
    "ignore_version",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("station", PlainText, nullable=False),
    Column("panel", PlainText, nullable=False),
    Column("view", PlainText, nullable=False),
    Column("photo_sha256", PlainText, nullable=False),
    Column("width_px", Integer, nullable=False),
    Column("height_px", Integer, nullable=False),
    Column("picture", LargeBinary, nullable=False),
    Column("picture_sha256", PlainText, nullable=False),
    Column("marker_px", Structured(list), nullable=False),
    Column("regions", Structured(list), nullable=False),
    Column("who", PlainText, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("reason", PlainText, nullable=False),
    Index("ix_ignore_version_place", "station", "panel", "view", "id"),
)

# The version that was held against the photo of an inspection, which is `id`. `error_percent`: of
# the registration, NULL without one. `regions`: as in `ignore_version`, in pixels of this photo.
ignore_check = Table(
    "ignore_check",
    metadata,
    Column("id", ForeignKey(inspection.c.id), primary_key=True, autoincrement=False),
    Column("version", ForeignKey(ignore_version.c.id), nullable=False),
    Column("view", PlainText, nullable=False),
    Column("error_percent", Float),
    Column("holds", Boolean, nullable=False),
    Column("by", PlainText, nullable=False),
    Column("regions", Structured(list), nullable=False),
)

# A mark that was seen and not judged, beside `defect`, so that no count holds it. `number`: place
# among the marks of its inspection, from 0. `kind`: of the ignore region that holds it.
ignored_mark = Table(
    "ignored_mark",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("inspection_id", ForeignKey(inspection.c.id), nullable=False),
    Column("number", Integer, nullable=False),
    Column("kind", PlainText, nullable=False),
    Column("type", PlainText, nullable=False),
    Column("score", Float, nullable=False),
    Column("area_px", Integer, nullable=False),
    Column("length_px", Float, nullable=False),
    Column("width_px", Float, nullable=False),
    Column("width_error_px", Float),
    Column("x_px", Integer, nullable=False),
    Column("y_px", Integer, nullable=False),
    Column("box_width_px", Integer, nullable=False),
    Column("box_height_px", Integer, nullable=False),
    Column("outline_px", Structured(list), nullable=False),
    Column("position_x", Float, nullable=False),
    Column("position_y", Float, nullable=False),
    UniqueConstraint("inspection_id", "number"),
)
