"""Assignments of one feature to classes of neighbouring values, as mclust initializes EM there."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gmmx.validation import F64, I32

__all__ = ["quantile_assignments"]

# If ties make quantiles equal, up to this many times the number of classes are tried.
_MOST_QUANTILES = 50

# With more than _FEW rows, assignments that differ in a smaller share of the rows than _SAME count as equal.
_FEW, _SAME = 1000, 0.01


def quantile_assignments(x: npt.NDArray[Any], sample_weight: F64 | None, n_classes: int) -> list[I32]:
    """Assign rows of one feature to classes between quantiles.

    Parameters
    ----------
    x : ndarray of shape (n_samples,)
        The feature.
    sample_weight : ndarray of float64 of shape (n_samples,) or None
        Weights, not negative: 2 means that a value stands twice, 0 that it is absent. None: all one.
    n_classes : int
        Number of classes; at least 1.

    Returns
    -------
    assignments : list of ndarray of int32 of shape (n_samples,)
        Labels, by ascending values; -1: the row is absent. No class is empty. Classes end at the quantiles of the rows,
        which belong to the class below or, in a second assignment, to that above; in a third one they end at the
        quantiles of the distinct values. Equal assignments occur once; of more than 1,000 rows also
        those that differ in less than a hundredth of them. An empty list: there are fewer values than classes.

    Examples
    --------
    >>> import numpy as np
    >>> quantile_assignments(np.array([3.0, 9.0, 1.0, 4.0]), None, 2)
    [array([0, 1, 0, 1], dtype=int32)]
    >>> [labels.tolist() for labels in quantile_assignments(np.array([0.0, 0, 0, 1, 2, 3]), None, 2)]
    [[0, 0, 0, 1, 1, 1], [0, 0, 0, 0, 1, 1]]
    """
    present = np.ones(len(x), dtype=np.bool_) if sample_weight is None else sample_weight > 0.0
    values, places = np.unique(x[present].astype(np.float64), return_inverse=True)
    if n_classes > len(values):
        return []
    weights: F64 = np.bincount(places, None if sample_weight is None else sample_weight[present]).astype(np.float64)
    edges = _edges(values, weights, min(1.0, float(weights.sum()) / len(places)), n_classes)
    evenly = np.arange(len(values)) * n_classes // len(values)
    classes = [np.searchsorted(edges, values, side="left"), np.searchsorted(edges, values, side="right"), evenly]
    distinct: list[npt.NDArray[np.int64]] = []
    for of_values in classes:
        is_whole = len(np.unique(of_values)) == n_classes
        if is_whole and all(_differ(of_values, other, weights, len(places)) for other in distinct):
            distinct.append(of_values)
    assignments = []
    for of_values in distinct:
        labels = np.full(len(x), -1, dtype=np.int32)
        labels[present] = of_values.astype(np.int32)[places]
        assignments.append(labels)
    return assignments


def _differ(one: npt.NDArray[np.int64], other: npt.NDArray[np.int64], weights: F64, n_rows: int) -> bool:
    """Return whether assignments of the values differ, and of many rows by more than rows at the edges of classes."""
    share = float(weights[one != other].sum() / weights.sum())
    return share > (_SAME if n_rows > _FEW else 0.0)


def _edges(values: F64, weights: F64, unit: float, n_classes: int) -> F64:
    """Return the values between which classes of equal weight lie, ascending.

    Where ties make some of them equal, there are more quantiles, and of the classes between them the narrowest are
    joined to their left neighbours.
    """
    ends = np.cumsum(weights)
    begins = ends - weights
    last = np.maximum(ends - unit, begins)  # the place of the last row of each value, the first having 0
    places, staircase = np.column_stack([begins, last]).ravel(), np.repeat(values, 2)
    quantiles = values[:1]
    for n_quantiles in range(n_classes, _MOST_QUANTILES * n_classes):
        quantiles = np.unique(np.interp(np.linspace(0.0, last[-1], n_quantiles + 1), places, staircase))
        if len(quantiles) > n_classes:
            break
    too_many = max(0, len(quantiles) - 1 - n_classes)
    narrowest = np.argsort(np.diff(quantiles), kind="stable")[:too_many]
    edges: F64 = np.delete(quantiles, narrowest)[1:-1]
    return edges
