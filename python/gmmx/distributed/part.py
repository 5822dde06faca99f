"""One part of the rows, in the form that native code needs."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy.typing as npt

from gmmx.validation import F64, RowArray, check_rows_of_part, check_weight_of_part

__all__ = ["Part", "part_of"]


class Part(NamedTuple):
    """Some of the rows.

    Attributes
    ----------
    X : ndarray of shape (n_rows, n_features), float32 or float64
        Rows, possibly none.
    sample_weight : ndarray of shape (n_rows,), float64, or None
        Weights of the rows. None gives every row the weight 1.
    feature_names : tuple of str or None
        Names of the columns. None if they have no names.
    """

    X: RowArray
    sample_weight: F64 | None
    feature_names: tuple[str, ...] | None


def part_of(
    X: Any,
    sample_weight: Any = None,
    *,
    dtype: npt.DTypeLike | None = None,
    is_checked: bool = False,
    first_row: int = 0,
) -> Part:
    """Return rows and weights as arrays.

    Parameters
    ----------
    X : array-like of shape (n_rows, n_features)
        Rows as for `GaussianMixture.fit`, possibly none.
    sample_weight : array-like of shape (n_rows,), optional
        Nonnegative weights, which may all be zero. None gives every row the weight 1.
    dtype : float32 or float64, optional
        Type of the computation. None keeps float32 and converts all others to float64.
    is_checked : bool
        Whether the rows are known to be finite, so that the check is skipped.
    first_row : int
        Number of rows before these, for errors.

    Raises
    ------
    ValueError, TypeError
        If X is not a table of finite numbers, or the weights are not as described.

    Examples
    --------
    >>> part_of([[1, 2], [3, 4]], [0.5, 2]).X.dtype
    dtype('float64')
    """
    rows, feature_names = check_rows_of_part(X, dtype=dtype, is_checked=is_checked, first_row=first_row)
    return Part(rows, check_weight_of_part(sample_weight, len(rows), first_row), feature_names)
