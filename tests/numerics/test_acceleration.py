"""Accelerated EM: the same optimum in fewer passes, and never many more."""

import numpy as np
import pytest

import gmmx
from gmmx import _core

METHODS = ["anderson", "squarem"]
SAME = {"VVV", "EEE", "VVI", "VII", "E", "V"}  # as full, tied, diag, spherical, and EII and VII of one feature
TYPES = [name for name in _core.covariance_types() if name not in SAME]


def problem(seed):
    """Clusters of random shape and overlap, weighted in every third problem."""
    rng = np.random.default_rng(seed)
    d, k, n = int(rng.integers(1, 9)), int(rng.integers(2, 7)), int(rng.integers(300, 3000))
    centers = rng.normal(size=(k, d)) * rng.uniform(0.7, 4)
    shapes = rng.normal(size=(k, d, d)) * 0.4 + np.eye(d)
    labels = rng.choice(k, p=rng.dirichlet(np.full(k, 5.0)), size=n)
    X = centers[labels] + np.einsum("nij,nj->ni", shapes[labels], rng.normal(size=(n, d)))
    X *= 10 ** rng.uniform(-1, 1, size=d)
    weight = rng.integers(0, 4, size=n).astype(float) if seed % 3 == 0 else None
    return X, k, TYPES[seed % 4], weight


def overlapping(seed, n=20_000, d=8, k=10):
    """Clusters as far from one another as they are wide, of round to elongated shapes."""
    rng = np.random.default_rng(seed)
    centers = rng.normal(size=(k, d))
    shapes = np.linalg.qr(rng.normal(size=(k, d, d)))[0] * rng.uniform(0.5, 1.5, size=(k, 1, d))
    labels = rng.integers(0, k, n)
    return centers[labels] + np.einsum("nij,nj->ni", shapes[labels], rng.normal(size=(n, d)))


def ill_conditioned(seed):
    """Five clusters on top of one another, squeezed along a line: condition numbers of 10,000 and more."""
    rng = np.random.default_rng(seed)
    centers = rng.normal(size=(5, 2)) * 0.8
    shapes = rng.normal(size=(5, 2, 2)) * 0.5 + np.eye(2)
    labels = rng.integers(0, 5, 2000)
    X = centers[labels] + np.einsum("nij,nj->ni", shapes[labels], rng.normal(size=(2000, 2)))
    return X @ np.array([[1, 0.999], [0, 0.01]])


def start(X, k, covariance_type, weight=None, seed=0, reg_covar=1e-6):
    """Return the mixture that a fit starts from."""
    model = gmmx.GaussianMixture(k, covariance_type=covariance_type, max_iter=0, random_state=seed, reg_covar=reg_covar)
    return model.fit(X, sample_weight=weight).mixture_


def run(X, mixture, weight=None, acceleration=None, tol=1e-10, max_iter=5000, n_threads=2, reg_covar=1e-6):
    """Iterate from a mixture."""
    return _core.em(
        X,
        mixture,
        weight,
        tol=tol,
        reg_covar=reg_covar,
        max_iter=max_iter,
        previous_lower_bound=-np.inf,
        callback=None,
        n_threads=n_threads,
        acceleration=acceleration,
    )


def passes_to(bounds, target):
    """Count the passes until a likelihood is reached; infinite if it never is."""
    reached = np.flatnonzero(np.asarray(bounds) >= target)
    return reached[0] + 1 if len(reached) else np.inf


def passes(X, mixture, method, weight=None, reg_covar=1e-6):
    """Count the passes until 1e-6 a row below EM's optimum, of EM and of an accelerated run."""
    plain = run(X, mixture, weight, reg_covar=reg_covar).lower_bounds
    fast = run(X, mixture, weight, method, tol=0, max_iter=2 * len(plain), reg_covar=reg_covar).lower_bounds
    target = max(plain) - 1e-6
    return passes_to(plain, target), passes_to(fast, target)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("method", METHODS)
def test_same_optimum_and_monotone(method, covariance_type, weighted, dtype):
    rng = np.random.default_rng(5)
    X = np.concatenate([rng.normal(size=(400, 3)) - 1, rng.normal(size=(300, 3)) * 0.7 + 1.2]).astype(dtype)
    weight = rng.integers(0, 3, size=700).astype(float) if weighted else None
    mixture = start(X, 2, covariance_type, weight)
    tol = 1e-10 if dtype == np.float64 else 1e-6
    plain, fast = (run(X, mixture, weight, method_, tol, reg_covar=0.0) for method_ in (None, method))
    assert plain.converged and fast.converged
    rounding = 1e-12 if dtype == np.float64 else 1e-5
    assert fast.lower_bounds[-1] > plain.lower_bounds[-1] - 10 * tol - rounding
    assert np.diff(fast.lower_bounds).min() > -rounding
    assert (fast.mixture.weights > 0).all() and np.isclose(fast.mixture.weights.sum(), 1)
    precision = 1e-3 if dtype == np.float64 else 5e-2
    np.testing.assert_allclose(fast.mixture.means, plain.mixture.means, atol=precision)
    np.testing.assert_allclose(fast.mixture.covariances, plain.mixture.covariances, atol=precision)


@pytest.mark.parametrize("method", METHODS)
def test_threads_do_not_matter(method):
    X, k, covariance_type, weight = problem(0)
    mixture = start(X, k, covariance_type, weight)
    one, three = (run(X, mixture, weight, method, max_iter=60, n_threads=n) for n in (1, 3))
    assert one.lower_bounds == three.lower_bounds
    np.testing.assert_array_equal(one.mixture.means, three.mixture.means)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("seed", range(50))
def test_never_much_slower_than_em(seed, method):
    X, k, covariance_type, weight = problem(seed)
    plain, fast = passes(X, start(X, k, covariance_type, weight, seed), method, weight)
    assert fast <= max(1.1 * plain, plain + 1)


@pytest.mark.parametrize("method", METHODS)
def test_old_faithful_in_less_than_half(dataset, method):
    X = dataset("faithful").X
    plain, fast = passes(X, start(X, 3, "tied"), method)
    assert 60 <= plain <= 70
    assert fast <= 35


@pytest.mark.parametrize("method", METHODS)
def test_iris_no_slower(dataset, method):
    X = dataset("iris").X
    plain, fast = passes(X, start(X, 3, "full"), method)
    assert fast <= plain


@pytest.mark.parametrize("method", METHODS)
def test_overlapping_clusters_in_half(method):
    X = overlapping(0)
    plain, fast = passes(X, start(X, 10, "full"), method)
    assert fast <= plain / 2


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("seed", range(8))
def test_ill_conditioned_covariances_are_no_trap(seed, method):
    X = ill_conditioned(seed)
    mixture = start(X, 5, "full", reg_covar=0.0)
    plain = run(X, mixture, reg_covar=0.0).lower_bounds
    fast = run(X, mixture, acceleration=method, reg_covar=0.0)
    assert fast.converged and len(fast.lower_bounds) <= 1.1 * len(plain)
    assert np.diff(fast.lower_bounds).min() > -1e-12
    assert fast.lower_bounds[-1] > plain[-1] - 5e-3  # from some starts, jumps end in a neighbouring optimum


@pytest.mark.parametrize("method", METHODS)
def test_units_and_shears_do_not_matter(method):
    X, k, *_ = problem(4)
    d = X.shape[1]
    A = np.triu(np.random.default_rng(0).normal(size=(d, d)), 1) + np.diag(np.geomspace(0.1, 50, d))
    mixture = start(X, k, "full", reg_covar=0.0)
    covariances = np.einsum("ji,kjl,lm->kim", A, mixture.covariances, A)
    turned = _core.Mixture(mixture.weights, mixture.means @ A, "full", covariances=covariances)
    here, there = (
        run(Y, m, acceleration=method, max_iter=25, reg_covar=0.0).lower_bounds
        for Y, m in ((X, mixture), (X @ A, turned))
    )
    shift = np.linalg.slogdet(A)[1]
    assert len(here) == len(there) > 5
    np.testing.assert_allclose(np.array(there) + shift, here, rtol=1e-7)


def test_estimator_takes_it():
    X = problem(1)[0]
    model = gmmx.GaussianMixture(3, acceleration="anderson", random_state=0, tol=1e-8, max_iter=500).fit(X)
    assert model.converged_ and len(model.lower_bounds_) == model.n_iter_
    with pytest.raises(ValueError, match="'acceleration' parameter"):
        gmmx.GaussianMixture(acceleration="fast").fit(X)
