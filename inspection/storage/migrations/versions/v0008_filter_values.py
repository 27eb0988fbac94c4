"""Indexes by which the values of every filter are found without reading all inspections."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

COLUMNS = ("shift", "line", "station", "colour")


def upgrade() -> None:
    for name in COLUMNS:
        op.create_index(f"ix_inspection_{name}", "inspection", [name, "id"], unique=False)
