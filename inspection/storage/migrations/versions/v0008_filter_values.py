"""Indexes for the values of every filter, and for the last bodies of a vehicle model."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

COLUMNS = ("shift", "line", "station", "colour")


def upgrade() -> None:
    for name in COLUMNS:
        op.create_index(f"ix_inspection_{name}", "inspection", [name, "id"], unique=False)
    op.create_index("ix_unit_vehicle_model", "unit", ["vehicle_model", "id"], unique=False)
