"""Rows out of Arrow data: tables, frames and streams of every library that speaks Arrow's C stream protocol.

polars, DuckDB and pyarrow do. Columns are copied once, into the array that EM reads.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gmmx._optional import needed
from gmmx._text import quoted

__all__ = ["ArrowRows", "copy_columns", "is_lazy", "is_stream", "number_type", "read", "table_of"]


class ArrowRows(NamedTuple):
    """Rows that came as Arrow data.

    Attributes
    ----------
    X : ndarray of shape (n_samples, n_features)
        The rows, float32 if all columns are, else float64. Of other data: they themselves.
    header : pyarrow.Table
        A table without rows that has their columns. Of other data: they themselves.
    """

    X: Any
    header: Any


def is_stream(X: Any) -> bool:
    """Tell whether X hands out Arrow data that is to be read here.

    Frames of pandas, which do too, are converted by scikit-learn. So is whatever NumPy can read where pyarrow is not
    installed.
    """
    if not hasattr(X, "__arrow_c_stream__") or hasattr(X, "iloc"):
        return False
    if not hasattr(X, "__array__"):
        return True
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        return False
    return len(getattr(X, "shape", ())) == 2  # a single column is no table


def is_lazy(X: Any) -> bool:
    """Tell whether X is a query of polars that has not been run."""
    kind = type(X)
    return kind.__name__ == "LazyFrame" and kind.__module__.partition(".")[0] == "polars"


def read(X: Any) -> ArrowRows:
    """Read Arrow data into one array; everything else is left as it is.

    Parameters
    ----------
    X : object
        Of Arrow data: a table, a relation or a reader, whose columns are all numbers. A reader is used up.

    Returns
    -------
    rows : ArrowRows
        The rows, and what knows the names of their columns.

    Raises
    ------
    ImportError
        If pyarrow is not installed.
    TypeError
        If X is a query of polars that has not been run.
    ValueError
        If a column does not hold numbers, or a value is missing.

    Examples
    --------
    >>> import pyarrow
    >>> read(pyarrow.table({"length": [1.5, 2.0], "count": [3, 4]})).X
    array([[1.5, 3. ],
           [2. , 4. ]])
    """
    if is_lazy(X):
        raise TypeError("X is a LazyFrame of polars, which holds a query and no rows: collect it first, X.collect().")
    if not is_stream(X):
        return ArrowRows(X, X)
    pyarrow = needed("pyarrow", f"X of type {type(X).__name__}, which is Arrow data,", "data")
    reader = pyarrow.RecordBatchReader.from_stream(X)
    columns = range(len(reader.schema))
    dtype = number_type(reader.schema, columns, "X")
    batches = deque(reader)
    rows = np.empty((sum(batch.num_rows for batch in batches), len(columns)), dtype=dtype)
    begin = 0
    while batches:  # each is freed before the next is copied: those of a stream are nobody else's
        batch = batches.popleft()
        copy_columns(batch, columns, rows[begin : begin + batch.num_rows], "X", begin)
        begin += batch.num_rows
    return ArrowRows(rows, reader.schema.empty_table())


def table_of(X: Any) -> Any:
    """Return Arrow data whose length nobody knows as a table; everything else is left as it is."""
    if not is_stream(X) or hasattr(X, "__array__"):
        return X
    return needed("pyarrow", f"X of type {type(X).__name__}, which is Arrow data,", "data").table(X)


def number_type(schema: Any, columns: Sequence[int], where: str) -> np.dtype[Any]:
    """Return the type that columns have in common: float32 if all do, else float64.

    Parameters
    ----------
    schema : pyarrow.Schema
        Names and types of the columns.
    columns : sequence of int
        Which of them.
    where : str
        What holds them, for the error.

    Raises
    ------
    ValueError
        If a column does not hold numbers.
    """
    types = needed("pyarrow.types", "Arrow data", "data")
    for column in columns:
        field = schema.field(column)
        kind = _value_type(field.type)
        if not (_is_primitive_number(kind) or types.is_boolean(kind) or types.is_decimal(kind)):
            raise ValueError(
                f"{where} has the column {quoted(field.name)} of type {field.type}, but all columns must hold "
                "numbers: leave it out, or turn it into numbers"
            )
    all_float32 = len(columns) > 0 and all(
        types.is_float32(_value_type(schema.field(column).type)) for column in columns
    )
    return np.dtype(np.float32 if all_float32 else np.float64)


def copy_columns(
    batch: Any,
    columns: Sequence[int],
    rows: npt.NDArray[Any],
    where: str,
    first_row: int,
    *,
    keep_missing: bool = False,
) -> None:
    """Copy columns of a record batch into an array.

    Parameters
    ----------
    batch : pyarrow.RecordBatch
        The batch.
    columns : sequence of int
        Which of its columns, for which `number_type` found a type.
    rows : ndarray of shape (batch.num_rows, len(columns))
        Where they go.
    where : str
        What the batch is of, for the error.
    first_row : int
        Number of rows before the batch, for the error.
    keep_missing : bool, default=False
        Whether missing values are copied as NaN; otherwise they are refused.

    Raises
    ------
    ValueError
        If a value is missing.
    """
    for j, index in enumerate(columns):
        column = batch.column(index)
        if column.type != _value_type(column.type):
            column = column.dictionary_decode()
        if column.null_count and not keep_missing:
            row = first_row + int(np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False))[0])
            raise ValueError(
                f"{where} has no value in row {row} (the first is 0) of the column "
                f"{quoted(batch.schema.field(index).name)}: fill in missing values, or "
                "drop the rows or the columns that have them"
            )
        if not _is_primitive_number(column.type):
            column = column.cast("float64")
        rows[:, j] = column.to_numpy(zero_copy_only=False)


def _value_type(of_type: Any) -> Any:
    """Return the type of the values, of a dictionary-encoded column that of its dictionary."""
    is_dictionary = needed("pyarrow.types", "Arrow data", "data").is_dictionary(of_type)
    return of_type.value_type if is_dictionary else of_type


def _is_primitive_number(of_type: Any) -> bool:
    """Tell whether NumPy has the type, too."""
    types = needed("pyarrow.types", "Arrow data", "data")
    return bool(types.is_floating(of_type) or types.is_integer(of_type))
