"""Where a body's first visit is left out its next one is the first: such logs are counted anew."""

import sqlalchemy as sa
from alembic import context, op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "first_changed",
        sa.Column("inspection_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["inspection_id"], ["inspection.id"], name=op.f("fk_first_changed_inspection_id")
        ),
        sa.PrimaryKeyConstraint("inspection_id", name=op.f("pk_first_changed")),
    )
    if context.is_offline_mode():
        return
    if op.get_bind().execute(sa.text("SELECT 1 FROM left_out LIMIT 1")).first():
        context.config.attributes["recount"] = True
