"""Finding one's way in the log: what stands beside a place, and how far down the list it is.

Places are inspection ids, never row numbers: a list that grows at its top keeps its pages.
"""

from dataclasses import dataclass

from sqlalchemy import Engine, func, select

from inspection.storage.database import looking
from inspection.storage.log_filter import LogFilter, chosen
from inspection.storage.tables import inspection


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The inspections beside one of the list, None at its ends."""

    newer: int | None
    older: int | None


def newer_than(engine: Engine, where: LogFilter, number: int) -> int:
    """How many chosen inspections are newer than this one: its place in the list, from 0."""
    question = select(func.count()).select_from(inspection)
    with looking(engine) as connection:
        return connection.scalar(question.where(chosen(where), inspection.c.id > number))


def neighbours(engine: Engine, where: LogFilter, number: int) -> Neighbours:
    """The chosen inspections next to this one, which need not be chosen itself."""
    newer = select(func.min(inspection.c.id)).where(chosen(where), inspection.c.id > number)
    older = select(func.max(inspection.c.id)).where(chosen(where), inspection.c.id < number)
    with looking(engine) as connection:
        return Neighbours(connection.scalar(newer), connection.scalar(older))


def page_above(engine: Engine, where: LogFilter, first: int, limit: int) -> int | None:
    """What `log_page` wants as `after` for the page above the one that starts with `first`.

    None when that is the newest page.
    """
    above = (
        select(inspection.c.id)
        .where(chosen(where), inspection.c.id > first)
        .order_by(inspection.c.id)
        .limit(limit + 1)
        .subquery()
    )
    with looking(engine) as connection:
        found, highest = connection.execute(
            select(func.count(), func.max(above.c.id)).select_from(above)
        ).one()
    return highest if found > limit else None
