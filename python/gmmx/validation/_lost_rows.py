"""Complaints of native code about one row, which counts rows from the first that it was given."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["counting_rows", "lost_row"]


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
