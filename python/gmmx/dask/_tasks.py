"""Tasks of workers for one partition: functions of array blocks or pandas data frames, which pickle by name."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy.typing as npt

from gmmx import _core, fast
from gmmx.distributed import pairwise_sum, part_of, statistics_of
from gmmx.validation import RowArray, Rows, thread_count

# A term is a sum over rows, such as the log-likelihood.
RowTerm = Callable[[Rows, _core.Mixture], float]


class Place(NamedTuple):
    """Some of the partitions, from the first to the last, of how many; errors name them by it."""

    first: int
    last: int
    n_partitions: int

    def __str__(self) -> str:
        one = f"partition {self.first}"
        several = f"one of the partitions {self.first} to {self.last}"
        return f"{one if self.first == self.last else several} of {self.n_partitions} (counted from 0)"


@contextlib.contextmanager
def naming(place: Place) -> Iterator[None]:
    """Let complaints about rows name their partition; the attribute `partition` tells that they do."""
    try:
        yield
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        named: Any = kind(f"In {place}: {error}")
        named.partition = place.first
        raise named from error


def in_partition(task: Callable[..., Any], place: Place, X: Any, sample_weight: Any, *arguments: Any) -> Any:
    """Call a function of rows, weights and more on a partition.

    X may be what `pair` made, and the weights the name of a column.
    """
    if isinstance(X, tuple):
        X, sample_weight = X
    elif isinstance(sample_weight, str):
        X, sample_weight = X.drop(columns=sample_weight), X[sample_weight]
    with naming(place):
        return task(X, sample_weight, *arguments)


def pair(X: Any, sample_weight: Any) -> tuple[Any, Any]:
    """Keep rows and their weights together."""
    return X, sample_weight


def statistics_in(
    X: Any, sample_weight: Any, mixture: _core.Mixture, dtype: str, n_jobs: int | None
) -> _core.SufficientStatistics:
    """Run the E-step of a partition."""
    return statistics_of(X, sample_weight, mixture, dtype=dtype, n_threads=_threads(n_jobs))


def statistics_in_group(
    place: Place, arguments: tuple[Any, ...], X: Sequence[Any], sample_weight: Sequence[Any]
) -> _core.SufficientStatistics:
    """Run the E-step of neighbouring partitions and add their statistics."""
    return pairwise_sum(
        in_partition(statistics_in, place._replace(first=i, last=i), rows, weights, *arguments)
        for i, (rows, weights) in enumerate(zip(X, sample_weight, strict=True), place.first)
    )


def sums_in(
    X: Any, sample_weight: Any, mixture: _core.Mixture, terms: Sequence[RowTerm], n_jobs: int | None
) -> list[float]:
    """Return the total weight of a partition, and the sums over its rows that some functions return."""
    rows, weights = _rows_for(mixture, X, sample_weight)
    if len(rows) == 0:
        return [0.0] * (1 + len(terms))
    weighted = Rows(rows, weights, _threads(n_jobs))
    return [weighted.total_weight, *(term(weighted, mixture) for term in terms)]


def array_block(X: Any, n_blocks: int, block_id: tuple[int, ...], **arguments: Any) -> npt.NDArray[Any]:
    """Apply a function of rows to a block of an array."""
    return _values(X, Place(block_id[0], block_id[0], n_blocks), **arguments)


def frame_block(X: Any, n_blocks: int, like: Any, partition_info: Any = None, **arguments: Any) -> Any:
    """Apply a function of rows to a part of a data frame; the result is `like` another, with the index of the rows."""
    number = partition_info["number"] if partition_info else 0
    values = _values(X, Place(number, number, n_blocks), **arguments)
    return type(like)(values, index=X.index)


def _values(
    X: Any, place: Place, function: Callable[..., Any], mixture: _core.Mixture, n_jobs: int | None, of_type: Any
) -> npt.NDArray[Any]:
    with naming(place):
        rows, _ = _rows_for(mixture, X, None)
        values: npt.NDArray[Any] = function(rows, mixture, _threads(n_jobs)).astype(of_type, copy=False)
    return values


def uncertainty(X: RowArray, mixture: _core.Mixture, n_threads: int) -> RowArray:
    """Compute 1 - max_k r_nk of each row."""
    values: RowArray = 1 - fast.responsibilities(X, mixture, n_threads).max(axis=1)
    return values


def _threads(n_jobs: int | None) -> int:
    """Return the threads of one task: one, because Dask runs a task on each of its own, or what is asked for."""
    return 1 if n_jobs is None else thread_count(n_jobs)


def _rows_for(mixture: _core.Mixture, X: Any, sample_weight: Any) -> tuple[RowArray, Any]:
    """Return checked rows that a mixture can be applied to."""
    rows, weights, _ = part_of(X, sample_weight)
    if rows.shape[1] != mixture.n_features:
        raise ValueError(
            f"X has {rows.shape[1]} features, but the mixture was fitted to {mixture.n_features}: give the same "
            "columns in the same order."
        )
    return rows, weights
