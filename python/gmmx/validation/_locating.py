"""The place in a table of the value that scikit-learn or NumPy complains about."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gmmx._text import quoted
from gmmx.validation._numeric_input import first_foreign, first_missing

__all__ = ["first_not_finite", "placing"]


class NotFinite(NamedTuple):
    """A number that is not finite, and where it stands."""

    value: str
    row: int
    column: str | int

    def __str__(self) -> str:
        """Return it as a part of a sentence."""
        return f"{self.value} in row {self.row} (the first is 0) of column {quoted(self.column)}"


def first_not_finite(
    X: npt.NDArray[Any], feature_names: Sequence[str | int] | None = None, first_row: int = 0
) -> NotFinite | None:
    """Return the first number that is not finite, and where it stands; None if there is none.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features)
        Rows.
    feature_names : sequence of str or int, optional
        Names or numbers of the columns.
    first_row : int
        Rows before these.

    Examples
    --------
    >>> str(first_not_finite(np.array([[1.0, 2.0], [3.0, np.nan]]), first_row=10))
    'NaN in row 11 (the first is 0) of column 1'
    """
    with np.errstate(all="ignore"):
        if math.isfinite(X.sum()):  # quick, and never wrong if it says yes
            return None
    finite = np.isfinite(X)
    if finite.all():
        return None
    row, column = np.argwhere(~finite)[0]
    what = "NaN" if np.isnan(X[row, column]) else "infinity"
    return NotFinite(what, first_row + int(row), int(column) if feature_names is None else feature_names[column])


@contextlib.contextmanager
def placing(X: Any, first_row: int = 0, names: Sequence[str] | None = None) -> Iterator[None]:
    """Add the place to complaints about the values of a table, which scikit-learn's lack.

    `names` are those of the columns if X has none.
    """
    try:
        yield
    except (TypeError, ValueError) as error:
        placed = _placed(X, error, first_row, names)
        if placed is None:
            raise
        raise placed from error


_FINITE = "but all numbers must be finite: fill in missing values, or drop the rows or columns that have them."


def _placed(
    X: Any, error: TypeError | ValueError, first_row: int, names: Sequence[str] | None
) -> TypeError | ValueError | None:
    """Return the error with the place of the fault, or None if it is not found."""
    complaint = str(error)
    is_frame = hasattr(X, "columns") and hasattr(X, "dtypes")
    names = [str(name) for name in X.columns] if is_frame else names
    if is_frame and names and "could not convert" in complaint:
        texts = [name for name, kind in zip(names, X.dtypes, strict=True) if getattr(kind, "kind", "O") not in "biuf"]
        if texts:
            return ValueError(
                f"Column {texts[0]!r} of X is not numeric ({complaint}), but all columns must contain numbers. "
                "Drop it or convert it to numbers."
            )
    if is_frame and re.search("element with a sequence|feature names should match", complaint):
        return _placed_lists(X)
    if "argument must be" in complaint:
        return _placed_object(X, names, complaint, first_row)
    if "contains NaN" in complaint or "contains infinity" in complaint:
        problem: NotFinite | str | None = None
        with contextlib.suppress(TypeError, ValueError):
            problem = first_not_finite(np.asarray(X, dtype=np.float64), names, first_row)
        with contextlib.suppress(TypeError, ValueError):
            problem = problem or _missing_in(X, names, first_row)
        if problem is not None:
            return ValueError(f"Input X contains {problem}, {_FINITE}")
    return None


def _placed_object(
    X: Any, names: Sequence[str] | None, complaint: str, first_row: int
) -> TypeError | ValueError | None:
    """Return the error that names the first object that is not a number."""
    found = first_foreign(X)
    if found is None or len(found[0]) != 2:
        return None
    at, kind = found
    if at == first_missing(X):
        return ValueError(f"Input X contains {_missing_in(X, names, first_row)}, {_FINITE}")
    column = f"column {at[1] if names is None else quoted(names[at[1]])}"
    return TypeError(
        f"Input X contains an object of type {kind} in row {first_row + at[0]} (the first is 0) of {column} "
        f"({complaint}), but all values must be numbers. Drop {column} or convert it to numbers."
    )


def _placed_lists(frame: Any) -> ValueError | None:
    """Return the error that names the first column of a frame whose objects are lists or arrays."""
    for position, (name, kind) in enumerate(zip(frame.columns, frame.dtypes, strict=True)):
        if getattr(kind, "kind", None) == "O" and np.ndim(frame.iloc[0, position]):
            return ValueError(
                f"X has the column {str(name)!r} of objects of type {type(frame.iloc[0, position]).__name__}, but all "
                "columns must hold numbers or Arrow's lists of them: give pyarrow.Table.from_pandas(X, "
                "preserve_index=False), read the file by pandas.read_parquet(path, dtype_backend='pyarrow'), or give "
                f"numpy.stack(X[{name!r}]) if this column is all."
            )
    return None


def _missing_in(X: Any, names: Sequence[str] | None, first_row: int) -> str | None:
    at = first_missing(X)
    if at is None or len(at) != 2:
        return None
    return (
        f"NaN in row {first_row + at[0]} (the first is 0) of column {at[1] if names is None else quoted(names[at[1]])}"
    )
