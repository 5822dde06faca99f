"""Information criteria, and the uncertainty of a classification."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from gmmx.reference.checks import FloatArray, checked_rows, checked_weights
from gmmx.reference.density import log_likelihood, responsibilities
from gmmx.reference.mixture import Mixture, n_parameters


def bic(X: ArrayLike, mixture: Mixture, sample_weight: ArrayLike | None = None) -> float:
    """Compute the Bayesian information criterion; smaller is better.

    Parameters
    ----------
    X : array-like of shape (n_samples, d)
        Rows.
    mixture : Mixture
        Mixture.
    sample_weight : array-like of shape (n_samples,), optional
        Weights of the rows, whose sum is the sample size. None gives every row the weight 1.

    Returns
    -------
    float
        -2 log-likelihood + n_parameters log(total weight).

    Raises
    ------
    ValueError
        As for :func:`log_likelihood`.

    Notes
    -----
    Equation (63) of docs/theory.md; Schwarz, "Estimating the dimension of a model", Ann. Statist. 6 (1978).

    Examples
    --------
    >>> from gmmx import reference
    >>> mixture = reference.Mixture.from_covariances([1.0], [[0.0]], [1.0], "spherical")
    >>> round(reference.bic([[0.0], [2.0]], mixture), 4)
    9.062
    """
    X = checked_rows(X, mixture.means.shape[1])
    total_weight = checked_weights(sample_weight, len(X)).sum()
    return float(
        -2.0 * log_likelihood(X, mixture, sample_weight) + n_parameters(mixture) * np.log(total_weight)
    )  # (63)


def aic(X: ArrayLike, mixture: Mixture, sample_weight: ArrayLike | None = None) -> float:
    """Compute the Akaike information criterion; smaller is better.

    Parameters
    ----------
    X : array-like of shape (n_samples, d)
        Rows.
    mixture : Mixture
        Mixture.
    sample_weight : array-like of shape (n_samples,), optional
        Weights of the rows. None gives every row the weight 1.

    Returns
    -------
    float
        -2 log-likelihood + 2 n_parameters.

    Raises
    ------
    ValueError
        As for :func:`log_likelihood`.

    Notes
    -----
    Equation (64) of docs/theory.md; Akaike, "A new look at the statistical model identification", IEEE Trans.
    Autom. Control 19 (1974).

    Examples
    --------
    >>> from gmmx import reference
    >>> mixture = reference.Mixture.from_covariances([1.0], [[0.0]], [1.0], "spherical")
    >>> round(reference.aic([[0.0], [2.0]], mixture), 4)
    11.6758
    """
    return -2.0 * log_likelihood(X, mixture, sample_weight) + 2.0 * n_parameters(mixture)  # (64)


def uncertainty(X: ArrayLike, mixture: Mixture) -> FloatArray:
    """Compute the probability that `predict` is wrong for each row.

    Parameters
    ----------
    X : array-like of shape (n_samples, d)
        Rows.
    mixture : Mixture
        Mixture.

    Returns
    -------
    ndarray of shape (n_samples,)
        From 0 to 1 - 1 / n_components.

    Raises
    ------
    ValueError
        As for :func:`responsibilities`.

    Notes
    -----
    Equation (103) of docs/theory.md.

    Examples
    --------
    >>> from gmmx import reference
    >>> mixture = reference.Mixture.from_covariances([0.5, 0.5], [[-1.0], [1.0]], [1.0, 1.0], "spherical")
    >>> reference.uncertainty([[0.0], [1.0], [40.0]], mixture).round(4)
    array([0.5   , 0.1192, 0.    ])
    """
    uncertainty: FloatArray = 1.0 - responsibilities(X, mixture).max(axis=1)  # (103)
    return uncertainty


def entropy(X: ArrayLike, mixture: Mixture, sample_weight: ArrayLike | None = None) -> float:
    """Compute the entropy of the responsibilities of all rows, in nats.

    Parameters
    ----------
    X : array-like of shape (n_samples, d)
        Rows.
    mixture : Mixture
        Mixture.
    sample_weight : array-like of shape (n_samples,), optional
        Weights of the rows. None gives every row the weight 1.

    Returns
    -------
    float
        From 0 to the total weight times log n_components.

    Raises
    ------
    ValueError
        As for :func:`responsibilities`.

    Notes
    -----
    Equation (104) of docs/theory.md; Celeux and Soromenho, "An entropy criterion for assessing the number of
    clusters in a mixture model", J. Classif. 13 (1996).

    Examples
    --------
    >>> from gmmx import reference
    >>> mixture = reference.Mixture.from_covariances([0.5, 0.5], [[-1.0], [1.0]], [1.0, 1.0], "spherical")
    >>> round(reference.entropy([[0.0], [40.0]], mixture), 6)
    0.693147
    """
    resp = responsibilities(X, mixture)
    w = checked_weights(sample_weight, len(resp))
    return float(-(w[:, np.newaxis] * resp * np.log(np.where(resp > 0.0, resp, 1.0))).sum())  # (104)


def icl(X: ArrayLike, mixture: Mixture, sample_weight: ArrayLike | None = None) -> float:
    """Compute the integrated completed likelihood; smaller is better.

    Parameters
    ----------
    X : array-like of shape (n_samples, d)
        Rows.
    mixture : Mixture
        Mixture.
    sample_weight : array-like of shape (n_samples,), optional
        Weights of the rows, whose sum is the sample size. None gives every row the weight 1.

    Returns
    -------
    float
        BIC - 2 sum_n w_n log max_k r_nk.

    Raises
    ------
    ValueError
        As for :func:`log_likelihood`.

    Notes
    -----
    Equation (105) of docs/theory.md; Biernacki, Celeux and Govaert, "Assessing a mixture model for clustering with
    the integrated completed likelihood", IEEE Trans. Pattern Anal. Mach. Intell. 22 (2000).

    Examples
    --------
    >>> from gmmx import reference
    >>> mixture = reference.Mixture.from_covariances([0.5, 0.5], [[-1.0], [1.0]], [1.0, 1.0], "spherical")
    >>> X = [[0.0], [40.0]]
    >>> round(reference.icl(X, mixture) - reference.bic(X, mixture), 6)
    1.386294
    """
    certainty = responsibilities(X, mixture).max(axis=1)
    w = checked_weights(sample_weight, len(certainty))
    return bic(X, mixture, sample_weight) - 2.0 * float(w @ np.log(certainty))  # (105)
