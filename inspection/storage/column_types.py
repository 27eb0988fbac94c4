"""Columns that keep what Python knows: moments with time zone, structured values, odd text."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from sqlalchemy import (
    ColumnElement,
    Connection,
    Date,
    DateTime,
    Dialect,
    Float,
    Integer,
    Row,
    RowMapping,
    Select,
    Text,
)
from sqlalchemy.types import Boolean, TypeDecorator

# Made once: `json.dumps` with options would make one for each of a million records.
_CANONICAL = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
)


# What a question answers and asks: its columns are known where it is written.
AnyRow = Row[*tuple[Any, ...]]
AnySelect = Select[*tuple[Any, ...]]
# One row by its columns: as it is read, and as it is to be written.
Values = RowMapping | Mapping[str, Any]
NewRow = dict[str, Any]


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: a naive one is refused, an aware one is stored in UTC and comes back in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a stored moment must carry a time zone, got {value.isoformat()}")
        value = value.astimezone(UTC)
        # SQLite keeps text without a zone; everything in it is UTC.
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class PlainText(TypeDecorator[str]):
    """Any text a person or a file can hand in, kept as it is.

    PostgreSQL has no NUL character in text: it becomes U+FFFD there.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        value = storable(value)
        return value if dialect.name == "sqlite" else value.replace("\0", "\ufffd")


class Unreadable(dict[str, object]):
    """What stands for a stored value that is damaged: empty, so that one bad row ends no page.

    The audit chain names the row; what a program is to go by must refuse it.
    """


class Structured(TypeDecorator[object]):
    """A list or a mapping, stored as canonical JSON text; `Unreadable` where that is damaged.

    shape: `list` or `dict`.
    """

    impl = Text
    cache_ok = True

    def __init__(self, shape: type) -> None:
        super().__init__()
        self.shape = shape

    def process_bind_param(self, value: object, dialect: Dialect) -> str | None:
        # JSON writes NUL as an escape, so both databases take it.
        return None if value is None else storable(canonical_json(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> object:
        if value is None:
            return None
        if value == "[]" and self.shape is list:
            # Most lists of most rows; a log is read by the ten thousand.
            return []
        try:
            read = json.loads(value)
        except (ValueError, TypeError, RecursionError):
            return Unreadable()
        return read if isinstance(read, self.shape) else Unreadable()


def canonical_json(value: object) -> str:
    """JSON with sorted keys and without spaces: the same value always gives the same text."""
    return _CANONICAL.encode(value)


def storable(text: str) -> str:
    """Text as the database keeps it: a lone surrogate has no UTF-8 form and is written out."""
    if text.isascii():
        return text
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def frame(connection: Connection, question: AnySelect) -> pd.DataFrame:
    """One column a selected column: moments are UTC with time zone, days are `date` objects,
    figures that may be missing are floats with NaN, links to other rows are Int64 with NA,
    texts that may be missing are None."""
    rows = connection.execute(question).all()
    columns = question.selected_columns
    values = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    return pd.DataFrame(
        {column.key: _series(column, some) for column, some in zip(columns, values, strict=True)}
    )


def _series(column: ColumnElement[Any], values: Sequence[object]) -> pd.Series:
    if isinstance(column.type, UtcDateTime):
        return pd.Series(pd.to_datetime(pd.Series(values, dtype=object), utc=True)).astype(
            "datetime64[us, UTC]"
        )
    if isinstance(column.type, Boolean):
        return pd.Series(values, dtype=bool)
    if isinstance(column.type, Float):
        return pd.Series(values, dtype=float)
    if isinstance(column.type, Date):
        return pd.Series(values, dtype=object)
    if isinstance(column.type, Integer):
        may_be_missing = getattr(column, "nullable", False)
        return pd.Series(values, dtype="Int64" if may_be_missing else "int64")
    return pd.Series(values, dtype=object)
