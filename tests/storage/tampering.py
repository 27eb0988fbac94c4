"""A hand in the database, past the triggers that forbid it."""

from sqlalchemy import Connection, inspect, text

from inspection.storage.database import writing


def tamper(engine, *statements):
    """Change the log as somebody would who takes the triggers away first."""
    with writing(engine) as connection:
        _unlock(connection)
        for statement in statements:
            connection.execute(text(statement))


def _unlock(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        names = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))
        for name in list(names.scalars()):
            connection.execute(text(f"DROP TRIGGER {name}"))
        return
    for table in inspect(connection).get_table_names():
        connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
