"""Information criteria."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from gmmx.reference.density import log_likelihood
from gmmx.reference.inputs import checked_rows, checked_weights
from gmmx.reference.mixture import Mixture, n_parameters


def bic(X: ArrayLike, mixture: Mixture, sample_weight: ArrayLike | None = None) -> float:
    """Bayesian information criterion; smaller is better.

    Parameters
    ----------
    X : array-like of shape (n_samples, d)
        Rows.
    mixture : Mixture
        Mixture.
    sample_weight : array-like of shape (n_samples,), optional
        Weights of the rows; None stands for ones. The sample size is their sum.

    Returns
    -------
    float
        -2 log-likelihood + n_parameters log(total weight).

    Raises
    ------
    ValueError
        As :func:`log_likelihood` does.

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
    """Akaike information criterion; smaller is better.

    Parameters
    ----------
    X : array-like of shape (n_samples, d)
        Rows.
    mixture : Mixture
        Mixture.
    sample_weight : array-like of shape (n_samples,), optional
        Weights of the rows; None stands for ones.

    Returns
    -------
    float
        -2 log-likelihood + 2 n_parameters.

    Raises
    ------
    ValueError
        As :func:`log_likelihood` does.

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
