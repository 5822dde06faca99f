"""Run gmmx.spark in a session of Spark Connect, whose server runs here, beside what a classic session has saved."""

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyspark.ml import Pipeline, PipelineModel
from pyspark.sql import SparkSession

from gmmx.spark import GaussianMixture, GaussianMixtureModel

folder = Path(sys.argv[1])
with np.load(folder / "rows.npz") as rows:
    X, parts = rows["X"], np.split(rows["X"], rows["cuts"])

builder = SparkSession.builder.remote("local[2]").config("spark.log.level", "OFF")
spark = builder.config("spark.sql.shuffle.partitions", "2").getOrCreate()
assert type(spark).__module__.startswith("pyspark.sql.connect"), type(spark)


def rows_of(batches):
    for batch in batches:
        for part in batch.column(0).to_pylist():
            yield pa.record_batch([pa.array(list(map(list, parts[part])), pa.list_(pa.float64()))], ["features"])


df = spark.range(0, len(parts), 1, len(parts)).mapInArrow(rows_of, "features array<double>")
classic = GaussianMixtureModel.load(str(folder / "classic"))
model = GaussianMixture(k=3, seed=5).fit(df)
for name in ("weights_", "means_", "covariances_", "lower_bounds_"):
    np.testing.assert_array_equal(getattr(model.to_local(), name), getattr(classic.to_local(), name))
labels = model.to_local().predict(X).tolist()
assert [row.prediction for row in model.transform(df).collect()] == labels
assert model.summary.clusterSizes == np.bincount(labels, minlength=3).tolist()
assert [row["mean"].toArray().tolist() for row in model.gaussiansDF.collect()] == model.to_local().means_.tolist()

pipeline = Pipeline(stages=[GaussianMixture(k=3, initialModel=model)])
pipeline.write().overwrite().save(str(folder / "pipeline"))
fitted = Pipeline.load(str(folder / "pipeline")).fit(df)
fitted.save(str(folder / "fitted"))
loaded = PipelineModel.load(str(folder / "fitted"))
assert [row.prediction for row in loaded.transform(df).collect()] == labels
print("as in a classic session")
spark.stop()
