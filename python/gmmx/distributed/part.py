"""One part of the rows, as the native code takes it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy.typing as npt

from gmmx.validation import F64, Rows, check_rows_of_part, check_weight_of_part

__all__ = ["Part", "part_of"]


class Part(NamedTuple):
    """Some of the rows.

    Attributes
    ----------
    X : ndarray of shape (n_rows, n_features), float32 or float64
        The rows; there may be none.
    sample_weight : ndarray of shape (n_rows,), float64, or None
        Their weights; None: all one.
    feature_names : tuple of str or None
        Names of the columns, where they have any.
    """

    X: Rows
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
        Anything that `GaussianMixture.fit` takes. Other than there, there may be no rows.
    sample_weight : array-like of shape (n_rows,), optional
        Weights, not negative. They may all be zero.
    dtype : float32 or float64, optional
        To compute in. None: float32 stays, everything else becomes float64.
    is_checked : bool
        The rows were checked before, so that numbers which are not finite are not looked for again.
    first_row : int
        Rows before these, for errors.

    Raises
    ------
    ValueError, TypeError
        If it is no table of finite numbers, or the weights are not as described.

    Examples
    --------
    >>> part_of([[1, 2], [3, 4]], [0.5, 2]).X.dtype
    dtype('float64')
    """
    rows, feature_names = check_rows_of_part(X, dtype=dtype, is_checked=is_checked, first_row=first_row)
    return Part(rows, check_weight_of_part(sample_weight, len(rows), first_row), feature_names)
