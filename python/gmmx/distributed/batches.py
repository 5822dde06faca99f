"""Rows that come in batches, from files or wherever memory does not hold them all."""

from __future__ import annotations

import contextlib
import itertools
import math
from collections.abc import Generator, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from gmmx import _core
from gmmx.data._batch_source import Source, source_of
from gmmx.data._reader import rows_of_bytes
from gmmx.distributed import (
    DataSummary,
    Sample,
    merge_samples,
    merge_summaries,
    pairwise_sum,
    sample_of,
    statistics_of,
    summarize,
)
from gmmx.em.progress import Progress
from gmmx.io import arrow
from gmmx.io._prefetch import read_ahead
from gmmx.validation import check_flag, is_pair

__all__ = ["Batches", "batches_of"]

_END = object()

# These errors keep their class when the number of the batch is added.
_KINDS: tuple[type[Exception], ...] = (TypeError, ValueError, OSError, ImportError)


def batches_of(source: Any, n_threads: int, batch_size: int | None = None, *, progress: bool | None = False) -> Batches:
    """Return what a source of batches holds, as rows in parts.

    Parameters
    ----------
    source, batch_size, progress
        See `GaussianMixture.fit_batches`.
    n_threads : int
        Threads of an E-step.

    Raises
    ------
    TypeError, ValueError
        See `gmmx.data._batch_source.source_of`.
    ImportError
        If what reads the source, or shows the progress, is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> batches_of([np.zeros((2, 3)), np.ones((4, 3))], 1).summary().n_rows
    6
    """
    check_flag("progress", progress, may_be_none=True)
    if batch_size is not None:
        rows_of_bytes(batch_size, 1, np.dtype(np.float64))  # refused now, not when the first batch is cut
    return Batches(source_of(source, batch_size), n_threads, Progress(progress))


class Batches:
    """Rows in batches, of which two are in memory at a time; see `gmmx.distributed.PartitionedRows`."""

    def __init__(self, source: Source, n_threads: int, progress: Progress) -> None:
        self._source = source
        self._n_threads = n_threads
        self._progress = progress
        self._n_sums = 0
        self._parts: list[DataSummary] | None = None  # of each batch, as the first pass found it
        self._dtype: str | None = None

    def summary(self) -> DataSummary:
        """Check all batches; later passes must bring the same."""
        parts = []
        with self._pass("checking rows") as batches:
            for i, (X, sample_weight) in enumerate(batches):
                with _naming_batch(i, "is not accepted"):
                    parts.append(summarize(X, sample_weight))
        merged = merge_summaries(parts, kind="batch", kinds="batches")
        self._parts, self._dtype = parts, merged.dtype
        names = self._source.feature_names
        return merged if names is None else replace(merged, feature_names=names)

    def sample(self, size: int, seed: int) -> Sample:
        """Draw rows; which ones does not depend on how they are cut into batches."""
        drawn = merge_samples([], size)
        largest_key = math.inf
        first_row = 0
        with self._pass("drawing rows to start from") as batches:
            for X, sample_weight in batches:
                part = sample_of(X, sample_weight, first_row, size, seed, dtype=self._dtype, largest_key=largest_key)
                first_row += len(X)
                if part is not None and len(part.keys):
                    drawn = merge_samples([drawn, part], size)
                    if len(drawn.keys) == size:
                        largest_key = float(drawn.keys.max())
        return drawn

    def statistics(self, mixture: _core.Mixture) -> _core.SufficientStatistics:
        """Add up the statistics of all batches."""
        self._n_sums += 1
        with self._pass(f"pass {self._n_sums} of EM") as batches:
            statistics = pairwise_sum(
                statistics_of(X, sample_weight, mixture, dtype=self._dtype, n_threads=self._n_threads)
                for X, sample_weight in batches
            )
        self._progress.tell(statistics.log_likelihood / statistics.total_weight)
        return statistics

    def close(self) -> None:
        """End the display of progress and delete what was stored for later passes."""
        self._progress.close()
        self._source.close()

    def _pass(self, name: str) -> contextlib.closing[Generator[tuple[Any, Any], None, None]]:
        """Begin a pass that ends, and with it the thread that reads ahead, when its context does."""
        self._progress.begin_pass(name, None if self._parts is None else sum(part.n_rows for part in self._parts))
        return contextlib.closing(self._batches())

    def _batches(self) -> Generator[tuple[Any, Any], None, None]:
        """Yield rows and weights of each batch, and see to it that they are those of the first pass."""
        n_batches = 0
        with contextlib.closing(self._read()) as batches:
            for i, (X, sample_weight) in enumerate(batches):
                if self._parts is not None and (i >= len(self._parts) or len(X) != self._parts[i].n_rows):
                    self._refuse_change(f"batch {i} now has {len(X)} rows")
                yield X, sample_weight
                self._progress.advance(len(X))
                n_batches += 1
        if n_batches == 0 and self._parts is None:
            raise ValueError("source has no batches. Give at least one batch of rows.")
        if self._parts is not None and n_batches < len(self._parts):
            self._refuse_change(f"there were only {n_batches} batches")

    def _read(self) -> Generator[tuple[Any, Any], None, None]:
        """Yield rows and weights of each batch; complaints of what reads them name it."""
        source = self._source
        with contextlib.ExitStack() as at_end:
            if source.is_read:
                batches: Iterator[Any] = at_end.enter_context(contextlib.closing(read_ahead(source.begin_pass)))
            else:
                batches = iter(source.begin_pass())
            for i in itertools.count():
                with _naming_batch(i, "cannot be read"):
                    batch = next(batches, _END)
                if batch is _END:
                    return
                if isinstance(batch, list) and is_pair(batch):
                    raise ValueError(
                        f"batch {i} of source is a list of rows and weights: make it a tuple, (X, sample_weight)."
                    )
                if isinstance(batch, tuple) and len(batch) != 2 and np.ndim(next(iter(batch), 0)) == 2:
                    raise ValueError(
                        f"batch {i} of source is a tuple of {len(batch)}, but must be X or a tuple (X, sample_weight): "
                        "leave out what else it holds."
                    )
                X, sample_weight = batch if isinstance(batch, tuple) and len(batch) == 2 else (batch, None)
                yield arrow.table_of(X), sample_weight

    def _refuse_change(self, what: str) -> None:
        assert self._parts is not None
        raise ValueError(
            f"source must bring the same rows in each pass, but after a first pass with {len(self._parts)} batches of "
            f"{sum(part.n_rows for part in self._parts)} rows {what}. If it is a function, every call must "
            "yield the rows from the start; use a fixed seed for random changes."
        )


@contextlib.contextmanager
def _naming_batch(number: int, problem: str) -> Iterator[None]:
    """Let complaints say which batch they are about."""
    try:
        yield
    except Exception as error:
        explanation = f"batch {number} of source {problem}: {error}"
        if isinstance(error, OSError) and error.errno is not None:
            raise OSError(error.errno, explanation) from error  # of the same kind, FileNotFoundError for instance
        kind = next((kind for kind in _KINDS if isinstance(error, kind)), RuntimeError)
        raise kind(explanation) from error
