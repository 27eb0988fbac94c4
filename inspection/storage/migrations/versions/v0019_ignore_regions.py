"""Ignore regions of a station's photos, and what they were on each photo."""

import sqlalchemy as sa
from alembic import op

from inspection.storage.column_types import PlainText, Structured, UtcDateTime

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ignore_version",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("station", PlainText(), nullable=False),
        sa.Column("panel", PlainText(), nullable=False),
        sa.Column("view", PlainText(), nullable=False),
        sa.Column("photo_sha256", PlainText(), nullable=False),
        sa.Column("width_px", sa.Integer(), nullable=False),
        sa.Column("height_px", sa.Integer(), nullable=False),
        sa.Column("picture", sa.LargeBinary(), nullable=False),
        sa.Column("picture_sha256", PlainText(), nullable=False),
        sa.Column("marker_px", Structured(list), nullable=False),
        sa.Column("regions", Structured(list), nullable=False),
        sa.Column("who", PlainText(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("reason", PlainText(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ignore_version")),
    )
    op.create_index(
        "ix_ignore_version_place",
        "ignore_version",
        ["station", "panel", "view", "id"],
        unique=False,
    )
    op.create_table(
        "ignore_check",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("view", PlainText(), nullable=False),
        sa.Column("error_percent", sa.Float(), nullable=True),
        sa.Column("holds", sa.Boolean(), nullable=False),
        sa.Column("by", PlainText(), nullable=False),
        sa.Column("regions", Structured(list), nullable=False),
        sa.ForeignKeyConstraint(["id"], ["inspection.id"], name=op.f("fk_ignore_check_id")),
        sa.ForeignKeyConstraint(
            ["version"], ["ignore_version.id"], name=op.f("fk_ignore_check_version")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ignore_check")),
    )
    op.create_table(
        "ignored_mark",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("inspection_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", PlainText(), nullable=False),
        sa.Column("type", PlainText(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("area_px", sa.Integer(), nullable=False),
        sa.Column("length_px", sa.Float(), nullable=False),
        sa.Column("width_px", sa.Float(), nullable=False),
        sa.Column("width_error_px", sa.Float(), nullable=True),
        sa.Column("x_px", sa.Integer(), nullable=False),
        sa.Column("y_px", sa.Integer(), nullable=False),
        sa.Column("box_width_px", sa.Integer(), nullable=False),
        sa.Column("box_height_px", sa.Integer(), nullable=False),
        sa.Column("outline_px", Structured(list), nullable=False),
        sa.Column("position_x", sa.Float(), nullable=False),
        sa.Column("position_y", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["inspection_id"], ["inspection.id"], name=op.f("fk_ignored_mark_inspection_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ignored_mark")),
        sa.UniqueConstraint("inspection_id", "number", name=op.f("uq_ignored_mark_inspection_id")),
    )
    on_postgresql = op.get_context().dialect.name == "postgresql"
    for table in ("ignore_version", "ignore_check", "ignored_mark"):
        for change in ("UPDATE", "DELETE"):
            # The function that refuses on PostgreSQL came with the first schema.
            does = (
                "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
                if on_postgresql
                else f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
            op.execute(
                f"CREATE TRIGGER {table}_refuses_{change.lower()} BEFORE {change} ON {table} {does}"
            )
