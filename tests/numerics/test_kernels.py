"""The fast kernels at the edge of what their bound allows: equations (65) to (67) of docs/theory.md."""

import numpy as np
import pytest

from gmmx import _core, reference

TYPES = ["full", "tied", "diag", "spherical", "VEE"]  # common axes: test_parsimonious.py
WIDTHS = [1.0, 1e-1, 1e-2, 1e-3, 1e-4]


def narrow_clusters(width, n_features, dtype, n_components=4, n_samples=2000):
    """Clusters of the given width around centers of width one; the narrower, the more the features cancel."""
    rng = np.random.default_rng(n_features)
    labels = (np.arange(n_samples) % n_components).astype(np.int32)
    centers = rng.normal(size=(n_components, n_features))
    X = centers[labels] + width * rng.normal(size=(n_samples, n_features))
    return X.astype(dtype), labels


def native_and_reference(X, labels, covariance_type):
    """One iteration of each from the mixture of the labels, and the log-densities of the rows under it."""
    exact = X.astype(np.float64)
    start = reference.m_step(reference.statistics_from_labels(exact, labels, 4, covariance_type), covariance_type)
    native = _core.Mixture(start.weights, start.means, covariance_type, covariances=start.covariances)
    return (
        _core.score_samples(X, native, 2),
        reference.log_prob_norm(exact, start),
        _core.m_step(_core.e_step(X, native, None, 2), covariance_type, 0.0),
        reference.m_step(reference.e_step(exact, start), covariance_type),
    )


def relative_error(got, expected, covariance_type):
    """Error of covariances relative to the smallest variance they belong to."""
    matrices = covariance_type in ("full", "tied", "VEE")
    diagonal = np.diagonal(expected, axis1=-2, axis2=-1) if matrices else expected
    return np.abs(got - expected).max() / diagonal.min()


def em_once(X, mixture):
    """Return what one pass over these rows says."""
    options = {"tol": 0.0, "reg_covar": 1e-6, "max_iter": 1, "previous_lower_bound": -np.inf}
    return _core.em(X, mixture, None, **options, callback=None, n_threads=1)


def kernel_for(X, mixture):
    """What an E-step of the mixture takes for these rows."""
    return em_once(X, mixture).kernel


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("n_features", [1, 2, 7, 20])
@pytest.mark.parametrize("covariance_type", TYPES)
def test_float64_keeps_ten_digits_at_any_width(covariance_type, n_features, width):
    X, labels = narrow_clusters(width, n_features, np.float64)
    scores, expected_scores, new, expected = native_and_reference(X, labels, covariance_type)
    np.testing.assert_allclose(scores, expected_scores, rtol=1e-10, atol=1e-9)
    assert relative_error(new.covariances, expected.covariances, covariance_type) < 1e-9


@pytest.mark.parametrize("width", WIDTHS[:4])
@pytest.mark.parametrize("n_features", [1, 2, 7, 20])
@pytest.mark.parametrize("covariance_type", TYPES)
def test_float32_keeps_three_digits_at_any_width(covariance_type, n_features, width):
    X, labels = narrow_clusters(width, n_features, np.float32)
    scores, expected_scores, new, expected = native_and_reference(X, labels, covariance_type)
    np.testing.assert_allclose(scores, expected_scores, rtol=1e-3, atol=5e-3)
    assert relative_error(new.covariances, expected.covariances, covariance_type) < 2e-3


@pytest.mark.parametrize("covariance_type", TYPES)
def test_blocks_with_far_rows_take_the_safe_form_and_the_others_do_not_suffer(covariance_type):
    X, labels = narrow_clusters(1.0, 3, np.float64)
    start = _core.m_step(_core.statistics_from_labels(X, labels, 4, covariance_type, None, 1), covariance_type, 0.0)
    twin = reference.Mixture(start.weights, start.means, start.covariances, start.precisions_cholesky, covariance_type)
    X[777] = 1e7  # one row beyond the reach of the features
    native, expected = _core.e_step(X, start, None, 2), reference.e_step(X, twin)
    np.testing.assert_allclose(native.counts, expected.counts, rtol=1e-11)
    # The far row dominates the second moments of one component; those of the others are as exact as ever.
    others = np.flatnonzero(reference.responsibilities(X[777:778], twin)[0] == 0.0)
    assert len(others) == 3
    np.testing.assert_allclose(native.first_moments[others], expected.first_moments[others], rtol=1e-9, atol=1e-9)
    if covariance_type != "tied":
        np.testing.assert_allclose(native.second_moments[others], expected.second_moments[others], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("width", [1.0, 0.5])
@pytest.mark.parametrize("n_features", [2, 16, 33, 64, 128])
def test_rounding_of_float32_features_is_what_the_bound_says(n_features, width):
    X, labels = narrow_clusters(width, n_features, np.float32, n_samples=4000)
    exact = X.astype(np.float64)
    statistics = _core.statistics_from_labels(exact, labels, 4, "full", None, 2)
    mixture = _core.m_step(statistics, "full", 0.0)
    factors = np.array(mixture.precisions_cholesky)
    largest = np.linalg.svd(factors, compute_uv=False).max() ** 2
    squared_radius = ((exact - mixture.weights @ mixture.means) ** 2).sum(axis=1).max()
    bound = np.finfo(np.float32).eps * squared_radius * largest  # (67)
    error = np.abs(mixture.component_log_densities(X, 2) - mixture.component_log_densities(exact, 2)).max()
    assert error < 2.5 * bound
    assert kernel_for(X, mixture) == "features"


@pytest.mark.parametrize("n_components", [8, 13, 16, 20, 32])
@pytest.mark.parametrize("n_features", [8, 12, 23, 40])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_moments_of_many_components_agree_with_the_reference(dtype, n_features, n_components):
    rng = np.random.default_rng(n_features)
    X = rng.normal(size=(700, n_features)).astype(dtype)
    exact = X.astype(np.float64)
    labels = (np.arange(700) % n_components).astype(np.int32)
    start = reference.m_step(reference.statistics_from_labels(exact, labels, n_components, "tied"), "tied")
    covariances = np.tile(start.covariances, (n_components, 1, 1))
    mixture = _core.Mixture(start.weights, start.means, "full", covariances=covariances)
    twin = reference.Mixture.from_covariances(start.weights, start.means, covariances, "full")
    native, expected = _core.e_step(X, mixture, None, 2), reference.e_step(exact, twin)
    tolerance = {np.float64: 1e-10, np.float32: 1e-4}[dtype]
    np.testing.assert_allclose(native.counts, expected.counts, rtol=tolerance)
    np.testing.assert_allclose(native.first_moments, expected.first_moments, rtol=tolerance, atol=10 * tolerance)
    np.testing.assert_allclose(native.second_moments, expected.second_moments, rtol=tolerance, atol=10 * tolerance)


@pytest.mark.parametrize("weights", [None, "some"])
@pytest.mark.parametrize("kernel", ["features", "cholesky-full"])
@pytest.mark.parametrize("n_features", [1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 17, 31, 33, 64, 70, 100, 129])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_an_e_step_of_any_number_of_features_agrees_with_the_reference(dtype, n_features, kernel, weights):
    rng = np.random.default_rng(n_features)
    n_samples, n_components = 777, 7
    labels = (np.arange(n_samples) % n_components).astype(np.int32)
    # Sizes far apart are out of reach of features. The first cluster is away from the others: their rows are not its
    # members.
    least = {np.float64: 1e-4, np.float32: 1e-2}[dtype]
    sizes = np.geomspace(least, 1, n_components) if kernel == "cholesky-full" else np.linspace(1, 2, n_components)
    centers = rng.normal(size=(n_components, n_features)) * (4 * sizes / np.sqrt(n_features))[:, None]
    centers[0] += 3 if kernel == "cholesky-full" else 0
    X = (centers[labels] + sizes[labels, None] * rng.normal(size=(n_samples, n_features))).astype(dtype)
    sample_weight = None if weights is None else rng.uniform(0, 2, size=n_samples)
    exact = X.astype(np.float64)
    axes = rng.normal(size=(n_components, n_features, n_features)) / np.sqrt(n_features)
    covariances = sizes[:, None, None] ** 2 * (np.eye(n_features) + 0.3 * axes @ axes.transpose(0, 2, 1))
    weights_of_clusters = np.full(n_components, 1 / n_components)
    native = _core.Mixture(weights_of_clusters, centers, "full", covariances=covariances)
    twin = reference.Mixture.from_covariances(weights_of_clusters, centers, covariances, "full")
    assert kernel_for(X, native) == kernel
    tolerance = {np.float64: 1e-10, np.float32: 2e-4}[dtype]
    log_prob, expected_log_prob = native.component_log_densities(X, 2), reference.log_prob(exact, twin)
    np.testing.assert_allclose(log_prob, expected_log_prob, rtol=tolerance, atol=10 * tolerance)
    got, expected = _core.e_step(X, native, sample_weight, 2), reference.e_step(exact, twin, sample_weight)
    np.testing.assert_allclose(got.counts, expected.counts, rtol=tolerance)
    # Moments about the means, in units of each component's size.
    scale = (expected.counts * sizes)[:, None]
    np.testing.assert_allclose(got.first_moments / scale, expected.first_moments / scale, rtol=0, atol=tolerance)
    scale = (expected.counts * sizes**2)[:, None, None]
    np.testing.assert_allclose(got.second_moments / scale, expected.second_moments / scale, rtol=0, atol=tolerance)


def test_the_kernel_is_reported():
    X, labels = narrow_clusters(1.0, 3, np.float64)
    wide, wide_labels = narrow_clusters(1.0, 100, np.float64)
    far = X.copy()
    far[777] = 1e7
    narrow, narrow_labels = narrow_clusters(1e-4, 3, np.float64)
    # The mixture of some rows, and what an E-step of it takes for others.
    for rows, row_labels, passed, covariance_type, kernel in [
        (X, labels, X, "full", "features"),
        (X, labels, X, "tied", "features"),
        (wide, wide_labels, wide, "diag", "features"),
        (wide, wide_labels, wide, "full", "features"),
        (X, labels, far, "spherical", "features+spherical"),
        (narrow, narrow_labels, narrow, "full", "cholesky-full"),
        (narrow, narrow_labels, narrow, "diag", "diagonal"),
        (narrow, narrow_labels, narrow, "tied", "cholesky-tied"),
    ]:
        statistics = _core.statistics_from_labels(rows, row_labels, 4, covariance_type, None, 1)
        start = _core.m_step(statistics, covariance_type, 1e-6)
        assert kernel_for(passed, start) == kernel


def test_the_kernel_of_moments_is_reported():
    X, labels = narrow_clusters(1.0, 3, np.float64)
    far = X.copy()
    far[777] = 1e7
    for covariance_type, of_far_rows in [("full", "low-dim"), ("tied", "low-dim"), ("spherical", "squares")]:
        start = _core.m_step(
            _core.statistics_from_labels(X, labels, 4, covariance_type, None, 1), covariance_type, 1e-6
        )
        assert em_once(X, start).moment_kernel == "monomials"
        assert em_once(far, start).moment_kernel == "+".join(sorted([of_far_rows, "monomials"]))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n_features", [190, 195, 260])
def test_many_features_with_a_common_covariance_are_summed_right_on_any_number_of_threads(n_features, dtype):
    X, labels = narrow_clusters(0.5, n_features, dtype, n_samples=700)
    mixture = _core.m_step(_core.statistics_from_labels(X, labels, 4, "tied", None, 1), "tied", 1e-3)
    alone = _core.e_step(X, mixture, None, 1)
    exact = X.astype(np.float64) - alone.shifts.mean(axis=0)
    tolerance = 1e-10 if dtype == np.float64 else 2e-4
    about_shifts = alone.second_moments.copy()
    means = alone.shifts + alone.first_moments / alone.counts[:, np.newaxis]
    offsets, deltas = means - alone.shifts.mean(axis=0), means - alone.shifts
    about_shifts -= (deltas.T * alone.counts) @ deltas  # the scatter about the means of the components
    expected = exact.T @ exact - (offsets.T * alone.counts) @ offsets
    np.testing.assert_allclose(about_shifts, expected, atol=tolerance * np.abs(expected).max())
    assert _core.e_step(X, mixture, None, 3).to_bytes() == alone.to_bytes()
