"""The native core against the NumPy reference: one E-step, one M-step, densities, seeds and whole fits."""

import zlib
from functools import cache

import numpy as np
import pytest

from gmmx import _core, reference

SAME = {"VVV", "EEE", "VVI", "VII", "E", "V"}  # as full, tied, diag, spherical, and EII and VII of one feature
TYPES = [name for name in _core.covariance_types() if name not in SAME]
TIGHT = {"rtol": 1e-10, "atol": 1e-11}
COMMON_AXES = {"EVE", "VVE"}
AXES_FOUND = {"rtol": 1e-5, "atol": 1e-6}  # by searches that end on the gain of their criterion, the square of that

# n_samples, n_features, n_components: every dimension from 1 to 130 in coarse steps, K from 1 to 40.
SIZES = [
    (50, 1, 1),
    (333, 1, 4),
    (257, 2, 3),
    (700, 3, 40),
    (1100, 5, 7),
    (520, 12, 2),
    (520, 13, 5),
    (900, 33, 12),
    (640, 64, 4),
    (700, 130, 3),
]


def problem(n_samples, n_features, n_components, covariance_type, dtype=np.float64, seed=None):
    """Rows around separate but overlapping centers, weights for them, and a mixture that fits neither exactly."""
    name = f"{n_samples} {n_features} {n_components} {covariance_type} {seed}"
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    centers = rng.normal(size=(n_components, n_features)) * 2
    labels = rng.integers(n_components, size=n_samples)
    X = (centers[labels] + rng.normal(size=(n_samples, n_features))).astype(dtype)
    sample_weight = rng.integers(0, 3, size=n_samples) * rng.uniform(0.5, 2.0, size=n_samples)
    weights = rng.dirichlet(np.full(n_components, 5.0))
    factors = np.eye(n_features) + 0.3 / np.sqrt(n_features) * rng.normal(size=(n_components, n_features, n_features))
    full = np.einsum("kij,klj->kil", factors, factors)
    if covariance_type in COMMON_AXES:
        full = along_common_axes(full)
    covariances = _core.nearest_covariances(covariance_type, full)
    mixture = _core.Mixture(weights, centers, covariance_type, covariances=covariances)
    return X, sample_weight, mixture


def along_common_axes(matrices):
    """Keep what varies along the axes of the sum: the search for axes, which takes long, has nothing left to find."""
    axes = np.linalg.eigh(matrices.sum(axis=0))[1]
    variances = np.einsum("ji,kjl,li->ki", axes, matrices, axes, optimize=True)
    return np.einsum("ij,kj,lj->kil", axes, variances, axes, optimize=True)


def as_reference(mixture):
    return reference.Mixture(
        mixture.weights,
        mixture.means,
        mixture.covariances,
        mixture.precisions_cholesky,
        mixture.covariance_type,
    )


def assert_same_statistics(native, expected, tolerance=TIGHT):
    assert native.second_moment_form == expected.second_moment_form
    assert native.n_samples == expected.n_samples
    np.testing.assert_allclose(native.total_weight, expected.total_weight, rtol=1e-12)
    np.testing.assert_allclose(native.log_likelihood, expected.log_likelihood, **tolerance)
    # Sums over rows: what is small beside the sum of the magnitudes is rounding.
    scale = max(1.0, np.abs(expected.second_moments).max())
    atol = tolerance["atol"] * scale
    np.testing.assert_allclose(native.shifts, expected.shifts, rtol=1e-14, atol=1e-14)
    np.testing.assert_allclose(native.counts, expected.counts, rtol=tolerance["rtol"], atol=atol)
    np.testing.assert_allclose(native.first_moments, expected.first_moments, rtol=tolerance["rtol"], atol=atol)
    np.testing.assert_allclose(native.second_moments, expected.second_moments, rtol=tolerance["rtol"], atol=atol)


def assert_same_mixture(native, expected, tolerance=TIGHT):
    np.testing.assert_allclose(native.weights, expected.weights, **tolerance)
    np.testing.assert_allclose(native.means, expected.means, **tolerance)
    np.testing.assert_allclose(native.covariances, expected.covariances, **tolerance)
    np.testing.assert_allclose(
        native.precisions_cholesky, expected.precisions_cholesky, **_of_inverses(expected.covariances, tolerance)
    )


def _of_inverses(covariances, tolerance):
    """Return the tolerance of factors: d eps cond bounds what rounding of a matrix does to its inverse's factor."""
    if covariances.ndim < 3:
        return tolerance
    rounding = covariances.shape[-1] * np.finfo(float).eps * np.linalg.cond(covariances).max()
    return {name: max(value, rounding) for name, value in tolerance.items()}


@cache
def e_steps(covariance_type, size, weighted, dtype=np.float64):
    """Return the statistics of one E-step, native and of the reference."""
    X, sample_weight, mixture = problem(*size, covariance_type, dtype)
    sample_weight = sample_weight if weighted else None
    native = _core.e_step(X, mixture, sample_weight, 2)
    return native, reference.e_step(X, as_reference(mixture), sample_weight)


def skip_long_searches(covariance_type, size):
    if covariance_type in COMMON_AXES and size[1] > 3:
        pytest.skip("the reference takes minutes; test_parsimonious.py tells the optimum")


@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("covariance_type", TYPES)
def test_one_e_step(covariance_type, size, weighted):
    assert_same_statistics(*e_steps(covariance_type, size, weighted))


@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("covariance_type", TYPES)
def test_one_m_step(covariance_type, size, weighted):
    skip_long_searches(covariance_type, size)
    native, expected = e_steps(covariance_type, size, weighted)
    tolerance = AXES_FOUND if covariance_type in COMMON_AXES else TIGHT
    new, wanted = _core.m_step(native, covariance_type, 1e-6), reference.m_step(expected, covariance_type, 1e-6)
    assert_same_mixture(new, wanted, tolerance)
    if covariance_type in COMMON_AXES:
        criteria = [native.counts @ np.linalg.slogdet(mixture.covariances)[1] for mixture in (new, wanted)]
        np.testing.assert_allclose(criteria[0], criteria[1], rtol=1e-11)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("covariance_type", TYPES)
def test_densities(covariance_type, size):
    X, sample_weight, mixture = problem(*size, covariance_type)
    twin = as_reference(mixture)
    np.testing.assert_allclose(mixture.component_log_densities(X, 2), reference.log_prob(X, twin), rtol=1e-10)
    np.testing.assert_allclose(_core.score_samples(X, mixture, 2), reference.log_prob_norm(X, twin), rtol=1e-10)
    np.testing.assert_allclose(
        _core.responsibilities(X, mixture, 2), reference.responsibilities(X, twin), rtol=1e-9, atol=1e-14
    )
    np.testing.assert_array_equal(_core.predict(X, mixture, 2), reference.predict(X, twin))
    np.testing.assert_allclose(
        _core.log_likelihood(X, mixture, sample_weight, 2),
        reference.log_likelihood(X, twin, sample_weight),
        rtol=1e-11,
    )


def assert_close_in_float32(native, expected, n_units, scale=None):
    """Compare to `n_units` of float32's precision beside `scale`, by default the largest number."""
    scale = np.abs(expected).max() if scale is None else scale
    atol = n_units * np.finfo(np.float32).eps * scale
    np.testing.assert_allclose(native, expected, rtol=0, atol=atol)


@pytest.mark.parametrize("size", SIZES[:8], ids=str)
@pytest.mark.parametrize("covariance_type", TYPES)
def test_an_e_step_in_float32_is_right_to_its_precision(covariance_type, size):
    native, expected = e_steps(covariance_type, size, True, np.float32)
    assert_close_in_float32(native.log_likelihood, expected.log_likelihood, 4)
    assert_close_in_float32(native.counts, expected.counts, 16)
    X = problem(*size, covariance_type)[0]
    spread = np.abs(X - X.mean(axis=0)).max()
    assert_close_in_float32(native.first_moments, expected.first_moments, 4, expected.counts.max() * spread)
    assert_close_in_float32(native.second_moments, expected.second_moments, 128)  # sums of squares over a block of rows


@pytest.mark.parametrize("size", SIZES[:8], ids=str)
@pytest.mark.parametrize("covariance_type", TYPES)
def test_scores_in_float32_are_right_to_its_precision(covariance_type, size):
    X, _, mixture = problem(*size, covariance_type, dtype=np.float32)
    scores = _core.score_samples(X, mixture, 2)
    assert scores.dtype == np.float32
    assert_close_in_float32(scores, reference.log_prob_norm(X, as_reference(mixture)), 16)


@pytest.mark.parametrize("size", SIZES[:8], ids=str)
@pytest.mark.parametrize("covariance_type", TYPES)
def test_an_m_step_after_float32_is_right_to_its_precision(covariance_type, size):
    skip_long_searches(covariance_type, size)
    native, expected = e_steps(covariance_type, size, True, np.float32)
    # A component with fewer rows than features has a determinant of rounding errors, unless this outweighs them.
    reg_covar = 1e-2
    new = _core.m_step(native, covariance_type, reg_covar)
    wanted = reference.m_step(expected, covariance_type, reg_covar)
    assert_close_in_float32(new.means, wanted.means, 8)
    assert_close_in_float32(new.covariances, wanted.covariances, 256)


@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("covariance_type", TYPES)
def test_statistics_of_given_partitions(covariance_type, weighted):
    X, sample_weight, mixture = problem(800, 4, 5, covariance_type)
    sample_weight = sample_weight if weighted else None
    resp = reference.responsibilities(X, as_reference(mixture))
    assert_same_statistics(
        _core.statistics_from_responsibilities(X, resp, covariance_type, sample_weight, 2),
        reference.statistics_from_responsibilities(X, resp, covariance_type, sample_weight),
    )
    labels = np.argmax(resp, axis=1).astype(np.int32)
    labels[::7] = -1
    assert_same_statistics(
        _core.statistics_from_labels(X, labels, 5, covariance_type, sample_weight, 2),
        reference.statistics_from_labels(X, labels, 5, covariance_type, sample_weight),
    )


@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("size", [(60, 1, 2), (400, 2, 5), (1500, 7, 11), (300, 40, 3)], ids=str)
def test_kmeans(size, weighted):
    n_clusters = size[2]
    X, sample_weight, _ = problem(*size, "full")
    sample_weight = sample_weight if weighted else None
    uniforms = np.random.default_rng(5).uniform(size=_core.kmeans_draws(n_clusters))
    np.testing.assert_array_equal(
        _core.kmeans_plus_plus(X, n_clusters, uniforms, sample_weight, 2),
        reference.kmeans_plus_plus(X, n_clusters, uniforms, sample_weight),
    )
    native = _core.kmeans(X, n_clusters, uniforms, sample_weight, max_iter=300, tol=1e-4, n_threads=2)
    expected = reference.kmeans(X, n_clusters, uniforms, sample_weight)
    counted = slice(None) if sample_weight is None else sample_weight > 0
    np.testing.assert_array_equal(native.labels[counted], expected.labels[counted])
    np.testing.assert_allclose(native.centers, expected.centers, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(native.inertia, expected.inertia, rtol=1e-12)
    assert native.n_iter == expected.n_iter


@pytest.mark.parametrize("covariance_type", TYPES)
def test_whole_fits_take_the_same_path(covariance_type):
    X, sample_weight, mixture = problem(900, 3, 4, covariance_type)
    if covariance_type in COMMON_AXES:
        pytest.skip("leaves part of the search for axes to the next M-step; where it ends: test_parsimonious.py")
    options = {"tol": 1e-4, "reg_covar": 1e-6, "max_iter": 60, "previous_lower_bound": -np.inf}
    native = _core.em(X, mixture, sample_weight, callback=None, n_threads=2, **options)
    expected = reference.em(X, as_reference(mixture), sample_weight, **options)
    assert native.converged == expected.converged
    assert native.n_iter == expected.n_iter
    np.testing.assert_allclose(native.lower_bounds, expected.lower_bounds, rtol=1e-10)
    assert_same_mixture(native.mixture, expected.mixture, {"rtol": 1e-7, "atol": 1e-8})


def test_rows_beyond_the_reach_of_floating_point_are_without_density_in_the_reference_and_refused_by_native_code():
    mixture = _core.Mixture([0.25, 0.75], [[0.0], [1.0]], "diag", covariances=[[1.0], [1.0]])
    X = np.array([[0.5], [1e200], [-1e200]])
    twin = as_reference(mixture)
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(reference.log_prob_norm(X, twin)[1:], -np.inf)
        np.testing.assert_array_equal(reference.responsibilities(X, twin)[1:], [[0.25, 0.75]] * 2)
    for function in (_core.score_samples, _core.responsibilities):
        with pytest.raises(ValueError, match=r"X holds 1e\+200 in row 1 .*squares overflow float64"):
            function(X, mixture, 1)
