"""Rows as users hand them in, checked and converted to arrays."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, TypeGuard

import numpy as np
import numpy.typing as npt

from gmmx import _core, _sklearn
from gmmx.io import arrow
from gmmx.io._memory_maps import refuse_cut_off
from gmmx.validation._complaints import checking
from gmmx.validation._locating import first_not_finite, placing
from gmmx.validation._numeric_input import numeric_input
from gmmx.validation._types import ROW_DTYPES, RowArray

__all__ = ["check_rows", "check_rows_of", "check_rows_of_part", "is_pair", "is_plain", "readable"]

_ALLOWED = "must be a two-dimensional array of finite real numbers, one row a sample"


def is_pair(batch: Any) -> bool:
    """Return whether an object looks like rows and their weights, by the dimensions of its two members."""
    if not isinstance(batch, tuple | list) or len(batch) != 2:
        return False
    return [len(getattr(member, "shape", ())) for member in batch] == [2, 1]


def readable(X: Any, first_row: int = 0) -> arrow.ArrowRows:
    """Return rows that can be converted to numbers, and an object with the names of their columns."""
    rows = arrow.read(numeric_input(X, "X", first_row))
    return rows if rows.X is X else arrow.ArrowRows(rows.X, X if rows.header is rows.X else rows.header)


def check_rows(X: Any) -> RowArray:
    """Return X as a finite two-dimensional float32 or float64 array, copied only if its type must change."""
    with checking("X", _ALLOWED):
        with placing(X):
            array, header = readable(X)
        with placing(array, names=_names_in(header)):
            rows: RowArray = _sklearn.check_array(array, dtype=ROW_DTYPES, input_name="X")
    return rows


def _names_in(header: Any) -> Sequence[str] | None:
    """Return the names of features that came as Arrow data."""
    names: Sequence[str] | None = getattr(header, "column_names", None)
    return names


def is_plain(X: Any, min_samples: int) -> TypeGuard[RowArray]:
    """Return whether scikit-learn's checks would certainly return X unchanged, if its numbers are finite.

    Parameters
    ----------
    X : object
        What a user handed in.
    min_samples : int
        Least number of rows that is accepted.
    """
    if type(X) is not np.ndarray or X.ndim != 2 or X.dtype not in ROW_DTYPES or not X.dtype.isnative:
        return False
    n_rows, n_features = X.shape
    return bool(n_rows >= min_samples and n_features >= 1)


def check_rows_of_part(
    X: Any, *, dtype: npt.DTypeLike | None = None, is_checked: bool = False, first_row: int = 0
) -> tuple[RowArray, tuple[str, ...] | None]:
    """Return some of the rows as an array, and the names of their columns if they have names; there may be no rows.

    `dtype`: None keeps float32 and converts everything else to float64. `is_checked`: numbers are known to be finite.
    `first_row`: rows before these, for errors.
    """
    if is_checked and is_plain(X, 0) and (dtype is None or X.dtype == dtype):
        return X, None
    with checking("X", _ALLOWED), placing(X, first_row):
        array, header = readable(X, first_row)
        names = _sklearn.feature_names(header)
        rows: RowArray = _sklearn.check_array(
            array,
            dtype=ROW_DTYPES if dtype is None else dtype,
            ensure_all_finite=False,  # looked for below, where it can be said in which row
            ensure_min_samples=0,
            input_name="X",
        )
    problem = None if is_checked else first_not_finite(rows, names, first_row)
    if problem is not None:
        raise ValueError(
            f"X contains {problem}, but all numbers must be finite: fill in missing values, or drop the rows or "
            "columns that have them"
        )
    return rows, names


def check_rows_of(estimator: Any, X: Any, *, fit: bool, min_samples: int | None = None) -> RowArray:
    """Return X as `check_rows` does, and set (fit) or compare the features that an estimator has seen.

    `min_samples` is the least number of rows; None is 2 for a fit, else 1.
    """
    least = min_samples or (2 if fit else 1)
    if is_plain(X, least) and _core.all_finite(X):
        if fit:
            estimator.n_features_in_ = X.shape[1]
            vars(estimator).pop("feature_names_in_", None)
            return X
        seen = vars(estimator)
        if "feature_names_in_" not in seen and seen.get("n_features_in_") == X.shape[1]:
            return X
    refuse_cut_off(X, "X")
    if isinstance(X, (str, os.PathLike)):
        raise ValueError(
            f"X is the path {os.fspath(X)!r}, but must hold rows: give the path to fit_batches or to a reader of "
            "gmmx.data, or read the file first."
        )
    if is_pair(X):
        raise ValueError(
            "X is an (X, sample_weight) pair. Unpack it, for X, w in batches, and pass sample_weight=w to methods that "
            "accept weights."
        )
    requirements: dict[str, Any] = {"dtype": ROW_DTYPES, "ensure_min_samples": least}
    with checking("X", _ALLOWED):
        with placing(X):
            array, header = readable(X)
        with placing(array, names=_names_in(header)):
            if array is X:
                rows: RowArray = _sklearn.validate_data(estimator, X, reset=fit, **requirements)
            else:
                _sklearn.validate_data(estimator, header, reset=fit, skip_check_array=True)
                rows = _sklearn.check_array(array, estimator=estimator, input_name="X", **requirements)
    return rows
