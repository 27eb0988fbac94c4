"""Logs as earlier versions of the program left them, written by today's."""

from contextlib import contextmanager

from sqlalchemy import text

from inspection.storage import tables
from inspection.storage.correcting.table import correction
from inspection.storage.database import writing
from inspection.storage.ignoring.table import ignore_check, ignore_version, ignored_mark


@contextmanager
def lent_tables(engine):
    """What today's writers and readers ask for and an old schema does not have yet."""
    lent = [tables.counting_word, tables.left_out, tables.first_changed, tables.demo_load]
    lent += [correction, ignore_version, ignore_check, ignored_mark]
    with writing(engine) as connection:
        tables.metadata.create_all(connection, lent)
        connection.execute(text("ALTER TABLE defect ADD COLUMN width_error_px FLOAT"))
        connection.execute(text("ALTER TABLE inspection ADD COLUMN scale_error_percent FLOAT"))
    yield
    with writing(engine) as connection:
        tables.metadata.drop_all(connection, lent)
        connection.execute(text("ALTER TABLE defect DROP COLUMN width_error_px"))
        connection.execute(text("ALTER TABLE inspection DROP COLUMN scale_error_percent"))
