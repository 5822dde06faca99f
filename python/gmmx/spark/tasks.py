"""Tasks of executors, each for one partition, which map Arrow batches or columns to the same.

A fit first packs its partitions into blocks, the bytes of a matrix for each Arrow batch. Spark persists the blocks, so
iterations need not convert single rows.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark import TaskContext

from gmmx import _core
from gmmx.distributed import PairwiseSum, Sample, merge_samples, sample_of, statistics_of, summarize
from gmmx.io._arrow_features import matrix_of
from gmmx.validation import F64, RowArray
from gmmx.validation._lost_rows import counting_rows

__all__ = ["BLOCKS", "SAMPLES", "STATISTICS", "on_executors"]

Batches = Iterator[pa.RecordBatch]

# `first_row` counts from the first of the partition.
BLOCKS = "partition int, first_row long, X binary, sample_weight binary, summary binary, problem string"
SAMPLES = "partition int, sample binary"
STATISTICS = "partition int, statistics binary"
_ARROW_TYPES = {"int": pa.int32(), "long": pa.int64(), "binary": pa.binary(), "string": pa.string()}
_BLOCKS, _SAMPLES, _STATISTICS = (
    pa.schema([(name, _ARROW_TYPES[kind]) for name, kind in map(str.split, fields.split(", "))])
    for fields in (BLOCKS, SAMPLES, STATISTICS)
)
_DENSE = 1  # the field `type` of Spark's vectors


def on_executors(task: str, **options: Any) -> Callable[[Iterator[Any]], Iterator[Any]]:
    """Return one of the functions below by name, wrapped to report executors without gmmx."""

    def run(data: Iterator[Any]) -> Iterator[Any]:
        # A function within another goes over by value: nothing of gmmx is imported before this line.
        try:
            from gmmx.spark import tasks
        except ImportError as error:
            raise ImportError(
                f"an executor of Spark cannot import gmmx ({error}). Install it with pyspark on all of them, "
                'pip install "gmmx-native[spark]", or ship an environment that holds it (spark.archives).'
            ) from error
        run_task = getattr(tasks, task)
        return run_task(data, **options)

    return run


def pack(batches: Batches) -> Batches:
    """Turn columns of features and weights into blocks; a separate column reports problems."""
    partition = _partition()
    first_row, n_features = 0, None
    for batch in batches:
        try:
            X = matrix_of(batch.column(0), "features", first_row)
            weights = _weights_of(batch.column(1)) if batch.num_columns > 1 else None
            if n_features not in (None, X.shape[1]):
                raise ValueError(f"some rows have {n_features} features, others {X.shape[1]}")
            summary = summarize(X, weights, first_row=first_row)
        except ValueError as error:
            where = "" if " in row " in str(error) else f"of rows {first_row} to {first_row + len(batch) - 1}, "
            yield _block(partition, first_row, problem=f"{where}{error}")
            return
        n_features = X.shape[1]
        yield _block(
            partition,
            first_row,
            X=X.tobytes(),
            sample_weight=None if weights is None else weights.tobytes(),
            summary=pickle.dumps(summary),
        )
        first_row += len(batch)
    if first_row == 0:
        yield _block(partition, 0, X=b"", summary=pickle.dumps(summarize([])))


def draw(
    batches: Batches, *, first_rows: dict[int, int], sizes: dict[int, int], seed: int, n_features: int, dtype: str
) -> Batches:
    """Draw rows from the blocks of a partition."""
    for partition, blocks in _by_partition(batches, n_features, dtype):
        size, drawn = sizes[partition], None
        for block in blocks:
            some = sample_of(block.X, block.sample_weight, first_rows[partition] + block.first_row, size, seed)
            drawn = _merged(drawn, some, size)
        yield pa.record_batch([[partition], [pickle.dumps(drawn)]], schema=_SAMPLES)


def sum_up(batches: Batches, *, mixture: bytes, dtype: str) -> Batches:
    """Add up the statistics of the blocks of a partition."""
    model: _core.Mixture = pickle.loads(mixture)
    for partition, blocks in _by_partition(batches, model.n_features, dtype):
        total = PairwiseSum()
        for block in blocks:
            total.add(statistics_of(block.X, block.sample_weight, model))
        yield pa.record_batch([[partition], [total.total().to_bytes()]], schema=_STATISTICS)


def add_neighbours(batches: Batches, *, n_together: int) -> Batches:
    """Add statistics of neighbouring partitions, which come in order, and renumber the sums."""
    rows = (row for batch in batches for row in zip(*batch.columns, strict=True))
    for group, members in groupby(rows, lambda row: row[0].as_py() // n_together):
        total = PairwiseSum()
        for _, statistics in members:
            total.add(_core.SufficientStatistics.from_bytes(statistics.as_py()))
        yield pa.record_batch([[group], [total.total().to_bytes()]], schema=_STATISTICS)


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


@dataclass(frozen=True)
class _Block:
    first_row: int
    X: RowArray
    sample_weight: F64 | None


def _partition() -> int:
    context = TaskContext.get()
    assert context is not None, "tasks run on executors"
    return context.partitionId()


def _block(partition: int, first_row: int, **columns: Any) -> pa.RecordBatch:
    values = {"partition": partition, "first_row": first_row, **columns}
    return pa.record_batch([[values.get(name)] for name in _BLOCKS.names], schema=_BLOCKS)


def _by_partition(batches: Batches, n_features: int, dtype: str) -> Iterator[tuple[int, Iterator[_Block]]]:
    """Yield the blocks of each partition, in their order."""
    rows = (row for batch in batches for row in zip(*batch.columns, strict=True))
    for partition, members in groupby(rows, lambda row: row[0].as_py()):
        yield partition, (_unpacked(row, n_features, dtype) for row in members)


def _unpacked(row: Any, n_features: int, dtype: str) -> _Block:
    _, first_row, X, weights = row
    rows = np.frombuffer(X.as_buffer(), dtype=dtype).reshape(-1, n_features)
    return _Block(first_row.as_py(), rows, np.frombuffer(weights.as_buffer()) if weights.is_valid else None)


def _merged(drawn: Sample | None, some: Sample | None, size: int) -> Sample | None:
    present = [sample for sample in (drawn, some) if sample is not None]
    return merge_samples(present, size) if present else None


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
