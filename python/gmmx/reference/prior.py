"""Conjugate prior of means and covariances, which prevents collapse."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from gmmx.reference.checks import EPSILON, LOG_2_PI, FloatArray, checked_rows, checked_weights
from gmmx.reference.covariance import CovarianceFamily, covariance_family
from gmmx.reference.mixture import Mixture
from gmmx.reference.second_moments import outer_products, sum_of_outer_products

DEFAULT_SHRINKAGE = 0.01
LEAST_EIGENVALUE = EPSILON**0.5  # of the correlations in the scale of the default prior


@dataclass(frozen=True, eq=False)
class ConjugatePrior:
    """Conjugate prior of means and covariances, shared by all components.

    Given Sigma_k, the mean mu_k is normal about ``mean`` with covariance Sigma_k / ``shrinkage``. The covariance
    follows an inverse Wishart distribution. For diagonal types each variance follows an inverse gamma distribution, for
    spherical types the single variance does.

    Parameters
    ----------
    shrinkage : float
        kappa, nonnegative: number of rows at ``mean`` that the prior of a mean is worth. With 0 there is no prior on
        the means.
    mean : array-like of shape (d,)
        mu_P, the prior mean.
    dof : float
        nu, degrees of freedom, greater than d - 1.
    scale : float or array-like of shape (d,) or (d, d)
        Lambda, positive definite: a number for spherical types, the diagonal for diagonal types, and the matrix for all
        others. A number stands for a multiple of the identity.

    Raises
    ------
    ValueError
        If a number is out of range or a shape does not fit.

    Notes
    -----
    Equations (88) and (89) of docs/theory.md; Fraley and Raftery, "Bayesian regularization for normal mixture
    estimation and model-based clustering", J. Classification 24 (2007).

    Examples
    --------
    >>> from gmmx import reference
    >>> prior = reference.ConjugatePrior(shrinkage=0.01, mean=[0.0], dof=3, scale=1.0)
    >>> statistics = reference.statistics_from_labels([[1.0], [1.0]], [0, 0], 1, "V")
    >>> reference.m_step(statistics, "V", prior=prior).covariances.round(6).tolist()
    [0.126244]
    """

    shrinkage: float
    mean: FloatArray
    dof: float
    scale: FloatArray

    def __init__(self, shrinkage: float, mean: ArrayLike, dof: float, scale: ArrayLike) -> None:
        center, Lambda = np.array(mean, dtype=np.float64), np.array(scale, dtype=np.float64)
        if center.ndim != 1 or not np.all(np.isfinite(center)):
            raise ValueError(f"the mean of a prior must be a finite vector, one number a feature, got {mean!r}")
        if not (np.isfinite(shrinkage) and shrinkage >= 0):
            raise ValueError(f"the shrinkage of a prior must be finite and not negative, got {shrinkage}")
        if not (np.isfinite(dof) and dof > len(center) - 1):
            raise ValueError(f"the dof of a prior must be more than n_features - 1 = {len(center) - 1}, got {dof}")
        if Lambda.shape not in ((), center.shape, 2 * center.shape) or not np.all(np.isfinite(Lambda)):
            raise ValueError(
                f"the scale of a prior must be a number, {len(center)} numbers or a matrix of shape"
                f" {2 * center.shape}, all finite, got {scale!r}"
            )
        for name, value in (("shrinkage", float(shrinkage)), ("mean", center), ("dof", float(dof)), ("scale", Lambda)):
            object.__setattr__(self, name, value)  # the class is frozen


def default_prior(
    X: ArrayLike, n_components: int, covariance_type: str, sample_weight: ArrayLike | None = None
) -> ConjugatePrior:
    """Return the weak prior of Fraley and Raftery for given data.

    Parameters
    ----------
    X : array-like of shape (n_samples, d)
        Rows.
    n_components : int
        K.
    covariance_type : str
        Covariance type of the mixture.
    sample_weight : array-like of shape (n_samples,), optional
        Weights of the rows. None gives every row the weight 1.

    Returns
    -------
    ConjugatePrior
        Prior with shrinkage 0.01, the mean of the rows, dof d + 2, and the scale V / K^(2/d). V is the sample
        covariance, or its diagonal if there are at most d rows; :func:`made_definite` makes it positive definite if the
        rows are rank-deficient. For diagonal and spherical types the scale is a number, from the mean of the diagonal.

    Raises
    ------
    ValueError
        If a shape does not fit, the weights sum to at most 1, or the type is unknown.

    Notes
    -----
    Section 21 of docs/theory.md. The values are those of mclust's ``defaultPrior``.

    Examples
    --------
    >>> from gmmx import reference
    >>> prior = reference.default_prior([[0.0], [2.0], [4.0]], 2, "V")
    >>> prior.shrinkage, prior.mean.tolist(), prior.dof, prior.scale.tolist()
    (0.01, [2.0], 3.0, 1.0)
    """
    rows = checked_rows(X)
    w = checked_weights(sample_weight, len(rows))
    family = covariance_family(covariance_type, rows.shape[1])
    rows, w = rows[w > 0], w[w > 0]
    n_features = rows.shape[1]
    if n_components < 1:
        raise ValueError(f"n_components must be at least 1, got {n_components}")
    if not w.sum() > 1:
        raise ValueError("a default prior needs the variance of the rows: their weights must add up to more than 1")
    mean = rows[0] + w @ (rows - rows[0]) / w.sum()
    centred = np.sqrt(w)[:, np.newaxis] * (rows - mean)
    V = centred.T @ centred / (w.sum() - 1) / n_components ** (2 / n_features)
    if family.model[2] == "I":
        return ConjugatePrior(DEFAULT_SHRINKAGE, mean, n_features + 2, np.trace(V) / n_features)
    scale = V if len(rows) > n_features else np.diag(np.diag(V))
    return ConjugatePrior(DEFAULT_SHRINKAGE, mean, n_features + 2, made_definite(scale))


def made_definite(covariance: ArrayLike) -> FloatArray:
    """Raise small eigenvalues until a covariance is positive definite.

    Parameters
    ----------
    covariance : array-like of shape (d, d)
        Symmetric, and positive semidefinite up to rounding.

    Returns
    -------
    ndarray of shape (d, d), float64
        The covariance itself if all eigenvalues of its correlation matrix are at least 2**-26. Otherwise smaller
        eigenvalues are raised to 2**-26, after the variances of constant features have been raised to 2**-26 of the
        mean variance. The result does not depend on the units of the features. A zero matrix is returned unchanged.

    Notes
    -----
    Section 21 of docs/theory.md.

    Examples
    --------
    >>> from gmmx import reference
    >>> reference.made_definite([[4.0, 0.0], [0.0, 0.0]]).round(10).tolist()
    [[4.0, 0.0], [0.0, 2.98e-08]]
    """
    V = np.array(covariance, dtype=np.float64)
    if not np.any(V):
        return V
    constant = np.flatnonzero(np.diag(V) == 0.0)
    V[constant, constant] = LEAST_EIGENVALUE * np.trace(V) / len(V)
    deviations = np.sqrt(np.diag(V))
    eigenvalues, axes = np.linalg.eigh(V / np.outer(deviations, deviations))
    if eigenvalues[0] >= LEAST_EIGENVALUE:
        return V
    rows = np.sqrt(np.maximum(eigenvalues, LEAST_EIGENVALUE))[:, np.newaxis] * axes.T * deviations
    return np.asarray(rows.T @ rows)


def log_prior(mixture: Mixture, prior: ConjugatePrior) -> float:
    """Return the log of the prior density of a mixture, up to a constant.

    Parameters
    ----------
    mixture : Mixture
        Mixture with K components.
    prior : ConjugatePrior
        Prior for d features.

    Returns
    -------
    float
        Logarithm, without the terms that depend on neither means nor covariances.

    Raises
    ------
    ValueError
        If the prior does not fit the mixture.

    Notes
    -----
    Equation (92) of docs/theory.md.

    Examples
    --------
    >>> from gmmx import reference
    >>> mixture = reference.Mixture.from_covariances([1.0], [[0.0]], [1.0], "V")
    >>> reference.log_prior(mixture, reference.ConjugatePrior(shrinkage=0.5, mean=[2.0], dof=3, scale=1.0))
    -1.5
    """
    K, d = int(mixture.means.shape[0]), int(mixture.means.shape[1])
    family = covariance_family(mixture.covariance_type, d)
    counts, rows = _pseudo_counts_and_rows(prior, family, K, d)

    def log_density(x: FloatArray) -> FloatArray:
        return family.log_prob(x, np.zeros((K, d)), mixture.precisions_cholesky)

    at_zero = log_density(np.zeros((1, d)))[0]
    log_det = -2.0 * at_zero - d * LOG_2_PI
    traces = 2.0 * np.sum(at_zero - log_density(rows), axis=0)  # tr(Sigma_k^-1 Lambda)
    distances = 2.0 * (at_zero - np.diag(log_density(mixture.means - prior.mean)))
    return float(-0.5 * np.sum(counts * log_det + traces + prior.shrinkage * distances))  # (88), (89), (92)


def with_prior(
    prior: ConjugatePrior, family: CovarianceFamily, counts: FloatArray, means: FloatArray, scatter: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the counts, means and scatter for an M-step that maximises Q plus the log-prior."""
    K, d = means.shape
    form = family.second_moment_form
    pseudo_counts, rows = _pseudo_counts_and_rows(prior, family, K, d)
    kappa = prior.shrinkage
    shares = np.full(K, kappa) / np.where(counts + kappa > 0, counts + kappa, 1.0)
    apart = means - prior.mean
    of_means = outer_products(form, (shares * counts)[:, np.newaxis] * apart, apart)
    of_scale = sum_of_outer_products(form, rows) * (K if form == "pooled" else 1)
    return (
        counts + pseudo_counts,  # (91)
        means - shares[:, np.newaxis] * apart,  # (90)
        scatter + of_means + of_scale,  # (91)
    )


def _pseudo_counts_and_rows(
    prior: ConjugatePrior, family: CovarianceFamily, K: int, d: int
) -> tuple[float, FloatArray]:
    """Return the prior's contribution to each count, and rows whose second moments it adds to each scatter."""
    if prior.mean.shape != (d,):
        raise ValueError(f"the prior is for {len(prior.mean)} features, there are {d}")
    share = family.n_matrices(K) / K  # a covariance that all share has one prior
    counts = share * family.prior_exponent(prior.dof, d) + float(prior.shrinkage > 0)
    return counts, np.sqrt(share) * family.prior_rows(prior.scale, d)
