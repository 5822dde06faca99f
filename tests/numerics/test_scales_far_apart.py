"""Clusters whose positions and sizes differ by many orders of magnitude: equations (112) to (114) of docs/theory.md.

Rows of float32 are compared with the same numbers in float64. What may be lost is a share eps of what the numbers say
about themselves: a row at x near a mean of width s is known to eps |x| / s of this width.
"""

import itertools
import warnings

import numpy as np
import pytest

import gmmx
from gmmx import _core
from gmmx.distributed import summarize
from gmmx.validation import Rows
from gmmx.validation.outweighing_rows import warn_of_outweighing_row

EPS = float(np.finfo(np.float32).eps)
TYPES = ["full", "tied", "diag", "spherical", "VEE", "EVE", "VVE"]
POSITIONS = [1.0, 1e3, 1e6, 1e9]
WIDTHS = [1e-3, 1.0, 1e4, 1e8]
# Positions of the two clusters and their widths; a float32 row tells them apart from equal numbers.
CASES = [
    (near, far, narrow, wide)
    for near, far in itertools.combinations_with_replacement(POSITIONS, 2)
    for narrow, wide in itertools.combinations_with_replacement(WIDTHS, 2)
    if narrow > 100 * EPS * near and wide > 100 * EPS * far and abs(far - near) >= 3 * wide
]


def two_clusters(near, far, narrow, wide, n_features=3, n_samples=600):
    """Rows of two clusters at near and far, alternately positive and negative, and their labels."""
    rng = np.random.default_rng(0)
    labels = (np.arange(n_samples) % 2).astype(np.int32)
    signs = np.where(np.arange(n_features) % 2, -1.0, 1.0)
    centers = np.array([near, far])[:, None] * signs
    sizes = np.array([narrow, wide])
    X = centers[labels] + sizes[labels, None] * rng.normal(size=(n_samples, n_features))
    return X.astype(np.float32), labels


def mixture_of(X, labels, covariance_type):
    statistics = _core.statistics_from_labels(X, labels, 2, covariance_type, None, 1)
    return _core.m_step(statistics, covariance_type, 0.0)


def widths_of(mixture, n_features):
    """Least standard deviation of each component."""
    covariances = np.asarray(mixture.covariances)
    if mixture.covariance_type == "spherical":
        return np.sqrt(covariances)
    if mixture.covariance_type == "diag":
        return np.sqrt(covariances).min(axis=1)
    return np.broadcast_to(np.sqrt(np.linalg.eigvalsh(covariances)[..., 0]), len(mixture.weights))


def allowed_error(X, mixture):
    """Error of the log-densities that rounding of the rows and of a sum of squares explains, and the fast forms'."""
    X = X.astype(np.float64)
    widths = widths_of(mixture, X.shape[1])
    own = _core.responsibilities(X, mixture, 1).argmax(axis=1)
    distance = np.sqrt(np.abs(2 * (mixture.component_log_densities(X, 1).max(axis=1, keepdims=True) + 50)))[:, 0] + 10
    condition = np.abs(X).max(axis=1) / widths[own] * distance + distance**2
    return 4 * EPS * condition + 2e-4


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("covariance_type", TYPES)
def test_float32_loses_what_the_numbers_lose_and_not_what_an_origin_would(covariance_type, case):
    X, labels = two_clusters(*case)
    exact = X.astype(np.float64)
    mixture = mixture_of(exact, labels, covariance_type)
    expected = _core.score_samples(exact, mixture, 1)
    tolerance = allowed_error(X, mixture)
    assert (np.abs(_core.score_samples(X, mixture, 1) - expected) < tolerance).all()
    sure = np.sort(_core.responsibilities(exact, mixture, 1), axis=1)[:, -1] > 0.9
    np.testing.assert_array_equal(_core.predict(X, mixture, 1)[sure], _core.predict(exact, mixture, 1)[sure])


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("covariance_type", sorted(set(TYPES) - {"EVE"}))  # whose M-step collapses in float64, too
def test_moments_in_float32_lose_what_the_numbers_lose(covariance_type, case):
    """Moments of the labels, and of an E-step."""
    X, labels = two_clusters(*case)
    exact = X.astype(np.float64)
    mixture = mixture_of(exact, labels, covariance_type)
    widths = widths_of(mixture, X.shape[1])
    for got, right in [
        (mixture_of(X, labels, covariance_type), mixture),
        (
            _core.m_step(_core.e_step(X, mixture, None, 1), covariance_type, 0.0),
            _core.m_step(_core.e_step(exact, mixture, None, 1), covariance_type, 0.0),
        ),
    ]:
        np.testing.assert_allclose(widths_of(got, X.shape[1]), widths_of(right, X.shape[1]), rtol=2e-4)
        error = np.abs(np.asarray(got.means) - right.means).max(axis=1)
        assert (error <= 1e-4 * widths + 4 * EPS * np.abs(right.means).max(axis=1)).all()


def test_five_sizes_in_one_table_are_fitted_alike_in_both_precisions():
    rng = np.random.default_rng(5)
    X = np.vstack([np.exp(rng.normal(size=(300, 2)) * 0.3) * s for s in (1, 1e2, 1e4, 1e6, 1e8)]).astype(np.float32)
    group = np.repeat(np.arange(5), 300)
    means = np.array([X[group == k].mean(0, dtype=float) for k in range(5)])
    covariances = np.array([np.cov(X[group == k].astype(float).T, ddof=0) for k in range(5)])
    start = {
        "weights_init": np.full(5, 0.2),
        "means_init": means,
        "precisions_init": np.linalg.inv(covariances),
        "reg_covar": 0.0,
        "tol": 1e-6,
    }
    single = gmmx.GaussianMixture(5, **start).fit(X)
    double = gmmx.GaussianMixture(5, **start).fit(X.astype(float))
    assert single.converged_
    np.testing.assert_allclose(single.covariances_, double.covariances_, rtol=1e-3)
    np.testing.assert_allclose(single.score(X), double.score(X.astype(float)), rtol=1e-6)
    batches = gmmx.GaussianMixture(5, **start).fit_batches([X[::2], X[1::2]], progress=False)
    np.testing.assert_allclose(batches.covariances_, double.covariances_, rtol=1e-3)


@pytest.mark.parametrize("far", [1e6, 1e7, 1e8, 1e9])
def test_k_means_starts_of_float32_see_a_small_cluster_beside_a_far_one(far):
    rng = np.random.default_rng(5)
    near = rng.normal(size=(200, 2))
    X = np.vstack([near, rng.normal(size=(200, 2)) * far / 10 + far]).astype(np.float32)
    fitted = gmmx.GaussianMixture(2, covariance_type="diag", random_state=0).fit(X)
    small = np.argmin(np.abs(fitted.means_[:, 0]))
    np.testing.assert_allclose(fitted.covariances_[small], X[:200].var(axis=0, dtype=float), rtol=1e-4)


@pytest.mark.parametrize("far", [1e7, 1e9])
def test_k_means_tells_small_clusters_apart_beside_a_far_one(far):
    rng = np.random.default_rng(0)
    centers = np.array([[0.0, 0.0], [10.0, 0.0], [far, far]])
    labels = np.repeat(np.arange(3), 100)
    X = (centers[labels] + rng.normal(size=(300, 2))).astype(np.float32)
    # Two seeds near zero, by the draws: k-means++ would nearly always take one there and then the far cluster.
    found = _core.kmeans(X, 3, np.full(_core.kmeans_draws(3), 0.1), None, max_iter=50, tol=0.0, n_threads=1)
    for k in range(3):
        assert len(set(found.labels[labels == k])) == 1
    centres = found.centers[found.labels[[0, 100, 200]]]
    own = np.array([X[labels == k].mean(axis=0, dtype=float) for k in range(3)])
    np.testing.assert_allclose(centres, own, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("far", [1e5, 1e7, 1e9])
def test_float32_rows_under_a_float64_mixture_get_their_labels(far):
    model = gmmx.GaussianMixture.from_parameters(
        [0.3, 0.3, 0.4], [[1.0], [3.0], [far]], [0.01, 0.01, far * far * 1e-4], "spherical"
    )
    rng = np.random.default_rng(0)
    z = np.r_[rng.normal(1, 0.1, 500), rng.normal(3, 0.1, 500)].astype(np.float32)[:, None]
    np.testing.assert_array_equal(model.predict(z), np.repeat([0, 1], 500))
    np.testing.assert_allclose(model.score_samples(z), model.score_samples(z.astype(float)), rtol=0, atol=2e-5)


@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical"])
@pytest.mark.parametrize("width", [1e-15, 1e-20, 1e15])
def test_float32_has_densities_where_its_squares_are_no_numbers(width, covariance_type):
    rng = np.random.default_rng(0)
    X = (width * rng.normal(size=(400, 2))).astype(np.float32)
    mixture = mixture_of(X.astype(np.float64), (np.arange(400) % 2).astype(np.int32), covariance_type)
    expected = _core.score_samples(X.astype(np.float64), mixture, 1)
    np.testing.assert_allclose(_core.score_samples(X, mixture, 1), expected, rtol=1e-4)


def with_fill_value(value):
    rng = np.random.default_rng(11)
    X = np.vstack([rng.normal(size=(200, 3)), rng.normal(size=(200, 3)) + 5])
    X[0] = value
    return X


def densities_of(model, X):
    """Log-densities of rows, each component about its own mean."""
    y = np.einsum("nkd,kde->nke", X[:, None] - model.means_, model.precisions_cholesky_)
    log_dets = np.log(np.diagonal(model.precisions_cholesky_, axis1=1, axis2=2)).sum(1)
    terms = np.log(model.weights_) - 0.5 * (y**2).sum(2) + log_dets - 0.5 * X.shape[1] * np.log(2 * np.pi)
    return np.logaddexp.reduce(terms, axis=1)


@pytest.mark.parametrize(("n_components", "value"), [(3, 1e12), (3, 1e16), (3, 1e20), (2, 1e20), (2, 9.96921e36)])
def test_a_fill_value_does_not_make_the_other_rows_equal(n_components, value):
    X = with_fill_value(value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        model = gmmx.GaussianMixture(n_components, random_state=0).fit(X)
    alone = int(model.predict(X[:1])[0])
    others = np.delete(np.arange(n_components), alone)
    assert model.covariances_[others][:, range(3), range(3)].min() > 0.5
    np.testing.assert_allclose(model.score_samples(X)[1:], densities_of(model, X[1:]), rtol=1e-9)
    np.testing.assert_allclose(model.weights_[others].sum(), 399 / 400, rtol=1e-9)


OUTWEIGHS = r"Row {} of X \(the first is 0\) outweighs all others: column {} is {} there, and from -\d"


@pytest.mark.parametrize(("value", "dtype"), [(1e20, float), (-9.96921e36, float), (1e12, float), (1e20, np.float32)])
def test_a_row_that_outweighs_all_others_is_named(value, dtype):
    X = with_fill_value(0.0)
    X[0] = X[1]
    X[137, 2] = value
    X = X.astype(dtype)
    with pytest.warns(RuntimeWarning, match=OUTWEIGHS.format(137, 2, f"{value:g}".replace("+", r"\+"))):
        gmmx.GaussianMixture(2, random_state=0).fit(X)
    with pytest.warns(RuntimeWarning, match=OUTWEIGHS.format(137, 2, f"{value:g}".replace("+", r"\+"))):
        gmmx.GaussianMixture(2, random_state=0).fit_batches(
            [X[:100], np.empty((0, 3)), X[100:250], X[250:]], progress=False
        )


def test_the_column_is_named_and_rows_of_weight_zero_are_passed_over():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(with_fill_value(1e20), columns=["a", "b", "c"])
    weight = np.ones(len(frame))
    with pytest.warns(RuntimeWarning, match="Row 0 of X .* column 'c' is 1e"):
        gmmx.GaussianMixture(2, random_state=0).fit(frame, sample_weight=weight)
    weight[0] = 0.0
    gmmx.GaussianMixture(2, random_state=0).fit(frame, sample_weight=weight)  # warnings are errors


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_sound_data_outweigh_nothing(dtype):
    rng = np.random.default_rng(0)
    normal = rng.normal(size=(2000, 3))
    far = normal.copy()
    far[:2] += 1e16  # two rows, which have each other
    rare = np.zeros((2000, 3))
    rare[7, 1] = 1.0
    rare[:, 0] = 0.1 + 0.2
    rare[5, 0] = 0.3  # equal up to rounding
    for X in (normal, far, rare, rng.standard_cauchy(size=(2000, 3)), np.exp(8 * normal), normal[:2], normal[:1]):
        rows = Rows(np.ascontiguousarray(X, dtype=dtype), None, 1)
        warn_of_outweighing_row(rows, None)
        assert summarize(rows.X).outweighing_row is None
