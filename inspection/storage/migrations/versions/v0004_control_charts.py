"""Control charts: what people said about them, the signals they gave, and who was told."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0001"
branch_labels = None
depends_on = None

APPEND_ONLY = ("chart_note", "chart_alert")


def upgrade() -> None:
    op.create_table(
        "chart_note",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("chart", sa.Text(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdraws", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["withdraws"], ["chart_note.id"], name=op.f("fk_chart_note_withdraws")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chart_note")),
        sa.UniqueConstraint("withdraws", name=op.f("uq_chart_note_withdraws")),
    )
    op.create_table(
        "chart_alert",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("chart", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("above", sa.Boolean(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("bound", sa.Float(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chart_alert")),
        sa.UniqueConstraint(
            "chart", "rule", "above", "first_at", name=op.f("uq_chart_alert_chart")
        ),
    )
    op.create_index("ix_chart_alert_first", "chart_alert", ["first_at"], unique=False)
    op.create_table(
        "alert_delivery",
        sa.Column("alert_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["chart_alert.id"], name=op.f("fk_alert_delivery_alert_id")
        ),
        sa.PrimaryKeyConstraint("alert_id", "channel", "attempt", name=op.f("pk_alert_delivery")),
    )
    on_postgresql = op.get_context().dialect.name == "postgresql"
    for table in APPEND_ONLY:
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
