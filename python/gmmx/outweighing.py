"""Rows so far from all others that nothing of the others is left in a sum over both.

Second moments hold 16 digits. A row 1e7 standard deviations away, a fill value of 1e20 for example, leaves none for
the other rows of its component. A fit sees all rows again in its next iteration; a stream never does.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmx import _core
from gmmx.validation import F64, WeightedRows

__all__ = ["outweighing", "without_outweighing", "without_outweighing_of_start"]

I64 = npt.NDArray[np.int64]

_LIMIT = 1e-4 / float(np.finfo(np.float64).eps)
"""How many times the squares of all other rows those of one may be: at this the others lose four digits to spare."""
_MOST_NAMED = 5


def outweighing(squares: F64) -> I64:
    """Return the rows whose squares are out of all proportion to those of the others, as indices in ascending order.

    Parameters
    ----------
    squares : ndarray of shape (n_samples,)
        Squared distances of the rows, in units of the others' spread, times their weights; infinity is allowed.

    Returns
    -------
    rows : ndarray of shape (n_rows,), int64
        At most half of the rows, or one: more of them would be other data, not exceptions.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmx.outweighing import outweighing
    >>> outweighing(np.array([1.0, 1e40, 2.0, 1e3, 1e38])).tolist()
    [1, 4]
    """
    order = np.argsort(squares, kind="stable")
    rest = np.cumsum(np.r_[0.0, squares[order]])[:-1]
    beyond = np.flatnonzero(squares[order] > _LIMIT * (rest + len(squares)))
    is_too_many = len(beyond) > 0 and len(squares) - beyond[0] > max(1, len(squares) // 2)
    if len(beyond) == 0 or is_too_many:
        return np.empty(0, dtype=np.int64)
    return np.sort(order[beyond[0] :])


def without_outweighing(rows: WeightedRows, mixture: _core.Mixture) -> WeightedRows:
    """Return a batch without the rows that would outweigh all others under a mixture, and warn of them.

    Warns
    -----
    RuntimeWarning
        If there are any.
    """
    X: F64 = np.asarray(rows.X, dtype=np.float64)
    with np.errstate(divide="ignore"):
        log_weights = np.log(mixture.weights)
    # Minus infinity where squares overflow; for those within reach, within log K of the log-density.
    log_densities = (_core.log_prob(X, mixture, rows.n_threads) + log_weights).max(axis=1)
    weights = np.ones(len(X)) if rows.sample_weight is None else rows.sample_weight
    squares = np.maximum(-2.0 * log_densities, 0.0)
    squares[weights == 0.0] = 0.0
    squares *= weights
    return _left_out(rows, outweighing(squares), "the batch")


def without_outweighing_of_start(rows: WeightedRows) -> WeightedRows:
    """Return the rows that a stream starts from without those that would outweigh all others, and warn of them.

    Warns
    -----
    RuntimeWarning
        If there are any.
    """
    X: F64 = np.asarray(rows.X, dtype=np.float64)
    deviations = np.abs(X - np.median(X, axis=0))
    spreads = np.median(deviations, axis=0)
    for j in np.flatnonzero(spreads == 0.0):  # more than half of the rows are equal
        positive = deviations[deviations[:, j] > 0.0, j]
        spreads[j] = np.median(positive) if len(positive) else 1.0
    with np.errstate(over="ignore"):
        squares = np.sum((deviations / spreads) ** 2, axis=1)
    return _left_out(rows, outweighing(squares), "the rows gathered for the start")


def _left_out(rows: WeightedRows, outliers: I64, of: str) -> WeightedRows:
    """Return rows without some of them, and warn of these."""
    if len(outliers) == 0:
        return rows
    X: Any = rows.X
    named = ", ".join(map(str, outliers[:_MOST_NAMED])) + (", ..." if len(outliers) > _MOST_NAMED else "")
    which = f"Row {named} of {of} is" if len(outliers) == 1 else f"Rows {named} of {of} are"
    warnings.warn(
        f"{which} left out of partial_fit: numbers up to {np.abs(X[outliers]).max():.3g} are so far from all other "
        "rows that these would lose all their digits. If they stand for missing values, drop these rows first.",
        RuntimeWarning,
        stacklevel=7,
    )
    kept: Any = np.delete(np.arange(len(X)), outliers)
    weights = None if rows.sample_weight is None else rows.sample_weight[kept]
    return WeightedRows(X[kept], weights, rows.n_threads)
