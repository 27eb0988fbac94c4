"""Changes of a panel's zones: each is one event of the audit chain, and nothing else.

The zones themselves stand in the vehicle model's file.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine, select

from inspection.domain.panels import Zone
from inspection.storage.audit import append_event
from inspection.storage.column_types import NewRow, Values
from inspection.storage.database import looking, writing
from inspection.storage.tables import audit

CHANGED = "zones_changed"


@dataclass(frozen=True, slots=True)
class ZonesOfPanel:
    """A panel's own grade and its zones."""

    grade: str
    zones: tuple[Zone, ...]


@dataclass(frozen=True, slots=True)
class ZoneChange:
    """One change of a panel's zones."""

    vehicle_model: str
    panel: str
    before: ZonesOfPanel
    after: ZonesOfPanel
    reason: str = ""


def record_change(engine: Engine, change: ZoneChange, who: str, write: Callable[[], None]) -> int:
    """Write the event, and let `write` do the change itself: both or none. Answers its number."""
    details = {
        "vehicle_model": change.vehicle_model,
        "panel": change.panel,
        "before": _written(change.before),
        "after": _written(change.after),
        "reason": change.reason,
    }
    with writing(engine) as connection:
        number = append_event(connection, CHANGED, who, details)
        write()
    return number


def last_change(engine: Engine, vehicle_model: str, panel: str) -> ZoneChange | None:
    """The last change of a panel's zones that can be read; None where there is none."""
    # No inspection stands behind one: that is what the index finds among a million events.
    question = select(audit.c.details).where(
        audit.c.inspection_id.is_(None), audit.c.kind == CHANGED
    )
    with looking(engine) as connection:
        for details in connection.scalars(question.order_by(audit.c.id.desc())):
            if (details.get("vehicle_model"), details.get("panel")) == (vehicle_model, panel):
                return _read(details)
    return None


def _written(one: ZonesOfPanel) -> NewRow:
    return {
        "grade": one.grade,
        "zones": [
            [zone.grade, list(zone.x), list(zone.y), zone.near_character_line] for zone in one.zones
        ],
    }


def _read(details: Values) -> ZoneChange | None:
    try:
        sides = [
            ZonesOfPanel(
                details[name]["grade"],
                tuple(
                    Zone(grade, (x[0], x[1]), (y[0], y[1]), bool(near))
                    for grade, x, y, near in details[name]["zones"]
                ),
            )
            for name in ("before", "after")
        ]
    except (KeyError, TypeError, ValueError, IndexError):
        return None
    before, after = sides
    reason = str(details.get("reason", ""))
    return ZoneChange(details["vehicle_model"], details["panel"], before, after, reason)
