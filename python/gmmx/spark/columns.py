"""Columns of features as matrices, and probabilities as Spark's vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from gmmx.validation import Rows

__all__ = ["matrix_of", "vectors_of"]

_DENSE = 1  # the field `type` of Spark's vectors


def matrix_of(column: pa.Array) -> Rows:
    """Return a column of features as one matrix.

    Parameters
    ----------
    column : pyarrow.Array
        Lists of numbers.

    Returns
    -------
    X : ndarray of shape (n_rows, n_features)
        float32 for lists of float32, else float64.

    Raises
    ------
    ValueError
        If there are nulls, or the rows are not of one length.

    Examples
    --------
    >>> matrix_of(pa.array([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[1.0, 2.0], [3.0, 4.0]]
    """
    if column.null_count:
        raise ValueError(f"{column.null_count} of {len(column)} rows are null")
    values = column.flatten()
    if values.null_count:
        raise ValueError(f"rows hold null {values.null_count} times")
    lengths: npt.NDArray[np.int64] = pc.list_value_length(column).to_numpy()
    if len(lengths) and lengths.min() != lengths.max():
        raise ValueError(f"rows have from {lengths.min()} to {lengths.max()} features")
    rows: Rows = values.to_numpy(zero_copy_only=False).reshape(len(column), -1 if len(values) else 0)
    return rows


def vectors_of(X: npt.NDArray[Any]) -> pa.StructArray:
    """Return the rows of a matrix as Spark's dense vectors.

    Examples
    --------
    >>> vectors_of(np.eye(2))[1]["values"].as_py()
    [0.0, 1.0]
    """
    n_rows, n_features = X.shape
    offsets = pa.array(np.arange(n_rows + 1, dtype=np.int32) * n_features, pa.int32())
    values = pa.ListArray.from_arrays(offsets, pa.array(X.astype(np.float64).ravel()))
    kinds = pa.array(np.full(n_rows, _DENSE, dtype=np.int8))
    nothing = (pa.nulls(n_rows, pa.int32()), pa.nulls(n_rows, pa.list_(pa.int32())))
    return pa.StructArray.from_arrays([kinds, *nothing, values], ["type", "size", "indices", "values"])
