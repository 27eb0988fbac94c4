"""Where defects lie: counts by place for the body map, and positions body by body for repeats.

Only first inspections count. Positions are shares of the panel. Bodies are numbered as they first
came, so the order of their numbers is the order of the line.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil

import numpy as np
import pandas as pd
from sqlalchemy import ColumnElement, Connection, Engine, Integer, cast, func, select

from inspection.domain.inspections import as_logged
from inspection.domain.panels import Panel
from inspection.storage.column_types import AnySelect, frame
from inspection.storage.counting import (
    NO_DEFECTS,
    counts,
    is_left_out,
    not_counted,
    unnumbered_photos,
)
from inspection.storage.database import looking
from inspection.storage.first_inspections import ceased
from inspection.storage.log_filter import LogFilter, chosen, chosen_defects
from inspection.storage.tables import daily_count, defect, inspection, unit

_BODIES_AT_ONCE = 500


@dataclass(frozen=True, slots=True, eq=False)
class LastBodies:
    """The last bodies of a vehicle model, in the order in which they came.

    numbers: of the bodies. first_day: production day of the first of them. panels: panel, bodies
    (with that panel inspected). defects: columns of `_PLACED`, oldest first.
    """

    vehicle_model: str
    numbers: tuple[int, ...]
    first_day: date | None
    panels: pd.DataFrame
    defects: pd.DataFrame


_PLACED = (
    unit.c.id.label("body"),
    unit.c.body_number,
    unit.c.colour,
    inspection.c.id.label("inspection_id"),
    inspection.c.inspected_at,
    inspection.c.day,
    inspection.c.shift,
    inspection.c.station,
    inspection.c.line,
    inspection.c.photo_sha256,
    defect.c.panel,
    defect.c.type,
    defect.c.zone,
    defect.c.position_x.label("x"),
    defect.c.position_y.label("y"),
)


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


def place_counts(
    engine: Engine, where: LogFilter, panels: Sequence[str], cells: int
) -> pd.DataFrame:
    """Defects of first inspections on a grid of `cells` × `cells` squares a panel.

    where: with a vehicle model; places of different bodies cannot be added. panels: those to look
    at; one in the filter narrows them. Columns: panel, zone (grade, None where no panel was known),
    column, row (from 0, the first at the left and at the top), defects. Places without a defect
    have no row.
    """
    asked = tuple(code for code in panels if where.panel in ("", code))
    column = _cell(defect.c.position_x, cells).label("column")
    row = _cell(defect.c.position_y, cells).label("row")
    by = (defect.c.panel, defect.c.zone, column, row)
    question = (
        select(*by, func.count().label("defects"))
        .where(_counted_defects(where, asked))
        .group_by(*by)
    )
    with looking(engine) as connection:
        rows = frame(connection, question)
    # The far edge of the panel belongs to its last square.
    rows[["column", "row"]] = rows[["column", "row"]].clip(upper=cells - 1)
    return rows


def photos_at(
    engine: Engine,
    where: LogFilter,
    x: tuple[float, float] = (0.0, 1.0),
    y: tuple[float, float] = (0.0, 1.0),
    limit: int = 60,
) -> pd.DataFrame:
    """Defects in a part of the panel that `where` names, newest first, with their photos.

    x, y: (from, to) in panel shares, both included. Columns: those of `LastBodies.defects`.
    """
    inside = defect.c.position_x.between(*x) & defect.c.position_y.between(*y)
    question = _placed().where(_counted_defects(where, (where.panel,)), inside)
    with looking(engine) as connection:
        newest = question.order_by(defect.c.inspection_id.desc(), defect.c.number).limit(limit)
        return frame(connection, newest)


def last_bodies(
    engine: Engine,
    vehicle_model: str,
    bodies: int,
    until: tuple[date, Sequence[str]] | None = None,
) -> LastBodies:
    """The last bodies of a model; until: (production day, its shifts so far), None = now."""
    question = select(unit.c.id, unit.c.first_day).where(
        unit.c.vehicle_model == vehicle_model, unit.c.body_number != ""
    )
    if until is not None:
        day, shifts = until
        on_the_day = (unit.c.first_day == day) & unit.c.first_shift.in_(shifts)
        question = question.where((unit.c.first_day < day) | on_the_day)
    with looking(engine) as connection:
        rows = connection.execute(question.order_by(unit.c.id.desc()).limit(bodies)).all()
        numbers = tuple(sorted(row.id for row in rows))
        return LastBodies(
            vehicle_model,
            numbers,
            min((row.first_day for row in rows), default=None),
            _panels_of(connection, numbers),
            _defects_on(connection, numbers),
        )


def before(engine: Engine, vehicle_model: str, first_day: date, last_day: date) -> pd.DataFrame:
    """What the roll-up says of each panel of a vehicle model, both days included.

    Columns: panel, bodies (with the panel inspected), defects.
    """
    those = (
        daily_count.c.day.between(first_day, last_day)
        & (daily_count.c.vehicle_model == vehicle_model)
        & daily_count.c.type.not_in(NO_DEFECTS)
        & daily_count.c.level.in_(("panel", "type"))
    )
    question = (
        select(
            daily_count.c.panel,
            func.sum(daily_count.c.units).label("bodies"),
            func.sum(daily_count.c.defects).label("defects"),
        )
        .where(those)
        .group_by(daily_count.c.panel)
    )
    with looking(engine) as connection:
        return frame(connection, question)


def hits_before(
    engine: Engine, vehicle_model: str, panel: Panel, days: tuple[date, date], radius_mm: float
) -> np.ndarray:
    """Photos of a panel with a defect, (rows, columns) of squares of `radius_mm`, both days in."""
    shape = ceil(panel.height_mm / radius_mm), ceil(panel.width_mm / radius_mm)
    column = _cell(defect.c.position_x, panel.width_mm / radius_mm).label("column")
    row = _cell(defect.c.position_y, panel.height_mm / radius_mm).label("row")
    where = LogFilter(*days, vehicle_model=vehicle_model, panel=panel.code)
    question = (
        select(column, row, func.count(defect.c.inspection_id.distinct()).label("hits"))
        .where(_counted_defects(where, (panel.code,)))
        .group_by(column, row)
    )
    hits = np.zeros(shape, dtype=np.int64)
    with looking(engine) as connection:
        for at in connection.execute(question):
            # The far edge of the panel belongs to its last square.
            hits[min(at.row, shape[0] - 1), min(at.column, shape[1] - 1)] += at.hits
    return hits


def defects_near(
    engine: Engine,
    vehicle_model: str,
    panel: str,
    days: tuple[date, date],
    x: tuple[float, float],
    y: tuple[float, float],
) -> pd.DataFrame:
    """Every defect in a part of one panel, both days included, oldest first.

    x, y: (from, to) in panel shares, both included. Columns: those of `LastBodies.defects`.
    """
    where = LogFilter(*days, vehicle_model=vehicle_model, panel=panel)
    inside = defect.c.position_x.between(*x) & defect.c.position_y.between(*y)
    question = _placed().where(_counted_defects(where, (panel,)), inside)
    with looking(engine) as connection:
        return frame(connection, question.order_by(unit.c.id, defect.c.id))


def bodies_inspected(
    engine: Engine, vehicle_model: str, panel: str, after_body: int, limit: int
) -> list[int]:
    """Numbers of the first bodies after a given one whose panel was inspected, in their order."""
    question = (
        select(unit.c.id)
        .join_from(unit, inspection, inspection.c.unit_id == unit.c.id)
        .where(unit.c.vehicle_model == vehicle_model, unit.c.id > after_body)
        .where(inspection.c.panel == panel, counts())
        .distinct()
        .order_by(unit.c.id)
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


def _cell(position: ColumnElement[float], cells: float) -> ColumnElement[int]:
    # A cast alone cuts on one database and rounds on the other.
    return cast(func.floor(position * cells), Integer)


def _counted_defects(where: LogFilter, panels: Sequence[str]) -> ColumnElement[bool]:
    """Defects of first inspections that the filter chooses, as a condition on `defect` alone.

    Everything asked for stands in the index of places, which begins with model, panel and day; the
    few photos that do not count are named instead of looking up each one that does.
    """
    repeated = not_counted()
    nameless = unnumbered_photos()
    found = defect.c.vehicle_model == as_logged(where.vehicle_model)
    found &= defect.c.panel.in_(panels) & defect.c.type.not_in(NO_DEFECTS)
    for condition in chosen_defects(where):
        found &= condition
    for limit, holds, mine in (
        (where.first_day, defect.c.day.__ge__, inspection.c.day.__ge__),
        (where.last_day, defect.c.day.__le__, inspection.c.day.__le__),
    ):
        if limit is not None:
            found &= holds(limit)
            repeated, nameless = repeated.where(mine(limit)), nameless.where(mine(limit))
    found &= defect.c.inspection_id.not_in(repeated) & defect.c.inspection_id.not_in(nameless)
    found &= ~is_left_out(defect.c.inspection_id) & defect.c.inspection_id.not_in(ceased())
    if not _is_of_defects(where):
        photos = select(inspection.c.id).where(counts(), chosen(where, with_type=False))
        found &= defect.c.inspection_id.in_(photos)
    return found


def _is_of_defects(where: LogFilter) -> bool:
    """Whether the filter asks nothing that only the photo knows."""
    of_defect = ("first_day", "last_day", "vehicle_model", "panel", "type", "zone")
    return where == LogFilter(**{name: getattr(where, name) for name in of_defect})


def _placed() -> AnySelect:
    return (
        select(*_PLACED)
        .join_from(defect, inspection, defect.c.inspection_id == inspection.c.id)
        .join(unit, inspection.c.unit_id == unit.c.id)
    )


def _panels_of(connection: Connection, numbers: Sequence[int]) -> pd.DataFrame:
    pieces = [
        frame(
            connection,
            select(inspection.c.panel, func.count(inspection.c.unit_id.distinct()).label("bodies"))
            .where(inspection.c.unit_id.in_(some), counts())
            .group_by(inspection.c.panel),
        )
        for some in _pieces(numbers)
    ]
    return pd.concat(pieces).groupby("panel", as_index=False)["bodies"].sum()


def _defects_on(connection: Connection, numbers: Sequence[int]) -> pd.DataFrame:
    pieces = [
        frame(
            connection,
            _placed()
            .where(unit.c.id.in_(some), counts(), defect.c.type.not_in(NO_DEFECTS))
            .order_by(unit.c.id, defect.c.id),
        )
        for some in _pieces(numbers)
    ]
    return pd.concat(pieces, ignore_index=True)


def _pieces(numbers: Sequence[int]) -> list[Sequence[int]]:
    """Some at a time, at least one piece: a statement takes only so many parameters."""
    starts = range(0, max(len(numbers), 1), _BODIES_AT_ONCE)
    return [numbers[start : start + _BODIES_AT_ONCE] for start in starts]
