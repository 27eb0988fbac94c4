"""Photos without a body number are no bodies any more: the roll-up holds them apart."""

import sqlalchemy as sa
from alembic import context, op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if context.is_offline_mode():
        return
    nameless = sa.text("SELECT 1 FROM unit WHERE body_number = '' LIMIT 1")
    if op.get_bind().execute(nameless).first():
        context.config.attributes["recount"] = True
