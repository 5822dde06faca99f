"""Densities, responsibilities and the likelihood of a mixture."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from gmmx.reference.checks import FloatArray, IntArray, checked_rows, checked_weights
from gmmx.reference.covariance import covariance_family
from gmmx.reference.mixture import Mixture


def log_prob(X: ArrayLike, mixture: Mixture) -> FloatArray:
    """Compute log N(x_n | mu_k, Sigma_k) for each row and component.

    Parameters
    ----------
    X : array-like of shape (n_samples, d)
        Rows.
    mixture : Mixture
        Mixture of K components.

    Returns
    -------
    ndarray of shape (n_samples, K), float64
        Log-densities, without the mixing weights.

    Raises
    ------
    ValueError
        If X does not have two axes and d columns.

    Notes
    -----
    Equation (1) of docs/theory.md, computed as in (53).

    Examples
    --------
    >>> from gmmx import reference
    >>> mixture = reference.Mixture.from_covariances([1.0], [[0.0]], [1.0], "spherical")
    >>> reference.log_prob([[0.0], [2.0]], mixture).round(4).tolist()
    [[-0.9189], [-2.9189]]
    """
    X = checked_rows(X, mixture.means.shape[1])
    family = covariance_family(mixture.covariance_type)
    return family.log_prob(X, mixture.means, mixture.precisions_cholesky)  # (1), (53)


def weighted_log_prob(X: ArrayLike, mixture: Mixture) -> FloatArray:
    """Compute log pi_k + log N(x_n | k) for each row and component.

    Parameters
    ----------
    X : array-like of shape (n_samples, d)
        Rows.
    mixture : Mixture
        Mixture of K components.

    Returns
    -------
    ndarray of shape (n_samples, K), float64
        Joint log-densities, minus infinity for components with weight 0.

    Raises
    ------
    ValueError
        If X does not have two axes and d columns.

    Notes
    -----
    Equation (6) of docs/theory.md.

    Examples
    --------
    >>> from gmmx import reference
    >>> mixture = reference.Mixture.from_covariances([0.5, 0.5], [[0.0], [0.0]], [1.0, 1.0], "spherical")
    >>> reference.weighted_log_prob([[0.0]], mixture).round(4).tolist()
    [[-1.6121, -1.6121]]
    """
    with np.errstate(divide="ignore"):  # log 0 = -inf is meant
        log_weights = np.log(mixture.weights)
    return np.asarray(log_prob(X, mixture) + log_weights)  # (6)


def posterior(joint: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return log p(x_n) and the responsibilities, given log p(x_n, k)."""
    maximum = joint.max(axis=1, keepdims=True)
    unseen = np.isneginf(maximum)[:, 0]  # rows so far away that they tell nothing
    maximum[unseen] = 0.0
    terms = np.exp(joint - maximum)
    with np.errstate(divide="ignore"):  # log 0 = -inf is meant
        norm = maximum[:, 0] + np.log(terms.sum(axis=1))  # (54)
    terms[unseen] = weights
    return norm, terms / terms.sum(axis=1, keepdims=True)  # (8), (55)


def log_prob_norm(X: ArrayLike, mixture: Mixture) -> FloatArray:
    """Compute the log-density of each row under the mixture, log p(x_n).

    Parameters
    ----------
    X : array-like of shape (n_samples, d)
        Rows.
    mixture : Mixture
        Mixture of K components.

    Returns
    -------
    ndarray of shape (n_samples,), float64
        Log-densities.

    Raises
    ------
    ValueError
        If X does not have two axes and d columns.

    Notes
    -----
    Equations (2) and (7) of docs/theory.md, computed as in (54).

    Examples
    --------
    >>> from gmmx import reference
    >>> mixture = reference.Mixture.from_covariances([1.0, 0.0], [[0.0], [1.0]], [1.0, 1.0], "spherical")
    >>> reference.log_prob_norm([[0.0], [1e6]], mixture).round(4).tolist()
    [-0.9189, -500000000000.9189]
    """
    return posterior(weighted_log_prob(X, mixture), mixture.weights)[0]  # (2), (7), (54)


def responsibilities(X: ArrayLike, mixture: Mixture) -> FloatArray:
    """Compute the posterior probability of each component given each row.

    Parameters
    ----------
    X : array-like of shape (n_samples, d)
        Rows.
    mixture : Mixture
        Mixture of K components.

    Returns
    -------
    ndarray of shape (n_samples, K), float64
        r_nk, which sum to 1 in each row. A row so far away that the logarithms of all its densities overflow gets the
        mixing weights.

    Raises
    ------
    ValueError
        If X does not have two axes and d columns.

    Notes
    -----
    Equation (8) of docs/theory.md, computed as in (55).

    Examples
    --------
    >>> from gmmx import reference
    >>> mixture = reference.Mixture.from_covariances([0.5, 0.5], [[0.0], [2.0]], [1.0, 1.0], "spherical")
    >>> reference.responsibilities([[0.0], [1.0]], mixture).round(4).tolist()
    [[0.8808, 0.1192], [0.5, 0.5]]
    """
    return posterior(weighted_log_prob(X, mixture), mixture.weights)[1]  # (8), (55)


def predict(X: ArrayLike, mixture: Mixture) -> IntArray:
    """Find the component with the largest responsibility for each row.

    Parameters
    ----------
    X : array-like of shape (n_samples, d)
        Rows.
    mixture : Mixture
        Mixture of K components.

    Returns
    -------
    ndarray of shape (n_samples,), int64
        Labels. Ties select the smallest index.

    Raises
    ------
    ValueError
        If X does not have two axes and d columns.

    Notes
    -----
    Equation (9) of docs/theory.md.

    Examples
    --------
    >>> from gmmx import reference
    >>> mixture = reference.Mixture.from_covariances([0.5, 0.5], [[0.0], [2.0]], [1.0, 1.0], "spherical")
    >>> reference.predict([[0.9], [1.1]], mixture).tolist()
    [0, 1]
    """
    return np.asarray(np.argmax(weighted_log_prob(X, mixture), axis=1), dtype=np.int64)  # (9)


def log_likelihood(X: ArrayLike, mixture: Mixture, sample_weight: ArrayLike | None = None) -> float:
    """Compute the log-likelihood, the weighted sum of log p(x_n).

    Parameters
    ----------
    X : array-like of shape (n_samples, d)
        Rows.
    mixture : Mixture
        Mixture of K components.
    sample_weight : array-like of shape (n_samples,), optional
        Weights of the rows. None gives every row the weight 1.

    Returns
    -------
    float
        Log-likelihood.

    Raises
    ------
    ValueError
        If X or sample_weight has the wrong shape, or a weight is negative or not finite.

    Notes
    -----
    Equation (10) of docs/theory.md, with weights (35).

    Examples
    --------
    >>> from gmmx import reference
    >>> mixture = reference.Mixture.from_covariances([1.0], [[0.0]], [1.0], "spherical")
    >>> round(reference.log_likelihood([[0.0], [2.0]], mixture), 4)
    -3.8379
    >>> round(reference.log_likelihood([[0.0], [2.0]], mixture, sample_weight=[2, 0]), 4)
    -1.8379
    """
    X = checked_rows(X, mixture.means.shape[1])
    w = checked_weights(sample_weight, len(X))
    present = w > 0
    return float(w[present] @ log_prob_norm(X[present], mixture))  # (10), (35)
