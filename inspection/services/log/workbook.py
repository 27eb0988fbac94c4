"""The chosen inspections and their defects as a workbook of any length."""

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import BinaryIO
from zoneinfo import ZoneInfo

import pandas as pd
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from inspection.i18n import Translate
from inspection.services.exporting import workbook_text
from inspection.services.words import word

# A sheet holds 1,048,576 rows, its head among them.
SHEET_ROWS = 1_048_575
# Codes that are said in words, and where the words stand.
_WORDS = {
    "panel": "panel",
    "colour": "colour",
    "shift": "shift",
    "verdict": "verdict",
    "standing": "verdict",
    "disposition": "disposition",
    "type": "defect",
    "severity": "severity",
    "scale_source": "scale_source",
    "left_out": "left_out",
}


# How the head, a day and a moment look.
_LOOKS = {
    "head": {"bold": True, "bg_color": "#DCE6F1"},
    "day": {"num_format": "yyyy-mm-dd"},
    "moment": {"num_format": "yyyy-mm-dd hh:mm:ss"},
}


def write_log_workbook(
    file: BinaryIO,
    tables: Iterable[tuple[str, Iterable[pd.DataFrame]]],
    t: Translate,
    zone: ZoneInfo,
    *,
    sheet_rows: int = SHEET_ROWS,
) -> list[int]:
    """Write tables one after the other; answers how many rows each had.

    tables: key under `export` of the sheet's name, and the table in pieces. A full sheet is
    followed by another one. Heads and codes are said in the words of `t`, moments are on the
    clock of `zone`, numbers stay numbers, and no text can become a formula.
    """
    options = {
        # A row goes to the disk before the next one comes.
        "constant_memory": True,
        "tmpdir": str(Path(file.name).parent),
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    counts = []
    with xlsxwriter.Workbook(file, options) as workbook:
        looks = {name: workbook.add_format(how) for name, how in _LOOKS.items()}
        for key, frames in tables:
            table = _LongTable(workbook, looks, t(f"export.{key}"), t, zone, sheet_rows)
            for frame in frames:
                table.write(frame)
            counts.append(table.rows)
    return counts


class _LongTable:
    """Tables of the same columns below each other, on as many sheets as they need."""

    def __init__(
        self,
        workbook: xlsxwriter.Workbook,
        looks: Mapping[str, Format],
        title: str,
        t: Translate,
        zone: ZoneInfo,
        most: int,
    ) -> None:
        self._workbook, self._looks, self._title = workbook, looks, title
        self._t, self._zone, self._most = t, zone, most
        self._sheet: Worksheet | None = None
        self._sheets = self._next = 0
        self.rows = 0

    def write(self, frame: pd.DataFrame) -> None:
        sheet = self._sheet or self._begin_sheet(frame)
        words = [self._words_of(name) for name in frame.columns]
        columns = [frame[name].astype(object).tolist() for name in frame.columns]
        for values in zip(*columns, strict=True):
            if self._next > self._most:
                sheet = self._begin_sheet(frame)
            for place, value in enumerate(values):
                self._write_cell(sheet, place, value, words[place])
            self._next += 1
            self.rows += 1

    def _begin_sheet(self, frame: pd.DataFrame) -> Worksheet:
        self._sheets += 1
        title = self._title if self._sheets == 1 else f"{self._title} {self._sheets}"
        sheet = self._sheet = self._workbook.add_worksheet(title)
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(frame.columns) - 1, 16)
        for place, name in enumerate(frame.columns):
            head = workbook_text(self._t(f"export.column.{name}"))
            if pd.api.types.is_datetime64_any_dtype(frame[name]):
                head = self._t("common.bracketed", text=head, more=self._zone.key)
            sheet.write_string(0, place, head, self._looks["head"])
        self._next = 1
        return sheet

    def _words_of(self, name: str) -> Callable[[str], str] | None:
        table = _WORDS.get(name)
        if table is None:
            return None

        def said(code: str) -> str:
            # "undecided" is where an inspection stands, no verdict that was proposed.
            return word(self._t, "standing" if code == "undecided" else table, code)

        return said

    def _write_cell(
        self, sheet: Worksheet, place: int, value: object, words: Callable[[str], str] | None
    ) -> None:
        row = self._next
        if isinstance(value, str):
            if value:
                sheet.write_string(row, place, workbook_text(words(value) if words else value))
        elif value is None or pd.isna(value):
            return
        elif isinstance(value, bool):
            sheet.write_boolean(row, place, value)
        elif isinstance(value, int | float):
            if math.isfinite(value):
                sheet.write_number(row, place, value)
        elif isinstance(value, datetime):
            # A cell has no time zone: the clock of the plant is written.
            local = value.astimezone(self._zone).replace(tzinfo=None)
            sheet.write_datetime(row, place, local, self._looks["moment"])
        elif isinstance(value, date):
            sheet.write_datetime(row, place, value, self._looks["day"])
        else:
            sheet.write_string(row, place, workbook_text(str(value)))
