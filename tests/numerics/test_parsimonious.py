"""The parsimonious covariance models and the prior, compiled: what their attributes say, laws, kernels, and errors."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from scipy.stats import multivariate_normal
from sklearn.base import clone

import gmmx
from gmmx import GaussianMixture, _core, reference

LETTERS = [name for name in _core.covariance_types() if len(name) == 3]
ALIASES = {"VVV": "full", "EEE": "tied", "VVI": "diag", "VII": "spherical"}
IRIS = np.loadtxt(Path(__file__).parents[1] / "data" / "iris.csv", delimiter=",", skiprows=1, usecols=range(4))
LABELS = np.repeat([0, 1, 2], 50)
every_model = pytest.mark.parametrize("name", LETTERS)


def fitted(name, X=IRIS, labels=LABELS, **options):
    n_components = int(np.max(labels)) + 1
    options = {"responsibilities_init": labels, "tol": 1e-9, "max_iter": 2000, "reg_covar": 0.0, **options}
    return GaussianMixture(n_components, covariance_type=name, **options).fit(X)


def recomposed(model):
    return np.einsum("k,kij,kj,klj->kil", model.volumes_, model.orientations_, model.shapes_, model.orientations_)


def overlapping(n_samples=400, n_features=5, n_components=3, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(n_components, size=n_samples)
    turns = np.linalg.qr(rng.normal(size=(n_components, n_features, n_features)))[0]
    scales = rng.uniform(0.4, 2.0, size=(n_components, 1, n_features))
    X = np.einsum("nij,nj->ni", (turns * scales)[labels], rng.normal(size=(n_samples, n_features)))
    return X + 2 * rng.normal(size=(n_components, n_features))[labels], labels


@every_model
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_attributes_are_matrices_and_what_makes_them(name, dtype):
    model = fitted(name, IRIS.astype(dtype), tol=1e-4)
    rtol = 1e-9 if dtype == np.float64 else 1e-3
    for attribute in (model.covariances_, model.precisions_, model.precisions_cholesky_, model.orientations_):
        assert attribute.shape == (3, 4, 4)
        assert attribute.dtype == dtype
    assert model.volumes_.shape == (3,)
    assert model.shapes_.shape == (3, 4)
    np.testing.assert_allclose(recomposed(model), model.covariances_, rtol=rtol, atol=rtol)
    np.testing.assert_allclose(np.prod(model.shapes_, axis=1), 1.0, rtol=rtol)
    np.testing.assert_allclose(model.covariances_ @ model.precisions_, np.tile(np.eye(4), (3, 1, 1)), atol=100 * rtol)
    turned = np.swapaxes(model.orientations_, 1, 2) @ model.orientations_
    np.testing.assert_allclose(turned, np.tile(np.eye(4), (3, 1, 1)), atol=rtol)
    for letter, part in zip(name, (model.volumes_, model.shapes_, model.orientations_), strict=True):
        same = np.abs(part - part[0]).max() < 100 * rtol * np.abs(part).max()
        assert same == (letter != "V")
    if name[1] == "I":
        np.testing.assert_allclose(model.shapes_, 1.0, rtol=rtol)
    if name[2] == "I":
        np.testing.assert_array_equal(model.orientations_, np.tile(np.eye(4), (3, 1, 1)))


@every_model
def test_parameters_are_counted_by_the_letters(name):
    K, d = 3, 4
    of_letter = {"E": 1, "V": K, "I": 0}
    of_covariances = sum(
        of_letter[letter] * size for letter, size in zip(name, (1, d - 1, d * (d - 1) // 2), strict=True)
    )
    assert fitted(name, tol=1e-3).mixture_.n_parameters == K - 1 + K * d + of_covariances


@pytest.mark.parametrize("name", ALIASES)
def test_models_of_two_names_fit_alike(name):
    ours, theirs = fitted(name), fitted(ALIASES[name])
    np.testing.assert_array_equal(ours.means_, theirs.means_)
    assert ours.log_likelihood_ == theirs.log_likelihood_
    assert not hasattr(theirs, "volumes_")


def test_a_refit_with_a_type_of_scikit_learn_has_no_decomposition():
    model = fitted("VEV")
    assert not hasattr(model.set_params(covariance_type="full").fit(IRIS), "shapes_")


def test_one_feature_has_two_models():
    X = IRIS[:, 2:3]
    assert fitted("E", X).log_likelihood_ == fitted("EII", X).log_likelihood_
    assert fitted("V", X).log_likelihood_ == fitted("VII", X).log_likelihood_
    for name in ("E", "V"):
        with pytest.raises(ValueError, match=r"'E' and 'V' are for data of one feature, but there are 4; use 'EII'"):
            fitted(name)


@every_model
@pytest.mark.parametrize("seed", range(3))
def test_the_likelihood_never_falls(name, seed):
    X, labels = overlapping(seed=seed)
    noise = np.random.default_rng(seed).integers(3, size=len(X))
    for start in (labels, noise):
        model = fitted(name, X, start, tol=1e-6)
        assert np.diff(model.lower_bounds_).min() * len(X) > -1e-9


@every_model
def test_a_weight_is_a_repetition(name):
    weight = np.random.default_rng(0).integers(0, 4, size=len(IRIS))
    repeated = fitted(name, np.repeat(IRIS, weight, axis=0), np.repeat(LABELS, weight))
    weighted = GaussianMixture(
        3, covariance_type=name, responsibilities_init=LABELS, tol=1e-9, max_iter=2000, reg_covar=0
    )
    weighted.fit(IRIS, sample_weight=weight)
    assert weighted.log_likelihood_ == pytest.approx(repeated.log_likelihood_, rel=1e-8)
    np.testing.assert_allclose(weighted.covariances_, repeated.covariances_, rtol=1e-3, atol=1e-5)


@every_model
def test_reg_covar_stays_in_the_model(name):
    model = fitted(name, reg_covar=0.5, max_iter=0)
    again = _core.nearest_covariances(name, model.covariances_)
    np.testing.assert_allclose(again, model.mixture_.covariances, rtol=1e-6)
    assert np.linalg.eigvalsh(model.covariances_).min() > 0.4


@pytest.mark.parametrize("name", ["VEE", "EVE", "VVE"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_common_axes_give_the_density_of_the_matrices(name, dtype):
    X, labels = overlapping()
    model = fitted(name, X, labels, tol=1e-4)
    rows = X.astype(dtype)
    joint = [
        np.log(weight) + multivariate_normal(mean, covariance).logpdf(rows.astype(np.float64))
        for weight, mean, covariance in zip(model.weights_, model.means_, model.covariances_, strict=True)
    ]
    expected = np.logaddexp.reduce(joint, axis=0)
    np.testing.assert_allclose(model.score_samples(rows), expected, rtol=1e-11 if dtype == np.float64 else 1e-4)
    options = {"tol": 0.0, "reg_covar": 0.0, "max_iter": 1, "previous_lower_bound": -np.inf, "callback": None}
    assert _core.em(rows, model.mixture_, None, n_threads=1, **options).kernel == "diagonalised"


@pytest.mark.parametrize("name", ["VEE", "EVE", "VVE"])
def test_matrices_too_ill_conditioned_for_common_axes_are_taken_as_they_are(name):
    # Rounding of the matrices alone turns the axes of the narrow directions. With 1e-7 in place of 1e-12 it sometimes
    # does not turn them enough to matter.
    rng = np.random.default_rng(0)
    axes = Rotation.random(rng=0).as_matrix()
    variances = np.array([[1.0, 1e-3, 1e-7], [2.0, 2e-3, 2e-7]])
    if name != "VEE":
        variances = np.array([[1.0, 1e-3, 1e-12], [3e-3, 1.7, 2e-12]])
    covariances = np.einsum("ij,kj,lj->kil", axes, variances, axes)
    means = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    mixture = _core.Mixture(np.array([0.5, 0.5]), means, name, covariances=covariances)
    free = _core.Mixture(
        np.array([0.5, 0.5]), means, "VVV", covariances=covariances, precisions_cholesky=mixture.precisions_cholesky
    )
    X = rng.multivariate_normal(means[1], covariances[1], 500)
    np.testing.assert_array_equal(_core.score_samples(X, mixture, 1), _core.score_samples(X, free, 1))


@pytest.mark.parametrize("name", ["EVE", "VVE"])
@pytest.mark.parametrize("seed", range(3))
def test_no_other_axes_are_better(name, seed):
    """Neither turned ones nearby, nor those of the features: the M-step has found a maximum of Q."""
    X, labels = overlapping(n_features=4, seed=seed)
    statistics = _core.statistics_from_labels(X, labels.astype(np.int32), 3, "full", None, 1)
    counts = statistics.counts
    own = statistics.second_moments / counts[:, None, None]

    def loss(axes):
        variances = np.einsum("ij,kil,lj->kj", axes, own, axes)
        if name == "VVE":
            return counts @ np.log(variances).sum(axis=1)
        return 4 * counts.sum() * np.log(counts @ np.exp(np.log(variances).mean(axis=1)) / counts.sum())

    mixture = _core.m_step(statistics, name, 0.0)
    axes = _core.decompose(mixture)[2][0]
    best = loss(axes)
    assert best <= loss(np.eye(4)) + 1e-9
    rng = np.random.default_rng(seed)
    for size in (1e-3, 1e-2, 0.1, 1.0):
        for _ in range(20):
            skew = size * rng.normal(size=(4, 4))
            turn = np.linalg.qr(np.eye(4) + skew - skew.T)[0]
            assert loss(axes @ turn) >= best - 1e-10
    assert best == pytest.approx(counts @ np.linalg.slogdet(mixture.covariances)[1], rel=1e-12)


@pytest.mark.parametrize("name", ["EVE", "VVE"])
def test_a_search_that_goes_on_ends_where_the_whole_one_does(name):
    X, labels = overlapping(n_features=6)
    statistics = _core.statistics_from_labels(X, labels.astype(np.int32), 3, name, None, 1)
    whole = _core.m_step(statistics, name, 0.0)
    step = _core.m_step(statistics, name, 0.0, _core.m_step(statistics, "VEE", 0.0))  # of another model: not taken up
    np.testing.assert_array_equal(step.covariances, whole.covariances)
    for _ in range(60):
        step = _core.m_step(statistics, name, 0.0, step)
    np.testing.assert_allclose(step.covariances, whole.covariances, rtol=1e-5, atol=1e-6)


@every_model
def test_models_can_be_kept_and_moved(name, tmp_path):
    model = fitted(name, tol=1e-3)
    model.save(tmp_path / "model.safetensors")
    copies = [
        gmmx.load(tmp_path / "model.safetensors"),
        pickle.loads(pickle.dumps(model)),
        GaussianMixture.from_parameters(model.weights_, model.means_, model.covariances_, name),
    ]
    for copy in copies:
        np.testing.assert_allclose(copy.score_samples(IRIS), model.score_samples(IRIS), rtol=1e-9)
        np.testing.assert_allclose(copy.volumes_, model.volumes_, rtol=1e-9)
        assert copy.mixture_.n_parameters == model.mixture_.n_parameters
    theirs = model.to_sklearn()
    assert theirs.covariance_type == "full"
    np.testing.assert_allclose(theirs.score_samples(IRIS), model.score_samples(IRIS), rtol=1e-9)
    X, y = model.sample(20_000, random_state=0)
    np.testing.assert_allclose(np.cov(X[y == 1].T), model.covariances_[1], atol=0.05 * model.covariances_[1].max())
    started = clone(model).set_params(
        weights_init=model.weights_,
        means_init=model.means_,
        precisions_init=model.precisions_,
        responsibilities_init=None,
        max_iter=0,
    )
    np.testing.assert_allclose(started.fit(IRIS).covariances_, model.covariances_, rtol=1e-6, atol=1e-9)
    again = model.set_params(warm_start=True, max_iter=50).fit(IRIS)
    assert again.log_likelihood_ >= copies[0].score(IRIS) * len(IRIS) - 1e-9


@pytest.mark.parametrize("name", [name for name in LETTERS if name != "VVV"])
def test_covariances_of_another_model_are_refused(name):
    rng = np.random.default_rng(0)
    factors = rng.normal(size=(3, 2, 2)) + 2 * np.eye(2)
    covariances = factors @ np.swapaxes(factors, 1, 2)
    with pytest.raises(ValueError, match=rf"covariances is not of covariance_type='{name}'.*Use 'VVV'"):
        GaussianMixture.from_parameters([0.2, 0.3, 0.5], rng.normal(size=(3, 2)), covariances, name)
    model = fitted(name)
    if model.mixture_.covariances.ndim < 3:
        model.precisions_cholesky_[0, 0, 1] += 0.1
        with pytest.raises(ValueError, match=r"precisions_cholesky_ is not of covariance_type"):
            model.predict(IRIS)


@pytest.mark.parametrize("name", ["VEI", "VEE", "VEV"])
def test_components_that_vary_in_different_features_have_no_shape_in_common(name):
    """The volumes of a shared shape then grow without bound: a collapse, not numbers that are not finite."""
    rng = np.random.default_rng(0)
    X = np.c_[rng.integers(0, 3, 300), rng.normal(size=300)].astype(float)
    X[:100, 1] = 0.0
    labels = np.r_[np.zeros(100, dtype=int), 1 + X[100:, 0].astype(int)]
    with pytest.raises(gmmx.FitFailedError, match="collapsed in"):
        fitted(name, X, labels)


@every_model
@pytest.mark.parametrize("method", ["anderson", "squarem"])
def test_acceleration_stays_in_the_model_and_climbs(name, method):
    X, _ = overlapping(n_features=3)
    start = np.random.default_rng(0).integers(3, size=len(X))
    plain = fitted(name, X, start, tol=1e-8, reg_covar=1e-6)
    fast = fitted(name, X, start, tol=1e-8, reg_covar=1e-6, acceleration=method)
    assert np.diff(fast.lower_bounds_).min() > -1e-9
    assert fast.lower_bound_ > plain.lower_bound_ - 1e-3
    nearest = _core.nearest_covariances(name, fast.covariances_)
    np.testing.assert_allclose(nearest, fast.mixture_.covariances, rtol=1e-5, atol=1e-8)


# ------------------------------------------------------------------------------------------------------------ priors


def usual_prior(X, sample_weight, n_components, covariance_type):
    rows = gmmx.validation.Rows(X, sample_weight, 2)
    config = gmmx.em.config.EMConfig(n_components=n_components, covariance_type=covariance_type, prior="default")
    return gmmx.em.priors.prior_of_rows(config, rows)


def test_the_usual_prior_of_iris():
    prior = usual_prior(IRIS, None, 3, "VVV")
    np.testing.assert_allclose(np.diag(prior.scale), [0.39588533, 0.10968467, 1.79918386, 0.33544412], rtol=1e-7)
    assert (prior.shrinkage, prior.dof) == (0.01, 6.0)
    np.testing.assert_allclose(prior.mean, IRIS.mean(axis=0), rtol=1e-14)


def rank_deficient_rows():
    rng = np.random.default_rng(0)
    few = rng.normal(size=(30, 3))
    return {
        "few distinct rows": np.repeat(rng.normal(size=(3, 4)), 4, axis=0),
        "a multiple": np.c_[few, 2 * few[:, :1]],
        "a sum": np.c_[few, few.sum(axis=1)],
        "a sum, of columns in units far apart": np.c_[few, few.sum(axis=1)] * [1e8, 1.0, 1e-8, 1e3],
        "one-hot": np.eye(3)[rng.integers(0, 3, 40)],
        "a constant": np.c_[few, np.full(30, 0.1)],
        "fewer rows than columns": rng.normal(size=(5, 8)),
    }


@pytest.mark.filterwarnings("ignore:Columns? .* of X (is|are)")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", rank_deficient_rows())
def test_the_usual_prior_of_rank_deficient_rows_is_positive_definite(kind, dtype):
    X = rank_deficient_rows()[kind].astype(dtype)
    scale = usual_prior(X, None, 2, "VVV").scale
    deviations = np.sqrt(np.diag(scale))
    assert np.linalg.eigvalsh(scale / np.outer(deviations, deviations)).min() > 0.99 * 2.0**-26
    expected = reference.default_prior(X, 2, "VVV").scale
    rtol = 1e-6 if dtype == np.float32 else 1e-12
    np.testing.assert_allclose(
        scale / np.outer(deviations, deviations), expected / np.outer(deviations, deviations), atol=rtol
    )
    reg_covar = 0 if dtype == np.float64 else 1e-6
    fitted = gmmx.GaussianMixture(2, prior="default", reg_covar=reg_covar, random_state=0, max_iter=5, tol=1e9).fit(X)
    assert np.isfinite(fitted.precisions_).all()


def test_the_usual_prior_in_numbers():
    raised = reference.made_definite([[4.0, 6.0, 0.0], [6.0, 9.0, 0.0], [0.0, 0.0, 0.0]])
    least = 2.0**-26  # the correlation of the first two is 1: eigenvalues 2 and 0, the axis of the latter (1, -1)
    expected = [[4 * (1 + least / 2), 6 * (1 - least / 2), 0], [6 * (1 - least / 2), 9 * (1 + least / 2), 0]]
    np.testing.assert_allclose(raised, [*expected, [0, 0, least * 13 / 3]], rtol=1e-14)
    sound = [[2.0, 1.0], [1.0, 3.0]]
    assert reference.made_definite(sound).tolist() == sound


@pytest.mark.parametrize("name", _core.covariance_types())
@pytest.mark.parametrize("weighted", [False, True])
def test_m_steps_with_a_prior_are_the_references(name, weighted):
    X, labels = overlapping(n_samples=80, n_features=1 if name in "EV" else 3)
    weight = np.random.default_rng(1).uniform(0.2, 3, len(X)) if weighted else None
    expected_prior = reference.default_prior(X, 3, name, weight)
    prior = usual_prior(X, weight, 3, name)
    native = _core.m_step(
        _core.statistics_from_labels(X, labels.astype(np.int32), 3, name, weight, 1), name, 0.01, prior=prior
    )
    twin = reference.m_step(
        reference.statistics_from_labels(X, labels, 3, name, weight), name, 0.01, prior=expected_prior
    )
    rtol = 1e-6 if name in ("EVE", "VVE") else 1e-10
    np.testing.assert_allclose(native.means, twin.means, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(native.covariances, twin.covariances, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("name", _core.covariance_types())
def test_a_prior_keeps_components_from_collapse(name):
    rng = np.random.default_rng(0)
    n_features = 1 if name in "EV" else 3
    X = np.concatenate([np.tile(rng.normal(size=n_features), (4, 1)), rng.normal(size=(40, n_features)) + 5])
    labels = np.r_[np.zeros(4, dtype=int), np.ones(40, dtype=int)]
    if "E" not in gmmx._covariance_shapes.mclust_name(name)[:2]:
        with pytest.raises(gmmx.FitFailedError):
            fitted(name, X, labels)
    model = fitted(name, X, labels, prior="default")
    assert model.converged_
    assert model.sample(100, random_state=0)[0].std(axis=0).min() > 0.1
    assert np.isfinite(model.log_likelihood_)


@pytest.mark.filterwarnings("ignore:Columns? .* of X (is|are)")
def test_a_prior_of_ones_own():
    prior = gmmx.ConjugatePrior(shrinkage=1e6, mean=np.full(4, 3.0), dof=6, scale=1.0)
    model = fitted("VVV", prior=prior, max_iter=0)
    np.testing.assert_allclose(model.means_, 3.0, atol=1e-3)
    with pytest.raises(ValueError, match=r"prior has a mean of 4 features, but X has 2"):
        fitted("VVV", IRIS[:, :2], prior=prior)
    with pytest.raises(ValueError, match=r"acceleration='anderson' judges its jumps by the likelihood alone"):
        fitted("VVV", prior="default", acceleration="anderson")
    with pytest.raises(ValueError, match=r"prior"):
        fitted("VVV", prior="weak")
    with pytest.raises(ValueError, match=r"prior='default' needs the variance of the rows"):
        GaussianMixture(1, prior="default").fit(IRIS[:2], sample_weight=[0.4, 0.5])


def test_the_prior_reaches_every_kind_of_start():
    plain = GaussianMixture(3, random_state=0).fit(IRIS)
    alone = GaussianMixture(3, random_state=0, prior="default").fit(IRIS)
    several = GaussianMixture(3, random_state=0, prior="default", n_init=5).fit(IRIS)
    watched = GaussianMixture(3, random_state=0, prior="default", callback=lambda i, score: False).fit(IRIS)
    np.testing.assert_allclose(watched.covariances_, alone.covariances_, rtol=1e-12)
    assert several.log_likelihood_ >= alone.log_likelihood_ - 1e-9
    assert alone.log_likelihood_ < plain.log_likelihood_
