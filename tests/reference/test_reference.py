"""The NumPy reference against independent implementations, published values, and its own promises."""

from __future__ import annotations

import ast
import csv
import doctest
import importlib
import pkgutil
import re
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import multivariate_normal
from sklearn.cluster import KMeans, kmeans_plusplus
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from gmmx import reference
from gmmx.reference import k_means

DATA = Path(__file__).parents[1] / "data"
TYPES = ("full", "tied", "diag", "spherical")  # the others: test_parsimonious_reference.py
MCLUST_NAMES = {"VVV": "full", "EEE": "tied", "VVI": "diag", "VII": "spherical"}
CLASS_COLUMNS = {"iris": "Species", "diabetes": "class", "thyroid": "Diagnosis"}


def load(name):
    """Rows and class labels of one of the data sets."""
    with open(DATA / f"{name}.csv", newline="", encoding="utf-8") as file:
        records = list(csv.DictReader(file))
    label = CLASS_COLUMNS.get(name)
    X = np.array([[float(v) for column, v in r.items() if column != label] for r in records])
    if label is None:  # Old Faithful has no classes: short and long eruptions
        return X, (X[:, 0] > 3).astype(int)
    return X, np.unique([r[label] for r in records], return_inverse=True)[1]


def published():
    with open(DATA / "em_from_labels.csv", newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["model"] in MCLUST_NAMES]


def random_mixture(covariance_type, n_components, n_features, rng):
    shape = reference.covariance_family(covariance_type).covariance_shape(n_components, n_features)
    if covariance_type in ("full", "tied"):
        a = rng.standard_normal((*shape[:-1], 2 * n_features))
        covariances = a @ np.swapaxes(a, -1, -2) / n_features
    else:
        covariances = rng.uniform(0.5, 2.0, shape)
    return reference.Mixture.from_covariances(
        rng.dirichlet(np.full(n_components, 3.0)),
        3 * rng.standard_normal((n_components, n_features)),
        covariances,
        covariance_type,
    )


def covariance_of(mixture, k):
    covariance = mixture.covariances if mixture.covariance_type == "tied" else mixture.covariances[k]
    d = mixture.n_features
    return {0: lambda c: c * np.eye(d), 1: np.diag, 2: lambda c: c}[np.ndim(covariance)](covariance)


# The module


def modules():
    """Every module of the package."""
    names = [info.name for info in pkgutil.walk_packages(reference.__path__, "gmmx.reference.")]
    return [reference, *map(importlib.import_module, names)]


def test_examples_of_the_docstrings():
    results = [doctest.testmod(module) for module in modules()]
    assert sum(result.attempted for result in results) > 80
    assert sum(result.failed for result in results) == 0


def test_every_public_name_has_docstring_and_example():
    assert sorted(reference.__all__) == sorted(set(reference.__all__))
    for name in reference.__all__:
        thing = getattr(reference, name)
        if callable(thing):
            assert thing.__doc__, name
            if not name.endswith("Result"):
                assert ">>> " in thing.__doc__, name


def test_imports_numpy_alone():
    imported = set()
    for module in modules():
        for node in ast.walk(ast.parse(Path(module.__file__).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0
                imported.add(node.module)
    outside = {name for name in imported if not name.startswith("gmmx.reference.")}
    standard = {"__future__", "abc", "collections.abc", "dataclasses", "itertools", "typing"}
    assert outside == standard | {"numpy", "numpy.typing"}


def test_modules_use_only_what_comes_before_them():
    order = [module.__name__ for module in modules()]
    text = reference.__doc__.split("each using only those before it:")[1]
    names = [f"gmmx.reference.{name}" for name in re.findall(r"``(\w+)``", text)]
    assert sorted(names) == sorted(name for name in order[1:] if name.count(".") == 2)
    for position, name in enumerate(names):
        source = Path(importlib.import_module(name).__file__).read_text(encoding="utf-8")
        for used in re.findall(r"^from (gmmx\.reference\.\w+)", source, re.MULTILINE):
            assert used == name or used in names[:position], (name, used)


# Published values


@pytest.mark.parametrize("row", published(), ids=lambda row: f"{row['dataset']}-{row['model']}")
def test_em_from_labels(row):
    X, labels = load(row["dataset"])
    covariance_type = MCLUST_NAMES[row["model"]]
    statistics = reference.statistics_from_labels(X, labels, int(row["n_components"]), covariance_type)
    start = reference.m_step(statistics, covariance_type)
    assert reference.log_likelihood(X, start) == pytest.approx(float(row["m_step_loglik"]), abs=1e-5)
    result = reference.em(X, start, tol=1e-13, reg_covar=0.0, max_iter=1000)
    assert result.converged
    fitted = result.mixture
    assert reference.log_likelihood(X, fitted) == pytest.approx(float(row["converged_loglik"]), abs=1e-5)
    assert reference.n_parameters(fitted) == int(row["n_parameters"])
    assert reference.bic(X, fitted) == pytest.approx(-float(row["bic_2ll_minus_df_log_n"]), abs=1e-4)


def test_all_published_rows_are_tested():
    assert len(published()) == 16


# Densities


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize(("n_components", "n_features"), [(1, 1), (3, 2), (40, 5), (2, 100)])
def test_densities_agree_with_scipy(covariance_type, n_components, n_features):
    rng = np.random.default_rng(n_features)
    mixture = random_mixture(covariance_type, n_components, n_features, rng)
    X = 3 * rng.standard_normal((25, n_features))
    expected = np.stack(
        [
            np.atleast_1d(multivariate_normal(m, covariance_of(mixture, k)).logpdf(X))
            for k, m in enumerate(mixture.means)
        ],
        axis=1,
    )
    np.testing.assert_allclose(reference.log_prob(X, mixture), expected, rtol=1e-10)
    joint = expected + np.log(mixture.weights)
    np.testing.assert_allclose(reference.weighted_log_prob(X, mixture), joint, rtol=1e-10)
    norm = logsumexp(joint, axis=1)
    np.testing.assert_allclose(reference.log_prob_norm(X, mixture), norm, rtol=1e-10)
    resp = np.exp(joint - norm[:, None])
    np.testing.assert_allclose(reference.responsibilities(X, mixture), resp, rtol=1e-8, atol=1e-12)
    np.testing.assert_array_equal(reference.predict(X, mixture), joint.argmax(axis=1))


@pytest.mark.parametrize("covariance_type", TYPES)
def test_float32_rows_are_converted_first(covariance_type):
    rng = np.random.default_rng(0)
    mixture = random_mixture(covariance_type, 3, 2, rng)
    X = rng.standard_normal((20, 2)).astype(np.float32)
    log_prob = reference.log_prob(X, mixture)
    assert log_prob.dtype == np.float64
    np.testing.assert_array_equal(log_prob, reference.log_prob(X.astype(np.float64), mixture))
    np.testing.assert_array_equal(log_prob, reference.log_prob(np.asfortranarray(X), mixture))


# EM


@pytest.mark.parametrize("covariance_type", TYPES)
def test_em_agrees_with_scikit_learn(covariance_type):
    X, labels = load("iris")
    statistics = reference.statistics_from_labels(X, labels, 3, covariance_type)
    start = reference.m_step(statistics, covariance_type, 1e-6)
    peer = GaussianMixture(
        3,
        covariance_type=covariance_type,
        weights_init=start.weights,
        means_init=start.means,
        precisions_init=np.linalg.inv(start.covariances)
        if start.covariances.ndim > 2 or covariance_type == "tied"
        else 1 / start.covariances,
        tol=1e-4,
        reg_covar=1e-6,
    ).fit(X)
    result = reference.em(X, start, tol=1e-4, reg_covar=1e-6)
    assert (result.n_iter, result.converged) == (peer.n_iter_, peer.converged_)
    np.testing.assert_allclose(result.lower_bounds, peer.lower_bounds_, rtol=1e-9)
    np.testing.assert_allclose(result.mixture.means, peer.means_, rtol=1e-7)
    np.testing.assert_allclose(result.mixture.covariances, peer.covariances_, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(result.mixture.precisions_cholesky, peer.precisions_cholesky_, rtol=1e-6, atol=1e-8)
    assert reference.bic(X, result.mixture) == pytest.approx(peer.bic(X), rel=1e-9)
    assert reference.aic(X, result.mixture) == pytest.approx(peer.aic(X), rel=1e-9)


def test_em_loop():
    X, labels = load("faithful")
    start = reference.m_step(reference.statistics_from_labels(X, labels, 2, "full"), "full")
    nothing = reference.em(X, start, max_iter=0)
    assert nothing.mixture is start
    assert (nothing.converged, nothing.n_iter, nothing.lower_bounds) == (False, 0, [])
    whole = reference.em(X, start, tol=1e-9, reg_covar=0.0)
    assert whole.converged and 3 < whole.n_iter < 100
    first = reference.em(X, start, tol=1e-9, reg_covar=0.0, max_iter=3)
    assert not first.converged and first.n_iter == 3
    rest = reference.em(X, first.mixture, tol=1e-9, reg_covar=0.0, previous_lower_bound=first.lower_bounds[-1])
    assert first.lower_bounds + rest.lower_bounds == whole.lower_bounds
    np.testing.assert_array_equal(rest.mixture.means, whole.mixture.means)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_data_far_from_the_origin(covariance_type):
    X, labels = load("iris")
    X = np.round(X * 1024) / 1024  # exact after the offset is added
    offset = 1e8
    start = reference.m_step(reference.statistics_from_labels(X, labels, 3, covariance_type), covariance_type)
    far = reference.m_step(reference.statistics_from_labels(X + offset, labels, 3, covariance_type), covariance_type)
    np.testing.assert_allclose(far.covariances, start.covariances, rtol=1e-6, atol=1e-8)
    near = reference.em(X, start, tol=0.0, reg_covar=1e-6, max_iter=3).mixture
    far = reference.em(X + offset, far, tol=0.0, reg_covar=1e-6, max_iter=3).mixture
    np.testing.assert_allclose(far.covariances, near.covariances, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(far.means - offset, near.means, atol=1e-6)
    assert np.linalg.eigvalsh(covariance_of(far, 0)).min() > 0


@pytest.mark.parametrize("covariance_type", TYPES)
def test_statistics_of_a_partition(covariance_type):
    rng = np.random.default_rng(3)
    X, w = rng.standard_normal((50, 2)), rng.uniform(0.1, 2.0, 50)
    labels = rng.integers(-1, 3, 50)
    statistics = reference.statistics_from_labels(X, labels, 3, covariance_type, w)
    assert statistics.total_weight == pytest.approx(w.sum())
    assert (statistics.n_samples, statistics.log_likelihood) == (50, 0.0)
    mixture = reference.m_step(statistics, covariance_type)
    for k in range(3):
        own = labels == k
        np.testing.assert_allclose(mixture.means[k], np.average(X[own], axis=0, weights=w[own]), rtol=1e-12)
        assert mixture.weights[k] == pytest.approx(w[own].sum() / w[labels >= 0].sum())
        if covariance_type == "full":
            expected = np.cov(X[own].T, aweights=w[own], ddof=0)
            np.testing.assert_allclose(mixture.covariances[k], expected, rtol=1e-11)
    resp = np.eye(4)[labels][:, :3]  # label -1 picks the last row, whose first three entries are 0
    same = reference.statistics_from_responsibilities(X, resp, covariance_type, w)
    np.testing.assert_array_equal(same.second_moments, statistics.second_moments)


def test_a_rounding_error_of_weight_is_no_component():
    X, mixture = good()
    statistics = replace(reference.e_step(X, mixture), total_weight=6.0, counts=np.array([6.0, 6e-17]))
    assert statistics.empty_components == [1]
    new = reference.m_step(statistics, "full", 0.5)
    np.testing.assert_array_equal(new.means[1], mixture.means[1])  # whatever its first moments are
    np.testing.assert_array_equal(new.covariances[1], 0.5 * np.eye(2))
    assert new.weights.tolist() == [1.0, 0.0]
    assert replace(statistics, counts=np.array([6.0, 6e-15])).empty_components == []


def test_component_without_rows_waits_at_the_mean():
    X = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 8.0], [100.0, 100.0]])
    statistics = reference.statistics_from_labels(X, [0, 2, 2, -1], 3, "diag")
    assert statistics.empty_components == [1]
    mixture = reference.m_step(statistics, "diag", reg_covar=0.5)
    np.testing.assert_allclose(mixture.means[1], X[:3].mean(axis=0))
    np.testing.assert_array_equal(mixture.covariances[1], [0.5, 0.5])
    assert mixture.weights.tolist() == [1 / 3, 0.0, 2 / 3]


@pytest.mark.parametrize("covariance_type", TYPES)
def test_rows_of_weight_zero_are_absent(covariance_type):
    rng = np.random.default_rng(5)
    X, mixture = rng.standard_normal((30, 2)), random_mixture(covariance_type, 3, 2, rng)
    w = rng.integers(0, 2, 30).astype(float)
    with_zeros, without = reference.e_step(X, mixture, w), reference.e_step(X[w > 0], mixture)
    for name in ("counts", "first_moments", "second_moments", "log_likelihood", "n_samples", "total_weight"):
        np.testing.assert_array_equal(getattr(with_zeros, name), getattr(without, name))
    assert reference.log_likelihood(X, mixture, w) == reference.log_likelihood(X[w > 0], mixture)
    q = reference.q_function(X[w > 0], mixture, mixture)
    X[w == 0] = 1e200  # whose log-density is -inf
    assert reference.q_function(X, mixture, mixture, w) == q
    resp = rng.dirichlet(np.ones(3), 30)
    ours = reference.statistics_from_responsibilities(X, resp, covariance_type, w)
    theirs = reference.statistics_from_responsibilities(X[w > 0], resp[w > 0], covariance_type)
    np.testing.assert_array_equal(ours.second_moments, theirs.second_moments)


@pytest.mark.parametrize(("covariance_type", "component"), [("full", 1), ("tied", -1), ("diag", 1), ("spherical", 1)])
def test_collapse_names_the_component(covariance_type, component):
    X = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 2.0], [5.0, 5.0], [5.0, 5.0]])
    labels = np.array([0, 0, 0, 1, 1])
    if covariance_type == "tied":
        X[:, 1] = 7.0
    statistics = reference.statistics_from_labels(X, labels, 2, covariance_type)
    with pytest.raises(reference.CollapsedComponentError, match="ill-defined covariance") as caught:
        reference.m_step(statistics, covariance_type)
    assert caught.value.component == component
    assert isinstance(caught.value, ValueError)
    reference.m_step(statistics, covariance_type, reg_covar=1e-3)


# k-means


def uniforms(n_clusters, seed):
    return np.random.RandomState(seed).random_sample(reference.kmeans_draws(n_clusters))


def cluster_data():
    rng = np.random.default_rng(12)
    blobs = rng.standard_normal((300, 5)) + 4 * rng.standard_normal((6, 5))[rng.integers(0, 6, 300)]
    return {
        "blobs": blobs,
        "square": rng.random((200, 2)),
        "thyroid": load("thyroid")[0] + rng.random((215, 5)),
    }


@pytest.mark.parametrize("weighting", ["none", "fractions", "repetitions"])
@pytest.mark.parametrize("name", ["blobs", "square", "thyroid"])
def test_k_means_agrees_with_scikit_learn(name, weighting):
    X = cluster_data()[name]
    rng = np.random.default_rng(1)
    w = {
        "none": None,
        "fractions": rng.random(len(X)) + 0.01,
        "repetitions": rng.integers(0, 4, len(X)).astype(float) * rng.uniform(0.999, 1.001, len(X)),
    }[weighting]
    for n_clusters in (1, 2, 3, 8):
        for seed in range(4):
            u = uniforms(n_clusters, seed)
            _, expected = kmeans_plusplus(X, n_clusters, sample_weight=w, random_state=np.random.RandomState(seed))
            np.testing.assert_array_equal(reference.kmeans_plus_plus(X, n_clusters, u, w), expected)
            peer = KMeans(n_clusters, n_init=1, random_state=np.random.RandomState(seed)).fit(X, sample_weight=w)
            result = reference.kmeans(X, n_clusters, u, w)
            np.testing.assert_array_equal(result.labels, peer.labels_)
            np.testing.assert_allclose(result.centers, peer.cluster_centers_, rtol=1e-9, atol=1e-12)
            assert result.inertia == pytest.approx(peer.inertia_, rel=1e-10)
            assert result.n_iter == peer.n_iter_


@pytest.mark.parametrize(("max_iter", "tol"), [(1, 0.0), (2, 0.0), (300, 0.0), (300, 0.1)])
def test_k_means_stops_as_scikit_learn(max_iter, tol):
    X = cluster_data()["square"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        peer = KMeans(5, n_init=1, max_iter=max_iter, tol=tol, random_state=np.random.RandomState(3)).fit(X)
    result = reference.kmeans(X, 5, uniforms(5, 3), max_iter=max_iter, tol=tol)
    assert result.n_iter == peer.n_iter_
    np.testing.assert_array_equal(result.labels, peer.labels_)
    np.testing.assert_allclose(result.centers, peer.cluster_centers_, rtol=1e-10)


def test_draws_on_a_boundary():
    X = np.array([[0.0], [1.0], [1.0], [1.0], [1.0]])
    # The first draw is NumPy's choice: of the cumulative weights 0.25, 0.5, ... the one that exceeds u.
    weights = np.array([1.0, 1.0, 1.0, 1.0, 0.0])
    assert reference.kmeans_plus_plus(X, 1, [0.25], weights).tolist() == [1]
    assert reference.kmeans_plus_plus(X, 1, [0.0], weights[::-1]).tolist() == [1]
    # Later ones are taken from cumulative squared distances 0, 1, 2, 3, 4, where reaching u is enough.
    assert reference.kmeans_plus_plus(X, 2, [0.0, 0.5, 0.5]).tolist() == [0, 2]


def test_k_means_with_fewer_distinct_rows_than_clusters():
    X = np.repeat([[0.0, 0.0], [1.0, 1.0], [5.0, 5.0]], 4, axis=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        peer = KMeans(5, n_init=1, random_state=np.random.RandomState(0)).fit(X)
    result = reference.kmeans(X, 5, uniforms(5, 0))
    np.testing.assert_array_equal(result.labels, peer.labels_)
    assert result.inertia == pytest.approx(0.0, abs=1e-25)
    assert np.isfinite(result.centers).all()


def test_cluster_without_rows_takes_over_the_farthest():
    X = np.array([[0.0], [1.0], [2.0], [10.0], [40.0]])
    labels = np.array([0, 0, 0, 0, 0])
    distances = X[:, 0] ** 2
    w = np.array([1.0, 1.0, 2.0, 1.0, 0.0])  # the farthest row of all is absent
    centers = k_means._cluster_means(X, w, labels, distances, 3)
    np.testing.assert_allclose(centers, [[0.5], [10.0], [2.0]])
    same = k_means._cluster_means(X, w, labels, np.zeros(5), 2)  # nothing is far: both at the mean
    np.testing.assert_allclose(same, [[3.0], [3.0]])


def test_k_means_far_from_the_origin():
    X = np.round(cluster_data()["blobs"] * 1024) / 1024
    near, far = (reference.kmeans(X + offset, 4, uniforms(4, 0)) for offset in (0.0, 1e8))
    np.testing.assert_array_equal(near.labels, far.labels)
    np.testing.assert_allclose(far.centers - 1e8, near.centers, atol=1e-7)
    assert far.inertia == pytest.approx(near.inertia, rel=1e-7)


# Bad input


def good():
    rng = np.random.default_rng(0)
    return rng.standard_normal((6, 2)), random_mixture("full", 2, 2, rng)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda X, m: reference.log_prob(X[0], m),
            r"X must have shape \(n_samples, n_features\), got \(2,\)",
        ),
        (lambda X, m: reference.e_step(X[:, :1], m), "X has 1 features, the mixture has 2"),
        (lambda X, m: reference.e_step(X, m, [1.0]), r"sample_weight must have shape \(6,\)"),
        (lambda X, m: reference.e_step(X, m, -np.ones(6)), "not negative"),
        (lambda X, m: reference.e_step(X, m, np.full(6, np.nan)), "finite"),
        (lambda X, m: reference.em(X, m, np.zeros(6)), "no weight"),
        (
            lambda X, m: reference.m_step(reference.e_step(X, m), "fulll"),
            "'full', 'tied', 'diag', 'spherical'",
        ),
        (lambda X, m: reference.m_step(reference.e_step(X, m), ["full"]), "covariance_type must be one of"),
        (lambda X, m: reference.m_step(reference.e_step(X, m), "full", -1.0), "reg_covar"),
        (lambda X, m: reference.m_step(reference.e_step(X, m), "full", np.nan), "reg_covar"),
        (lambda X, m: reference.statistics_from_labels(X, [0] * 5, 2, "full"), "labels must be integers"),
        (lambda X, m: reference.statistics_from_labels(X, [0.0] * 6, 2, "full"), "labels must be integers"),
        (lambda X, m: reference.statistics_from_labels(X, [2] * 6, 2, "full"), "between -1 and"),
        (lambda X, m: reference.statistics_from_labels(X, [-2] * 6, 2, "full"), "between -1 and"),
        (lambda X, m: reference.statistics_from_labels(X, [0] * 6, 0, "full"), "n_components"),
        (
            lambda X, m: reference.statistics_from_responsibilities(X, np.ones(6), "full"),
            "resp must have shape",
        ),
        (
            lambda X, m: reference.statistics_from_responsibilities(X, -np.ones((6, 2)), "full"),
            "not negative",
        ),
        (
            lambda X, m: reference.statistics_from_responsibilities(X, np.ones((6, 2)), "full", np.zeros(6)),
            "positive",
        ),
        (lambda X, m: reference.e_step(X, m).moved_to(np.zeros((1, 2))), "shifts must have shape"),
        (
            lambda X, m: reference.Mixture.from_covariances([1.0], [[0.0]], [[1.0]], "spherical"),
            r"shape \(1,\)",
        ),
        (
            lambda X, m: reference.Mixture.from_covariances([1.0], [0.0], [1.0], "spherical"),
            r"means \(K, d\)",
        ),
        (lambda X, m: reference.Mixture.from_covariances([1.0], [[0.0]], [-1.0], "spherical"), "component 0"),
        (lambda X, m: reference.kmeans(X, 7, uniforms(7, 0)), "n_clusters=7 is more than the 6 rows"),
        (lambda X, m: reference.kmeans(X, 0, []), "n_clusters must be at least 1"),
        (lambda X, m: reference.kmeans(X, 2, [0.5]), "uniforms must be 3 numbers"),
        (lambda X, m: reference.kmeans(X, 2, [0.5, 0.5, 1.0]), r"in \[0, 1\)"),
        (lambda X, m: reference.kmeans(X, 2, [0.5, 0.5, 0.5], np.zeros(6)), "positive weight"),
        (lambda X, m: reference.kmeans(X, 2, [0.5, 0.5, 0.5], max_iter=0), "max_iter"),
    ],
)
def test_bad_input_is_named(call, message):
    X, mixture = good()
    with pytest.raises(ValueError, match=message):
        call(X, mixture)


def test_statistics_add_only_to_statistics():
    X, mixture = good()
    with pytest.raises(TypeError):
        reference.e_step(X, mixture) + 1
    other = random_mixture("full", 3, 2, np.random.default_rng(1))
    with pytest.raises(ValueError, match="shape"):
        _ = reference.e_step(X, mixture) + reference.e_step(X, other)
    with pytest.raises(ValueError, match="means of shapes"):
        reference.q_function(X, other, mixture)


def test_inputs_are_left_as_they_are():
    X, mixture = good()
    w = np.array([0.0, 1.0, 2.0, 1.0, 1.0, 1.0])
    for array in (X, w, mixture.weights, mixture.means, mixture.covariances, mixture.precisions_cholesky):
        array.setflags(write=False)
    statistics = reference.e_step(X, mixture, w)
    new = reference.m_step(statistics, "full", 1e-3)
    assert not np.shares_memory(statistics.shifts, mixture.means)
    assert not np.shares_memory(new.means, statistics.shifts)
    reference.q_function(X, new, mixture, w)
    reference.kmeans(X, 2, uniforms(2, 0), w)
