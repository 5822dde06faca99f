"""M-step: the mixture that maximises Q given sufficient statistics, and Q itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from gmmx.reference.checks import FloatArray, checked_rows, checked_weights
from gmmx.reference.covariance import covariance_family
from gmmx.reference.density import responsibilities, weighted_log_prob
from gmmx.reference.mixture import Mixture
from gmmx.reference.prior import ConjugatePrior, with_prior
from gmmx.reference.second_moments import mean_scatter, outer_products, second_moments_as, without_rounding
from gmmx.reference.statistics import SufficientStatistics, is_empty


def m_step(
    statistics: SufficientStatistics,
    covariance_type: str,
    reg_covar: float = 0.0,
    previous: Mixture | None = None,
    prior: ConjugatePrior | None = None,
) -> Mixture:
    """Compute the mixture that maximises Q given statistics (M-step).

    Parameters
    ----------
    statistics : SufficientStatistics
        Statistics from :func:`e_step`, :func:`statistics_from_responsibilities` or a sum of these.
    covariance_type : str
        Covariance type, whose second moments ``statistics`` must contain; the form "full" suits every type.
    reg_covar : float, default=0.0
        epsilon, nonnegative: the M-step uses W_k / N_k + epsilon I instead of W_k / N_k, so that the result satisfies
        the constraints of the model.
    previous : Mixture, optional
        Previous mixture of the same type, used only by "EVE" and "VVE": their search starts at its axes, so that Q is
        at least that of ``previous``. None starts the search at several places and keeps the best result.
    prior : ConjugatePrior, optional
        Prior of means and covariances; the result maximises Q plus its logarithm. None maximises Q.

    Returns
    -------
    Mixture
        New parameters. An empty component has weight 0, its shift as its mean, and the covariance of zero scatter,
        ``reg_covar`` I projected onto the model; it does not affect what components share. With a prior, its mean and
        covariance are those of the prior.

    Raises
    ------
    ValueError
        If the second moments do not suit the type, reg_covar is negative, no row has weight, ``previous`` has another
        type or shape, or the prior does not fit.
    CollapsedComponentError
        If a covariance is not positive definite; the error names the component.

    Notes
    -----
    Equations (30), (47), (49) with (26) or (31) to (33), and (75) to (85) for the parsimonious types, and (43) of
    docs/theory.md; for empty components (45); with a prior (90) and (91).

    Examples
    --------
    >>> from gmmx import reference
    >>> labels = [0, 0, 1, 1]
    >>> statistics = reference.statistics_from_labels([[0.0], [2.0], [5.0], [9.0]], labels, 2, "diag")
    >>> mixture = reference.m_step(statistics, "diag", reg_covar=0.5)
    >>> mixture.weights.tolist(), mixture.means.tolist(), mixture.covariances.tolist()
    ([0.5, 0.5], [[1.0], [7.0]], [[1.5], [4.5]])
    """
    family = covariance_family(covariance_type, statistics.shifts.shape[1])
    if not (np.isfinite(reg_covar) and reg_covar >= 0):
        raise ValueError(f"reg_covar must be finite and not negative, got {reg_covar}")
    counts = statistics.counts
    if not counts.sum() > 0:
        raise ValueError("the statistics hold no weight: an M-step needs at least one row of positive weight")
    form = family.second_moment_form
    second_moments = second_moments_as(form, statistics.second_moment_form, statistics.second_moments)

    empty = is_empty(counts, statistics.total_weight, statistics.n_samples)  # (45)
    divisors = np.where(empty, np.inf, counts)  # x / inf = 0: an empty component does not move
    deltas = statistics.first_moments / divisors[:, np.newaxis]  # (47)
    means = statistics.shifts + deltas  # (21), (47)
    weights = np.where(empty, 0.0, counts / counts.sum())  # (30)
    scatter = second_moments - outer_products(form, statistics.first_moments, deltas)  # (49)
    counts = np.where(empty, 0.0, counts)
    scatter = without_rounding(form, scatter, counts, means)  # section 12
    if prior is not None:
        counts, means, scatter = with_prior(prior, family, counts, means, scatter)  # (90), (91)
    C = mean_scatter(form, scatter, counts, means.shape[1], reg_covar)  # (43)
    covariances = family.m_step(C, counts, means.shape[1], _covariances_to_begin_at(previous, covariance_type, means))
    return Mixture(weights, means, covariances, family.precisions_cholesky(covariances), covariance_type)


def _covariances_to_begin_at(previous: Mixture | None, covariance_type: str, means: FloatArray) -> FloatArray | None:
    """Return the covariances of the previous mixture, or raise an error if it is not usable."""
    if previous is None:
        return None
    if previous.covariance_type != covariance_type or previous.means.shape != means.shape:
        raise ValueError(
            f"previous must be a mixture of type {covariance_type!r} with means of shape {means.shape}, got"
            f" {previous.covariance_type!r} with means of shape {previous.means.shape}; omit it to start afresh"
        )
    return previous.covariances


def q_function(
    X: ArrayLike, mixture_new: Mixture, mixture_old: Mixture, sample_weight: ArrayLike | None = None
) -> float:
    """Compute Q, the expected complete-data log-likelihood.

    Parameters
    ----------
    X : array-like of shape (n_samples, d)
        Rows.
    mixture_new : Mixture
        Parameters at which log p(x, z) is evaluated.
    mixture_old : Mixture
        Parameters of the responsibilities, with as many components.
    sample_weight : array-like of shape (n_samples,), optional
        Weights of the rows. None gives every row the weight 1.

    Returns
    -------
    float
        Q, minus infinity if the new mixture excludes a component that the old one uses.

    Raises
    ------
    ValueError
        If X or sample_weight has the wrong shape, a weight is negative or not finite, or the mixtures differ
        in K.

    Notes
    -----
    Equation (16) of docs/theory.md. Terms with r_nk = 0 count as 0.

    Examples
    --------
    >>> from gmmx import reference
    >>> old = reference.Mixture.from_covariances([0.5, 0.5], [[0.0], [9.0]], [1.0, 1.0], "spherical")
    >>> X = [[0.0], [1.0], [9.0]]
    >>> new = reference.m_step(reference.e_step(X, old), "spherical", reg_covar=0.1)
    >>> reference.q_function(X, new, old) > reference.q_function(X, old, old)
    True
    """
    X = checked_rows(X, mixture_old.means.shape[1])
    if mixture_new.means.shape != mixture_old.means.shape:
        raise ValueError(f"the mixtures have means of shapes {mixture_new.means.shape} and {mixture_old.means.shape}")
    w = checked_weights(sample_weight, len(X))
    X, w = X[w > 0], w[w > 0]
    resp = responsibilities(X, mixture_old)
    joint = weighted_log_prob(X, mixture_new)
    joint[resp == 0] = 0.0  # 0 * -inf = 0 here
    return float(w @ np.sum(resp * joint, axis=1))  # (16)
