"""Calibrations of fixed cameras: each is one event of the audit chain, and nothing else.

None is changed or taken out: the next one of the same station or camera takes its place.
"""

from datetime import date, datetime

from sqlalchemy import Engine, select

from inspection.domain.scale import Calibration, Scale
from inspection.errors import StorageError
from inspection.storage.audit import append_event
from inspection.storage.column_types import AnyRow
from inspection.storage.database import looking, writing
from inspection.storage.tables import audit

CALIBRATED = "calibrated"


def keep_calibration(engine: Engine, calibration: Calibration) -> int:
    """Write one down; answers its number."""
    scale, expires_on = calibration.scale, calibration.expires_on
    details: dict[str, object] = {
        "station": calibration.station,
        "camera": calibration.camera,
        "width_px": calibration.width_px,
        "height_px": calibration.height_px,
        "mm_per_px": float(scale.mm_per_px),
        "source": scale.source,
        "error_percent": scale.error_percent,
        "distance_mm": calibration.distance_mm,
        "calibrated_at": calibration.at.isoformat(),
        "expires_on": expires_on.isoformat() if expires_on else None,
    }
    with writing(engine) as connection:
        return append_event(connection, CALIBRATED, calibration.who, details)


def calibrations(engine: Engine) -> tuple[Calibration, ...]:
    """Every calibration, oldest first. Raises StorageError for one that cannot be read."""
    # No inspection stands behind one: that is what the index finds among a million events.
    question = (
        select(audit.c.id, audit.c.who, audit.c.details)
        .where(audit.c.inspection_id.is_(None), audit.c.kind == CALIBRATED)
        .order_by(audit.c.id)
    )
    with looking(engine) as connection:
        return tuple(_calibration(row) for row in connection.execute(question))


def _calibration(row: AnyRow) -> Calibration:
    details = row.details
    try:
        expires_on = details["expires_on"]
        return Calibration(
            scale=Scale(details["mm_per_px"], details["source"], details["error_percent"]),
            station=details["station"],
            camera=details["camera"],
            width_px=details["width_px"],
            height_px=details["height_px"],
            at=datetime.fromisoformat(details["calibrated_at"]),
            expires_on=date.fromisoformat(expires_on) if expires_on else None,
            who=row.who,
            distance_mm=details["distance_mm"],
        )
    except (KeyError, TypeError, ValueError):
        # How large a defect is must not be guessed.
        raise StorageError("audit_calibration", n=row.id) from None
