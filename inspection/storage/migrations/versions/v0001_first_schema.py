"""The first schema: log, roll-up and audit chain, with the triggers that keep them append-only.

A migration is history: it spells the tables out instead of importing them from `tables`.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = ("audit", "decision", "defect")

# A photo has one first inspection; the demo line shows its few photos as many bodies.
ONCE = "repeats IS NULL AND rejudges IS NULL AND photo_source <> 'demo'"

# What was seen stays as it was written; only the standing columns of an inspection may change.
INSPECTION_AS_SEEN = (
    "id",
    "request_id",
    "photo_sha256",
    "photo_name",
    "photo_source",
    "unit_id",
    "vehicle_model",
    "body_number",
    "panel",
    "colour",
    "station",
    "line",
    "inspector",
    "day",
    "shift",
    "inspected_at",
    "verdict",
    "reasons",
    "score",
    "quality",
    "mm_per_px",
    "scale_source",
    "region_threshold",
    "smallest_px",
    "peak",
    "ok_below",
    "reject_from",
    "model_sha256",
    "spec_sha256",
    "duration_ms",
    "defects",
    "defect_area_px",
    "defect_area_mm2",
    "longest_mm",
    "repeats",
    "rejudges",
    "is_first",
)

POSTGRESQL_REFUSAL = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' is append-only';
END $$
"""


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("inspection_id", sa.Integer(), nullable=True),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_inspection", "audit", ["inspection_id", "id"], unique=False)
    op.create_table(
        "daily_count",
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("shift", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("vehicle_model", sa.Text(), nullable=False),
        sa.Column("panel", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("rework_units", sa.Integer(), nullable=False),
        sa.Column("undecided_units", sa.Integer(), nullable=False),
        sa.Column("defects", sa.Integer(), nullable=False),
        sa.Column("measured", sa.Integer(), nullable=False),
        sa.Column("area_um2", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "level",
            "day",
            "shift",
            "line",
            "vehicle_model",
            "panel",
            "type",
            name=op.f("pk_daily_count"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "model",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("card", sa.Text(), nullable=True),
        sa.Column("first_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_model")),
    )
    op.create_table(
        "photo",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("width_px", sa.Integer(), nullable=False),
        sa.Column("height_px", sa.Integer(), nullable=False),
        sa.Column("captured_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_photo")),
    )
    op.create_table(
        "spec",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("first_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_spec")),
    )
    op.create_table(
        "unit",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("vehicle_model", sa.Text(), nullable=False),
        sa.Column("body_number", sa.Text(), nullable=False),
        sa.Column("photo_sha256", sa.Text(), nullable=False),
        sa.Column("colour", sa.Text(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("first_shift", sa.Text(), nullable=False),
        sa.Column("first_line", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit")),
        sa.UniqueConstraint(
            "vehicle_model", "body_number", "photo_sha256", name=op.f("uq_unit_vehicle_model")
        ),
    )
    op.create_index(
        "ix_unit_first", "unit", ["first_day", "first_shift", "first_line"], unique=False
    )
    op.create_table(
        "inspection",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("photo_sha256", sa.Text(), nullable=False),
        sa.Column("photo_name", sa.Text(), nullable=False),
        sa.Column("photo_source", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("vehicle_model", sa.Text(), nullable=False),
        sa.Column("body_number", sa.Text(), nullable=False),
        sa.Column("panel", sa.Text(), nullable=False),
        sa.Column("colour", sa.Text(), nullable=False),
        sa.Column("station", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("inspector", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("shift", sa.Text(), nullable=False),
        sa.Column("inspected_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("quality", sa.Text(), nullable=False),
        sa.Column("mm_per_px", sa.Float(), nullable=True),
        sa.Column("scale_source", sa.Text(), nullable=True),
        sa.Column("region_threshold", sa.Float(), nullable=False),
        sa.Column("smallest_px", sa.Integer(), nullable=False),
        sa.Column("peak", sa.Float(), nullable=False),
        sa.Column("ok_below", sa.Float(), nullable=False),
        sa.Column("reject_from", sa.Float(), nullable=False),
        sa.Column("model_sha256", sa.Text(), nullable=False),
        sa.Column("spec_sha256", sa.Text(), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("defects", sa.Integer(), nullable=False),
        sa.Column("defect_area_px", sa.BigInteger(), nullable=False),
        sa.Column("defect_area_mm2", sa.Float(), nullable=True),
        sa.Column("longest_mm", sa.Float(), nullable=True),
        sa.Column("repeats", sa.Integer(), nullable=True),
        sa.Column("rejudges", sa.Integer(), nullable=True),
        sa.Column("is_first", sa.Boolean(), nullable=False),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("disposition", sa.Text(), nullable=False),
        sa.Column("decision_id", sa.Integer(), nullable=True),
        sa.Column("last_decision_id", sa.Integer(), nullable=True),
        sa.Column("superseded_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["model_sha256"], ["model.sha256"], name=op.f("fk_inspection_model_sha256")
        ),
        sa.ForeignKeyConstraint(
            ["photo_sha256"], ["photo.sha256"], name=op.f("fk_inspection_photo_sha256")
        ),
        sa.ForeignKeyConstraint(
            ["rejudges"], ["inspection.id"], name=op.f("fk_inspection_rejudges")
        ),
        sa.ForeignKeyConstraint(["repeats"], ["inspection.id"], name=op.f("fk_inspection_repeats")),
        sa.ForeignKeyConstraint(
            ["spec_sha256"], ["spec.sha256"], name=op.f("fk_inspection_spec_sha256")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_inspection_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspection")),
        sa.UniqueConstraint("request_id", name=op.f("uq_inspection_request_id")),
    )
    op.create_index("ix_inspection_body_number", "inspection", ["body_number", "id"], unique=False)
    op.create_index("ix_inspection_disposition", "inspection", ["disposition", "id"], unique=False)
    op.create_index("ix_inspection_inspector", "inspection", ["inspector", "id"], unique=False)
    op.create_index("ix_inspection_panel", "inspection", ["panel", "id"], unique=False)
    op.create_index("ix_inspection_photo", "inspection", ["photo_sha256", "id"], unique=False)
    op.create_index("ix_inspection_slot", "inspection", ["day", "shift", "line"], unique=False)
    op.create_index("ix_inspection_standing", "inspection", ["standing", "id"], unique=False)
    op.create_index(
        "ix_inspection_unit",
        "inspection",
        ["unit_id", "is_first", "superseded_by", "panel", "standing"],
        unique=False,
    )
    op.create_index(
        "ix_inspection_vehicle_model", "inspection", ["vehicle_model", "id"], unique=False
    )
    op.create_index("ix_inspection_verdict", "inspection", ["verdict", "id"], unique=False)
    op.create_index(
        "uq_inspection_photo_once",
        "inspection",
        ["photo_sha256"],
        unique=True,
        sqlite_where=sa.text(ONCE),
        postgresql_where=sa.text(ONCE),
    )
    op.create_table(
        "decision",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("inspection_id", sa.Integer(), nullable=False),
        sa.Column("disposition", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("inspector", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaces", sa.Integer(), nullable=True),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["inspection_id"], ["inspection.id"], name=op.f("fk_decision_inspection_id")
        ),
        sa.ForeignKeyConstraint(["replaces"], ["decision.id"], name=op.f("fk_decision_replaces")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
    )
    op.create_index("ix_decision_inspection", "decision", ["inspection_id", "id"], unique=False)
    op.create_table(
        "defect",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("inspection_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("vehicle_model", sa.Text(), nullable=False),
        sa.Column("panel", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=True),
        sa.Column("zone", sa.Text(), nullable=True),
        sa.Column("near_character_line", sa.Boolean(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("area_px", sa.Integer(), nullable=False),
        sa.Column("length_px", sa.Float(), nullable=False),
        sa.Column("width_px", sa.Float(), nullable=False),
        sa.Column("area_mm2", sa.Float(), nullable=True),
        sa.Column("length_mm", sa.Float(), nullable=True),
        sa.Column("width_mm", sa.Float(), nullable=True),
        sa.Column("x_px", sa.Integer(), nullable=False),
        sa.Column("y_px", sa.Integer(), nullable=False),
        sa.Column("box_width_px", sa.Integer(), nullable=False),
        sa.Column("box_height_px", sa.Integer(), nullable=False),
        sa.Column("outline_px", sa.Text(), nullable=False),
        sa.Column("position_x", sa.Float(), nullable=False),
        sa.Column("position_y", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["inspection_id"], ["inspection.id"], name=op.f("fk_defect_inspection_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_defect")),
        sa.UniqueConstraint("inspection_id", "number", name=op.f("uq_defect_inspection_id")),
    )
    op.create_index("ix_defect_place", "defect", ["vehicle_model", "panel", "day"], unique=False)
    op.create_index("ix_defect_type", "defect", ["type", "inspection_id"], unique=False)

    refuse = _refuse_on_sqlite
    if op.get_context().dialect.name == "postgresql":
        op.execute(POSTGRESQL_REFUSAL)
        refuse = _refuse_on_postgresql
    for table in APPEND_ONLY:
        refuse(table, "UPDATE")
        refuse(table, "DELETE")
    refuse("inspection", "DELETE")
    refuse("inspection", f"UPDATE OF {', '.join(INSPECTION_AS_SEEN)}")


def _refuse_on_sqlite(table: str, change: str) -> None:
    op.execute(
        f"CREATE TRIGGER {_name(table, change)} BEFORE {change} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    )


def _refuse_on_postgresql(table: str, change: str) -> None:
    op.execute(
        f"CREATE TRIGGER {_name(table, change)} BEFORE {change} ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )


def _name(table: str, change: str) -> str:
    return f"{table}_refuses_{change.split()[0].lower()}"
