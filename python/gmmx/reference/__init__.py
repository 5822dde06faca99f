"""Gaussian mixtures by EM in plain NumPy, equation by equation.

This package is the reference for gmmx: the same algorithm as the native core, written to be read. It imports only
NumPy. Numbers in comments, such as ``# (8)``, refer to the equations in ``docs/theory.md``.

Each symbol has one name throughout: ``n_samples`` rows of ``n_features`` numbers (``d`` in shapes),
``n_components`` (``K`` in shapes); ``weights``, ``means``, ``covariances``, ``precisions_cholesky``; ``resp``
for responsibilities; ``log_prob`` for log N(x | mu_k, Sigma_k), ``weighted_log_prob`` for log pi_k + log N,
``log_prob_norm`` for log p(x).

All arithmetic is float64; float32 input is converted first. A row with weight 2 counts twice, one with weight 0 not at
all. Functions that accept a :class:`Mixture` or :class:`SufficientStatistics` only read attributes, so the native
objects of the same names work, too.

The covariance types are entries of a table, ``COVARIANCE_FAMILIES``. A new type is a new subclass of
:class:`CovarianceFamily` and an entry in the table; code outside ``covariance`` does not refer to types by name.

Modules, each using only those before it: ``checks``, ``errors``, ``second_moments``; ``covariance``; ``mixture``,
``prior``, ``statistics``, ``density``, ``e_step``, ``m_step``, ``em``, ``stepwise``; ``criteria``,
``decomposition``; ``k_means``; ``hierarchical``.
"""

from __future__ import annotations

from gmmx.reference.covariance import COVARIANCE_FAMILIES, CovarianceFamily, covariance_family
from gmmx.reference.criteria import aic, bic, entropy, icl, uncertainty
from gmmx.reference.decomposition import Decomposition, decompose
from gmmx.reference.density import (
    log_likelihood,
    log_prob,
    log_prob_norm,
    predict,
    responsibilities,
    weighted_log_prob,
)
from gmmx.reference.e_step import e_step, statistics_from_labels, statistics_from_responsibilities
from gmmx.reference.em import EMResult, em, rounding_hides_gains
from gmmx.reference.errors import CollapsedComponentError
from gmmx.reference.hierarchical import Tree, hierarchical_clustering
from gmmx.reference.k_means import KMeansResult, kmeans, kmeans_draws, kmeans_plus_plus
from gmmx.reference.m_step import m_step, q_function
from gmmx.reference.mixture import Mixture, n_parameters
from gmmx.reference.prior import ConjugatePrior, default_prior, log_prior, made_definite
from gmmx.reference.statistics import SufficientStatistics
from gmmx.reference.stepwise import StepwiseResult, blend, expected_statistics, step_lengths, stepwise_em

__all__ = [
    "COVARIANCE_FAMILIES",
    "CollapsedComponentError",
    "ConjugatePrior",
    "CovarianceFamily",
    "Decomposition",
    "EMResult",
    "KMeansResult",
    "Mixture",
    "StepwiseResult",
    "SufficientStatistics",
    "Tree",
    "aic",
    "bic",
    "blend",
    "covariance_family",
    "decompose",
    "default_prior",
    "e_step",
    "em",
    "entropy",
    "expected_statistics",
    "hierarchical_clustering",
    "icl",
    "kmeans",
    "kmeans_draws",
    "kmeans_plus_plus",
    "log_likelihood",
    "log_prior",
    "log_prob",
    "log_prob_norm",
    "m_step",
    "made_definite",
    "n_parameters",
    "predict",
    "q_function",
    "responsibilities",
    "rounding_hides_gains",
    "statistics_from_labels",
    "statistics_from_responsibilities",
    "step_lengths",
    "stepwise_em",
    "uncertainty",
    "weighted_log_prob",
]
