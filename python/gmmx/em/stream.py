"""Initialization of EM by mixtures of a sample of the rows: many rows are hardly needed to find the clusters.

k-means goes through all rows some twenty times, about as often as EM. On a sample, several starts cost as much as a few
of these passes, and the best of them, followed to its optimum, is close to one of all rows. The sample has one row of
each of as many strips of equal weight, so that sorted rows are represented as well as shuffled ones.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from gmmx import _core
from gmmx._covariance_shapes import has_axes
from gmmx.em.config import EMConfig
from gmmx.em.random import RandomSource
from gmmx.validation import Rows

__all__ = ["statistics_of_sample"]

# A sample has the largest of these numbers of rows: one, one for each parameter, and a share of all rows. Its EM then
# leaves few passes for all rows, and it pays if all rows are at least this many times as many.
_LEAST_ROWS, _ROWS_OF_PARAMETER, _SHARE, _LEAST_RATIO = 5_000, 5, 1 / 50, 10
# Starts on the sample: as many as go through a sixth of the rows.
_LEAST_STARTS, _MOST_STARTS, _SHARE_OF_START = 4, 16, 6
# A component of the sample has at least this many rows, and for each feature. Of fewer the variances are too small: EM
# of all rows would not leave them, as their neighbours lie far outside.
_LEAST_OF_COMPONENT, _OF_COMPONENT_AND_FEATURE = 10, 2
# EM of each start goes as far as tells which is best, and the best goes on. Both are gains of a row's log-likelihood.
_ROUGH_TOL, _FINE_TOL, _MAX_ITER = 1e-2, 1e-5, 100


def statistics_of_sample(rows: Rows, em: EMConfig, random: RandomSource) -> _core.SufficientStatistics | None:
    """Return the E-step of a sample under its own mixture, as if of all rows; None where k-means of all is better.

    That is the case if the sample would be more than a tenth of the rows, if every start on it collapses, or if a
    component holds but a few rows of it, which then do not tell where all of its rows lie.

    Parameters
    ----------
    rows : Rows
        The rows with their weights. Rows are drawn with probabilities proportional to these.
    em : EMConfig
        Model to start, and its `reg_covar`. Its prior, which needs all rows, has no part.
    random : RandomSource
        Source of random numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmx.em.random import as_random_source
    >>> X = np.random.default_rng(0).normal(size=(60_000, 1)) + 9 * (np.arange(60_000)[:, np.newaxis] % 2)
    >>> statistics = statistics_of_sample(Rows(X), EMConfig(n_components=2), as_random_source(0))
    >>> (np.sort(statistics.counts) / 30_000).round(1)
    array([1., 1.])
    """
    n_rows, n_parameters = rows.n_present, _n_parameters(em, rows.X.shape[1])
    size = int(max(_LEAST_ROWS, _ROWS_OF_PARAMETER * n_parameters, n_rows * _SHARE))
    if n_rows < _LEAST_RATIO * size:
        return None
    sample = sample_of_strips(rows, size, random)
    n_starts = int(np.clip(n_rows // (_SHARE_OF_START * size), _LEAST_STARTS, _MOST_STARTS))
    mixture = _best_mixture(sample, replace(em, prior=None), n_starts, random)
    if mixture is None:
        return None
    return _core.rescaled(_core.e_step(sample.X, mixture, None, rows.n_threads), rows.total_weight)


def _n_parameters(em: EMConfig, n_features: int) -> int:
    """Return the number of parameters, or a little more for models that share shapes or axes."""
    numbers = int(np.prod(_core.covariance_shape(em.covariance_type, em.n_components, n_features)))
    if has_axes(em.covariance_type):  # symmetric matrices
        numbers = numbers * (n_features + 1) // (2 * n_features)
    return numbers + em.n_components * (n_features + 1)


def sample_of_strips(rows: Rows, size: int, random: RandomSource) -> Rows:
    """Return one row of each of `size` strips of equal weight, in their order; the sample has no weights.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmx.em.random import as_random_source
    >>> X, weights = np.arange(6.0)[:, np.newaxis], np.array([0.0, 1.0, 0.0, 1.0, 2.0, 0.0])
    >>> sample_of_strips(Rows(X, weights), 4, as_random_source(0)).X.ravel()
    array([1., 3., 4., 4.])
    """
    X: Any = rows.X
    positions = (np.arange(size) + random.uniform(size)) / size
    if rows.sample_weight is None:
        indices = np.minimum((positions * len(X)).astype(np.int64), len(X) - 1)
    else:
        reached = np.cumsum(rows.sample_weight)
        last = int(np.flatnonzero(rows.sample_weight)[-1])  # which rounding might pass
        indices = np.minimum(np.searchsorted(reached, positions * reached[-1], side="right"), last)
    return Rows(np.take(X, indices, axis=0), None, rows.n_threads)


def _best_mixture(sample: Rows, em: EMConfig, n_starts: int, random: RandomSource) -> _core.Mixture | None:
    """Return the best mixture that EM of the sample reaches from several starts; None if all collapse."""
    X: Any = sample.X
    uniforms = random.uniform((n_starts, _core.kmeans_draws(em.n_components)))
    rough = replace(em, tol=_ROUGH_TOL, max_iter=_MAX_ITER, acceleration="anderson")
    try:
        outcomes = _core.em_from_kmeans(
            X,
            em.n_components,
            em.covariance_type,
            uniforms,
            None,
            n_threads=sample.n_threads,
            **rough.native_options(None),
        )
        fits = [outcome for outcome in outcomes if isinstance(outcome, _core.EMResult)]
        if not fits:
            return None
        best = max(fits, key=lambda fit: fit.lower_bounds[-1])
        result = _core.em(
            X,
            best.mixture,
            None,
            previous_lower_bound=-np.inf,
            callback=None,
            n_threads=sample.n_threads,
            **replace(rough, tol=_FINE_TOL).native_options(None),
        )
    except ValueError:  # a collapsed component, or numbers whose squares overflow: k-means of all rows will tell
        return None
    return result.mixture if _is_supported(result.mixture, len(sample)) else None


def _is_supported(mixture: _core.Mixture, n_rows: int) -> bool:
    """Return whether each component holds enough of this many rows."""
    least = max(_LEAST_OF_COMPONENT, _OF_COMPONENT_AND_FEATURE * (mixture.n_features + 1))
    return bool(mixture.weights.min() * n_rows >= least)
