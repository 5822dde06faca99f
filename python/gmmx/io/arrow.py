"""Rows out of Arrow data: tables, frames and streams of every library that speaks Arrow's C stream protocol.

polars, DuckDB and pyarrow do. Columns are copied once, into the array that EM reads. A column of numbers is a feature,
a column of lists of n numbers is n features; `gmmx.io._arrow_features` has the rules.
"""

from __future__ import annotations

from collections import deque
from typing import Any, NamedTuple

import numpy as np

from gmmx._optional import import_optional
from gmmx.io._arrow_features import ArrowFeatures, ListLengths, holds_lists, number_type

__all__ = ["ArrowRows", "is_lazy", "is_stream", "read", "reader_of", "table_of"]


class ArrowRows(NamedTuple):
    """Rows that came as Arrow data.

    Attributes
    ----------
    X : ndarray of shape (n_samples, n_features)
        The rows, float32 if all columns are, else float64. Of other data: they themselves.
    header : pyarrow.Table
        A table without rows that has a column for each feature. Of other data: they themselves.
    """

    X: Any
    header: Any


def is_stream(X: Any) -> bool:
    """Return whether X provides Arrow data that gmmx reads.

    Frames of pandas, which do too, are converted by scikit-learn unless they have Arrow's lists, for which it has no
    features. So is whatever NumPy can read where pyarrow is not installed.
    """
    if not hasattr(X, "__arrow_c_stream__") or (_is_pandas(X) and not _has_lists(X)):
        return False
    if not hasattr(X, "__array__"):
        return True
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        return False
    return len(getattr(X, "shape", ())) == 2  # a single column is not a table


def is_lazy(X: Any) -> bool:
    """Return whether X is a query of polars that has not been run."""
    kind = type(X)
    return kind.__name__ == "LazyFrame" and kind.__module__.partition(".")[0] == "polars"


def read(X: Any) -> ArrowRows:
    """Read Arrow data into one array; leave everything else unchanged.

    Parameters
    ----------
    X : object
        Of Arrow data: a table, a relation or a reader, whose columns are all numbers or lists of as many numbers in
        each row. A reader is used up.

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
        If a column holds neither numbers nor lists of numbers, lists differ in length, or a value is missing.

    Examples
    --------
    >>> import pyarrow
    >>> read(pyarrow.table({"length": [1.5, 2.0], "count": [3, 4]})).X
    array([[1.5, 3. ],
           [2. , 4. ]])
    >>> read(pyarrow.table({"place": [[1.5, 2.0], [3.0, 4.0]]})).header.column_names
    ['place[0]', 'place[1]']
    """
    if is_lazy(X):
        raise TypeError("X is a LazyFrame of polars, which holds a query and no rows: collect it first, X.collect().")
    if not is_stream(X):
        return ArrowRows(X, X)
    reader = reader_of(X, "X")
    dtype = number_type(reader.schema, range(len(reader.schema)), "X")
    batches = deque(reader)
    n_rows = sum(batch.num_rows for batch in batches)
    lengths = ListLengths()
    lengths.update(reader.schema, lambda lists: ([batch.column(j) for j in lists] for batch in batches))
    if lengths.unknown and not n_rows:
        raise ValueError(
            "X has columns of lists but 0 sample(s), so that nothing tells the length of the lists: give at least one "
            "row, or lists of fixed size"
        )
    features = ArrowFeatures.of(reader.schema, lengths)
    chosen = features.chosen(range(len(features.names)))
    rows = np.empty((n_rows, len(features.names)), dtype=dtype)
    begin = 0
    while batches:  # each is freed before the next is copied: those of a stream are nobody else's
        batch = batches.popleft()
        chosen.copy(batch, rows[begin : begin + batch.num_rows], "X", begin)
        begin += batch.num_rows
    return ArrowRows(rows, _header(reader.schema, features))


def table_of(X: Any) -> Any:
    """Return Arrow data of unknown length as a table; leave everything else unchanged.

    Arrow data without rows become an empty array: they have no features if these depend on the lengths of lists.
    """
    if not is_stream(X):
        return X
    table = X if hasattr(X, "__array__") else reader_of(X, "X").read_all()
    return table if len(table) else np.empty(0)


def reader_of(X: Any, what: str) -> Any:
    """Return a reader of Arrow data, for which `is_stream` is true.

    Parameters
    ----------
    X : object
        The data.
    what : str
        Their name, for the error.

    Raises
    ------
    ImportError
        If pyarrow is not installed.
    """
    pyarrow = import_optional("pyarrow", f"{what} of type {type(X).__name__}, which is Arrow data,", "data")
    if _is_pandas(X):  # its own stream holds the index as a column
        return pyarrow.Table.from_pandas(X, preserve_index=False).to_reader()
    return pyarrow.RecordBatchReader.from_stream(X)


def _is_pandas(X: Any) -> bool:
    return hasattr(X, "iloc")


def _has_lists(frame: Any) -> bool:
    """Return whether columns of a frame of pandas are lists of Arrow."""
    types = getattr(frame, "dtypes", ())
    arrow_types = [kind.pyarrow_dtype for kind in types if hasattr(kind, "pyarrow_dtype")] if np.iterable(types) else []
    return any(map(holds_lists, arrow_types))


def _header(schema: Any, features: ArrowFeatures) -> Any:
    """Return a table without rows that has a column for each feature."""
    if features.names == features.columns:
        return schema.empty_table()
    pyarrow = import_optional("pyarrow", "Arrow data", "data")
    return pyarrow.schema([(name, pyarrow.float64()) for name in features.names]).empty_table()
