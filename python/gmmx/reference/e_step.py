"""E-step: sufficient statistics of rows under a mixture or a given assignment."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from gmmx.reference.checks import FloatArray, checked_rows, checked_weights
from gmmx.reference.covariance import CovarianceFamily, covariance_family
from gmmx.reference.density import posterior, weighted_log_prob
from gmmx.reference.mixture import Mixture
from gmmx.reference.statistics import SufficientStatistics, is_empty


def e_step(X: ArrayLike, mixture: Mixture, sample_weight: ArrayLike | None = None) -> SufficientStatistics:
    """Compute the sufficient statistics of rows under a mixture (E-step).

    Parameters
    ----------
    X : array-like of shape (n_samples, d)
        Rows.
    mixture : Mixture
        Mixture of K components.
    sample_weight : array-like of shape (n_samples,), optional
        Weights of the rows. None gives every row the weight 1.

    Returns
    -------
    SufficientStatistics
        Moments about the means of the mixture, in the form for the M-step of its covariance type.

    Raises
    ------
    ValueError
        If X or sample_weight has the wrong shape, or a weight is negative or not finite.

    Notes
    -----
    Equations (8), (10), (36) and (46) of docs/theory.md.

    Examples
    --------
    >>> from gmmx import reference
    >>> mixture = reference.Mixture.from_covariances([0.5, 0.5], [[0.0], [9.0]], [1.0, 1.0], "spherical")
    >>> statistics = reference.e_step([[0.0], [1.0], [10.0]], mixture)
    >>> statistics.counts.round(4).tolist()
    [2.0, 1.0]
    >>> statistics.first_moments.round(4).tolist()
    [[1.0], [1.0]]
    """
    X = checked_rows(X, mixture.means.shape[1])
    w = checked_weights(sample_weight, len(X))
    X, w = X[w > 0], w[w > 0]  # a row of weight 0 is absent
    norm, resp = posterior(weighted_log_prob(X, mixture), mixture.weights)  # (8), (54), (55)
    family = covariance_family(mixture.covariance_type)
    return _statistics(X, resp, w, np.array(mixture.means), family, float(w @ norm))  # (10)


def _statistics(
    X: FloatArray,
    resp: FloatArray,
    w: FloatArray,
    shifts: FloatArray,
    family: CovarianceFamily,
    log_likelihood: float,
) -> SufficientStatistics:
    """Sum the moments of the rows about the shifts."""
    weighted_resp = resp * w[:, np.newaxis]  # (36)
    return SufficientStatistics(
        second_moment_form=family.second_moment_form,
        shifts=shifts,
        counts=weighted_resp.sum(axis=0),  # (18), (36)
        first_moments=np.stack([r @ (X - shift) for r, shift in zip(weighted_resp.T, shifts, strict=True)]),  # (46)
        second_moments=family.second_moments(X, weighted_resp, shifts),  # (46), (50)
        log_likelihood=log_likelihood,
        n_samples=len(X),
        total_weight=float(w.sum()),
    )


def statistics_from_responsibilities(
    X: ArrayLike, resp: ArrayLike, covariance_type: str, sample_weight: ArrayLike | None = None
) -> SufficientStatistics:
    """Compute the sufficient statistics of rows with given responsibilities.

    Parameters
    ----------
    X : array-like of shape (n_samples, d)
        Rows.
    resp : array-like of shape (n_samples, K)
        Responsibilities, finite and nonnegative. A row of zeros does not belong to any component.
    covariance_type : str
        Covariance type of the M-step.
    sample_weight : array-like of shape (n_samples,), optional
        Weights of the rows. None gives every row the weight 1.

    Returns
    -------
    SufficientStatistics
        Moments about the weighted mean of each component. The shift of an empty component is the mean of all rows that
        belong to a component. ``log_likelihood`` is 0, because responsibilities do not define a density.

    Raises
    ------
    ValueError
        If a shape does not fit, a responsibility or weight is negative or not finite, or no row has positive weight.

    Notes
    -----
    Two passes over the rows: equation (21) of docs/theory.md for the shifts, then (46) about them. The first moments
    are rounding errors, with which the M-step corrects the means.

    Examples
    --------
    >>> from gmmx import reference
    >>> resp = [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
    >>> statistics = reference.statistics_from_responsibilities([[0.0], [2.0], [5.0]], resp, "diag")
    >>> statistics.shifts.tolist(), statistics.second_moments.tolist()
    ([[1.0], [5.0]], [[2.0], [0.0]])
    """
    X = checked_rows(X)
    family = covariance_family(covariance_type, X.shape[1])
    w = checked_weights(sample_weight, len(X))
    r = np.asarray(resp, dtype=np.float64)
    if r.ndim != 2 or r.shape[0] != len(X) or r.shape[1] == 0:
        raise ValueError(f"resp must have shape (n_samples={len(X)}, n_components), got {r.shape}")
    if not np.all(np.isfinite(r)) or np.any(r < 0):
        raise ValueError("resp must be finite and not negative")
    X, r, w = X[w > 0], r[w > 0], w[w > 0]  # a row of weight 0 is absent
    if len(X) == 0:
        raise ValueError("there must be at least one row of positive weight")
    weighted_resp = r * w[:, np.newaxis]
    counts = weighted_resp.sum(axis=0)
    shifts = np.tile(X[np.argmax(w)], (len(counts), 1))
    for k in np.flatnonzero(counts):
        point = X[np.argmax(weighted_resp[:, k])]  # added up about a row of its own
        shifts[k] = point + weighted_resp[:, k] @ (X - point) / counts[k]  # (21)
    if counts.sum() > 0:
        shifts[is_empty(counts, float(w.sum()), len(X))] = counts @ shifts / counts.sum()
    return _statistics(X, r, w, shifts, family, 0.0)


def statistics_from_labels(
    X: ArrayLike,
    labels: ArrayLike,
    n_components: int,
    covariance_type: str,
    sample_weight: ArrayLike | None = None,
) -> SufficientStatistics:
    """Compute the sufficient statistics of labelled rows.

    Parameters
    ----------
    X : array-like of shape (n_samples, d)
        Rows.
    labels : array-like of shape (n_samples,), integers
        Component of each row, 0 to n_components - 1, or -1 for rows without a component.
    n_components : int
        K.
    covariance_type : str
        Covariance type of the M-step.
    sample_weight : array-like of shape (n_samples,), optional
        Weights of the rows. None gives every row the weight 1.

    Returns
    -------
    SufficientStatistics
        As from :func:`statistics_from_responsibilities` with responsibilities of 0 and 1.

    Raises
    ------
    ValueError
        If a shape does not fit, a label is not an integer in the range, or a weight is negative or not finite.

    Notes
    -----
    Equations (21) and (46) of docs/theory.md with r_nk = z_nk.

    Examples
    --------
    >>> from gmmx import reference
    >>> statistics = reference.statistics_from_labels([[0.0], [2.0], [5.0], [9.0]], [0, 0, 1, -1], 2, "diag")
    >>> statistics.counts.tolist(), statistics.shifts.tolist()
    ([2.0, 1.0], [[1.0], [5.0]])
    """
    X = checked_rows(X)
    z = np.asarray(labels)
    if n_components < 1:
        raise ValueError(f"n_components must be at least 1, got {n_components}")
    if z.shape != (len(X),) or not np.issubdtype(z.dtype, np.integer):
        raise ValueError(f"labels must be integers of shape ({len(X)},), got {z.dtype} of shape {z.shape}")
    if np.any(z < -1) or np.any(z >= n_components):
        raise ValueError(f"labels must lie between -1 and n_components - 1 = {n_components - 1}")
    resp = (z[:, np.newaxis] == np.arange(n_components)).astype(np.float64)  # r_nk = z_nk
    return statistics_from_responsibilities(X, resp, covariance_type, sample_weight)
