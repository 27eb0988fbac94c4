"""What belongs beside one inspection: the rest of its body, and the same place on other bodies."""

import math
from dataclasses import dataclass

from sqlalchemy import Engine, select

from inspection.storage.database import looking
from inspection.storage.tables import defect, inspection


@dataclass(frozen=True, slots=True)
class Place:
    """A spot on a panel of a vehicle model.

    position: (x, y) shares of the panel. reach: half-axes of the ellipse around it, in the same
    shares; both positive.
    """

    vehicle_model: str
    panel: str
    position: tuple[float, float]
    reach: tuple[float, float]

    def holds(self, x: float, y: float) -> bool:
        """Whether a position lies in the ellipse; its edge belongs to it."""
        across = (x - self.position[0]) / self.reach[0]
        down = (y - self.position[1]) / self.reach[1]
        return math.hypot(across, down) <= 1 + 1e-9


def same_body(engine: Engine, number: int, limit: int = 60) -> list[int]:
    """The other inspections of the body that this one shows, newest first.

    Judgements that a later one replaced are left out. Without a body number every photo is a
    body of its own, so the list is empty but for repeated inspections.
    """
    table = inspection.c
    body = select(table.unit_id).where(table.id == number).scalar_subquery()
    question = (
        select(table.id)
        .where(table.unit_id == body, table.superseded_by.is_(None), table.id != number)
        .order_by(table.id.desc())
        .limit(limit)
    )
    with looking(engine) as connection:
        return list(connection.scalars(question))


def same_place(engine: Engine, place: Place, number: int, limit: int = 24) -> list[int]:
    """Inspections of other bodies with a defect at this place, newest day first.

    number: the inspection whose body does not count. Of each body's photos any may be named.
    """
    (x, y), (reach_x, reach_y) = place.position, place.reach
    own = select(inspection.c.unit_id).where(inspection.c.id == number).scalar_subquery()
    question = (
        select(defect.c.inspection_id, defect.c.position_x, defect.c.position_y)
        .join_from(defect, inspection, defect.c.inspection_id == inspection.c.id)
        .where(
            defect.c.vehicle_model == place.vehicle_model,
            defect.c.panel == place.panel,
            defect.c.position_x.between(x - reach_x, x + reach_x),
            defect.c.position_y.between(y - reach_y, y + reach_y),
            inspection.c.superseded_by.is_(None),
            inspection.c.unit_id != own,
        )
        .order_by(defect.c.day.desc(), defect.c.id.desc())
    )
    found: dict[int, None] = {}
    # Read only as far as needed: a frequent place has thousands of defects.
    with (
        looking(engine) as connection,
        connection.execution_options(yield_per=200).execute(question) as rows,
    ):
        for one, x_share, y_share in rows:
            if place.holds(x_share, y_share):
                found[one] = None
            if len(found) == limit:
                break
    return list(found)
