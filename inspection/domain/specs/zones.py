"""The zones of a panel as rows that people edit, and a vehicle model's file with other zones in it.

A file keeps its comments and its order: only the zones of one panel and its own grade change.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from inspection.domain.defects import ZONE_GRADES
from inspection.domain.panels import Panel, Zone, read_model
from inspection.domain.specs.rows import Row
from inspection.errors import SpecError

# One row of the table: shares of the panel in percent.
FIELDS = ("grade", "x_from", "x_to", "y_from", "y_to", "near_character_line")
MOST_ZONES = 60

_PANEL = re.compile(r"\s*\[\[\s*panel\s*\]\]")
_ZONE = re.compile(r"\s*\[\[\s*panel\s*\.\s*zone\s*\]\]")
_CODE = re.compile(r"""\s*code\s*=\s*["']([^"']*)["']""")
_GRADE = re.compile(r"""(\s*grade\s*=\s*)("[^"]*"|'[^']*')(.*)""")


def rows_of(panel: Panel) -> list[Row]:
    """The zones of a panel, one row each, as they are listed."""
    return [
        {
            "grade": zone.grade,
            "x_from": 100.0 * zone.x[0],
            "x_to": 100.0 * zone.x[1],
            "y_from": 100.0 * zone.y[0],
            "y_to": 100.0 * zone.y[1],
            "near_character_line": zone.near_character_line,
        }
        for zone in panel.zones
    ]


def zones_of(rows: Sequence[Mapping[str, Any]]) -> tuple[Zone, ...]:
    """The zones of a table. Raises SpecError, in words, for the first row that is no zone."""
    if len(rows) > MOST_ZONES:
        raise SpecError("zones_most", n=len(rows), most=MOST_ZONES)
    return tuple(_zone(number, row) for number, row in enumerate(rows, 1))


def with_zones(text: str, filename: str, panel: str, grade: str, zones: Sequence[Zone]) -> str:
    """The text of a vehicle model's file with another grade and other zones of one panel.

    Raises SpecError where the file has no such panel, or is laid out so that its zones cannot be
    replaced without touching anything else.
    """
    if grade not in ZONE_GRADES:
        raise SpecError("panel_grade", grade=grade[:40], known=", ".join(ZONE_GRADES))
    lines = text.splitlines()
    start, end = _block(lines, panel, filename)
    head_end = next((at for at in range(start + 1, end) if _ZONE.match(lines[at])), end)
    head = [_graded(line, grade) for line in lines[start:head_end]]
    # A comment before the first zone is on the panel's zones, whichever they are.
    if head_end == end or not any(line.strip() for line in head[len(_without_end(head)) :]):
        head = _without_end(head)
    # What stands after the last zone, as a comment on the panel that follows, stays there.
    rest = lines[end - _length_of_end(lines[start:end]) : end]
    written = [*head, *(line for zone in zones for line in ["", *_zone_lines(zone)])]
    if zones and head[-1].lstrip().startswith("#"):
        del written[len(head)]
    if end < len(lines) and not (rest and not rest[0].strip()):
        written.append("")
    changed = "\n".join([*lines[:start], *written, *rest, *lines[end:]]) + "\n"
    _refuse_other_change(text, changed, filename, panel, grade, zones)
    return changed


def _zone(number: int, row: Mapping[str, Any]) -> Zone:
    grade = row.get("grade")
    if grade not in ZONE_GRADES:
        raise SpecError(
            "zone_grade", n=number, grade=str(grade or "")[:40], known=", ".join(ZONE_GRADES)
        )
    sides = []
    for axis in ("x", "y"):
        low, high = row.get(f"{axis}_from"), row.get(f"{axis}_to")
        if low is None or high is None or not 0 <= low < high <= 100:
            raise SpecError("zone_range", n=number, low=_told(low), high=_told(high))
        sides.append((round(low / 100, 4), round(high / 100, 4)))
    x, y = sides
    if x[0] == x[1] or y[0] == y[1]:
        raise SpecError("zone_range", n=number, low=_told(x[0]), high=_told(x[1]))
    return Zone(str(grade), x, y, bool(row.get("near_character_line")))


def _told(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"


def _block(lines: list[str], panel: str, filename: str) -> tuple[int, int]:
    """The lines of one panel with its zones: the first, and the one after the last."""
    starts = [at for at, line in enumerate(lines) if _PANEL.match(line)]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        found = next((m for line in lines[start:end] if (m := _CODE.match(line))), None)
        if found and found[1] == panel:
            return start, end
    raise SpecError("zones_layout", file=filename, panel=panel)


def _graded(line: str, grade: str) -> str:
    found = _GRADE.match(line)
    return f'{found[1]}"{grade}"{found[3]}' if found else line


def _length_of_end(lines: list[str]) -> int:
    """How many empty and comment lines a block ends with."""
    kept = len(_without_end(lines))
    return len(lines) - kept


def _without_end(lines: list[str]) -> list[str]:
    last = len(lines)
    while last and (not lines[last - 1].strip() or lines[last - 1].lstrip().startswith("#")):
        last -= 1
    return lines[:last]


def _zone_lines(zone: Zone) -> list[str]:
    lines = [
        "[[panel.zone]]",
        f'grade = "{zone.grade}"',
        f"x = [{float(zone.x[0])!r}, {float(zone.x[1])!r}]",
        f"y = [{float(zone.y[0])!r}, {float(zone.y[1])!r}]",
    ]
    return [*lines, "near_character_line = true"] if zone.near_character_line else lines


def _refuse_other_change(
    before: str, after: str, filename: str, panel: str, grade: str, zones: Sequence[Zone]
) -> None:
    was, now = read_model(before, filename), read_model(after, filename)
    one = now.panel(panel)
    others = [
        (a, b) for a, b in zip(was.panels, now.panels, strict=False) if a.code != panel and a != b
    ]
    is_meant = one is not None and (one.grade, one.zones) == (grade, tuple(zones))
    if others or not is_meant or len(was.panels) != len(now.panels):
        raise SpecError("zones_layout", file=filename, panel=panel)
