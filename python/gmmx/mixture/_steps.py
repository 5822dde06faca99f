"""E-step and M-step as functions: rows become statistics, statistics become a mixture.

Statistics of parts add up to those of all rows, so the rows may lie in files, processes or machines.
"""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmx import _core
from gmmx.em.priors import ConjugatePrior, native_prior
from gmmx.mixture._gaussian_mixture import GaussianMixture
from gmmx.validation import check_covariance_type, check_rows, check_sample_weight, refuse_scale, thread_count

__all__ = ["e_step", "m_step"]


def e_step(
    X: npt.ArrayLike,
    mixture: _core.Mixture | GaussianMixture,
    sample_weight: npt.ArrayLike | None = None,
    n_jobs: int | None = None,
) -> _core.SufficientStatistics:
    """Compute the sufficient statistics of rows under a mixture (E-step).

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Rows, float32 or float64; other types are converted to float64. The densities of float32 rows are computed in
        float32, the sums in float64.
    mixture : Mixture or fitted GaussianMixture
        Mixture that determines the responsibilities.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows: a row with weight 2 counts twice, one with weight 0 not at all. None gives every row the
        weight 1.
    n_jobs : int, default=None
        Number of threads. None uses OMP_NUM_THREADS or the number of physical cores; -1 uses all processors, -2 all but
        one. The result does not depend on it.

    Returns
    -------
    statistics : SufficientStatistics
        Statistics, which can be added to those of other rows under the same mixture. `log_likelihood` is that of the
        rows.

    Raises
    ------
    TypeError
        If `mixture` is neither a Mixture nor a fitted estimator.
    ValueError
        If X, its number of columns or the weights are not as described.

    See Also
    --------
    m_step : Compute the next mixture from the statistics.

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
        refuse_scale(float(np.abs(rows).max()), len(rows), np.float64)
    return statistics


def m_step(
    statistics: _core.SufficientStatistics,
    covariance_type: str = "full",
    reg_covar: float = 1e-6,
    *,
    previous: _core.Mixture | GaussianMixture | None = None,
    prior: ConjugatePrior | None = None,
) -> _core.Mixture:
    """Compute the mixture that maximises the likelihood (M-step).

    Parameters
    ----------
    statistics : SufficientStatistics
        Statistics from `e_step` or `SufficientStatistics.from_responsibilities`.
    covariance_type : str, default='full'
        Covariance model, as in :class:`GaussianMixture`. The statistics must have been computed for this model or one
        with more second moments: those for 'full' suit all models, those for 'diag' the diagonal and spherical ones.
    reg_covar : float, default=1e-6
        Nonnegative number added to every variance. For parsimonious models it is added to the scatter, so that the
        constraints of the model still hold.
    previous : Mixture or fitted GaussianMixture, default=None
        Mixture of the E-step, of the same type. Only 'EVE' and 'VVE' use it: they have no closed form, and a search
        that starts at the previous axes never decreases the likelihood. None starts the search at several places.
    prior : ConjugatePrior, default=None
        Prior of the means and covariances. The result then maximises the posterior density, equations (90) and (91) of
        docs/theory.md. None maximises the likelihood.

    Returns
    -------
    mixture : Mixture
        Mixture. A component without rows has weight zero and keeps its mean; with a prior, its mean is that of the
        prior.

    Raises
    ------
    TypeError
        If `statistics`, `previous` or `prior` has the wrong type.
    CollapsedComponentError
        A ValueError: a covariance is not positive definite. The attribute `component` is the index of the component.
    ValueError
        If the covariance type is unknown or needs other second moments, `reg_covar` is negative, `previous` has another
        type or shape, or `prior` another number of features.

    See Also
    --------
    e_step : Compute the statistics.

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
