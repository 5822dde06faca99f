"""Summaries of the rows that EM needs before it starts: number, weight, type, names."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

import numpy as np

from gmmx import _core
from gmmx._text import first_few
from gmmx.distributed.part import part_of
from gmmx.validation import F64, RowArray
from gmmx.validation.column_faults import ColumnFaults, is_constant
from gmmx.validation.outweighing_rows import Extremes, OutweighingRow, extremes_of, merge_extremes, outweighing_row
from gmmx.validation.row_faults import RowFaults

__all__ = ["DataSummary", "check_same_rows", "join_summaries", "merge_summaries", "summarize"]


@dataclass(frozen=True)
class DataSummary:
    """Summary of a part of the rows, or of all rows.

    Attributes
    ----------
    n_rows : int
        Number of rows, including those with weight zero.
    n_present : int
        Number of rows with positive weight.
    total_weight : float
        Sum of the weights.
    n_features : int
        Number of columns; 0 for an empty part, which is compatible with any other.
    dtype : str
        Precision of the computation, 'float32' or 'float64'.
    largest : float
        Largest absolute value.
    feature_names : tuple of str or None
        Names of the columns.
    sums : tuple of float
        Weighted sums of the columns, with which later passes are checked to yield the same rows. Not compared by
        equality, because they depend on the partitions through rounding.
    extremes : Extremes or None
        Smallest and largest numbers of each column. None if no row has positive weight. Not compared by equality,
        because they depend on the partitions.
    """

    n_rows: int
    n_present: int
    total_weight: float
    n_features: int
    dtype: str
    largest: float = 0.0
    feature_names: tuple[str, ...] | None = None
    sums: tuple[float, ...] = field(default=(), compare=False)
    extremes: Extremes | None = field(default=None, compare=False)

    @property
    def outweighing_row(self) -> OutweighingRow | None:
        """Row that outweighs all others, if there is one."""
        if self.extremes is None or self.n_present < 3:
            return None
        return outweighing_row(self.extremes, self.total_weight, self.dtype)

    @property
    def faults(self) -> RowFaults:
        """Faults of the rows that the extremes of their columns reveal."""
        constant: tuple[int, ...] = ()
        if self.extremes is not None and self.n_present > 1:
            least, *_, largest = self.extremes.values
            constant = tuple(np.flatnonzero(is_constant(least, largest, self.dtype)).tolist())
        return RowFaults(self.n_features, self.outweighing_row, ColumnFaults(constant), self.feature_names)


# Rounding error of sums over rows, relative to the largest number, by precision.
_ROUNDING = {"float32": 1e-5, "float64": 1e-9}

_NOTHING = DataSummary(0, 0, 0.0, 0, "float32")


def summarize(X: Any, sample_weight: Any = None, *, first_row: int = 0) -> DataSummary:
    """Check and summarize one part of the rows.

    See `part_of` for arguments and errors.

    Examples
    --------
    >>> summarize([[1.0, -2.0], [0.5, 0.0]], [0, 3]).n_present
    1
    """
    if np.ndim(X) == 1 and len(X) == 0:
        return _NOTHING  # an empty part may have lost its columns
    rows, weights, names = part_of(X, sample_weight, first_row=first_row)
    n_rows, n_features = rows.shape
    if n_rows == 0:
        return _NOTHING
    return DataSummary(
        n_rows=n_rows,
        n_present=n_rows if weights is None else int(np.count_nonzero(weights)),
        total_weight=float(n_rows) if weights is None else float(weights.sum()),
        n_features=n_features,
        dtype=rows.dtype.name,
        largest=float(max(rows.max(), -rows.min())),
        feature_names=names,
        sums=tuple(_sums(rows, weights).tolist()),
        extremes=extremes_of(rows, weights) if weights is None or weights.any() else None,
    )


def merge_summaries(parts: Sequence[DataSummary], *, kind: str = "partition", kinds: str = "partitions") -> DataSummary:
    """Merge the summaries of all parts, which errors call `kind` and `kinds`.

    The precision is float32 if that of all parts is.

    Raises
    ------
    ValueError
        If parts have different columns, or no row has positive weight.

    Examples
    --------
    >>> merge_summaries([summarize([[1.0]]), summarize([]), summarize([[2.0], [3.0]])]).n_rows
    3
    """
    held = [(i, summary) for i, summary in enumerate(parts) if summary.n_rows > 0]
    if not held:
        raise ValueError(f"X has no rows: all of its {len(parts)} {kinds} are empty. Give at least two rows.")
    first, model = held[0]
    for i, summary in held[1:]:
        if summary.n_features != model.n_features:
            raise ValueError(
                f"X has {summary.n_features} features in {kind} {i}, but {model.n_features} in {kind} {first}. "
                "Give all parts the same columns."
            )
        if summary.feature_names != model.feature_names:
            raise ValueError(
                f"X has the columns {_shown(summary.feature_names)} in {kind} {i}, but {_shown(model.feature_names)} "
                f"in {kind} {first}. Give all parts the same columns in the same order."
            )
    merged = join_summaries(parts)
    if not 0.0 < merged.total_weight < math.inf:
        raise ValueError(
            f"sample_weight sums to {merged.total_weight:g} over all {kinds}, but its sum must be positive and finite: "
            "give at least one row a weight above zero, and scale huge weights down."
        )
    return merged


def join_summaries(parts: Sequence[DataSummary]) -> DataSummary:
    """Merge the summaries of parts with the same columns, which may be without rows or weight."""
    held = [summary for summary in parts if summary.n_rows > 0]
    if not held:
        return _NOTHING
    before = accumulate((summary.n_rows for summary in held), initial=0)
    extremes = [(n, summary.extremes) for n, summary in zip(before, held, strict=False) if summary.extremes is not None]
    return DataSummary(
        n_rows=sum(summary.n_rows for summary in held),
        n_present=sum(summary.n_present for summary in held),
        total_weight=math.fsum(summary.total_weight for summary in held),
        n_features=held[0].n_features,
        dtype=np.result_type(*(summary.dtype for summary in held)).name,
        largest=max(summary.largest for summary in held),
        feature_names=held[0].feature_names,
        sums=tuple(math.fsum(column) for column in zip(*(summary.sums for summary in held), strict=True)),
        extremes=merge_extremes(extremes) if extremes else None,
    )


def check_same_rows(statistics: _core.SufficientStatistics, summary: DataSummary) -> None:
    """Refuse a pass whose sums show that its rows differ from those of the first pass.

    For any mixture, the weighted sums of the columns are the sums of the first moments over the components.

    Raises
    ------
    ValueError
        If the number of rows, their weight or the sum of a column differs.
    """
    tolerance = _ROUNDING[summary.dtype] * summary.total_weight
    sums = statistics.first_moments.sum(axis=0) + statistics.counts @ statistics.shifts
    has_other_sums = np.abs(sums - summary.sums).max() > tolerance * summary.largest
    has_other_weight = abs(statistics.total_weight - summary.total_weight) > tolerance
    if statistics.n_samples != summary.n_present or has_other_weight or has_other_sums:
        raise ValueError(
            "The rows are other ones than in the first pass: their number, their weight or the sum of a column has "
            "changed, but EM needs the same rows in each pass. If a function, a query or a graph makes the rows, "
            "use a fixed seed and do not resample the rows, or store them."
        )


def _sums(rows: RowArray, weights: F64 | None) -> F64:
    if weights is None:
        sums: F64 = rows.sum(axis=0, dtype=np.float64)
    else:
        sums = np.einsum("n,nd->d", weights, rows)
    return sums


def _shown(names: tuple[str, ...] | None) -> str:
    return "without names" if names is None else f"[{first_few(list(map(repr, names)), 10)}]"
