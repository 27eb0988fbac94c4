"""Where on the body: cases about repeat positions, and the indexes that count places alone."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0006"
branch_labels = None
depends_on = None

APPEND_ONLY = ("repeat_case", "repeat_case_event")

PLACE = ["vehicle_model", "panel", "day"]
WHOLE_PLACE = [*PLACE, "inspection_id", "type", "zone", "position_x", "position_y"]


def upgrade() -> None:
    op.create_table(
        "repeat_case",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("vehicle_model", sa.Text(), nullable=False),
        sa.Column("panel", sa.Text(), nullable=False),
        sa.Column("position_x", sa.Float(), nullable=False),
        sa.Column("position_y", sa.Float(), nullable=False),
        sa.Column("radius_mm", sa.Float(), nullable=False),
        sa.Column("closes_after", sa.Integer(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repeat_case")),
    )
    op.create_table(
        "repeat_case_event",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undoes", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"], ["repeat_case.id"], name=op.f("fk_repeat_case_event_case_id")
        ),
        sa.ForeignKeyConstraint(
            ["undoes"], ["repeat_case_event.id"], name=op.f("fk_repeat_case_event_undoes")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repeat_case_event")),
    )
    op.create_index(
        "ix_repeat_case_event_case", "repeat_case_event", ["case_id", "id"], unique=False
    )
    op.drop_index("ix_defect_place", table_name="defect")
    op.create_index("ix_defect_place", "defect", WHOLE_PLACE, unique=False)
    op.create_index(
        "ix_inspection_not_counted",
        "inspection",
        ["day"],
        unique=False,
        # Each database finds the index only in its own words.
        sqlite_where=sa.text("is_first = 0 OR superseded_by IS NOT NULL"),
        postgresql_where=sa.text("NOT is_first OR superseded_by IS NOT NULL"),
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
