"""Which inspections a person asks for, and how that choice is written into an address."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select, true

from inspection.domain.body_numbers import normal_body_number
from inspection.domain.counting_words import LEFT_OUT
from inspection.domain.defects import ZONE_GRADES
from inspection.domain.inspections import DISPOSITIONS, UNKNOWN, VERDICTS, as_logged
from inspection.errors import FilterRefused, NotFound
from inspection.storage.counting import STANDINGS, in_figures, is_left_out
from inspection.storage.tables import defect, inspection, unit

# Names that are columns of `inspection` and are compared as they are.
_EXACT = (
    "shift",
    "line",
    "vehicle_model",
    "panel",
    "colour",
    "verdict",
    "disposition",
    "standing",
    "inspector",
    "station",
)
_CODES = {
    "verdict": VERDICTS,
    "disposition": DISPOSITIONS,
    "standing": STANDINGS,
    "zone": (*ZONE_GRADES, UNKNOWN),
    "left_out": LEFT_OUT,
}
# What the roll-up can tell apart; anything else needs the rows.
_ROLLED_UP = ("first_day", "last_day", "shift", "line", "vehicle_model", "panel", "type")

# Name of each field in the address of a page, in saved views and in the options of `export`.
PARAMETERS = {
    "from": "first_day",
    "to": "last_day",
    "shift": "shift",
    "model": "vehicle_model",
    "panel": "panel",
    "standing": "standing",
    "type": "type",
    "body": "body_search",
    "zone": "zone",
    "colour": "colour",
    "proposal": "verdict",
    "disposition": "disposition",
    "line": "line",
    "station": "station",
    "inspector": "inspector",
    "score_from": "score_from",
    "score_to": "score_to",
    "length_from": "length_from_mm",
    "length_to": "length_to_mm",
    "left_out": "left_out",
}
# The largest value of each parameter that is a number; the smallest is 0.
NUMBERS = {"score_from": 1.0, "score_to": 1.0, "length_from": 10_000.0, "length_to": 10_000.0}
_LIMITS = (("from", "to"), ("score_from", "score_to"), ("length_from", "length_to"))


@dataclass(frozen=True, slots=True)
class LogFilter:
    """A choice of inspections; "" and None leave a field open, texts are compared exactly.
    UNKNOWN chooses the photos of which a text is not known: without a vehicle model, say.

    first_day, last_day: production days, both included. verdict: what the machine proposed.
    disposition: the person's word that stands. standing: "ok", "rework" or "undecided", from the
    person's word, else the proposal. type, zone: at least one defect of that type in that zone
    grade, the same defect for both. inspector: who inspected. body_number, body_search: the body's
    number, or any part of it; typed in any way, kept in its normal form. score_from, score_to: of
    the photo, 0–1; length_from_mm, length_to_mm: of its longest defect, which a photo without a
    scale does not have; all limits belong to the choice. left_out: why the figures leave it out;
    exports hold such inspections only where they are asked for. Judgements that a later one
    replaced are never found. Raises NotFound for a code that does not exist.
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
    zone: str = ""
    colour: str = ""
    body_search: str = ""
    score_from: float | None = None
    score_to: float | None = None
    length_from_mm: float | None = None
    length_to_mm: float | None = None
    left_out: str = ""

    def __post_init__(self) -> None:
        for name in ("body_number", "body_search"):
            typed = getattr(self, name)
            # A hyphen alone is no number, and still no choice of all bodies.
            object.__setattr__(self, name, normal_body_number(typed) or typed.strip())
        for name, codes in _CODES.items():
            code = getattr(self, name)
            if code and code not in codes:
                raise NotFound("filter_place", name=name, code=code, known=", ".join(codes))

    @property
    def fits_roll_up(self) -> bool:
        """Whether `daily_count` can answer, or the rows have to."""
        return not any(
            getattr(self, field.name) not in ("", None)
            for field in fields(self)
            if field.name not in _ROLLED_UP
        )


def chosen(where: LogFilter, *, with_type: bool = True) -> ColumnElement[bool]:
    """The filter as a condition on `inspection`."""
    table = inspection.c
    parts: list[ColumnElement[bool]] = [table.superseded_by.is_(None)]
    parts += [
        table[name] == as_logged(getattr(where, name)) for name in _EXACT if getattr(where, name)
    ]
    first, last = where.first_day, where.last_day
    if first and first == last:
        # Asked apart: beside an order by number, SQLite would walk another column's whole index.
        of_day = inspection.alias()
        parts.append(table.id.in_(select(of_day.c.id).where(of_day.c.day == first)))
        first = last = None
    for limit, holds in (
        (first, table.day.__ge__),
        (last, table.day.__le__),
        (where.score_from, table.score.__ge__),
        (where.score_to, table.score.__le__),
        (where.length_from_mm, table.longest_mm.__ge__),
        (where.length_to_mm, table.longest_mm.__le__),
    ):
        if limit is not None:
            parts.append(holds(limit))
    if where.left_out:
        parts.append(is_left_out(table.id, where.left_out))
    for number, holds in (
        (where.body_number, unit.c.body_number.__eq__),
        # There are far fewer bodies than photos: their numbers are read through quickly.
        (where.body_search, partial(unit.c.body_number.contains, autoescape=True)),
    ):
        if number:
            parts.append(table.unit_id.in_(select(unit.c.id).where(holds(number))))
    having_one = chosen_defects(where, with_type=with_type)
    if having_one:
        having = select(defect.c.inspection_id).where(
            defect.c.inspection_id == table.id, *having_one
        )
        parts.append(having.correlate(inspection).exists())
    return and_(true(), *parts)


def exported(where: LogFilter, *, with_type: bool = True) -> ColumnElement[bool]:
    """As `chosen`, without what the figures leave out, unless that is asked for."""
    those = chosen(where, with_type=with_type)
    return those if where.left_out else those & in_figures()


def chosen_defects(where: LogFilter, *, with_type: bool = True) -> list[ColumnElement[bool]]:
    """What the filter asks of a defect, as conditions on `defect`; none where any will do."""
    asked = ("type", "zone") if with_type else ("zone",)
    return [of_defect(name, getattr(where, name)) for name in asked if getattr(where, name)]


def of_defect(name: str, code: str) -> ColumnElement[bool]:
    """Condition on `defect`: its zone or its type is this one, UNKNOWN = none is known."""
    column = defect.c[name]
    return func.coalesce(column, "") == "" if code == UNKNOWN else column == code


def read_filter(parameters: Mapping[str, str]) -> LogFilter:
    """The choice that address parameters write down; "" and a missing name leave a field open.

    Raises FilterRefused or NotFound with one sentence for an unknown name, a value that cannot
    be read, or limits in the wrong order.
    """
    values: dict[str, Any] = {}
    for name, text in parameters.items():
        if name not in PARAMETERS:
            raise FilterRefused("filter_unknown", name=name, known=", ".join(PARAMETERS))
        if text:
            values[PARAMETERS[name]] = read_parameter(name, text)
    where = LogFilter(**values)
    for first, last in _LIMITS:
        low, high = getattr(where, PARAMETERS[first]), getattr(where, PARAMETERS[last])
        if low is not None and high is not None and low > high:
            raise FilterRefused("filter_swapped", first=first, last=last, low=low, high=high)
    return where


def read_parameter(name: str, text: str) -> str | date | float:
    """One value of an address as its field wants it; FilterRefused when it cannot be read."""
    field = PARAMETERS[name]
    if name in ("from", "to"):
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise FilterRefused("filter_day", name=name, value=text) from None
    if name in NUMBERS:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not 0 <= number <= NUMBERS[name]:
            raise FilterRefused("filter_number", name=name, value=text, most=NUMBERS[name])
        return number
    if field in _CODES and text not in _CODES[field]:
        raise FilterRefused("filter_code", name=name, value=text, known=", ".join(_CODES[field]))
    return text


def parameters_of(where: LogFilter) -> dict[str, str]:
    """The choice as address parameters; `read_filter` makes the same choice of them."""
    texts = {}
    for name, field in PARAMETERS.items():
        value = getattr(where, field)
        if value not in ("", None):
            texts[name] = f"{value:.10g}" if isinstance(value, float) else str(value)
    return texts
