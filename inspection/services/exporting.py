"""Tables that leave the house: CSV of the log, and the one rule against living formulas."""

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from numbers import Number

import pandas as pd

# Spreadsheets turn text that begins so into a formula or a command; the full-width forms do it
# in East Asian versions.
_FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")
# Marks without width that a spreadsheet may skip before it looks for a formula.
_INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060"
_ROWS_A_CHUNK = 2000


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


def inspections_csv(frame: pd.DataFrame) -> Iterator[bytes]:
    """The log's inspections as CSV, one row a photo, in pieces of a few thousand rows.

    frame: columns as the read side documents them; the header row carries their names.
    UTF-8 with a mark at the start, so that Excel shows Korean; CRLF line ends; moments in ISO
    8601; no value = empty cell.
    """
    return _csv(frame)


def defects_csv(frame: pd.DataFrame) -> Iterator[bytes]:
    """The log's defects as CSV, one row a defect; the same form as `inspections_csv`."""
    return _csv(frame)


def table_csv(frame: pd.DataFrame) -> bytes:
    """Any small table as one CSV file, such as the figures behind a chart; the same form."""
    return b"".join(_csv(frame))


def _csv(frame: pd.DataFrame) -> Iterator[bytes]:
    # The mark goes out once: utf-8-sig a piece would repeat it.
    yield b"\xef\xbb\xbf" + _lines([frame.columns])
    for start in range(0, len(frame), _ROWS_A_CHUNK):
        piece = frame.iloc[start : start + _ROWS_A_CHUNK]
        yield _lines(zip(*(_cells(piece[name]) for name in frame.columns), strict=True))


def _cells(column: pd.Series) -> list:
    return [_cell(value) for value in column.astype(object)]


def _cell(value: object) -> object:
    if isinstance(value, str):
        return plain_cell(value)
    if isinstance(value, list | tuple | dict | set):
        return plain_cell(str(value))
    if value is None or pd.isna(value):
        return None
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Number):
        return value
    return plain_cell(str(value))


def _lines(rows) -> bytes:
    page = io.StringIO()
    # Text is always quoted: a list separator of another country cannot split it into a formula.
    csv.writer(page, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n").writerows(rows)
    return page.getvalue().encode("utf-8", "backslashreplace")
