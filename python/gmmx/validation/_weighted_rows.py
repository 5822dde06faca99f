"""Checked rows with their weights, and whether a mixture can be fitted to them."""

from __future__ import annotations

import math
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from gmmx import _core
from gmmx.validation._types import F64, Rows

__all__ = ["CountedRows", "WeightedRows", "check_enough_rows", "refuse_overflow", "thread_count"]


class CountedRows(Protocol):
    """What is known of rows, wherever they lie."""

    @property
    def n_rows(self) -> int:
        """All rows, absent ones included."""

    @property
    def n_present(self) -> int:
        """Rows of positive weight."""


class WeightedRows(NamedTuple):
    """Checked rows with their weights (None: all one) and the number of threads to work on them."""

    X: Rows
    sample_weight: F64 | None
    n_threads: int

    @property
    def total_weight(self) -> float:
        """Sum of the weights, that is, how many rows these stand for."""
        return float(len(self.X)) if self.sample_weight is None else float(self.sample_weight.sum())

    @property
    def n_rows(self) -> int:
        """All rows, absent ones included."""
        return len(self.X)

    @property
    def n_present(self) -> int:
        """Rows of positive weight: a row of weight zero is absent."""
        return len(self.X) if self.sample_weight is None else int(np.count_nonzero(self.sample_weight))


def check_enough_rows(rows: CountedRows, n_components: int) -> None:
    """Refuse to fit to fewer than two rows, or to fewer rows than components, zero weights not counted."""
    needed, given = max(2, n_components), rows.n_present
    if given >= needed:
        return
    remedy = "Lower n_components or give more rows"
    if given < rows.n_rows:
        remedy += f" of positive sample_weight ({rows.n_rows - given} of {rows.n_rows} rows have weight zero)"
    if given < n_components:
        problem = f"Expected n_samples >= n_components but got n_components = {n_components}, n_samples = {given}"
    else:
        problem = f"A mixture cannot be fitted to n_samples = {given} row: at least 2 are required"
    raise ValueError(f"{problem}. {remedy}.")


def refuse_overflow(largest: float, n_rows: int, dtype: npt.DTypeLike) -> None:
    """Say so if sums of squares of the rows do not fit their type; called once a fit has failed."""
    limit = math.sqrt(float(np.finfo(dtype).max) / n_rows)
    if largest > limit:
        raise ValueError(
            f"X holds numbers as large as {largest:g}, whose squares overflow {np.dtype(dtype)}: at most {limit:.1g} "
            "can be fitted here. Drop rows that hold fill values, or scale the columns, for instance with "
            "sklearn.preprocessing.StandardScaler."
        )


_MOST_THREADS = 2**31 - 1


def thread_count(n_jobs: int | None) -> int:
    """Tell how many threads `n_jobs` asks for; more than the rows can keep busy are not started."""
    if n_jobs is not None:
        n_jobs = max(-_MOST_THREADS, min(int(n_jobs), _MOST_THREADS))
    return _core.thread_count(n_jobs)
