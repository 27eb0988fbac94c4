"""What the points of a control chart are counted from: bodies at their first inspection.

Bodies a shift, by model and panel too, come from the roll-up; zone and defect type add the defects
from the rows; colour, station, inspector and points of n bodies come from the rows alone, so all of
these are asked for a span of days. What counts, and under which shift, stands in `counting`.
"""

from collections.abc import Sequence
from datetime import date

import pandas as pd
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Integer,
    Subquery,
    case,
    cast,
    func,
    select,
)

from inspection.domain.chart_choice import ChartChoice
from inspection.domain.defects import ZONE_GRADES
from inspection.domain.inspections import UNKNOWN, as_chosen, as_logged
from inspection.storage.column_types import AnySelect, frame
from inspection.storage.counting import NO_DEFECTS, any_stands, counts, has_counted
from inspection.storage.database import looking
from inspection.storage.log_filter import of_defect
from inspection.storage.tables import daily_count, defect, inspection, unit

Days = tuple[date, date]

_OF_DEFECTS = ("zone", "type")
_ROLLED_UP = ("", "vehicle_model", "panel")
_OF_INSPECTION = ("panel", "station", "inspector")


def known_subjects(engine: Engine, split: str, days: Days) -> tuple[str, ...]:
    """What occurs in the days (both included) for one split, in order; of zones, every grade.

    UNKNOWN stands last where there are bodies of which it is not known.
    """
    if split == "zone":
        # Reading through all defects to find them would take seconds.
        return (*ZONE_GRADES, UNKNOWN)
    if split in ("vehicle_model", "panel", "type"):
        column, level = daily_count.c[split], "body" if split == "vehicle_model" else split
        question = select(column).where(
            daily_count.c.level == level, daily_count.c.day.between(*days)
        )
    elif split == "colour":
        column = unit.c.colour
        question = select(column).where(unit.c.first_day.between(*days), unit.c.body_number != "")
    else:
        column = inspection.c[split]
        question = select(column).where(inspection.c.day.between(*days))
    with looking(engine) as connection:
        found = {as_chosen(one) for one in connection.scalars(question.distinct())}
    found -= set(NO_DEFECTS)
    return tuple(sorted(found, key=lambda code: (code == UNKNOWN, code)))


def first_logged_day(engine: Engine, chart: ChartChoice, since: date = date.min) -> date | None:
    """The earliest production day, from `since` on, that the chart could count; None without one.

    For a zone or a type: of any body, for a body without such a defect counts too. In whatever
    order they were logged.
    """
    if chart.split in _OF_DEFECTS or chart.split in _ROLLED_UP:
        table = daily_count.c
        here = [table.level == ("panel" if chart.split == "panel" else "body"), table.units > 0]
        if chart.split in ("vehicle_model", "panel"):
            here.append(table[chart.split] == as_logged(chart.subject))
        question = select(func.min(table.day)).where(table.day >= since, *here)
    else:
        # Walks the days in order and ends at the first one that fits.
        question = (
            select(inspection.c.day)
            .where(counts(), inspection.c.day >= since, *_chosen(chart))
            .order_by(inspection.c.day)
            .limit(1)
        )
        if chart.split == "colour":
            question = question.join_from(inspection, unit)
    with looking(engine) as connection:
        return connection.scalar(question)


def slot_counts(engine: Engine, chart: ChartChoice, days: Days) -> pd.DataFrame:
    """One row a production day and shift in which a body of the chart was first inspected.

    Columns: day, shift, units, undecided, nonconforming, defects. nonconforming: bodies to
    rework; where the chart is split by zone or type, bodies with such a defect. A panel makes a
    unit "a body whose panel was inspected".
    """
    with looking(engine) as connection:
        if chart.split in _OF_DEFECTS or chart.split in _ROLLED_UP:
            return _from_roll_up(connection, chart, days)
        bodies = _bodies(chart, days).subquery()
        return frame(
            connection,
            select(
                bodies.c.day,
                bodies.c.shift,
                func.count().label("units"),
                *(_total(bodies, name) for name in ("undecided", "nonconforming", "defects")),
            )
            .group_by(bodies.c.day, bodies.c.shift)
            .order_by(bodies.c.day, bodies.c.shift),
        )


def body_groups(engine: Engine, chart: ChartChoice, days: Days) -> pd.DataFrame:
    """One row for each n bodies in a row that were first inspected in the days, in time order.

    n is `chart.bodies`. Groups are counted from the beginning of the log, so a body stays in its
    group whatever days are asked for; groups that reach out of the days are left out.
    Columns: first_at, last_at (moments of the first and last body, UTC), first_day, last_day,
    units (n), undecided, nonconforming, defects.
    """
    with looking(engine) as connection:
        before = connection.scalar(_bodies_before(chart, days[0])) or 0
        bodies = _bodies(chart, days).subquery()
        place = func.row_number().over(order_by=(bodies.c.at, bodies.c.unit_id)) - 1 + before
        # A group is known by the place of its first body.
        numbered = select(bodies, (place - place % chart.bodies).label("number")).subquery()
        return frame(
            connection,
            select(
                func.min(numbered.c.at).label("first_at"),
                func.max(numbered.c.at).label("last_at"),
                func.min(numbered.c.day).label("first_day"),
                func.max(numbered.c.day).label("last_day"),
                func.count().label("units"),
                *(_total(numbered, name) for name in ("undecided", "nonconforming", "defects")),
            )
            .group_by(numbered.c.number)
            .having(func.count() == chart.bodies)
            .order_by(numbered.c.number),
        )


def events(engine: Engine, chart: ChartChoice, days: Days) -> pd.DataFrame:
    """One row for each body with a defect of the chart, but for the first, in time order.

    Columns: at (UTC), day, bodies (without such a defect since the one before), hours (since the
    one before). Every body of the days is looked at: the cost grows with them.
    """
    bodies = _bodies(chart, days).subquery()
    place = func.row_number().over(order_by=(bodies.c.at, bodies.c.unit_id))
    numbered = select(bodies.c.at, bodies.c.day, bodies.c.defects, place.label("place")).subquery()
    with looking(engine) as connection:
        rows = frame(
            connection,
            select(numbered.c.at, numbered.c.day, numbered.c.place)
            .where(numbered.c.defects > 0)
            .order_by(numbered.c.place),
        )
    rows["bodies"] = rows["place"].diff() - 1
    rows["hours"] = rows["at"].diff() / pd.Timedelta(hours=1)
    return rows.loc[1:, ["at", "day", "bodies", "hours"]].reset_index(drop=True)


def _from_roll_up(connection: Connection, chart: ChartChoice, days: Days) -> pd.DataFrame:
    table = daily_count.c
    here: list[ColumnElement[bool]] = [table.day.between(*days)]
    if chart.split in ("vehicle_model", "panel"):
        here.append(table[chart.split] == as_logged(chart.subject))
    slot = (table.day, table.shift)
    # The roll-up counts defects of a type, not the bodies that have one.
    by_defects = chart.split == "zone" or (chart.split == "type" and chart.kind != "u")
    judged = (table.undecided_units, table.rework_units)
    undecided, rework = (func.sum(one * 0 if chart.split in _OF_DEFECTS else one) for one in judged)
    units = (
        select(
            *slot,
            func.sum(table.units).label("units"),
            undecided.label("undecided"),
            *([] if by_defects else [rework.label("nonconforming")]),
        )
        .where(table.level == ("panel" if chart.split == "panel" else "body"), *here)
        .group_by(*slot)
        .having(func.sum(table.units) > 0)
    )
    found: AnySelect
    if by_defects:
        found = _defects_by_slot(chart, days)
    else:
        found = (
            select(*slot, func.sum(table.defects).label("defects"))
            .where(table.level == "type", table.type.not_in(NO_DEFECTS), *here)
            .group_by(*slot)
        )
        if chart.split == "type":
            found = found.where(table.type == chart.subject)
    rows = frame(connection, units).merge(frame(connection, found), on=["day", "shift"], how="left")
    numbers = ["units", "undecided", "nonconforming", "defects"]
    rows[numbers] = rows[numbers].fillna(0).astype("int64")
    return rows.sort_values(["day", "shift"], ignore_index=True)[["day", "shift", *numbers]]


def _defects_by_slot(chart: ChartChoice, days: Days) -> AnySelect:
    """Day, shift, nonconforming (bodies with a defect of the zone or type), defects.

    The roll-up names the models and panels of the days, so that the defects are found in
    `ix_defect_place`. What counts was inspected in its body's first day and shift.
    """
    table = daily_count.c
    models, panels = (
        select(table[name]).where(table.level == "panel", table.day.between(*days)).distinct()
        for name in ("vehicle_model", "panel")
    )
    return (
        select(
            inspection.c.day,
            inspection.c.shift,
            func.count(inspection.c.unit_id.distinct()).label("nonconforming"),
            func.count().label("defects"),
        )
        .select_from(defect)
        .join(inspection, defect.c.inspection_id == inspection.c.id)
        .where(
            defect.c.vehicle_model.in_(models),
            defect.c.panel.in_(panels),
            defect.c.day.between(*days),
            of_defect(chart.split, chart.subject),
            defect.c.type.not_in(NO_DEFECTS),
            counts(),
        )
        .group_by(inspection.c.day, inspection.c.shift)
    )


def _bodies(chart: ChartChoice, days: Days) -> AnySelect:
    """One row a body: unit_id, at, day, shift, undecided (0/1), nonconforming (0/1), defects."""
    here = (counts(), inspection.c.day.between(*days), *_chosen(chart))
    by_defects = chart.split in _OF_DEFECTS
    rework = any_stands("rework")
    judged = (
        select(
            inspection.c.unit_id,
            func.min(inspection.c.inspected_at).label("at"),
            rework.label("rework"),
            case((rework == 1, 0), else_=any_stands("undecided")).label("undecided"),
            func.sum(inspection.c.defects).label("defects"),
        )
        .where(*here)
        .group_by(inspection.c.unit_id)
    )
    # Of a zone or a type the defects are looked up; else the few that are none are taken away.
    asked = (
        [of_defect(chart.split, chart.subject), defect.c.type.not_in(NO_DEFECTS)]
        if by_defects
        else [defect.c.type.in_(NO_DEFECTS)]
    )
    looked_up = (
        select(inspection.c.unit_id, func.count().label("defects"))
        .join_from(inspection, defect, defect.c.inspection_id == inspection.c.id)
        .where(*here, *asked)
        .group_by(inspection.c.unit_id)
    )
    if chart.split == "colour":
        judged, looked_up = (
            one.join(unit, inspection.c.unit_id == unit.c.id) for one in (judged, looked_up)
        )
    bodies, their_defects = judged.subquery(), looked_up.subquery()
    found = func.coalesce(their_defects.c.defects, 0)
    defects = found if by_defects else bodies.c.defects - found
    has_one = case((defects > 0, 1), else_=0)
    return (
        select(
            bodies.c.unit_id,
            bodies.c.at,
            unit.c.first_day.label("day"),
            unit.c.first_shift.label("shift"),
            bodies.c.undecided if not by_defects else (bodies.c.undecided * 0).label("undecided"),
            (has_one if by_defects else bodies.c.rework).label("nonconforming"),
            defects.label("defects"),
        )
        .select_from(bodies)
        .join(unit, bodies.c.unit_id == unit.c.id)
        .outerjoin(their_defects, bodies.c.unit_id == their_defects.c.unit_id)
    )


def _bodies_before(chart: ChartChoice, day: date) -> AnySelect:
    """How many bodies of the chart were first inspected before the day."""
    if chart.split in _OF_INSPECTION:
        return select(func.count(inspection.c.unit_id.distinct())).where(
            counts(), inspection.c.day < day, *_chosen(chart)
        )
    question = select(func.count()).select_from(unit)
    question = question.where(unit.c.first_day < day, unit.c.body_number != "", has_counted())
    if chart.split in ("vehicle_model", "colour"):
        question = question.where(unit.c[chart.split] == as_logged(chart.subject))
    return question


def _chosen(chart: ChartChoice) -> Sequence[ColumnElement[bool]]:
    """The chart's subject as a condition on `inspection`, for a colour on `unit`."""
    if chart.split == "vehicle_model" or chart.split in _OF_INSPECTION:
        return [inspection.c[chart.split] == as_logged(chart.subject)]
    if chart.split == "colour":
        return [unit.c.colour == as_logged(chart.subject)]
    return []


def _total(source: Subquery, name: str) -> ColumnElement[int]:
    return cast(func.sum(source.c[name]), Integer).label(name)
