"""How far a defect's width may be off: older rows took the mask's width and do not say."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("defect", sa.Column("width_error_px", sa.Float(), nullable=True))
