"""What the ignore regions were on each photo, in the log."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from inspection.domain.ignoring.regions import IgnoredMark, IgnoreRegion, Ignoring
from inspection.domain.inspections import Inspection
from inspection.errors import IgnoreRefused
from inspection.storage.column_types import AnyRow, NewRow, Values
from inspection.storage.database import insert_rows, next_number
from inspection.storage.ignoring.table import ignore_check, ignored_mark
from inspection.storage.rows import region_of, region_values


@dataclass
class IgnoringRows:
    """Rows that are to be written in the transaction of their inspections."""

    connection: Connection
    checks: list[NewRow] = field(default_factory=list)
    marks: list[NewRow] = field(default_factory=list)
    first_mark: int = 0

    def of(self, number: int, one: Inspection) -> list[NewRow]:
        """Take in what was ignored at an inspection; answers the rows that its digest covers."""
        seen = one.ignoring
        if seen is None:
            return []
        check = {
            "version": seen.version,
            "view": seen.view,
            "error_percent": None if seen.error_percent is None else float(seen.error_percent),
            "holds": bool(seen.holds),
            "by": seen.by,
            "regions": written(seen.regions),
        }
        marks = [
            {"number": place, "kind": mark.kind, **region_values(mark.region)}
            for place, mark in enumerate(seen.marks)
        ]
        return self._taken(number, check, marks)

    def again(self, old: int, number: int) -> list[NewRow]:
        """The same for an inspection that is written again under another number."""
        checks, marks = _rows(self.connection, [old])
        if old not in checks:
            return []
        return self._taken(
            number, checks[old]._mapping, [mark._mapping for mark in marks.get(old, [])]
        )

    def write(self) -> None:
        """Insert them, after their inspections."""
        insert_rows(self.connection, ignore_check, self.checks)
        insert_rows(self.connection, ignored_mark, self.marks)

    def _taken(self, number: int, check: Values, marks: Sequence[Values]) -> list[NewRow]:
        if marks and not self.first_mark:
            # Not asked before: most photos have none.
            self.first_mark = next_number(self.connection, ignored_mark)
        first = self.first_mark + len(self.marks)
        rows = [
            {**mark, "id": first + place, "inspection_id": number}
            for place, mark in enumerate(marks)
        ]
        self.checks.append({**check, "id": number})
        self.marks += rows
        return [self.checks[-1], *rows]


def ignoring_about(connection: Connection, numbers: Iterable[int]) -> dict[int, Ignoring]:
    """Inspection -> what was ignored there; one that is damaged is left out, as the audit chain
    names it."""
    checks, marks = _rows(connection, sorted(numbers))
    found = {}
    for number, check in checks.items():
        seen = _read(check, marks.get(number, []))
        if seen is not None:
            found[number] = seen
    return found


def written(regions: Iterable[IgnoreRegion]) -> list[list[object]]:
    """Regions as `Structured` keeps them, to a tenth of a pixel."""
    return [
        [region.kind, [[round(float(x), 1), round(float(y), 1)] for x, y in region.outline_px]]
        for region in regions
    ]


def read_regions(values: Iterable[Any]) -> tuple[IgnoreRegion, ...]:
    """Regions of `written`; raises ValueError or TypeError for anything else."""
    return tuple(
        IgnoreRegion(str(kind), tuple((float(x), float(y)) for x, y in outline))
        for kind, outline in values
    )


def _rows(
    connection: Connection, numbers: list[int]
) -> tuple[dict[int, AnyRow], dict[int, list[AnyRow]]]:
    """By inspection the row of its check, and those of its ignored marks."""
    check, mark = ignore_check, ignored_mark
    if not numbers:
        return {}, {}
    found = connection.execute(select(check).where(check.c.id.in_(numbers)))
    checks = {row.id: row for row in found}
    marks: dict[int, list[AnyRow]] = {}
    if checks:
        question = select(mark).where(mark.c.inspection_id.in_(list(checks))).order_by(mark.c.id)
        for row in connection.execute(question):
            marks.setdefault(row.inspection_id, []).append(row)
    return checks, marks


def _read(check: AnyRow, marks: list[AnyRow]) -> Ignoring | None:
    try:
        return Ignoring(
            version=check.version,
            view=check.view,
            error_percent=check.error_percent,
            holds=check.holds,
            by=check.by,
            regions=read_regions(check.regions),
            marks=tuple(IgnoredMark(row.kind, region_of(row)) for row in marks),
        )
    except (IgnoreRefused, ValueError, TypeError):
        return None
