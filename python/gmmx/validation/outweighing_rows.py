"""Rows that outweigh all others: sums of squares over all rows hold little or nothing of the rest.

A fill value such as 1e20 that stands for a missing one is the usual reason. A fit sees all rows again in its next
iteration, so it keeps such a row and warns of it where the others are lost to the last bit, equation (115) of
docs/theory.md. A stream never sees its rows again, so it leaves out rows that would take all but four digits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmx import _core
from gmmx._text import first_few, quoted
from gmmx._warnings import warn
from gmmx.validation import F64, RowArray, Rows

__all__ = [
    "Extremes",
    "OutweighingRow",
    "OutweighingRowWarning",
    "extremes_of",
    "merge_extremes",
    "outweighing",
    "outweighing_row",
    "warn_of_outweighing_row",
    "without_outweighing",
    "without_outweighing_of_start",
]

I64 = npt.NDArray[np.int64]

_EPSILON = 2.0**-52
# The other rows must differ by this many rounding errors: rows that are equal have nothing to lose.
_ROUNDINGS = 8
# A row whose squares are this many times those of all other rows makes these lose four digits to spare.
_LIMIT = 1e-4 / _EPSILON
_MOST_NAMED = 5


@dataclass(frozen=True)
class OutweighingRow:
    """A row that outweighs all others, and its number that does.

    Attributes
    ----------
    row, column : int
        Position of the number, from 0.
    value : float
        The number.
    least, largest : float
        Range of the other rows in this column.
    """

    row: int
    column: int
    value: float
    least: float
    largest: float

    def message(self, names: Sequence[str] | None, *, source: str = "X", first: int = 0) -> str:
        """Return what is wrong and the remedy.

        Parameters
        ----------
        names : sequence of str or None
            Names of the columns. None names them by their numbers.
        source : str, default='X'
            Name of the rows in the message.
        first : int, default=0
            Number of the first row.

        Examples
        --------
        >>> OutweighingRow(3, 1, 1e20, -2.0, 2.5).message(["a", "b"]).split(". ")[0]
        "Row 3 of X (the first is 0) outweighs all others: column 'b' is 1e+20 there, and from -2 to 2.5 elsewhere"
        """
        column = quoted(self.column if names is None else names[self.column])
        return (
            f"Row {self.row + first} of {source} (the first is {first}) outweighs all others: column {column} is "
            f"{self.value:g} there, and from {self.least:g} to {self.largest:g} elsewhere. Sums of squares over all "
            "rows hold nothing of the others in float64. Drop the row, or fill the value in if it stands for a missing "
            "one."
        )


class OutweighingRowWarning(RuntimeWarning):
    """Warning of a row that outweighs all others.

    Parameters
    ----------
    row : OutweighingRow
        The row.
    names : sequence of str or None
        Names of the columns.

    Attributes
    ----------
    row : OutweighingRow
        As given; its attributes `row`, `column` and `value` tell which number.

    Examples
    --------
    >>> import warnings
    >>> import numpy as np
    >>> import gmmx
    >>> X = np.append(np.random.default_rng(0).normal(size=50), 1e20)[:, np.newaxis]
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always", gmmx.OutweighingRowWarning)
    ...     model = gmmx.GaussianMixture(reg_covar=1).fit(X)
    >>> caught[0].message.row.row
    50
    """

    def __init__(self, row: OutweighingRow, names: Sequence[str] | None) -> None:
        super().__init__(row.message(names))
        self.row = row


@dataclass(frozen=True)
class Extremes:
    """The outermost numbers of each column of a part of the rows.

    Attributes
    ----------
    values : ndarray of shape (4, n_columns)
        The least, the second least, the second largest and the largest number.
    rows : ndarray of shape (2, n_columns)
        Where the least and the largest stand.
    weights : ndarray of shape (2, n_columns)
        Weights of these rows.
    """

    values: F64
    rows: Any
    weights: F64


def extremes_of(X: RowArray, sample_weight: F64 | None = None) -> Extremes:
    """Find the outermost numbers of each column among the rows of positive weight, of which there must be one.

    Examples
    --------
    >>> extremes_of(np.array([[3.0], [1.0], [9e9], [2.0]])).values[:, 0].tolist()
    [1.0, 2.0, 3.0, 9000000000.0]
    >>> extremes_of(np.array([[3.0], [1.0], [9.0], [2.0]])).values[:, 0].tolist()  # no row outweighs the others
    [1.0, 1.0, 9.0, 9.0]
    """
    present = None if sample_weight is None else np.flatnonzero(sample_weight)
    rows = X if present is None else X[present]
    low, high = rows.min(axis=0).astype(np.float64), rows.max(axis=0).astype(np.float64)
    # Where no row of these can outweigh the others, whose the outermost numbers are does not matter: as if they stood
    # twice.
    values = np.stack([low, low, high, high])
    ends = np.zeros((2, rows.shape[1]), dtype=np.int64)
    for j in _core.columns_where_a_row_may_outweigh(rows):
        column = rows[:, j].astype(np.float64)
        ends[:, j] = column.argmin(), column.argmax()
        values[1:3, j] = np.partition(column, (1, -2))[[1, -2]] if len(column) > 1 else (np.inf, -np.inf)
    places = ends if present is None else present[ends]
    weights = np.ones(ends.shape) if sample_weight is None else sample_weight[places]
    return Extremes(values, places, weights)


def merge_extremes(parts: Sequence[tuple[int, Extremes]]) -> Extremes:
    """Return the outermost numbers of all parts, each of which comes with the number of rows before it."""
    least = [_sorted_ends(parts, 0, 1), _sorted_ends(parts, 3, 2)]
    values = np.stack([least[0][0], least[0][1], least[1][1], least[1][0]])
    return Extremes(values, np.stack([least[0][2], least[1][2]]), np.stack([least[0][3], least[1][3]]))


def _sorted_ends(parts: Sequence[tuple[int, Extremes]], outer: int, inner: int) -> tuple[Any, Any, Any, Any]:
    """Return the outermost numbers at one end, the second ones, and rows and weights of the outermost."""
    sign = 1.0 if outer == 0 else -1.0
    which = 0 if outer == 0 else 1
    firsts = np.stack([part.values[outer] for _, part in parts])
    seconds = np.stack([part.values[inner] for _, part in parts])
    best = (sign * firsts).argmin(axis=0)
    columns = np.arange(firsts.shape[1])
    rows = np.stack([before + part.rows[which] for before, part in parts])[best, columns]
    weights = np.stack([part.weights[which] for _, part in parts])[best, columns]
    others = firsts.copy()
    others[best, columns] = sign * np.inf
    second = sign * np.minimum((sign * others).min(axis=0), (sign * seconds).min(axis=0))
    return firsts[best, columns], second, rows, weights


def outweighing_row(extremes: Extremes, total_weight: float, dtype: Any) -> OutweighingRow | None:
    """Return the row that outweighs all others most, if there is one.

    Parameters
    ----------
    extremes : Extremes
        Of all rows.
    total_weight : float
        Sum of the weights.
    dtype : dtype
        Precision of the rows.

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [1e20], [0.5]])
    >>> outweighing_row(extremes_of(X), 4.0, X.dtype)
    OutweighingRow(row=2, column=0, value=1e+20, least=0.0, largest=1.0)
    """
    least, second_least, second_largest, largest = extremes.values
    found: list[tuple[float, OutweighingRow]] = []
    for end, (value, neighbour, other_end) in enumerate(
        [(least, second_least, largest), (largest, second_largest, least)]
    ):
        with np.errstate(all="ignore"):
            spread = np.abs(neighbour - other_end)
            differ = spread > _ROUNDINGS * float(np.finfo(dtype).eps) * np.maximum(np.abs(neighbour), np.abs(other_end))
            others = np.sqrt(np.maximum(total_weight / extremes.weights[end] - 1.0, 1.0))
            # (115)
            ratio = np.where(np.isfinite(spread) & differ, np.abs(value - neighbour) / (spread * others), 0.0)
        column = int(ratio.argmax())
        if ratio[column] * math.sqrt(_EPSILON) >= 1.0:
            low, high = sorted((float(neighbour[column]), float(other_end[column])))
            row = OutweighingRow(int(extremes.rows[end][column]), column, float(value[column]), low, high)
            found.append((float(ratio[column]), row))
    return max(found, key=lambda pair: pair[0])[1] if found else None


def warn_of_outweighing_row(rows: Rows, estimator: Any) -> OutweighingRow | None:
    """Warn of a row that outweighs all others; return it, or None if there is none.

    Parameters
    ----------
    rows : Rows
        The rows.
    estimator : estimator
        What is fitted; it may have `feature_names_in_`.

    Warns
    -----
    RuntimeWarning
        Which row, where it shows, and what to do.
    """
    n_present = rows.n_present
    if n_present < 3:
        return None
    is_whole = n_present == len(rows.X)
    columns = _core.columns_where_a_row_may_outweigh(rows.X) if is_whole else list(range(rows.X.shape[1]))
    if not columns:
        return None
    found = outweighing_row(extremes_of(rows.X[:, columns], rows.sample_weight), rows.total_weight, rows.X.dtype)
    if found is None:
        return None
    names = getattr(estimator, "feature_names_in_", None)
    located = OutweighingRow(found.row, columns[found.column], found.value, found.least, found.largest)
    warn(OutweighingRowWarning(located, names))
    return located


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
    >>> from gmmx.validation.outweighing_rows import outweighing
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


def without_outweighing(rows: Rows, mixture: _core.Mixture) -> Rows:
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
    log_densities = (mixture.component_log_densities(X, rows.n_threads) + log_weights).max(axis=1)
    weights = np.ones(len(X)) if rows.sample_weight is None else rows.sample_weight
    squares = np.maximum(-2.0 * log_densities, 0.0)
    squares[weights == 0.0] = 0.0
    squares *= weights
    return _left_out(rows, outweighing(squares), "the batch")


def without_outweighing_of_start(rows: Rows) -> Rows:
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


def _left_out(rows: Rows, outliers: I64, of: str) -> Rows:
    """Return rows without some of them, and warn of these."""
    if len(outliers) == 0:
        return rows
    X: Any = rows.X
    named = first_few(outliers.tolist(), _MOST_NAMED)
    which = f"Row {named} of {of} is" if len(outliers) == 1 else f"Rows {named} of {of} are"
    warn(
        f"{which} left out of partial_fit: numbers up to {np.abs(X[outliers]).max():.3g} are so far from all other "
        "rows that these would lose all their digits. If they stand for missing values, drop these rows first.",
        RuntimeWarning,
    )
    kept: Any = np.delete(np.arange(len(X)), outliers)
    weights = None if rows.sample_weight is None else rows.sample_weight[kept]
    return Rows(X[kept], weights, rows.n_threads)
