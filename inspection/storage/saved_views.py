"""Lists that people come back to: a name, a filter and columns, kept for everyone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, insert, select, update

from inspection.domain.letters import name_of_person, refuse_unreadable
from inspection.errors import NotFound, ViewExists, ViewRefused
from inspection.storage.audit import append_event
from inspection.storage.column_types import AnyRow
from inspection.storage.database import looking, next_number, writing
from inspection.storage.tables import saved_view

LONGEST_NAME = 60
# Of one part of an address; the longest names all columns of the list.
MOST_PARAMETER_LETTERS = 1000


@dataclass(frozen=True, slots=True)
class SavedView:
    """One kept list. parameters: what the address of the Log page holds, by name.

    made_by, made_at: who kept it first; changed_by, changed_at: who last wrote over it.
    """

    id: int
    name: str
    parameters: Mapping[str, str]
    made_by: str
    made_at: datetime
    changed_by: str
    changed_at: datetime


def saved_views(engine: Engine) -> tuple[SavedView, ...]:
    """All that are kept, by name."""
    question = select(saved_view).where(saved_view.c.deleted_at.is_(None))
    with looking(engine) as connection:
        views = [_view(row) for row in connection.execute(question)]
    return tuple(sorted(views, key=lambda view: view.name.casefold()))


def find_view(engine: Engine, number: int) -> SavedView:
    """Raises NotFound for a number that was never given, or was deleted."""
    with looking(engine) as connection:
        row = connection.execute(select(saved_view).where(saved_view.c.id == number)).first()
    if row is None or row.deleted_at is not None:
        raise NotFound("view_unknown", number=number)
    return _view(row)


def save_view(
    engine: Engine,
    name: str,
    parameters: Mapping[str, str],
    who: str,
    at: datetime,
    *,
    overwrite: bool = False,
) -> int:
    """Keep a list under a name; answers its number, which stays when it is written over.

    Raises ViewRefused without a name of the list or of the person, ViewExists when the name is
    taken and `overwrite` was not asked for.
    """
    name = " ".join(name.split())
    if not 0 < len(name) <= LONGEST_NAME:
        raise ViewRefused("view_name", most=LONGEST_NAME)
    who = name_of_person(who, ViewRefused)
    for field, text in parameters.items():
        refuse_unreadable(field, text, MOST_PARAMETER_LETTERS, ViewRefused)
    with writing(engine) as connection:
        taken = _living(connection, name)
        if taken and not overwrite:
            raise ViewExists("view_taken", name=name, who=taken.changed_by)
        said = {"changed_by": who, "changed_at": at, "parameters": dict(parameters)}
        if taken:
            number = taken.id
            connection.execute(update(saved_view).where(saved_view.c.id == number).values(**said))
        else:
            number = next_number(connection, saved_view)
            row = {"id": number, "name": name, "made_by": who, "made_at": at, **said}
            connection.execute(insert(saved_view).values(**row))
        _told(connection, "view_saved", who, number, name, parameters=dict(parameters))
    return number


def delete_view(engine: Engine, number: int, who: str, at: datetime) -> None:
    """Take a list away; `restore_view` brings it back. Raises ViewRefused without a name."""
    who = name_of_person(who, ViewRefused)
    with writing(engine) as connection:
        row = connection.execute(select(saved_view).where(saved_view.c.id == number)).first()
        if row is None or row.deleted_at is not None:
            raise NotFound("view_unknown", number=number)
        _mark_deleted(connection, number, at)
        _told(connection, "view_deleted", who, number, row.name)


def restore_view(engine: Engine, number: int, who: str) -> None:
    """Bring a deleted list back; raises ViewExists when its name was given to another one."""
    with writing(engine) as connection:
        row = connection.execute(select(saved_view).where(saved_view.c.id == number)).first()
        if row is None or row.deleted_at is None:
            raise NotFound("view_not_deleted", number=number)
        taken = _living(connection, row.name)
        if taken:
            raise ViewExists("view_taken", name=row.name, who=taken.changed_by)
        _mark_deleted(connection, number, None)
        _told(connection, "view_restored", who.strip(), number, row.name)


def _living(connection: Connection, name: str) -> AnyRow | None:
    return connection.execute(
        select(saved_view).where(saved_view.c.name == name, saved_view.c.deleted_at.is_(None))
    ).first()


def _mark_deleted(connection: Connection, number: int, at: datetime | None) -> None:
    connection.execute(update(saved_view).where(saved_view.c.id == number).values(deleted_at=at))


def _told(
    connection: Connection, kind: str, who: str, number: int, name: str, **more: object
) -> None:
    append_event(connection, kind, who, {"view": number, "name": name, **more})


def _view(row: AnyRow) -> SavedView:
    return SavedView(
        row.id,
        row.name,
        row.parameters,
        row.made_by,
        row.made_at,
        row.changed_by,
        row.changed_at,
    )
