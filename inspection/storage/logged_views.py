"""What a station's camera has seen: logged photos whose panel is known, newest first."""

from dataclasses import dataclass

from sqlalchemy import Engine, select

from inspection.storage.counting import in_figures
from inspection.storage.database import looking
from inspection.storage.tables import POOLED_SOURCE, inspection


@dataclass(frozen=True, slots=True)
class LoggedView:
    """One photo and the panel that it was said to show."""

    photo_sha256: str
    unit_id: int
    vehicle_model: str
    panel: str


def views_at(engine: Engine, station: str, most: int) -> tuple[LoggedView, ...]:
    """The newest `most` photos of a station whose panel is known, each photo once. Those of the
    demo's pool belong to no camera."""
    table = inspection.c
    question = (
        select(table.photo_sha256, table.unit_id, table.vehicle_model, table.panel)
        .where(
            table.station == station,
            table.panel != "",
            table.photo_source != POOLED_SOURCE,
            in_figures(),
        )
        .order_by(table.id.desc())
        .limit(most)
    )
    with looking(engine) as connection:
        found = {row.photo_sha256: LoggedView(*row) for row in connection.execute(question)}
    return tuple(found.values())
