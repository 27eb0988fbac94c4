"""In which order the log is read: newest first, or by one of its columns."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, func, select

from inspection.storage.tables import defect, inspection, unit

# Of several types the first in their alphabet: photos of one type stand together.
_FIRST_TYPE = (
    select(func.min(defect.c.type))
    .where(defect.c.inspection_id == inspection.c.id)
    .scalar_subquery()
)
_BY = {
    **{
        name: inspection.c[name]
        for name in (
            *("id", "inspected_at", "day", "shift", "line", "station", "vehicle_model", "panel"),
            *("colour", "inspector", "verdict", "disposition", "standing", "score", "defects"),
            *("defect_area_mm2", "longest_mm", "photo_name"),
        )
    },
    "body_number": unit.c.body_number,
    "types": _FIRST_TYPE,
}
ORDERED_BY = tuple(_BY)
# A code or a name that nobody gave is "", and goes to the end as an unknown number does.
_TEXTS = (
    *("shift", "line", "station", "vehicle_model", "panel", "colour", "inspector", "disposition"),
    *("photo_name", "body_number"),
)


@dataclass(frozen=True, slots=True)
class LogOrder:
    """Sorted by a column of `reading.log_page`; what has no value there stands last either way."""

    by: str = "id"
    falling: bool = True

    def __post_init__(self) -> None:
        if self.by not in _BY:
            raise ValueError(f"the log is sorted by one of {', '.join(_BY)}; got {self.by!r}")


NEWEST_FIRST = LogOrder()


def in_order(question: Select, order: LogOrder) -> Select:
    """`question` about inspections and their units, sorted; among equals the newest first."""
    column: ColumnElement = _BY[order.by]
    if order.by == "id":
        return question.order_by(column.desc() if order.falling else column)
    value = func.nullif(column, "") if order.by in _TEXTS else column
    sorted_value = value.desc() if order.falling else value.asc()
    return question.order_by(sorted_value.nulls_last(), inspection.c.id.desc())
