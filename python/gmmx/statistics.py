"""The algorithm's two halves as functions: rows become statistics, statistics become a mixture.

Statistics of parts of the rows add up to those of the whole, so rows may lie in files, processes or machines.
"""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmx import _core
from gmmx.estimators import GaussianMixture
from gmmx.validation import check_covariance_type, check_rows, check_sample_weight, thread_count

__all__ = ["e_step", "m_step"]


def e_step(
    X: npt.ArrayLike,
    mixture: _core.Mixture | GaussianMixture,
    sample_weight: npt.ArrayLike | None = None,
    n_jobs: int | None = None,
) -> _core.SufficientStatistics:
    """Reduce rows to the sufficient statistics of a mixture, in one pass (E-step).

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Rows, float32 or float64; other types become float64. float32 rows are computed in float32, their sums
        in float64.
    mixture : Mixture or fitted GaussianMixture
        The mixture whose responsibilities the rows get.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights: 2 means that the row stands twice, 0 that it is absent. None: all one.
    n_jobs : int, default=None
        Threads; None takes OMP_NUM_THREADS or the physical cores, negative counts from the end. The result
        does not depend on it.

    Returns
    -------
    statistics : SufficientStatistics
        They add to those of other rows under the same mixture. `log_likelihood` is that of the rows.

    Raises
    ------
    TypeError
        If `mixture` is neither.
    ValueError
        If X, its number of columns or the weights are not as described.

    See Also
    --------
    m_step : Turns statistics into the next mixture.

    Examples
    --------
    >>> import gmmx
    >>> import numpy as np
    >>> X = np.array([[0.0], [1.0], [4.0], [5.0]])
    >>> weights, means, variances = np.array([0.5, 0.5]), np.array([[0.0], [5.0]]), np.ones(2)
    >>> mixture = gmmx.Mixture(weights, means, "spherical", covariances=variances)
    >>> statistics = gmmx.e_step(X[:2], mixture) + gmmx.e_step(X[2:], mixture)
    >>> statistics.n_samples
    4
    >>> gmmx.m_step(statistics, "spherical").means.round(2)
    array([[0.5],
           [4.5]])
    """
    model = _as_mixture(mixture)
    rows = check_rows(X)
    if rows.shape[1] != model.n_features:
        raise ValueError(
            f"X has {rows.shape[1]} features, but the mixture has {model.n_features}: "
            "give the columns that the mixture was made for, in their order."
        )
    return _core.e_step(rows, model, check_sample_weight(sample_weight, rows), thread_count(n_jobs))


def m_step(
    statistics: _core.SufficientStatistics, covariance_type: str = "full", reg_covar: float = 1e-6
) -> _core.Mixture:
    """Return the mixture that fits statistics best (M-step).

    Parameters
    ----------
    statistics : SufficientStatistics
        From `e_step` or `SufficientStatistics.from_responsibilities`.
    covariance_type : {'full', 'tied', 'diag', 'spherical'}, default='full'
        The covariance model. The statistics must have been gathered for it.
    reg_covar : float, default=1e-6
        Added to every variance; not negative.

    Returns
    -------
    mixture : Mixture
        A component without any weight stays where it was, with weight zero.

    Raises
    ------
    TypeError
        If `statistics` is something else.
    CollapsedComponentError
        A ValueError: a covariance is not positive definite; its attribute `component` tells whose.
    ValueError
        If the covariance type is unknown or needs other second moments, or `reg_covar` is negative.

    See Also
    --------
    e_step : Gathers the statistics, with an example.
    """
    if not isinstance(statistics, _core.SufficientStatistics):
        raise TypeError(
            f"statistics is of type {type(statistics).__name__}, but must be gmmx.SufficientStatistics: "
            "get them from gmmx.e_step or gmmx.SufficientStatistics.from_responsibilities."
        )
    if not isinstance(reg_covar, Real) or not 0.0 <= float(reg_covar) < np.inf:
        raise ValueError(f"reg_covar is {reg_covar!r}, but must be a finite number of at least 0.")
    return _core.m_step(statistics, check_covariance_type(covariance_type), float(reg_covar))


def _as_mixture(mixture: Any) -> _core.Mixture:
    if isinstance(mixture, _core.Mixture):
        return mixture
    if isinstance(mixture, GaussianMixture):
        return mixture.mixture_
    raise TypeError(
        f"mixture is of type {type(mixture).__name__}, but must be a gmmx.Mixture or a fitted "
        "gmmx.GaussianMixture; GaussianMixture.from_sklearn converts scikit-learn's."
    )
