"""GaussianMixture: scikit-learn's results, and what goes beyond it."""

import copy
import pickle
import re
import subprocess
import sys
import warnings

import joblib
import numpy as np
import pytest
import sklearn.mixture
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import load_iris, load_wine, make_blobs
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV

import gmmx
from gmmx import FitFailedError, GaussianMixture, _core

COVARIANCE_TYPES = ["full", "tied", "diag", "spherical"]
SEEDED = ["k-means++", "random_from_data"]  # every component starts at one row
INIT_PARAMS = ["kmeans", "random", *SEEDED]
PARAMETERS = ["weights_", "means_", "covariances_", "precisions_", "precisions_cholesky_"]

IRIS = load_iris().data
BLOBS = make_blobs(400, n_features=2, centers=4, cluster_std=1.5, random_state=1)[0]
WINE = load_wine().data[:, :6] / load_wine().data[:, :6].std(axis=0)
DATA = {"iris": (IRIS, 3), "blobs": (BLOBS, 4), "wine": (WINE, 2)}


SINCE_1_9 = tuple(map(int, sklearn.__version__.split(".")[:2])) >= (1, 9)
"""Whether this scikit-learn is the one whose attributes and words are met; on Python 3.10 there is only 1.7."""


def fitted_attributes(model):
    """Copy everything that fit sets."""
    return copy.deepcopy({name: value for name, value in vars(model).items() if name.endswith("_")})


def assert_same_attributes(left, right):
    assert left.keys() == right.keys()
    for name, value in left.items():
        assert_array_equal(np.asarray(value), np.asarray(right[name]), err_msg=name)


def assert_same_model(model, other, rtol=1e-9):
    for name in PARAMETERS:
        assert_allclose(getattr(model, name), getattr(other, name), rtol=rtol, atol=rtol, err_msg=name)


# Drop-in ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("init_params", INIT_PARAMS)
@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
@pytest.mark.parametrize("data", DATA)
def test_same_result_as_scikit_learn(data, covariance_type, init_params):
    X, n_components = DATA[data]
    seeded = init_params in SEEDED
    if seeded and covariance_type == "tied":
        pytest.skip("scikit-learn starts from second moments of all rows about the origin; see below")
    settings = dict(
        n_components=n_components,
        covariance_type=covariance_type,
        init_params=init_params,
        max_iter=500,
        random_state=7,
        # From one row alone scikit-learn's variances are off by 10 eps x^2, which matters next to 1e-6.
        reg_covar=1e-2 if seeded else 1e-6,
    )
    theirs = sklearn.mixture.GaussianMixture(**settings).fit(X)
    ours = GaussianMixture(**settings).fit(X)
    assert_same_model(ours, theirs, rtol=1e-6)
    assert ours.n_iter_ == theirs.n_iter_
    assert ours.converged_ and theirs.converged_
    assert ours.lower_bound_ == pytest.approx(theirs.lower_bound_, rel=1e-8)
    if SINCE_1_9:  # from seeds, its first weights sum to n_components / n_samples, which shifts the first bound
        assert_allclose(ours.lower_bounds_[seeded:], theirs.lower_bounds_[seeded:], rtol=1e-7)
    assert_array_equal(ours.predict(X), theirs.predict(X))
    assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-6)
    assert_allclose(ours.score_samples(X), theirs.score_samples(X), rtol=1e-6)
    for method in ("score", "aic", "bic"):
        assert getattr(ours, method)(X) == pytest.approx(getattr(theirs, method)(X), rel=1e-7)
    assert ours._n_parameters() == theirs._n_parameters()


@pytest.mark.parametrize("init_params", SEEDED)
def test_tied_starts_where_the_others_do(init_params):
    settings = dict(n_components=3, init_params=init_params, random_state=0, n_init=3)
    ours = GaussianMixture(covariance_type="tied", **settings).fit(IRIS)
    theirs = sklearn.mixture.GaussianMixture(covariance_type="tied", **settings).fit(IRIS)
    assert ours.score(IRIS) > theirs.score(IRIS)
    ours.set_params(max_iter=0).fit(IRIS)
    assert_allclose(ours.covariances_, 1e-6 * np.eye(4))
    assert_allclose(ours.weights_, 1 / 3)


@pytest.mark.parametrize("init_params", INIT_PARAMS)
def test_draws_as_many_random_numbers_as_scikit_learn(init_params):
    left = {}
    for library in (sklearn.mixture, gmmx):
        state = np.random.RandomState(3)
        library.GaussianMixture(5, init_params=init_params, random_state=state, n_init=3, tol=1).fit(BLOBS)
        left[library] = state.random_sample(4)
    assert_array_equal(left[gmmx], left[sklearn.mixture])


def test_constructor_has_scikit_learns_parameters_and_defaults():
    theirs = sklearn.mixture.GaussianMixture().get_params()
    ours = GaussianMixture().get_params()
    assert {name: ours[name] for name in theirs} == theirs
    assert {name: ours[name] for name in ours.keys() - theirs.keys()} == {
        "n_jobs": None,
        "callback": None,
        "responsibilities_init": None,
        "acceleration": None,
        "prior": None,
    }
    online = gmmx.OnlineGaussianMixture().get_params()
    assert ours.items() <= online.items()
    assert {name: online[name] for name in online.keys() - ours.keys()} == {
        "learning_decay": 0.6,
        "learning_offset": 1.0,
        "average": False,
    }
    assert not hasattr(GaussianMixture, "partial_fit")


INITS = {
    "weights_init": np.array([0.2, 0.3, 0.5]),
    "means_init": IRIS[[10, 60, 120]],
}


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
@pytest.mark.parametrize("names", [("w",), ("m",), ("p",), ("w", "m"), ("w", "p"), ("m", "p"), ("w", "m", "p")])
@pytest.mark.parametrize("max_iter", [0, 1, 100])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_initial_parameters_as_in_scikit_learn(covariance_type, names, max_iter):
    precisions = {
        "full": np.array([np.diag([2.0, 3, 4, 5]) + 0.3 * k for k in range(3)]),
        "tied": np.diag([2.0, 3, 4, 5]) + 0.3,
        "diag": np.arange(1.0, 13).reshape(3, 4),
        "spherical": np.array([1.0, 2.0, 4.0]),
    }
    inits = {**INITS, "precisions_init": precisions[covariance_type]}
    inits = {name: value for name, value in inits.items() if name[0] in names}
    settings = dict(n_components=3, covariance_type=covariance_type, max_iter=max_iter, random_state=0, **inits)
    ours = GaussianMixture(**settings).fit(IRIS)
    if max_iter == 0 and "p" in names:  # scikit-learn has no covariances_ then, or those of the partition
        for name, value in inits.items():
            assert_allclose(getattr(ours, name.replace("init", "")), value, rtol=1e-12)
        inverse = np.linalg.inv if covariance_type in ("full", "tied") else np.reciprocal
        assert_allclose(ours.covariances_, inverse(precisions[covariance_type]), rtol=1e-12)
    else:
        theirs = sklearn.mixture.GaussianMixture(**settings).fit(IRIS)
        assert_same_model(ours, theirs, rtol=1e-6)
        assert ours.lower_bound_ == pytest.approx(theirs.lower_bound_, rel=1e-8)


def test_not_converged_warns_in_the_same_words():
    caught = {}
    for library in (sklearn.mixture, gmmx):
        with pytest.warns(ConvergenceWarning) as record:
            library.GaussianMixture(3, max_iter=1, random_state=0).fit(IRIS)
        caught[library] = [str(warning.message) for warning in record]
        assert record[0].filename == __file__ or library is not gmmx
    assert caught[gmmx] == caught[sklearn.mixture]


@pytest.mark.parametrize("verbose", [1, 2])
def test_prints_what_scikit_learn_prints(verbose, capsys):
    printed = {}
    for library in (sklearn.mixture, gmmx):
        library.GaussianMixture(3, n_init=2, random_state=0, verbose=verbose, verbose_interval=5).fit(IRIS)
        printed[library] = re.sub(r"time lapse \S+s", "time lapse", capsys.readouterr().out)
    assert "Iteration 5" in printed[gmmx]
    assert printed[gmmx] == printed[sklearn.mixture]


# What a fit does to the estimator ---------------------------------------------------------------------------


def test_constructor_parameters_are_left_alone():
    means = [[5, 3, 1, 0], [6, 3, 4, 1], [7, 3, 5, 2]]
    weights = (0.25, 0.25, 0.5)
    model = GaussianMixture(3, means_init=means, weights_init=weights, random_state=np.random.RandomState(0))
    before = model.get_params()
    model.fit(IRIS)
    after = model.get_params()
    assert before.keys() == after.keys()
    assert all(after[name] is before[name] for name in before)
    assert means == [[5, 3, 1, 0], [6, 3, 4, 1], [7, 3, 5, 2]]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_types_follow_the_data(covariance_type, dtype):
    X = IRIS.astype(dtype)
    model = GaussianMixture(3, covariance_type=covariance_type, random_state=0).fit(X)
    for name in PARAMETERS:
        assert getattr(model, name).dtype == dtype
        assert getattr(model, name).flags.writeable and getattr(model, name).flags.owndata
    assert model.score_samples(X).dtype == dtype
    assert model.predict_proba(X).dtype == dtype
    assert model.predict(X).dtype == np.int64
    assert_allclose(model.predict_proba(X).sum(axis=1), 1.0, rtol=1e-6)


@pytest.mark.parametrize("dtype, rtol", [(np.float32, 1e-5), (np.float64, 1e-12)])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("max_iter", [0, 3, 100])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_log_likelihood_is_that_of_the_returned_parameters(dtype, rtol, weighted, max_iter):
    X = IRIS.astype(dtype)
    weights = np.linspace(0, 2, len(X)) if weighted else np.ones(len(X))
    model = GaussianMixture(3, max_iter=max_iter, random_state=0)
    model.fit(X, sample_weight=weights if weighted else None)
    assert model.log_likelihood_ == pytest.approx(weights @ model.score_samples(X), rel=rtol)
    assert model.score(X, sample_weight=weights) == pytest.approx(model.log_likelihood_ / weights.sum(), rel=1e-12)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("covariance_type", _core.covariance_types())
def test_fit_predict_is_fit_then_predict(covariance_type, dtype):
    rows = (IRIS[:, :1] if covariance_type in ("E", "V") else IRIS).astype(dtype)
    weights = np.arange(len(IRIS)) % 3
    model = GaussianMixture(3, covariance_type=covariance_type, random_state=0)
    labels = model.fit_predict(rows, sample_weight=weights)
    assert_array_equal(labels, model.predict(rows))
    again = clone(model).fit(rows, sample_weight=weights)
    assert_same_model(model, again, rtol=0)
    assert model.log_likelihood_ == again.log_likelihood_
    assert labels.dtype == np.int64


def test_fit_predict_keeps_the_fit_if_a_row_of_weight_zero_has_no_label():
    rows = np.concatenate([IRIS, [[1e200, 0, 0, 0]]])
    weights = np.r_[np.ones(len(IRIS)), 0.0]
    model = GaussianMixture(3, random_state=0).fit(IRIS)
    means = model.means_
    with pytest.raises(ValueError, match=r"in row 150 \(the first is 0\)"):
        model.fit_predict(rows, sample_weight=weights)
    assert model.means_ is means


def test_results_do_not_depend_on_n_jobs():
    X = np.random.default_rng(0).normal(size=(5000, 3))
    models = [GaussianMixture(4, random_state=0, n_jobs=n_jobs, max_iter=10, tol=0) for n_jobs in (1, 2, 3, 7, -1)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        first, *others = [fitted_attributes(model.fit(X)) for model in models]
    for other in others:
        assert_same_attributes(first, other)


# Sample weights ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("init_params", ["kmeans", "k-means++", "labels"])
@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_a_weight_is_a_repetition(covariance_type, init_params):
    repeats = np.random.default_rng(5).integers(0, 4, size=len(IRIS))
    labels = np.arange(len(IRIS)) // 50
    settings = dict(n_components=3, covariance_type=covariance_type, random_state=0)
    if init_params != "labels":
        settings["init_params"] = init_params
    weighted, repeated = GaussianMixture(**settings), GaussianMixture(**settings)
    if init_params == "labels":
        weighted.set_params(responsibilities_init=labels)
        repeated.set_params(responsibilities_init=labels.repeat(repeats))
    weighted.fit(IRIS, sample_weight=repeats)
    repeated.fit(IRIS.repeat(repeats, axis=0))
    assert weighted.n_iter_ == repeated.n_iter_
    assert_same_model(weighted, repeated, rtol=1e-8)
    assert weighted.log_likelihood_ == pytest.approx(repeated.log_likelihood_, rel=1e-10)
    for method in ("score", "aic", "bic"):
        assert getattr(weighted, method)(IRIS, sample_weight=repeats) == pytest.approx(
            getattr(repeated, method)(IRIS.repeat(repeats, axis=0)), rel=1e-10
        )


@given(
    seed=st.integers(0, 2**31),
    n_features=st.integers(1, 4),
    n_components=st.integers(1, 3),
    covariance_type=st.sampled_from(COVARIANCE_TYPES),
    dtype=st.sampled_from([np.float64, np.float32]),
)
@settings(max_examples=40, deadline=None)
def test_weights_repeat_rows_in_general(seed, n_features, n_components, covariance_type, dtype):
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(n_components), 8)
    X = (rng.normal(size=(len(labels), n_features)) + 6 * labels[:, np.newaxis]).astype(dtype)
    repeats = rng.integers(1, 4, size=len(X)) * (np.arange(len(X)) % 8 != 3)
    model = GaussianMixture(n_components, covariance_type=covariance_type, reg_covar=1e-3, max_iter=3, tol=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        weighted = clone(model).set_params(responsibilities_init=labels).fit(X, sample_weight=repeats)
        repeated = clone(model).set_params(responsibilities_init=labels.repeat(repeats))
        repeated.fit(X.repeat(repeats, axis=0))
    assert_same_model(weighted, repeated, rtol=1e-8 if dtype == np.float64 else 2e-3)


@pytest.mark.parametrize("init_params", INIT_PARAMS)
def test_a_row_of_weight_zero_is_absent(init_params):
    far_away = np.full((30, 4), 1e4)
    X, weights = np.vstack([IRIS, far_away]), np.repeat([1.5, 0.0], [150, 30])
    model = GaussianMixture(3, init_params=init_params, random_state=0).fit(X, sample_weight=weights)
    assert model.means_.max() < 10
    without = GaussianMixture(3, init_params=init_params, random_state=0).fit(IRIS, sample_weight=weights[:150])
    assert_same_model(model, without, rtol=1e-8)


def test_weights_are_routed_as_metadata():
    weights = np.random.default_rng(0).integers(1, 4, size=len(BLOBS)).astype(float)
    with config_context(enable_metadata_routing=True):
        model = GaussianMixture(random_state=0, tol=1e-2)
        model.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        search = GridSearchCV(model, {"n_components": [1, 4]}, cv=3).fit(BLOBS, sample_weight=weights)
        assert search.best_params_ == {"n_components": 4}
        direct = GaussianMixture(4, random_state=0, tol=1e-2).fit(BLOBS, sample_weight=weights)
        assert_same_model(search.best_estimator_, direct)


# Starts -----------------------------------------------------------------------------------------------------


def test_n_init_keeps_the_best():
    settings = dict(n_components=4, init_params="random", max_iter=300)
    one = GaussianMixture(**settings, random_state=np.random.RandomState(0))
    bounds = [one.fit(BLOBS).lower_bound_ for _ in range(5)]
    assert len(set(bounds)) == 5
    settings["n_init"] = 5
    in_turn = GaussianMixture(**settings, random_state=np.random.RandomState(0), callback=lambda *_: False).fit(BLOBS)
    assert in_turn.lower_bound_ == max(bounds)
    model = GaussianMixture(**settings, random_state=np.random.RandomState(0)).fit(BLOBS)  # starts share passes
    assert model.lower_bound_ == pytest.approx(max(bounds), rel=1e-12)
    theirs = sklearn.mixture.GaussianMixture(**settings, random_state=np.random.RandomState(0)).fit(BLOBS)
    assert_same_model(model, theirs, rtol=1e-6)


COLLAPSING = np.vstack([np.random.RandomState(0).normal(size=(40, 2)), np.full((4, 2), 6.0), [[-5.0, 5.0]]])
"""Some starts put the four equal rows into a component of their own."""


def test_one_failed_start_does_not_stop_the_others():
    settings = dict(n_components=2, n_init=20, reg_covar=0, init_params="random", random_state=0, max_iter=20)
    model = GaussianMixture(**settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(COLLAPSING)
    assert 0 < len(model.failed_starts_) < 20
    for failed in model.failed_starts_:
        assert failed.component in (0, 1)
        assert failed.iteration > 0
        assert 0 <= failed.start < 20
    assert np.isfinite(model.log_likelihood_)
    with pytest.raises(ValueError, match="ill-defined empirical covariance"):
        sklearn.mixture.GaussianMixture(**settings).fit(COLLAPSING)


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_all_starts_failed(covariance_type, dtype):
    X = np.repeat([[0.0, 0.0], [1.0, 1.0]], 5, axis=0).astype(dtype)
    model = GaussianMixture(2, covariance_type=covariance_type, reg_covar=0, n_init=7, random_state=0)
    with pytest.raises(FitFailedError) as failure:
        model.fit(X)
    message = str(failure.value)
    if SINCE_1_9:
        with pytest.raises(ValueError) as theirs:
            sklearn.mixture.GaussianMixture(2, covariance_type=covariance_type, reg_covar=0).fit(X)
        assert str(theirs.value) in message
    who = "the shared covariance" if covariance_type == "tied" else r"component [01]"
    assert re.search(f"{who} collapsed in the initialization of start 0; .*and 2 more", message)
    assert not hasattr(model, "converged_")


def test_failure_names_the_iteration():
    X = np.array([[0.0], [0.1], [0.2], [0.3], [9.0]])
    model = GaussianMixture(2, reg_covar=0, means_init=[[0.1], [9.0]], weights_init=[0.5, 0.5])
    model.set_params(precisions_init=np.full((2, 1, 1), 100.0))
    with pytest.raises(FitFailedError, match=r"component 1 collapsed in iteration \d+ of start 0"):
        model.fit(X)


@pytest.mark.parametrize("init_params", INIT_PARAMS)
def test_precisions_spare_the_covariances_of_a_collapsing_partition(init_params):
    X = np.array([[0.0, 0.0], [0.0, 1.0], [5.0, 5.0], [5.0, 6.0]])
    model = GaussianMixture(2, init_params=init_params, reg_covar=0, precisions_init=[np.eye(2)] * 2, max_iter=0)
    model.set_params(random_state=0).fit(X)
    assert_allclose(model.covariances_, [np.eye(2)] * 2)
    assert_allclose(model.weights_.sum(), 1.0)


def test_max_iter_zero_keeps_the_best_start():
    model = GaussianMixture(4, init_params="random_from_data", reg_covar=1.0, max_iter=0, random_state=0)
    single = [clone(model).set_params(random_state=seed).fit(BLOBS).score(BLOBS) for seed in range(3)]
    assert len(set(single)) == 3
    state = np.random.RandomState(0)
    model.set_params(random_state=state)
    scores = [model.fit(BLOBS).score(BLOBS) for _ in range(6)]
    best = clone(model).set_params(n_init=6, random_state=np.random.RandomState(0)).fit(BLOBS)
    assert best.score(BLOBS) == max(scores)
    assert best.n_iter_ == 0 and best.lower_bounds_ == [] and best.lower_bound_ == -np.inf
    assert not best.converged_


def test_a_generator_as_random_state():
    def fit(generator):
        return GaussianMixture(3, init_params="random", random_state=generator, tol=1).fit(IRIS)

    assert_same_model(fit(np.random.default_rng(1)), fit(np.random.default_rng(1)), rtol=0)
    generator = np.random.default_rng(1)
    first, second = fit(generator), fit(generator)
    assert not np.array_equal(first.means_, second.means_)
    for init_params in INIT_PARAMS:
        model = GaussianMixture(3, init_params=init_params, random_state=np.random.default_rng(2), n_init=2)
        assert model.fit(IRIS).converged_


def test_labels_and_responsibilities_start_alike():
    labels = np.arange(len(IRIS)) // 50
    by_labels = GaussianMixture(3, responsibilities_init=labels, n_init=50, max_iter=300).fit(IRIS)
    by_matrix = GaussianMixture(3, responsibilities_init=np.eye(3)[labels], max_iter=300).fit(IRIS)
    assert_same_model(by_labels, by_matrix)
    assert by_labels.n_iter_ == by_matrix.n_iter_
    start = GaussianMixture(3, responsibilities_init=labels, max_iter=0, reg_covar=0).fit(IRIS)
    assert_allclose(start.means_, [IRIS[labels == k].mean(axis=0) for k in range(3)], rtol=1e-12)
    expected = [np.cov(IRIS[labels == k].T, bias=True) for k in range(3)]
    assert_allclose(start.covariances_, expected, rtol=1e-10, atol=1e-12)


def test_responsibilities_continue_a_fit():
    first = GaussianMixture(3, random_state=0, max_iter=2, tol=0)
    with pytest.warns(ConvergenceWarning):
        first.fit(IRIS)
    start = GaussianMixture(3, responsibilities_init=first.predict_proba(IRIS), max_iter=0).fit(IRIS)
    with pytest.warns(ConvergenceWarning):
        longer = clone(first).set_params(max_iter=3).fit(IRIS)
    assert_same_model(start, longer, rtol=1e-8)


def test_rows_labelled_minus_one_have_no_part_in_the_start():
    labels = np.arange(len(IRIS)) // 50
    labels[::2] = -1
    start = GaussianMixture(3, responsibilities_init=labels, max_iter=0).fit(IRIS)
    assert_allclose(start.means_, [IRIS[labels == k].mean(axis=0) for k in range(3)], rtol=1e-12)
    assert_allclose(start.weights_, 1 / 3)


def test_initial_parameters_stand_above_a_partition():
    labels = np.arange(len(IRIS)) // 50
    start = GaussianMixture(3, responsibilities_init=labels, weights_init=[0.5, 0.25, 0.25], max_iter=0).fit(IRIS)
    assert_allclose(start.weights_, [0.5, 0.25, 0.25])


def test_an_empty_component_is_reported_and_stays_put():
    X = np.repeat([[100.0, 100.0], [101.0, 102.0]], 5, axis=0)
    model = GaussianMixture(4, random_state=0)
    with pytest.warns(ConvergenceWarning, match=r"No row belongs to the components \[.*\]. Lower n_components"):
        model.fit(X)
    assert len(model.empty_components_) == 2
    assert_array_equal(model.weights_[model.empty_components_], 0)
    assert (model.means_ >= 100).all() and (model.means_ <= 102).all()


# Warm start -------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_warm_start_goes_on(covariance_type):
    settings = dict(n_components=3, covariance_type=covariance_type, random_state=0, tol=1e-7)
    long = GaussianMixture(**settings, max_iter=6).fit(IRIS)
    theirs = sklearn.mixture.GaussianMixture(**settings, max_iter=2, warm_start=True)
    ours = GaussianMixture(**settings, max_iter=2, warm_start=True, n_init=5)
    for _ in range(3):
        theirs.fit(IRIS)
        ours.set_params(n_init=1).fit(IRIS)
        assert ours.n_iter_ == theirs.n_iter_
        assert ours.lower_bound_ == ours.lower_bounds_[-1]
        assert ours.lower_bound_ == pytest.approx(theirs.lower_bound_, rel=1e-9)
    assert_same_model(ours, long, rtol=1e-8)


def test_warm_start_converges_at_once_where_it_stands():
    model = GaussianMixture(3, random_state=0, warm_start=True, tol=1e-6, max_iter=1000).fit(IRIS)
    assert model.fit(IRIS).n_iter_ == 1


def test_warm_start_refuses_another_mixture():
    model = GaussianMixture(3, random_state=0, warm_start=True).fit(IRIS)
    before = fitted_attributes(model)
    changes = [({"n_components": 2}, IRIS), ({"covariance_type": "tied"}, IRIS), ({}, IRIS[:, :2])]
    for change, X in changes:
        with pytest.raises(ValueError, match="warm_start=True goes on from the last fit"):
            model.set_params(**change).fit(X)
        model.set_params(n_components=3, covariance_type="full")
    assert_same_attributes(before, fitted_attributes(model))


def test_warm_start_from_known_parameters():
    model = GaussianMixture.from_parameters([0.5, 0.5], IRIS[[0, 100]], [np.eye(4)] * 2)
    model.set_params(warm_start=True).fit(IRIS)
    cold = GaussianMixture(2, weights_init=[0.5, 0.5], means_init=IRIS[[0, 100]], precisions_init=[np.eye(4)] * 2)
    assert_same_model(model, cold.fit(IRIS))


# Callback ---------------------------------------------------------------------------------------------------


def test_callback_is_told_the_total_log_likelihood():
    seen = []
    weights = np.linspace(0.5, 2, len(IRIS))
    model = GaussianMixture(3, random_state=0, callback=lambda *args: seen.append(args))
    model.fit(IRIS, sample_weight=weights)
    assert [iteration for iteration, _ in seen] == list(range(1, model.n_iter_ + 1))
    assert_allclose([total for _, total in seen], np.array(model.lower_bounds_) * weights.sum(), rtol=1e-12)


def test_callback_stops_quietly():
    calls = []

    def stop(iteration, log_likelihood):
        calls.append(iteration)
        return iteration == 3

    model = GaussianMixture(3, random_state=0, n_init=4, tol=1e-9, callback=stop).fit(IRIS)
    assert calls == [1, 2, 3]
    assert model.n_iter_ == 3 and not model.converged_


@pytest.mark.parametrize("error", [RuntimeError("enough"), KeyboardInterrupt()])
@pytest.mark.parametrize("earlier", [False, True])
def test_an_interrupted_fit_changes_nothing(error, earlier):
    def interrupt(iteration, log_likelihood):
        if iteration == 2:
            raise error

    model = GaussianMixture(3, random_state=0, callback=interrupt, tol=1e-6)
    if earlier:
        model.set_params(callback=None).fit(IRIS).set_params(callback=interrupt)
    before = fitted_attributes(model)
    with pytest.raises(type(error)):
        model.fit(BLOBS)
    assert_same_attributes(before, fitted_attributes(model))


def test_a_warning_turned_error_changes_nothing():
    model = GaussianMixture(3, random_state=0).fit(IRIS)
    before = fitted_attributes(model)
    with pytest.raises(ConvergenceWarning):
        model.set_params(max_iter=1).fit(BLOBS)
    assert_same_attributes(before, fitted_attributes(model))


# Sampling ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_samples_have_the_moments_of_the_mixture(covariance_type):
    model = GaussianMixture(3, covariance_type=covariance_type, random_state=0).fit(IRIS)
    X, y = model.sample(60_000)
    assert X.shape == (60_000, 4) and X.dtype == np.float64
    assert y.shape == (60_000,) and y.dtype == np.int64
    assert (np.diff(y) >= 0).all()
    assert_allclose(np.bincount(y) / len(y), model.weights_, atol=0.01)
    for k in range(3):
        covariance = model.covariances_ if covariance_type == "tied" else model.covariances_[k]
        if covariance_type in ("diag", "spherical"):
            covariance = np.eye(4) * covariance
        assert_allclose(X[y == k].mean(axis=0), model.means_[k], atol=0.05)
        assert_allclose(np.cov(X[y == k].T), covariance, atol=0.05)


def test_an_int_repeats_its_sample_and_an_instance_does_not():
    model = GaussianMixture(2, random_state=0).fit(IRIS)
    assert_array_equal(model.sample(5)[0], model.sample(5)[0])
    assert_array_equal(model.sample(5, random_state=3)[0], model.sample(5, random_state=3)[0])
    assert not np.array_equal(model.sample(5)[0], model.sample(5, random_state=3)[0])
    for state in (np.random.RandomState(0), np.random.default_rng(0), None):
        model.set_params(random_state=state)
        assert not np.array_equal(model.sample(5)[0], model.sample(5)[0])
    generator = np.random.default_rng(0)
    assert not np.array_equal(model.sample(5, generator)[0], model.sample(5, generator)[0])
    expected = model.sample(5, np.random.default_rng(4))[0]
    assert_array_equal(model.sample(5, random_state=np.random.default_rng(4))[0], expected)


@pytest.mark.parametrize("n_samples", [0, -3])
def test_sample_names_n_samples(n_samples):
    model = GaussianMixture(5, random_state=0).fit(IRIS)
    message = f"Invalid value for 'n_samples': {n_samples} . The sampling requires at least one sample."
    with pytest.raises(ValueError, match=re.escape(message)):
        model.sample(n_samples)


def test_sample_refuses_other_counts():
    model = GaussianMixture(random_state=0).fit(IRIS)
    with pytest.raises(TypeError, match=r"n_samples is 2.5, but must be an integer"):
        model.sample(2.5)
    assert len(model.sample(np.int16(3))[0]) == 3


# Attributes set by hand -------------------------------------------------------------------------------------


def test_predictions_follow_edited_attributes():
    model = GaussianMixture(2, covariance_type="diag", random_state=0).fit(IRIS)
    row = IRIS[:1]
    before = model.score_samples(row)
    model.means_[:] = row
    edited_in_place = model.score_samples(row)
    assert edited_in_place > before
    model.means_ = model.means_ + 1
    assert model.score_samples(row) < edited_in_place
    model.precisions_cholesky_[0, 0] *= 2
    model.weights_[:] = [0.25, 0.75]
    assert_array_equal(model.mixture_.weights, [0.25, 0.75])
    assert_array_equal(model.mixture_.precisions_cholesky, model.precisions_cholesky_)
    model.weights_[:] = [0.25, 0.25]
    with pytest.raises(ValueError, match="weights"):
        model.predict(row)


def test_a_model_made_by_hand():
    model = GaussianMixture(2, covariance_type="spherical")
    model.weights_, model.means_ = np.array([0.5, 0.5]), np.array([[0.0, 0.0], [9.0, 9.0]])
    model.covariances_ = np.array([1.0, 1.0])
    assert model.sample(4)[0].shape == (4, 2)
    model.precisions_cholesky_ = np.array([1.0, 1.0])
    assert_array_equal(model.predict([[1.0, 1.0], [8.0, 8.0]]), [0, 1])


def test_mixture_is_kept_between_predictions():
    model = GaussianMixture(2, random_state=0).fit(IRIS)
    assert model.mixture_ is model.mixture_
    copied = pickle.loads(pickle.dumps(model))
    assert_array_equal(copied.predict(IRIS), model.predict(IRIS))
    assert copied.mixture_ is copied.mixture_


def test_unfitted():
    model = GaussianMixture()
    calls = [lambda method=method: getattr(model, method)(IRIS) for method in ("predict", "score", "bic", "aic")]
    calls += [
        lambda: model.mixture_,
        lambda: model.to_sklearn(),
        lambda: model.save("never"),
        lambda: model.sample(0),
    ]
    for call in calls:
        with pytest.raises(NotFittedError, match="This GaussianMixture instance is not fitted yet"):
            call()
    assert not hasattr(model, "mixture_")


# Copies and conversions -------------------------------------------------------------------------------------


def through_joblib(model, tmp_path):
    joblib.dump(model, tmp_path / "model.joblib")
    return joblib.load(tmp_path / "model.joblib")


@pytest.mark.parametrize(
    "copier",
    [
        lambda model, _: pickle.loads(pickle.dumps(model)),
        lambda model, _: copy.deepcopy(model),
        through_joblib,
    ],
    ids=["pickle", "deepcopy", "joblib"],
)
def test_copies_are_equal(copier, tmp_path):
    model = GaussianMixture(3, random_state=0, n_jobs=1).fit(IRIS)
    copied = copier(model, tmp_path)
    assert copied.get_params() == model.get_params()
    assert_same_attributes(fitted_attributes(model), fitted_attributes(copied))
    assert_array_equal(copied.predict_proba(IRIS), model.predict_proba(IRIS))


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_to_and_from_scikit_learn(covariance_type):
    theirs = sklearn.mixture.GaussianMixture(3, covariance_type=covariance_type, random_state=0).fit(IRIS)
    ours = GaussianMixture.from_sklearn(theirs)
    assert ours.get_params().items() >= theirs.get_params().items()
    assert_allclose(ours.score_samples(IRIS), theirs.score_samples(IRIS), rtol=1e-9)
    assert np.isnan(ours.log_likelihood_)
    back = ours.to_sklearn()
    assert type(back) is sklearn.mixture.GaussianMixture
    before, after = fitted_attributes(theirs), fitted_attributes(back)
    assert_same_attributes(before, {name: after[name] for name in before})
    assert after.keys() - before.keys() <= {"lower_bounds_"}  # which scikit-learn has since 1.7
    assert_array_equal(back.predict_proba(IRIS), theirs.predict_proba(IRIS))
    back.means_[:] = 0
    assert ours.means_.any() and theirs.means_.any()


def test_conversion_keeps_names_and_random_states():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(IRIS, columns=list("abcd"))
    model = GaussianMixture(2, random_state=np.random.default_rng(0)).fit(frame)
    theirs = model.to_sklearn()
    assert list(theirs.feature_names_in_) == list("abcd")
    assert theirs.sample(3)[0].shape == (3, 4)
    theirs.fit(frame)
    assert GaussianMixture.from_sklearn(theirs).n_features_in_ == 4


def test_from_sklearn_refuses_others():
    with pytest.raises(TypeError, match="from_parameters builds a model"):
        GaussianMixture.from_sklearn(sklearn.mixture.BayesianGaussianMixture(n_components=2, max_iter=500).fit(IRIS))
    with pytest.raises(NotFittedError):
        GaussianMixture.from_sklearn(sklearn.mixture.GaussianMixture())


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_from_parameters(covariance_type, dtype):
    fitted = GaussianMixture(3, covariance_type=covariance_type, random_state=0).fit(IRIS.astype(dtype))
    model = GaussianMixture.from_parameters(fitted.weights_, fitted.means_, fitted.covariances_, covariance_type)
    assert model.means_.dtype == dtype
    assert_same_model(model, fitted, rtol=1e-9 if dtype == np.float64 else 1e-3)
    assert model.n_components == 3 and model.n_features_in_ == 4 and model.n_iter_ == 0
    assert_array_equal(model.predict(IRIS), fitted.predict(IRIS))
    assert model._n_parameters() == fitted._n_parameters()


# The package ------------------------------------------------------------------------------------------------


def test_import_is_light():
    optional = ("matplotlib", "click", "pyarrow", "h5py", "zarr", "tqdm", "dask", "pyspark")
    code = (
        "import sys, sklearn.mixture; before = set(sys.modules); import gmmx\n"
        f"print([m for m in {optional} if m in set(sys.modules) - before])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_everything_public_is_there():
    assert gmmx.__all__ == sorted(gmmx.__all__)
    for name in gmmx.__all__:
        assert hasattr(gmmx, name)


@pytest.mark.parametrize("n_jobs", [2**31, 2**80, -(2**31), -(2**80)])
def test_any_number_of_jobs_is_taken(n_jobs):
    X = np.random.default_rng(0).normal(size=(50, 2))
    model = GaussianMixture(2, n_jobs=n_jobs, random_state=0).fit(X)
    assert model.means_.tobytes() == GaussianMixture(2, n_jobs=1, random_state=0).fit(X).means_.tobytes()


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n_features", [2, 60])  # few numbers, and so many that no copy is kept
def test_parameters_count_as_they_are_edited(dtype, n_features):
    X = np.random.default_rng(0).normal(size=(300, n_features)).astype(dtype)
    gm = gmmx.GaussianMixture(3, max_iter=2, tol=1e9, random_state=0).fit(X)

    def expected():
        mixture = gmmx.GaussianMixture.from_parameters(gm.weights_, gm.means_, gm.covariances_)
        mixture.precisions_cholesky_ = gm.precisions_cholesky_
        return mixture.score_samples(X)

    np.testing.assert_allclose(gm.score_samples(X), expected(), rtol=1e-5)
    before = gm.mixture_
    assert gm.mixture_ is before
    gm.means_[0] += 1
    np.testing.assert_allclose(gm.score_samples(X), expected(), rtol=1e-5)
    gm.weights_[:] = [0.5, 0.25, 0.25]
    np.testing.assert_allclose(gm.score_samples(X), expected(), rtol=1e-5)
    gm.precisions_cholesky_[1] *= 2
    assert gm.mixture_ is not before
    np.testing.assert_allclose(gm.score_samples(X), expected(), rtol=1e-5)
    gm.means_ = (gm.means_ + 1).tolist()
    np.testing.assert_allclose(gm.score_samples(X), expected(), rtol=1e-5)
