"""Model-based agglomerative clustering, from whose tree EM can start with any number of components."""

from __future__ import annotations

import numbers
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmx import _core
from gmmx.em.random import RandomSource, as_random_source
from gmmx.validation import F64, I32, Rows, checked_rows, thread_count
from gmmx.validation._options import not_among

__all__ = ["MergeTree", "hierarchical_clustering"]

# Larger inputs are subsampled to this many rows, because time grows with the square of their number.
MAX_ROWS = 2000


@dataclass(frozen=True, repr=False)
class MergeTree:
    """Tree of clusters, merged two at a time until one is left.

    Parameters
    ----------
    n_samples : int
        Number of rows that `X` had.
    rows : ndarray of int64 of shape (n_rows,)
        Indices of the rows in the tree, ascending.
    merges : ndarray of int64 of shape (n_rows - 1, 2)
        The two clusters of each merge. A cluster is identified by the smallest position of its rows in `rows`. The
        first is the smaller identifier, which the merged cluster keeps.
    values : ndarray of float64 of shape (n_rows - 1,)
        Value of the criterion after each merge.
    criterion : str
        Name of the criterion.
    scaling : str or None
        Scaling of the features. None means that they were not scaled.
    """

    n_samples: int
    rows: npt.NDArray[np.int64]
    merges: npt.NDArray[np.int64]
    values: F64
    criterion: str
    scaling: str | None

    @property
    def n_rows(self) -> int:
        """Number of rows in the tree."""
        return len(self.rows)

    def labels(self, n_clusters: int) -> I32:
        """Return a clustering of the rows in the tree.

        Parameters
        ----------
        n_clusters : int
            Number of clusters, from 1 to `n_rows`.

        Returns
        -------
        labels : ndarray of int32 of shape (n_rows,)
            Clusters of ``X[tree.rows]``, numbered from 0 in the order of their first rows.

        Raises
        ------
        ValueError
            If `n_clusters` is out of range.
        """
        if not isinstance(n_clusters, numbers.Integral) or not 1 <= n_clusters <= self.n_rows:
            raise ValueError(
                f"n_clusters is {n_clusters!r}, but a tree of {self.n_rows} rows has partitions into 1 to "
                f"{self.n_rows} groups. Ask for another number, or build the tree of more rows (max_rows)."
            )
        first = np.arange(self.n_rows)  # the name of the group that each group went into
        for_good = self.merges[: self.n_rows - int(n_clusters)]
        first[for_good[:, 1]] = for_good[:, 0]
        while not np.array_equal(further := first[first], first):
            first = further
        return np.unique(first, return_inverse=True)[1].astype(np.int32)

    def partition(self, n_clusters: int) -> I32:
        """Return labels of all rows of `X`, for use as `responsibilities_init`.

        Parameters
        ----------
        n_clusters : int
            Number of clusters, from 1 to `n_rows`.

        Returns
        -------
        labels : ndarray of int32 of shape (n_samples,)
            Clusters numbered as in `labels`; -1 for rows that are not in the tree.

        Raises
        ------
        ValueError
            If `n_clusters` is out of range.
        """
        labels = np.full(self.n_samples, -1, dtype=np.int32)
        labels[self.rows] = self.labels(n_clusters)
        return labels

    def to_scipy(self) -> F64:
        """Return the tree as a linkage matrix for `scipy.cluster.hierarchy`.

        Returns
        -------
        linkage : ndarray of float64 of shape (n_rows - 1, 4)
            The two clusters of each merge, the number of the merge as its height, and the size of the merged cluster.
        """
        numbers_of = np.arange(self.n_rows)
        counts = np.ones(self.n_rows)
        linkage = np.empty((len(self.merges), 4))
        for step, (kept, united) in enumerate(self.merges):
            counts[kept] += counts[united]
            linkage[step] = *sorted((numbers_of[kept], numbers_of[united])), step + 1, counts[kept]
            numbers_of[kept] = self.n_rows + step
        return linkage

    def __repr__(self) -> str:
        """Return a short description of the tree."""
        of = (
            f"all {self.n_samples} rows" if self.n_rows == self.n_samples else f"{self.n_rows} of {self.n_samples} rows"
        )
        return f"<MergeTree of {of}, criterion={self.criterion!r}, scaling={self.scaling!r}>"


def _standardized(X: F64) -> F64:
    """Return the columns with mean 0 and variance 1, without constant columns."""
    X = X - X.mean(axis=0)
    scales = np.sqrt(np.square(X).sum(axis=0) / max(1, len(X) - 1))
    varies = scales > 0
    return np.asarray(X[:, varies] / scales[varies])


def _along_singular_vectors(X: F64) -> F64:
    """Rotate standardised rows to their singular vectors, divided by the roots of the singular values.

    Directions that contain only rounding errors are excluded.
    """
    X = _standardized(X)
    if not X.size:
        return X
    _, values, vectors = np.linalg.svd(X, full_matrices=False)
    kept = values > values[0] * max(X.shape) * np.finfo(np.float64).eps
    return np.asarray(X @ (vectors[kept].T / np.sqrt(values[kept])))


# Values of `scaling` and their functions.
SCALINGS: dict[str | None, Callable[[F64], F64]] = {
    "SVD": _along_singular_vectors,
    "standardize": _standardized,
    None: lambda X: X,
}


def _chosen_rows(rows: Rows, max_rows: int | None, random: RandomSource) -> npt.NDArray[np.int64]:
    """Return ascending indices of at most max_rows rows with positive weight."""
    present = np.arange(len(rows.X)) if rows.sample_weight is None else np.flatnonzero(rows.sample_weight)
    if max_rows is not None and len(present) > max_rows:
        present = present[np.sort(random.choose(len(present), max_rows))]
    return present.astype(np.int64)


def tree_of_rows(
    rows: Rows,
    *,
    criterion: str = "VVV",
    scaling: str | None = "SVD",
    max_rows: int | None = MAX_ROWS,
    random: RandomSource,
) -> MergeTree:
    """Build the tree of `hierarchical_clustering` from checked rows.

    Parameters
    ----------
    rows : Rows
        Rows, weights and number of threads.
    criterion, scaling, max_rows
        As in `hierarchical_clustering`.
    random : RandomSource
        Source of randomness for the subsample.
    """
    chosen = _chosen_rows(rows, max_rows, random)
    X: F64 = rows.X[chosen].astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        total = np.square(X - X.mean(axis=0)).sum() * len(X)
    if not np.isfinite(total):
        raise ValueError(
            f"X holds numbers as large as {np.abs(X).max():g}, whose squares overflow float64: what is clustered "
            "must have squares. Drop rows that hold fill values, or scale the columns, for "
            "instance with sklearn.preprocessing.StandardScaler."
        )
    scaled = SCALINGS[scaling](X)
    if scaled.shape[1] == 0:  # all rows are equal
        scaled = np.zeros((len(X), 1))
    merges, values = _core.hierarchical_clustering(scaled, criterion, None, rows.n_threads)
    return MergeTree(len(rows.X), chosen, merges, values, criterion, scaling)


def hierarchical_clustering(
    X: npt.ArrayLike,
    criterion: str = "VVV",
    *,
    scaling: str | None = "SVD",
    max_rows: int | None = MAX_ROWS,
    random_state: Any = None,
    sample_weight: npt.ArrayLike | None = None,
    n_jobs: int | None = None,
) -> MergeTree:
    r"""Build a tree by merging the two clusters that lose the least likelihood.

    This is mclust's initialization of EM. One tree contains a clustering for every number of clusters.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Rows, float32 or float64. Computations are in float64.
    criterion : {'VVV', 'EEE'}, default='VVV'
        Criterion that merges minimise, see Notes: with a separate covariance for each cluster, or a common one.
    scaling : {'SVD', 'standardize'} or None, default='SVD'
        Scaling of the features: 'standardize' gives them mean 0 and variance 1; 'SVD' then also rotates them to their
        singular vectors and divides each by the root of its singular value. None does not scale. Constant features are
        ignored.
    max_rows : int or None, default=2000
        Maximum number of rows in the tree. Larger inputs are subsampled to this many rows. None uses all rows. Time
        grows with the square of the number of rows, memory in proportion to it.
    random_state : int, RandomState, Generator or None, default=None
        Source of randomness for the subsample; unused if all rows are used.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows. Rows with weight zero are excluded; other weights do not affect the tree. None includes all
        rows.
    n_jobs : int, default=None
        Number of threads; None as in `GaussianMixture`. The tree does not depend on it.

    Returns
    -------
    tree : MergeTree
        Merges, and clusterings with any number of clusters.

    Raises
    ------
    ValueError
        If an argument is not as described, `X` contains numbers that are not finite or whose squares overflow, or
        weights are negative or all zero.

    See Also
    --------
    GaussianMixture : Starts from such a tree with ``init_params='hc'``.

    Notes
    -----
    With :math:`n_k` rows and scatter :math:`W_k` in cluster k, :math:`W = \sum_k W_k` and
    :math:`\alpha = \operatorname{tr} W_{\text{all rows}} / n d`, the criteria are

    - 'VVV': :math:`\sum_k n_k \log\bigl(|W_k / n_k| + (\operatorname{tr} W_k + \alpha) / n_k\bigr)`, where the
      determinant of at most d rows is 0;
    - 'EEE': :math:`n \log\bigl(|W / n| + \operatorname{tr} W / n\bigr)`, and without the trace once the
      determinant reaches :math:`\alpha`,

    equations (93) and (96) of docs/theory.md, after Fraley [1]_. The trace replaces the volume of clusters whose
    scatter is singular. It is not small: with 'SVD' it often decides alone. With one feature, mclust uses quantiles
    instead of a tree.

    References
    ----------
    .. [1] C. Fraley: Algorithms for model-based Gaussian hierarchical clustering. SIAM J. Sci. Comput. 20 (1998)
       270-281.

    Examples
    --------
    >>> import numpy as np
    >>> import gmmx
    >>> X = np.array([[1.0, 2.0], [1.2, 2.1], [0.9, 1.8], [10.0, 9.0], [10.1, 9.3], [9.8, 9.1]])
    >>> tree = gmmx.hierarchical_clustering(X)
    >>> tree
    <MergeTree of all 6 rows, criterion='VVV', scaling='SVD'>
    >>> tree.labels(2)
    array([0, 0, 0, 1, 1, 1], dtype=int32)
    """
    rows = checked_rows(X, sample_weight, thread_count(n_jobs))
    _check_choice("criterion", criterion, _core.merge_criteria())
    _check_choice("scaling", scaling, list(SCALINGS))
    if max_rows is not None and (not isinstance(max_rows, numbers.Integral) or max_rows < 1):
        raise ValueError(f"max_rows is {max_rows!r}, but must be an integer of at least 1, or None for all rows.")
    most = None if max_rows is None else int(max_rows)
    return tree_of_rows(
        rows, criterion=criterion, scaling=scaling, max_rows=most, random=as_random_source(random_state)
    )


def _check_choice(argument: str, value: Any, allowed: list[Any]) -> None:
    if not (value is None or isinstance(value, str)) or value not in allowed:
        raise ValueError(not_among(argument, value, allowed))
