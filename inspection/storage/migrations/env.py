"""Runs the migrations inside the transaction that `prepare` holds, or prints them as SQL."""

from alembic import context

from inspection.storage.counting import recount
from inspection.storage.tables import metadata

if context.is_offline_mode():
    context.configure(
        dialect_name=context.config.get_main_option("dialect", "postgresql"),
        target_metadata=metadata,
        literal_binds=True,
    )
else:
    context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)

with context.begin_transaction():
    context.run_migrations()
    if context.config.attributes.get("recount"):
        # A migration has changed what counts: the roll-up follows, by the rules of today.
        recount(context.config.attributes["connection"])
