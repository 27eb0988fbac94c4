"""Logs as earlier versions of the program left them, written by today's."""

from contextlib import contextmanager

from inspection.storage import tables
from inspection.storage.database import writing


@contextmanager
def lent_tables(engine):
    """Tables that today's writers and readers ask and that an old schema does not have yet."""
    lent = [tables.counting_word, tables.left_out, tables.first_changed, tables.demo_load]
    with writing(engine) as connection:
        tables.metadata.create_all(connection, lent)
    yield
    with writing(engine) as connection:
        tables.metadata.drop_all(connection, lent)
