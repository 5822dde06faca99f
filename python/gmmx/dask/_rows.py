"""Dask collections as rows in partitions: which are accepted, and passes over their parts."""

from __future__ import annotations

import contextlib
import math
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import accumulate
from typing import Any

import dask.array as da
import numpy as np
from dask import task_spec
from dask.delayed import Delayed, delayed
from dask.highlevelgraph import HighLevelGraph

from gmmx import _core
from gmmx.dask._running import FAN_IN, Task, client_for, combined, results
from gmmx.dask._tasks import Place, RowTerm, in_partition, pair, statistics_in, statistics_in_group, sums_in
from gmmx.distributed import DataSummary, Sample, merge_samples, merge_summaries, pairwise_sum, sample_of, summarize
from gmmx.em.progress import Progress

# A task costs the scheduler of a cluster 1 to 2 ms. Neighbours that take little longer together share one.
_MOST_BYTES_OF_A_GROUP = 4 << 20
_MOST_PRODUCTS_OF_A_GROUP = 1 << 26

# A part holds delayed rows with delayed weights, the name of their column, or None.
Part = tuple[Any, Any]


class DaskRows:
    """Rows and weights in partitions, given as to the estimator; each method is one pass over them."""

    def __init__(
        self, X: Any, sample_weight: Any, client: Any, n_jobs: int | None, progress: Progress | None = None
    ) -> None:
        self._client = client_for(client)
        self._parts = delayed_parts(X, sample_weight)
        self._n_jobs, self._progress = n_jobs, progress or Progress(False)
        self._summaries: list[DataSummary] = []
        self._n_rows: int | None = None
        self._n_sums = 0
        self.dtype = "float64"

    def summary(self) -> DataSummary:
        """Check all rows and summarize them."""
        with self._pass("checking rows"):
            self._summaries = results(self._tasks("summary", summarize), self._client)
            all_rows = merge_summaries(self._summaries)
            self.dtype, self._n_rows = all_rows.dtype, all_rows.n_rows
        return all_rows

    def sample(self, size: int, seed: int) -> Sample:
        """Draw rows; each partition draws up to `size`, which workers merge."""
        first_rows = accumulate((summary.n_rows for summary in self._summaries), initial=0)
        arguments = [(first, size, seed) for first, _ in zip(first_rows, self._parts, strict=False)]
        with self._pass("drawing rows to start from"):
            tasks = self._tasks("sample", partial(sample_of, dtype=self.dtype), arguments)
            return merge_samples(results(combined(tasks, merge_samples, size, until=1), self._client), size)

    def statistics(self, mixture: _core.Mixture) -> _core.SufficientStatistics:
        """Add the statistics of all partitions; workers add neighbours if there are many.

        Many small partitions share tasks. The sum is that of one task each: groups are branches of its tree.
        """
        self._n_sums += 1
        with self._pass(f"pass {self._n_sums} of EM"):
            arguments = (mixture, self.dtype, self._n_jobs)
            group_size = self._group_size(mixture)
            if group_size > 1:
                tasks = self._group_tasks("statistics", statistics_in_group, arguments, group_size)
            else:
                tasks = self._tasks("statistics", statistics_in, [arguments] * len(self._parts))
            statistics = pairwise_sum(results(combined(tasks, pairwise_sum, until=FAN_IN), self._client))
            n_rows = sum(summary.n_present for summary in self._summaries)
            if statistics.n_samples != n_rows:
                raise ValueError(
                    f"X must have the same rows in each pass, but it had {n_rows} (of positive weight) and now has "
                    f"{statistics.n_samples}. Draw random numbers from a fixed seed, or keep the rows by X.persist()."
                )
            self._progress.tell(statistics.log_likelihood / statistics.total_weight)
        return statistics

    def sums(self, mixture: _core.Mixture, terms: Sequence[RowTerm]) -> list[float]:
        """Return the total weight of all rows and the sums of functions over them."""
        tasks = self._tasks("sums", sums_in, [(mixture, terms, self._n_jobs)] * len(self._parts))
        return [math.fsum(column) for column in zip(*results(tasks, self._client), strict=True)]

    @contextlib.contextmanager
    def _pass(self, name: str) -> Iterator[None]:
        """Show a pass when it is completed; single partitions do not report."""
        self._progress.begin_pass(name, self._n_rows)
        yield
        self._progress.advance(self._n_rows or 0)

    def _tasks(
        self, name: str, function: Callable[..., Any], arguments: Sequence[tuple[Any, ...]] | None = None
    ) -> list[Task]:
        """Return a task for each partition, with unique keys so that a pass never reuses old results."""
        key = f"gmmx-{name}-{uuid.uuid4().hex}"
        places = [Place(i, i, len(self._parts)) for i in range(len(self._parts))]
        call = delayed(in_partition, pure=False)
        return [
            Task(call(function, place, X, weights, *more, dask_key_name=(key, place.first)), place)
            for place, (X, weights), more in zip(places, self._parts, arguments or [()] * len(places), strict=True)
        ]

    def _group_tasks(
        self, name: str, function: Callable[..., Any], arguments: tuple[Any, ...], size: int
    ) -> list[Task]:
        """Return a task for each `size` neighbouring partitions, with unique keys.

        Calls of delayed functions would take ten times longer to build: they look into each argument.
        """
        key, n_parts = f"gmmx-{name}-{uuid.uuid4().hex}", len(self._parts)
        delayed_values = [value for part in self._parts for value in part if isinstance(value, Delayed)]
        places = [Place(first, min(first + size, n_parts) - 1, n_parts) for first in range(0, n_parts, size)]
        layer = {}
        for place in places:
            X, weights = zip(*self._parts[place.first : place.last + 1], strict=True)
            call = partial(function, place, arguments)
            layer[key, place.first] = task_spec.Task((key, place.first), call, _values_of(X), _values_of(weights))
        graph = HighLevelGraph.from_collections(key, layer, dependencies=delayed_values)
        return [Task(Delayed((key, place.first), graph, layer=key), place) for place in places]

    def _group_size(self, mixture: _core.Mixture) -> int:
        """Return how many neighbouring partitions share a task, 1 or a power of two of at least `FAN_IN`."""
        n_rows, size = [summary.n_rows for summary in self._summaries], 1
        row_bytes = mixture.n_features * np.dtype(self.dtype).itemsize
        row_products = mixture.n_components * mixture.n_features**2
        most_rows = min(_MOST_BYTES_OF_A_GROUP // row_bytes, _MOST_PRODUCTS_OF_A_GROUP // row_products)
        next_size = FAN_IN
        while self._client is not None and len(n_rows) > size:
            if max(sum(n_rows[first : first + next_size]) for first in range(0, len(n_rows), next_size)) > most_rows:
                break
            size, next_size = next_size, 2 * next_size
        return size


def _values_of(parts: Sequence[Any]) -> task_spec.List:
    """Return what stands in a graph for the values of delayed objects; other objects stand for themselves."""
    return task_spec.List(*(task_spec.TaskRef(part.key) if isinstance(part, Delayed) else part for part in parts))


def is_array(X: Any) -> bool:
    """Return whether X is a Dask array."""
    return isinstance(X, da.Array)


def is_frame(X: Any) -> bool:
    """Return whether X is a Dask data frame."""
    return _is_of(X, "DataFrame")


def _is_of(X: Any, name: str) -> bool:
    # A caller with a data frame has imported the module.
    return isinstance(X, getattr(sys.modules.get("dask.dataframe"), name, ()))


def check_kind(X: Any) -> None:
    """Refuse Dask collections that are not tables."""
    if is_frame(X):
        return
    if not is_array(X):
        raise TypeError(
            f"X is of type {type(X).__module__.split('.')[0]}.{type(X).__name__}, but must be a Dask array or data "
            "frame: dask.array.from_array makes one of rows in memory, a series becomes one by X.to_frame(), a bag by "
            "X.to_dataframe()."
        )
    if X.ndim != 2:
        raise ValueError(
            f"X is a Dask array of {X.ndim} dimensions, but must be two-dimensional, one row a sample: reshape it, "
            "for instance a single feature by X[:, None]."
        )


def whole_rows(X: Any) -> Any:
    """Return a collection whose parts contain whole rows; the chunks of rows do not change."""
    return X.rechunk({1: -1}) if is_array(X) and X.numblocks[1] > 1 else X


def without_column(X: Any, sample_weight: Any) -> Any:
    """Return X without the column of weights, if there is one."""
    return X.drop(columns=sample_weight) if isinstance(sample_weight, str) else X


def delayed_parts(X: Any, sample_weight: Any) -> list[Part]:
    """Return delayed parts of rows and weights that compute their common source once per pass.

    Weights that do not have the partitions of the rows are refused, as far as is known before computation.
    """
    X = whole_rows(X)
    if sample_weight is None or isinstance(sample_weight, str):
        if sample_weight is not None:
            _check_column(X, sample_weight)
        return [(part, sample_weight) for part in _delayed(X)]
    _check_weights(X, sample_weight)
    if set(X.__dask_graph__()).isdisjoint(sample_weight.__dask_graph__()):
        return list(zip(_delayed(X), _delayed(sample_weight), strict=True))
    # Optimised apart, each of the two would repeat what they have in common, such as reading a file.
    return [(both, None) for both in _delayed(_paired(X, sample_weight))]


def _delayed(collection: Any) -> list[Any]:
    return list(np.ravel(collection.to_delayed()))


def _paired(X: Any, sample_weight: Any) -> Any:
    """Return one collection whose parts are pairs of rows and weights."""
    if is_frame(X):
        module: Any = sys.modules["dask.dataframe"]
        if is_array(sample_weight):
            sample_weight = module.from_dask_array(sample_weight, index=X.index)
        return module.map_partitions(
            pair, X, sample_weight, align_dataframes=False, enforce_metadata=False, meta=(None, object)
        )
    if not is_array(sample_weight):
        sample_weight = sample_weight.to_dask_array()
    as_they_are: dict[str, Any] = {"align_arrays": False, "dtype": object, "meta": np.empty(0, dtype=object)}
    return da.blockwise(pair, "i", X, "ij", sample_weight, "i", concatenate=True, **as_they_are)


def _check_column(X: Any, sample_weight: str) -> None:
    if not is_frame(X):
        raise ValueError(
            f"sample_weight is {sample_weight!r}, but X is an array, whose columns have no names: give the weights as "
            "a Dask array, such as one column of it."
        )
    if sample_weight not in X.columns:
        raise ValueError(f"sample_weight is {sample_weight!r}, but X has the columns {list(X.columns)}: name one.")


def _check_weights(X: Any, sample_weight: Any) -> None:
    if not is_array(sample_weight) and not _is_of(sample_weight, "Series"):
        remedy = (
            "Make them a column of the data frame and name that."
            if is_frame(X)
            else "dask.array.from_array(sample_weight, chunks=(X.chunks[0],)) makes an array in memory one."
        )
        raise TypeError(
            f"sample_weight is of type {type(sample_weight).__name__}, but with Dask's rows it must be a Dask array or "
            f"series in the same partitions, or the name of a column of the data frame. {remedy}"
        )
    if sample_weight.ndim != 1:
        raise ValueError(
            f"sample_weight is a Dask array of {sample_weight.ndim} dimensions, but must be of shape (n_samples,): "
            "take its column by sample_weight[:, 0]."
        )
    if sample_weight.npartitions != X.npartitions:
        raise ValueError(
            f"sample_weight has {sample_weight.npartitions} partitions, but X has {X.npartitions}. {_SAME_CUTS}"
        )
    if is_frame(X) and not is_array(sample_weight):
        known = X.known_divisions and sample_weight.known_divisions
        if known and X.divisions != sample_weight.divisions:
            raise ValueError(f"sample_weight and X have different divisions. {_SAME_CUTS}")
    if is_array(X) and is_array(sample_weight):
        for i, (given, needed) in enumerate(zip(sample_weight.chunks[0], X.chunks[0], strict=True)):
            if given != needed and not math.isnan(given) and not math.isnan(needed):
                place = Place(i, i, X.npartitions)
                raise ValueError(f"sample_weight has {given} numbers in {place}, but X has {needed} rows. {_SAME_CUTS}")


_SAME_CUTS = (
    "Weights go with rows by their place in the partition, so cut both at the same rows: arrays by "
    "sample_weight.rechunk((X.chunks[0],)), data frames by naming a column of X."
)
