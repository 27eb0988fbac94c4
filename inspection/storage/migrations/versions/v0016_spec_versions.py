"""Acceptance specs that people save as versions: which number, who, when and why."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "spec_version",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("spec_sha256", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["spec_sha256"], ["spec.sha256"], name=op.f("fk_spec_version_spec_sha256")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spec_version")),
        sa.UniqueConstraint("spec_sha256", name=op.f("uq_spec_version_spec_sha256")),
    )
    on_postgresql = op.get_context().dialect.name == "postgresql"
    for change in ("UPDATE", "DELETE"):
        # The function that refuses on PostgreSQL came with the first schema.
        does = (
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
            if on_postgresql
            else "BEGIN SELECT RAISE(ABORT, 'spec_version is append-only'); END"
        )
        op.execute(
            f"CREATE TRIGGER spec_version_refuses_{change.lower()} BEFORE {change} "
            f"ON spec_version {does}"
        )
