"""Key figures from the log: by day, by type, by vehicle model. What counts stands in `counting`."""

from collections.abc import Iterable, Sequence
from datetime import date

import pandas as pd
from sqlalchemy import Connection, Engine, FromClause, func, select

from inspection.domain.inspections import as_logged
from inspection.domain.quality import Quality
from inspection.storage.column_types import AnySelect, frame
from inspection.storage.counting import NO_DEFECTS, UM2_PER_MM2, counted
from inspection.storage.database import looking
from inspection.storage.log_filter import LogFilter, chosen
from inspection.storage.tables import daily_count


def daily(engine: Engine, where: LogFilter, shifts: Sequence[str] = ()) -> pd.DataFrame:
    """First inspections, one row a day, shift and vehicle model, in order.

    shifts: codes in the order of the plant's day; unknown ones follow by name. Columns: day
    (date), shift, vehicle_model, units, defects, dpu, first_units (units with a verdict),
    first_ok (units that passed), ftt, defect_area_mm2, undecided_units, unnumbered_photos
    (photos without a body number, in no other column). dpu and ftt are NaN without units;
    defect_area_mm2 is NaN where there are defects but no scale.
    A panel in the filter makes a unit "a body whose panel was inspected"; a type leaves the units
    and counts only defects of that type.
    """
    by = ("day", "shift", "vehicle_model")
    with looking(engine) as connection:
        source = _source(where)
        bodies = frame(connection, _unit_sums(source, where, by))
        defects = frame(connection, _defect_sums(source, where, by))
        photos = frame(connection, _photo_sums(source, where, by))
    rows = bodies.merge(defects, on=list(by), how="outer")
    rows = rows.merge(photos.rename(columns={"units": "unnumbered_photos"}), on=[*by], how="outer")
    sums = ["units", "rework_units", "undecided_units", "unnumbered_photos"]
    sums += ["defects", "measured", "area_um2"]
    rows[sums] = rows[sums].fillna(0).astype("int64")
    rows["first_units"] = rows["units"] - rows["undecided_units"]
    rows["first_ok"] = rows["first_units"] - rows["rework_units"]
    rows["dpu"] = rows["defects"] / rows["units"].where(rows["units"] > 0)
    rows["ftt"] = rows["first_ok"] / rows["first_units"].where(rows["first_units"] > 0)
    known = (rows["measured"] > 0) | (rows["defects"] == 0)
    rows["defect_area_mm2"] = (rows["area_um2"] / UM2_PER_MM2).where(known)
    place = {code: number for number, code in enumerate(shifts)}
    rows["place"] = rows["shift"].map(lambda code: place.get(code, len(place))).astype("int64")
    rows = rows.sort_values(["day", "place", "shift", "vehicle_model"], ignore_index=True)
    return rows[
        [
            *by,
            "units",
            "defects",
            "dpu",
            "first_units",
            "first_ok",
            "ftt",
            "defect_area_mm2",
            "undecided_units",
            "unnumbered_photos",
        ]
    ]


def pareto(engine: Engine, where: LogFilter) -> pd.DataFrame:
    """Defects of first inspections by type, most frequent first.

    Columns: type, defects, share and cumulative (0–1), area_mm2 (NaN without a scale).
    """
    with looking(engine) as connection:
        rows = frame(connection, _defect_sums(_source(where), where, ("type",)))
    rows = rows.sort_values(["defects", "type"], ascending=[False, True], ignore_index=True)
    total = max(int(rows["defects"].sum()), 1)
    return pd.DataFrame(
        {
            "type": rows["type"],
            "defects": rows["defects"],
            "share": rows["defects"] / total,
            "cumulative": rows["defects"].cumsum() / total,
            "area_mm2": (rows["area_um2"] / UM2_PER_MM2).where(rows["measured"] > 0),
        }
    )


def by_model_and_type(engine: Engine, where: LogFilter) -> pd.DataFrame:
    """How frequent each defect type is on each vehicle model, the most defects a body first.

    Columns: vehicle_model, type, defects, units (bodies of the model first inspected), dpu.
    """
    with looking(engine) as connection:
        source = _source(where)
        bodies = frame(connection, _unit_sums(source, where, ("vehicle_model",)))
        defects = frame(connection, _defect_sums(source, where, ("vehicle_model", "type")))
    rows = defects.merge(bodies[["vehicle_model", "units"]], on="vehicle_model")
    rows["dpu"] = rows["defects"] / rows["units"]
    rows = rows.sort_values(["dpu", "vehicle_model", "type"], ascending=[False, True, True])
    return rows[["vehicle_model", "type", "defects", "units", "dpu"]].reset_index(drop=True)


def quality(engine: Engine, where: LogFilter) -> Quality:
    """All chosen first inspections together; the filter is read as `daily` reads it."""
    with looking(engine) as connection:
        return quality_in(connection, where)


def counts_by_day(connection: Connection, where: LogFilter) -> dict[date, Quality]:
    """Chosen first inspections by production day, in order; days without any are left out."""
    source = _source(where)
    defects = {
        row.day: int(row.defects)
        for row in connection.execute(_defect_sums(source, where, ("day",)))
    }
    photos = {
        row.day: int(row.units) for row in connection.execute(_photo_sums(source, where, ("day",)))
    }
    bodies = {row.day: row for row in connection.execute(_unit_sums(source, where, ("day",)))}
    by_day = {}
    for day in sorted(bodies.keys() | photos.keys()):
        row = bodies.get(day)
        units, rework, undecided = (
            (row.units, row.rework_units, row.undecided_units) if row else 3 * (0,)
        )
        by_day[day] = Quality(
            int(units),
            defects.get(day, 0),
            int(units - rework - undecided),
            int(undecided),
            photos.get(day, 0),
        )
    return by_day


# --- by day and by type ---


def _source(where: LogFilter) -> FromClause:
    """The roll-up, or the same columns from the rows where the roll-up cannot tell."""
    if where.fits_roll_up:
        return daily_count
    return counted(chosen(where, with_type=False)).subquery()


def _unit_sums(source: FromClause, where: LogFilter, by: Iterable[str]) -> AnySelect:
    level = "panel" if where.panel else "body"
    names = ("units", "rework_units", "undecided_units")
    return _sums(source, where, level, by, names)


def _photo_sums(source: FromClause, where: LogFilter, by: Iterable[str]) -> AnySelect:
    """Photos without a body number, as `units`."""
    return _sums(source, where, "photo", by, ("units",))


def _defect_sums(source: FromClause, where: LogFilter, by: Iterable[str]) -> AnySelect:
    question = _sums(source, where, "type", by, ("defects", "measured", "area_um2"))
    question = question.where(source.c.type.not_in(NO_DEFECTS), source.c.defects > 0)
    return question.where(source.c.type == where.type) if where.type else question


def _sums(
    source: FromClause, where: LogFilter, level: str, by: Iterable[str], names: Iterable[str]
) -> AnySelect:
    keys = [source.c[name] for name in by]
    question = select(
        *keys, *(func.coalesce(func.sum(source.c[name]), 0).label(name) for name in names)
    ).where(source.c.level == level)
    if where.first_day:
        question = question.where(source.c.day >= where.first_day)
    if where.last_day:
        question = question.where(source.c.day <= where.last_day)
    if where.fits_roll_up:
        for name in ("shift", "line", "vehicle_model", "panel"):
            if getattr(where, name):
                question = question.where(source.c[name] == as_logged(getattr(where, name)))
    if level != "type":
        question = question.where(source.c.units > 0)
    return question.group_by(*keys)


def quality_in(connection: Connection, where: LogFilter) -> Quality:
    source = _source(where)
    units, rework, undecided = connection.execute(_unit_sums(source, where, ())).one()
    defects = connection.execute(_defect_sums(source, where, ())).one().defects
    photos = connection.execute(_photo_sums(source, where, ())).one().units
    return Quality(
        int(units), int(defects), int(units - rework - undecided), int(undecided), int(photos)
    )
