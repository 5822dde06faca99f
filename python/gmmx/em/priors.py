"""The prior of a fit, the user's or the default one, as the native code takes it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from gmmx import _core
from gmmx.em.config import EMConfig
from gmmx.reference.prior import DEFAULT_SHRINKAGE, ConjugatePrior, made_definite
from gmmx.validation import F64, Rows, is_matrix_valued

__all__ = ["ConjugatePrior", "NativePrior", "native_prior", "one_component", "prior_of", "prior_of_rows"]


class NativePrior(NamedTuple):
    """A prior of matrices, whatever the covariance type.

    Attributes
    ----------
    shrinkage, dof : float
        As in `ConjugatePrior`.
    mean : ndarray of shape (n_features,)
        Likewise.
    scale : ndarray of shape (n_features, n_features)
        Of which a diagonal type uses the diagonal, and a spherical one the mean of that.
    """

    shrinkage: float
    mean: F64
    dof: float
    scale: F64


def prior_of(em: EMConfig, n_features: int, statistics: Callable[[], _core.SufficientStatistics]) -> NativePrior | None:
    """Return the prior of a fit as the native code takes it.

    Parameters
    ----------
    em : EMConfig
        Configuration of the fit.
    n_features : int
        Number of features of the rows.
    statistics : callable
        Returns the statistics of all rows as one component, with full second moments; called only for 'default'.

    Raises
    ------
    ValueError
        If there is `acceleration`, too, the prior is for another number of features, or the default one would rest on
        a single row.
    """
    if em.prior is None:
        return None
    if em.acceleration is not None:
        raise ValueError(
            f"acceleration={em.acceleration!r} judges its jumps by the likelihood alone and knows no prior. "
            "Leave out one of the two, or set acceleration='auto', which means none here."
        )
    if isinstance(em.prior, str):
        return _default_prior(statistics(), em.n_components, em.covariance_type)
    return native_prior(em.prior, n_features, "X")


def prior_of_rows(em: EMConfig, rows: Rows) -> NativePrior | None:
    """Return the prior of a fit to rows in memory; see `prior_of`."""
    return prior_of(em, rows.X.shape[1], partial(one_component, rows))


def one_component(rows: Rows) -> _core.SufficientStatistics:
    """Return the statistics of all rows as one component, about their mean."""
    X: Any = rows.X
    one = np.zeros(len(X), dtype=np.int32)
    return _core.statistics_from_labels(X, one, 1, "full", rows.sample_weight, rows.n_threads)


def native_prior(prior: ConjugatePrior, n_features: int, argument: str) -> NativePrior:
    """Return a prior as the native code takes it.

    Raises
    ------
    ValueError
        If it is for another number of features than `argument` has.
    """
    if prior.mean.shape != (n_features,):
        raise ValueError(
            f"prior has a mean of {len(prior.mean)} features, but {argument} has {n_features}. Give a ConjugatePrior "
            f"for the features of {argument}."
        )
    scale = prior.scale if prior.scale.ndim == 2 else prior.scale * np.eye(n_features)
    return NativePrior(prior.shrinkage, prior.mean, prior.dof, scale)


def _default_prior(statistics: _core.SufficientStatistics, n_components: int, covariance_type: str) -> NativePrior:
    """Return the default prior of Fraley and Raftery (2007), section 21 of docs/theory.md."""
    weight, n_features = statistics.total_weight, statistics.n_features
    if not weight > 1:
        raise ValueError(
            f"prior='default' needs the variance of the rows, but their weights sum to {weight:g}. Give weights that "
            "sum to more than 1, or a ConjugatePrior."
        )
    difference = statistics.first_moments[0] / weight
    scatter = statistics.second_moments[0] - weight * np.outer(difference, difference)
    variance = scatter / (weight - 1) / n_components ** (2 / n_features)
    if not is_matrix_valued(covariance_type):
        variance = np.trace(variance) / n_features * np.eye(n_features)
    else:
        variance = made_definite(variance if statistics.n_samples > n_features else np.diag(np.diag(variance)))
    return NativePrior(DEFAULT_SHRINKAGE, statistics.shifts[0] + difference, n_features + 2.0, variance)
