"""Weights of rows, checked and converted to float64."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmx import _sklearn
from gmmx.validation._complaints import checking
from gmmx.validation._numeric_input import first_missing, numeric_input
from gmmx.validation._types import F64

__all__ = ["check_sample_weight", "check_weight_of_part"]

_ALLOWED = "must be one finite number of at least 0 for each row of X"


@contextlib.contextmanager
def _placing_weights(sample_weight: Any, first_row: int = 0) -> Iterator[None]:
    """Add the row to complaints about a missing weight."""
    try:
        yield
    except (TypeError, ValueError) as error:
        at = None
        with contextlib.suppress(TypeError, ValueError):
            at = first_missing(sample_weight) if re.search("NaN|NA|argument must be", str(error)) else None
        if at is None or len(at) != 1:
            raise
        raise ValueError(
            f"Input sample_weight contains NaN in row {first_row + at[0]} (the first is 0), but {_ALLOWED}. "
            "Fill it in, or drop the row."
        ) from error


def check_sample_weight(sample_weight: Any, X: npt.NDArray[Any]) -> F64 | None:
    """Return the weights as float64 of shape (n_samples,), or None where none were given."""
    if sample_weight is None:
        return None
    weights = _weights_of_rows(sample_weight, len(X))
    with checking("sample_weight", _ALLOWED):
        if not weights.any():
            raise ValueError("Sample weights must contain at least one non-zero number.")
    with np.errstate(over="ignore"):
        total = weights.sum()
    if not total < np.inf:
        raise ValueError(
            f"sample_weight sums to {total:g}, but its sum must be a finite number. Scale huge weights down."
        )
    return weights


def check_weight_of_part(sample_weight: Any, n_rows: int, first_row: int = 0) -> F64 | None:
    """Return the weights of some of the rows as float64 of shape (n_rows,), or None; they may all be zero.

    `first_row`: rows before these, for errors.
    """
    return None if sample_weight is None else _weights_of_rows(sample_weight, n_rows, first_row)


def _weights_of_rows(sample_weight: Any, n_rows: int, first_row: int = 0) -> F64:
    """Return finite weights of at least 0; the words of errors are scikit-learn's."""
    if isinstance(sample_weight, Real):
        sample_weight = np.full(n_rows, sample_weight)
    with (
        checking("sample_weight", _ALLOWED, sample_weight, first_row),
        _placing_weights(sample_weight, first_row),
    ):
        weights: F64 = _sklearn.check_array(
            numeric_input(sample_weight, "sample_weight", first_row),
            dtype=np.float64,
            order="C",
            ensure_2d=False,
            ensure_min_samples=0,
            input_name="sample_weight",
        )
        if weights.ndim != 1:
            raise ValueError(f"Sample weights must be 1D array or scalar, got {weights.ndim}D array")
        if weights.shape != (n_rows,):
            raise ValueError(f"sample_weight.shape == {weights.shape}, expected ({n_rows},)")
        if n_rows and weights.min() < 0:
            raise ValueError("Negative values in data passed to `sample_weight`")
    return weights
