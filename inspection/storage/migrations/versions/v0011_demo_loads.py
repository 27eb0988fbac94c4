"""What the demo line was loaded with, and when it was taken out again."""

import sqlalchemy as sa
from alembic import op

from inspection.storage.column_types import PlainText, Structured, UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "demo_load",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("who", PlainText(), nullable=False),
        sa.Column("plan", Structured(dict), nullable=False),
        sa.Column("begun_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("removed_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_demo_load")),
    )
