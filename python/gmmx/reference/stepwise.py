"""Stepwise EM: the parameters follow a stream of batches, each of which is seen once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from gmmx.reference.covariance import covariance_family
from gmmx.reference.expectation import e_step
from gmmx.reference.inputs import FloatArray
from gmmx.reference.maximisation import m_step
from gmmx.reference.mixture import Mixture
from gmmx.reference.second_moments import second_moments_as
from gmmx.reference.statistics import SufficientStatistics


class StepwiseResult(NamedTuple):
    """What :func:`stepwise_em` returns.

    Attributes
    ----------
    mixture : Mixture
        The parameters after the last step.
    averaged : Mixture
        Those of the mean of the running statistics of all steps.
    step_lengths : list of float
        The length of each step.
    """

    mixture: Mixture
    averaged: Mixture
    step_lengths: list[float]


def expected_statistics(mixture: Mixture) -> SufficientStatistics:
    """Statistics that rows of total weight 1 have on average, if they are drawn from a mixture.

    Parameters
    ----------
    mixture : Mixture
        Mixture of K components.

    Returns
    -------
    SufficientStatistics
        Moments about the means of the mixture, in the form that the M-step of its covariance type needs: that
        M-step, without regularisation, gives the mixture back. ``n_samples`` and ``log_likelihood`` are 0.

    Notes
    -----
    Equation (109) of docs/theory.md.

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
    return SufficientStatistics(  # (109)
        second_moment_form=family.second_moment_form,
        shifts=np.array(mixture.means),
        counts=np.array(mixture.weights),
        first_moments=np.zeros((K, d)),
        second_moments=second_moments_as(family.second_moment_form, "full", matrices),
        log_likelihood=0.0,
        n_samples=0,
        total_weight=1.0,
    )
