"""k-means, the default initialization."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gmmx.reference.checks import FloatArray, IntArray, checked_rows, checked_weights


class KMeansResult(NamedTuple):
    """Result of :func:`kmeans`.

    Attributes
    ----------
    labels : ndarray of shape (n_samples,), int32
        Index of the nearest centre of each row.
    centers : ndarray of shape (n_clusters, n_features), float64
        The centres.
    inertia : float
        Weighted sum of the squared distances of the rows to their centres.
    n_iter : int
        Number of iterations.
    """

    labels: NDArray[np.int32]
    centers: FloatArray
    inertia: float
    n_iter: int


def _squared_distances(X: FloatArray, centers: FloatArray) -> FloatArray:
    """Return the (n_samples, n_centers) squared distances as sums of squared differences."""
    return np.stack([np.sum((X - center) ** 2, axis=1) for center in centers], axis=1)


def _n_local_trials(n_clusters: int) -> int:
    """Return the number of candidates for each centre after the first."""
    return 2 + int(np.log(n_clusters))


def kmeans_draws(n_clusters: int) -> int:
    """Return the number of uniform random numbers in a k-means++ seeding.

    Parameters
    ----------
    n_clusters : int
        Number of centres, at least 1.

    Returns
    -------
    int
        1 + (n_clusters - 1) (2 + floor(log n_clusters)).

    Raises
    ------
    ValueError
        If n_clusters is less than 1.

    Notes
    -----
    Section 15 of docs/theory.md.

    Examples
    --------
    >>> from gmmx import reference
    >>> [reference.kmeans_draws(n_clusters) for n_clusters in (1, 2, 3, 8)]
    [1, 3, 7, 29]
    """
    if n_clusters < 1:
        raise ValueError(f"n_clusters must be at least 1, got {n_clusters}")
    return 1 + (n_clusters - 1) * _n_local_trials(n_clusters)


def _kmeans_input(
    X: ArrayLike, n_clusters: int, uniforms: ArrayLike, sample_weight: ArrayLike | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Check and convert the arguments of k-means++ and k-means."""
    rows = checked_rows(X)
    w = checked_weights(sample_weight, len(rows))
    u = np.asarray(uniforms, dtype=np.float64)
    n_draws = kmeans_draws(n_clusters)
    if len(rows) < n_clusters:
        raise ValueError(f"n_clusters={n_clusters} is more than the {len(rows)} rows of X")
    if not w.sum() > 0:
        raise ValueError("there must be at least one row of positive weight")
    if u.shape != (n_draws,) or np.any(u < 0) or np.any(u >= 1):
        raise ValueError(f"uniforms must be {n_draws} numbers in [0, 1) for {n_clusters} clusters, got shape {u.shape}")
    return rows, w, u


def kmeans_plus_plus(
    X: ArrayLike, n_clusters: int, uniforms: ArrayLike, sample_weight: ArrayLike | None = None
) -> IntArray:
    """Draw initial centres among the rows by greedy k-means++.

    Parameters
    ----------
    X : array-like of shape (n_samples, d)
        Rows.
    n_clusters : int
        Number of centres, at most n_samples.
    uniforms : array-like of shape (kmeans_draws(n_clusters),)
        Uniform random numbers in [0, 1), the only source of randomness.
    sample_weight : array-like of shape (n_samples,), optional
        Weights of the rows. None gives every row the weight 1.

    Returns
    -------
    ndarray of shape (n_clusters,), int64
        Indices of the chosen rows. With ``uniforms = RandomState(seed).random_sample(m)`` they are those of
        ``sklearn.cluster.kmeans_plusplus(X, n_clusters, random_state=RandomState(seed))``.

    Raises
    ------
    ValueError
        If a shape does not fit, a uniform lies outside [0, 1), or no weight is positive.

    Notes
    -----
    Equations (59) and (60) of docs/theory.md; Arthur and Vassilvitskii, "k-means++: the advantages of careful
    seeding", SODA 2007.

    Examples
    --------
    >>> from gmmx import reference
    >>> X = [[0.0], [1.0], [8.0], [9.0]]
    >>> reference.kmeans_plus_plus(X, 2, uniforms=[0.1, 0.3, 0.9]).tolist()
    [0, 2]
    """
    rows, w, u = _kmeans_input(X, n_clusters, uniforms, sample_weight)
    n_trials = _n_local_trials(n_clusters)
    indices = np.empty(n_clusters, dtype=np.int64)

    cumulative = np.cumsum(w / w.sum())  # (59) before there is a centre: each row by its weight
    cumulative /= cumulative[-1]
    indices[0] = np.searchsorted(cumulative, u[0], side="right")
    closest = _squared_distances(rows, rows[indices[:1]])[:, 0]
    potential = float(closest @ w)

    for c in range(1, n_clusters):
        thresholds = u[1 + (c - 1) * n_trials : 1 + c * n_trials] * potential
        candidates = np.searchsorted(np.cumsum(w * closest), thresholds, side="left")  # (59)
        candidates = np.minimum(candidates, len(rows) - 1)  # rounding may push a draw past the end
        closer = np.minimum(closest[:, np.newaxis], _squared_distances(rows, rows[candidates]))
        potentials = w @ closer
        best = int(np.argmin(potentials))  # (60)
        indices[c], closest, potential = candidates[best], closer[:, best], float(potentials[best])
    return indices


def kmeans(
    X: ArrayLike,
    n_clusters: int,
    uniforms: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    max_iter: int = 300,
    tol: float = 1e-4,
) -> KMeansResult:
    """Cluster rows by Lloyd's k-means from a greedy k-means++ seeding.

    Parameters
    ----------
    X : array-like of shape (n_samples, d)
        Rows.
    n_clusters : int
        Number of clusters, at most n_samples.
    uniforms : array-like of shape (kmeans_draws(n_clusters),)
        Uniform random numbers in [0, 1) for :func:`kmeans_plus_plus`.
    sample_weight : array-like of shape (n_samples,), optional
        Weights of the rows. None gives every row the weight 1.
    max_iter : int, default=300
        Maximum number of iterations, at least 1.
    tol : float, default=1e-4
        Threshold for the sum of the squared movements of the centres at which k-means stops, relative to the mean
        variance of the features. Without weights, this is scikit-learn's rule.

    Returns
    -------
    KMeansResult
        labels, centers, inertia, n_iter.

    Raises
    ------
    ValueError
        As for :func:`kmeans_plus_plus`, and if max_iter is less than 1.

    Notes
    -----
    Equations (57), (58) and (61) of docs/theory.md; Lloyd, "Least squares quantization in PCM", IEEE Trans. Inf. Theory
    28 (1982). A cluster without weight takes over the row with positive weight that is farthest from its centre, the
    next such cluster the second farthest, and so on. A cluster that still has no weight moves to the centre of the
    heaviest one.

    Examples
    --------
    >>> from gmmx import reference
    >>> result = reference.kmeans([[0.0], [1.0], [8.0], [9.0]], 2, uniforms=[0.1, 0.3, 0.9])
    >>> result.labels.tolist(), result.centers.tolist(), result.inertia
    ([0, 0, 1, 1], [[0.5], [8.5]], 1.0)
    """
    rows, w, u = _kmeans_input(X, n_clusters, uniforms, sample_weight)
    if max_iter < 1:
        raise ValueError(f"max_iter must be at least 1, got {max_iter}")
    allowed_shift = tol * float(np.mean(w @ (rows - _mean(rows, w)) ** 2 / w.sum()))  # (61)
    present = w > 0

    centers = rows[kmeans_plus_plus(rows, n_clusters, u, w)]
    labels = np.full(len(rows), -1, dtype=np.int64)
    stable = False
    n_iter = 0
    for n_iter in range(1, max_iter + 1):  # noqa: B007 (read after the loop)
        previous_labels, previous_centers = labels, centers
        distances = _squared_distances(rows, centers)
        labels = np.argmin(distances, axis=1)  # (58)
        centers = _cluster_means(rows, w, labels, distances.min(axis=1), n_clusters)  # (58)
        stable = np.array_equal(labels[present], previous_labels[present])
        if stable or np.sum((centers - previous_centers) ** 2) <= allowed_shift:  # (61)
            break
    distances = _squared_distances(rows, centers)
    if not stable:
        labels = np.argmin(distances, axis=1)  # the labels of the returned centres
    inertia = float(w @ distances[np.arange(len(rows)), labels])  # (57)
    return KMeansResult(labels.astype(np.int32), centers, inertia, n_iter)


def _mean(X: FloatArray, w: FloatArray) -> FloatArray:
    """Return the weighted mean, summed relative to one of the rows so that no digits are lost."""
    point = X[np.argmax(w)]
    mean: FloatArray = point + w @ (X - point) / w.sum()
    return mean


def _cluster_means(
    X: FloatArray, w: FloatArray, labels: IntArray, distances: FloatArray, n_clusters: int
) -> FloatArray:
    """Return the weighted mean of each cluster, after clusters without weight took over the farthest rows."""
    labels = labels.copy()
    empty = np.flatnonzero(np.bincount(labels, weights=w, minlength=n_clusters) == 0)
    if len(empty) > 0 and distances.max() > 0:
        present = np.flatnonzero(w > 0)
        farthest = present[np.argsort(-distances[present], kind="stable")]
        for cluster, row in zip(empty, farthest, strict=False):
            labels[row] = cluster
    counts = np.bincount(labels, weights=w, minlength=n_clusters)
    centers = np.zeros((n_clusters, X.shape[1]))
    for k in np.flatnonzero(counts > 0):
        members = labels == k
        centers[k] = _mean(X[members], w[members])  # (58)
    centers[counts == 0] = centers[np.argmax(counts)]
    return centers
