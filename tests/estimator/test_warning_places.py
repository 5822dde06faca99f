"""Warnings point at the user's line, whatever was called and however deep the reason lies."""

import warnings

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import gmmx
from gmmx import GaussianMixture, GaussianMixtureIC, OnlineGaussianMixture

RNG = np.random.default_rng(0)
X = np.concatenate([RNG.normal(0, 1, (60, 2)), RNG.normal(8, 1, (60, 2))])
CONSTANT = np.column_stack([X, np.full(len(X), 3.0)])
OUTLYING = np.vstack([X, [[1e20, 0.0]]])
REPEATED = np.repeat(X[:6], 10, axis=0)
SQUARE = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])  # about its mean: nothing is rounded
SHORT = {"n_components": 3, "max_iter": 1, "tol": 0.0, "random_state": 0}
ALIKE = {"n_components": 4, "init_params": "random_from_data", "random_state": 1}


def of_map(tmp_path):
    np.save(tmp_path / "rows.npy", X.astype(np.float16))
    return np.load(tmp_path / "rows.npy", mmap_mode="r")


def of_dask(rows, **params):
    da = pytest.importorskip("dask.array")
    dask_estimators = pytest.importorskip("gmmx.dask")
    return dask_estimators.GaussianMixture(**(params or SHORT)).fit(da.from_array(rows, chunks=(50, -1)))


def fitted_to(rows, **params):
    return GaussianMixture(2, random_state=0, **params).fit(rows)


CALLS = {
    "fit: not converged": lambda _: GaussianMixture(**SHORT).fit(X),
    "fit: a constant column": lambda _: GaussianMixture(2, random_state=0).fit(CONSTANT),
    "fit: an outlying row": lambda _: GaussianMixture(2, random_state=0).fit(OUTLYING),
    "fit: equal components": lambda _: GaussianMixture(**ALIKE).fit(REPEATED),
    "fit_predict": lambda _: GaussianMixture(**SHORT).fit_predict(X),
    "fit_batches": lambda _: GaussianMixture(**SHORT).fit_batches([X[:50], X[50:]]),
    "fit_batches: a constant column": lambda _: GaussianMixture(2, random_state=0).fit_batches([CONSTANT, CONSTANT]),
    "fit_batches: an outlying row": lambda _: GaussianMixture(2, random_state=0).fit_batches([X, OUTLYING]),
    "fit of a memory map": lambda folder: GaussianMixture(**SHORT).fit(of_map(folder)),
    "fit of Dask's rows": lambda _: of_dask(X),
    "fit of Dask's rows: a constant column": lambda _: of_dask(CONSTANT, n_components=2, random_state=0),
    "partial_fit: equal components": lambda _: OnlineGaussianMixture(**ALIKE).partial_fit(REPEATED),
    "partial_fit: an outlying row": lambda _: OnlineGaussianMixture(2).fit(X).partial_fit(OUTLYING),
    "partial_fit: a collapse": lambda _: (
        OnlineGaussianMixture(reg_covar=0.0).fit(SQUARE).partial_fit(np.zeros((1, 2)), sample_weight=[1e30])
    ),
    "choice": lambda _: GaussianMixtureIC(max_components=2, max_iter=1, random_state=0).fit(X),
    "choice: a constant column": lambda _: GaussianMixtureIC(max_components=2, random_state=0).fit(CONSTANT),
    "many fits": lambda _: gmmx.fit_many(GaussianMixture(**SHORT), [X, CONSTANT[:, 1:]]),
    "many fits in Python": lambda _: gmmx.fit_many(GaussianMixture(**SHORT, init_params="random"), [X, X], n_jobs=2),
    "bootstrap": lambda _: gmmx.bootstrap(fitted_to(X), X, 3, tol=0.0, max_iter=1, random_state=0),
    "a pipeline of scikit-learn": lambda _: make_pipeline(StandardScaler(), GaussianMixture(**SHORT)).fit(X),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_warning_points_at_the_line_that_called(call, tmp_path):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        CALLS[call](tmp_path)
    assert caught
    assert {warning.filename for warning in caught} == {__file__}
