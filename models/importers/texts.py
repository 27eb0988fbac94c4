"""Label files as text, whatever wrote them: UTF-8, UTF-16, and cp949 as Korean Windows saves."""

import csv
import io
import json
from typing import Any

from models.importers.files import SourceFile, SourceRefused

# What a spreadsheet of any country puts between two columns.
_DELIMITERS = (",", ";", "\t")
_MOST_CELL_LETTERS = 64 * 2**20


def read_text(file: SourceFile) -> str:
    """The text of a label file, without byte order mark; raises SourceRefused."""
    content = file.read()
    # Byte order marks and, in JSON and CSV, the zero bytes of UTF-16 and UTF-32 tell them apart.
    encoding = json.detect_encoding(content)
    for one in (encoding, "cp949"):
        try:
            return content.decode(one).removeprefix("\ufeff")
        except ValueError:
            continue
    raise SourceRefused("no readable text (neither UTF-8 nor UTF-16 nor cp949)")


def read_json(file: SourceFile) -> Any:
    """What a JSON file says; raises SourceRefused for anything else."""
    text = read_text(file)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SourceRefused(f"no readable JSON ({error})") from None


def read_rows(file: SourceFile) -> list[list[str]]:
    """The rows of a CSV file, its head among them; raises SourceRefused for no text or no CSV."""
    text = read_text(file)
    head = text.split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=head.count)
    csv.field_size_limit(_MOST_CELL_LETTERS)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise SourceRefused(f"no readable CSV ({error})") from None
    return [line for line in lines if any(cell.strip() for cell in line)]


def head_of(rows: list[list[str]]) -> list[str]:
    """The names of a table's columns, from its first row; [] without one."""
    return [name.strip().lstrip("#").strip() for name in rows[0]] if rows else []


def read_table(file: SourceFile, columns: tuple[str, ...]) -> list[dict[str, str]] | None:
    """The rows of a CSV file whose head names these columns; None where it does not.

    Raises SourceRefused for no text, or a row with more or fewer cells than its head.
    """
    lines = read_rows(file)
    names = head_of(lines)
    if not set(columns) <= set(names):
        return None
    for number, line in enumerate(lines[1:], 2):
        if len(line) != len(names):
            raise SourceRefused(f"row {number} has {len(line)} cells, its head {len(names)}")
    return [dict(zip(names, line, strict=True)) for line in lines[1:]]
