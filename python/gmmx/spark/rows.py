"""The rows of a Spark DataFrame for distributed EM: each call is a pass over all partitions."""

from __future__ import annotations

import math
import pickle
from contextlib import AbstractContextManager
from functools import cached_property
from itertools import accumulate, groupby
from typing import Any

import numpy as np
from pyspark import StorageLevel
from pyspark.ml.functions import vector_to_array
from pyspark.ml.linalg import VectorUDT
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema
from pyspark.sql.types import ArrayType, DataType, FloatType, NumericType

from gmmx import _core
from gmmx.distributed import DataSummary, Sample, merge_samples, merge_summaries, pairwise_sum
from gmmx.distributed.summary import join_summaries
from gmmx.spark.tasks import BLOCKS, RESULTS, on_executors

__all__ = ["SparkRows", "features_of"]

# The driver adds up to these bytes of statistics of all partitions; a further job would take longer.
_BYTES_OF_A_DRIVER = 64 << 20


def features_of(dataset: DataFrame, column: str) -> Any:
    """Return a column of vectors or arrays of numbers as one that Arrow transfers as lists of float32 or float64."""
    found = _type_of(dataset, "featuresCol", column)
    is_array = isinstance(found, ArrayType) and isinstance(found.elementType, NumericType)
    if not (is_array or isinstance(found, VectorUDT)):
        raise ValueError(
            f"featuresCol={column!r} holds {found.simpleString()}, but must hold vectors of pyspark.ml.linalg or "
            "arrays of numbers: pyspark.ml.feature.VectorAssembler makes vectors of columns."
        )
    expression = dataset[f"`{column}`"]
    if not is_array:
        # Spark makes arrays of vectors faster than it hands over their structs; it fails at a vector that is null.
        return F.when(expression.isNotNull(), vector_to_array(expression))
    return expression if isinstance(found.elementType, FloatType) else expression.cast("array<double>")


class SparkRows(AbstractContextManager["SparkRows"]):
    """The features and weights of a DataFrame, packed into blocks that Spark persists until the context ends.

    `features` and `sample_weight` are columns; without the latter every row has the weight 1. Large statistics are
    added in `aggregation_depth` levels, which does not change a bit of the sum.
    """

    def __init__(
        self, dataset: DataFrame, features: str, sample_weight: str | None = None, aggregation_depth: int = 2
    ) -> None:
        columns = [features_of(dataset, features)]
        if sample_weight is not None:
            columns.append(_weights_of(dataset, sample_weight))
        self._names = (features, sample_weight)
        self._aggregation_depth = aggregation_depth
        self._blocks = dataset.select(*columns).mapInArrow(on_executors("pack"), from_arrow_schema(BLOCKS))
        # One pass an iteration: without this, each would do again whatever the DataFrame is made by.
        self._blocks.persist(StorageLevel.MEMORY_AND_DISK)

    def __exit__(self, *error: object) -> None:
        """Let Spark forget the blocks."""
        self._blocks.unpersist()

    def summary(self) -> DataSummary:
        """Check all rows and summarize them."""
        return merge_summaries(self._parts)

    def sample(self, size: int, seed: int) -> Sample:
        """Draw rows, independently of the partitions."""
        weights = np.array([part.total_weight for part in self._parts])
        shares = size * weights / weights.sum()
        # Each partition returns little more than its share. If one might hold more rows of the sample, once again.
        sizes = [math.ceil(share + 6 * math.sqrt(share) + 10) for share in shares]
        sample, is_whole = self._drawn(sizes, size, seed)
        return sample if is_whole else self._drawn([size] * len(sizes), size, seed)[0]

    def statistics(self, mixture: _core.Mixture) -> _core.SufficientStatistics:
        """Add up the statistics of all partitions."""
        summary = self.summary()
        sums = self._run("sum_up", mixture=pickle.dumps(mixture), dtype=summary.dtype)
        rows = self._added(sums, mixture).collect()
        total = pairwise_sum([_core.SufficientStatistics.from_bytes(bytes(row.result)) for row in sorted(rows)])
        if total.n_samples != summary.n_present:
            raise RuntimeError(
                f"A pass saw {total.n_samples} rows of positive weight, the first one {summary.n_present}: the "
                "DataFrame does not hold the same rows each time that Spark computes it. Write it to a table, or take "
                "random numbers from a seed and order rows before limit()."
            )
        return total

    def _run(self, task: str, **options: Any) -> DataFrame:
        rows = self._blocks.select("partition", "first_row", "X", "sample_weight")
        return rows.mapInArrow(on_executors(task, **options), from_arrow_schema(RESULTS))

    @cached_property
    def _parts(self) -> list[DataSummary]:
        """Summaries of the partitions."""
        rows = self._blocks.select("partition", "first_row", "summary", "problem").collect()
        for row in rows:
            if row.problem is not None:
                features, weights = self._names
                columns = f"featuresCol={features!r}" + ("" if weights is None else f", weightCol={weights!r}")
                raise ValueError(
                    f"Partition {row.partition} of the DataFrame ({columns}) is not accepted: "
                    f"{row.problem.rstrip('.')}. All rows must hold the same number of finite numbers, and weights "
                    "must not be negative: filter the others out, or impute them."
                )
        blocks = sorted((row.partition, row.first_row, bytes(row.summary)) for row in rows)
        return [
            join_summaries([pickle.loads(summary) for _, _, summary in members])
            for _, members in groupby(blocks, lambda block: block[0])
        ]

    def _drawn(self, sizes: list[int], size: int, seed: int) -> tuple[Sample, bool]:
        """Return rows, at most this many of each partition, and whether they are the final sample."""
        first_rows = accumulate((part.n_rows for part in self._parts), initial=0)
        options = {"first_rows": dict(enumerate(first_rows)), "sizes": dict(enumerate(sizes)), "seed": seed}
        summary = self.summary()
        rows = self._run("draw", **options, n_features=summary.n_features, dtype=summary.dtype).collect()
        samples: list[Sample] = [pickle.loads(bytes(row.result)) for row in sorted(rows)]
        merged = merge_samples(samples, size)
        last = merged.keys.max() if len(merged.keys) == size else np.inf
        is_whole = all(
            # Nothing was held back, or all of that comes after the last row of the sample.
            len(sample.keys) in (size, part.n_present) or sample.keys.max() > last
            for sample, part in zip(samples, self._parts, strict=True)
        )
        return merged, is_whole

    def _added(self, sums: DataFrame, mixture: _core.Mixture) -> DataFrame:
        """Add statistics of neighbouring partitions on executors if they are too many for the driver."""
        n_partitions = len(self._parts)
        n_numbers = mixture.covariances.size + mixture.means.size
        if self._aggregation_depth == 1 or 8 * n_numbers * n_partitions <= _BYTES_OF_A_DRIVER:
            return sums
        # A power of two, so that the sums are those of a tree over all.
        n_together = 2 ** math.ceil(math.log2(n_partitions) / self._aggregation_depth)
        for _ in range(self._aggregation_depth - 1):
            n_partitions = math.ceil(n_partitions / n_together)
            grouped = sums.repartition(n_partitions, F.floor(F.col("partition") / n_together))
            ordered = grouped.sortWithinPartitions("partition")
            sums = ordered.mapInArrow(on_executors("add_neighbours", n_together=n_together), sums.schema)
        return sums


def _weights_of(dataset: DataFrame, column: str) -> Any:
    found = _type_of(dataset, "weightCol", column)
    if not isinstance(found, NumericType):
        raise ValueError(f"weightCol={column!r} holds {found.simpleString()}, but must hold numbers.")
    return dataset[f"`{column}`"].cast("double")


def _type_of(dataset: DataFrame, param: str, column: str) -> DataType:
    if column not in dataset.columns:
        raise ValueError(f"{param}={column!r} is not a column of the DataFrame, which has {dataset.columns}.")
    return dataset.schema[column].dataType
