"""Fits to many data sets in memory, side by side in native code."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import NamedTuple

import numpy as np

from gmmx import _core
from gmmx._covariance_shapes import has_axes
from gmmx.em.config import EMConfig, InitConfig
from gmmx.em.priors import ConjugatePrior, native_prior
from gmmx.em.random import as_random_source
from gmmx.em.result import Fit, Run
from gmmx.validation import F64, RowArray

__all__ = ["SoundFit", "can_fit_natively", "fit_natively"]


class SoundFit(NamedTuple):
    """Result of a fit that has nothing to warn of, except that it did not converge.

    Attributes
    ----------
    result : EMResult
        Of the best restart.
    log_likelihood : float
        Of the rows under the mixture that the attributes will hold.
    dtype : dtype
        Type of the rows.
    total_weight : float
        Sum of the weights of the rows.
    """

    result: _core.EMResult
    log_likelihood: float
    dtype: np.dtype[np.float32] | np.dtype[np.float64]
    total_weight: float

    def fit(self) -> Fit:
        """Return it as a single fit does."""
        return Fit(Run.of(self.result), [], self.dtype, self.total_weight, lambda mixture: self.log_likelihood)


def can_fit_natively(em: EMConfig, init: InitConfig) -> bool:
    """Return whether `fit_natively` knows what is asked for: EM from k-means that nobody watches.

    Examples
    --------
    >>> can_fit_natively(EMConfig(), InitConfig()), can_fit_natively(EMConfig(), InitConfig(init_params="hc"))
    (True, False)
    """
    is_unwatched = em.max_iter > 0 and not em.verbose and em.callback is None
    given = (init.weights_init, init.means_init, init.precisions_init, init.responsibilities_init)
    is_from_kmeans = init.init_params == "kmeans" and all(each is None for each in given)
    # An instance would have to be copied in the state that each fit leaves it in.
    is_seeded = init.random_state is None or isinstance(init.random_state, Integral)
    has_known_prior = em.prior is None or (isinstance(em.prior, ConjugatePrior) and em.acceleration is None)
    return is_unwatched and is_from_kmeans and is_seeded and has_known_prior


def fit_natively(
    em: EMConfig,
    init: InitConfig,
    arrays: Sequence[RowArray],
    weights: Sequence[F64 | None] | None,
    n_threads: int,
) -> list[SoundFit | None]:
    """Fit each array as `fit_rows` does, each on one thread; None where a fit alone would have something to say.

    Parameters
    ----------
    em, init : EMConfig, InitConfig
        Configuration of all fits, accepted by `can_fit_natively`.
    arrays : sequence of ndarray of shape (n_samples, n_features), float32 or float64
        The rows, not checked, with the same number of features.
    weights : sequence of ndarray of shape (n_samples,), float64, or None
        Weights of the rows, not checked. None gives every row the weight 1.
    n_threads : int
        Number of threads.

    Raises
    ------
    ValueError
        If the prior is for another number of features.
    """
    random = as_random_source(init.random_state)
    n_seedings = init.n_init * (1 if init.random_state is not None else len(arrays))
    prior = None if em.prior is None or isinstance(em.prior, str) else native_prior(em.prior, arrays[0].shape[1], "X")
    results, log_likelihoods = _core.sound_fits(
        list(arrays),
        None if weights is None else list(weights),
        em.n_components,
        em.covariance_type,
        init.n_init,
        random.uniform((n_seedings, _core.kmeans_draws(em.n_components))),
        n_threads=n_threads,
        dependent_columns_matter=has_axes(em.covariance_type),
        **em.native_options(prior),
    )
    totals = [float(len(X)) for X in arrays] if weights is None else map(_total, arrays, weights)
    return [
        None if result is None else SoundFit(result, log_likelihood, X.dtype, total)
        for result, log_likelihood, X, total in zip(results, log_likelihoods.tolist(), arrays, totals, strict=True)
    ]


def _total(X: RowArray, weights: F64 | None) -> float:
    """Return the sum of the weights of rows."""
    return float(len(X)) if weights is None else float(weights.sum())
