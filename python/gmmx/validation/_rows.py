"""Checked rows with their weights, and whether a mixture can be fitted to them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from gmmx import _core
from gmmx.validation._row_checks import check_rows, check_rows_of
from gmmx.validation._sample_weight import check_sample_weight, check_weight_of_part
from gmmx.validation._types import F64, RowArray

__all__ = [
    "CountedRows",
    "Rows",
    "check_enough_rows",
    "checked_batch",
    "checked_rows",
    "refuse_scale",
    "thread_count",
]


class CountedRows(Protocol):
    """Counts of rows, wherever they are stored."""

    @property
    def n_rows(self) -> int:
        """All rows, absent ones included."""

    @property
    def n_present(self) -> int:
        """Rows of positive weight."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Checked rows, and what is known of each of them.

    Every step of a fit takes one of these, so that something new that is known of each row is a new field.

    Attributes
    ----------
    X : ndarray of shape (n_samples, n_features), float32 or float64
        The rows.
    sample_weight : ndarray of float64 of shape (n_samples,) or None
        Their weights. None gives every row the weight 1.
    n_threads : int
        Number of threads that work on them.

    Examples
    --------
    >>> rows = Rows(np.array([[1.0], [2.0], [3.0]]), np.array([1.0, 0.0, 2.0]))
    >>> len(rows), rows.total_weight, rows[1:].total_weight
    (3, 3.0, 2.0)
    """

    X: RowArray
    sample_weight: F64 | None = None
    n_threads: int = 1

    def __len__(self) -> int:
        """Return the number of rows, including those of weight zero."""
        return len(self.X)

    def __getitem__(self, which: slice | npt.NDArray[Any]) -> Rows:
        """Return some of the rows, by a slice, numbers or a mask."""
        X: Any = self.X
        weights = None if self.sample_weight is None else self.sample_weight[which]
        return Rows(X[which], weights, self.n_threads)

    @property
    def total_weight(self) -> float:
        """Sum of the weights, that is, how many rows these stand for."""
        return float(len(self.X)) if self.sample_weight is None else float(self.sample_weight.sum())

    @property
    def n_rows(self) -> int:
        """Number of rows, including those of weight zero."""
        return len(self.X)

    @property
    def n_present(self) -> int:
        """Number of rows of positive weight."""
        return len(self.X) if self.sample_weight is None else int(np.count_nonzero(self.sample_weight))

    def refuse_scale(self) -> None:
        """Raise a ValueError if squares of these rows leave the range of their dtype; called after a fit has failed."""
        refuse_scale(float(np.abs(self.X).max()), len(self.X), self.X.dtype)


def checked_rows(
    X: Any, sample_weight: Any = None, n_threads: int = 1, *, estimator: Any = None, fit: bool = False
) -> Rows:
    """Return rows as a user gives them, after checking them.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        The rows; float32 stays, everything else becomes float64.
    sample_weight : array-like of shape (n_samples,), optional
        Their weights. None gives every row the weight 1.
    n_threads : int, default=1
        Number of threads that work on them.
    estimator : estimator, optional
        Estimator whose features these are.
    fit : bool, default=False
        Whether the estimator sets its features to those of the rows, of which there must be two, or compares them.

    Raises
    ------
    ValueError, TypeError
        If the rows or the weights are not as described, or the features are not those of the estimator.
    """
    checked = check_rows(X) if estimator is None else check_rows_of(estimator, X, fit=fit)
    return Rows(checked, check_sample_weight(sample_weight, checked), n_threads)


def checked_batch(estimator: Any, X: Any, sample_weight: Any, n_threads: int) -> Rows:
    """Return a batch of a stream as `checked_rows` does: one row is enough, and all weights may be zero."""
    checked = check_rows_of(estimator, X, fit=not hasattr(estimator, "n_features_in_"), min_samples=1)
    return Rows(checked, check_weight_of_part(sample_weight, len(checked)), n_threads)


def check_enough_rows(rows: CountedRows, n_components: int) -> None:
    """Refuse to fit to fewer than two rows, or to fewer rows than components, zero weights not counted."""
    needed, given = max(2, n_components), rows.n_present
    if given >= needed:
        return
    remedy = "Lower n_components or give more rows"
    if given < rows.n_rows:
        remedy += f" of positive sample_weight ({rows.n_rows - given} of {rows.n_rows} rows have weight zero)"
    if given < n_components:
        problem = f"Expected n_samples >= n_components but got n_components = {n_components}, n_samples = {given}"
    else:
        problem = f"A mixture cannot be fitted to n_samples = {given} row: at least 2 are required"
    raise ValueError(f"{problem}. {remedy}.")


def refuse_scale(largest: float, n_rows: int, dtype: npt.DTypeLike) -> None:
    """Raise a ValueError if squares of the rows leave the range of their dtype; called after a fit has failed."""
    info = np.finfo(dtype)
    most = math.sqrt(float(info.max) / n_rows)
    if largest > most:
        raise ValueError(
            f"X holds numbers as large as {largest:g}, whose squares overflow {info.dtype}: at most {most:.1g} "
            "can be fitted here. Drop rows that hold fill values, or scale the columns, for instance with "
            "sklearn.preprocessing.StandardScaler."
        )
    if squares_underflow(largest, dtype):
        raise ValueError(
            f"X holds numbers no larger than {largest:g}, whose squares underflow {info.dtype}: some column must reach "
            f"{_least(dtype):.1g}. Scale the columns, for instance with sklearn.preprocessing.StandardScaler."
        )


def squares_underflow(largest: float, dtype: npt.DTypeLike) -> bool:
    """Return whether squares of rows that are at most as large lose digits in their dtype, or vanish.

    Examples
    --------
    >>> squares_underflow(1e-200, "float64"), squares_underflow(1e-100, "float64")
    (True, False)
    """
    return 0.0 < largest < _least(dtype)


def _least(dtype: npt.DTypeLike) -> float:
    info = np.finfo(dtype)
    return math.sqrt(float(info.tiny) / float(info.eps))


_MOST_THREADS = 2**31 - 1


def thread_count(n_jobs: int | None) -> int:
    """Return the number of threads for `n_jobs`; no more are started than the rows keep busy."""
    if n_jobs is not None:
        n_jobs = max(-_MOST_THREADS, min(int(n_jobs), _MOST_THREADS))
    return _core.thread_count(n_jobs)
