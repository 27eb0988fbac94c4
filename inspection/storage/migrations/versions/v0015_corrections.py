"""What people drew over the machine's regions."""

import sqlalchemy as sa
from alembic import op

from inspection.storage.column_types import PlainText, Structured, UtcDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "correction",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("inspection_id", sa.Integer(), nullable=False),
        sa.Column("based_on", sa.Integer(), nullable=True),
        sa.Column("who", PlainText(), nullable=False),
        sa.Column("reason", PlainText(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("mask_sha256", PlainText(), nullable=False),
        sa.Column("regions", Structured(list), nullable=False),
        sa.Column("overlaps", Structured(list), nullable=False),
        sa.Column("judgement", Structured(dict), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["inspection_id"], ["inspection.id"], name=op.f("fk_correction_inspection_id")
        ),
        sa.ForeignKeyConstraint(
            ["based_on"], ["correction.id"], name=op.f("fk_correction_based_on")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correction")),
    )
    op.create_index("ix_correction_inspection", "correction", ["inspection_id", "id"], unique=False)
    on_postgresql = op.get_context().dialect.name == "postgresql"
    for change in ("UPDATE", "DELETE"):
        # The function that refuses on PostgreSQL came with the first schema.
        does = (
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
            if on_postgresql
            else "BEGIN SELECT RAISE(ABORT, 'correction is append-only'); END"
        )
        op.execute(
            f"CREATE TRIGGER correction_refuses_{change.lower()} BEFORE {change} "
            f"ON correction {does}"
        )
