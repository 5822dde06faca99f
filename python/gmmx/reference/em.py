"""EM: E-step and M-step in turn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from gmmx.reference.checks import EPSILON
from gmmx.reference.e_step import e_step
from gmmx.reference.m_step import m_step
from gmmx.reference.mixture import Mixture
from gmmx.reference.prior import ConjugatePrior

WINDOW = 10  # iterations that show whether rounding hides what EM gains


class EMResult(NamedTuple):
    """Result of :func:`em`.

    Attributes
    ----------
    mixture : Mixture
        Parameters after the last M-step.
    converged : bool
        Whether the last change of the lower bound was smaller than the tolerance.
    n_iter : int
        Number of iterations.
    lower_bounds : list of float
        Mean log-likelihood per unit weight before the M-step of each iteration.
    """

    mixture: Mixture
    converged: bool
    n_iter: int
    lower_bounds: list[float]


def em(
    X: ArrayLike,
    mixture: Mixture,
    sample_weight: ArrayLike | None = None,
    *,
    tol: float = 1e-3,
    reg_covar: float = 1e-6,
    max_iter: int = 100,
    previous_lower_bound: float = -np.inf,
    prior: ConjugatePrior | None = None,
) -> EMResult:
    """Alternate E-step and M-step until the likelihood converges.

    Parameters
    ----------
    X : array-like of shape (n_samples, d)
        Rows.
    mixture : Mixture
        Initial mixture.
    sample_weight : array-like of shape (n_samples,), optional
        Weights of the rows. None gives every row the weight 1.
    tol : float, default=1e-3
        Threshold for the change of the lower bound at which EM stops. Unless it is 0, EM also stops if the gains are
        below rounding error.
    reg_covar : float, default=1e-6
        As in :func:`m_step`.
    max_iter : int, default=100
        Maximum number of iterations; 0 returns the initial mixture.
    previous_lower_bound : float, default=-inf
        Lower bound with which the first one is compared: the last one of an earlier run that is continued.
    prior : ConjugatePrior, optional
        Prior of means and covariances for each M-step. None maximises the likelihood.

    Returns
    -------
    EMResult
        mixture, converged, n_iter, lower_bounds. A lower bound is the mean log-likelihood per unit weight before the
        M-step of its iteration, as in scikit-learn, also with a prior. For the likelihood of the returned mixture call
        :func:`log_likelihood`.

    Raises
    ------
    ValueError
        As for :func:`e_step` and :func:`m_step`.
    CollapsedComponentError
        If a component collapses.

    Notes
    -----
    Equations (17), (41) and (117) of docs/theory.md; Dempster, Laird and Rubin, "Maximum likelihood from incomplete
    data via the EM algorithm", J. R. Statist. Soc. B 39 (1977).

    Examples
    --------
    >>> from gmmx import reference
    >>> X = [[0.0], [1.0], [8.0], [9.0]]
    >>> start = reference.Mixture.from_covariances([0.5, 0.5], [[1.0], [6.0]], [4.0, 4.0], "spherical")
    >>> result = reference.em(X, start, tol=1e-6, reg_covar=0.0)
    >>> result.converged, result.mixture.means.round(3).tolist()
    (True, [[0.5], [8.5]])
    """
    lower_bound = float(previous_lower_bound)
    lower_bounds: list[float] = []
    converged = False
    n_iter = 0
    for n_iter in range(1, max_iter + 1):  # noqa: B007 (read after the loop)
        previous = lower_bound
        statistics = e_step(X, mixture, sample_weight)
        mixture = m_step(statistics, mixture.covariance_type, reg_covar, mixture, prior)  # (17)
        lower_bound = statistics.log_likelihood / statistics.total_weight
        lower_bounds.append(lower_bound)
        if abs(lower_bound - previous) < tol or (
            tol > 0 and rounding_hides_gains(lower_bounds, mixture.means.shape[1])
        ):
            converged = True  # (41), (117)
            break
    return EMResult(mixture, converged, n_iter, lower_bounds)


def rounding_hides_gains(lower_bounds: Sequence[float], n_features: int) -> bool:
    """Return whether ten lower bounds decreased within rounding error.

    Parameters
    ----------
    lower_bounds : sequence of float
        Mean log-likelihood in each iteration.
    n_features : int
        d.

    Returns
    -------
    bool
        True if they did: the gain of EM in each iteration is smaller than the rounding error of its sums.

    Notes
    -----
    Equation (117) of docs/theory.md, in float64.

    Examples
    --------
    >>> from gmmx import reference
    >>> [reference.rounding_hides_gains([-3.0] * 10 + [last], 2) for last in (-3.0 - 1e-12, -3.1, -2.9)]
    [True, False, False]
    """
    if len(lower_bounds) <= WINDOW:
        return False
    fall = lower_bounds[-1 - WINDOW] - lower_bounds[-1]
    tolerance = max(1e-11, 16 * EPSILON * n_features)  # of log-densities by features (67)
    return 0 <= fall <= tolerance + 16 * EPSILON * abs(lower_bounds[-1])  # (117)
