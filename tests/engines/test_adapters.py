"""All engines run one algorithm: from the same start they take the same path to the same parameters."""

from __future__ import annotations

import numpy as np
import pytest

from gmmx import GaussianMixture

TYPES = ["full", "tied", "diag", "spherical", "VEV"]
N_PARTITIONS = 4
TOL = 1e-3


def problem(weighted):
    rng = np.random.default_rng(7)
    centers = 3 * rng.normal(size=(3, 4))
    labels = rng.integers(3, size=1200)
    X = centers[labels] + rng.normal(size=(1200, 4))
    return X, rng.integers(0, 3, size=len(X)) + 0.5 if weighted else None


def start(X, covariance_type):
    """Return a mixture to start from, some way from the optimum."""
    return GaussianMixture(3, covariance_type=covariance_type, random_state=1, max_iter=0).fit(X[:100])


def given(first):
    return {
        "n_components": 3,
        "covariance_type": first.covariance_type,
        "weights_init": first.weights_,
        "means_init": first.means_,
        "precisions_init": first.precisions_,
        "tol": TOL,
    }


def by_batches(first, X, weights, request):
    parts = np.array_split(X, N_PARTITIONS)
    source = parts if weights is None else list(zip(parts, np.array_split(weights, N_PARTITIONS), strict=True))
    return GaussianMixture(**given(first)).fit_batches(source)


def by_dask(first, X, weights, request):
    da = pytest.importorskip("dask.array")
    from gmmx.dask import GaussianMixture as OnDask

    chunks = len(X) // N_PARTITIONS
    sample_weight = None if weights is None else da.from_array(weights, chunks=chunks)
    fitted = OnDask(**given(first)).fit(da.from_array(X, chunks=(chunks, -1)), sample_weight=sample_weight)
    return fitted.to_local()


def by_spark(first, X, weights, request):
    spark = request.getfixturevalue("spark")
    from gmmx.spark import GaussianMixture as OnSpark

    columns = ["features"] if weights is None else ["features", "weight"]
    rows = [(x,) for x in X.tolist()] if weights is None else list(zip(X.tolist(), weights.tolist(), strict=True))
    frame = spark.createDataFrame(rows, columns).repartition(N_PARTITIONS)
    total_weight = len(X) if weights is None else weights.sum()
    estimator = OnSpark(
        k=3,
        covarianceType=first.covariance_type,
        tol=TOL * total_weight,  # of the whole log-likelihood there
        weightCol="weight" if weights is not None else "",
        initialModel=first,
    )
    return estimator.fit(frame).to_local()


CASES = [
    pytest.param(engine, covariance_type, weighted, id=f"{name}-{covariance_type}{'-weighted' if weighted else ''}")
    for name, engine in (("batches", by_batches), ("dask", by_dask))
    for covariance_type in TYPES
    for weighted in (False, True)
] + [
    # Each iteration is a job of Spark.
    pytest.param(by_spark, covariance_type, weighted, id=f"spark-{covariance_type}", marks=pytest.mark.spark)
    for covariance_type, weighted in (("full", True), ("tied", False), ("VEV", True))
]


@pytest.mark.parametrize(("engine", "covariance_type", "weighted"), CASES)
def test_an_engine_ends_where_one_machine_does_by_the_same_path(engine, covariance_type, weighted, request):
    X, weights = problem(weighted)
    first = start(X, covariance_type)
    expected = GaussianMixture(**given(first)).fit(X, sample_weight=weights)
    fitted = engine(first, X, weights, request)
    assert expected.n_iter_ > 3
    assert (fitted.n_iter_, fitted.converged_) == (expected.n_iter_, True)
    np.testing.assert_allclose(fitted.lower_bounds_, expected.lower_bounds_, rtol=1e-10)
    np.testing.assert_allclose(fitted.log_likelihood_, expected.log_likelihood_, rtol=1e-10)
    for name in ("weights_", "means_", "covariances_"):
        np.testing.assert_allclose(getattr(fitted, name), getattr(expected, name), rtol=1e-10, atol=1e-10)
