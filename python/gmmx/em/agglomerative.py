"""Model-based agglomerative clustering: one tree of the rows, from which EM can start with any number of components."""

from __future__ import annotations

import numbers
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmx import _core
from gmmx.em.random import RandomSource, as_random_source
from gmmx.validation import F64, I32, WeightedRows, check_rows, check_sample_weight, thread_count
from gmmx.validation._options import not_among

__all__ = ["MergeTree", "hierarchical_clustering"]

MAX_ROWS = 2000
"""How many rows a tree is built of by default; others are left out at random."""


@dataclass(frozen=True, repr=False)
class MergeTree:
    """Groups of rows, united two at a time until one is left.

    Parameters
    ----------
    n_samples : int
        Number of rows that `X` had.
    rows : ndarray of int64 of shape (n_rows,)
        Indices of the rows that the tree is built of, ascending.
    merges : ndarray of int64 of shape (n_rows - 1, 2)
        Which two groups each merge unites. A group is named by the least place that one of its rows has in `rows`; the
        first is the lesser name, which the union keeps.
    values : ndarray of float64 of shape (n_rows - 1,)
        The criterion after each merge.
    criterion : str
        Its name.
    scaling : str or None
        How the rows were scaled before.
    """

    n_samples: int
    rows: npt.NDArray[np.int64]
    merges: npt.NDArray[np.int64]
    values: F64
    criterion: str
    scaling: str | None

    @property
    def n_rows(self) -> int:
        """Number of rows that the tree is built of."""
        return len(self.rows)

    def labels(self, n_clusters: int) -> I32:
        """Return a partition of the rows that the tree is built of.

        Parameters
        ----------
        n_clusters : int
            How many groups, from 1 to `n_rows`.

        Returns
        -------
        labels : ndarray of int32 of shape (n_rows,)
            Groups of ``X[tree.rows]``, numbered from 0 in the order of their first rows.

        Raises
        ------
        ValueError
            If there are no partitions into so many groups.
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
        """Return the same for all rows of `X`, as `responsibilities_init` of a fit takes it.

        Parameters
        ----------
        n_clusters : int
            How many groups, from 1 to `n_rows`.

        Returns
        -------
        labels : ndarray of int32 of shape (n_samples,)
            Groups numbered as in `labels`; -1: the row is not in the tree.

        Raises
        ------
        ValueError
            If there are no partitions into so many groups.
        """
        labels = np.full(self.n_samples, -1, dtype=np.int32)
        labels[self.rows] = self.labels(n_clusters)
        return labels

    def to_scipy(self) -> F64:
        """Return the tree as scipy's hierarchical clustering has it, for `scipy.cluster.hierarchy.dendrogram`.

        Returns
        -------
        linkage : ndarray of float64 of shape (n_rows - 1, 4)
            The two groups of each merge, its number as the height, and how many rows the union has.
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
        """Tell what it was built of and how."""
        of = (
            f"all {self.n_samples} rows" if self.n_rows == self.n_samples else f"{self.n_rows} of {self.n_samples} rows"
        )
        return f"<MergeTree of {of}, criterion={self.criterion!r}, scaling={self.scaling!r}>"


def _standardized(X: F64) -> F64:
    """Return the columns with mean 0 and variance 1, without those that are constant."""
    X = X - X.mean(axis=0)
    scales = np.sqrt(np.square(X).sum(axis=0) / max(1, len(X) - 1))
    varies = scales > 0
    return np.asarray(X[:, varies] / scales[varies])


def _along_singular_vectors(X: F64) -> F64:
    """Return the standardised rows along their singular vectors, each divided by the root of its singular value.

    Directions in which there is rounding alone are left out.
    """
    X = _standardized(X)
    if not X.size:
        return X
    _, values, vectors = np.linalg.svd(X, full_matrices=False)
    kept = values > values[0] * max(X.shape) * np.finfo(np.float64).eps
    return np.asarray(X @ (vectors[kept].T / np.sqrt(values[kept])))


SCALINGS: dict[str | None, Callable[[F64], F64]] = {
    "SVD": _along_singular_vectors,
    "standardize": _standardized,
    None: lambda X: X,
}
"""The values of `scaling` and what they do."""


def _chosen_rows(rows: WeightedRows, max_rows: int | None, random: RandomSource) -> npt.NDArray[np.int64]:
    """Return ascending indices of rows of positive weight, no more than max_rows."""
    present = np.arange(len(rows.X)) if rows.sample_weight is None else np.flatnonzero(rows.sample_weight)
    if max_rows is not None and len(present) > max_rows:
        present = present[np.sort(random.choose(len(present), max_rows))]
    return present.astype(np.int64)


def tree_of_rows(
    rows: WeightedRows,
    *,
    criterion: str = "VVV",
    scaling: str | None = "SVD",
    max_rows: int | None = MAX_ROWS,
    random: RandomSource,
) -> MergeTree:
    """Do what `hierarchical_clustering` does, to checked rows.

    Parameters
    ----------
    rows : WeightedRows
        Rows, weights and number of threads.
    criterion, scaling, max_rows
        As there.
    random : RandomSource
        Chooses rows where there are too many.
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
    r"""Cluster rows into a tree, by uniting time and again the two groups that lose the least likelihood.

    This is how mclust starts EM. One tree holds a partition for every number of clusters.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Rows of float32 or float64; computed in float64.
    criterion : {'VVV', 'EEE'}, default='VVV'
        What a merge keeps small, see Notes: with a covariance of its own for each group, or one that all share.
    scaling : {'SVD', 'standardize'} or None, default='SVD'
        What is done to the features before: 'standardize' gives them mean 0 and variance 1; 'SVD' goes on to turn
        them to their singular vectors and divides each by the root of its singular value; None leaves them as they are.
        Features that are constant are left out.
    max_rows : int or None, default=2000
        Of more rows, so many are chosen at random. Time and memory grow with the square and the first power of their
        number. None: all.
    random_state : int, RandomState, Generator or None, default=None
        Source of randomness for the choice of rows; unused where all are taken.
    sample_weight : array-like of shape (n_samples,), default=None
        Rows of weight zero are left out. Other weights make no difference to the tree.
    n_jobs : int, default=None
        Number of threads, as for `GaussianMixture`. The tree does not depend on it.

    Returns
    -------
    tree : MergeTree
        Which groups were united, and partitions into any number of clusters.

    Raises
    ------
    ValueError
        If an argument is not as above, `X` holds numbers that are not finite or so large that their squares
        overflow, or weights are negative or all zero.

    See Also
    --------
    GaussianMixture : With ``init_params='hc'`` it starts from such a tree.

    Notes
    -----
    With :math:`n_k` rows and scatter :math:`W_k` in group k, :math:`W = \sum_k W_k` and
    :math:`\alpha = \operatorname{tr} W_{\text{all rows}} / n d`, the criteria are

    - 'VVV': :math:`\sum_k n_k \log\bigl(|W_k / n_k| + (\operatorname{tr} W_k + \alpha) / n_k\bigr)`, where the
      determinant of at most d rows is 0;
    - 'EEE': :math:`n \log\bigl(|W / n| + \operatorname{tr} W / n\bigr)`, and without the trace once the
      determinant reaches :math:`\alpha`,

    equations (93) and (96) of docs/theory.md, after Fraley [1]_. The trace stands in for the volume of groups that have
    none yet. It is not small: with 'SVD' it often decides alone. With one feature mclust takes quantiles instead.

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
    checked = check_rows(X)
    rows = WeightedRows(checked, check_sample_weight(sample_weight, checked), thread_count(n_jobs))
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
