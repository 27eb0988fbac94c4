"""Which inspections a person asks for."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, and_, select, true

from inspection.domain.inspections import DISPOSITIONS, VERDICTS
from inspection.errors import NotFound
from inspection.storage.counting import STANDINGS
from inspection.storage.tables import defect, inspection

# Names that are columns of `inspection` and are compared as they are.
_EXACT = (
    "shift",
    "line",
    "vehicle_model",
    "panel",
    "verdict",
    "disposition",
    "standing",
    "inspector",
    "body_number",
    "station",
)
# What the roll-up can tell apart; anything else needs the rows.
_ROLLED_UP = ("shift", "line", "vehicle_model", "panel", "type")


@dataclass(frozen=True, slots=True)
class LogFilter:
    """A choice of inspections; "" and None leave a field open, texts are compared exactly.

    first_day, last_day: production days, both included. verdict: what the machine proposed.
    disposition: the person's word that stands. standing: "ok", "rework" or "undecided", from the
    person's word, else the proposal. type: at least one defect of that type. inspector: who
    inspected. Judgements that a later one replaced are never found. Raises NotFound for a code
    that does not exist.
    """

    first_day: date | None = None
    last_day: date | None = None
    shift: str = ""
    line: str = ""
    vehicle_model: str = ""
    panel: str = ""
    verdict: str = ""
    disposition: str = ""
    standing: str = ""
    type: str = ""
    inspector: str = ""
    body_number: str = ""
    station: str = ""

    def __post_init__(self) -> None:
        for name, codes in (
            ("verdict", VERDICTS),
            ("disposition", DISPOSITIONS),
            ("standing", STANDINGS),
        ):
            code = getattr(self, name)
            if code and code not in codes:
                raise NotFound(f"{name} {code!r} is unknown; choose one of {', '.join(codes)}")

    @property
    def fits_roll_up(self) -> bool:
        """Whether `daily_count` can answer, or the rows have to."""
        return not any(getattr(self, name) for name in _EXACT if name not in _ROLLED_UP)


def chosen(where: LogFilter, *, with_type: bool = True) -> ColumnElement[bool]:
    """The filter as a condition on `inspection`."""
    table = inspection.c
    parts = [table.superseded_by.is_(None)]
    if where.first_day:
        parts.append(table.day >= where.first_day)
    if where.last_day:
        parts.append(table.day <= where.last_day)
    parts += [table[name] == getattr(where, name) for name in _EXACT if getattr(where, name)]
    if where.type and with_type:
        having = select(defect.c.inspection_id).where(
            defect.c.inspection_id == table.id, defect.c.type == where.type
        )
        parts.append(having.exists())
    return and_(true(), *parts)
