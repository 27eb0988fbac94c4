"""What people say a plant's inspection costs and saves: kept version by version."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cost_estimate",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("plant", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("inputs", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cost_estimate")),
    )
    op.create_index("ix_cost_estimate_plant", "cost_estimate", ["plant", "id"], unique=False)
    on_postgresql = op.get_context().dialect.name == "postgresql"
    for change in ("UPDATE", "DELETE"):
        # The function that refuses on PostgreSQL came with the first schema.
        does = (
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
            if on_postgresql
            else "BEGIN SELECT RAISE(ABORT, 'cost_estimate is append-only'); END"
        )
        op.execute(
            f"CREATE TRIGGER cost_estimate_refuses_{change.lower()} BEFORE {change} "
            f"ON cost_estimate {does}"
        )
