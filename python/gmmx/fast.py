"""Fast evaluation of mixtures: functions that check only the shape and the type of their input.

`GaussianMixture.predict` and similar methods check every value first, as scikit-learn does. For single rows the checks
take longer than the densities; these functions skip them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gmmx import _core

__all__ = ["component_log_densities", "predict", "responsibilities", "score_samples"]

RowArray = npt.NDArray[Any]


def component_log_densities(X: RowArray, mixture: _core.Mixture, n_threads: int = 1) -> RowArray:
    """Compute the log-density of each row under each component.

    The mixing weights are not included: ``log_densities + np.log(mixture.weights)`` are the logarithms of weights_k
    N(x_n | k), whose log-sum-exp over a row is the result of `score_samples`. Rows that contain NaN or infinity give
    NaN.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features), float64 or float32
        Rows, all finite.
    mixture : Mixture
        Mixture, for example `GaussianMixture.mixture_`.
    n_threads : int, default=1
        Number of threads. The result does not depend on it.

    Returns
    -------
    log_densities : ndarray of shape (n_samples, n_components)
        log N(x_n | mean_k, covariance_k), natural logarithms, with the dtype of X; minus infinity if it cannot
        represent them. Equation (1) of the theory.

    Raises
    ------
    TypeError
        If X is not an array of float64 or float32.
    ValueError
        If its shape does not fit the mixture.

    Examples
    --------
    >>> import numpy as np
    >>> import gmmx
    >>> model = gmmx.GaussianMixture.from_parameters([0.5, 0.5], [[0.0], [4.0]], [1.0, 1.0], "spherical")
    >>> gmmx.fast.component_log_densities(np.array([[0.0]]), model.mixture_).round(4)
    array([[-0.9189, -8.9189]])
    """
    try:
        return _core.Mixture.component_log_densities(mixture, X, n_threads)
    except TypeError:
        raise _refusal(X, mixture, n_threads) from None


def responsibilities(X: RowArray, mixture: _core.Mixture, n_threads: int = 1) -> RowArray:
    """Compute the probability of each component given the row.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features), float64 or float32
        Rows, all finite.
    mixture : Mixture
        Mixture, for example `GaussianMixture.mixture_`; look it up once, outside the loop.
    n_threads : int, default=1
        Number of threads. The result does not depend on it.

    Returns
    -------
    responsibilities : ndarray of shape (n_samples, n_components)
        Probabilities, which sum to one in each row, with the dtype of X. Equation (8) of the theory.

    Raises
    ------
    TypeError
        If X is not an array of float64 or float32.
    ValueError
        If its shape does not fit the mixture, or a row is not finite or so far from every component that squares
        overflow float64.

    See Also
    --------
    GaussianMixture.predict_proba : The same with input checks.

    Examples
    --------
    >>> import numpy as np
    >>> import gmmx
    >>> model = gmmx.GaussianMixture.from_parameters([0.5, 0.5], [[0.0], [4.0]], [1.0, 1.0], "spherical")
    >>> mixture = model.mixture_
    >>> gmmx.fast.responsibilities(np.array([[2.0]]), mixture)
    array([[0.5, 0.5]])
    """
    try:
        return _core.responsibilities(X, mixture, n_threads)
    except TypeError:
        raise _refusal(X, mixture, n_threads) from None


def score_samples(X: RowArray, mixture: _core.Mixture, n_threads: int = 1) -> RowArray:
    """Compute the log-density of each row.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features), float64 or float32
        Rows, all finite.
    mixture : Mixture
        Mixture, for example `GaussianMixture.mixture_`.
    n_threads : int, default=1
        Number of threads. The result does not depend on it.

    Returns
    -------
    log_prob_norm : ndarray of shape (n_samples,)
        log p(x_n), with the dtype of X. Equation (2) of the theory.

    Raises
    ------
    TypeError
        If X is not an array of float64 or float32.
    ValueError
        If its shape does not fit the mixture, a row is not finite, or its log-density exceeds the range of the dtype of
        X.

    Examples
    --------
    >>> import numpy as np
    >>> import gmmx
    >>> model = gmmx.GaussianMixture.from_parameters([1.0], [[0.0]], [1.0], "spherical")
    >>> gmmx.fast.score_samples(np.array([[0.0]]), model.mixture_).round(4)
    array([-0.9189])
    """
    try:
        return _core.score_samples(X, mixture, n_threads)
    except TypeError:
        raise _refusal(X, mixture, n_threads) from None


def predict(X: RowArray, mixture: _core.Mixture, n_threads: int = 1) -> npt.NDArray[np.int64]:
    """Find the most probable component of each row.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features), float64 or float32
        Rows, all finite.
    mixture : Mixture
        Mixture, for example `GaussianMixture.mixture_`.
    n_threads : int, default=1
        Number of threads. The result does not depend on it.

    Returns
    -------
    labels : ndarray of shape (n_samples,)
        Components, as int64. Equation (9) of the theory.

    Raises
    ------
    TypeError
        If X is not an array of float64 or float32.
    ValueError
        If its shape does not fit the mixture, or a row is not finite or so far from every component that squares
        overflow float64.

    Examples
    --------
    >>> import numpy as np
    >>> import gmmx
    >>> model = gmmx.GaussianMixture.from_parameters([0.5, 0.5], [[0.0], [4.0]], [1.0, 1.0], "spherical")
    >>> gmmx.fast.predict(np.array([[3.0], [1.0]]), model.mixture_)
    array([1, 0])
    """
    try:
        return _core.predict(X, mixture, n_threads)
    except TypeError:
        raise _refusal(X, mixture, n_threads) from None


def _refusal(X: Any, mixture: Any, n_threads: Any) -> TypeError:
    """Return the error that names the argument that native code rejected."""
    if not isinstance(mixture, _core.Mixture):
        return TypeError(
            f"mixture is of type {type(mixture).__name__}, but must be a gmmx.Mixture: give the mixture_ of a fitted "
            "estimator"
        )
    if not isinstance(X, np.ndarray) or X.dtype not in (np.float64, np.float32):
        given = f"an array of {X.dtype}" if isinstance(X, np.ndarray) else f"of type {type(X).__name__}"
        return TypeError(
            f"X is {given}, but must be a NumPy array of float64 or float32: give numpy.asarray(X, dtype=float)"
        )
    return TypeError(f"n_threads is {n_threads!r}, but must be a whole number: give 1 for one thread")
