"""Subclasses that override private methods of scikit-learn are refused."""

import importlib.util
import pickle

import numpy as np
import pytest
import sklearn.mixture
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import gmmx
from gmmx.mixture._sklearn_hooks import _HOOKS

RNG = np.random.default_rng(5)
X = np.r_[RNG.normal(size=(70, 2)), RNG.normal(size=(30, 2)) + 6]
CALLS = {
    "fit": lambda model: model.fit(X),
    "fit_predict": lambda model: model.fit_predict(X),
    "fit_batches": lambda model: model.fit_batches([X[:60], X[60:]]),
    "partial_fit": lambda model: model.partial_fit(X),
}


def overriding(name, base=gmmx.GaussianMixture):
    return type("Weighted", (base,), {name: lambda self, *args, **kwargs: None})


@pytest.mark.parametrize("name", _HOOKS)
@pytest.mark.parametrize("call", CALLS)
def test_an_overridden_hook_is_refused(name, call):
    model = overriding(name, gmmx.OnlineGaussianMixture)(2, random_state=0)
    with pytest.raises(TypeError, match=rf"^Weighted\.{name} overrides .* Instead, \w+"):
        CALLS[call](model)
    assert not hasattr(model, "weights_")


def test_every_private_method_that_scikit_learn_calls_in_a_fit_is_a_hook():
    base = sklearn.mixture.BaseMixture if hasattr(sklearn.mixture, "BaseMixture") else sklearn.mixture._base.BaseMixture
    private = {
        name
        for owner in (base, sklearn.mixture.GaussianMixture)
        for name, value in vars(owner).items()
        if name.startswith("_") and not name.startswith("__") and callable(value)
    }
    assert private - _HOOKS.keys() <= {"_n_parameters"}  # which both libraries have


def test_a_hook_of_a_mixin_or_of_an_object_is_refused():
    class Mixin:
        def _e_step(self, X):
            return 0.0, np.zeros((len(X), 2))

    class Mixed(Mixin, gmmx.GaussianMixture):
        pass

    with pytest.raises(TypeError, match=r"^Mixin\._e_step overrides"):
        Mixed(2).fit(X)
    model = gmmx.GaussianMixture(2, random_state=0)
    model._m_step = lambda X, log_resp: None
    with pytest.raises(TypeError, match=r"^GaussianMixture\._m_step overrides"):
        model.fit(X)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "score_samples", "score", "bic", "sample"])
def test_what_is_computed_from_parameters_is_refused_as_well(method):
    model = overriding("_estimate_log_prob").from_parameters([1.0], [[0.0, 0.0]], [1.0], "spherical")
    arguments = () if method == "sample" else (X,)
    with pytest.raises(TypeError, match=r"_estimate_log_prob overrides"):
        getattr(model, method)(*arguments)


@pytest.mark.skipif(importlib.util.find_spec("dask") is None, reason="needs Dask")
def test_an_overridden_hook_is_refused_by_dask():
    array = pytest.importorskip("dask.array")
    dask = pytest.importorskip("gmmx.dask")
    model = overriding("_m_step", dask.GaussianMixture)(2, random_state=0)
    with pytest.raises(TypeError, match=r"^Weighted\._m_step overrides"):
        model.fit(array.from_array(X, chunks=(50, 2)))


def test_a_failed_fit_leaves_the_earlier_one():
    model = gmmx.GaussianMixture(2, random_state=0).fit(X)
    means = model.means_.copy()
    model._m_step = lambda X, log_resp: None
    with pytest.raises(TypeError):
        model.fit(X + 1)
    assert np.array_equal(model.means_, means)


class Public(gmmx.GaussianMixture):
    """Overrides what may be overridden."""

    def fit(self, X, y=None, sample_weight=None):
        return super().fit(np.asarray(X) * 2, y, sample_weight)

    def _estimate_of_my_own(self):
        return 1


class Both(gmmx.GaussianMixture, sklearn.mixture.GaussianMixture):
    """A mixture of either library."""


@pytest.mark.parametrize("subclass", [Public, Both])
def test_other_subclasses_are_fitted(subclass):
    model = subclass(2, random_state=0).fit(X)
    scale = 2 if subclass is Public else 1
    assert np.array_equal(model.means_, gmmx.GaussianMixture(2, random_state=0).fit(X * scale).means_)
    assert isinstance(clone(model), subclass)
    assert np.array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))


KEEPS_FLOAT32 = tuple(map(int, sklearn.__version__.split(".")[:2])) >= (1, 7)
"""Whether this scikit-learn computes in float32, too."""


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical"])
def test_readers_return_what_scikit_learn_returns(covariance_type, dtype):
    theirs = sklearn.mixture.GaussianMixture(3, covariance_type=covariance_type, random_state=0).fit(X.astype(dtype))
    ours = gmmx.GaussianMixture.from_sklearn(theirs)
    rows = X.astype(dtype)
    tolerance = {"rtol": 1e-4, "atol": 1e-4} if dtype == np.float32 else {"rtol": 1e-10, "atol": 1e-10}
    for name in ("_estimate_log_prob", "_estimate_weighted_log_prob"):
        found, expected = getattr(ours, name)(rows), getattr(theirs, name)(rows)
        assert found.dtype == dtype
        assert expected.dtype == (dtype if KEEPS_FLOAT32 else np.float64)
        np.testing.assert_allclose(found, expected, **tolerance)
    np.testing.assert_allclose(ours._estimate_log_weights(), theirs._estimate_log_weights(), **tolerance)
    for found, expected in zip(ours._estimate_log_prob_resp(rows), theirs._estimate_log_prob_resp(rows), strict=True):
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, **tolerance)


def test_readers_know_parsimonious_models_and_empty_components():
    model = gmmx.GaussianMixture.from_parameters([0.0, 1.0], [[0.0, 0.0], [5.0, 5.0]], [np.eye(2)] * 2, "VVV")
    assert model._estimate_log_weights().tolist() == [-np.inf, 0.0]
    log_prob_norm, log_resp = model._estimate_log_prob_resp(X)
    np.testing.assert_allclose(np.exp(log_resp), model.predict_proba(X), rtol=1e-12)
    np.testing.assert_array_equal(log_prob_norm, model.score_samples(X))


def test_readers_need_a_fit_and_rows():
    with pytest.raises(NotFittedError):
        gmmx.GaussianMixture()._estimate_log_prob(X)
    with pytest.raises(NotFittedError):
        gmmx.GaussianMixture()._estimate_log_weights()
    with pytest.raises(ValueError, match="NaN in row 0"):
        gmmx.GaussianMixture().fit(X)._estimate_log_prob([[np.nan, 0.0]])
