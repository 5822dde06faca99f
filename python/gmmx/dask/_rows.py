"""Rows in Dask partitions, for `gmmx.GaussianMixture.fit_partitions`."""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

from dask.delayed import delayed

from gmmx import _core
from gmmx.dask._collections import delayed_parts
from gmmx.dask._running import FAN_IN, Task, client_for, combined, results
from gmmx.dask._tasks import Place, RowTerm, in_partition, merged, sample_in, statistics_in, sums_in
from gmmx.distributed import DataSummary, Sample, merge_samples, merge_summaries, pairwise_sum, summarize


class DaskRows:
    """Rows and weights in partitions; each method is one pass over them.

    `sample_weight` is a Dask array, series, name of a column, or None. `client` and `n_jobs` are those of the
    estimator.
    """

    def __init__(self, X: Any, sample_weight: Any, client: Any, n_jobs: int | None) -> None:
        self._client = client_for(client)
        self._parts = delayed_parts(X, sample_weight)
        self._n_jobs = n_jobs
        self._summaries: list[DataSummary] = []
        self.dtype = "float64"

    def summary(self) -> DataSummary:
        """Check all rows and summarize them."""
        self._summaries = self._results(self._tasks("summary", summarize))
        all_rows = merge_summaries(self._summaries)
        self.dtype = all_rows.dtype
        return all_rows

    def sample(self, size: int, seed: int) -> Sample:
        """Draw rows; each partition draws up to `size`, which workers merge."""
        first_rows = accumulate((summary.n_rows for summary in self._summaries), initial=0)
        arguments = [(self.dtype, first, size, seed) for first, _ in zip(first_rows, self._parts, strict=False)]
        tasks = self._tasks("sample", sample_in, arguments)
        return merge_samples(self._results(combined(tasks, merged, size, until=1)), size)

    def statistics(self, mixture: _core.Mixture) -> _core.SufficientStatistics:
        """Add the statistics of all partitions; workers add neighbours if there are many."""
        tasks = self._tasks("statistics", statistics_in, [(mixture, self.dtype, self._n_jobs)] * len(self._parts))
        statistics = pairwise_sum(self._results(combined(tasks, pairwise_sum, until=FAN_IN)))
        n_rows = sum(summary.n_present for summary in self._summaries)
        if statistics.n_samples != n_rows:
            raise ValueError(
                f"X must have the same rows in each pass, but it had {n_rows} (of positive weight) and now has "
                f"{statistics.n_samples}. Draw random numbers from a fixed seed, or keep the rows by X.persist()."
            )
        return statistics

    def sums(self, mixture: _core.Mixture, terms: Sequence[RowTerm]) -> list[float]:
        """Return the total weight of all rows and the sums of functions over them."""
        tasks = self._tasks("sums", sums_in, [(mixture, terms, self._n_jobs)] * len(self._parts))
        return [math.fsum(column) for column in zip(*self._results(tasks), strict=True)]

    def _results(self, tasks: list[Task]) -> list[Any]:
        return results(tasks, len(self._parts), self._client)

    def _tasks(
        self, name: str, function: Callable[..., Any], arguments: Sequence[tuple[Any, ...]] | None = None
    ) -> list[Task]:
        """Return a task for each partition, with unique keys so that a pass never reuses old results."""
        n_partitions, key = len(self._parts), f"gmmx-{name}-{uuid.uuid4().hex}"
        call = delayed(in_partition, pure=False)
        return [
            Task(call(function, Place(i, n_partitions), X, weights, *more, dask_key_name=(key, i)), i, i + 1)
            for i, ((X, weights), more) in enumerate(zip(self._parts, arguments or [()] * n_partitions, strict=True))
        ]
