"""gmmx.spark: the fit of one machine, by MLlib's names, whatever happens to the executors.

That it takes the path of the other engines stands in test_adapters.py.
"""

from __future__ import annotations

import math
import os
import pickle
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from sklearn.exceptions import ConvergenceWarning, NotFittedError

import gmmx
from gmmx.distributed import merge_samples, pairwise_sum, sample_of, statistics_of

PROGRAMS = Path(__file__).parents[1] / "spark_programs"
RNG = np.random.default_rng(11)
CENTRES = np.array([[0.0, 0, 0], [6, 0, 1], [0, 5, -2]])
X = np.concatenate([RNG.normal(centre, [1, 2, 0.5], (200, 3)) for centre in CENTRES])[RNG.permutation(600)]
WEIGHTS = RNG.integers(0, 4, size=600).astype(np.float64)
CUTS = [150, 150, 151, 400]  # the second partition is empty, the third is one row
PARTS = list(zip(np.split(X, CUTS), np.split(WEIGHTS, CUTS), strict=True))
COVARIANCES = np.stack([np.eye(3)] * 3)
START = gmmx.GaussianMixture.from_parameters([0.5, 0.3, 0.2], CENTRES + 0.7, COVARIANCES)


def frame(spark, parts, kind="array<double>"):
    """Return a DataFrame of just these partitions, of pairs (X, sample_weight); rows are numbered through."""
    first_rows = np.cumsum([0, *(len(rows) for rows, _ in parts)]).tolist()

    def rows_of(batches):
        for batch in batches:
            for part in batch.column(0).to_pylist():
                rows, weights = parts[part]
                numbers = np.arange(len(rows)) + first_rows[part]
                columns = [list(map(list, rows)), weights, numbers]
                types = [pa.list_(pa.float64()), pa.float64(), pa.int64()]
                arrays = [pa.array(column, kind) for column, kind in zip(columns, types, strict=True)]
                yield pa.record_batch(arrays, ["features", "weight", "number"])

    made = spark.range(0, len(parts), 1, len(parts)).mapInArrow(
        rows_of, "features array<double>, weight double, number long"
    )
    if kind == "vector":
        from pyspark.ml.functions import array_to_vector

        return made.withColumn("features", array_to_vector("features"))
    return made.withColumn("features", made.features.cast(kind))


@pytest.fixture(scope="module")
def df(spark):
    """The rows of this file, in five partitions."""
    made = frame(spark, PARTS).cache()
    yield made
    made.unpersist()


@pytest.fixture(scope="module")
def model(df):
    """A model fitted to them."""
    from gmmx.spark import GaussianMixture

    return GaussianMixture(k=3, seed=5).fit(df)


def started_from(start, **options):
    """Return an estimator that goes on from a fitted one, as if that had not seen the rows."""
    local = pickle.loads(pickle.dumps(start)).set_params(warm_start=True, **options)
    local.lower_bound_ = -np.inf
    return local


def assert_same_model(got, wanted):
    assert got.n_iter_ == wanted.n_iter_
    np.testing.assert_allclose(got.lower_bounds_, wanted.lower_bounds_, rtol=1e-10)
    np.testing.assert_allclose(got.log_likelihood_, wanted.log_likelihood_, rtol=1e-10)
    for name in ("weights_", "means_", "covariances_"):
        np.testing.assert_allclose(getattr(got, name), getattr(wanted, name), rtol=1e-10, atol=1e-10)


# ----------------------------------------------------------------------------------------------- the fit of one machine


@pytest.mark.spark
def test_without_a_start_it_is_the_fit_of_one_machine_with_the_same_seed(model):
    wanted = gmmx.GaussianMixture(3, tol=0.01 / len(X), random_state=5).fit(X)
    assert model.summary.converged
    assert_same_model(model.to_local(), wanted)


@pytest.mark.spark
def test_tol_is_about_the_total_log_likelihood_as_in_mllib(df):
    from gmmx.spark import GaussianMixture

    history = GaussianMixture(k=3, initialModel=START, tol=2.0).fit(df).summary.logLikelihoodHistory
    steps = np.diff(history)
    assert steps[-1] < 2.0 <= steps[:-1].min()


@pytest.mark.spark
def test_the_same_seed_gives_the_same_model_and_another_seed_another_start(spark):
    from gmmx.spark.rows import SparkRows

    with SparkRows(frame(spark, PARTS), "features") as rows:
        first, again, other = (rows.sample(100, seed) for seed in (7, 7, 8))
    np.testing.assert_array_equal(first.numbers, again.numbers)
    assert set(first.numbers) != set(other.numbers)


@pytest.mark.spark
@pytest.mark.parametrize("kind", ["vector", "array<float>"])
def test_columns_of_vectors_and_of_float32_are_taken(spark, kind):
    from gmmx.spark import GaussianMixture

    dtype = np.float32 if kind == "array<float>" else np.float64
    wanted = started_from(START, tol=0.0, max_iter=2)
    estimator = GaussianMixture(k=3, initialModel=START, tol=0.0, maxIter=2)
    with pytest.warns(ConvergenceWarning):
        wanted.fit(X.astype(dtype))
    with pytest.warns(ConvergenceWarning):
        got = estimator.fit(frame(spark, PARTS, kind)).to_local()
    assert got.means_.dtype == dtype
    np.testing.assert_allclose(got.means_, wanted.means_, rtol=1e-10 if dtype == np.float64 else 1e-5, atol=1e-6)


# --------------------------------------------------------------------------------------------------- rows in partitions


@pytest.mark.spark
def test_partitions_of_several_arrow_batches_are_fitted_as_those_of_one(spark, df):
    from gmmx.spark import GaussianMixture

    estimator = GaussianMixture(k=3, initialModel=START, weightCol="weight", maxIter=3, tol=0.0)
    setting = "spark.sql.execution.arrow.maxRecordsPerBatch"
    with pytest.warns(ConvergenceWarning):
        wanted = estimator.fit(df).to_local()
    before = spark.conf.get(setting)
    spark.conf.set(setting, "64")
    try:
        with pytest.warns(ConvergenceWarning):
            got = estimator.fit(frame(spark, PARTS)).to_local()
    finally:
        spark.conf.set(setting, before)
    assert_same_model(got, wanted)


@pytest.mark.spark
def test_summaries_samples_and_statistics_are_those_of_the_whole(df):
    from gmmx.spark.rows import SparkRows

    with SparkRows(df, "features", "weight") as rows:
        summary, sample, statistics = rows.summary(), rows.sample(50, 3), rows.statistics(START.mixture_)
    assert (summary.n_rows, summary.n_present) == (600, np.count_nonzero(WEIGHTS))
    assert summary.total_weight == WEIGHTS.sum()
    for got, wanted in zip(sample, sample_of(X, WEIGHTS, 0, 50, 3), strict=True):
        np.testing.assert_array_equal(got, wanted)
    wanted = pairwise_sum([statistics_of(x, w, START.mixture_) for x, w in PARTS])
    assert statistics.to_bytes() == wanted.to_bytes()


@pytest.mark.spark
def test_a_sample_is_whole_when_one_partition_holds_far_more_of_it_than_its_share(spark):
    from gmmx.spark.rows import SparkRows

    # All rows weigh the same but for those of a partition that has half of the weight in three rows of a thousand.
    parts = [(X, np.ones(600)), (X[:400], np.r_[np.full(3, 200.0), np.full(397, 1e-3)]), (X, np.full(600, 1e-9))]
    with SparkRows(frame(spark, parts), "features", "weight") as rows:
        sample = rows.sample(590, 4)
        capped, is_whole = rows._drawn([10, 1, 1], 590, 4)
    first_rows = np.cumsum([0, *(len(x) for x, _ in parts)])
    wanted = merge_samples([sample_of(x, w, i, 590, 4) for (x, w), i in zip(parts, first_rows[:-1], strict=True)], 590)
    np.testing.assert_array_equal(sample.numbers, wanted.numbers)
    assert not is_whole and len(capped.keys) < 590


@pytest.mark.spark
@pytest.mark.parametrize(("n_partitions", "depth"), [(5, 2), (11, 3)])
def test_sums_do_not_depend_on_the_depth_of_their_aggregation(spark, monkeypatch, n_partitions, depth):
    from gmmx.spark import rows as module

    parts = [(part, np.ones(len(part))) for part in np.array_split(X, n_partitions)]
    with module.SparkRows(frame(spark, parts), "features", None, depth) as rows:
        at_the_driver = rows.statistics(START.mixture_)
        monkeypatch.setattr(module, "_BYTES_OF_A_DRIVER", 0)
        on_executors = rows.statistics(START.mixture_)
    assert on_executors.to_bytes() == at_the_driver.to_bytes()
    assert at_the_driver.n_samples == len(X)


@pytest.mark.spark
def test_a_data_frame_with_other_rows_at_each_look_is_refused(spark):
    from gmmx.spark.rows import SparkRows

    def of_a_random_number(batches):
        for _ in batches:
            n_rows = int.from_bytes(os.urandom(3), "big") % 5000 + 1
            yield pa.record_batch([pa.array([[1.0, 2.0]] * n_rows)], ["features"])

    rows = SparkRows(spark.range(0, 2, 1, 1).mapInArrow(of_a_random_number, "features array<double>"), "features")
    n_rows = rows.summary().n_rows
    rows._blocks.unpersist(True)  # as if the executor that had them were gone
    start = gmmx.Mixture(np.ones(1), np.zeros((1, 2)), "full", covariances=np.eye(2)[np.newaxis])
    with pytest.raises(RuntimeError, match=f"the first one {n_rows}: the DataFrame does not hold the same rows"):
        rows.statistics(start)


# ------------------------------------------------------------------------------------------------------ what is refused


BAD_ROWS = [
    ([1.0, math.nan, 0.0], 1.0, r"X contains NaN in row 6 \(the first is 0\)"),
    ([1.0, math.inf, 0.0], 1.0, "X contains infinity in row 6"),
    ([1.0, None, 0.0], 1.0, r"X has no value in row 6 \(the first is 0\) of the column 'features\[1\]'"),
    (None, 1.0, r"X has no value in row 6 \(the first is 0\) of the column 'features'"),
    ([1.0, 2.0], 1.0, r"X has a list of length 2 in row 6 .* and lists of length 3 elsewhere"),
    ([1.0, 2.0, 3.0], -1.0, "Negative values in data passed to `sample_weight`: -1 in row 6"),
    ([1.0, 2.0, 3.0], None, "of rows 5 to 7, the weights of 1 of 3 rows are null"),
]


@pytest.mark.parametrize(("row", "weight", "problem"), BAD_ROWS)
def test_a_bad_row_is_told_of_by_the_executor_that_packs_it(monkeypatch, row, weight, problem):
    from gmmx.spark import tasks

    monkeypatch.setattr(tasks, "_partition", lambda: 4)
    good = pa.record_batch([pa.array([[1.0, 2.0, 3.0]] * 5), pa.array([1.0] * 5)], ["features", "weight"])
    bad = pa.record_batch(
        [pa.array([[1.0, 2.0, 3.0], row, [0.0, 2.0, 1.0]]), pa.array([1.0, weight, 1.0])], ["features", "weight"]
    )
    *packed, told = [batch.to_pylist()[0] for batch in tasks.pack(iter([good, bad, good]))]
    assert [block["partition"] for block in packed] == [4] and packed[0]["problem"] is None
    assert told["partition"] == 4 and re.match(problem, told["problem"])


def test_batches_of_a_partition_must_have_as_many_features(monkeypatch):
    from gmmx.spark import tasks

    monkeypatch.setattr(tasks, "_partition", lambda: 0)
    batches = [pa.record_batch([pa.array([[1.0] * d])], ["features"]) for d in (2, 3)]
    assert "some rows have 2 features, others 3" in list(tasks.pack(iter(batches)))[-1]["problem"][0].as_py()


@pytest.mark.spark
def test_a_bad_row_gives_an_error_that_names_its_partition(spark):
    from gmmx.spark import GaussianMixture

    parts = [(X[:3], np.ones(3)), (X[:2], np.ones(2)), (np.array([[0.0, math.nan, 0.0]]), np.ones(1)), PARTS[0]]
    with pytest.raises(ValueError, match=r"(?s)Partition 2 of the DataFrame \(featuresCol='features'\) .*NaN.*impute"):
        GaussianMixture().fit(frame(spark, parts))
    with pytest.raises(ValueError, match=r"X has 2 features in partition 1, but 3 in partition 0"):
        GaussianMixture().fit(frame(spark, [parts[0], (X[:2, :2], np.ones(2)), parts[3]]))


@pytest.mark.spark
@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"featuresCol": "x"}, "featuresCol='x' is not a column of the DataFrame, which has"),
        ({"featuresCol": "number"}, "featuresCol='number' holds bigint, but must hold vectors"),
        ({"weightCol": "w"}, "weightCol='w' is not a column"),
        ({"weightCol": "features"}, "weightCol='features' holds array<double>, but must hold numbers"),
        ({"k": 0}, "k is 0, but must be"),
        ({"tol": -1.0}, "tol is -1.0, but must be"),
        ({"regParam": math.inf}, "regParam is inf, but must be"),
        ({"maxIter": -1}, "maxIter is -1"),
        ({"nInit": 0}, "nInit is 0"),
        ({"aggregationDepth": 0}, "aggregationDepth is 0"),
        ({"covarianceType": "round"}, "covarianceType is 'round'"),
        ({"k": 601}, "601"),
        ({"k": 2, "initialModel": START}, "initialModel has k=3, but it must be 2: set k to that"),
        ({"k": 3, "initialModel": START, "covarianceType": "diag"}, "covarianceType='full', but it must be 'diag'"),
        ({"k": 1, "initialModel": gmmx.GaussianMixture().fit([[0.0], [1.0]])}, "numFeatures=1, but it must be 3"),
    ],
)
def test_what_is_not_accepted_is_named_with_what_is_allowed(df, options, problem):
    from gmmx.spark import GaussianMixture

    with pytest.raises(ValueError, match=problem):
        GaussianMixture(**options).fit(df)


@pytest.mark.spark
def test_a_data_frame_without_rows_is_refused(df):
    from gmmx.spark import GaussianMixture

    with pytest.raises(ValueError, match="X has no rows"):
        GaussianMixture().fit(df.filter("number < 0"))


@pytest.mark.spark
def test_a_constant_column_is_named_at_the_users_line(spark):
    from gmmx.spark import GaussianMixture

    rows = np.column_stack([X[:, :2], np.full(len(X), 3.0)])
    with pytest.warns(gmmx.ColumnWarning, match="Column 2 of X is constant") as told:
        GaussianMixture(k=1).fit(frame(spark, [(rows[:300], WEIGHTS[:300]), (rows[300:], WEIGHTS[300:])]))
    ours = [warning for warning in told if issubclass(warning.category, gmmx.ColumnWarning)]
    assert [warning.filename for warning in ours] == [__file__]


@pytest.mark.spark
def test_initial_models_are_fitted_ones(spark):
    from gmmx.spark import GaussianMixture

    with pytest.raises(TypeError, match=r"initialModel is of type int.*gmmx\.GaussianMixture\.from_parameters"):
        GaussianMixture(initialModel=3)
    with pytest.raises(NotFittedError):
        GaussianMixture(initialModel=gmmx.GaussianMixture())


@pytest.mark.spark
def test_blocks_are_forgotten_after_a_fit_and_after_a_failure(spark):
    from gmmx.spark import GaussianMixture

    def n_kept():
        return len(spark.sparkContext._jsc.getPersistentRDDs())

    before = n_kept()
    made = frame(spark, PARTS)
    GaussianMixture(k=1).fit(made)
    with pytest.raises(ValueError, match="initialModel"):
        GaussianMixture(k=1, initialModel=START).fit(made)
    assert n_kept() == before


# ----------------------------------------------------------------------------------------------------- the fitted model


@pytest.mark.spark
@pytest.mark.parametrize("kind", ["vector", "array<double>"])
def test_transform_adds_what_the_model_predicts_and_keeps_the_rest(spark, model, kind):
    made = frame(spark, PARTS, kind)
    rows = model.transform(made).collect()
    local = model.to_local()
    assert model.transform(made).columns == [*made.columns, "probability", "prediction"]
    assert [row.number for row in rows] == list(range(len(X)))
    assert [row.prediction for row in rows] == local.predict(X).tolist()
    np.testing.assert_array_equal([row.probability.toArray() for row in rows], local.predict_proba(X))


@pytest.mark.spark
def test_transform_is_lazy_and_computes_what_is_asked_for(spark, df, model):
    from pyspark.errors import PythonException
    from pyspark.ml.linalg import VectorUDT

    bad = frame(spark, [PARTS[0], (np.array([[0.0, math.nan, 0.0]]), np.ones(1))])
    transformed = model.transform(bad)  # nothing is computed, so nothing fails
    assert transformed.select("weight").count() == 151
    with pytest.raises(PythonException, match=r"The features in partition 1 are not accepted: .*NaN"):
        transformed.collect()
    schema = model.transform(df).schema
    assert schema["prediction"].dataType.simpleString() == "int"
    assert schema["prediction"].metadata == {"ml_attr": {"type": "nominal", "num_vals": 3}}
    assert isinstance(schema["probability"].dataType, VectorUDT)
    assert model.copy().setPredictionCol("").setProbabilityCol("").transform(df) is df


@pytest.mark.spark
def test_transform_writes_over_no_column_as_mllib(df, model):
    for prediction, probability in (("number", "p"), ("features", "p"), ("p", "weight"), ("p", "p")):
        named = model.copy().setPredictionCol(prediction).setProbabilityCol(probability)
        with pytest.raises(ValueError, match="is a column already: give it another name"):
            named.transform(df)


@pytest.mark.spark
def test_rows_are_counted_within_their_partition(spark):
    from pyspark.errors import PythonException
    from pyspark.sql import functions as F

    from gmmx.spark import GaussianMixture, GaussianMixtureModel

    value = F.when(F.col("id") == 25_447, float("nan")).otherwise(F.col("id").cast("double"))
    rows = spark.range(0, 30_000, 1, 1).select(F.array(value).alias("features"))
    local = gmmx.GaussianMixture.from_parameters([1.0], [[0.0]], [[[1.0]]])
    with pytest.raises(PythonException, match="partition 0 are not accepted: X contains NaN in row 25447 "):
        GaussianMixtureModel(local).transform(rows).select(F.sum("prediction")).collect()
    with pytest.raises(ValueError, match=r"Partition 0 of the DataFrame .* X contains NaN in row 25447 "):
        GaussianMixture(k=1).fit(rows)
    value = F.when(F.col("id") == 25_447, 1e200).otherwise(F.col("id").cast("double"))
    far = spark.range(0, 30_000, 1, 1).select(F.array(value).alias("features"))
    with pytest.raises(PythonException, match=r"partition 0 are not accepted: X holds 1e\+200 in row 25447 "):
        GaussianMixtureModel(local).transform(far).select(F.sum("prediction")).collect()


@pytest.mark.spark
def test_other_frames_and_other_models_are_refused(spark):
    import sklearn.mixture

    from gmmx.spark import GaussianMixture, GaussianMixtureModel

    with pytest.raises(TypeError, match=r"dataset is of type numpy\.ndarray, but must be a DataFrame of Spark"):
        GaussianMixture().fit(X)
    with pytest.raises(TypeError, match=r"local is of type sklearn\.GaussianMixture, .*from_sklearn makes one"):
        GaussianMixtureModel(sklearn.mixture.GaussianMixture().fit(X))


@pytest.mark.spark
def test_none_is_the_default_as_in_mllib(df):
    from gmmx.spark import GaussianMixture

    given = GaussianMixture(k=3, seed=None, weightCol=None, initialModel=None, tol=1e9)
    assert given.fit(df).summary.converged
    assert given.setSeed(7).setParams(seed=None).getSeed() == GaussianMixture().getSeed()
    given.setParams(weightCol="weight", initialModel=START).setParams(weightCol=None, initialModel=None)
    assert given._weight_column() is None and given.getInitialModel() is None


@pytest.mark.spark
def test_the_model_answers_as_mllibs_does(model):
    from pyspark.ml.linalg import Vectors

    local = model.to_local()
    assert model.weights == local.weights_.tolist() and model.numFeatures == 3 and model.getK() == 3
    for gaussian, mean, covariance in zip(model.gaussians, local.means_, local.covariances_, strict=True):
        np.testing.assert_array_equal(gaussian.mean.toArray(), mean)
        np.testing.assert_array_equal(gaussian.cov.toArray(), covariance)
    assert [row["mean"].toArray().tolist() for row in model.gaussiansDF.collect()] == local.means_.tolist()
    assert model.predict(Vectors.dense(X[0])) == local.predict(X[:1])[0]
    probability = model.predictProbability(Vectors.sparse(3, [1], [2.0]))
    np.testing.assert_array_equal(probability.toArray(), local.predict_proba([[0.0, 2.0, 0.0]])[0])
    summary = model.summary
    assert model.hasSummary and (summary.k, summary.numIter) == (3, local.n_iter_)
    np.testing.assert_allclose(summary.logLikelihoodHistory, np.array(local.lower_bounds_) * len(X), rtol=1e-15)
    np.testing.assert_allclose(summary.logLikelihood, local.score(X) * len(X), rtol=1e-12)
    assert summary.clusterSizes == np.bincount(local.predict(X), minlength=3).tolist()
    assert summary.cluster.columns == ["prediction"] and summary.probability.columns == ["probability"]


def test_all_that_mllibs_classes_have_is_there():
    from pyspark.ml import clustering

    from gmmx import spark as ours

    for name in ours.__all__:
        theirs = [member for member in dir(getattr(clustering, name)) if not member.startswith("_")]
        missing = set(theirs) - set(dir(getattr(ours, name))) - {"clear"}
        if name == "GaussianMixtureSummary":
            missing -= set(vars(ours.GaussianMixtureSummary)) | {"featuresCol", "predictionCol", "probabilityCol", "k"}
            missing -= {"logLikelihood", "numIter"}  # set when it is made
        assert not missing, f"{name} lacks {sorted(missing)}"


@pytest.mark.spark
def test_parameters_have_mllibs_names_and_defaults(spark):
    from pyspark.ml import clustering

    from gmmx.spark import GaussianMixture

    theirs, ours = clustering.GaussianMixture(), GaussianMixture()
    for param in theirs.params:
        if theirs.hasDefault(param) and param.name != "seed":
            assert ours.getOrDefault(param.name) == theirs.getOrDefault(param), param.name
        assert ours.hasParam(param.name)
    named = {"k": 4, "tol": 0.5, "maxIter": 7, "seed": 3, "aggregationDepth": 3, "weightCol": "w", "featuresCol": "f"}
    given = GaussianMixture(**named).setPredictionCol("p").setProbabilityCol("q").setNInit(2).setRegParam(0.0)
    assert {name: given.getOrDefault(name) for name in named} == named
    assert (given.getPredictionCol(), given.getProbabilityCol(), given.getNInit(), given.getRegParam()) == (
        "p",
        "q",
        2,
        0,
    )


# --------------------------------------------------------------------------------------------------- saving and loading


@pytest.mark.spark
def test_pipelines_with_the_estimator_and_with_the_model_are_saved_and_loaded(spark, df, tmp_path):
    from pyspark.ml import Pipeline, PipelineModel
    from pyspark.ml.feature import VectorAssembler
    from pyspark.sql import functions as F

    from gmmx.spark import GaussianMixture

    columns = [F.col("features")[i].alias(f"x{i}") for i in range(3)]
    table = df.select(*columns)
    stages = [
        VectorAssembler(inputCols=["x0", "x1", "x2"], outputCol="f"),
        GaussianMixture(k=3, seed=5, featuresCol="f", predictionCol="which"),
    ]
    Pipeline(stages=stages).save(str(tmp_path / "pipeline"))
    fitted = Pipeline.load(str(tmp_path / "pipeline")).fit(table)
    fitted.save(str(tmp_path / "fitted"))
    loaded = PipelineModel.load(str(tmp_path / "fitted"))
    labels = [row.which for row in loaded.transform(table).select("which").collect()]
    assert labels == fitted.stages[1].to_local().predict(X).tolist()
    assert len(set(labels)) == 3


@pytest.mark.spark
def test_a_saved_model_comes_back_with_all_of_its_fit(model, tmp_path):
    from gmmx.spark import GaussianMixtureModel

    path = str(tmp_path / "model")
    model.save(path)
    loaded = GaussianMixtureModel.load(path)
    assert loaded.uid == model.uid and loaded.extractParamMap().keys() == model.extractParamMap().keys()
    for name in ("weights_", "means_", "covariances_", "precisions_cholesky_", "lower_bounds_", "log_likelihood_"):
        np.testing.assert_array_equal(getattr(loaded.to_local(), name), getattr(model.to_local(), name))
    assert not loaded.hasSummary
    with pytest.raises(RuntimeError, match="No training summary available for this GaussianMixtureModel"):
        _ = loaded.summary
    with pytest.raises(Exception, match="PATH_ALREADY_EXISTS"):
        model.save(path)
    model.copy().setPredictionCol("other").write().overwrite().save(path)
    assert GaussianMixtureModel.load(path).getPredictionCol() == "other"


@pytest.mark.spark
def test_a_saved_estimator_comes_back_with_its_initial_model(spark, tmp_path):
    from gmmx.spark import GaussianMixture, GaussianMixtureModel

    path = str(tmp_path / "estimator")
    GaussianMixture(k=3, tol=0.25, initialModel=START).save(path)
    loaded = GaussianMixture.load(path)
    assert loaded.getTol() == 0.25
    np.testing.assert_array_equal(loaded.getInitialModel().means_, START.means_)
    with pytest.raises(
        ValueError, match=r"holds a gmmx\.spark\.GaussianMixture, not a gmmx\.spark\.GaussianMixtureModel"
    ):
        GaussianMixtureModel.load(path)
    GaussianMixture(k=3).write().overwrite().save(path)  # the initial model of before stays there, unused
    assert GaussianMixture.load(path).getInitialModel() is None


# ----------------------------------------------------------------------------------------------- where MLlib goes wrong


@pytest.mark.spark
@pytest.mark.parametrize(("n_features", "offset"), [(24, 0.0), (3, 1e8)])
def test_clusters_are_found_where_mllib_collapses_or_has_negative_variances(spark, n_features, offset):
    from gmmx.spark import GaussianMixture

    rng = np.random.default_rng(3)
    centres = 4.0 * rng.normal(size=(3, n_features))
    labels = rng.integers(0, 3, size=3000)
    rows = centres[labels] + rng.normal(size=(3000, n_features))
    parts = [(part + offset, np.ones(len(part))) for part in np.array_split(rows, 2)]
    model = GaussianMixture(k=3, seed=1, maxIter=20).fit(frame(spark, parts, "vector"))
    order = [int(np.argmin(np.linalg.norm(model.to_local().means_ - offset - c, axis=1))) for c in centres]
    assert sorted(order) == [0, 1, 2]
    for k, found in enumerate(order):
        own = rows[labels == k]
        n_own = len(own)
        assert abs(model.weights[found] - n_own / 3000) < 0.01
        variances = np.diag(model.gaussians[found].cov.toArray())
        np.testing.assert_allclose(variances, own.var(axis=0), rtol=0.1)
        np.testing.assert_allclose(model.to_local().means_[found] - offset, own.mean(axis=0), atol=0.05)


@pytest.mark.spark
def test_a_model_of_mllib_is_a_start(spark, df):
    from pyspark.ml import clustering
    from pyspark.ml.functions import array_to_vector

    from gmmx.spark import GaussianMixture

    vectors = df.withColumn("features", array_to_vector("features"))
    theirs = clustering.GaussianMixture(k=3, seed=2, maxIter=5).fit(vectors)
    with pytest.warns(ConvergenceWarning):
        ours = GaussianMixture(k=3, initialModel=theirs, maxIter=1, tol=0.0).fit(vectors)
    # Its model is the one after the last M-step, whose log-likelihood our first E-step sees.
    assert ours.summary.logLikelihoodHistory[0] >= theirs.summary.logLikelihood - 1e-6


# ------------------------------------------------------------------------------------------------ killed Python workers


def children(pid):
    """Return the processes that a process has started."""
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(line) for line in listed.stdout.split()]


def python_workers(spark):
    """Return the processes of Python that execute tasks: children of those daemons that the driver's Java started."""
    return [worker for daemon in children(spark.sparkContext._gateway.proc.pid) for worker in children(daemon)]


HEAVY = gmmx.Mixture(
    np.full(200, 1 / 200),
    RNG.normal(size=(200, 16)),
    "full",
    covariances=np.stack([np.eye(16)] * 200),
)


@pytest.mark.spark
def test_statistics_are_bitwise_equal_after_python_workers_were_killed_before_and_during_a_pass(spark):
    from gmmx.spark.rows import SparkRows

    rng = np.random.default_rng(0)
    parts = [(rng.normal(size=(20_000, 16)), np.ones(20_000)) for _ in range(3)]
    tracker = spark.sparkContext.statusTracker()
    with SparkRows(frame(spark, parts), "features") as rows:
        undisturbed = rows.statistics(HEAVY).to_bytes()
        idle = python_workers(spark)
        assert idle
        os.kill(idle[0], signal.SIGKILL)
        assert rows.statistics(HEAVY).to_bytes() == undisturbed

        def kill_a_busy_one(killed):
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline and not killed:
                stages = [tracker.getStageInfo(stage) for stage in tracker.getActiveStageIds()]
                computing = [stage.stageId for stage in stages if stage and stage.numActiveTasks]
                busy = [pid for pid in python_workers(spark) if is_running(pid)] if computing else []
                if busy:
                    os.kill(busy[0], signal.SIGKILL)
                    killed.append(computing[0])

        n_failed = 0
        for _ in range(10):  # a worker may just have done its task when it dies
            killed = []
            killer = threading.Thread(target=kill_a_busy_one, args=(killed,))
            killer.start()
            assert rows.statistics(HEAVY).to_bytes() == undisturbed
            killer.join()
            n_failed += tracker.getStageInfo(killed[0]).numFailedTasks if killed else 0
            if n_failed:
                break
        assert n_failed


def is_running(pid):
    """Tell whether a process computes just now."""
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] == "R"


# ------------------------------------------------------------------------------------------- other sessions, no session


def run_program(name, *arguments):
    """Run a program of this folder, in a process of its own: of Spark's kinds of session one process has one."""
    package = Path(gmmx.__file__).parents[1]
    path = os.pathsep.join([str(package), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = os.environ | {"PYTHONPATH": path, "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    command = [sys.executable, "-W", "ignore", str(PROGRAMS / name), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=600)
    assert done.returncode == 0, f"{name} failed:\n{done.stdout}\n{done.stderr[-5000:]}"
    return done.stdout


@pytest.mark.spark
def test_spark_connect_fits_transforms_saves_and_loads_as_a_session_of_old_does(java, tmp_path, model):
    model.save(str(tmp_path / "classic"))
    np.savez(tmp_path / "rows.npz", X=X, cuts=CUTS)
    assert "as in a classic session" in run_program("connect.py", tmp_path)


@pytest.mark.spark
def test_statistics_are_bitwise_equal_after_executors_were_killed(java, tmp_path):
    assert "equal after 2 executors were killed" in run_program("cluster.py", tmp_path)


def test_gmmx_imports_no_pyspark_and_says_how_to_install_it():
    program = """
import sys
import gmmx
assert not [name for name in sys.modules if name.startswith("pyspark")]
sys.modules["pyspark"] = None
try:
    import gmmx.spark
except ImportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert 'pip install "gmmx-native[spark]"' in done.stdout


def test_an_executor_without_gmmx_says_so(tmp_path):
    from pyspark import cloudpickle

    from gmmx.spark.tasks import on_executors

    task = tmp_path / "task.pickle"
    task.write_bytes(cloudpickle.dumps(on_executors("posterior", mixture=pickle.dumps(HEAVY))))
    program = f"""
import pickle, sys
sys.modules["gmmx"] = None
run = pickle.load(open({str(task)!r}, "rb"))
try:
    run(iter([]))
except ImportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=True)
    assert "an executor of Spark cannot import gmmx" in done.stdout
    assert 'pip install "gmmx-native[spark]"' in done.stdout


# -------------------------------------------------------------------------------------------------------------- columns


@pytest.mark.spark
def test_dense_and_sparse_vectors_become_their_rows_and_null_ones_are_refused(spark):
    from pyspark.ml.linalg import Vectors

    from gmmx.spark.rows import SparkRows

    rows = np.round(X[:9], 1) * (RNG.random((9, 3)) < 0.6)
    as_sparse = [Vectors.sparse(3, [(j, row[j]) for j in np.flatnonzero(row)]) for row in rows]
    mixed = [(as_sparse[i] if i % 2 else Vectors.dense(row),) for i, row in enumerate(rows)]
    with SparkRows(spark.createDataFrame(mixed, ["features"]).coalesce(1), "features") as kept:
        np.testing.assert_array_equal(kept.sample(9, 0).X, rows[kept.sample(9, 0).numbers])
        assert kept.summary().dtype == "float64"
    missing = spark.createDataFrame([*mixed, (None,)], ["features"]).coalesce(1)
    with SparkRows(missing, "features") as kept, pytest.raises(ValueError, match="X has no value in row 9 "):
        kept.summary()
