"""Sheets of the report's workbook: cells, tables and native charts, whatever they show."""

from collections.abc import Sequence
from datetime import datetime

import xlsxwriter
from xlsxwriter.chart import Chart
from xlsxwriter.worksheet import Worksheet

from inspection.services.exporting import workbook_text
from inspection.services.words import plain

CELL_KINDS = {
    "text": {"text_wrap": True, "valign": "top"},
    "count": {"num_format": "#,##0", "valign": "top"},
    "dpu": {"num_format": "0.00", "valign": "top"},
    "share": {"num_format": "0.0%", "valign": "top"},
    "few": {"num_format": "0.00#", "valign": "top"},
    "area": {"num_format": "#,##0.0", "valign": "top"},
    "length": {"num_format": "#,##0.0", "valign": "top"},
    "time": {"num_format": "yyyy-mm-dd hh:mm", "valign": "top", "align": "left"},
}


class ReportSheets:
    """Writes cells and tables; a cell's kind is one of CELL_KINDS."""

    def __init__(self, workbook: xlsxwriter.Workbook) -> None:
        self.workbook = workbook
        self._formats = {name: workbook.add_format(f) for name, f in CELL_KINDS.items()}
        self._head = workbook.add_format(
            {"bold": True, "bg_color": "#1F3A5F", "font_color": "#FFFFFF", "text_wrap": True}
        )
        self._title = workbook.add_format({"bold": True, "font_size": 16})
        self._strong = workbook.add_format({"bold": True, "valign": "top"})

    def add(self, name: str) -> Worksheet:
        sheet = self.workbook.add_worksheet(plain(name)[:31])
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        return sheet

    def table(
        self, name: str, columns: list[tuple[str, str, int]], rows: Sequence[Sequence[object]]
    ) -> Worksheet:
        """A sheet with one table. columns: (header, kind, width in characters)."""
        sheet = self.add(name)
        sheet.set_landscape()
        sheet.freeze_panes(1, 0)
        sheet.repeat_rows(0)
        for column, (header, _, width) in enumerate(columns):
            sheet.set_column(column, column, width)
            sheet.write_string(0, column, header, self._head)
        for row, values in enumerate(rows, start=1):
            for column, value in enumerate(values):
                self.cell(sheet, row, column, value, columns[column][1])
        if rows:
            sheet.autofilter(0, 0, len(rows), len(columns) - 1)
        return sheet

    def cell(self, sheet: Worksheet, row: int, column: int, value: object, kind: str) -> None:
        shape = self._formats[kind]
        if value is None:
            sheet.write_blank(row, column, None, shape)
        elif isinstance(value, datetime):
            # A cell has no time zone: the clock of the plant is written.
            sheet.write_datetime(row, column, value.replace(tzinfo=None), shape)
        elif isinstance(value, str):
            sheet.write_string(row, column, workbook_text(value), shape)
        else:
            sheet.write_number(row, column, value, shape)

    def heading(self, sheet: Worksheet, row: int, text: str) -> None:
        sheet.write_string(row, 0, workbook_text(text), self._title if row == 0 else self._head)

    def label(self, sheet: Worksheet, row: int, text: str) -> None:
        sheet.write_string(row, 0, workbook_text(text), self._strong)


def column_chart(
    workbook: xlsxwriter.Workbook,
    sheet: str,
    rows: tuple[int, int],
    categories: tuple[int, int],
    values: int,
    name: str = "",
) -> Chart:
    """A column chart over cells of a sheet. rows, categories: first and last, both included."""
    chart = workbook.add_chart({"type": "column"})
    chart.add_series(
        {
            "name": name,
            "categories": [sheet, rows[0], categories[0], rows[1], categories[1]],
            "values": [sheet, rows[0], values, rows[1], values],
            "fill": {"color": "#2F5D8A"},
            "gap": 40,
        }
    )
    chart.set_size({"width": 720, "height": 400})
    return chart


def lay_line_over(
    workbook: xlsxwriter.Workbook,
    chart: Chart,
    sheet: str,
    rows: tuple[int, int],
    categories: tuple[int, int],
    values: int,
    name: str,
) -> None:
    """Lays a line of shares (0–100 %, its own axis) over a column chart."""
    line = workbook.add_chart({"type": "line"})
    line.add_series(
        {
            "name": name,
            "categories": [sheet, rows[0], categories[0], rows[1], categories[1]],
            "values": [sheet, rows[0], values, rows[1], values],
            "y2_axis": True,
            "line": {"color": "#B3382C", "width": 2},
            "marker": {"type": "circle", "size": 5},
        }
    )
    chart.combine(line)
    line.set_y2_axis({"name": name, "min": 0, "max": 1, "num_format": "0%"})
    chart.set_legend({"position": "bottom"})
