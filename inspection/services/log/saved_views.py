"""Saved views of the log as people use them: kept, opened, taken away and brought back.

A view keeps a moving period by its name, so that "the last 7 days" moves along.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime

from inspection.services.log.moving_periods import kept_parameters
from inspection.services.station import Station
from inspection.storage import saved_views as stored
from inspection.storage.saved_views import SavedView


def views(station: Station) -> tuple[SavedView, ...]:
    """The views that are there, by name."""
    return stored.saved_views(station.engine)


def find_view(station: Station, number: int) -> SavedView:
    """Raises NotFound for a number that was never given, or whose view was deleted."""
    return stored.find_view(station.engine, number)


def save_view(
    station: Station,
    name: str,
    shown: Mapping[str, str],
    today: date,
    who: str,
    *,
    overwrite: bool = False,
) -> int:
    """Keep the shown list under a name; answers its number.

    shown: its parameters in the address. Raises ViewRefused without a name of the list or of the
    person, ViewExists when the name is taken and `overwrite` was not asked for.
    """
    kept = kept_parameters(shown, today)
    return stored.save_view(station.engine, name, kept, who, datetime.now(UTC), overwrite=overwrite)


def delete_view(station: Station, number: int, who: str) -> None:
    """Take a view away; raises ViewRefused without a name, NotFound when it is gone already."""
    stored.delete_view(station.engine, number, who, datetime.now(UTC))


def restore_view(station: Station, number: int, who: str) -> SavedView:
    """Bring a deleted view back; raises ViewExists when its name was given to another one."""
    stored.restore_view(station.engine, number, who)
    return stored.find_view(station.engine, number)
