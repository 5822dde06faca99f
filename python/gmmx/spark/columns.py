"""Columns of features: Arrow's lists and Spark's vectors as matrices, and probabilities as vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from gmmx.validation import Rows

__all__ = ["matrix_of", "vectors_of"]

_SPARSE, _DENSE = 0, 1  # the field `type` of Spark's vectors


def matrix_of(column: pa.Array) -> Rows:
    """Return a column of features as one matrix.

    Parameters
    ----------
    column : pyarrow.Array
        Lists of numbers, or the structs that Spark's dense and sparse vectors are.

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
    return _from_vectors(column) if pa.types.is_struct(column.type) else _from_lists(column)


def _from_lists(column: pa.Array) -> Rows:
    values = column.flatten()
    if values.null_count:
        raise ValueError(f"rows hold null {values.null_count} times")
    _check_lengths(_lengths(column))
    rows: Rows = values.to_numpy(zero_copy_only=False).reshape(len(column), -1 if len(values) else 0)
    return rows


def _from_vectors(column: pa.Array) -> Rows:
    is_sparse = column.field("type").to_numpy() == _SPARSE
    if not is_sparse.any():
        return _from_lists(column.field("values"))
    stored = _lengths(column.field("values"))
    sizes = np.where(is_sparse, column.field("size").fill_null(0).to_numpy(), stored)
    _check_lengths(sizes)
    of_sparse = np.repeat(is_sparse, stored)
    places = np.arange(stored.sum()) - np.repeat(np.cumsum(stored) - stored, stored)
    places[of_sparse] = column.field("indices").flatten().to_numpy()
    rows = np.zeros((len(column), sizes[0]))
    rows[np.repeat(np.arange(len(column)), stored), places] = column.field("values").flatten().to_numpy()
    return rows


def _lengths(lists: pa.Array) -> npt.NDArray[np.int64]:
    lengths: npt.NDArray[np.int64] = pc.list_value_length(lists).to_numpy().astype(np.int64)
    return lengths


def _check_lengths(lengths: npt.NDArray[np.int64]) -> None:
    if len(lengths) and lengths.min() != lengths.max():
        raise ValueError(f"rows have from {lengths.min()} to {lengths.max()} features")


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
