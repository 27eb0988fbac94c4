"""Holds on photos of the review queue: each function is one transaction.

Writers come one after the other on both databases (`database.writing`), and a photo has one row: of
two people who want it at once, the second finds the first one's. Moments are those of `clock`: the
clocks of two servers may differ by more than a hold lasts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from inspection.storage.column_types import UtcDateTime
from inspection.storage.database import looking, writing
from inspection.storage.review.table import review_hold
from inspection.storage.review.waiting import still_waits
from inspection.storage.tables import inspection

# How long a photo stays with whoever closed the page without giving it back.
LASTS = timedelta(minutes=5)
# A page left open renews its holds, but no longer than this after the person last did something.
LONGEST_IDLE = timedelta(minutes=30)
_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Hold:
    """A photo in somebody's hands. holder: the tab of `who`; seen_at, until: UTC."""

    inspection_id: int
    who: str
    holder: str
    seen_at: datetime
    until: datetime


def clock(engine: Engine) -> datetime:
    """The moment (UTC) by the database's own clock, which all servers share."""
    with looking(engine) as connection:
        return connection.execute(select(func.now(type_=UtcDateTime()))).scalar_one()


def holds(engine: Engine, now: datetime) -> dict[int, Hold]:
    """Every hold that has not run out, by inspection."""
    with looking(engine) as connection:
        return _standing(connection, now)


def take(
    engine: Engine,
    wanted: Sequence[int],
    who: str,
    holder: str,
    now: datetime,
    *,
    most: int,
    asked: int | None = None,
) -> tuple[int, ...]:
    """Hold the first `most` of these photos that nobody else holds and that still wait.

    Answers their numbers in the order of `wanted`; all other photos of this holder are free again.
    asked: a photo that is taken over from another tab of the same person, after a reload: all
    that the tab held comes over with it.
    """
    with writing(engine) as connection:
        connection.execute(delete(review_hold).where(review_hold.c.until <= now))
        held = _standing(connection, now)
        if asked in held and held[asked].who == who:
            is_of_tab = review_hold.c.holder == held[asked].holder
            connection.execute(update(review_hold).where(is_of_tab).values(holder=holder))
            held = _standing(connection, now)
        free = [one for one in wanted if one not in held or held[one].holder == holder]
        got = _first_waiting(connection, free, most)
        mine = review_hold.c.holder == holder
        connection.execute(delete(review_hold).where(mine, review_hold.c.inspection_id.not_in(got)))
        values = {"who": who, "seen_at": now, "until": now + LASTS}
        for number in got:
            same = review_hold.c.inspection_id == number
            kept = connection.execute(update(review_hold).where(mine, same).values(values))
            if not kept.rowcount:
                row = {"inspection_id": number, "holder": holder, **values}
                connection.execute(insert(review_hold), [row])
    return tuple(got)


def renew(engine: Engine, holder: str, now: datetime) -> None:
    """A page that is still open keeps what it holds, unless nobody has touched it for long."""
    with writing(engine) as connection:
        connection.execute(
            update(review_hold)
            .where(
                review_hold.c.holder == holder,
                review_hold.c.until > now,
                review_hold.c.seen_at > now - LONGEST_IDLE,
            )
            .values(until=now + LASTS)
        )


def give_back(engine: Engine, holder: str) -> None:
    """Free everything that this tab holds."""
    with writing(engine) as connection:
        connection.execute(delete(review_hold).where(review_hold.c.holder == holder))


def _standing(connection: Connection, now: datetime) -> dict[int, Hold]:
    rows = connection.execute(select(review_hold).where(review_hold.c.until > now))
    return {row.inspection_id: Hold(*row) for row in rows}


def _first_waiting(connection: Connection, numbers: Sequence[int], most: int) -> list[int]:
    """The first of these photos that no one has decided meanwhile."""
    found: list[int] = []
    for start in range(0, len(numbers), _AT_ONCE):
        some = numbers[start : start + _AT_ONCE]
        question = select(inspection.c.id).where(inspection.c.id.in_(some), still_waits())
        waits = set(connection.scalars(question))
        found += [one for one in some if one in waits]
        if len(found) >= most:
            break
    return found[:most]
