"""The short ways through checks and seeds end where the long ones do."""

import sys
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import gmmx
from gmmx import reference
from gmmx.em.random import as_random_source


def problem(dtype=np.float64):
    rng = np.random.default_rng(0)
    return np.concatenate([rng.normal(size=(40, 3)), 5 + rng.normal(size=(60, 3))]).astype(dtype)


@pytest.mark.parametrize("seed", [0, 1, 12345, 2**32 - 1])
def test_a_seeded_state_draws_what_numpy_draws(seed):
    expected = np.random.RandomState(seed)
    draws = as_random_source(seed)
    np.testing.assert_array_equal(draws.uniform((1300,)), expected.random_sample(1300))
    np.testing.assert_array_equal(draws.choose(100, 7), expected.choice(100, size=7, replace=False))


def test_draws_of_two_seeds_do_not_mix():
    """States are used again, but never by two at once."""
    first, second = as_random_source(1), as_random_source(2)
    numbers = [first.uniform(3), second.uniform(3), first.uniform(3)]
    del first, second
    again = as_random_source(1)
    np.testing.assert_array_equal(np.concatenate([numbers[0], numbers[2]]), again.uniform(6))
    np.testing.assert_array_equal(numbers[1], np.random.RandomState(2).random_sample(3))


def test_draws_of_many_threads_do_not_mix():
    expected = [np.random.RandomState(seed).random_sample(300) for seed in range(8)]
    switch_interval = sys.getswitchinterval()

    def mixed(seed):
        sources = [as_random_source(seed) for _ in range(3)]
        numbers = np.stack([[source.uniform(1)[0] for source in sources] for _ in range(300)])
        return sum(not np.array_equal(column, expected[seed]) for column in numbers.T)

    try:
        sys.setswitchinterval(1e-6)
        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(mixed, [*range(8)] * 10)) == 0
    finally:
        sys.setswitchinterval(switch_interval)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical"])
def test_starts_that_run_side_by_side_end_where_starts_in_turn_do(covariance_type, weighted, dtype):
    X = problem(dtype)
    weight = np.arange(100) % 3 if weighted else None
    arguments = dict(n_components=4, covariance_type=covariance_type, n_init=20, random_state=0, max_iter=15, tol=1e-6)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        together = [gmmx.GaussianMixture(n_jobs=n, **arguments).fit(X, sample_weight=weight) for n in (1, 2, 3)]
        in_turn = gmmx.GaussianMixture(callback=lambda *_: False, **arguments).fit(X, sample_weight=weight)
    for model in together:
        assert model.lower_bounds_ == in_turn.lower_bounds_
        np.testing.assert_array_equal(model.means_, in_turn.means_)


def test_starts_that_run_side_by_side_fail_where_starts_in_turn_do():
    X = np.random.default_rng(1).normal(size=(60, 2))
    arguments = dict(n_components=6, n_init=20, random_state=3, reg_covar=0.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        together = gmmx.GaussianMixture(**arguments).fit(X)
        in_turn = gmmx.GaussianMixture(callback=lambda *_: False, **arguments).fit(X)
    assert together.failed_starts_ == in_turn.failed_starts_
    iterations = [start.iteration for start in together.failed_starts_]
    assert min(iterations) == 0 < max(iterations) and len(iterations) < 20
    assert together.lower_bounds_ == in_turn.lower_bounds_


def test_edited_parameters_are_checked_again():
    model = gmmx.GaussianMixture(2, random_state=0).fit(problem())
    model.tol = -1.0
    with pytest.raises(ValueError, match="'tol' parameter"):
        model.fit(problem())
    model.set_params(tol=1e-3, n_components=2.0)
    with pytest.raises(ValueError, match="'n_components' parameter"):
        model.fit(problem())
    model.set_params(n_components=2, n_init=np.int64(2)).fit(problem())


def test_seeds_out_of_range_are_refused():
    with pytest.raises(ValueError, match="Seed must be between"):
        as_random_source(2**32)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical"])
def test_unchecked_functions_equal_the_checked_methods(covariance_type, dtype):
    X = problem(dtype)
    model = gmmx.GaussianMixture(2, covariance_type=covariance_type, random_state=0).fit(X)
    mixture = model.mixture_
    for rows in (X, X[:1], X[::2], np.asfortranarray(X)):
        np.testing.assert_array_equal(gmmx.fast.responsibilities(rows, mixture), model.predict_proba(rows))
        np.testing.assert_array_equal(gmmx.fast.score_samples(rows, mixture), model.score_samples(rows))
        np.testing.assert_array_equal(gmmx.fast.predict(rows, mixture), model.predict(rows))


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 2e-5), (np.float64, 1e-11)])
@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical", "VEE", "EVI"])
def test_component_log_densities_are_those_of_the_reference(covariance_type, dtype, tolerance):
    X = problem(dtype)
    mixture = gmmx.GaussianMixture(2, covariance_type=covariance_type, random_state=0).fit(X).mixture_
    twin = reference.Mixture(
        mixture.weights, mixture.means, mixture.covariances, mixture.precisions_cholesky, covariance_type
    )
    expected = reference.log_prob(X.astype(np.float64), twin)
    for rows in (X, np.asfortranarray(X), np.repeat(X, 2, axis=0)[::2]):
        found = gmmx.fast.component_log_densities(rows, mixture, n_threads=2)
        assert (found.dtype, found.shape) == (dtype, (len(X), 2))
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)
        np.testing.assert_array_equal(found, mixture.component_log_densities(rows))
    weighted = found.astype(np.float64) + np.log(mixture.weights)
    np.testing.assert_allclose(np.logaddexp.reduce(weighted, axis=1), gmmx.fast.score_samples(X, mixture), rtol=1e-4)
    assert mixture.component_log_densities(X[:0]).shape == (0, 2)


def test_component_log_densities_refuse_other_shapes_and_types():
    mixture = gmmx.GaussianMixture(2, random_state=0).fit(problem()).mixture_
    with pytest.raises(ValueError, match="4"):
        mixture.component_log_densities(np.zeros((1, 4)))
    with pytest.raises(TypeError, match="int64"):
        mixture.component_log_densities(np.zeros((1, 3), dtype=np.int64))


def test_unchecked_functions_still_check_shape_and_type():
    mixture = gmmx.GaussianMixture(2, random_state=0).fit(problem()).mixture_
    with pytest.raises(ValueError, match="4"):
        gmmx.fast.predict(np.zeros((1, 4)), mixture)
    with pytest.raises(ValueError, match="X"):
        gmmx.fast.predict(np.zeros(3), mixture)
    with pytest.raises(TypeError, match="int64"):
        gmmx.fast.predict(np.zeros((1, 3), dtype=np.int64), mixture)


class Subclassed(np.ndarray):
    """An array that is not quite plain."""


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_plain_arrays_take_the_short_way_to_the_same_fit(dtype):
    X = problem(dtype)
    read_only = X.copy()
    read_only.flags.writeable = False
    fits = [
        gmmx.GaussianMixture(2, random_state=0).fit(rows)
        for rows in (X, read_only, np.asfortranarray(X), X.view(Subclassed), np.repeat(X, 2, axis=0)[::2])
    ]
    for fit in fits:
        assert fit.n_features_in_ == 3
        assert not hasattr(fit, "feature_names_in_")
        np.testing.assert_array_equal(fit.means_, fits[0].means_)
        np.testing.assert_array_equal(fit.covariances_, fits[0].covariances_)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_plain_arrays_that_are_not_finite_are_refused_in_the_same_words(bad):
    X = problem()
    X[3, 1] = bad
    model = gmmx.GaussianMixture(2, random_state=0)
    with pytest.raises(ValueError) as plain:
        model.fit(X)
    with pytest.raises(ValueError) as other:
        model.fit(X.tolist())
    assert str(plain.value) == str(other.value)


def test_large_finite_numbers_whose_sum_overflows_are_not_refused():
    X = np.array([[1e308], [1e308], [0.9e308]])
    model = gmmx.GaussianMixture.from_parameters([1.0], [[0.0]], [1e308], "spherical")
    assert model.predict(X).tolist() == [0, 0, 0]


def test_names_seen_in_a_fit_are_forgotten_by_a_fit_of_a_plain_array():
    pandas = pytest.importorskip("pandas")
    X = problem()
    model = gmmx.GaussianMixture(2, random_state=0).fit(pandas.DataFrame(X, columns=["a", "b", "c"]))
    assert model.feature_names_in_.tolist() == ["a", "b", "c"]
    with pytest.warns(UserWarning, match="feature names"):
        model.predict(X)
    assert not hasattr(model.fit(X), "feature_names_in_")
    with pytest.raises(ValueError, match="expecting 3 features"):
        model.predict(X[:, :2])


def test_a_failed_start_tells_its_iteration_with_and_without_a_listener():
    X = np.array([[0.0, 0.0], [0.0, 0.0], [1.0, 1.0], [5.0, 3.0], [5.0, 4.0]])
    messages = []
    for options in ({}, {"callback": lambda iteration, log_likelihood: False}):
        with pytest.raises(gmmx.FitFailedError) as error:
            gmmx.GaussianMixture(3, reg_covar=0, random_state=0, **options).fit(X)
        messages.append(str(error.value))
    assert messages[0] == messages[1]


@pytest.mark.parametrize("name", ["component_log_densities", "predict", "responsibilities", "score_samples"])
def test_functions_of_densities_say_which_argument_they_cannot_take(name):
    model = gmmx.GaussianMixture(random_state=0).fit(np.arange(12.0).reshape(6, 2) ** 2)
    function = getattr(gmmx.fast, name)
    with pytest.raises(TypeError, match=r"^mixture is of type GaussianMixture, but must be .* give the mixture_"):
        function(np.zeros((1, 2)), model)
    with pytest.raises(TypeError, match=r"^X is of type list, but must be .* give numpy.asarray"):
        function([[0.0, 0.0]], model.mixture_)
    with pytest.raises(TypeError, match=r"^X is an array of int64, but must be .* give numpy.asarray"):
        function(np.zeros((1, 2), dtype=np.int64), model.mixture_)
    with pytest.raises(TypeError, match=r"^n_threads is 'all', but must be"):
        function(np.zeros((1, 2)), model.mixture_, "all")
