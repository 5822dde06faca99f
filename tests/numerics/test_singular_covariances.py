"""Covariances near or at the end of what numbers hold: verdicts that rounding does not make, and units far apart."""

from pathlib import Path

import numpy as np
import pytest

import gmmx
from gmmx import GaussianMixture, _core, reference

DATA = Path(__file__).parents[1] / "data"
MATRICES = [
    name for name in _core.covariance_types() if name in ("full", "tied") or (name[-1] in "EV" and len(name) == 3)
]
WITH_AXES = [name for name in MATRICES if name not in ("full", "tied")]
pytestmark = pytest.mark.filterwarnings("ignore::gmmx.validation.column_faults.ColumnWarning")
of_matrices = pytest.mark.parametrize("name", MATRICES)


def correlations(covariance, like=None):
    deviations = np.sqrt(np.diagonal(covariance if like is None else like, axis1=-2, axis2=-1))
    return covariance / (deviations[..., :, np.newaxis] * deviations[..., np.newaxis, :])


def dependent_rows(seed, n_features):
    rng = np.random.default_rng(seed)
    free = rng.normal(size=(100, n_features - 1)) * 10 ** rng.uniform(-1, 1, n_features - 1) + rng.normal()
    return np.c_[free, free.sum(axis=1)][:, rng.permutation(n_features)]


@pytest.mark.parametrize("dtype", [np.float64])
@pytest.mark.parametrize("n_features", [2, 3, 30])
@of_matrices
def test_dependent_features_are_refused_whatever_rounding_says(name, n_features, dtype):
    for seed in range(30 if n_features < 30 else 3):
        X = dependent_rows(seed, n_features).astype(dtype)
        with pytest.raises(gmmx.FitFailedError, match="collapsed"):
            GaussianMixture(1, covariance_type=name, reg_covar=0, n_jobs=1).fit(X)


@pytest.mark.parametrize("name", ["full", "tied", "VVV", "EEE"])
def test_the_reference_refuses_them_too(name):
    for seed in range(30):
        X = dependent_rows(seed, 3)
        statistics = reference.statistics_from_labels(X, np.zeros(100, int), 1, name)
        with pytest.raises(reference.CollapsedComponentError):
            reference.m_step(statistics, name)


@of_matrices
def test_features_that_nearly_depend_on_each_other_are_fitted(name):
    rng = np.random.default_rng(0)
    X = dependent_rows(0, 3)
    X[:, 1] += 1e-5 * rng.normal(size=100)
    model = GaussianMixture(1, covariance_type=name, reg_covar=0).fit(X)
    covariance = model.covariances_ if model.covariances_.ndim == 2 else model.covariances_[0]
    np.testing.assert_allclose(correlations(covariance), np.corrcoef(X.T), rtol=1e-12)
    units = GaussianMixture(1, covariance_type="full", reg_covar=0).fit(X * [1e9, 1.0, 1e-9]).covariances_[0]
    np.testing.assert_allclose(correlations(units), np.corrcoef(X.T), rtol=1e-12)


@pytest.mark.parametrize("name", WITH_AXES)
def test_axes_of_features_in_units_far_apart(name):
    X = np.random.default_rng(1).normal(size=(60, 4)) @ np.random.default_rng(2).normal(size=(4, 4))
    X *= [1e8, 1e-8, 1.0, 1e4]
    statistics = _core.statistics_from_labels(X, np.zeros(60, np.int32), 1, name, None, 1)
    mixture = _core.m_step(statistics, name, 0.0)  # of one component, all models are the full one
    right = np.cov(X.T, ddof=0)
    np.testing.assert_allclose(correlations(mixture.covariances.reshape(4, 4), right), correlations(right), atol=1e-12)
    volumes, shapes, axes = _core.decompose(mixture)
    back = volumes[0] * (axes[0] * shapes[0]) @ axes[0].T
    np.testing.assert_allclose(correlations(back, right), correlations(right), atol=1e-12)
    twin = reference.m_step(reference.statistics_from_labels(X, np.zeros(60, int), 1, name), name)
    np.testing.assert_allclose(correlations(twin.covariances.reshape(4, 4), right), correlations(right), atol=1e-12)
    np.testing.assert_allclose(reference.decompose(twin).shapes, shapes, rtol=1e-10)


@pytest.mark.parametrize("acceleration", [None, "anderson", "squarem"])
@pytest.mark.parametrize("name", ["EEV", "VEV"])
@pytest.mark.filterwarnings("ignore:Best performing")
def test_the_likelihood_does_not_fall_in_units_far_apart(name, acceleration):
    table = np.loadtxt(DATA / "units_far_apart.csv", delimiter=",", skiprows=1)
    X, weight = table[:, :3], table[:, 3]
    options = dict(reg_covar=0, tol=0, max_iter=40, random_state=940, acceleration=acceleration)
    model = GaussianMixture(2, covariance_type=name, **options).fit(X, sample_weight=weight)
    assert np.diff(model.lower_bounds_).min() > -1e-12
    likelihoods = reference.log_prob_norm(X, reference_mixture(model))
    assert weight @ likelihoods == pytest.approx(model.log_likelihood_, rel=1e-10)


def reference_mixture(model):
    return reference.Mixture.from_covariances(model.weights_, model.means_, model.covariances_, model.covariance_type)


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("VVE", np.float64),
        *((name, dtype) for name in ("EVE", "EVV", "EVI", "VVV") for dtype in (np.float32, np.float64)),
    ],
)
@pytest.mark.filterwarnings("ignore:Best performing")
def test_a_component_that_becomes_flat_is_named(name, dtype):
    X = np.loadtxt(DATA / "integers.csv", delimiter=",", skiprows=1, dtype=dtype)
    n_failed = 0
    for seed in range(12):
        for n_components in (4, 5):
            model = GaussianMixture(
                n_components, covariance_type=name, reg_covar=0, tol=1e-6, random_state=seed, max_iter=40
            )
            try:
                model.fit(X)
            except gmmx.FitFailedError as error:
                n_failed += 1
                assert "component" in str(error)
                continue
            assert np.isfinite(model.precisions_).all()
            assert np.abs(model.covariances_).max() < 1e6
            assert np.diff(model.lower_bounds_).min() > (-1e-9 if dtype == np.float64 else -1e-4)
    assert n_failed > 0


def test_equal_volumes_with_a_flat_component_in_numbers():
    X = np.array([[0.0, 1.0], [1.0, 2.0], [3.0, 1.0], [0.0, 0.0], [1.0, 1e-20], [2.0, 0.0]])
    labels = np.repeat([0, 1], 3)
    for name in ("EVI", "EVV", "EVE"):
        statistics = _core.statistics_from_labels(X, labels.astype(np.int32), 2, name, None, 1)
        with pytest.raises(_core.CollapsedComponentError, match="component 1"):
            _core.m_step(statistics, name, 0.0)
        with pytest.raises(reference.CollapsedComponentError, match="1"):
            reference.m_step(reference.statistics_from_labels(X, labels, 2, name), name)
    small = X * [[1.0], [1.0], [1.0], [1e-12], [1e-12], [1e-12]]  # small in all directions alike is sound
    small[4, 1] = 1e-12
    statistics = _core.statistics_from_labels(small, labels.astype(np.int32), 2, "EVI", None, 1)
    twin = reference.m_step(reference.statistics_from_labels(small, labels, 2, "EVI"), "EVI")
    np.testing.assert_allclose(_core.m_step(statistics, "EVI", 0.0).covariances, twin.covariances, rtol=1e-10)


def test_rows_that_differ_by_rounding_alone_have_no_variance():
    X = np.array([[0.1, 1.0], [np.nextafter(0.1, 1), 3.0], [0.1, 4.0], [7.0, 1.0], [8.0, 5.0], [6.0, 2.0]])
    labels = np.repeat([0, 1], 3)
    for name in ("full", "diag"):
        statistics = _core.statistics_from_labels(X, labels.astype(np.int32), 2, name, None, 1)
        with pytest.raises(_core.CollapsedComponentError, match="component 0"):
            _core.m_step(statistics, name, 0.0)
        kept = _core.m_step(statistics, name, 1e-6).covariances[0]
        assert kept[0] == 1e-6 if name == "diag" else kept[0, 0] == 1e-6 and kept[0, 1] == 0.0
        twin = reference.m_step(reference.statistics_from_labels(X, labels, 2, name), name, 1e-6)
        np.testing.assert_allclose(kept, twin.covariances[0], rtol=1e-12)


@pytest.mark.parametrize("scale", [1e-20, 1e-18, 1e15, 1e18])
@pytest.mark.parametrize("name", ["full", "tied", "diag", "spherical", "VVV", "EVI"])
@pytest.mark.filterwarnings("ignore:overflow encountered")  # of precisions_, which float32 cannot hold at 1e-20
def test_float32_rows_whose_squares_leave_its_range(name, scale):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3)) + np.repeat([[0.0], [5.0]], 200, axis=0)
    X = (X * scale).astype(np.float32)
    options = dict(covariance_type=name, reg_covar=0, random_state=0)
    narrow = GaussianMixture(2, **options).fit(X)
    wide = GaussianMixture(2, **options).fit(X.astype(float))
    np.testing.assert_allclose(narrow.lower_bounds_, wide.lower_bounds_, rtol=1e-9)
    np.testing.assert_allclose(narrow.weights_, wide.weights_, rtol=1e-6)
    np.testing.assert_allclose(narrow.means_, wide.means_, rtol=1e-5)
    if name != "spherical":
        assert narrow.score(X) == pytest.approx(wide.score(X.astype(float)), rel=1e-5)


@pytest.mark.filterwarnings("ignore:Best performing")
def test_rows_that_repeat_do_not_make_the_bound_swing_in_float32():
    rng = np.random.default_rng(0)
    X = (3 * rng.normal(size=(4, 5)) + 5)[rng.permutation(np.repeat(np.arange(4), [4, 5, 4, 6]))].astype(np.float32)
    narrow = GaussianMixture(2, random_state=0, tol=1e-6, max_iter=300).fit(X)
    wide = GaussianMixture(2, random_state=0, tol=1e-6, max_iter=300).fit(X.astype(float))
    assert narrow.converged_ and wide.converged_
    assert narrow.lower_bound_ == pytest.approx(wide.lower_bound_, abs=1e-6)


def few_distinct_rows(seed):
    """Rows of which each component has too few to fill the space: in some directions, reg_covar is all its variance."""
    rng = np.random.default_rng(seed)
    distinct = rng.normal(size=(6, 5)) * 10 ** rng.uniform(-1, 2)
    return distinct[rng.integers(0, 6, 60)].astype(np.float32)


@pytest.mark.parametrize("name", ["full", "tied", "EVE", "VVE", "EEV", "VEV", "VEE", "EVV"])
@pytest.mark.filterwarnings("ignore:Best performing", "ignore:Components .* are equal:RuntimeWarning")
def test_rounding_of_float32_does_not_make_the_likelihood_fall(name):
    for seed in range(12):
        model = GaussianMixture(2, covariance_type=name, tol=0, max_iter=40, random_state=seed)
        assert np.diff(model.fit(few_distinct_rows(seed)).lower_bounds_).min() > -2e-4


@pytest.mark.filterwarnings("ignore:Best performing", "ignore:Components .* are equal:RuntimeWarning")
def test_a_pass_in_float32_that_leads_to_a_flat_component_is_repeated():
    """In one iteration a component loses all rows but those in a flat."""
    for seed in (10, 72, 287):
        rng = np.random.default_rng(seed)
        n_features, n_distinct = rng.integers(2, 6), rng.integers(3, 9)
        distinct = 3 * rng.normal(size=(n_distinct, n_features)) + 5 * rng.normal()
        X = np.repeat(distinct, rng.integers(2, 9, n_distinct), axis=0).astype(np.float32)
        model = GaussianMixture(2, covariance_type="EEV", tol=0, max_iter=60, random_state=seed).fit(X)
        assert np.diff(model.lower_bounds_).min() > -2e-4


@pytest.mark.filterwarnings("ignore:Best performing", "ignore:Components .* are equal:RuntimeWarning")
def test_passes_that_serve_several_starts_are_repeated_for_those_that_need_it():
    for seed in range(12):
        X = few_distinct_rows(seed)
        options = dict(reg_covar=1e-6, tol=0.0, max_iter=40, n_threads=1)
        labels = np.random.default_rng(seed).integers(0, 2, (4, len(X)), dtype=np.int32)
        starts = [
            _core.m_step(_core.statistics_from_labels(X, start, 2, "full", None, 1), "full", 1e-6) for start in labels
        ]
        for result in _core.em_from_mixtures(X, starts, None, **options):
            assert np.diff(result.lower_bounds).min() > -2e-4


def both_m_steps(name, X, labels):
    """The M-steps, native and in NumPy, of a partition."""
    n_components = labels.max() + 1
    statistics = _core.statistics_from_labels(X, labels.astype(np.int32), n_components, name, None, 1)
    twin = reference.statistics_from_labels(X, labels, n_components, name)
    return lambda: _core.m_step(statistics, name, 0.0), lambda: reference.m_step(twin, name)


@pytest.mark.parametrize("name", ["VEI", "VEV", "VEE"])
@pytest.mark.parametrize(("n_plane", "has_maximum"), [(20, True), (21, False), (30, False)])
def test_volumes_that_part_for_ever_are_refused(name, n_plane, has_maximum):
    """One component in a plane, ten rows of another across it: the likelihood is bounded for two to one alone."""
    rng = np.random.default_rng(0)
    X = np.zeros((n_plane + 10, 3))
    X[:n_plane, :2], X[n_plane:, 2] = rng.normal(size=(n_plane, 2)), rng.normal(size=10)
    if name != "VEI":
        X = X @ np.linalg.qr(rng.normal(size=(3, 3)))[0]
    native, twin = both_m_steps(name, X, np.repeat([0, 1], [n_plane, 10]))
    if has_maximum and name != "VEV":  # with axes of their own, both lie in the same plane
        np.testing.assert_allclose(native().covariances, twin().covariances, rtol=1e-8)
        return
    with pytest.raises(_core.CollapsedComponentError):
        native()
    with pytest.raises(reference.CollapsedComponentError):
        twin()


@pytest.mark.parametrize("name", ["VEV", "VEE"])
def test_volumes_that_part_for_ever_are_refused_however_the_plane_lies(name):
    """Where the common matrix is singular to working precision, its rounding may bring the search to rest."""
    rng = np.random.default_rng(0)
    X = np.zeros((31, 3))
    X[:21, :2], X[21:, 2] = rng.normal(size=(21, 2)), rng.normal(size=10)
    for _ in range(40):
        turned = X @ np.linalg.qr(rng.normal(size=(3, 3)))[0]
        for m_step in both_m_steps(name, turned, np.repeat([0, 1], [21, 10])):
            with pytest.raises((_core.CollapsedComponentError, reference.CollapsedComponentError)):
                m_step()


@pytest.mark.parametrize("name", ["VEI", "VEV", "VEE"])
def test_volumes_far_apart_that_have_a_maximum_are_fitted(name):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3)) * [1.0, 2.0, 3.0]
    plane = np.eye(2, 3) if name == "VEI" else rng.normal(size=(2, 3))
    X[:4] = 1e-8 * rng.normal(size=(4, 2)) @ plane
    native, twin = both_m_steps(name, X, np.repeat([0, 1], [4, 56]))
    mixture = native()
    np.testing.assert_allclose(mixture.covariances, twin().covariances, rtol=1e-8, atol=1e-30)
    volumes = _core.decompose(mixture)[0]
    assert volumes[0] < 1e-12 * volumes[1]


def test_a_fit_whose_volumes_part_for_ever_is_refused():
    rng = np.random.default_rng(22)
    n_features = rng.integers(2, 6)
    distinct = rng.normal(size=(n_features + rng.integers(1, 4), n_features)) * 10 ** rng.uniform(-1, 2)
    X = distinct[rng.integers(0, len(distinct), 60)]
    with pytest.raises(gmmx.FitFailedError, match="the shared covariance collapsed"):
        GaussianMixture(2, covariance_type="VEE", reg_covar=0, tol=0, max_iter=40, random_state=22).fit(X)


@pytest.mark.parametrize("angle", [0.0, 0.3])
@pytest.mark.parametrize("name", ["EVE", "VVE"])
def test_a_component_flatter_than_axes_can_show_has_collapsed_however_it_lies(name, angle):
    X = np.array([[0.0, 1.0], [1.0, 2.0], [3.0, 1.0], [2.0, 2.5], [0.0, 0.0], [1.0, 1e-20], [2.0, 0.0]])
    X = X @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    for m_step in both_m_steps(name, X, np.repeat([0, 1], [4, 3])):
        with pytest.raises((_core.CollapsedComponentError, reference.CollapsedComponentError), match="component 1"):
            m_step()


@pytest.mark.parametrize(
    ("name", "n_components", "seed"),
    [("VVE", 4, 122), ("VVE", 3, 480), ("EVE", 2, 292), ("EVE", 3, 5), ("EVE", 4, 231), ("EVE", 4, 123)],
)
@pytest.mark.filterwarnings("ignore:Best performing")
def test_axes_that_nearly_meet_a_flat_are_not_turned_away_from_it(name, n_components, seed):
    """A component of few distinct rows is 1e-6 as thick as it is wide: to it, angles of 1e-6 are a long way."""
    rng = np.random.default_rng(seed)
    n_features = rng.integers(2, 5)
    X = rng.integers(0, rng.integers(2, 6), size=(rng.integers(12, 60), n_features)).astype(float)
    if seed % 3 == 0:
        X = X @ np.linalg.qr(rng.normal(size=(n_features, n_features)))[0]
    bounds = []
    options = dict(covariance_type=name, reg_covar=0, tol=0, max_iter=40, random_state=1, init_params="random")
    model = GaussianMixture(n_components, callback=lambda iteration, bound: bounds.append(bound), **options)
    with pytest.raises(gmmx.FitFailedError, match="collapsed"):
        model.fit(X)
    assert np.diff(bounds).min() > 0
