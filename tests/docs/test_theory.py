"""Numerical checks of what docs/theory.md claims, equation by equation, on the NumPy reference."""

from __future__ import annotations

import itertools
import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from scipy.stats import invgamma, invwishart, multivariate_normal

from gmmx import reference
from gmmx.reference import hierarchical as reference_hierarchical

ROOT = Path(__file__).resolve().parents[2]
THEORY = ROOT / "docs" / "theory.md"
TYPES = ("full", "tied", "diag", "spherical")
SUMS = ("counts", "first_moments", "second_moments", "log_likelihood", "total_weight")


def source_of_the_reference():
    """All files of the reference, one after another."""
    files = sorted(Path(reference.__file__).parent.rglob("*.py"))
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def make_rows(n_samples, n_features, seed=0):
    """Two overlapping, correlated clouds."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_samples, n_features)) @ rng.standard_normal((n_features, n_features))
    X[: n_samples // 2] += 2.0
    return X


def make_mixture(covariance_type, n_components, n_features, seed=1):
    """Draw a mixture with well-conditioned covariances."""
    rng = np.random.default_rng(seed)
    shape = reference.covariance_family(covariance_type).covariance_shape(n_components, n_features)
    if covariance_type in ("full", "tied"):
        a = rng.standard_normal(shape)
        covariances = a @ np.swapaxes(a, -1, -2) + np.eye(n_features)
    else:
        covariances = rng.uniform(0.5, 3.0, shape)
    return reference.Mixture.from_covariances(
        rng.dirichlet(np.full(n_components, 5.0)),
        rng.standard_normal((n_components, n_features)) * 2,
        covariances,
        covariance_type,
    )


def make_problem(covariance_type, n_samples=60, n_features=3, n_components=3, seed=0):
    """Rows, fractional weights, a mixture and the mixture after one M-step."""
    X = make_rows(n_samples, n_features, seed)
    w = np.random.default_rng(seed + 7).uniform(0.2, 2.0, n_samples)
    old = make_mixture(covariance_type, n_components, n_features, seed + 1)
    return X, w, old, reference.m_step(reference.e_step(X, old, w), covariance_type)


def derivative(f, h=1e-5):
    """Differentiate f at 0, from four points."""
    return (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h)


def with_means(mixture, means):
    return replace(mixture, means=means)


def with_covariances(mixture, covariances):
    return reference.Mixture.from_covariances(mixture.weights, mixture.means, covariances, mixture.covariance_type)


def with_weights(mixture, weights):
    return replace(mixture, weights=weights)


def unit(shape, index):
    e = np.zeros(shape)
    e[index] = 1.0
    return e


def covariance_directions(mixture):
    """Directions in which the covariances may move: single entries, or symmetric pairs of matrices."""
    shape = mixture.covariances.shape
    for index in np.ndindex(*shape):
        if mixture.covariance_type in ("full", "tied"):
            *k, i, j = index
            if i <= j:
                yield np.maximum(unit(shape, index), unit(shape, (*k, j, i)))
        else:
            yield unit(shape, index)


def covariance_matrices(mixture):
    """Return the covariances of any type as (K, d, d)."""
    K, d = mixture.means.shape
    return {
        "full": lambda c: c,
        "tied": lambda c: np.tile(c, (K, 1, 1)),
        "diag": lambda c: np.stack([np.diag(v) for v in c]),
        "spherical": lambda c: c[:, None, None] * np.eye(d),
    }[mixture.covariance_type](mixture.covariances)


def densities(X, mixture):
    """N(x_n | mu_k, Sigma_k) by (1) as it stands."""
    d = X.shape[1]
    result = np.empty((len(X), mixture.n_components))
    for k, sigma in enumerate(covariance_matrices(mixture)):
        difference = X - mixture.means[k]
        distance = np.einsum("ni,ij,nj->n", difference, np.linalg.inv(sigma), difference)
        result[:, k] = (2 * np.pi) ** (-d / 2) * np.linalg.det(sigma) ** -0.5 * np.exp(-0.5 * distance)
    return result


# Sections 1 to 5: the model


@pytest.mark.parametrize("covariance_type", TYPES)
def test_gaussian_density(covariance_type):
    X, mixture = make_rows(20, 3), make_mixture(covariance_type, 4, 3)
    np.testing.assert_allclose(np.exp(reference.log_prob(X, mixture)), densities(X, mixture), rtol=1e-11)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_mixture_density_integrates_to_one(covariance_type):
    mixture = make_mixture(covariance_type, 3, 2)
    axis, step = np.linspace(-25, 25, 251, retstep=True)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    integral = np.exp(reference.log_prob_norm(grid, mixture)).sum() * step**2
    assert integral == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_weights_obey_the_constraints(covariance_type):
    *_, new = make_problem(covariance_type)
    assert np.all(new.weights >= 0)
    assert new.weights.sum() == pytest.approx(1.0, abs=1e-14)


def test_latent_variable():
    X, mixture = make_rows(5, 2), make_mixture("full", 3, 2)
    N = densities(X, mixture)
    labels = np.eye(3)  # the three values of z
    p_z = np.prod(mixture.weights**labels, axis=1)  # (4)
    p_x_given_z = np.prod(N[:, None, :] ** labels, axis=2)  # (5)
    joint = np.prod((mixture.weights * N[:, None, :]) ** labels, axis=2)  # (6)
    np.testing.assert_allclose(p_z * p_x_given_z, joint, rtol=1e-13)
    np.testing.assert_allclose(np.exp(reference.weighted_log_prob(X, mixture)), joint, rtol=1e-12)
    np.testing.assert_allclose(np.exp(reference.log_prob_norm(X, mixture)), joint.sum(axis=1), rtol=1e-12)  # (7)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_bayes_rule(covariance_type):
    X, mixture = make_rows(30, 2), make_mixture(covariance_type, 4, 2)
    joint = mixture.weights * densities(X, mixture)
    resp = reference.responsibilities(X, mixture)
    np.testing.assert_allclose(resp, joint / joint.sum(axis=1, keepdims=True), rtol=1e-11)
    np.testing.assert_allclose(resp.sum(axis=1), 1.0, rtol=1e-14)


def test_classification():
    X, mixture = make_rows(200, 2), make_mixture("full", 4, 2)
    labels = reference.predict(X, mixture)
    np.testing.assert_array_equal(labels, reference.responsibilities(X, mixture).argmax(axis=1))
    assert len(set(labels.tolist())) > 1
    twins = reference.Mixture.from_covariances([0.5, 0.5], [[0.0], [0.0]], [1.0, 1.0], "spherical")
    assert reference.predict([[3.0]], twins).tolist() == [0]  # the smallest index of equal ones


def test_log_likelihood():
    X, mixture = make_rows(30, 2), make_mixture("tied", 3, 2)
    expected = np.log(densities(X, mixture) @ mixture.weights).sum()
    assert reference.log_likelihood(X, mixture) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_gradient_of_the_likelihood_in_the_means(covariance_type):
    X, w, old, _ = make_problem(covariance_type)
    resp = reference.responsibilities(X, old) * w[:, None]
    precisions = np.linalg.inv(covariance_matrices(old))
    for k, j in np.ndindex(*old.means.shape):
        step = unit(old.means.shape, (k, j))
        slope = derivative(lambda t, step=step: reference.log_likelihood(X, with_means(old, old.means + t * step), w))
        expected = (precisions[k] @ (resp[:, k] @ (X - old.means[k])))[j]  # (11)
        assert slope == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_stationary_means_are_a_fixed_point():
    X, w, old, new = make_problem("full", n_components=2, n_samples=80)
    fitted = reference.em(X, old, w, tol=1e-15, reg_covar=0.0, max_iter=3000).mixture

    def right_side(mixture):  # (12)
        resp = reference.responsibilities(X, mixture) * w[:, None]
        return resp.T @ X / resp.sum(axis=0)[:, None]

    np.testing.assert_allclose(right_side(fitted), fitted.means, atol=1e-5)
    assert np.abs(right_side(new) - new.means).max() > 1e-2  # one M-step is no solution


# Sections 6 to 9: EM


def test_q_is_the_expectation_over_all_labellings():
    X, new, old = make_rows(4, 2), make_mixture("full", 3, 2, 5), make_mixture("full", 3, 2, 6)
    posterior = reference.responsibilities(X, old)
    log_joint = reference.weighted_log_prob(X, new)
    rows = np.arange(len(X))
    whole = 0.0
    for Z in itertools.product(range(3), repeat=len(X)):
        whole += np.prod(posterior[rows, list(Z)]) * log_joint[rows, list(Z)].sum()  # (13), (14)
    by_points = sum(sum(posterior[n, z] * log_joint[n, z] for z in range(3)) for n in range(len(X)))  # (15)
    assert whole == pytest.approx(by_points, rel=1e-12)
    assert reference.q_function(X, new, old) == pytest.approx(whole, rel=1e-12)  # (16)


def test_q_ignores_components_that_nobody_uses():
    X = make_rows(10, 2)
    old = with_weights(make_mixture("full", 2, 2), np.array([1.0, 0.0]))
    q = reference.q_function(X, old, old)
    assert q == pytest.approx(reference.log_likelihood(X, old), rel=1e-13)
    assert reference.q_function(X, with_weights(old, np.array([0.0, 1.0])), old) == -np.inf


@pytest.mark.parametrize("covariance_type", TYPES)
def test_q_by_components(covariance_type):
    X, w, old, new = make_problem(covariance_type)
    resp = reference.responsibilities(X, old) * w[:, None]
    expected = -0.5 * w.sum() * X.shape[1] * np.log(2 * np.pi)
    for k, sigma in enumerate(covariance_matrices(new)):
        difference = X - new.means[k]
        distances = np.einsum("ni,ij,nj->n", difference, np.linalg.inv(sigma), difference)
        expected += resp[:, k].sum() * (np.log(new.weights[k]) - 0.5 * np.linalg.slogdet(sigma)[1])
        expected -= 0.5 * resp[:, k] @ distances
    assert reference.q_function(X, new, old, w) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_gradient_of_q_in_the_means(covariance_type):
    X, w, old, new = make_problem(covariance_type)
    resp = reference.responsibilities(X, old) * w[:, None]
    precisions = np.linalg.inv(covariance_matrices(old))

    def slope(mixture, index):
        step = unit(mixture.means.shape, index)
        return derivative(lambda t: reference.q_function(X, with_means(mixture, mixture.means + t * step), old, w))

    for k, j in np.ndindex(*old.means.shape):
        expected = (precisions[k] @ (resp[:, k] @ (X - old.means[k])))[j]  # (20)
        assert slope(old, (k, j)) == pytest.approx(expected, rel=1e-6, abs=1e-6)
        assert slope(new, (k, j)) == pytest.approx(0.0, abs=1e-6)  # (21)
    assert max(abs(slope(old, index)) for index in np.ndindex(*old.means.shape)) > 1.0


def test_matrix_differentials():
    rng = np.random.default_rng(3)
    a = rng.standard_normal((4, 4))
    sigma, direction = a @ a.T + np.eye(4), rng.standard_normal((4, 4))
    direction = direction + direction.T
    inverse = np.linalg.inv(sigma)
    slope = derivative(lambda t: np.linalg.slogdet(sigma + t * direction)[1])
    assert slope == pytest.approx(np.trace(inverse @ direction), rel=1e-8)  # (22)
    slopes = derivative(lambda t: np.linalg.inv(sigma + t * direction))
    np.testing.assert_allclose(slopes, -inverse @ direction @ inverse, rtol=1e-6, atol=1e-8)  # (23)


def test_gradient_of_q_in_the_covariances():
    X, w, old, new = make_problem("full")
    mixture = with_covariances(new, old.covariances)  # away from the maximum
    resp = reference.responsibilities(X, old) * w[:, None]
    gradients = []
    for k, sigma in enumerate(mixture.covariances):
        difference = X - mixture.means[k]
        scatter = (resp[:, k, None] * difference).T @ difference
        inverse = np.linalg.inv(sigma)
        gradients.append(0.5 * inverse @ (scatter - resp[:, k].sum() * sigma) @ inverse)  # (25)
    for step in covariance_directions(mixture):
        slope = derivative(
            lambda t, step=step: reference.q_function(
                X, with_covariances(mixture, mixture.covariances + t * step), old, w
            )
        )
        assert slope == pytest.approx(np.sum(np.stack(gradients) * step), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_gradient_of_q_vanishes_in_the_covariances(covariance_type):
    X, w, old, new = make_problem(covariance_type)

    def slope(mixture, step):
        return derivative(
            lambda t: reference.q_function(X, with_covariances(mixture, mixture.covariances + t * step), old, w)
        )

    assert all(abs(slope(new, step)) < 1e-5 for step in covariance_directions(new))  # (26), (31) to (33)
    assert max(abs(slope(old, step)) for step in covariance_directions(old)) > 0.1


@pytest.mark.parametrize("covariance_type", TYPES)
def test_gradient_of_q_in_the_weights(covariance_type):
    X, w, old, new = make_problem(covariance_type)

    def slope(mixture, i, j):
        step = unit(3, i) - unit(3, j)  # keeps the sum of the weights
        return derivative(lambda t: reference.q_function(X, with_weights(mixture, mixture.weights + t * step), old, w))

    pairs = list(itertools.combinations(range(3), 2))
    assert all(abs(slope(new, *pair)) < 1e-5 for pair in pairs)  # (30)
    assert max(abs(slope(old, *pair)) for pair in pairs) > 1.0


@pytest.mark.parametrize("weighted", [False, True])
def test_lambda_is_the_total_weight(weighted):
    X, w, old, _ = make_problem("full")
    w = w if weighted else np.ones(len(X))
    statistics = reference.e_step(X, old, w)
    new = reference.m_step(statistics, "full")
    resp = reference.responsibilities(X, old) * w[:, None]
    np.testing.assert_allclose(statistics.counts, resp.sum(axis=0), rtol=1e-13)  # (18)
    for k in range(3):  # (27), (28): without the constraint the slope of Q in each weight is lambda
        slope = derivative(
            lambda t, k=k: reference.q_function(X, with_weights(new, new.weights + t * unit(3, k)), old, w),
            h=1e-4,
        )
        assert slope == pytest.approx(w.sum(), rel=1e-6)  # (29)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_m_step_maximises_q(covariance_type):
    X, w, old, new = make_problem(covariance_type)
    best = reference.q_function(X, new, old, w)
    rng = np.random.default_rng(11)
    for _ in range(30):
        weights = rng.dirichlet(200 * new.weights)
        means = new.means + 0.05 * rng.standard_normal(new.means.shape)
        covariances = new.covariances * rng.uniform(0.9, 1.1)
        other = reference.Mixture.from_covariances(weights, means, covariances, covariance_type)
        assert reference.q_function(X, other, old, w) < best
    result = reference.em(X, old, w, tol=0.0, reg_covar=0.0, max_iter=1)
    np.testing.assert_array_equal(result.mixture.covariances, new.covariances)  # (17)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_weights_are_repetitions(covariance_type):
    X, _, old, _ = make_problem(covariance_type)
    w = np.random.default_rng(2).integers(0, 4, len(X))
    weighted = reference.e_step(X, old, w)
    repeated = reference.e_step(np.repeat(X, w, axis=0), old)
    assert reference.log_likelihood(X, old, w) == pytest.approx(repeated.log_likelihood, rel=1e-13)  # (35)
    assert weighted.log_likelihood == pytest.approx(repeated.log_likelihood, rel=1e-13)
    for name in ("counts", "first_moments", "second_moments", "total_weight"):  # (36)
        np.testing.assert_allclose(getattr(weighted, name), getattr(repeated, name), rtol=1e-11, atol=1e-11)
    assert weighted.n_samples == np.count_nonzero(w)
    ours, theirs = (reference.m_step(s, covariance_type) for s in (weighted, repeated))
    np.testing.assert_allclose(ours.covariances, theirs.covariances, rtol=1e-11, atol=1e-12)
    scaled = reference.m_step(reference.e_step(X, old, 3.0 * w), covariance_type)
    np.testing.assert_allclose(scaled.covariances, ours.covariances, rtol=1e-11, atol=1e-12)


# Sections 10 to 12: convergence


def q_and_h(X, w, new, old):
    posterior = reference.responsibilities(X, old)
    log_resp = reference.weighted_log_prob(X, new) - reference.log_prob_norm(X, new)[:, None]
    h = -(w @ (posterior * log_resp).sum(axis=1))
    return reference.q_function(X, new, old, w), h


def test_likelihood_is_q_plus_h():
    X, w, old, new = make_problem("full")
    for mixture in (old, new):
        assert sum(q_and_h(X, w, mixture, old)) == pytest.approx(reference.log_likelihood(X, mixture, w), rel=1e-12)


def test_gibbs_inequality():
    X, w, old, _ = make_problem("full")
    least = q_and_h(X, w, old, old)[1]
    for seed in range(20):
        assert q_and_h(X, w, make_mixture("full", 3, 3, seed + 50), old)[1] > least


@pytest.mark.parametrize("covariance_type", TYPES)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.filter_too_much], derandomize=True)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_samples=st.integers(20, 60),
    n_features=st.integers(1, 3),
    n_components=st.integers(1, 3),
    weighted=st.booleans(),
)
def test_neither_q_nor_the_likelihood_falls(covariance_type, seed, n_samples, n_features, n_components, weighted):
    rng = np.random.default_rng(seed)
    X = make_rows(n_samples, n_features, seed)
    w = rng.uniform(0.1, 3.0, n_samples) if weighted else None
    resp = rng.dirichlet(np.ones(n_components), n_samples)
    statistics = reference.statistics_from_responsibilities(X, resp, covariance_type, w)
    old = reference.m_step(statistics, covariance_type)
    likelihood = reference.log_likelihood(X, old, w)
    for _ in range(6):
        try:
            new = reference.m_step(reference.e_step(X, old, w), covariance_type)
        except reference.CollapsedComponentError:
            assume(False)
        gain_of_q = reference.q_function(X, new, old, w) - reference.q_function(X, old, old, w)
        previous, likelihood = likelihood, reference.log_likelihood(X, new, w)
        rounding = 1e-11 * (1 + abs(likelihood))
        assert gain_of_q >= -rounding
        assert likelihood - previous >= gain_of_q - rounding  # (39)
        old = new


@pytest.mark.parametrize("covariance_type", TYPES)
def test_q_and_likelihood_have_the_same_gradient(covariance_type):
    X, w, old, _ = make_problem(covariance_type)
    units = [unit(old.means.shape, index) for index in np.ndindex(*old.means.shape)]
    paths = [lambda t, e=e: with_means(old, old.means + t * e) for e in units]
    paths += [lambda t, e=e: with_covariances(old, old.covariances + t * e) for e in covariance_directions(old)]
    paths += [lambda t, e=e: with_weights(old, old.weights + t * e) for e in np.eye(3)]
    for path in paths:
        slope_of_q = derivative(lambda t, path=path: reference.q_function(X, path(t), old, w))
        slope = derivative(lambda t, path=path: reference.log_likelihood(X, path(t), w))
        assert slope_of_q == pytest.approx(slope, rel=1e-6, abs=1e-6)  # (40)


def test_convergence_criterion():
    X, w, old, _ = make_problem("full")
    tol = 1e-3
    result = reference.em(X, old, w, tol=tol, reg_covar=0.0)
    assert result.converged and result.n_iter == len(result.lower_bounds) > 2
    changes = np.abs(np.diff(result.lower_bounds))
    assert changes[-1] < tol and np.all(changes[:-1] >= tol)  # (41)
    mixture = old
    for bound in result.lower_bounds:
        assert bound == pytest.approx(reference.log_likelihood(X, mixture, w) / w.sum(), rel=1e-13)
        mixture = reference.m_step(reference.e_step(X, mixture, w), "full")
    np.testing.assert_allclose(result.mixture.means, mixture.means, rtol=1e-12)


def test_collapse_has_no_bound():
    X = make_rows(20, 2)
    previous = -np.inf
    for sigma in (1e-2, 1e-20, 1e-40, 1e-60, 1e-80):
        covariances = np.stack([sigma**2 * np.eye(2), 10 * np.eye(2)])
        mixture = reference.Mixture.from_covariances([0.5, 0.5], [X[0], [0.0, 0.0]], covariances, "full")
        assert reference.log_prob_norm(X[:1], mixture)[0] >= np.log(0.5) - np.log(2 * np.pi * sigma**2) - 1e-9
        likelihood = reference.log_likelihood(X, mixture)
        assert likelihood > previous + 3.0  # (42)
        previous = likelihood


@pytest.mark.parametrize("covariance_type", TYPES)
def test_regularised_m_step_maximises_the_penalised_q(covariance_type):
    X, w, old, plain = make_problem(covariance_type)
    epsilon = 0.3
    statistics = reference.e_step(X, old, w)
    new = reference.m_step(statistics, covariance_type, epsilon)
    np.testing.assert_allclose(
        covariance_matrices(new) - covariance_matrices(plain),
        np.tile(epsilon * np.eye(3), (3, 1, 1)),
        atol=1e-12,
    )  # (43)

    def penalised(mixture):  # (44)
        traces = np.trace(np.linalg.inv(covariance_matrices(mixture)), axis1=1, axis2=2)
        return reference.q_function(X, mixture, old, w) - 0.5 * epsilon * statistics.counts @ traces

    def slope(mixture, step):
        return derivative(lambda t: penalised(with_covariances(mixture, mixture.covariances + t * step)))

    assert all(abs(slope(new, step)) < 1e-5 for step in covariance_directions(new))
    assert max(abs(slope(plain, step)) for step in covariance_directions(plain)) > 0.1


def test_regularisation_can_lower_the_likelihood():
    X, w, old, _ = make_problem("full")
    fitted = reference.em(X, old, w, tol=1e-12, reg_covar=0.0, max_iter=2000).mixture
    step = reference.m_step(reference.e_step(X, fitted, w), "full", 0.1)
    assert reference.log_likelihood(X, step, w) < reference.log_likelihood(X, fitted, w) - 1e-3


@pytest.mark.parametrize("covariance_type", TYPES)
def test_empty_component(covariance_type):
    X = make_rows(40, 2)
    mixture = make_mixture(covariance_type, 3, 2)
    far = with_means(mixture, np.vstack([mixture.means[:2], [[1e6, -1e6]]]))
    statistics = reference.e_step(X, far)
    assert statistics.empty_components == [2]  # (45)
    new = reference.m_step(statistics, covariance_type, 0.25)
    assert new.weights[2] == 0.0 and new.weights.sum() == pytest.approx(1.0)
    np.testing.assert_array_equal(new.means[2], [1e6, -1e6])
    if covariance_type == "tied":
        reference.m_step(statistics, covariance_type)
    else:
        np.testing.assert_array_equal(covariance_matrices(new)[2], 0.25 * np.eye(2))
        with pytest.raises(reference.CollapsedComponentError, match="component 2") as caught:
            reference.m_step(statistics, covariance_type)
        assert caught.value.component == 2
    reference.e_step(X, new)  # and goes on


# Sections 13 and 14: sufficient statistics and numerics


@pytest.mark.parametrize("covariance_type", TYPES)
def test_parallel_axis_formula(covariance_type):
    X, w, old, new = make_problem(covariance_type)
    resp = reference.responsibilities(X, old) * w[:, None]
    statistics = reference.e_step(X, old, w)
    np.testing.assert_array_equal(statistics.shifts, old.means)
    for k in range(3):  # (46), (47)
        np.testing.assert_allclose(statistics.first_moments[k], resp[:, k] @ (X - old.means[k]), rtol=1e-11, atol=1e-12)
        np.testing.assert_allclose(new.means[k], resp[:, k] @ X / resp[:, k].sum(), rtol=1e-12)
    scatter = np.stack([(resp[:, k, None] * (X - m)).T @ (X - m) for k, m in enumerate(new.means)])  # (24)
    counts = resp.sum(axis=0)
    expected = {
        "full": scatter / counts[:, None, None],
        "tied": scatter.sum(axis=0) / counts.sum(),
        "diag": np.diagonal(scatter, axis1=1, axis2=2) / counts[:, None],
        "spherical": np.trace(scatter, axis1=1, axis2=2) / counts / 3,
    }[covariance_type]
    np.testing.assert_allclose(new.covariances, expected, rtol=1e-11, atol=1e-12)  # (49)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_moving_the_shifts(covariance_type):
    X, w, old, new = make_problem(covariance_type)
    statistics = reference.e_step(X, old, w)
    moved = statistics.moved_to(np.zeros((3, 3)))
    resp = reference.responsibilities(X, old) * w[:, None]
    np.testing.assert_allclose(moved.first_moments, resp.T @ X, rtol=1e-11, atol=1e-11)  # (48)
    second = np.einsum("nk,ni,nj->kij", resp, X, X)
    form = reference.covariance_family(covariance_type).second_moment_form
    subscripts = {"full": "kij->kij", "pooled": "kij->ij", "diagonal": "kii->ki", "trace": "kii->k"}[form]
    np.testing.assert_allclose(moved.second_moments, np.einsum(subscripts, second), rtol=1e-11, atol=1e-11)
    again = reference.m_step(moved, covariance_type)
    np.testing.assert_allclose(again.covariances, new.covariances, rtol=1e-10, atol=1e-11)
    np.testing.assert_allclose(again.means, new.means, rtol=1e-11)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_forms_of_second_moments(covariance_type):
    X, w, old, _ = make_problem("full")
    resp = reference.responsibilities(X, old)
    full = reference.statistics_from_responsibilities(X, resp, "full", w)
    own = reference.statistics_from_responsibilities(X, resp, covariance_type, w)
    from_full, from_own = (reference.m_step(s, covariance_type) for s in (full, own))
    np.testing.assert_allclose(from_full.covariances, from_own.covariances, rtol=1e-12, atol=1e-13)  # (50)
    pooled = reference.statistics_from_responsibilities(X, resp, "tied", w)
    if covariance_type != "tied":
        with pytest.raises(ValueError, match="'pooled'"):
            reference.m_step(pooled, covariance_type)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_statistics_of_two_halves_add_up(covariance_type):
    X, w, old, _ = make_problem(covariance_type)
    whole = reference.e_step(X, old, w)
    parts = reference.e_step(X[:17], old, w[:17]) + reference.e_step(X[17:], old, w[17:])
    for name in ("counts", "first_moments", "second_moments", "log_likelihood", "n_samples", "total_weight"):
        np.testing.assert_allclose(getattr(parts, name), getattr(whole, name), rtol=1e-11, atol=1e-11)  # (51)
    other = reference.e_step(X, with_means(old, old.means + 1e-9), w)
    with pytest.raises(ValueError, match="same mixture"):
        _ = whole + other
    other_form = reference.e_step(X, make_mixture("full" if covariance_type != "full" else "diag", 3, 3), w)
    with pytest.raises(ValueError, match="same mixture"):
        _ = whole + other_form


def test_partitions_add_up_after_a_move():
    X, w, old, _ = make_problem("full")
    resp = reference.responsibilities(X, old)
    whole = reference.statistics_from_responsibilities(X, resp, "full", w)
    left = reference.statistics_from_responsibilities(X[:30], resp[:30], "full", w[:30])
    right = reference.statistics_from_responsibilities(X[30:], resp[30:], "full", w[30:])
    with pytest.raises(ValueError, match="same mixture"):
        _ = left + right
    both = reference.m_step(left + right.moved_to(left.shifts), "full")
    np.testing.assert_allclose(both.covariances, reference.m_step(whole, "full").covariances, rtol=1e-10)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_factored_precisions(covariance_type):
    mixture = make_mixture(covariance_type, 3, 4)
    U = covariance_matrices(replace(mixture, covariances=mixture.precisions_cholesky))
    np.testing.assert_array_equal(U, np.triu(U))
    np.testing.assert_allclose(
        U @ np.swapaxes(U, 1, 2) @ covariance_matrices(mixture), np.tile(np.eye(4), (3, 1, 1)), atol=1e-12
    )  # (52)
    determinants = np.linalg.det(covariance_matrices(mixture))
    np.testing.assert_allclose(np.prod(np.diagonal(U, axis1=1, axis2=2), axis=1), determinants**-0.5, rtol=1e-12)


def test_log_sum_exp():
    mixture = reference.Mixture.from_covariances(
        [0.25, 0.75, 0.0], [[0.0], [1.0], [50.0]], [1.0, 1.0, 1.0], "spherical"
    )
    x = np.array([[0.3], [60.0], [1e8], [-1e150], [1e200]])
    with np.errstate(over="ignore"):
        joint = reference.weighted_log_prob(x, mixture)
        norm = reference.log_prob_norm(x, mixture)
        resp = reference.responsibilities(x, mixture)
    assert norm[0] == pytest.approx(np.log(np.exp(joint[0]).sum()), rel=1e-14)  # (54)
    assert np.exp(joint[1, 1]) == 0.0 and norm[1] == pytest.approx(joint[1, 1])  # underflow, yet right
    assert np.isfinite(norm[:4]).all() and norm[4] == -np.inf
    np.testing.assert_allclose(resp[0], np.exp(joint[0]) / np.exp(joint[0]).sum(), rtol=1e-14)  # (55)
    np.testing.assert_allclose(resp.sum(axis=1), 1.0, rtol=1e-14)
    np.testing.assert_array_equal(resp[:, 2], 0.0)
    np.testing.assert_array_equal(resp[4], mixture.weights)


@pytest.mark.parametrize("offset", [1e4, 1e5, 1e6])
def test_rounding_of_moments(offset):
    centred = make_rows(300, 2)
    centred -= centred.mean(axis=0)
    X = np.round(centred * 2.0**20) / 2.0**20  # the offset can be added without rounding
    labels = np.zeros(len(X), dtype=int)
    exact = reference.m_step(reference.statistics_from_labels(X, labels, 1, "diag"), "diag").covariances
    statistics = reference.statistics_from_labels(X + offset, labels, 1, "diag")
    about_mean = reference.m_step(statistics, "diag").covariances
    about_origin = replace(
        statistics,
        shifts=np.zeros((1, 2)),
        first_moments=(X + offset).sum(axis=0)[None],
        second_moments=((X + offset) ** 2).sum(axis=0)[None],
    )
    error = np.abs(reference.m_step(about_origin, "diag").covariances / exact - 1).max()
    predicted = 2.0**-53 * (1 + offset**2 / exact.min())  # (56)
    assert predicted / 1000 < error < 100 * predicted
    np.testing.assert_allclose(about_mean, exact, rtol=1e-13)


# Sections 15 to 17: k-means, model choice


def uniforms(n_clusters, seed):
    return np.random.default_rng(seed).random(reference.kmeans_draws(n_clusters))


def test_lloyd():
    X = make_rows(80, 2)
    w = np.random.default_rng(4).uniform(0.1, 2.0, len(X))
    u = uniforms(4, 5)
    centers = X[reference.kmeans_plus_plus(X, 4, u, w)]
    inertias, shifts, labellings = [], [], []
    for _ in range(50):
        distances = ((X[:, None] - centers) ** 2).sum(axis=2)
        labels = distances.argmin(axis=1)
        inertias.append(w @ distances[np.arange(len(X)), labels])  # (57)
        moved = np.stack([np.average(X[labels == k], axis=0, weights=w[labels == k]) for k in range(4)])  # (58)
        shifts.append(((moved - centers) ** 2).sum())
        labellings.append(labels)
        centers = moved
    assert np.all(np.diff(inertias) <= 1e-12)
    scale = np.average((X - np.average(X, axis=0, weights=w)) ** 2, axis=0, weights=w).mean()
    stable = 1 + next(i for i in range(1, 50) if np.array_equal(labellings[i], labellings[i - 1]))
    edge = shifts[0] / scale  # the least tolerance that stops after one iteration
    for tol in (0.0, 1e-4, 1e-2, 0.995 * edge, 1.005 * edge, 1.0):
        small = next((i + 1 for i in range(50) if shifts[i] <= tol * scale), 50)
        result = reference.kmeans(X, 4, u, w, tol=tol)
        assert result.n_iter == min(small, stable)  # (61)
        np.testing.assert_array_equal(result.labels, labellings[result.n_iter])  # of the returned centres
    assert result.n_iter < stable
    final = reference.kmeans(X, 4, u, w, tol=0.0)
    assert final.inertia == pytest.approx(inertias[-1], rel=1e-12)
    np.testing.assert_allclose(final.centers, centers, rtol=1e-12)


def test_k_means_is_a_limit_of_em():
    X = make_rows(60, 2)
    start = reference.kmeans(X, 3, uniforms(3, 1), max_iter=1)
    mixture = reference.Mixture.from_covariances(np.full(3, 1 / 3), start.centers, np.full(3, 1e-8), "spherical")
    resp = reference.responsibilities(X, mixture)
    np.testing.assert_allclose(resp, np.eye(3)[start.labels], atol=1e-12)
    means = reference.m_step(reference.e_step(X, mixture), "spherical").means
    np.testing.assert_allclose(means, [X[start.labels == k].mean(axis=0) for k in range(3)], rtol=1e-12)


def test_kmeans_plus_plus_frequencies():
    X = np.array([[0.0], [1.0], [3.0], [7.0]])
    w = np.array([1.0, 2.0, 0.0, 1.0])
    grid = (np.arange(400) + 0.5) / 400
    first = [int(reference.kmeans_plus_plus(X, 1, [u], w)[0]) for u in grid]
    np.testing.assert_allclose(np.bincount(first, minlength=4) / 400, w / 4, atol=1e-3)
    # With equal draws both candidates of a round are the same row, so its frequency is (59).
    second = [int(reference.kmeans_plus_plus(X, 2, [0.1, u, u], w)[1]) for u in grid]
    expected = w * X[:, 0] ** 2  # the first centre is row 0, at the origin
    np.testing.assert_allclose(np.bincount(second, minlength=4) / 400, expected / expected.sum(), atol=3e-3)


def test_greedy_choice():
    X = make_rows(50, 3)
    w = np.random.default_rng(8).uniform(0.1, 2.0, len(X))
    n_clusters, n_candidates = 6, 3
    assert reference.kmeans_draws(n_clusters) == 1 + 5 * n_candidates
    for seed in range(10):
        u = uniforms(n_clusters, seed)
        chosen = [int(np.flatnonzero(np.cumsum(w) / w.sum() > u[0])[0])]
        for round_ in range(5):
            closest = ((X[:, None] - X[chosen]) ** 2).sum(axis=2).min(axis=1)
            cumulative = np.cumsum(w * closest) / (w @ closest)
            draws = u[1 + 3 * round_ : 4 + 3 * round_]
            candidates = [int(np.flatnonzero(cumulative >= draw)[0]) for draw in draws]  # (59)
            potentials = [w @ np.minimum(closest, ((X - X[c]) ** 2).sum(axis=1)) for c in candidates]
            chosen.append(candidates[int(np.argmin(potentials))])  # (60)
        assert reference.kmeans_plus_plus(X, n_clusters, u, w).tolist() == chosen


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize(("n_components", "n_features"), [(1, 1), (3, 2), (2, 5)])
def test_number_of_parameters(covariance_type, n_components, n_features):
    mixture = make_mixture(covariance_type, n_components, n_features)
    directions = len(list(covariance_directions(mixture)))
    expected = n_components - 1 + n_components * n_features + directions
    assert reference.n_parameters(mixture) == mixture.n_parameters == expected  # (62)


def test_information_criteria():
    X, w, _, new = make_problem("full")
    likelihood = reference.log_likelihood(X, new, w)
    assert reference.bic(X, new, w) == pytest.approx(-2 * likelihood + 29 * np.log(w.sum()))  # (63)
    assert reference.aic(X, new, w) == pytest.approx(-2 * likelihood + 2 * 29)  # (64)
    assert reference.bic(X, new) == pytest.approx(-2 * reference.log_likelihood(X, new) + 29 * np.log(60))


def test_uncertainty():
    X, _, mixture, _ = make_problem("full")
    resp = reference.responsibilities(X, mixture)
    others = [
        sum(r[k] for k in range(3) if k != label) for r, label in zip(resp, reference.predict(X, mixture), strict=True)
    ]
    np.testing.assert_allclose(reference.uncertainty(X, mixture), others, atol=1e-14)  # (103)


@pytest.mark.parametrize("n_components", [1, 2, 4])
def test_entropy(n_components):
    X, w, mixture, _ = make_problem("diag", n_components=n_components)
    total = 0.0
    for x, weight in zip(X, w, strict=True):
        probabilities = reference.responsibilities(x[np.newaxis], mixture)[0]
        total += weight * sum(-p * np.log(p) for p in probabilities if p > 0)
    assert reference.entropy(X, mixture, w) == pytest.approx(total, abs=1e-12)  # (104)
    assert 0 <= reference.entropy(X, mixture, w) <= w.sum() * np.log(n_components)
    same = reference.Mixture.from_covariances([0.5, 0.5], [[1.0]] * 2, [2.0, 2.0], "spherical")
    assert reference.entropy([[0.0], [5.0]], same) == pytest.approx(2 * np.log(2))  # the upper bound is met


@pytest.mark.parametrize("covariance_type", TYPES)
def test_integrated_completed_likelihood(covariance_type):
    X, w, _, mixture = make_problem(covariance_type)
    joint = mixture.weights * densities(X, mixture)
    classified = joint[np.arange(len(X)), reference.predict(X, mixture)]
    expected = -2 * w @ np.log(classified) + reference.n_parameters(mixture) * np.log(w.sum())
    icl, bic = reference.icl(X, mixture, w), reference.bic(X, mixture, w)
    assert icl == pytest.approx(expected, rel=1e-12)  # (105)
    assert bic < icl < bic + 2 * reference.entropy(X, mixture, w)  # (106)
    far_apart = with_means(mixture, mixture.means * 1e3)
    np.testing.assert_allclose(reference.icl(X, far_apart), reference.bic(X, far_apart), rtol=1e-12)


def pair_features(X):
    upper = np.triu_indices(X.shape[1])
    return np.hstack([np.ones((len(X), 1)), X, (X[:, :, None] * X[:, None, :])[:, upper[0], upper[1]]])


def feature_coefficients(mixture, origin):
    """Coefficients of (65) for full covariances, a column a component."""
    upper = np.triu_indices(mixture.n_features)
    columns = []
    for weight, mean, covariance in zip(mixture.weights, mixture.means - origin, mixture.covariances, strict=True):
        precision = np.linalg.inv(covariance)
        constant = (
            np.log(weight)
            - 0.5 * mixture.n_features * np.log(2 * np.pi)
            + 0.5 * np.linalg.slogdet(precision)[1]
            - 0.5 * mean @ precision @ mean
        )
        pairs = -precision[upper] * np.where(upper[0] == upper[1], 0.5, 1.0)
        columns.append(np.concatenate([[constant], precision @ mean, pairs]))
    return np.stack(columns, axis=1)


def test_log_density_is_linear_in_features():
    X = make_rows(50, 3)
    mixture = reference.m_step(reference.statistics_from_labels(X, np.arange(50) % 3, 3, "full"), "full", 1e-3)
    origin = X.mean(axis=0)
    by_features = pair_features(X - origin) @ feature_coefficients(mixture, origin)  # (65)
    np.testing.assert_allclose(by_features, reference.weighted_log_prob(X, mixture), rtol=1e-10)


def test_sums_of_features_are_sufficient():
    X = make_rows(50, 3)
    resp = np.random.default_rng(0).dirichlet(np.ones(3), size=50)
    origin = X.mean(axis=0)
    sums = resp.T @ pair_features(X - origin)  # (66)
    statistics = reference.statistics_from_responsibilities(X, resp, "full").moved_to(np.tile(origin, (3, 1)))
    np.testing.assert_allclose(sums[:, 0], statistics.counts, rtol=1e-12)
    np.testing.assert_allclose(sums[:, 1:4], statistics.first_moments, atol=1e-11)
    upper = np.triu_indices(3)
    np.testing.assert_allclose(sums[:, 4:], statistics.second_moments[:, upper[0], upper[1]], rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("width", [1.0, 1e-2, 1e-3])
def test_rounding_of_features(width):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(4, 3))[np.arange(400) % 4] + width * rng.normal(size=(400, 3))
    statistics = reference.statistics_from_labels(X, np.arange(400) % 4, 4, "full")
    mixture = reference.m_step(statistics, "full")
    origin = X.mean(axis=0)
    by_features = pair_features(X - origin) @ feature_coefficients(mixture, origin)
    own = np.arange(400), np.arange(400) % 4
    error = np.abs(by_features - reference.weighted_log_prob(X, mixture))[own].max()
    largest = max(np.abs(np.linalg.inv(c)).sum(axis=1).max() for c in mixture.covariances)
    bound = np.finfo(float).eps * ((X - origin) ** 2).sum(axis=1).max() * largest  # (67)
    assert error < 4 * bound
    assert error > 1e-4 * bound


# Sections 20 and 21: parsimonious models and the prior


def random_scatter(n_components=3, n_features=4, seed=0):
    """Covariance matrices C_k and counts N_k that no model fits exactly."""
    rng = np.random.default_rng(seed)
    a = rng.standard_normal((n_components, n_features, 2 * n_features))
    return a @ a.swapaxes(1, 2) / n_features, rng.uniform(5.0, 50.0, n_components)


def covariances_of(model, C, counts, prior=None):
    """Covariances that the M-step of a model makes of C_k and N_k, as matrices."""
    K, d = C.shape[:2]
    zeros = np.zeros((K, d))
    statistics = reference.SufficientStatistics(
        "full", zeros, counts, zeros, counts[:, None, None] * C, 0.0, 1, counts.sum()
    )
    mixture = reference.m_step(statistics, model, prior=prior)
    volumes, shapes, axes = reference.decompose(mixture)
    return volumes[:, None, None] * np.einsum("kij,kj,klj->kil", axes, shapes, axes)


def objective(covariances, C, counts):
    """Return F of (74)."""
    fit = np.trace(np.linalg.solve(covariances, C), axis1=1, axis2=2)
    return counts @ (np.linalg.slogdet(covariances)[1] + fit)


def random_axes(n_features, seed=0):
    return np.linalg.qr(np.random.default_rng(seed).standard_normal((n_features, n_features)))[0]


def test_decomposition():
    C, _ = random_scatter()
    mixture = reference.Mixture.from_covariances(np.full(3, 1 / 3), np.zeros((3, 4)), C, "VVV")
    volumes, shapes, axes = reference.decompose(mixture)
    rebuilt = volumes[:, None, None] * axes @ (shapes[:, :, None] * axes.swapaxes(1, 2))  # (72)
    np.testing.assert_allclose(rebuilt, C, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(volumes, np.linalg.det(C) ** 0.25, rtol=1e-12)  # (86)
    np.testing.assert_allclose(shapes.prod(axis=1), 1.0, rtol=1e-12)


def test_number_of_parameters_by_letters():
    K, d = 4, 5
    for name, family in reference.COVARIANCE_FAMILIES.items():
        if family.one_feature_only:
            continue
        volume, shape, orientation = family.model
        expected = {"E": 1, "V": K}[volume]
        expected += {"I": 0, "E": d - 1, "V": K * (d - 1)}[shape]
        expected += {"I": 0, "E": d * (d - 1) // 2, "V": K * d * (d - 1) // 2}[orientation]
        assert family.n_covariance_parameters(K, d) == expected, name  # (73)
    assert reference.covariance_family("VEV").n_covariance_parameters(3, 4) == 3 + 3 + 18


def test_objective_along_known_axes():
    C, counts = random_scatter()
    D, L = random_axes(4), np.random.default_rng(1).uniform(0.5, 2.0, (3, 4))
    along = np.einsum("ij,kil,lj->kj", D, C, D)
    covariances = np.einsum("ij,kj,lj->kil", D, L, D)
    expected = counts @ np.sum(np.log(L) + along / L, axis=1)
    assert objective(covariances, C, counts) == pytest.approx(expected, rel=1e-12)  # (74)


def test_volumes_and_shapes():
    C, counts = random_scatter()
    v = np.einsum("kjj->kj", C)
    variances = {m: np.einsum("kjj->kj", covariances_of(m, C, counts)) for m in ("EII", "EEI", "VEI", "EVI")}
    np.testing.assert_allclose(variances["EEI"], np.tile(counts @ v / counts.sum(), (3, 1)), rtol=1e-12)  # (75)
    np.testing.assert_allclose(variances["EII"], counts @ v.mean(axis=1) / counts.sum(), rtol=1e-12)
    volumes = np.prod(variances["VEI"], axis=1) ** 0.25
    shape = variances["VEI"][0] / volumes[0]
    np.testing.assert_allclose(volumes, np.mean(v / shape, axis=1), rtol=1e-11)  # (76)
    proportional = (counts / volumes) @ v
    np.testing.assert_allclose(shape, proportional / proportional.prod() ** 0.25, rtol=1e-11)  # (77)
    g = np.prod(v, axis=1) ** 0.25
    np.testing.assert_allclose(variances["EVI"], (counts @ g / counts.sum()) * v / g[:, None], rtol=1e-12)  # (78)


@pytest.mark.parametrize("model", ["EEV", "VEV", "EVV"])
def test_own_axes_are_eigenvectors(model):
    C, counts = random_scatter()
    covariances = covariances_of(model, C, counts)
    axes = np.linalg.eigh(C)[1]
    turned = np.einsum("kij,kil,klm->kjm", axes, covariances, axes)
    np.testing.assert_allclose(turned, np.einsum("kjj->kj", turned)[:, :, None] * np.eye(4), atol=1e-12)  # (79)
    assert np.all(np.diff(np.einsum("kjj->kj", turned), axis=1) > 0)  # large with large
    best = objective(covariances, C, counts)
    for seed in range(20):  # the same variances along any other axes
        other = np.stack([random_axes(4, 3 * seed + k) for k in range(3)])
        assert objective(np.einsum("kij,kj,klj->kil", other, np.linalg.eigvalsh(covariances), other), C, counts) > best


def test_proportional_matrices():
    C, counts = random_scatter()
    covariances = covariances_of("VEE", C, counts)
    volumes = np.linalg.det(covariances) ** 0.25
    B = covariances[0] / volumes[0]
    np.testing.assert_allclose(covariances, volumes[:, None, None] * B, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(volumes, np.trace(C @ np.linalg.inv(B), axis1=1, axis2=2) / 4, rtol=1e-11)  # (80)
    proportional = np.einsum("k,kij->ij", counts / volumes, C)
    np.testing.assert_allclose(B, proportional / np.linalg.det(proportional) ** 0.25, rtol=1e-10, atol=1e-12)  # (81)


def test_rotation_of_two_axes():
    C, counts = random_scatter()
    D, L = random_axes(4), np.random.default_rng(1).uniform(0.5, 2.0, (3, 4))
    i, j = 1, 3

    def turned_by(theta):
        axes = D.copy()
        axes[:, i] = D[:, i] * np.cos(theta) + D[:, j] * np.sin(theta)  # (83)
        axes[:, j] = D[:, j] * np.cos(theta) - D[:, i] * np.sin(theta)
        return objective(np.einsum("ij,kj,lj->kil", axes, L, axes), C, counts)

    a = D.T @ C @ D
    weights = counts * (1 / L[:, i] - 1 / L[:, j])
    alpha, beta = 0.5 * weights @ (a[:, i, i] - a[:, j, j]), weights @ a[:, i, j]  # (84)
    grid = np.linspace(-np.pi / 2, np.pi / 2, 181)
    values = np.array([turned_by(theta) for theta in grid])
    expected = alpha * np.cos(2 * grid) + beta * np.sin(2 * grid)
    np.testing.assert_allclose(values - values[90], expected - expected[90], rtol=1e-9, atol=1e-9)
    assert turned_by(0.5 * np.arctan2(-beta, -alpha)) <= values.min()  # (85)

    for model in ("EVE", "VVE"):  # at the end of the rotations no pair can gain
        covariances = covariances_of(model, C, counts)
        axes = reference.decompose(
            reference.Mixture.from_covariances(np.full(3, 1 / 3), np.zeros((3, 4)), covariances, model)
        ).orientations[0]
        L = np.einsum("ij,kil,lj->kj", axes, covariances, axes)
        value = objective(covariances, C, counts)
        assert value == pytest.approx(counts @ np.log(L).sum(axis=1) + 4 * counts.sum(), rel=1e-12)  # (82)
        a = axes.T @ C @ axes
        for i, j in itertools.combinations(range(4), 2):
            weights = counts * (1 / L[:, i] - 1 / L[:, j])
            slope, alpha = weights @ a[:, i, j], 0.5 * weights @ (a[:, i, i] - a[:, j, j])
            assert abs(slope) < 1e-6 * abs(alpha) and alpha < 0


def test_joint_diagonalisation():
    rng = np.random.default_rng(2)
    D = random_axes(4)
    variances = np.array([[4.0, 4.0, 1.0, 1.0], [3.0, 2.0, 3.0, 1.0], [1.0, 5.0, 5.0, 5.0]])  # none tells all four
    covariances = np.einsum("ij,kj,lj->kil", D, variances, D)
    mixture = reference.Mixture.from_covariances(np.full(3, 1 / 3), np.zeros((3, 4)), covariances, "VVE")
    axes = reference.decompose(mixture).orientations[0]
    permutation = np.abs(D.T @ axes)
    np.testing.assert_allclose(permutation, np.round(permutation), atol=1e-13)

    a = rng.standard_normal((3, 4, 4))
    a = a + a.swapaxes(1, 2)
    i, j = 0, 2

    def off_diagonal(theta):
        u, v = np.eye(4)[i], np.eye(4)[j]
        return np.sum((a @ (v * np.cos(theta) - u * np.sin(theta)) @ (u * np.cos(theta) + v * np.sin(theta))) ** 2)

    difference = a[:, i, i] - a[:, j, j]
    theta = 0.25 * np.arctan2(4 * a[:, i, j] @ difference, np.sum(difference**2 - 4 * a[:, i, j] ** 2))  # (87)
    assert off_diagonal(theta) <= min(off_diagonal(t) for t in np.linspace(-np.pi / 2, np.pi / 2, 401))


@pytest.mark.parametrize("shrinkage", [0.0, 0.7])
def test_prior_is_normal_and_inverse_wishart(shrinkage):
    (C, _), (other, _) = random_scatter(2, 3, 0), random_scatter(2, 3, 1)
    rng = np.random.default_rng(5)
    center, means = rng.standard_normal(3), rng.standard_normal((2, 2, 3))
    scale = random_scatter(1, 3, 2)[0][0]

    def expected(covariances, means, model):
        variances = np.einsum("kjj->kj", covariances)
        value = 0.0
        for k in range(2):
            if shrinkage > 0:
                value += multivariate_normal(center, covariances[k] / shrinkage).logpdf(means[k])  # (88)
            if "V" not in model and k > 0:
                continue  # a covariance that all share has one prior
            if model[2] != "I":  # (89)
                value += invwishart(6.5, scale).logpdf(covariances[k])
            elif model[1] != "I":
                value += invgamma(6.5 / 2, scale=np.diag(scale) / 2).logpdf(variances[k]).sum()
            else:
                value += invgamma(6.5 / 2, scale=scale[0, 0] / 2).logpdf(variances[k, 0])
        return value

    for model in ("VVV", "EEE", "VVI", "EEI", "VII", "EII"):
        matrices = [c * np.eye(3) if model[2] == "I" else c for c in (C, other)]
        matrices = [np.stack([np.eye(3) * c[0, 0] for c in m]) if model[1] == "I" else m for m in matrices]
        matrices = [np.tile(m[0], (2, 1, 1)) if "V" not in model else m for m in matrices]
        compact = {
            "VVV": lambda m: m,
            "EEE": lambda m: m[0],
            "VVI": lambda m: np.einsum("kjj->kj", m),
            "EEI": lambda m: np.einsum("kjj->kj", m),
            "VII": lambda m: m[:, 0, 0],
            "EII": lambda m: m[:, 0, 0],
        }[model]
        kept = scale if model[2] != "I" else np.diag(scale) if model[1] != "I" else scale[0, 0]
        prior = reference.ConjugatePrior(shrinkage, center, 6.5, kept)
        one, two = (
            reference.Mixture.from_covariances([0.5, 0.5], mu, compact(m), model)
            for mu, m in zip(means, matrices, strict=True)
        )
        difference = reference.log_prior(one, prior) - reference.log_prior(two, prior)
        exact = expected(matrices[0], means[0], model) - expected(matrices[1], means[1], model)
        assert difference == pytest.approx(exact, rel=1e-10), model  # (92)


def test_prior_counts_as_rows():
    X, w, old, _ = make_problem("full")
    statistics = reference.e_step(X, old, w)
    prior = reference.ConjugatePrior(2.5, [1.0, 0.0, -1.0], 7.0, random_scatter(1, 3)[0][0])
    new = reference.m_step(statistics, "VVV", prior=prior)
    resp = reference.responsibilities(X, old) * w[:, None]
    for k, count in enumerate(resp.sum(axis=0)):
        mean = resp[:, k] @ X / count
        np.testing.assert_allclose(new.means[k], (count * mean + 2.5 * prior.mean) / (count + 2.5), rtol=1e-12)  # (90)
        apart = mean - prior.mean
        scatter = (resp[:, k, None] * (X - mean)).T @ (X - mean) + prior.scale
        scatter += count * 2.5 / (count + 2.5) * np.outer(apart, apart)
        np.testing.assert_allclose(new.covariances[k], scatter / (count + 7.0 + 3 + 2), rtol=1e-11)  # (91)


# The document itself


def displaced(origin, numbers):
    """Return the mixture that has the numbers (68) with the given origin."""
    (K, d), pi = origin.means.shape, origin.weights
    logits = np.log(pi) + numbers[:K] / np.sqrt(pi)
    L = np.linalg.cholesky(covariance_matrices(origin))
    means = origin.means + np.einsum("kij,kj->ki", L, numbers[K : K + K * d].reshape(K, d)) / np.sqrt(pi)[:, None]
    rest = numbers[K + K * d :].reshape({"tied": 1}.get(origin.covariance_type, K), -1)
    share = np.ones(1) if origin.covariance_type == "tied" else pi
    if origin.covariance_type in ("full", "tied"):
        R = np.zeros((len(rest), d, d))
        R[(slice(None), *np.tril_indices(d))] = rest / np.sqrt(share)[:, None]
        i = np.arange(d)
        R[:, i, i] = np.exp(R[:, i, i] / np.sqrt(2))
        factor = L[: len(rest)] @ R
        covariances = (factor @ factor.transpose(0, 2, 1)).reshape(origin.covariances.shape)
    else:
        in_variance = d if origin.covariance_type == "spherical" else 1
        growth = np.exp(2 * rest / np.sqrt(2 * in_variance * share)[:, None])
        covariances = origin.covariances * growth.reshape(origin.covariances.shape)
    weights = np.exp(logits - logits.max())
    moved = with_weights(with_means(origin, means), weights / weights.sum())
    return with_covariances(moved, covariances)


def directions(mixture, n_directions):
    """Draw directions in the numbers (68) that keep the sum of the weights at one, to first order."""
    K, d = mixture.means.shape
    size = {"full": K * d * (d + 1) // 2, "tied": d * (d + 1) // 2, "diag": K * d, "spherical": K}
    root = np.sqrt(mixture.weights)
    for u in np.random.default_rng(3).normal(size=(n_directions, K + K * d + size[mixture.covariance_type])):
        u[:K] -= root * (root @ u[:K])
        yield u


@pytest.mark.parametrize("covariance_type", TYPES)
def test_information_of_the_complete_data_is_the_identity(covariance_type):
    X, w, old, new = make_problem(covariance_type)

    def mean_q(numbers):
        return reference.q_function(X, displaced(new, numbers), old, w) / w.sum()

    for u in directions(new, 5):
        h = 1e-3
        second = (mean_q(h * u) - 2 * mean_q(0 * u) + mean_q(-h * u)) / h**2
        assert second == pytest.approx(-u @ u, rel=1e-3)  # (68)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_steps_of_em_are_gradients(covariance_type):
    X, w, old, _ = make_problem(covariance_type)
    fixed = reference.em(X, old, w, tol=1e-13, reg_covar=0.0, max_iter=5000).mixture
    near = displaced(fixed, 1e-3 * next(directions(fixed, 1)))
    after = reference.m_step(reference.e_step(X, near, w), covariance_type)
    (K, d), root = near.means.shape, np.sqrt(near.weights)
    L = np.linalg.cholesky(covariance_matrices(near))
    f = root[:, None] * np.linalg.solve(L, (after.means - near.means)[..., None])[..., 0]
    for u in directions(near, 5):
        u[:K], u[K + K * d :] = 0, 0
        slope = derivative(lambda t, u=u: reference.log_likelihood(X, displaced(near, t * u), w) / w.sum(), 1e-4)
        step, direction = f.ravel(), u[K : K + K * d]
        precision = 0.02 * np.linalg.norm(step) * np.linalg.norm(direction)
        assert slope == pytest.approx(step @ direction, abs=precision)  # (71)


def test_extrapolations_of_a_linear_map():
    rng = np.random.default_rng(0)
    rates, limit = np.diag([0.9, 0.5, -0.3]), rng.normal(size=3)
    x = [rng.normal(size=3)]
    for _ in range(4):
        x.append(limit + rates @ (x[-1] - limit))
    g, f = np.array(x[1:]), np.diff(x, axis=0)
    gamma = np.linalg.lstsq(np.diff(f, axis=0).T, f[-1], rcond=None)[0]
    np.testing.assert_allclose(g[-1] - gamma @ np.diff(g, axis=0), limit, atol=1e-10)  # (69)
    one = [limit[0] + 0.9**t for t in range(3)]
    r, v = one[1] - one[0], one[2] - 2 * one[1] + one[0]
    alpha = -abs(r) / abs(v)
    np.testing.assert_allclose(one[0] - 2 * alpha * r + alpha**2 * v, limit[0], atol=1e-10)  # (70)


# Section 23: resampling


def test_resampled_rows_are_weights():
    X, mixture = make_rows(40, 2), make_mixture("full", 3, 2)
    rng = np.random.default_rng(0)
    drawn = rng.integers(0, len(X), len(X))  # (98)
    counts = np.bincount(drawn, minlength=len(X))
    assert np.count_nonzero(counts == 0) > 0
    repeated = reference.m_step(reference.e_step(X[drawn], mixture), "full")
    weighted = reference.m_step(reference.e_step(X, mixture, counts.astype(float)), "full")
    np.testing.assert_allclose(weighted.covariances, repeated.covariances, rtol=1e-10)
    # Of weighted rows: binomial counts, whose moments are those of the sums over rows that stand w_n times.
    w, n_draws = np.array([1.0, 3.0, 4.0]), 40_000
    direct = rng.multinomial(8, w / 8, n_draws)
    each = rng.multinomial(8, np.full(8, 1 / 8), n_draws)
    summed = np.stack([each[:, 0], each[:, 1:4].sum(axis=1), each[:, 4:].sum(axis=1)], axis=1)
    np.testing.assert_allclose(np.cov(direct.T), np.cov(summed.T), atol=0.06)
    np.testing.assert_allclose(direct.mean(axis=0), w, atol=0.05)


def test_gamma_weights_of_repeated_rows_add_up():
    rng, n_draws = np.random.default_rng(0), 40_000
    w = np.array([1.0, 3.0, 4.0])
    g = rng.standard_gamma(w, (n_draws, 3))
    direct = 8 * g / g.sum(axis=1, keepdims=True)  # (99)
    each = rng.standard_exponential((n_draws, 8))
    each *= 8 / each.sum(axis=1, keepdims=True)
    summed = np.stack([each[:, 0], each[:, 1:4].sum(axis=1), each[:, 4:].sum(axis=1)], axis=1)
    np.testing.assert_allclose(np.cov(direct.T), np.cov(summed.T), atol=0.06)
    np.testing.assert_allclose(np.var(direct, axis=0), 64 * (w / 8) * (1 - w / 8) / 9, rtol=0.05)  # Dirichlet's


def test_jackknife_of_a_mean_is_its_standard_error():
    x, w = np.random.default_rng(0).normal(size=30), np.random.default_rng(1).integers(1, 5, 30)
    W = w.sum()
    means = np.array([(w @ x - x[b]) / (W - 1) for b in range(30)])
    centre = w @ means / W
    squared = (W - 1) / W * (w @ (means - centre) ** 2)  # (100)
    repeated = np.repeat(x, w)
    assert squared == pytest.approx(repeated.var(ddof=1) / W, rel=1e-12)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_entropies_do_not_matter_for_the_order(covariance_type):
    fitted, other = make_mixture(covariance_type, 3, 2, 1), make_mixture(covariance_type, 3, 2, 2)
    matrices, precisions = covariance_matrices(other), np.linalg.inv(covariance_matrices(fitted))
    traces = np.einsum("kij,lji->kl", precisions, matrices)
    terms = 0.5 * traces - reference.log_prob(other.means, fitted).T  # (101)
    divergences = np.empty((3, 3))
    for k, j in np.ndindex(3, 3):
        gap = fitted.means[k] - other.means[j]
        log_ratio = np.linalg.slogdet(precisions[k] @ matrices[j])[1]
        divergences[k, j] = 0.5 * (traces[k, j] - 2 + gap @ precisions[k] @ gap - log_ratio)
    orders = list(itertools.permutations(range(3)))
    sums = np.array([[m[range(3), order].sum() for order in orders] for m in (terms, divergences)])
    np.testing.assert_allclose(sums[0] - sums[1], (sums[0] - sums[1])[0], rtol=1e-10)
    if covariance_type == "tied":
        np.testing.assert_allclose(traces, traces[0, 0], rtol=1e-10)


def test_p_value_keeps_its_level():
    values = np.random.default_rng(0).permutation(np.repeat(np.arange(25.0), 4))  # 100, with ties
    p = []
    for i, statistic in enumerate(values):  # each is as likely the one of the data
        p.append((1 + np.count_nonzero(np.delete(values, i) >= statistic)) / len(values))  # (102)
    for alpha in np.linspace(0.01, 1, 100):
        assert np.mean(np.array(p) <= alpha + 1e-12) <= alpha + 1e-12
    assert min(p) == 0.04  # the four largest


def scatter_of(rows):
    return (rows - rows.mean(axis=0)).T @ (rows - rows.mean(axis=0))


def partitions_of(tree, n_samples):
    """Return, before each merge and after the last, which rows each group holds, by the name of the group."""
    groups = {n: [n] for n in range(n_samples)}
    found = [dict(groups)]
    for a, b in tree.merges.tolist():
        groups[a] = groups[a] + groups.pop(b)
        found.append(dict(groups))
    return found


def own_covariances(X, groups):
    """Evaluate (93) by its words."""
    d, alpha = X.shape[1], np.var(X, axis=0).mean()
    terms = []
    for members in groups.values():
        n, scatter = len(members), scatter_of(X[members])
        terms.append(n * np.log((np.linalg.det(scatter / n) if n > d else 0.0) + (np.trace(scatter) + alpha) / n))
    return sum(terms)


def common_covariance(X, groups, regularised):
    """Evaluate (96) by its words."""
    within = sum(scatter_of(X[members]) for members in groups.values()) / len(X)
    with np.errstate(divide="ignore"):
        return len(X) * np.log(max(np.linalg.det(within), 0.0) + regularised * np.trace(within))


def united(groups, a, b):
    return {**{k: rows for k, rows in groups.items() if k not in (a, b)}, a: groups[a] + groups[b]}


def test_criterion_of_own_covariances():
    X = make_rows(14, 2)
    tree = reference_hierarchical.hierarchical_clustering(X)
    values = [own_covariances(X, groups) for groups in partitions_of(tree, 14)[1:]]
    np.testing.assert_allclose(tree.values, values, rtol=1e-11)  # (93)


def test_unions_of_groups():
    X = make_rows(15, 3)
    a, b = X[:6], X[6:]
    n, between = len(a) * len(b) / 15, b.mean(axis=0) - a.mean(axis=0)
    np.testing.assert_allclose(a.mean(axis=0) + len(b) / 15 * between, X.mean(axis=0), atol=1e-14)  # (94)
    np.testing.assert_allclose(
        scatter_of(a) + scatter_of(b) + n * np.outer(between, between), scatter_of(X), atol=1e-12
    )


@pytest.mark.parametrize("scale", [0.2, 5.0])
def test_every_merge_is_the_cheapest(scale):
    X = make_rows(12, 2) * scale
    tree = reference_hierarchical.hierarchical_clustering(X)
    for groups, (a, b) in zip(partitions_of(tree, 12), tree.merges.tolist(), strict=False):
        values = {pair: own_covariances(X, united(groups, *pair)) for pair in itertools.combinations(groups, 2)}
        assert values[a, b] == pytest.approx(min(values.values()), abs=1e-7)  # (95)
    tree = reference_hierarchical.hierarchical_clustering(X, "EEE")
    alpha, regularised = np.var(X, axis=0).mean(), True
    for step, (groups, (a, b)) in enumerate(zip(partitions_of(tree, 12), tree.merges.tolist(), strict=False)):
        pairs = list(itertools.combinations(groups, 2))
        if regularised:
            best = min(pairs, key=lambda pair: common_covariance(X, united(groups, *pair), True))
            regularised = common_covariance(X, united(groups, *best), False) < 12 * np.log(alpha)
        values = {pair: common_covariance(X, united(groups, *pair), regularised) for pair in pairs}
        assert values[a, b] == pytest.approx(min(values.values()), abs=1e-6)  # (96)
        assert tree.values[step] == pytest.approx(values[a, b], abs=1e-6)
    assert regularised == (scale < 1)


def test_costs_of_a_common_covariance():
    rng = np.random.default_rng(0)
    for rank in (1, 2, 3, 5):
        root = rng.standard_normal((3, rank))
        V, v = root @ root.T, rng.standard_normal(3)
        values, vectors = np.linalg.eigh(V)
        values = np.where(values > 1e-12, values, 0.0)
        adjugate = (vectors * [np.prod(np.delete(values, k)) for k in range(3)]) @ vectors.T
        rises = np.linalg.det(V + np.outer(v, v)) - np.linalg.det(V) + v @ v
        assert v @ (adjugate + np.eye(3)) @ v == pytest.approx(rises, rel=1e-9)  # (97)


# Section 25: streams


@pytest.mark.parametrize("covariance_type", TYPES)
def test_steps_come_to_rest_at_a_fixed_point_of_em(covariance_type):
    X = make_rows(60, 2)
    fixed = reference.em(X, make_mixture(covariance_type, 2, 2), tol=1e-12, reg_covar=0.0, max_iter=3000).mixture
    np.testing.assert_allclose(reference.stepwise_em(5 * [X], fixed).mixture.means, fixed.means, atol=1e-5)  # (107)
    moved = with_means(fixed, fixed.means + 0.1)
    for batches, left in [(400 * [X], 0.005), (200 * [X[::2], X[1::2]], 0.02)]:  # without and with noise
        found = reference.stepwise_em(batches, moved).mixture
        assert np.abs(found.means - fixed.means).max() < left


def test_step_lengths():
    lengths = reference.step_lengths(np.full(10_000, 3.0), decay=0.6, offset=2.0)
    np.testing.assert_allclose(lengths[1:], (np.arange(2, 10_001) + 2.0) ** -0.6)  # (108)
    assert np.prod(1 - lengths[1:]) < 1e-30  # the start is forgotten
    split = reference.step_lengths([3.0, 3.0, 1e-9, 3.0], decay=0.6, offset=2.0)
    assert split[2] < 1e-9
    assert reference.step_lengths([1.0, 1.0, 1e9]).tolist()[2] == 1.0


@settings(max_examples=20, deadline=None)
@given(weights=st.lists(st.floats(0.1, 10), min_size=1, max_size=8), seed=st.integers(0, 100))
def test_equal_steps_give_the_mean_of_all_rows(weights, seed):
    rng = np.random.default_rng(seed)
    mixture, X = make_mixture("full", 2, 2), rng.normal(size=(3 * len(weights), 2))
    w = np.repeat(weights, 3)
    parts = [reference.e_step(X[3 * t : 3 * t + 3], mixture, w[3 * t : 3 * t + 3]) for t in range(len(weights))]
    running = reference.expected_statistics(mixture)
    totals = [part.total_weight for part in parts]
    for part, length in zip(parts, reference.step_lengths(totals, decay=1, offset=0), strict=True):
        mean = replace(part, **{name: getattr(part, name) / part.total_weight for name in SUMS})
        running = reference.blend(running, mean, length)
    whole = reference.e_step(X, mixture, w)
    for name in SUMS:
        np.testing.assert_allclose(
            getattr(running, name), getattr(whole, name) / w.sum(), rtol=1e-9, atol=1e-12
        )  # (109)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_expected_statistics_are_those_of_many_rows(covariance_type):
    mixture, rng, n_samples = make_mixture(covariance_type, 2, 2), np.random.default_rng(0), 200_000
    labels = rng.choice(2, n_samples, p=mixture.weights)
    factors = np.linalg.cholesky(covariance_matrices(mixture))
    X = mixture.means[labels] + np.einsum("nij,nj->ni", factors[labels], rng.normal(size=(n_samples, 2)))
    drawn, expected = reference.e_step(X, mixture), reference.expected_statistics(mixture)
    for name in ("counts", "first_moments", "second_moments"):
        np.testing.assert_allclose(getattr(drawn, name) / n_samples, getattr(expected, name), atol=0.03)  # (110)
    again = reference.m_step(expected, covariance_type)
    np.testing.assert_allclose(again.covariances, mixture.covariances, rtol=1e-12)


def test_average_of_the_steps():
    X, start = make_rows(90, 2), make_mixture("full", 1, 2)
    sizes = np.array([10, 20, 40, 20])
    batches = np.split(X, np.cumsum(sizes)[:-1])
    lengths = reference.step_lengths(sizes)
    running, steps = np.zeros((2, 3)), []
    for batch, length in zip(batches, lengths, strict=True):
        moments = np.column_stack([batch.mean(axis=0), batch.T @ batch / len(batch)])  # about the origin
        running = (1 - length) * running + length * moments
        steps.append(running)
    share = np.arange(1, 5) * sizes / np.sum(np.arange(1, 5) * sizes)
    mean = np.einsum("t,tij->ij", share, np.array(steps))  # (111)
    averaged = reference.stepwise_em(batches, start).averaged
    np.testing.assert_allclose(averaged.means[0], mean[:, 0], rtol=1e-10)
    np.testing.assert_allclose(averaged.covariances[0], mean[:, 1:] - np.outer(mean[:, 0], mean[:, 0]), rtol=1e-9)


# Section 26: scales far apart


@pytest.mark.parametrize("mean", [1.0, 1234.567, 1e6 / 3, 1e9 / 7])
def test_split_means_lose_a_rounding_error_of_the_difference(mean):
    rng = np.random.default_rng(0)
    eps = np.finfo(np.float32).eps / 2
    x = np.concatenate([mean * (1 + 1e-5 * rng.normal(size=500)), rng.normal(size=500) * mean]).astype(np.float32)
    high = np.float32(mean)
    low = np.float32(mean - float(high))
    right = x.astype(float) - mean
    error = np.abs(((x - high) - low).astype(float) - right)
    assert (error <= 2 * eps * np.abs(right) + eps**2 * abs(mean)).all()  # (112)
    about_origin = (x - np.float32(10 * mean)).astype(float) - (mean - float(np.float32(10 * mean)))
    assert np.abs(about_origin - right)[:500].max() > 10 * error[:500].max()


@pytest.mark.parametrize("separation", [1e2, 1e4])
@pytest.mark.parametrize("n_features", [1, 3, 30])
def test_rounding_of_common_coordinates(n_features, separation):
    rng = np.random.default_rng(n_features)
    scales = 10 ** rng.uniform(-1, 1, n_features)
    T = rng.normal(size=(n_features, n_features)) * scales
    centers = separation * rng.normal(size=(2, n_features))
    x = (centers[np.arange(400) % 2] + rng.normal(size=(400, n_features))).astype(np.float32)
    o = centers.mean(axis=0).astype(np.float32)
    z = (x - o) @ T.astype(np.float32)
    exact = (x.astype(float) - o) @ T.astype(np.float32).astype(float)
    reach = np.abs(x - o).max(axis=0).astype(float)
    bound = np.finfo(np.float32).eps * np.sqrt(((T * reach[:, None]) ** 2).sum(axis=0))  # (113), of scales one
    error = np.abs(z - exact).max(axis=0)
    assert (error < 2 * np.sqrt(n_features) * bound).all()
    assert (error > bound / 100).any()


def test_rounding_of_the_borders_of_clusters():
    rng = np.random.default_rng(0)
    eps = float(np.finfo(np.float32).eps)
    for far in (10.0, 1e3, 1e5):
        centers = np.array([[0.0, 0.0], [3.0, 1.0], [far, far]])
        x = np.concatenate([rng.normal(size=(500, 2)) * 2, centers[2] + rng.normal(size=(500, 2))]).astype(np.float32)
        o = x.mean(axis=0)
        c = (centers - o).astype(np.float32)
        scores = (x - o) @ c.T - 0.5 * (c**2).sum(axis=1)
        distances = ((x[:, None].astype(float) - centers) ** 2).sum(axis=2)
        got, right = scores[:, 1] - scores[:, 0], 0.5 * (distances[:, 0] - distances[:, 1])
        gap = np.linalg.norm(centers[1] - centers[0])
        norms = np.linalg.norm(c, axis=1).max(), np.linalg.norm(x - o, axis=1).max()
        moved = np.abs(got - right).max() / gap
        assert moved < 2 * eps * norms[0] * (norms[0] + norms[1]) / gap  # (114)


@pytest.mark.parametrize("n_samples", [10, 1000])
def test_a_row_outweighs_all_others_if_the_variance_is_its_own(n_samples):
    others = np.random.default_rng(0).uniform(-1, 1, n_samples - 1)
    spread = np.ptp(others)
    limit = 2.0**26 * spread * np.sqrt(n_samples - 1)  # (115)
    point = others[0]
    for share, is_lost in ((2.0, True), (1e-3, False)):
        square = (share * limit) ** 2
        total = square + np.square(others - point).sum()
        assert (total == square) or not is_lost
        assert (total > square) or is_lost


@pytest.mark.parametrize("inflation", [1e2, 1e4, 1e6])
def test_rounding_of_an_unexplained_variance(inflation):
    """Products in float32, sums in float64: the share that (116) predicts of what the other features leave."""
    rng = np.random.default_rng(0)
    errors = []
    for _ in range(20):
        x = rng.normal(size=(100, 3))
        x[:, 2] = x[:, :2].sum(axis=1) + rng.normal(size=100) * np.sqrt(2 / inflation)
        x = x.astype(np.float32)
        sigma = np.einsum("ni,nj->nij", x, x).astype(float).mean(axis=0)
        exact = x.T.astype(float) @ x.astype(float) / len(x)
        errors.append(np.linalg.inv(exact)[2, 2] / np.linalg.inv(sigma)[2, 2] - 1)
    bound = np.finfo(np.float32).eps * (exact[2, 2] * np.linalg.inv(exact)[2, 2])  # (116)
    assert bound / 100 < np.abs(errors).max() < 2 * bound


def test_a_gain_that_rounding_hides_ends_em(monkeypatch):
    X, w, old, _ = make_problem("full", n_samples=300)
    noise = itertools.cycle([1e-12, -1e-12])

    def e_step_with_noise(*arguments):
        statistics = reference.e_step(*arguments)
        return replace(statistics, log_likelihood=statistics.log_likelihood + next(noise) * statistics.total_weight)

    monkeypatch.setattr(sys.modules[reference.em.__module__], "e_step", e_step_with_noise)
    options = dict(reg_covar=0.0, max_iter=300)
    result = reference.em(X, old, w, tol=1e-13, **options)
    assert result.converged
    bounds = np.array(result.lower_bounds)
    falls = bounds[:-10] - bounds[10:]
    assert (falls[:-1] < 0).all()
    assert 0 <= falls[-1] <= 1e-11 + 16 * 2.0**-52 * abs(bounds[-1])  # (117)
    assert not reference.em(X, old, w, tol=0.0, **options).converged
    assert not reference.rounding_hides_gains(bounds[-10:], 3)
    assert not reference.rounding_hides_gains([*bounds[-10:], bounds[-10] - 1e-10], 3)


def table():
    """Return the rows of the last section's table, as (equation, description, reference, C++, test)."""
    text = re.split(r"\n## \d+\. Where each equation runs\n", THEORY.read_text(encoding="utf-8"))[1]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:2] == "| "]
    return rows[1:]


def names(cell):
    return re.findall(r"`([^`]+)`", cell)


@pytest.mark.repo
def test_equations_are_numbered_without_gaps():
    numbers = [int(n) for n in re.findall(r"\\tag\{(\d+)\}", THEORY.read_text(encoding="utf-8"))]
    assert numbers == list(range(1, len(numbers) + 1))
    assert [row[0] for row in table()] == [f"({n})" for n in numbers]


@pytest.mark.repo
def test_equations_mentioned_exist():
    text = THEORY.read_text(encoding="utf-8")
    last = len(re.findall(r"\\tag\{\d+\}", text))
    source = source_of_the_reference()
    for mentioned in re.findall(r"\((\d{1,3})\)", text) + re.findall(r"#.*?\((\d{1,3})\)", source):
        assert 1 <= int(mentioned) <= last


@pytest.mark.repo
def test_functions_named_in_the_table_exist():
    found = [name for row in table() for name in names(row[2])]
    assert len(found) > 40
    for name in found:
        thing = reference
        for part in name.split("."):
            thing = getattr(thing, part)
        assert callable(thing) or isinstance(thing, property), name


@pytest.mark.repo
def test_code_cites_the_equations_that_the_table_gives_it():
    source = source_of_the_reference()
    comments = " ".join(re.findall(r"#(.*)", source))
    cited = {f"({n})" for n in re.findall(r"\((\d{1,3})\)", comments)}
    # (3) is a property of (30), (24) the sum that (49) yields, (34) the choice among (26) and (31) to (33).
    run = {row[0] for row in table() if names(row[2])} - {"(3)", "(24)", "(34)"}
    assert run - cited == set()


@pytest.mark.repo
def test_tests_named_in_the_table_exist():
    for row in table():
        assert names(row[4]), row
        for name in names(row[4]):
            assert callable(globals().get(name)), name


@pytest.mark.repo
def test_files_named_in_the_table_exist():
    found = {name for row in table() for name in names(row[3])}
    assert len(found) > 10
    assert [name for name in sorted(found) if not (ROOT / name).is_file()] == []


@pytest.mark.repo
def test_cpp_files_cite_the_equations_that_the_table_gives_them():
    missing = []
    for equation, *_, cpp, _ in table():
        for name in names(cpp):
            comments = " ".join(re.findall(r"//(.*)", (ROOT / name).read_text(encoding="utf-8")))
            if equation not in comments:
                missing.append((equation, name))
    assert missing == []
