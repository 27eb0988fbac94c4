"""Who looks at which photo: one photo, and the next one, for each tab."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from inspection.services.station import Station
from inspection.storage.review import holds
from inspection.storage.review.holds import Hold

# How often an open page renews its holds; what is younger is not written again.
RENEWED_EVERY = timedelta(minutes=1)


def clock(station: Station) -> datetime:
    """The moment (UTC) by which holds run out, the same for every server of this log."""
    return holds.clock(station.engine)


def held(station: Station, now: datetime) -> Mapping[int, Hold]:
    """Every hold that has not run out, by inspection; now: of `clock`."""
    return holds.holds(station.engine, now)


def take(
    station: Station,
    wanted: Sequence[int],
    passed: Sequence[int],
    who: str,
    holder: str,
    now: datetime,
    *,
    most: int = 2,
    asked: int | None = None,
) -> tuple[int, ...]:
    """As `holds.take`; what this tab holds already it keeps before the rest of `wanted`.

    passed: photos that the person has passed over, which come after all others. Nothing is written
    where nothing changes.
    """
    standing = held(station, now)
    kept = [one for one in wanted if one in standing and standing[one].holder == holder]
    first = [asked] if asked is not None else []
    order = list(dict.fromkeys([*first, *kept, *wanted, *passed]))
    best, mine = order[:most], {one for one, hold in standing.items() if hold.holder == holder}
    is_fresh = all(standing[one].seen_at > now - RENEWED_EVERY for one in mine)
    if len(best) == most and set(best) == mine and is_fresh:
        return tuple(best)
    if not order and not mine:
        return ()
    return holds.take(station.engine, order, who, holder, now, most=most, asked=asked)


def renew(station: Station, holder: str, now: datetime) -> None:
    """The page is still open."""
    holds.renew(station.engine, holder, now)


def give_back(station: Station, holder: str) -> None:
    """Free everything that this tab holds."""
    holds.give_back(station.engine, holder)
