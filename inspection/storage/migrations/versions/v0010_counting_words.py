"""What is said about whether an inspection counts, and which ones are left out of the figures."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "counting_word",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("inspection_id", sa.Integer(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["inspection_id"], ["inspection.id"], name=op.f("fk_counting_word_inspection_id")
        ),
        sa.ForeignKeyConstraint(
            ["other_id"], ["inspection.id"], name=op.f("fk_counting_word_other_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_counting_word")),
    )
    op.create_index(
        "ix_counting_word_inspection", "counting_word", ["inspection_id", "id"], unique=False
    )
    op.create_table(
        "left_out",
        sa.Column("inspection_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["inspection_id"], ["inspection.id"], name=op.f("fk_left_out_inspection_id")
        ),
        sa.PrimaryKeyConstraint("inspection_id", name=op.f("pk_left_out")),
    )
    on_postgresql = op.get_context().dialect.name == "postgresql"
    for change in ("UPDATE", "DELETE"):
        # The function that refuses on PostgreSQL came with the first schema.
        does = (
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
            if on_postgresql
            else "BEGIN SELECT RAISE(ABORT, 'counting_word is append-only'); END"
        )
        op.execute(
            f"CREATE TRIGGER counting_word_refuses_{change.lower()} BEFORE {change} "
            f"ON counting_word {does}"
        )
