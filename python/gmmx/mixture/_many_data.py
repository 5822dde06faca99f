"""Many data sets as users hand them in: a list or dict of arrays, or one array whose rows belong to groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gmmx._text import quoted
from gmmx.data._batch_source import is_converted_map
from gmmx.validation import F64, RowArray, check_rows_of, check_sample_weight
from gmmx.validation._row_checks import is_plain

__all__ = ["ConvertedRows", "DataSets", "data_sets_of"]

# Integers from a range that is at most this many times as wide as there are rows are numbered by a table.
_WIDEST_RANGE = 4
_REMEDY_OF_GROUPS = "Give one value for each row, such as a column of the table."


class ConvertedRows(NamedTuple):
    """Rows and weights as arrays, and the names of their columns, if they have any."""

    X: RowArray
    sample_weight: F64 | None
    feature_names: npt.NDArray[Any] | None


@dataclass(frozen=True)
class DataSets:
    """The data sets, one for each fit.

    Attributes
    ----------
    keys : sequence
        Numbers from 0, the keys of a mapping, or the values of groups.
    given : sequence
        The rows of each as the user gave them, or parts of a checked array.
    weights : sequence or None
        Their weights, likewise.
    are_checked : bool
        Whether these are parts of a checked array.
    """

    keys: Sequence[Any]
    given: Sequence[Any]
    weights: Sequence[Any] | None
    are_checked: bool = False

    def __len__(self) -> int:
        """Return the number of data sets."""
        return len(self.given)

    def name(self, number: int) -> str:
        """Return how messages call a data set."""
        key = quoted(self.keys[number])
        return f"group {key}" if self.are_checked else f"data[{key}]"

    def weights_of(self, number: int) -> Any:
        """Return the weights of the rows of a data set, or None."""
        return None if self.weights is None else self.weights[number]

    def converted(self, number: int, holder: Any) -> ConvertedRows | None:
        """Return rows and weights as arrays; None where only a fit alone knows what to do with them.

        `holder` is an estimator, of which the features are set to those of the rows. Numbers need not be finite, and
        weights may be negative.
        """
        X, weights = self.given[number], self.weights_of(number)
        names = vars(holder).get("feature_names_in_") if self.are_checked else None
        try:
            if not is_plain(X, 0):
                if is_converted_map(X):
                    return None
                X = check_rows_of(holder, X, fit=True)
                names = vars(holder).get("feature_names_in_")
            if weights is not None and not (type(weights) is np.ndarray and weights.dtype == np.float64):
                weights = check_sample_weight(weights, X)
        except (ValueError, TypeError, OverflowError):
            return None
        fits = weights is None or weights.shape == (len(X),)
        return ConvertedRows(X, weights, names) if fits else None


def data_sets_of(data: Any, groups: Any, sample_weight: Any, holder: Any) -> DataSets:
    """Return the data sets of the arguments of `fit_many`.

    Parameters
    ----------
    data, groups, sample_weight : object
        What a user handed in.
    holder : estimator
        Estimator whose features are set to those of `data` if there are groups.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described; rows are checked only if there are groups.
    """
    if hasattr(data, "get_group"):
        raise ValueError(
            "data is grouped already, but must be rows. Give the table itself as data, and as groups the column or the "
            "values that it was grouped by."
        )
    if groups is not None:
        return _by_groups(data, groups, sample_weight, holder)
    if isinstance(data, Mapping):
        keys, given = list(data), list(data.values())
        if sample_weight is not None:
            if not isinstance(sample_weight, Mapping) or set(sample_weight) != set(keys):
                raise ValueError(
                    f"sample_weight is of type {type(sample_weight).__name__}, but must be a dict with the keys of "
                    "data. Give weights, or None, for each of them."
                )
            sample_weight = [sample_weight[key] for key in keys]
    else:
        given = _listed(data)
        keys = range(len(given))  # type: ignore[assignment]
    if not given:
        raise ValueError("data is empty, but must hold at least one array. Give the rows of each fit.")
    if sample_weight is not None and not isinstance(data, Mapping):
        sample_weight = _listed_weights(sample_weight, len(given))
    return DataSets(keys, given, sample_weight)


def _listed(data: Any) -> list[Any]:
    """Return the arrays of a list, or of an array of three dimensions."""
    is_array = hasattr(data, "dtype") or hasattr(data, "columns") or hasattr(data, "__array__")
    shape = getattr(data, "shape", ())
    if isinstance(data, str | bytes) or (is_array and len(shape) != 3):
        what = f"one array of shape {tuple(shape)}" if is_array else f"the text {data!r}"
        raise ValueError(
            f"data is {what}, but without groups it must be a list or dict of arrays. Give groups, the value of a "
            "group for each row, or a list."
        )
    try:
        return list(data)
    except TypeError:
        raise TypeError(
            f"data is of type {type(data).__name__}, but must be a list or dict of arrays, or one array with groups. "
            "Give a list."
        ) from None


def _listed_weights(sample_weight: Any, n_fits: int) -> list[Any]:
    try:
        weights = list(sample_weight)
    except TypeError:
        raise TypeError(
            f"sample_weight is {sample_weight!r}, but must be a list with the weights of each array. Give such a list."
        ) from None
    if len(weights) != n_fits:
        raise ValueError(
            f"sample_weight has {len(weights)} entries, but data has {n_fits} arrays. Give the weights of the rows of "
            "each, or None for one without weights."
        )
    return weights


def _by_groups(data: Any, groups: Any, sample_weight: Any, holder: Any) -> DataSets:
    """Split the rows of one array by their groups."""
    X: Any = check_rows_of(holder, data, fit=True)
    weights = check_sample_weight(sample_weight, X)
    keys, codes = _numbered(_checked_groups(groups, len(X)))
    if np.any(codes[1:] < codes[:-1]):
        order = np.argsort(codes, kind="stable")
        X = np.take(X, order, axis=0)
        weights = None if weights is None else weights[order]
    ends = np.cumsum(np.bincount(codes, minlength=len(keys))).tolist()
    parts = [slice(begin, end) for begin, end in zip([0, *ends[:-1]], ends, strict=True)]
    split_weights = None if weights is None else [weights[part] for part in parts]
    return DataSets(keys, [X[part] for part in parts], split_weights, are_checked=True)


def _checked_groups(groups: Any, n_rows: int) -> npt.NDArray[Any]:
    """Return the groups as an array of one dimension, without converting values of different types to one."""
    if isinstance(groups, list | tuple):
        array: npt.NDArray[Any] = np.empty(len(groups), dtype=object)
        for row, value in enumerate(groups):
            array[row] = value
    else:
        array = np.asarray(groups)
    if array.shape != (n_rows,):
        raise ValueError(
            f"groups has shape {array.shape}, but data has {n_rows} rows, so the shape must be ({n_rows},). "
            f"{_REMEDY_OF_GROUPS}"
        )
    return array


def _numbered(groups: npt.NDArray[Any]) -> tuple[list[Any], npt.NDArray[Any]]:
    """Return the different groups in the order in which rows meet them, and the number of each row's."""
    if groups.dtype.kind in "iu":
        least, largest = int(groups.min()), int(groups.max())
        if largest - least < _WIDEST_RANGE * len(groups) and largest <= np.iinfo(np.int64).max:
            return _numbered_integers(groups, groups.astype(np.int64) - least)
    is_object = groups.dtype.kind == "O"  # whose values need not be comparable
    begins = np.ones(len(groups), bool) if is_object else np.r_[True, groups[1:] != groups[:-1]]
    heads = np.flatnonzero(begins)  # of runs of rows of the same group
    values = groups[heads].tolist() if groups.dtype.kind not in "mM" else list(groups[heads])
    number_of: dict[Any, int] = {}
    try:
        numbers = [number_of.setdefault(value, len(number_of)) for value in values]
    except TypeError:
        raise TypeError(
            "groups holds values that cannot be keys of a dict, but a group must be a number, a text or another "
            f"hashable value. {_REMEDY_OF_GROUPS}"
        ) from None
    missing = next((value for value in number_of if _is_missing(value)), None)
    if missing is not None or None in number_of:
        row = int(heads[numbers.index(number_of[missing])])
        raise ValueError(
            f"groups has no value in row {row} (the first is 0): {missing}. Each row must belong to a group. Drop such "
            "rows, or give them a group."
        )
    codes: npt.NDArray[Any] = np.repeat(
        np.array(numbers, dtype=_code_type(len(number_of))), np.diff(heads, append=len(groups))
    )
    return list(number_of), codes


def _numbered_integers(groups: npt.NDArray[Any], offsets: npt.NDArray[np.int64]) -> tuple[list[Any], npt.NDArray[Any]]:
    """Return what `_numbered` does for integers from a narrow range; the offsets are those from the least."""
    n_rows = len(groups)
    first = np.full(int(offsets.max()) + 1, n_rows)  # row of each integer
    first[offsets[::-1]] = np.arange(n_rows - 1, -1, -1)  # of several assignments the last counts
    present = np.flatnonzero(first < n_rows)
    present = present[np.argsort(first[present])]
    numbers: npt.NDArray[Any] = np.empty(len(first), dtype=_code_type(len(present)))
    numbers[present] = np.arange(len(present))
    return groups[first[present]].tolist(), numbers[offsets]


def _code_type(n_groups: int) -> type:
    """Return the type of numbers of groups: NumPy sorts short integers fastest."""
    return np.uint16 if n_groups <= 1 << 16 else np.int64


def _is_missing(value: Any) -> bool:
    return value is None or type(value).__name__ in ("NAType", "NaTType") or bool(value != value)
