"""The algorithm's two halves as functions: rows become statistics, statistics become a mixture.

Statistics of parts of the rows add up to those of the whole, so rows may lie in files, processes or machines.
"""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmx import _core
from gmmx.em.priors import ConjugatePrior, native_prior
from gmmx.mixture._gaussian_mixture import GaussianMixture
from gmmx.validation import check_covariance_type, check_rows, check_sample_weight, refuse_overflow, thread_count

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
    model = _as_mixture("mixture", mixture)
    rows = check_rows(X)
    if rows.shape[1] != model.n_features:
        raise ValueError(
            f"X has {rows.shape[1]} features, but the mixture has {model.n_features}: "
            "give the columns that the mixture was made for, in their order."
        )
    weights, n_threads = check_sample_weight(sample_weight, rows), thread_count(n_jobs)
    statistics = _core.e_step(rows, model, weights, n_threads)
    if not np.isfinite(statistics.log_likelihood):
        _core.log_likelihood(rows, model, weights, n_threads)  # says which row is to blame
    if not all(np.isfinite(sums).all() for sums in (statistics.first_moments, statistics.second_moments)):
        refuse_overflow(float(np.abs(rows).max()), len(rows), np.float64)
    return statistics


def m_step(
    statistics: _core.SufficientStatistics,
    covariance_type: str = "full",
    reg_covar: float = 1e-6,
    *,
    previous: _core.Mixture | GaussianMixture | None = None,
    prior: ConjugatePrior | None = None,
) -> _core.Mixture:
    """Return the mixture that fits statistics best (M-step).

    Parameters
    ----------
    statistics : SufficientStatistics
        From `e_step` or `SufficientStatistics.from_responsibilities`.
    covariance_type : str, default='full'
        The covariance model: any that :class:`GaussianMixture` has. The statistics must have been gathered for it, or
        for one of more second moments: those for 'full' serve all, those for 'diag' the diagonal and spherical ones.
    reg_covar : float, default=1e-6
        Added to every variance; not negative. Models named by letters stay what they are: it is added to the scatter.
    previous : Mixture or fitted GaussianMixture, default=None
        The mixture of the E-step, if of the same type. Only 'EVE' and 'VVE' ask for it: they have no closed form, and
        their search begins at its axes, so that the likelihood never falls. None: it begins at several places.
    prior : ConjugatePrior, default=None
        Prior of the means and covariances. The result is then the mode of the posterior density, equations (90) and
        (91) of docs/theory.md.

    Returns
    -------
    mixture : Mixture
        A component without any weight stays where it was, with weight zero; with a prior, where that says.

    Raises
    ------
    TypeError
        If `statistics`, `previous` or `prior` is something else.
    CollapsedComponentError
        A ValueError: a covariance is not positive definite; its attribute `component` tells whose.
    ValueError
        If the covariance type is unknown or needs other second moments, `reg_covar` is negative, `previous` is of
        another type or shape, or `prior` is for another number of features.

    See Also
    --------
    e_step : Gathers the statistics.

    Examples
    --------
    >>> import gmmx
    >>> import numpy as np
    >>> rows, labels = np.array([[0.0], [2.0], [5.0]]), [0, 0, 1]
    >>> statistics = gmmx.SufficientStatistics.from_responsibilities(rows, np.eye(2)[labels])
    >>> gmmx.m_step(statistics, reg_covar=0.5).covariances.ravel()
    array([1.5, 0.5])
    >>> prior = gmmx.ConjugatePrior(shrinkage=0.01, mean=[2.0], dof=3, scale=1.0)
    >>> gmmx.m_step(statistics, reg_covar=0, prior=prior).covariances.ravel().round(2)
    array([0.38, 0.16])
    """
    if not isinstance(statistics, _core.SufficientStatistics):
        raise TypeError(
            f"statistics is of type {type(statistics).__name__}, but must be gmmx.SufficientStatistics: "
            "get them from gmmx.e_step or gmmx.SufficientStatistics.from_responsibilities."
        )
    if not isinstance(reg_covar, Real) or not 0.0 <= float(reg_covar) < np.inf:
        raise ValueError(f"reg_covar is {reg_covar!r}, but must be a finite number of at least 0.")
    name = check_covariance_type(covariance_type)
    begin = None if previous is None else _as_mixture("previous", previous)
    if begin is not None and begin.covariance_type != name:
        raise ValueError(
            f"previous is of covariance_type {begin.covariance_type!r}, but must be of {name!r}, which is asked for: "
            "give the mixture of the E-step if it is of that type, else None."
        )
    if prior is not None and not isinstance(prior, ConjugatePrior):
        raise TypeError(
            f"prior is of type {type(prior).__name__}, but must be a gmmx.ConjugatePrior or None: there are no rows "
            "to make the default one from; gmmx.reference.default_prior(X, ...) makes it of rows."
        )
    native = None if prior is None else native_prior(prior, statistics.n_features, "statistics")
    return _core.m_step(statistics, name, float(reg_covar), begin, native)


def _as_mixture(argument: str, mixture: Any) -> _core.Mixture:
    if isinstance(mixture, _core.Mixture):
        return mixture
    if isinstance(mixture, GaussianMixture):
        return mixture.mixture_
    raise TypeError(
        f"{argument} is of type {type(mixture).__name__}, but must be a gmmx.Mixture or a fitted "
        "gmmx.GaussianMixture; GaussianMixture.from_sklearn converts scikit-learn's."
    )
