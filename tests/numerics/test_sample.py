"""Random rows: their sequence is fixed, and their distribution is the mixture's."""

import math

import numpy as np
import pytest
import scipy.stats
from numpy.testing import assert_allclose, assert_array_equal

from gmmx import _core

INCREMENT = 0x9E3779B97F4A7C15
WHOLE = (1 << 64) - 1


def mixed(z):
    """Return the output function of splitmix64."""
    z &= WHOLE
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & WHOLE
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & WHOLE
    return z ^ (z >> 31)


def sequence(seed, stream):
    """Return a function from places to integers."""
    begin = mixed(mixed(seed + INCREMENT) + (stream + 1) * INCREMENT)
    return lambda place: mixed(begin + place * INCREMENT)


def normal_pair(first, second):
    """Return two standard normal numbers from two integers."""
    radius = math.sqrt(-2 * math.log(1 - (first >> 12) / 2**52))
    angle = (2 * (second >> 12) / 2**52 - 1) * math.pi / 4
    pair = radius * math.cos(angle) * (-1 if second & 1 else 1), radius * math.sin(angle)
    return pair[::-1] if second & 2 else pair


def expected_rows(mixture, n_samples, seed):
    """Return rows and components of a diagonal mixture, one number at a time."""
    components, normal = sequence(seed, 0), sequence(seed, 1)
    bounds = np.cumsum(mixture.weights)[:-1]
    drawn = [np.searchsorted(bounds, (components(n) >> 12) / 2**52, side="right") for n in range(n_samples)]
    n_features = mixture.n_features
    width = n_features + n_features % 2
    z = np.array(
        [normal_pair(normal(place), normal(place + 1)) for place in range(0, n_samples * width, 2)],
    ).reshape(n_samples, width)[:, :n_features]
    labels = np.sort(drawn)
    return mixture.means[labels] + np.sqrt(mixture.covariances[labels]) * z, labels


@pytest.mark.parametrize("n_features", [1, 2, 5])
@pytest.mark.parametrize(("n_components", "n_samples"), [(1, 1), (3, 700), (600, 1300)])
def test_a_seed_means_the_same_rows_on_every_machine(n_features, n_components, n_samples):
    rng = np.random.default_rng(5)
    weights = rng.uniform(size=n_components)
    mixture = _core.Mixture(
        weights / weights.sum(),
        rng.normal(size=(n_components, n_features)),
        "diag",
        covariances=rng.uniform(0.5, 2, size=(n_components, n_features)),
    )
    seed = (1 << 63) + 12345
    expected, labels = expected_rows(mixture, n_samples, seed)
    for n_threads in (1, 3):
        rows, components = _core.sample(mixture, n_samples, seed, n_threads)
        assert_array_equal(components, labels)
        assert_allclose(rows, expected, rtol=1e-12, atol=1e-12)


def test_rows_have_the_distribution_of_the_mixture():
    rng = np.random.default_rng(1)
    n_features, n_samples = 5, 300_000
    factors = np.tril(rng.normal(size=(3, n_features, n_features))) + 2 * np.eye(n_features)
    covariances = factors @ factors.transpose(0, 2, 1)
    means = 10 * rng.normal(size=(3, n_features))
    weights = np.array([0.2, 0.0, 0.8])
    mixture = _core.Mixture(weights, means, "full", covariances=covariances)
    rows, labels = _core.sample(mixture, n_samples, 0, 2)
    assert abs(np.mean(labels == 2) - 0.8) < 5 * math.sqrt(0.16 / n_samples)
    assert not np.any(labels == 1)
    for k in (0, 2):
        z = np.linalg.solve(np.linalg.cholesky(covariances[k]), (rows[labels == k] - means[k]).T)
        for numbers in z:
            assert scipy.stats.kstest(numbers, "norm").pvalue > 1e-4
        correlations = z @ z.T / z.shape[1] - np.eye(n_features)
        assert np.abs(correlations).max() < 6 / math.sqrt(z.shape[1])
        neighbours = np.mean(z[:, 1:] * z[:, :-1], axis=1)
        assert np.abs(neighbours).max() < 5 / math.sqrt(z.shape[1])


def test_seeds_and_features_do_not_repeat_each_other():
    mixture = _core.Mixture(np.ones(1), np.zeros((1, 4)), "spherical", covariances=np.ones(1))
    numbers = np.concatenate([_core.sample(mixture, 5000, seed, 1)[0].ravel() for seed in range(20)])
    assert len(np.unique(numbers)) == len(numbers)
    assert abs(scipy.stats.kurtosis(numbers)) < 5 * math.sqrt(24 / len(numbers))
