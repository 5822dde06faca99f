"""Rows that come in batches, from files or wherever memory does not hold them all."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from gmmx import _core
from gmmx.partitions import Facts, Sample, TreeSum, facts_of, merge_facts, merge_samples, sample_of, statistics_of

__all__ = ["Batches", "batches_of"]

_BATCH_BYTES = 8 << 20
"""Of an array that is cut into batches here."""


def batches_of(source: Any, n_threads: int, batch_size: int | None = None) -> Batches:
    """Return what a source of batches holds, as rows in parts.

    Parameters
    ----------
    source : re-iterable of batches, callable that returns an iterator of them, or array-like
        See `GaussianMixture.fit_batches`.
    n_threads : int
        Threads of an E-step.
    batch_size : int, optional
        Rows of a batch, where the source is one array; None: what fills 8 MiB.

    Raises
    ------
    TypeError
        If the source can be passed over only once, or not at all.

    Examples
    --------
    >>> import numpy as np
    >>> batches_of([np.zeros((2, 3)), np.ones((4, 3))], 1).facts().n_rows
    6
    """
    return Batches(_opener(source, batch_size), n_threads)


def _opener(source: Any, batch_size: int | None) -> Callable[[], Iterable[Any]]:
    """Return a function that begins a pass over a source."""
    if callable(source):
        return source  # type: ignore[no-any-return]
    if hasattr(source, "__next__"):
        raise TypeError(
            f"source is a {type(source).__name__}, which can be passed over only once, but EM passes over the rows "
            "once an iteration. Give the function that makes it (source=make_batches, not make_batches()), a list, "
            "or a reader of gmmx.data."
        )
    if _is_table(source):
        return lambda: [source]
    if _is_array(source):
        return lambda: _slices(source, batch_size)
    if isinstance(source, str | bytes) or not isinstance(source, Iterable):
        raise TypeError(
            f"source is of type {type(source).__name__}, but must be an iterable of batches that can be passed over "
            "again and again, a two-dimensional array, or a callable that returns an iterator of batches."
        )
    return lambda: source


def _is_table(source: Any) -> bool:
    return hasattr(source, "__dataframe__") or hasattr(source, "__arrow_c_stream__")


def _is_array(source: Any) -> bool:
    return all(hasattr(source, name) for name in ("shape", "dtype", "__getitem__"))


def _slices(array: Any, batch_size: int | None) -> Iterator[Any]:
    """Cut an array, which may lie in a file, into batches."""
    if len(array.shape) != 2:
        raise ValueError(f"source is an array of shape {array.shape}, but must have shape (n_samples, n_features).")
    n_rows, n_features = array.shape
    row = max(1, n_features * np.dtype(array.dtype).itemsize)
    size = max(1, _BATCH_BYTES // row) if batch_size is None else batch_size
    for begin in range(0, n_rows, size):
        yield array[begin : begin + size]


class Batches:
    """Rows in batches, of which one is in memory at a time; see `gmmx.partitions.PartitionedRows`."""

    def __init__(self, begin_pass: Callable[[], Iterable[Any]], n_threads: int) -> None:
        self._begin_pass = begin_pass
        self._n_threads = n_threads
        self._parts: list[Facts] | None = None  # of each batch, as the first pass found it
        self._dtype: str | None = None

    def facts(self) -> Facts:
        """Check all batches; later passes must bring the same."""
        parts = []
        for i, (X, sample_weight) in enumerate(self._pass()):
            with _naming_batch(i):
                parts.append(facts_of(X, sample_weight))
        merged = merge_facts(parts, kind="batch", kinds="batches")
        self._parts, self._dtype = parts, merged.dtype
        return merged

    def sample(self, size: int, seed: int) -> Sample:
        """Draw rows; which ones does not depend on how they are cut into batches."""
        drawn: Sample | None = None
        first_row = 0
        for X, sample_weight in self._pass():
            part = sample_of(X, sample_weight, first_row, size, seed, dtype=self._dtype)
            first_row += len(X)
            if part is not None:
                drawn = part if drawn is None else merge_samples([drawn, part], size)
        assert drawn is not None  # the facts were that there are rows
        return drawn

    def statistics(self, mixture: _core.Mixture) -> _core.SufficientStatistics:
        """Add up the statistics of all batches."""
        total = TreeSum()
        for X, sample_weight in self._pass():
            total.add(statistics_of(X, sample_weight, mixture, dtype=self._dtype, n_threads=self._n_threads))
        return total.total()

    def _pass(self) -> Iterator[tuple[Any, Any]]:
        """Yield rows and weights of each batch, and see to it that they are those of the first pass."""
        n_batches = 0
        for i, batch in enumerate(self._begin_pass()):
            X, sample_weight = batch if isinstance(batch, tuple) and len(batch) == 2 else (batch, None)
            if self._parts is not None and (i >= len(self._parts) or len(X) != self._parts[i].n_rows):
                self._refuse_change(f"batch {i} now has {len(X)} rows")
            yield X, sample_weight
            n_batches += 1
        if n_batches == 0 and self._parts is None:
            raise ValueError("source has no batches. Give at least one batch of rows.")
        if self._parts is not None and n_batches < len(self._parts):
            self._refuse_change(f"there were only {n_batches} batches")

    def _refuse_change(self, what: str) -> None:
        assert self._parts is not None
        raise ValueError(
            f"source must bring the same rows in each pass, but after a first pass with {len(self._parts)} batches of "
            f"{sum(part.n_rows for part in self._parts)} rows {what}. If it is a function, let each call begin anew; "
            "random changes of the rows must be drawn from a fixed seed."
        )


@contextlib.contextmanager
def _naming_batch(number: int) -> Iterator[None]:
    """Let complaints about rows say in which batch they are."""
    try:
        yield
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"batch {number} of source is not accepted: {error}") from error
