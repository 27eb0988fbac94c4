"""Versions of ignore regions that people saved, and which of them hold.

Of each view of a panel at a station the newest version holds, unless it was switched off. A view is
told by its name, however that is spelled: "Front" and "front" are one. Saving and switching are
events of the audit chain; a version never changes.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, Engine, insert, select

from inspection.domain.ignoring.regions import IgnoreView, view_name
from inspection.errors import Conflict, IgnoreRefused, NotFound, StorageError
from inspection.storage.audit import RECORD, append_event, record_digest
from inspection.storage.column_types import AnyRow
from inspection.storage.database import looking, next_number, writing
from inspection.storage.ignoring.records import read_regions, written
from inspection.storage.ignoring.table import ignore_version
from inspection.storage.tables import audit

# Views of one panel at one station whose regions hold: each of them is held against every photo.
MOST_VIEWS = 8

SAVED, SWITCHED_OFF, SWITCHED_ON = "ignore_saved", "ignore_off", "ignore_on"


@dataclass(frozen=True, slots=True)
class Reference:
    """What a version keeps of its reference photo.

    picture: grey JPEG, b"" in a list of versions. marker_px: corners of the calibration card, ()
    without one.
    """

    photo_sha256: str
    picture: bytes
    marker_px: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class IgnoreVersion:
    """A saved version. number: of its saving, from 1. at: UTC. is_on: it holds; older versions of
    the same view do not."""

    number: int
    about: IgnoreView
    reference: Reference
    who: str
    at: datetime
    reason: str
    is_newest: bool = True
    is_on: bool = True


def save_version(
    engine: Engine,
    about: IgnoreView,
    reference: Reference,
    *,
    who: str,
    reason: str,
    at: datetime,
) -> int:
    """Keep the regions of a view; they hold from now on. Answers the number of the version.

    A name that differs from a saved one only by its spelling is that one. Raises IgnoreRefused for
    a view beyond MOST_VIEWS.
    """
    with writing(engine) as connection:
        names = _names(connection, about.station, about.panel)
        _refuse_more_views(connection, about.station, about.panel, about.view)
        spelled = [view for _, view in names if view_key(view) == view_key(about.view)]
        about = replace(about, view=spelled[-1] if spelled else about.view)
        number = next_number(connection, ignore_version)
        row = {
            "id": number,
            "station": about.station,
            "panel": about.panel,
            "view": about.view,
            "photo_sha256": reference.photo_sha256,
            "width_px": about.width_px,
            "height_px": about.height_px,
            "picture": reference.picture,
            "picture_sha256": hashlib.sha256(reference.picture).hexdigest(),
            "marker_px": [[float(x), float(y)] for x, y in reference.marker_px],
            "regions": written(about.regions),
            "who": who,
            "at": at,
            "reason": reason,
        }
        connection.execute(insert(ignore_version), [row])
        details = {ignore_version.name: number, "reason": reason, RECORD: record_digest(row)}
        append_event(connection, SAVED, who, details)
    return number


def switch(engine: Engine, number: int, on: bool, *, who: str, reason: str) -> int:
    """Switch the newest version of a view off, or on again; answers the number of the event.

    Raises NotFound without that version, Conflict when a newer one of its view was saved or
    somebody else switched it meanwhile, IgnoreRefused for a view beyond MOST_VIEWS.
    """
    with writing(engine) as connection:
        row = connection.execute(
            select(ignore_version).where(ignore_version.c.id == number)
        ).first()
        if row is None:
            raise NotFound("ignore_version_missing", number=number)
        newest = _newest(connection, row.station, row.panel, row.view)
        is_on = number not in _off(connection)
        if newest != number or is_on == on:
            raise Conflict("ignore_changed_meanwhile", number=number)
        if on:
            _refuse_more_views(connection, row.station, row.panel, row.view)
        details = {"version": number, "reason": reason}
        return append_event(connection, SWITCHED_ON if on else SWITCHED_OFF, who, details)


def view_key(view: str) -> str:
    """What is equal for two spellings of a view's name."""
    return view_name(view).casefold()


def versions(engine: Engine) -> tuple[IgnoreVersion, ...]:
    """Every saved version, newest first, without the pictures."""
    columns = [one for one in ignore_version.c if one.name != "picture"]
    with looking(engine) as connection:
        rows = connection.execute(select(*columns).order_by(ignore_version.c.id.desc())).all()
        off = _off(connection)
    newest: set[tuple[str, str, str]] = set()
    found = []
    for row in rows:
        view = (row.station, row.panel, view_key(row.view))
        found.append(_version(row, b"", view not in newest, row.id not in off))
        newest.add(view)
    return tuple(found)


def standing(engine: Engine, station: str, panel: str) -> tuple[IgnoreVersion, ...]:
    """The versions that hold for a panel at a station, one a view; a fraction of a millisecond
    where there is none. Raises StorageError for one that is damaged."""
    with looking(engine) as connection:
        numbers = _standing(connection, _names(connection, station, panel)).values()
        if not numbers:
            return ()
        question = select(ignore_version).where(ignore_version.c.id.in_(list(numbers)))
        rows = connection.execute(question.order_by(ignore_version.c.id)).all()
    return tuple(_version_with_picture(row) for row in rows)


def _names(connection: Connection, station: str, panel: str) -> list[tuple[int, str]]:
    """Number and view of every version of a panel at a station, oldest first."""
    table = ignore_version.c
    question = select(table.id, table.view).where(table.station == station, table.panel == panel)
    return [(row.id, row.view) for row in connection.execute(question.order_by(table.id))]


def _newest(connection: Connection, station: str, panel: str, view: str) -> int | None:
    names = {view_key(name): number for number, name in _names(connection, station, panel)}
    return names.get(view_key(view))


def _standing(connection: Connection, names: Iterable[tuple[int, str]]) -> dict[str, int]:
    """The number of the version that holds for each view, by `view_key`."""
    newest = {view_key(view): number for number, view in names}
    off = _off(connection) if newest else frozenset()
    return {key: number for key, number in newest.items() if number not in off}


def _refuse_more_views(connection: Connection, station: str, panel: str, view: str) -> None:
    stand = _standing(connection, _names(connection, station, panel))
    if view_key(view) not in stand and len(stand) >= MOST_VIEWS:
        raise IgnoreRefused("ignore_most_views", station=station, panel=panel, n=len(stand))


def _off(connection: Connection) -> frozenset[int]:
    """Versions whose last switching was off."""
    # No inspection stands behind one: that is what the index finds among a million events.
    question = select(audit.c.kind, audit.c.details).where(
        audit.c.inspection_id.is_(None), audit.c.kind.in_((SWITCHED_OFF, SWITCHED_ON))
    )
    off: dict[int, bool] = {}
    for kind, details in connection.execute(question.order_by(audit.c.id)):
        if isinstance(number := details.get("version"), int):
            off[number] = kind == SWITCHED_OFF
    return frozenset(number for number, is_off in off.items() if is_off)


def _version_with_picture(row: AnyRow) -> IgnoreVersion:
    if hashlib.sha256(row.picture).hexdigest() != row.picture_sha256:
        raise StorageError("ignore_damaged", n=row.id)
    return _version(row, bytes(row.picture), True, True)


def _version(row: AnyRow, picture: bytes, is_newest: bool, is_on: bool) -> IgnoreVersion:
    try:
        about = IgnoreView(
            row.station,
            row.panel,
            row.view,
            row.width_px,
            row.height_px,
            read_regions(row.regions),
        )
        marker_px = tuple((float(x), float(y)) for x, y in row.marker_px)
    except (IgnoreRefused, ValueError, TypeError):
        # What is judged must not be guessed.
        raise StorageError("ignore_damaged", n=row.id) from None
    reference = Reference(row.photo_sha256, picture, marker_px)
    return IgnoreVersion(
        row.id, about, reference, row.who, row.at, row.reason, is_newest, is_newest and is_on
    )
