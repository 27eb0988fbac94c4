"""Numbers and moments of a shift report as they stand in its tiles and tables."""

from datetime import datetime
from typing import Any

from inspection.i18n import Translate
from inspection.services.words import NO_VALUE

Value = str | int | float | None
# A part of the document as its templates read it: texts, lists and further parts by name.
DocumentPart = dict[str, Any]


def joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part and part != NO_VALUE) or NO_VALUE


def moment_text(at: datetime) -> str:
    return f"{at:%m-%d %H:%M}"


def dpu_text(t: Translate, value: float | None) -> str:
    return NO_VALUE if value is None else t.number(value, 2)


def percent_text(t: Translate, share: float | None, digits: int = 1) -> str:
    return NO_VALUE if share is None else t.percent(share, digits)


def difference_text(t: Translate, value: float, before: float) -> str:
    """By how much two DPU differ as they are written: "−0.12"."""
    # One shift above or below its baseline is no signal, so the difference stays uncoloured.
    difference = round(value, 2) - round(before, 2)
    return f"{'−' if difference < 0 else '+'}{t.number(abs(difference), 2)}"


def cell_text(t: Translate, value: Value, kind: str) -> str:
    """A value in words. kind: "text", "count", "dpu" or "share"."""
    if value is None or isinstance(value, str):
        return value or NO_VALUE
    if kind == "dpu":
        return dpu_text(t, value)
    return percent_text(t, value) if kind == "share" else t.count(int(value))


def share_of(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def millimetres_text(t: Translate, value: float | None) -> str:
    return NO_VALUE if value is None else f"{t.number(value, 1)} mm"


def area_text(t: Translate, area_mm2: float | None, area_px: int) -> str:
    return f"{t.count(area_px)} px" if area_mm2 is None else f"{t.number(area_mm2, 1)} mm²"
