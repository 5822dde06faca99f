"""Stepwise EM: the parameters follow a stream of batches, each seen once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from gmmx.reference.checks import FloatArray
from gmmx.reference.covariance import covariance_family
from gmmx.reference.e_step import e_step
from gmmx.reference.m_step import m_step
from gmmx.reference.mixture import Mixture
from gmmx.reference.second_moments import second_moments_as
from gmmx.reference.statistics import SufficientStatistics


class StepwiseResult(NamedTuple):
    """Result of :func:`stepwise_em`.

    Attributes
    ----------
    mixture : Mixture
        Parameters after the last step.
    averaged : Mixture
        Parameters from the mean of the running statistics over all steps.
    step_lengths : list of float
        Size of each step.
    """

    mixture: Mixture
    averaged: Mixture
    step_lengths: list[float]


def expected_statistics(mixture: Mixture) -> SufficientStatistics:
    """Compute the expected statistics of rows from a mixture, of weight 1.

    Parameters
    ----------
    mixture : Mixture
        Mixture of K components.

    Returns
    -------
    SufficientStatistics
        Moments about the means of the mixture, in the form for the M-step of its covariance type. This M-step, without
        regularisation, returns the mixture. ``n_samples`` and ``log_likelihood`` are 0.

    Notes
    -----
    Equation (110) of docs/theory.md.

    Examples
    --------
    >>> from gmmx import reference
    >>> mixture = reference.Mixture.from_covariances([0.25, 0.75], [[0.0], [1.0]], [4.0, 8.0], "spherical")
    >>> statistics = reference.expected_statistics(mixture)
    >>> statistics.counts.tolist(), statistics.second_moments.tolist()
    ([0.25, 0.75], [1.0, 6.0])
    """
    K, d = mixture.means.shape
    family = covariance_family(mixture.covariance_type)
    variances, axes = family.principal_axes(mixture.covariances, K, d)
    matrices = np.einsum("k,kil,kl,kjl->kij", mixture.weights, axes, variances, axes)
    return SufficientStatistics(  # (110)
        second_moment_form=family.second_moment_form,
        shifts=np.array(mixture.means),
        counts=np.array(mixture.weights),
        first_moments=np.zeros((K, d)),
        second_moments=second_moments_as(family.second_moment_form, "full", matrices),
        log_likelihood=0.0,
        n_samples=0,
        total_weight=1.0,
    )


def blend(earlier: SufficientStatistics, later: SufficientStatistics, share: float) -> SufficientStatistics:
    """Blend statistics of rows under different mixtures.

    Parameters
    ----------
    earlier, later : SufficientStatistics
        Statistics with the same shape and form.
    share : float
        Share of ``later``, from 0 to 1.

    Returns
    -------
    SufficientStatistics
        (1 - share) earlier + share later, about the shifts of ``later``. ``n_samples`` is the sum of both.

    Raises
    ------
    ValueError
        If the share is not between 0 and 1, or shapes or forms differ.

    Notes
    -----
    Equations (48), (107) and (111) of docs/theory.md.

    Examples
    --------
    >>> from gmmx import reference
    >>> left = reference.statistics_from_labels([[0.0], [2.0]], [0, 0], 1, "diag")
    >>> right = reference.statistics_from_labels([[4.0]], [0], 1, "diag")
    >>> half = reference.blend(left, right, 0.5)
    >>> half.counts.tolist(), half.shifts.tolist(), half.first_moments.tolist()
    ([1.5], [[4.0]], [[-3.0]])
    """
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"share must lie between 0 and 1, got {share}")
    moved = earlier.moved_to(later.shifts)  # (48)
    return _scaled(moved, 1.0 - share) + _scaled(later, share)  # (107), (111)


def _scaled(statistics: SufficientStatistics, factor: float) -> SufficientStatistics:
    """Return statistics with all weights multiplied by a factor."""
    return replace(
        statistics,
        counts=factor * statistics.counts,
        first_moments=factor * statistics.first_moments,
        second_moments=factor * statistics.second_moments,
        log_likelihood=factor * statistics.log_likelihood,
        total_weight=factor * statistics.total_weight,
    )


def step_lengths(batch_weights: ArrayLike, decay: float = 0.6, offset: float = 1.0) -> FloatArray:
    """Compute the step sizes of stepwise EM for a stream of batches.

    Parameters
    ----------
    batch_weights : array-like of shape (T,)
        b_t, the total weights of the batches, positive.
    decay : float, default=0.6
        alpha, in (0.5, 1].
    offset : float, default=1.0
        t_0, nonnegative.

    Returns
    -------
    ndarray of shape (T,), float64
        gamma_t. The first is 1.

    Raises
    ------
    ValueError
        If a number is out of range.

    Notes
    -----
    Equation (108) of docs/theory.md.

    Examples
    --------
    >>> from gmmx import reference
    >>> reference.step_lengths([2, 2, 2, 2], decay=1, offset=0).round(3).tolist()
    [1.0, 0.5, 0.333, 0.25]
    """
    b = np.asarray(batch_weights, dtype=np.float64)
    if not (0.5 < decay <= 1.0 and offset >= 0.0 and np.all(b > 0)):
        raise ValueError(f"need 0.5 < decay <= 1, offset >= 0 and weights > 0, got {decay}, {offset} and {b}")
    t = np.arange(1.0, len(b) + 1.0)
    lengths = np.minimum(1.0, b / (np.cumsum(b) / t) * (t + offset) ** -float(decay))  # (108)
    lengths[:1] = 1.0
    return np.asarray(lengths)


def stepwise_em(
    batches: Iterable[ArrayLike],
    mixture: Mixture,
    *,
    decay: float = 0.6,
    offset: float = 1.0,
    reg_covar: float = 0.0,
) -> StepwiseResult:
    """Run stepwise EM over batches of rows.

    Parameters
    ----------
    batches : iterable of array-like of shape (n_samples, d)
        Nonempty batches of rows.
    mixture : Mixture
        Initial mixture.
    decay, offset : float
        As in :func:`step_lengths`.
    reg_covar : float, default=0.0
        As in :func:`m_step`.

    Returns
    -------
    StepwiseResult
        mixture, averaged, step_lengths.

    Raises
    ------
    ValueError
        As for :func:`e_step`, :func:`m_step` and :func:`step_lengths`.
    CollapsedComponentError
        If a component collapses.

    Notes
    -----
    Equations (107), (108) and (111) of docs/theory.md; Cappé and Moulines, "On-line expectation-maximization
    algorithm for latent data models", J. R. Statist. Soc. B 71 (2009).

    Examples
    --------
    >>> from gmmx import reference
    >>> start = reference.Mixture.from_covariances([0.5, 0.5], [[1.0], [6.0]], [4.0, 4.0], "spherical")
    >>> batches = 10 * [[[0.0], [1.0], [8.0], [9.0]]]
    >>> reference.stepwise_em(batches, start).mixture.means.round(2).tolist()
    [[0.5], [8.5]]
    """
    running = averaged = expected_statistics(mixture)
    weights: list[float] = []
    averaged_weight = 0.0
    lengths: FloatArray = np.empty(0)
    for batch in batches:
        statistics = e_step(batch, mixture)
        weights.append(statistics.total_weight)
        lengths = step_lengths(weights, decay, offset)
        running = blend(running, _scaled(statistics, 1.0 / weights[-1]), lengths[-1])  # (107)
        mixture = m_step(running, mixture.covariance_type, reg_covar, mixture)
        averaged_weight += len(weights) * weights[-1]
        averaged = blend(averaged, running, len(weights) * weights[-1] / averaged_weight)  # (111)
    parameters = m_step(averaged, mixture.covariance_type, reg_covar, mixture)
    return StepwiseResult(mixture, parameters, lengths.tolist())
