"""gmmx.spark: the fit of one machine, by MLlib's names, whatever happens to the executors."""

from __future__ import annotations

import math
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning, NotFittedError

import gmmx
from gmmx.partitions import merge_samples, sample_of, statistics_of, tree_sum

PROGRAMS = Path(__file__).parent / "spark_programs"
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


# ------------------------------------------------------------------------------------------- the fit of one machine


@pytest.mark.spark
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    ("covariance_type", "is_weighted"), [("full", False), ("full", True), ("diag", True), ("tied", False), ("VEV", True)]
)
def test_from_the_same_start_the_parameters_and_the_history_are_those_of_one_machine(df, covariance_type, is_weighted):
    from gmmx.spark import GaussianMixture

    weights = WEIGHTS if is_weighted else None
    start = gmmx.GaussianMixture(3, covariance_type=covariance_type, means_init=CENTRES, max_iter=1, random_state=0)
    start.fit(X[::7])
    wanted = started_from(start, tol=0.0, max_iter=4).fit(X, sample_weight=weights)
    estimator = GaussianMixture(k=3, covarianceType=covariance_type, initialModel=start, tol=0.0, maxIter=4)
    fitted = estimator.setWeightCol("weight" if is_weighted else "").fit(df)
    assert_same_model(fitted.to_local(), wanted)
    history = np.array(wanted.lower_bounds_) * (WEIGHTS.sum() if is_weighted else len(X))
    np.testing.assert_allclose(fitted.summary.logLikelihoodHistory, history, rtol=1e-10)


@pytest.mark.spark
def test_without_a_start_it_is_the_fit_of_one_machine_with_the_same_seed(model):
    wanted = gmmx.GaussianMixture(3, tol=0.01 / len(X), random_state=5).fit(X)
    assert model.summary.converged
    assert_same_model(model.to_local(), wanted)


@pytest.mark.spark
def test_tol_is_about_the_total_log_likelihood_as_in_mllib(df):
    from gmmx.spark import GaussianMixture

    for tol in (5.0, 0.5):
        history = GaussianMixture(k=3, initialModel=START, tol=tol).fit(df).summary.logLikelihoodHistory
        steps = np.diff(history)
        assert steps[-1] < tol <= steps[:-1].min()


@pytest.mark.spark
def test_the_same_seed_gives_the_same_model_and_another_seed_another_start(spark):
    from gmmx.spark.rows import SparkRows

    with SparkRows(frame(spark, PARTS), "features") as rows:
        first, again, other = (rows.sample(100, seed) for seed in (7, 7, 8))
    np.testing.assert_array_equal(first.numbers, again.numbers)
    assert set(first.numbers) != set(other.numbers)


@pytest.mark.spark
@pytest.mark.parametrize("kind", ["vector", "array<float>", "array<int>"])
def test_columns_of_vectors_and_of_arrays_of_any_numbers_are_taken(spark, kind):
    from gmmx.spark import GaussianMixture

    dtype = np.float32 if kind == "array<float>" else np.float64
    rounded = [(np.trunc(rows) if kind == "array<int>" else rows, weights) for rows, weights in PARTS]
    wanted = started_from(START, tol=0.0, max_iter=2)
    estimator = GaussianMixture(k=3, initialModel=START, tol=0.0, maxIter=2)
    with pytest.warns(ConvergenceWarning):
        wanted.fit(np.concatenate([rows for rows, _ in rounded]).astype(dtype))
    with pytest.warns(ConvergenceWarning):
        got = estimator.fit(frame(spark, rounded, kind)).to_local()
    assert got.means_.dtype == dtype
    np.testing.assert_allclose(got.means_, wanted.means_, rtol=1e-10 if dtype == np.float64 else 1e-5, atol=1e-6)


# ----------------------------------------------------------------------------------------------- rows in partitions


@pytest.mark.spark
def test_facts_samples_and_statistics_are_those_of_the_whole(df):
    from gmmx.spark.rows import SparkRows

    with SparkRows(df, "features", "weight") as rows:
        facts, sample, statistics = rows.facts(), rows.sample(50, 3), rows.statistics(START.mixture_)
    assert (facts.n_rows, facts.n_present) == (600, np.count_nonzero(WEIGHTS))
    assert facts.total_weight == WEIGHTS.sum()
    for got, wanted in zip(sample, sample_of(X, WEIGHTS, 0, 50, 3), strict=True):
        np.testing.assert_array_equal(got, wanted)
    wanted = tree_sum([statistics_of(x, w, START.mixture_) for x, w in PARTS])
    assert statistics.to_bytes() == wanted.to_bytes()


@pytest.mark.spark
def test_a_sample_is_whole_when_one_partition_holds_far_more_of_it_than_its_share(spark):
    from gmmx.spark.rows import SparkRows

    # All rows weigh the same but for those of a partition that has half of the weight in three rows of a thousand.
    parts = [(X, np.ones(600)), (X[:400], np.r_[np.full(3, 200.0), np.full(397, 1e-3)]), (X, np.full(600, 1e-9))]
    keys, numbers = [], []
    with SparkRows(frame(spark, parts), "features", "weight") as rows:
        sample = rows.sample(590, 4)
        capped, is_whole = rows._drawn([10, 1, 1], 590, 4)
    first_rows = np.cumsum([0, *(len(x) for x, _ in parts)])
    wanted = merge_samples([sample_of(x, w, i, 590, 4) for (x, w), i in zip(parts, first_rows[:-1], strict=True)], 590)
    np.testing.assert_array_equal(sample.numbers, wanted.numbers)
    assert not is_whole and len(capped.keys) < 590
    assert not keys and not numbers


@pytest.mark.spark
@pytest.mark.parametrize(("n_partitions", "depth"), [(5, 2), (11, 3), (4, 5)])
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
    n_rows = rows.facts().n_rows
    rows._blocks.unpersist(True)  # as if the executor that had them were gone
    start = gmmx.Mixture(np.ones(1), np.zeros((1, 2)), "full", covariances=np.eye(2)[np.newaxis])
    with pytest.raises(RuntimeError, match=f"the first one {n_rows}: the DataFrame does not hold the same rows"):
        rows.statistics(start)


# ------------------------------------------------------------------------------------------------------ what is refused


@pytest.mark.spark
@pytest.mark.parametrize(
    ("row", "weight", "problem"),
    [
        ([1.0, math.nan, 0.0], 1.0, "NaN"),
        ([1.0, math.inf, 0.0], 1.0, "infinity"),
        ([1.0, None, 0.0], 1.0, "null"),
        (None, 1.0, "1 of .* rows are null"),
        ([1.0, 2.0], 1.0, "rows have from 2 to 3 features"),
        ([1.0, 2.0, 3.0], -1.0, "sample_weight holds -1"),
        ([1.0, 2.0, 3.0], None, "weights of 1 of .* rows are null"),
    ],
)
def test_a_bad_row_gives_an_error_that_names_its_partition(spark, row, weight, problem):
    from gmmx.spark import GaussianMixture

    rows = [([1.0, 2.0, float(i)], 1.0) for i in range(4)]
    rows.insert(3, (row, weight))  # four partitions: of one row each, the last of two
    made = spark.createDataFrame(rows, "features array<double>, weight double").repartitionByRange(1, "weight")
    bad = spark.range(0, 0).selectExpr("array(0d) features", "0d weight").union(made)
    partition = bad.rdd.glom().map(len).collect().index(5)
    with pytest.raises(ValueError, match=rf"(?s)Partition {partition} of the DataFrame .*{problem}"):
        GaussianMixture(k=2, weightCol="weight").fit(bad)


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
        ({"covarianceType": "round"}, "covariance_type is 'round'"),
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
