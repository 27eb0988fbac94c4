"""Query results as DataFrames whose columns have the same types with and without rows."""

from collections.abc import Sequence

import pandas as pd
from sqlalchemy import Connection, Date, Float, Integer, Select
from sqlalchemy.types import Boolean

from inspection.storage.column_types import UtcDateTime


def frame(connection: Connection, question: Select) -> pd.DataFrame:
    """One column a selected column: moments are UTC with time zone, days are `date` objects,
    figures that may be missing are floats with NaN, links to other rows are Int64 with NA,
    texts that may be missing are None."""
    rows = connection.execute(question).all()
    columns = question.selected_columns
    values = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    return pd.DataFrame(
        {column.key: _series(column, some) for column, some in zip(columns, values, strict=True)}
    )


def _series(column, values: Sequence) -> pd.Series:
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
