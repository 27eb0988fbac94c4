"""How far a photo's scale may be off: older rows do not say."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("inspection", sa.Column("scale_error_percent", sa.Float(), nullable=True))
