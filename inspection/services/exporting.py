"""Tables that leave the house: CSV, and the one rule against living formulas."""

import csv
import io
import math
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, tzinfo

import pandas as pd

# Spreadsheets turn text that begins so into a formula or a command; the full-width forms do it
# in East Asian versions.
_FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")
# Marks without width that a spreadsheet may skip before it looks for a formula.
_INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060"
# A workbook cell holds 32,767 characters.
_CELL_CHARACTERS = 32_000


def plain_cell(text: str) -> str:
    """Text that a spreadsheet shows and never calculates.

    A text that would start a formula gets a leading apostrophe, also behind spaces. Numbers do
    not come here: they stay numbers.
    """
    if text.startswith(_FORMULA_STARTS):
        return f"'{text}"
    if text.lstrip().lstrip(_INVISIBLE).lstrip().startswith(_FORMULA_STARTS):
        return f"'{text}"
    return text


def workbook_text(text: str) -> str:
    """`plain_cell` for a workbook: no longer than a cell, and without lone surrogates."""
    whole = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return plain_cell(whole)[:_CELL_CHARACTERS]


def csv_pieces(frames: Iterable[pd.DataFrame], zone: tzinfo = UTC) -> Iterator[bytes]:
    """Tables of the same columns as one CSV file, a piece a table.

    UTF-8 with a mark at the start, so that Excel shows Korean; the head carries the columns'
    names; CRLF line ends; moments in ISO 8601 on the clock of `zone`, with its difference from
    UTC; no value = empty cell.
    """
    for number, frame in enumerate(frames):
        # The mark goes out once: utf-8-sig a piece would repeat it.
        head = b"" if number else b"\xef\xbb\xbf" + _lines([frame.columns])
        yield head + _lines(
            zip(*(_cells(frame[name], zone) for name in frame.columns), strict=True)
        )


def table_csv(frame: pd.DataFrame) -> bytes:
    """Any small table as one CSV file, such as the figures behind a chart; the same form."""
    return b"".join(csv_pieces([frame]))


def _lines(rows: Iterable[Iterable[object]]) -> bytes:
    page = io.StringIO()
    # Text is always quoted: a list separator of another country cannot split it into a formula.
    csv.writer(page, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n").writerows(rows)
    return page.getvalue().encode("utf-8", "backslashreplace")


def _cells(column: pd.Series, zone: tzinfo) -> list[object]:
    if column.dtype == "float64":
        return [value if math.isfinite(value) else None for value in column.tolist()]
    if column.dtype == "int64":
        return column.tolist()
    return [_cell(value, zone) for value in column.astype(object)]


def _cell(value: object, zone: tzinfo) -> str | float | None:
    if isinstance(value, str):
        return plain_cell(value)
    if isinstance(value, list | tuple | dict | set):
        return plain_cell(str(value))
    if value is None or pd.isna(value):
        return None
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int | float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime):
        return (value.astimezone(zone) if value.tzinfo else value).isoformat()
    return plain_cell(str(value))
