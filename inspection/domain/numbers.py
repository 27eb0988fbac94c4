"""How a number is rounded and written before a person reads it: the same everywhere.

Python rounds the binary number (2.05 becomes 2.0), browsers and spreadsheets what is written of it
(2.1). The same defect must not be 2.0 mm in one place and 2.1 mm in another. Which signs stand in
a number is the language's: 1,234.5 and 12.5% are 1.234,5 and 12,5 % in German.
"""

import math
import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal


@dataclass(frozen=True, slots=True)
class Signs:
    """The signs of a language's numbers. percent: a share, {n} in the place of its number."""

    decimal: str = "."
    thousands: str = ","
    percent: str = "{n}%"

    @property
    def separators(self) -> str:
        """Decimal sign and sign of thousands, as charts are told them."""
        return self.decimal + self.thousands

    def written(self, text: str) -> str:
        """A number as Python writes it ("1,234.5", "12.5%") with these signs."""
        text = text.translate({ord("."): self.decimal, ord(","): self.thousands})
        is_share = text.endswith("%") and text[-2:-1].isdigit()
        return self.percent.format(n=text[:-1]) if is_share else text


POINT = Signs()


def rounded(value: float, places: int) -> float:
    """`value` with so many decimal places, a written half rounded away from zero: 2.05 → 2.1."""
    if value != value or value in (float("inf"), float("-inf")):
        return value
    step = Decimal(1).scaleb(-places)
    return float(Decimal(repr(float(value))).quantize(step, ROUND_HALF_UP))


def significant(value: float, digits: int) -> float:
    """`value` with so many significant digits: 0.1333333 → 0.133333 (6)."""
    return float(f"{value:.{digits}g}")


def counted(n: int, one: str, many: str) -> str:
    """A count with its noun: "1 defect", "1,234 defects"."""
    return f"{n:,} {one if n == 1 else many}"


def measured(
    value: float | None,
    error: float | None,
    places: int,
    at_most: bool = False,
    signs: Signs = POINT,
) -> str:
    """A measure as people read it: "1.6 ± 0.3", "≤ 0.6" where it is only a bound, "–" without one.

    error: half of its 95 % interval; None where none is known. With one, no digit is written below
    its first: "101 ± 29".
    """
    if value is None:
        return "–"
    if error:
        places = min(places, max(0, -math.floor(math.log10(error))))
    if at_most:
        return f"≤ {number(value, places, signs)}"
    said = number(value, places, signs)
    return said if error is None else f"{said} ± {number(error, places, signs)}"


def number(value: float, places: int, signs: Signs = POINT) -> str:
    """`value` as people read it, with thousands set apart: "1,234.5"."""
    return signs.written(f"{rounded(value, places):,.{places}f}")


def percent(share: float, places: int = 1, signs: Signs = POINT) -> str:
    """A share of 0–1 as people read it: "12.5%"."""
    # Moved by its digits: 100 × 0.145 is a little less than 14.5 and would round to 14%.
    digits = number(float(Decimal(repr(float(share))).scaleb(2)), places)
    return signs.written(f"{digits}%")


_PRINTF = re.compile(r"%\.?(\d*)([df])(.*)")


def printed(value: float, form: str, signs: Signs = POINT) -> str:
    """`value` as a table on the screen writes it: "count" (1,234), "percent" (a share: 12.5%), or
    a printf format with what follows it ("%.1f", "%.1f %%", "%d")."""
    if form == "count":
        return number(value, 0 if value == int(value) else 3, signs)
    if form == "percent":
        return signs.written(f"{percent(value, 2)[:-1].rstrip('0').rstrip('.')}%")
    found = _PRINTF.fullmatch(form)
    if found is None:
        raise ValueError(f"{form!r} is no form of a number: count, percent or a printf format")
    places, kind, rest = found.groups()
    told = f"{rounded(value, 0 if kind == 'd' else int(places)):.{0 if kind == 'd' else places}f}"
    return signs.written(f"{told}{rest.replace('%%', '%')}")
