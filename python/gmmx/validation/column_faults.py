"""Columns in which every covariance is singular: constants, and linear combinations of other columns.

The search takes little time compared with a fit. It examines a few hundred rows, spread over all; only columns that are
suspicious there are compared in all rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmx import _core
from gmmx._text import columns_named, quoted
from gmmx._warnings import warn
from gmmx.validation import F64, RowArray, Rows

__all__ = [
    "MAX_COLUMNS",
    "ColumnFaults",
    "ColumnWarning",
    "column_faults",
    "is_constant",
    "near_combinations",
    "warn_of_columns",
]

# Rows with more features are searched for constants only, because combinations take cubic time.
MAX_COLUMNS = 500

_LEAST_SAMPLE = 200
_CHUNK = 1 << 14
_MOST_NAMED = 5
# A column is not examined again if other columns leave at least this share of its variance unexplained.
_SUSPICIOUS = 1e-8
_EPSILONS: dict[np.dtype[Any], float] = {np.dtype(name): float(np.finfo(name).eps) for name in ("float32", "float64")}
# A combination may be off by this many rounding errors for each column.
_ROUNDINGS = 100
# A covariance is singular to working precision where others leave this share of a variance for each column; where they
# leave this many times as much, log-densities still lose most of their digits.
_SINGULAR = 4 * _EPSILONS[np.dtype("float64")]
_ILL_CONDITIONED = 1e5
# At most this many gaps part clusters; the rest of the range is about this many standard deviations.
_MOST_GAPS = 10
_DEVIATIONS = 4


@dataclass(frozen=True)
class ColumnFaults:
    """Columns that are constant or linear combinations of others.

    Attributes
    ----------
    constant : tuple of int
        Columns of one value.
    combinations : tuple of (int, tuple of int)
        Columns that are linear combinations of others, up to rounding, each with these others; a constant may be added.
    nearly : bool
        Whether combinations leave more than rounding, but too little for a covariance.
    """

    constant: tuple[int, ...] = ()
    combinations: tuple[tuple[int, tuple[int, ...]], ...] = ()
    nearly: bool = False

    def __bool__(self) -> bool:
        """Return whether there is any fault."""
        return bool(self.constant or self.combinations)

    def message(self, names: Sequence[str] | None, *, source: str = "X", reg_covar: str = "reg_covar") -> str:
        r"""Return what is wrong and the remedy.

        Parameters
        ----------
        names : sequence of str or None
            Names of the columns. None names them by their numbers.
        source : str, default='X'
            Name of the rows in the message.
        reg_covar : str, default='reg_covar'
            Name of the parameter in the message.

        Examples
        --------
        >>> ColumnFaults((1,)).message(["a", "b"])
        "Column 'b' of X is constant. Covariances are singular there unless reg_covar is added. Drop this column."
        >>> ColumnFaults((), ((2, (0, 1)),)).message(None).split(". ")[0]
        'Column 2 of X is a linear combination of columns 0 and 1'
        """
        sentences = []
        if self.constant:
            verb = "is" if len(self.constant) == 1 else "are"
            sentences.append(f"C{_columns(self.constant, names)[1:]} of {source} {verb} constant.")
        sentences += [
            f"Column {_name(column, names)} of {source} is a linear combination of {_columns(others, names)}."
            for column, others in self.combinations[:_MOST_NAMED]
        ]
        if len(self.combinations) > _MOST_NAMED:
            sentences.append(f"So are {len(self.combinations) - _MOST_NAMED} more.")
        which = "this column" if len(self.constant) + len(self.combinations) == 1 else "these columns"
        return " ".join([*sentences, f"Covariances are singular there unless {reg_covar} is added. Drop {which}."])

    def remedy(self, names: Sequence[str] | None) -> str:
        """Return which columns to drop, as the end of a sentence.

        Examples
        --------
        >>> ColumnFaults((0, 3), ((2, (1,)),)).remedy(None)
        'drop columns 0 and 3 of X, which are constant, and column 2, which depends on others'
        """
        parts = []
        if self.constant:
            verb = "is" if len(self.constant) == 1 else "are"
            parts.append(f"{_columns(self.constant, names)} of X, which {verb} constant")
        if self.combinations:
            dependent = [column for column, _ in self.combinations]
            verb = "depends" if len(dependent) == 1 else "depend"
            of = "" if parts else " of X"
            extent = ", as far as a covariance can tell" if self.nearly else ""
            parts.append(f"{_columns(dependent, names)}{of}, which {verb} on others{extent}")
        return f"drop {', and '.join(parts)}"


class ColumnWarning(UserWarning):
    """Warning about columns that are constant or linear combinations.

    Covariances are singular there, unless `reg_covar` is added to the variances.

    Parameters
    ----------
    faults : ColumnFaults
        Which columns: its attributes `constant` and `combinations` hold their numbers.
    names : sequence of str or None
        Names of the columns.

    Attributes
    ----------
    faults : ColumnFaults
        As given.

    Examples
    --------
    >>> import warnings
    >>> import numpy as np
    >>> import gmmx
    >>> X = np.column_stack([np.random.default_rng(0).normal(size=50), np.full(50, 7.0)])
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always", gmmx.ColumnWarning)
    ...     model = gmmx.GaussianMixture().fit(X)
    >>> caught[0].message.faults.constant
    (1,)
    """

    def __init__(self, faults: ColumnFaults, names: Sequence[str] | None) -> None:
        super().__init__(faults.message(names))
        self.faults = faults


def warn_of_columns(rows: Rows, estimator: Any, *, combinations: bool) -> ColumnFaults:
    """Warn of columns that are constant or linear combinations of others; return these.

    Parameters
    ----------
    rows : Rows
        The rows.
    estimator : estimator
        What is fitted; it may have `feature_names_in_`.
    combinations : bool
        Whether to look for combinations: diagonal covariances are not singular there.

    Warns
    -----
    ColumnWarning
        Which columns, and what to do.
    """
    faults = column_faults(rows, combinations=combinations)
    if faults:
        names = getattr(estimator, "feature_names_in_", None)
        warn(ColumnWarning(faults, names))
    return faults


def column_faults(rows: Rows, *, combinations: bool) -> ColumnFaults:
    """Find columns that are constant or linear combinations of others.

    Combinations are looked for among at most `MAX_COLUMNS` columns, and of more different rows than columns: fewer rows
    always make some. Of two columns that depend on each other the latter is named.

    Parameters
    ----------
    rows : Rows
        The rows; those of weight zero are passed over.
    combinations : bool
        Whether to look for combinations.
    """
    return _faults_of(rows, combinations=combinations, test=_is_combination)


def _faults_of(rows: Rows, *, combinations: bool, test: Callable[[Iterator[_Rest], int, float], bool]) -> ColumnFaults:
    """Return columns that are constant, and those that others explain so far that a test of what is left holds."""
    d = int(rows.X.shape[1])
    present: Any = slice(None) if rows.sample_weight is None else np.flatnonzero(rows.sample_weight)
    n_present = rows.n_present
    if n_present < 2:
        return ColumnFaults()
    step = max(1, n_present // max(_LEAST_SAMPLE, 2 * d))
    sample: Any = rows.X[::step] if rows.sample_weight is None else rows.X[present[::step]]
    most = min(MAX_COLUMNS, len(sample) - 1)
    if _are_sound_at_a_glance(sample, combinations=combinations and 1 < d <= most):
        return ColumnFaults()
    sample = sample.astype(np.float64, copy=False)
    epsilon = _EPSILONS[rows.X.dtype]
    steps = sample - sample[0]
    spans = np.abs(steps).max(axis=0)
    varies = spans > 4 * epsilon * np.abs(sample[0])
    constant = tuple(j for j in np.flatnonzero(~varies).tolist() if _is_constant_in_all(rows, present, j))
    kept = np.flatnonzero(varies)
    if not combinations or not 1 < len(kept) <= most:
        return ColumnFaults(constant)
    independent, suspects = _split(steps[:, kept] / spans[kept])
    if suspects and len(np.unique(sample[:, kept], axis=0)) <= len(kept):
        return ColumnFaults(constant)
    found = (
        _combination(rows, present, sample, kept[independent[independent < j]], int(kept[j]), test) for j in suspects
    )
    return ColumnFaults(constant, tuple(combination for combination in found if combination is not None))


def near_combinations(rows: Rows, *, failed: bool = True) -> ColumnFaults:
    """Find columns of which others leave too little for a covariance, in the same rows and columns as `column_faults`.

    That is a share of the variance within clusters that is rounding noise in a covariance (docs/theory.md, section 12).
    It explains a fit that failed or lost digits; other fits may be sound all the same.

    Parameters
    ----------
    rows : Rows
        The rows.
    failed : bool, default=True
        Whether the fit failed; one that lost digits is explained by a larger share.

    Examples
    --------
    >>> import numpy as np
    >>> x, y, z = np.random.default_rng(0).normal(size=(3, 50))
    >>> near_combinations(Rows(np.column_stack([x, y, x + y + 1e-9 * z]))).combinations
    ((2, (0, 1)),)
    """
    most = _SINGULAR * (1 if failed else _ILL_CONDITIONED)
    return ColumnFaults((), _faults_of(rows, combinations=True, test=partial(_leaves, most)).combinations, nearly=True)


def _are_sound_at_a_glance(sample: RowArray, *, combinations: bool) -> bool:
    """Return whether all columns vary and, if asked for, none follows from the others; False if in doubt.

    This is all that most data need: it takes a few microseconds.
    """
    return _core.columns_are_independent(sample, _SUSPICIOUS) if combinations else _core.columns_vary(sample)


def is_constant(least: Any, largest: Any, dtype: npt.DTypeLike) -> Any:
    """Return whether columns of these extremes, in float64, are constant up to the rounding of `dtype`.

    Examples
    --------
    >>> is_constant(np.array([3.0, 1.0]), np.array([3.0, 2.0]), "float32").tolist()
    [True, False]
    """
    with np.errstate(over="ignore"):
        return largest - least <= 4 * _EPSILONS[np.dtype(dtype)] * np.maximum(np.abs(least), np.abs(largest))


def _is_constant_in_all(rows: Rows, present: Any, column: int) -> bool:
    """Return whether a column is constant over all rows, up to rounding."""
    values = rows.X[:, column][present]
    return bool(is_constant(np.float64(values.min()), np.float64(values.max()), rows.X.dtype))


def _split(rows: F64) -> tuple[npt.NDArray[np.int64], list[int]]:
    """Return the columns that those before leave unexplained, and the others, which look like combinations.

    Each column adds a row to the Cholesky factor of the correlations unless hardly anything of it is left.
    """
    d = rows.shape[1]
    centred = rows - rows.mean(axis=0)
    normed = centred / np.sqrt(np.square(centred).sum(axis=0))
    correlations = normed.T @ normed
    factor = np.zeros((d, d))  # a row for each column, a column for each independent one
    independent: list[int] = []
    suspects: list[int] = []
    for j in range(d):
        left = correlations[j, j] - factor[j] @ factor[j]
        if left <= _SUSPICIOUS:
            suspects.append(j)
            continue
        factor[j:, len(independent)] = (correlations[j:, j] - factor[j:] @ factor[j]) / np.sqrt(left)
        independent.append(j)
    return np.array(independent), suspects


@dataclass(frozen=True)
class _Rest:
    """What a combination of others leaves of a column in some rows."""

    of: F64  # the centred column
    left: F64
    sizes: F64  # the sum of the sizes of all terms


def _is_combination(rests: Iterator[_Rest], n_others: int, epsilon: float) -> bool:
    """Return whether nothing but rounding is left in every row."""
    tolerance = _ROUNDINGS * (1 + n_others) * epsilon
    return all(bool((np.abs(rest.left) <= tolerance * rest.sizes).all()) for rest in rests)


def _leaves(most: float, rests: Iterator[_Rest], n_others: int, _: float) -> bool:
    """Return whether what is left has at most this share of the variance of the column, for each column.

    The variance within clusters is meant: the widest gaps between the numbers of the column do not count.
    """
    parts = list(rests)
    gaps = np.sort(np.diff(np.sort(np.concatenate([part.of for part in parts]))))
    deviation = float(gaps[: len(gaps) - min(_MOST_GAPS, len(gaps) // 10)].sum()) / _DEVIATIONS
    squares = np.square(np.concatenate([part.left for part in parts]))
    return bool(squares.mean() <= most * (1 + n_others) * deviation**2)


def _combination(
    rows: Rows,
    present: Any,
    sample: F64,
    others: npt.NDArray[np.int64],
    column: int,
    test: Callable[[Iterator[_Rest], int, float], bool],
) -> tuple[int, tuple[int, ...]] | None:
    """Return a column with those whose combination it is, by a test of what they leave; None if it is not one."""
    means = sample.mean(axis=0)
    deviations = sample.std(axis=0)
    scaled = (sample[:, others] - means[others]) / deviations[others]
    coefficients = np.linalg.lstsq(scaled, (sample[:, column] - means[column]) / deviations[column], rcond=None)[0]
    matters = np.abs(coefficients) > 1e-6
    others, slopes = others[matters], coefficients[matters] * deviations[column] / deviations[others[matters]]

    def rests() -> Iterator[_Rest]:
        for values in _chunks(rows, present):
            terms = (values[:, others] - means[others]) * slopes
            target = values[:, column] - means[column]
            sizes = np.abs(values[:, column]) + np.abs(values[:, others] * slopes).sum(axis=1) + np.abs(means[column])
            yield _Rest(target, target - terms.sum(axis=1), sizes)

    return (column, tuple(others.tolist())) if test(rests(), len(others), _EPSILONS[rows.X.dtype]) else None


def _chunks(rows: Rows, present: Any) -> Iterator[F64]:
    """Yield the rows of positive weight in float64, some at a time."""
    for begin in range(0, rows.n_present, _CHUNK):
        if rows.sample_weight is None:
            yield rows.X[begin : begin + _CHUNK].astype(np.float64)
        else:
            yield rows.X[present[begin : begin + _CHUNK]].astype(np.float64)


def _name(column: int, names: Sequence[str] | None) -> str:
    return quoted(column if names is None else names[column])


def _columns(columns: Sequence[int], names: Sequence[str] | None) -> str:
    return columns_named([_name(column, names) for column in columns], _MOST_NAMED)
