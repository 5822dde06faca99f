"""Assignments of rows to components from which EM starts: labels or responsibilities."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gmmx._text import first_few
from gmmx.validation._numeric_input import numeric_input
from gmmx.validation._parameters import finite_array
from gmmx.validation._rows import Rows
from gmmx.validation._types import I32, RowArray

__all__ = ["check_assignment"]


def check_assignment(assignment: Any, rows: Rows, n_components: int) -> I32 | RowArray:
    """Check responsibilities_init: labels of shape (n_samples,) or a column of numbers for each component.

    A label of -1 leaves its row out of the start. Every component must hold some row.
    """
    array = np.asarray(numeric_input(assignment, "responsibilities_init"))
    n_samples = len(rows.X)
    if array.ndim == 1:
        labels = _check_labels(array, n_samples, n_components)
        assigned = labels >= 0
        weights = None if rows.sample_weight is None else rows.sample_weight[assigned]
        _refuse_empty(np.bincount(labels[assigned], weights=weights, minlength=n_components))
        return labels
    responsibilities = _check_responsibilities(array, n_samples, n_components, rows.X.dtype)
    present = np.ones(n_samples) if rows.sample_weight is None else rows.sample_weight
    _refuse_empty(present @ responsibilities)
    return responsibilities


def _refuse_empty(counts: npt.NDArray[Any]) -> None:
    empty = np.flatnonzero(counts <= 0.0)
    if empty.size:
        raise ValueError(
            f"responsibilities_init gives no row to {_components(empty)}, but each of the {len(counts)} "
            "components needs at least one row of positive weight to start from. Lower n_components or "
            "relabel."
        )


def _components(indices: npt.ArrayLike) -> str:
    """Name components in a sentence, the first few of many."""
    listed = np.atleast_1d(indices).tolist()
    return f"component{'s' if len(listed) > 1 else ''} {first_few(listed, 10)}"


def _check_labels(labels: npt.NDArray[Any], n_samples: int, n_components: int) -> I32:
    if labels.dtype.kind not in "iu":
        raise ValueError(
            f"responsibilities_init is one-dimensional of dtype {labels.dtype}, but labels must be integers "
            "0, ..., n_components - 1 (-1: no component). Convert them, e.g. by np.unique(..., "
            "return_inverse=True)."
        )
    if labels.shape != (n_samples,):
        raise ValueError(
            f"responsibilities_init holds {len(labels)} labels, but X has {n_samples} rows: give one label a row."
        )
    low, high = int(labels.min()), int(labels.max())
    if low < -1 or high >= n_components:
        raise ValueError(
            f"responsibilities_init holds labels from {low} to {high}, but with n_components={n_components} "
            f"they must lie in 0, ..., {n_components - 1} (-1: no component). Relabel or change "
            "n_components."
        )
    return labels.astype(np.int32)


def _check_responsibilities(
    array: npt.NDArray[Any], n_samples: int, n_components: int, dtype: npt.DTypeLike
) -> RowArray:
    argument = "responsibilities_init"
    responsibilities = finite_array(array, argument)
    if responsibilities.shape != (n_samples, n_components):
        raise ValueError(
            f"{argument} has shape {responsibilities.shape}, but must be labels of shape ({n_samples},) or "
            f"responsibilities of shape ({n_samples}, {n_components}): one row for each row of X, one "
            "column for each of n_components."
        )
    low = float(responsibilities.min())
    if low < 0.0:
        raise ValueError(f"{argument} holds {low:g}, but responsibilities must not be negative.")
    sums = responsibilities.sum(axis=1, dtype=np.float64)
    worst = int(np.argmax(np.abs(sums - 1.0)))
    if abs(sums[worst] - 1.0) > 1e-4:
        raise ValueError(
            f"Each row of {argument} must sum to one, but row {worst} sums to {sums[worst]:g}. "
            "Divide every row by its sum."
        )
    converted: RowArray = responsibilities.astype(dtype, copy=False)
    return converted
