"""Subclasses that override private methods of scikit-learn are refused."""

import importlib.util
import pickle

import numpy as np
import pytest
import sklearn.mixture
from sklearn.base import clone

import gmmx
from gmmx._sklearn_hooks import _HOOKS

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
    model = overriding(name)(2, random_state=0)
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
