"""Parameters of an estimator reach EM as one value, which knows no estimator."""

import dataclasses
import pickle

import numpy as np
import pytest

import gmmx
from gmmx.em.config import EMConfig, InitConfig
from gmmx.em.initialization import INITIALIZERS
from gmmx.em.restarts import fit_rows
from gmmx.mixture import _gaussian_mixture
from gmmx.mixture._configs import em_config, init_config
from gmmx.validation import Rows, checked_rows

RNG = np.random.default_rng(0)
X = np.concatenate([RNG.normal(0, 1, (60, 2)), RNG.normal(6, 1, (60, 2))])
WEIGHTS = RNG.integers(0, 3, len(X)).astype(float)


def test_fields_are_the_estimators_parameters_and_defaults():
    params = gmmx.GaussianMixture().get_params()
    defaults = {field.name: field.default for config in (EMConfig, InitConfig) for field in dataclasses.fields(config)}
    assert defaults.pop("n_threads") == 1  # in place of n_jobs
    assert set(params) - set(defaults) == {"n_jobs", "warm_start"}
    assert {name: params[name] for name in defaults} == defaults


@pytest.mark.parametrize("init_params", INITIALIZERS)
def test_a_fit_of_configurations_is_that_of_the_estimator(init_params):
    model = gmmx.GaussianMixture(2, init_params=init_params, n_init=3, random_state=0, n_jobs=1)
    em, init = pickle.loads(pickle.dumps((em_config(model), init_config(model))))
    rows = pickle.loads(pickle.dumps(checked_rows(X, WEIGHTS)))
    fit = fit_rows(em, init, rows, None, str)
    fitted = model.fit(X, sample_weight=WEIGHTS)
    np.testing.assert_array_equal(fit.run.mixture.means, fitted.means_)
    assert fit.log_likelihood(fit.run.mixture) == fitted.log_likelihood_


def test_configurations_do_not_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        EMConfig().tol = 0.5
    with pytest.raises(dataclasses.FrozenInstanceError):
        InitConfig().n_init = 2


@pytest.mark.parametrize(
    "fit",
    [
        lambda model: model.fit(X),
        lambda model: model.fit_predict(X),
        lambda model: model.fit_batches([X[:50], X[50:]]),
    ],
)
def test_a_fit_makes_each_configuration_once(fit, monkeypatch):
    made = []
    for name, make in {"em_config": em_config, "init_config": init_config}.items():
        monkeypatch.setattr(_gaussian_mixture, name, lambda model, n=name, f=make, **k: made.append(n) or f(model, **k))
    fit(gmmx.GaussianMixture(2, n_init=3, random_state=0))
    assert sorted(made) == ["em_config", "init_config"]


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("which", [slice(3, 50, 2), np.array([5, 0, 7]), RNG.random(len(X)) < 0.5])
def test_some_of_the_rows(which, weights):
    rows = Rows(X, weights, 3)
    some = rows[which]
    np.testing.assert_array_equal(some.X, X[which])
    assert (len(some), some.n_rows, some.n_threads) == (len(X[which]), len(X[which]), 3)
    assert some.total_weight == (len(X[which]) if weights is None else weights[which].sum())
    assert some.n_present == (len(some) if weights is None else np.count_nonzero(weights[which]))
