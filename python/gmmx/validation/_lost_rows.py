"""Complaints of native code about one row, which counts rows from the first that it was given."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmx._text import quoted

__all__ = ["counting_rows", "lost_row", "naming_columns"]


def lost_row(error: BaseException) -> int | None:
    """Return the row that native code refused, or None if an error is of another kind."""
    return getattr(error, "row", None)


@contextlib.contextmanager
def counting_rows(first_row: int, rows: npt.NDArray[np.int64] | None = None) -> Iterator[None]:
    """Let complaints about a row count from the first of a longer table.

    Parameters
    ----------
    first_row : int
        Rows before these.
    rows : ndarray of shape (n_rows,), int64, default=None
        Place of each row beyond `first_row`. None: they follow one another.

    Examples
    --------
    >>> import gmmx, numpy as np
    >>> mixture = gmmx.Mixture([1.0], [[0.0]], "diag", covariances=[[1.0]])
    >>> try:
    ...     with counting_rows(100):
    ...         gmmx.fast.predict(np.array([[0.0], [1e200]]), mixture)
    ... except ValueError as error:
    ...     print(str(error).split(",")[0])
    X holds 1e+200 in row 101 (the first is 0) of column 0
    """
    try:
        yield
    except ValueError as error:
        row = lost_row(error)
        if row is None:
            raise
        place = first_row + (row if rows is None else int(rows[row]))
        placed: Any = ValueError(str(error).replace(f"in row {row} (", f"in row {place} (", 1))
        placed.row = place
        raise placed from error


@contextlib.contextmanager
def naming_columns(names: Sequence[str] | None) -> Iterator[None]:
    """Let complaints about a row name its column.

    Parameters
    ----------
    names : sequence of str or None
        Names of the columns. None if they have none.

    Examples
    --------
    >>> import gmmx, numpy as np
    >>> mixture = gmmx.Mixture([1.0], [[0.0]], "diag", covariances=[[1.0]])
    >>> try:
    ...     with naming_columns(["mass"]):
    ...         gmmx.fast.predict(np.array([[1e200]]), mixture)
    ... except ValueError as error:
    ...     print(str(error).split(",")[0])
    X holds 1e+200 in row 0 (the first is 0) of column 'mass'
    """
    try:
        yield
    except ValueError as error:
        if names is None or lost_row(error) is None:
            raise
        column = re.search(r"of column (\d+)", str(error))
        if column is None:
            raise
        name = quoted(str(names[int(column[1])]))
        named: Any = ValueError(str(error).replace(column[0], f"of column {name}", 1))
        named.row = lost_row(error)
        raise named from error
