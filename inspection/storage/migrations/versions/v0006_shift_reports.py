"""Notes, hand-over items and signed shift reports, append-only."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0003"
branch_labels = None
depends_on = None

APPEND_ONLY = ("shift_note", "shift_note_word", "signed_report", "report_signature")


def upgrade() -> None:
    op.create_table(
        "shift_note",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("shift", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shift_note")),
    )
    op.create_index("ix_shift_note_starts_at", "shift_note", ["starts_at"], unique=False)
    op.create_table(
        "shift_note_word",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("note_id", sa.Integer(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("shift", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["note_id"], ["shift_note.id"], name=op.f("fk_shift_note_word_note_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shift_note_word")),
    )
    op.create_index("ix_shift_note_word_note", "shift_note_word", ["note_id", "id"], unique=False)
    op.create_table(
        "signed_report",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("shift", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("layout", sa.Integer(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("data_sha256", sa.Text(), nullable=False),
        sa.Column("row_values", sa.LargeBinary(), nullable=False),
        sa.Column("rows_sha256", sa.Text(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signed_report")),
        sa.UniqueConstraint("day", "shift", "line", name=op.f("uq_signed_report_day")),
    )
    op.create_table(
        "report_signature",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("report_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["report_id"], ["signed_report.id"], name=op.f("fk_report_signature_report_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_signature")),
        sa.UniqueConstraint("report_id", "role", name=op.f("uq_report_signature_report_id")),
    )
    for table in APPEND_ONLY:
        for change in ("UPDATE", "DELETE"):
            refuse_change(table, change)


def refuse_change(table: str, change: str) -> None:
    """A trigger as the first schema makes them; PostgreSQL has their function from there."""
    name = f"{table}_refuses_{change.lower()}"
    if op.get_context().dialect.name == "postgresql":
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {change} ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
    else:
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {change} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
