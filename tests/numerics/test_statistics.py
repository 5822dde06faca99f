"""The public halves of EM: rows -> e_step -> statistics -> m_step -> mixture."""

import functools
import operator
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_iris

import gmmx
from gmmx import GaussianMixture, SufficientStatistics, reference

COVARIANCE_TYPES = ["full", "tied", "diag", "spherical"]
FIELDS = ["shifts", "counts", "first_moments", "second_moments", "log_likelihood", "n_samples", "total_weight"]
IRIS = load_iris().data
THREE_ROWS = np.array([[0.0], [1.0], [5.0]])


@pytest.fixture(params=COVARIANCE_TYPES)
def model(request):
    return GaussianMixture(3, covariance_type=request.param, random_state=0).fit(IRIS)


def assert_same_statistics(left, right, rtol=0.0):
    for name in FIELDS:
        assert_allclose(getattr(left, name), getattr(right, name), rtol=rtol, atol=rtol, err_msg=name)


def test_one_step_is_one_iteration(model):
    weights = np.linspace(0.1, 3, len(IRIS))
    statistics = gmmx.e_step(IRIS, model, sample_weight=weights)
    mixture = gmmx.m_step(statistics, model.covariance_type)
    assert statistics.log_likelihood == pytest.approx(weights @ model.score_samples(IRIS), rel=1e-12)
    with pytest.warns(match="did not converge"):
        model.set_params(warm_start=True, max_iter=1, tol=0).fit(IRIS, sample_weight=weights)
    for name in ("weights", "means", "covariances", "precisions_cholesky"):
        assert_allclose(getattr(mixture, name), getattr(model, f"{name}_"), rtol=1e-12, atol=1e-14)


def test_agrees_with_the_reference(model):
    weights = np.linspace(0.0, 3, len(IRIS))
    ours = gmmx.e_step(IRIS, model.mixture_, sample_weight=weights)
    theirs = reference.e_step(IRIS, model.mixture_, weights)
    assert_allclose(ours.counts, theirs.counts, rtol=1e-10)
    assert_allclose(ours.log_likelihood, theirs.log_likelihood, rtol=1e-12)
    stepped = gmmx.m_step(ours, model.covariance_type, reg_covar=1e-3)
    expected = reference.m_step(theirs, model.covariance_type, 1e-3)
    for name in ("weights", "means", "covariances", "precisions_cholesky"):
        assert_allclose(getattr(stepped, name), getattr(expected, name), rtol=1e-10, atol=1e-13, err_msg=name)


@pytest.mark.parametrize("covariance_type", ["EVE", "VVE"])
def test_previous_makes_one_step_one_iteration_where_there_is_no_closed_form(covariance_type):
    model = GaussianMixture(3, covariance_type=covariance_type, random_state=0, max_iter=2, tol=0)
    with pytest.warns(match="did not converge"):
        model.fit(IRIS)
    statistics = gmmx.e_step(IRIS, model)
    mixture = gmmx.m_step(statistics, covariance_type, previous=model)
    searched = gmmx.m_step(statistics, covariance_type)
    with pytest.warns(match="did not converge"):
        model.set_params(warm_start=True, max_iter=1).fit(IRIS)
    assert_allclose(mixture.covariances, model.covariances_, rtol=1e-12, atol=1e-14)
    assert np.abs(searched.covariances - model.covariances_).max() > 1e-6


@pytest.mark.parametrize("covariance_type", ["EVE", "VVE"])
def test_steps_from_previous_never_lose_likelihood(covariance_type):
    likelihoods = []
    statistics = SufficientStatistics.from_responsibilities(IRIS, np.eye(4)[np.arange(len(IRIS)) % 4])
    mixture = gmmx.m_step(statistics, covariance_type, reg_covar=0)
    for _ in range(30):
        statistics = gmmx.e_step(IRIS, mixture)
        likelihoods.append(statistics.log_likelihood)
        mixture = gmmx.m_step(statistics, covariance_type, reg_covar=0, previous=mixture)
    assert likelihoods[-1] > likelihoods[0] + 10
    assert np.diff(likelihoods).min() > -1e-9


@pytest.mark.parametrize("scale", [0.1, [0.3, 0.1, 0.2, 0.05], np.cov(IRIS.T)], ids=["number", "vector", "matrix"])
@pytest.mark.parametrize(
    ("covariance_type", "used"),
    [
        *((name, lambda matrix: matrix) for name in ("full", "tied", "VEV")),
        *((name, lambda matrix: np.diag(matrix)) for name in ("diag", "EEI")),
        *((name, lambda matrix: np.trace(matrix) / len(matrix)) for name in ("spherical", "EII")),
    ],
)
def test_prior_agrees_with_the_reference(covariance_type, used, scale):
    resp = np.eye(3)[np.digitize(IRIS[:, 2], [2.5, 5.0])]
    ours = SufficientStatistics.from_responsibilities(IRIS, resp, covariance_type=covariance_type)
    theirs = reference.statistics_from_responsibilities(IRIS, resp, covariance_type)
    others = {"shrinkage": 2.0, "mean": [5.0, 3.0, 4.0, 1.0], "dof": 7}
    stepped = gmmx.m_step(ours, covariance_type, reg_covar=0, prior=gmmx.ConjugatePrior(**others, scale=scale))
    matrix = scale if np.ndim(scale) == 2 else scale * np.eye(4)
    prior = reference.ConjugatePrior(**others, scale=used(matrix))
    expected = reference.m_step(theirs, covariance_type, prior=prior)
    for name in ("weights", "means", "covariances"):
        assert_allclose(getattr(stepped, name), getattr(expected, name), rtol=1e-10, atol=1e-13, err_msg=name)


def test_a_prior_saves_a_component_of_one_row():
    statistics = SufficientStatistics.from_responsibilities(THREE_ROWS, np.eye(2)[[0, 0, 1]])
    prior = gmmx.ConjugatePrior(shrinkage=0, mean=[0.0], dof=3, scale=2.0)
    mixture = gmmx.m_step(statistics, reg_covar=0, prior=prior)
    assert_array_equal(mixture.means, [[0.5], [5.0]])
    assert_allclose(mixture.covariances.ravel(), [(0.5 + 2) / (2 + 5), 2 / (1 + 5)])  # dof + d + 1 = 5 rows more


def test_a_fitted_model_and_its_mixture_are_the_same_to_e_step(model):
    assert_same_statistics(gmmx.e_step(IRIS, model), gmmx.e_step(IRIS, model.mixture_))


@pytest.mark.parametrize("n_parts", [2, 3, 7])
def test_statistics_of_parts_add_up(model, n_parts):
    weights = np.random.default_rng(0).uniform(0, 2, size=len(IRIS))
    parts = [gmmx.e_step(IRIS[i::n_parts], model, sample_weight=weights[i::n_parts]) for i in range(n_parts)]
    total = functools.reduce(operator.add, parts)
    whole = gmmx.e_step(IRIS, model, sample_weight=weights)
    assert_same_statistics(total, whole, rtol=1e-10)
    assert total.n_samples == np.count_nonzero(weights)


def test_e_step_does_not_depend_on_n_jobs(model):
    X = np.random.default_rng(0).normal(size=(3001, 4)) + 4
    assert_same_statistics(gmmx.e_step(X, model, n_jobs=1), gmmx.e_step(X, model, n_jobs=3))


def test_statistics_travel(model):
    statistics = gmmx.e_step(IRIS, model)
    for copied in (
        SufficientStatistics.from_bytes(statistics.to_bytes()),
        pickle.loads(pickle.dumps(statistics)),
    ):
        assert_same_statistics(copied, statistics)
        assert_same_statistics(copied + statistics, statistics + statistics)


@pytest.mark.parametrize("damage", [lambda b: b"", lambda b: b[:-3], lambda b: b + b"x", lambda b: b"no" + b[2:]])
def test_broken_bytes_are_refused(model, damage):
    with pytest.raises(ValueError):
        SufficientStatistics.from_bytes(damage(gmmx.e_step(IRIS, model).to_bytes()))


def test_mixtures_travel(model):
    copied = pickle.loads(pickle.dumps(model.mixture_))
    assert copied.covariance_type == model.covariance_type
    assert_array_equal(copied.precisions_cholesky, model.mixture_.precisions_cholesky)
    statistics = gmmx.e_step(IRIS, model)
    assert_same_statistics(gmmx.e_step(IRIS, copied) + statistics, statistics + statistics)


def test_statistics_of_different_mixtures_do_not_add(model):
    other = GaussianMixture(3, covariance_type=model.covariance_type, random_state=1, tol=1).fit(IRIS + 0.5)
    fewer = GaussianMixture(2, covariance_type=model.covariance_type, random_state=1).fit(IRIS)
    narrower = GaussianMixture(3, covariance_type=model.covariance_type, random_state=1).fit(IRIS[:, :2])
    statistics = gmmx.e_step(IRIS, model)
    for stranger in (gmmx.e_step(IRIS, other), gmmx.e_step(IRIS, fewer), gmmx.e_step(IRIS[:, :2], narrower)):
        with pytest.raises(ValueError, match="cannot be added"):
            statistics + stranger
    with pytest.raises(TypeError):
        statistics + 1


def test_from_responsibilities(model):
    weights = np.linspace(0.5, 2, len(IRIS))
    resp = model.predict_proba(IRIS)
    statistics = SufficientStatistics.from_responsibilities(
        IRIS, resp, covariance_type=model.covariance_type, sample_weight=weights
    )
    assert_allclose(statistics.counts, weights @ resp, rtol=1e-12)
    ours = gmmx.m_step(statistics, model.covariance_type)
    direct = gmmx.m_step(gmmx.e_step(IRIS, model, sample_weight=weights), model.covariance_type)
    assert_allclose(ours.means, direct.means, rtol=1e-10)
    assert_allclose(ours.covariances, direct.covariances, rtol=1e-8, atol=1e-12)


def test_from_responsibilities_of_three_rows():
    statistics = SufficientStatistics.from_responsibilities(THREE_ROWS, np.eye(2)[[0, 0, 1]])
    assert_array_equal(statistics.counts, [2, 1])
    mixture = gmmx.m_step(statistics, reg_covar=1.0)
    assert_allclose(mixture.means, [[0.5], [5.0]])
    assert_allclose(mixture.covariances.ravel(), [1.25, 1.0])


def test_a_collapsed_component_is_named():
    statistics = SufficientStatistics.from_responsibilities(THREE_ROWS, np.eye(2)[[0, 0, 1]])
    with pytest.raises(gmmx.CollapsedComponentError) as failure:
        gmmx.m_step(statistics, reg_covar=0)
    assert failure.value.component == 1
    assert isinstance(failure.value, ValueError)


def test_float32_rows_are_taken_as_they_are(model):
    ours = gmmx.e_step(IRIS.astype(np.float32), model)
    assert_allclose(ours.counts, gmmx.e_step(IRIS, model).counts, rtol=1e-4)


def test_lists_and_other_types_become_float64(model):
    rows = IRIS[:10].round(1)
    assert_same_statistics(gmmx.e_step(rows.tolist(), model), gmmx.e_step(rows, model))
    integers = np.arange(40).reshape(10, 4)
    assert_same_statistics(gmmx.e_step(integers, model), gmmx.e_step(integers.astype(float), model))


def test_bad_arguments(model):
    statistics = gmmx.e_step(IRIS, model)
    with pytest.raises(TypeError, match=r"mixture is of type dict, but must be a gmmx.Mixture"):
        gmmx.e_step(IRIS, {})
    with pytest.raises(ValueError, match="not fitted"):
        gmmx.e_step(IRIS, GaussianMixture())
    with pytest.raises(ValueError, match="X has 2 features, but the mixture has 4"):
        gmmx.e_step(IRIS[:, :2], model)
    with pytest.raises(ValueError, match="Input X contains NaN"):
        gmmx.e_step(np.full((3, 4), np.nan), model)
    with pytest.raises(ValueError, match="n_jobs"):
        gmmx.e_step(IRIS, model, n_jobs=0)
    with pytest.raises(ValueError, match="sample_weight"):
        gmmx.e_step(IRIS, model, sample_weight=np.full(150, -1.0))
    with pytest.raises(TypeError, match=r"statistics is of type ndarray, but must be gmmx.SufficientStatistics"):
        gmmx.m_step(IRIS)
    with pytest.raises(ValueError, match=r"covariance_type is 'ful', but must be one of 'full', 'tied'"):
        gmmx.m_step(statistics, "ful")
    for reg_covar in (-1e-6, np.nan, np.inf, "1"):
        with pytest.raises(ValueError, match=r"reg_covar is .*, but must be a finite number of at least 0"):
            gmmx.m_step(statistics, model.covariance_type, reg_covar)


def test_bad_previous_and_prior(model):
    statistics = gmmx.e_step(IRIS, model)
    name = model.covariance_type
    with pytest.raises(TypeError, match=r"previous is of type dict, but must be a gmmx.Mixture"):
        gmmx.m_step(statistics, name, previous={})
    other = GaussianMixture(3, covariance_type="EVE", random_state=0).fit(IRIS)
    with pytest.raises(ValueError, match=rf"previous is of covariance_type 'EVE', but must be of '{name}'"):
        gmmx.m_step(statistics, name, previous=other)
    fewer = GaussianMixture(2, covariance_type=name, random_state=0).fit(IRIS[:, :2])
    with pytest.raises(ValueError, match="previous has 2 components and 2 features, but the statistics have 3 and 4"):
        gmmx.m_step(statistics, name, previous=fewer)
    with pytest.raises(TypeError, match=r"prior is of type str, but must be a gmmx.ConjugatePrior"):
        gmmx.m_step(statistics, name, prior="default")
    with pytest.raises(ValueError, match="prior has a mean of 2 features, but statistics has 4"):
        gmmx.m_step(statistics, name, prior=gmmx.ConjugatePrior(0.01, [0.0, 0.0], 4, 1.0))


def test_statistics_must_suit_the_covariance_type():
    diagonal = GaussianMixture(2, covariance_type="diag", random_state=0).fit(IRIS)
    with pytest.raises(ValueError, match="second"):
        gmmx.m_step(gmmx.e_step(IRIS, diagonal), "full")


def test_from_responsibilities_takes_what_numpy_takes_and_refuses_the_rest():
    make = SufficientStatistics.from_responsibilities
    expected = make(np.array([[0.0], [1.0], [9.0]]), np.eye(2)[[0, 0, 1]])
    assert make([[0], [1], [9]], [[1, 0], [1, 0], [0, 1]]).to_bytes() == expected.to_bytes()
    with pytest.raises(ValueError, match="X holds NaN"):
        make([[0.0], [np.nan], [9.0]], np.eye(2)[[0, 0, 1]])
    with pytest.raises(ValueError, match="complex"):
        make([[0.0], [1j], [9.0]], np.eye(2)[[0, 0, 1]])
    with pytest.raises(ValueError, match=r"responsibilities\[1, 0\] is -1"):
        make([[0.0], [1.0], [9.0]], [[1, 0], [-1, 0], [0, 1]])
    with pytest.raises(ValueError, match="one row for each of 3 rows"):
        make([[0.0], [1.0], [9.0]], [[1.0, 0.0]])


def test_sum_adds_the_statistics_of_blocks(model):
    total = sum(gmmx.e_step(block, model) for block in np.array_split(IRIS, 3))
    assert_allclose(total.counts, gmmx.e_step(IRIS, model).counts, rtol=1e-12)
    with pytest.raises(TypeError, match="begins with"):
        1 + total


# Components of tiny weight


@pytest.mark.parametrize("n_features", [1, 3, 20])
@pytest.mark.parametrize("weight", [1e-15, 1e-17, 1e-24, 1e-200])
def test_rows_of_tiny_weight_make_a_component(weight, n_features):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, n_features)) * np.repeat([[1.0], [0.5]], 300, axis=0) + np.repeat(
        [[0.0], [100.0]], 300, axis=0
    )
    w = np.repeat([1.0, weight], 300)
    labels = np.repeat([0, 1], 300)
    native = gmmx.GaussianMixture(2, covariance_type="diag", responsibilities_init=labels).fit(X, sample_weight=w)
    assert native.empty_components_ == []
    np.testing.assert_allclose(native.weights_, [1.0, weight], rtol=1e-9)
    np.testing.assert_allclose(native.means_, [X[:300].mean(0), X[300:].mean(0)], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(native.covariances_[1], X[300:].var(0) + 1e-6, rtol=1e-9)
    statistics = reference.statistics_from_labels(X, labels, 2, "diag", w)
    assert statistics.empty_components == []
    twin = reference.m_step(reference.e_step(X, reference.m_step(statistics, "diag", 1e-6), w), "diag", 1e-6)
    np.testing.assert_allclose(native.means_, twin.means, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(native.covariances_, twin.covariances, rtol=1e-10)


@pytest.mark.parametrize("weight", [5e-324, 1e-310, 1e305])
@pytest.mark.parametrize("init_params", ["kmeans", "random"])
@pytest.mark.filterwarnings("ignore:Best performing")
def test_weights_at_the_ends_of_what_numbers_hold(weight, init_params):
    X = np.random.default_rng(0).normal(size=(600, 2)) + np.repeat([[0.0], [5.0]], 300, axis=0)
    options = dict(random_state=0, init_params=init_params, max_iter=20)
    plain = gmmx.GaussianMixture(2, **options).fit(X, sample_weight=np.ones(600))
    model = gmmx.GaussianMixture(2, **options).fit(X, sample_weight=np.full(600, weight))
    np.testing.assert_allclose(model.means_, plain.means_, rtol=1e-9)
    np.testing.assert_allclose(model.covariances_, plain.covariances_, rtol=1e-9)
    np.testing.assert_allclose(model.lower_bounds_, plain.lower_bounds_, rtol=1e-9)
