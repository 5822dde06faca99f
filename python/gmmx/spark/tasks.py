"""Tasks of executors, each for one partition, which map Arrow batches or columns to the same.

A fit first packs its partitions into blocks, the bytes of a matrix for each Arrow batch. Spark persists the blocks, so
iterations need not convert single rows.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark import TaskContext

from gmmx import _core
from gmmx.distributed import merge_samples, pairwise_sum, sample_of, statistics_of, summarize
from gmmx.io._arrow_features import matrix_of
from gmmx.validation import F64, RowArray
from gmmx.validation._lost_rows import counting_rows

__all__ = ["BLOCKS", "RESULTS", "on_executors"]

Batches = Iterator[pa.RecordBatch]
Block = tuple[int, RowArray, F64 | None]  # the number of its first row, rows and weights

# `first_row` counts from the first of the partition.
BLOCKS = pa.schema(
    {
        "partition": pa.int32(),
        "first_row": pa.int64(),
        "X": pa.binary(),
        "sample_weight": pa.binary(),
        "summary": pa.binary(),
        "problem": pa.string(),
    }
)
# What a task returns of each partition, pickled or as bytes of its own.
RESULTS = pa.schema({"partition": pa.int32(), "result": pa.binary()})
_DENSE = 1  # the field `type` of Spark's vectors


def on_executors(task: str, **options: Any) -> Callable[[Iterator[Any]], Iterator[Any]]:
    """Return one of the functions below by name, wrapped to report executors without gmmx."""

    # By the annotations Spark knows that a function of columns takes batch by batch; of batches it ignores them.
    def run(data: Iterator[pa.Array]) -> Iterator[pa.Array]:
        # A function within another goes over by value: nothing of gmmx is imported before this line.
        try:
            from gmmx.spark import tasks
        except ImportError as error:
            raise ImportError(
                f"an executor of Spark cannot import gmmx ({error}). Install it with pyspark on all of them, "
                'pip install "gmmx-native[spark]", or ship an environment that holds it (spark.archives).'
            ) from error
        return getattr(tasks, task)(data, **options)

    return run


def pack(batches: Batches) -> Batches:
    """Turn columns of features and weights into blocks; a separate column reports problems."""
    partition = _partition()
    first_row, n_features = 0, None
    for batch in batches:
        block: dict[str, Any] = {"partition": partition, "first_row": first_row}
        try:
            X = matrix_of(batch.column(0), "features", first_row)
            weights = _weights_of(batch.column(1)) if batch.num_columns > 1 else None
            if n_features not in (None, X.shape[1]):
                raise ValueError(f"some rows have {n_features} features, others {X.shape[1]}")
            block["summary"] = pickle.dumps(summarize(X, weights, first_row=first_row))
        except ValueError as error:
            where = "" if " in row " in str(error) else f"of rows {first_row} to {first_row + len(batch) - 1}, "
            yield _batch(BLOCKS, **block, problem=f"{where}{error}")
            return
        n_features = X.shape[1]
        yield _batch(BLOCKS, **block, X=X.tobytes(), sample_weight=None if weights is None else weights.tobytes())
        first_row += len(batch)
    if first_row == 0:
        yield _batch(BLOCKS, partition=partition, first_row=0, X=b"", summary=pickle.dumps(summarize([])))


def draw(
    batches: Batches, *, first_rows: dict[int, int], sizes: dict[int, int], seed: int, n_features: int, dtype: str
) -> Batches:
    """Draw rows from the blocks of a partition."""
    for partition, blocks in _by_partition(batches, n_features, dtype):
        size, drawn = sizes[partition], merge_samples([], 0)
        for first_row, X, weights in blocks:
            some = sample_of(X, weights, first_rows[partition] + first_row, size, seed)
            drawn = merge_samples([drawn, some], size)
        yield _batch(RESULTS, partition=partition, result=pickle.dumps(drawn))


def sum_up(batches: Batches, *, mixture: bytes, dtype: str) -> Batches:
    """Add up the statistics of the blocks of a partition."""
    model: _core.Mixture = pickle.loads(mixture)
    for partition, blocks in _by_partition(batches, model.n_features, dtype):
        total = pairwise_sum(statistics_of(X, weights, model) for _, X, weights in blocks)
        yield _batch(RESULTS, partition=partition, result=total.to_bytes())


def add_neighbours(batches: Batches, *, n_together: int) -> Batches:
    """Add statistics of neighbouring partitions, which come in order, and renumber the sums."""
    rows = (row for batch in batches for row in zip(*batch.columns, strict=True))
    for group, members in groupby(rows, lambda row: row[0].as_py() // n_together):
        total = pairwise_sum(_core.SufficientStatistics.from_bytes(row[1].as_py()) for row in members)
        yield _batch(RESULTS, partition=group, result=total.to_bytes())


def posterior(columns: Iterator[pa.Array], *, mixture: bytes) -> Iterator[pa.Array]:
    """Find the most probable component of each row, and the probabilities of all."""
    model: _core.Mixture = pickle.loads(mixture)
    first_row = 0
    for column in columns:
        try:
            X = matrix_of(column, "features", first_row)
            summarize(X, first_row=first_row)
            if X.shape[1] != model.n_features:
                raise ValueError(f"rows have {X.shape[1]} features, but the model has {model.n_features}")
            with counting_rows(first_row):
                labels = pa.array(_core.predict(X, model, 1).astype(np.int32))
                probabilities = _vectors_of(_core.responsibilities(X, model, 1))
        except ValueError as error:
            raise ValueError(f"The features in partition {_partition()} are not accepted: {error}") from error
        first_row += len(X)
        yield pa.StructArray.from_arrays([labels, probabilities], ["prediction", "probability"])


def _partition() -> int:
    context = TaskContext.get()
    assert context is not None, "tasks run on executors"
    return context.partitionId()


def _batch(schema: pa.Schema, **columns: Any) -> pa.RecordBatch:
    """Return a batch of one row; columns that are not given are null."""
    return pa.RecordBatch.from_pylist([columns], schema=schema)


def _by_partition(batches: Batches, n_features: int, dtype: str) -> Iterator[tuple[int, Iterator[Block]]]:
    """Yield the blocks of each partition, in their order."""

    def unpacked(row: Any) -> Block:
        _, first_row, X, weights = row
        rows = np.frombuffer(X.as_buffer(), dtype=dtype).reshape(-1, n_features)
        return first_row.as_py(), rows, np.frombuffer(weights.as_buffer()) if weights.is_valid else None

    rows = (row for batch in batches for row in zip(*batch.columns, strict=True))
    for partition, members in groupby(rows, lambda row: row[0].as_py()):
        yield partition, map(unpacked, members)


def _vectors_of(X: npt.NDArray[Any]) -> pa.StructArray:
    """Return the rows of a matrix as Spark's dense vectors."""
    n_rows, n_features = X.shape
    offsets = pa.array(np.arange(n_rows + 1, dtype=np.int32) * n_features, pa.int32())
    values = pa.ListArray.from_arrays(offsets, pa.array(X.astype(np.float64).ravel()))
    kinds = pa.array(np.full(n_rows, _DENSE, dtype=np.int8))
    nothing = (pa.nulls(n_rows, pa.int32()), pa.nulls(n_rows, pa.list_(pa.int32())))
    return pa.StructArray.from_arrays([kinds, *nothing, values], ["type", "size", "indices", "values"])


def _weights_of(column: pa.Array) -> F64:
    if column.null_count:
        raise ValueError(f"the weights of {column.null_count} of {len(column)} rows are null")
    weights: F64 = column.to_numpy(zero_copy_only=False)
    return weights
