"""Agglomerative clustering by Gaussian likelihood, in plain NumPy and O(n^3).

See section 22 of docs/theory.md. `gmmx.hierarchical_clustering` is the native implementation, with O(n^2) evaluations
of the criterion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]

# Adding and subtracting this number rounds to a multiple of 2^-26.
_ROUNDING = 1.5 * 2.0**26


# Equal means differ by up to this much, squared and relative to the largest row.
_ROUNDING_OF_FORMS = 1e-28


class Tree(NamedTuple):
    """Merges (n_groups - 1, 2), and the criterion (n_groups - 1,) after each.

    A cluster is identified by the smallest of the initial numbers of its groups. The first of a merge is the smaller
    identifier, which the merged cluster keeps.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmx import reference
    >>> reference.hierarchical_clustering(np.array([[0.0], [0.1], [5.0]])).merges.tolist()
    [[0, 1], [0, 2]]
    """

    merges: npt.NDArray[np.int64]
    values: F64


@dataclass(frozen=True)
class _Group:
    """Number of rows, their mean (d,) and scatter about it (d, d)."""

    n: int
    mean: F64
    scatter: F64

    @classmethod
    def of(cls, rows: F64) -> _Group:
        """Return the group of some rows."""
        mean = rows.mean(axis=0)
        return cls(len(rows), mean, (rows - mean).T @ (rows - mean))

    def __or__(self, other: _Group) -> _Group:
        """Merge two groups."""
        n = self.n + other.n  # (94)
        between = other.mean - self.mean  # exactly 0 for equal rows
        scatter = self.scatter + other.scatter + self.n * other.n / n * np.outer(between, between)
        return _Group(n, self.mean + other.n / n * between, scatter)


Groups = dict[int, _Group]
Pair = tuple[int, int]


class _OwnCovariances:
    """Criterion (93): each cluster has its own covariance."""

    def __init__(self, X: F64) -> None:
        n_samples, n_features = X.shape
        self.alpha = max(np.square(X - X.mean(axis=0)).sum() / (n_samples * n_features), np.finfo(np.float64).eps)

    def _term(self, group: _Group) -> float:
        """Return the term of one group in (93)."""
        trace = (np.trace(group.scatter) + self.alpha) / group.n
        has_volume = group.n > len(group.mean)
        # (93)
        return group.n * float(np.log(trace + (np.linalg.det(group.scatter / group.n) if has_volume else 0.0)))

    def value(self, groups: Groups) -> float:
        """Return (93)."""
        return sum(map(self._term, groups.values()))

    def best_pair(self, groups: Groups) -> Pair:
        """Return the pair whose merge increases (93) least."""

        def cost(a: _Group, b: _Group) -> float:
            return self._term(a | b) - self._term(a) - self._term(b)

        return _cheapest(groups, cost)


class _CommonCovariance:
    """Criterion (96): all clusters share one covariance."""

    def __init__(self, X: F64) -> None:
        n_samples, n_features = X.shape
        self.n_samples = n_samples
        self.largest_square = np.square(X - X.mean(axis=0)).sum(axis=1).max()
        variance = np.square(X - X.mean(axis=0)).sum() / (n_samples * n_features)
        self.limit = variance * (1 - 2.0**-26)  # within rounding of it counts as reached
        self.regularised = True

    def _within(self, groups: Groups) -> F64:
        scatter: F64 = np.sum([group.scatter for group in groups.values()], axis=0)
        return np.asarray(scatter / self.n_samples)

    def value(self, groups: Groups) -> float:
        """Return (96)."""
        within = self._within(groups)
        trace = float(np.trace(within)) if self.regularised else 0.0
        with np.errstate(divide="ignore"):
            return float(self.n_samples * np.log(_determinant(within) + trace))  # (96)

    def best_pair(self, groups: Groups) -> Pair:
        """Return the pair whose merge increases (96) least, without the trace beyond the limit."""
        within = self._within(groups)
        pair = self._cheapest(groups, within)
        if self.regularised:
            united = groups[pair[0]] | groups[pair[1]]
            rest = groups[pair[0]].scatter + groups[pair[1]].scatter
            if _determinant(within + (united.scatter - rest) / self.n_samples) >= self.limit:
                self.regularised = False
                pair = self._cheapest(groups, within)
        return pair

    def _cheapest(self, groups: Groups, within: F64) -> Pair:
        metric = _adjugate(within) + self.regularised * np.eye(len(within))
        rounding = _ROUNDING_OF_FORMS * self.largest_square * np.linalg.eigvalsh(metric)[-1] / self.n_samples

        def cost(a: _Group, b: _Group) -> float:  # (97)
            between = np.sqrt(a.n * b.n / (a.n + b.n) / self.n_samples) * (a.mean - b.mean)
            with np.errstate(divide="ignore"):
                return float(np.log(np.maximum(between @ metric @ between, rounding)))

        return _cheapest(groups, cost)


def _determinant(scatter: F64) -> float:
    return float(np.prod(_without_rounding(np.linalg.eigvalsh(scatter))))


def _without_rounding(eigenvalues: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Replace rounding errors by zero."""
    rounding = len(eigenvalues) * np.finfo(np.float64).eps * eigenvalues[-1]
    return np.where(eigenvalues > rounding, eigenvalues, 0.0)


def _adjugate(matrix: F64) -> F64:
    """Return |A| A^-1, which exists for singular A too."""
    values, vectors = np.linalg.eigh(matrix)
    values = _without_rounding(values)
    others = np.array([np.prod(np.delete(values, k)) for k in range(len(values))])
    return np.asarray((vectors * others) @ vectors.T)


def _cheapest(groups: Groups, cost: Callable[[_Group, _Group], float]) -> Pair:
    """Return the pair with the smallest cost; ties select the last, by the larger and then the smaller identifier."""

    def rank(pair: Pair) -> tuple[float, int, int]:
        a, b = pair
        return (cost(groups[a], groups[b]) + _ROUNDING) - _ROUNDING, -b, -a

    return min(_pairs(groups), key=rank)  # (95)


def _pairs(groups: Groups) -> Iterator[Pair]:
    return combinations(sorted(groups), 2)


CRITERIA: dict[str, type[_OwnCovariances] | type[_CommonCovariance]] = {
    "VVV": _OwnCovariances,
    "EEE": _CommonCovariance,
}


def hierarchical_clustering(X: F64, criterion: str = "VVV", groups: npt.NDArray[np.integer] | None = None) -> Tree:
    """Merge clusters of rows, two at a time, until one is left.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Rows, already scaled.
    criterion : {'VVV', 'EEE'}, default='VVV'
        Criterion that merges minimise.
    groups : ndarray of int of shape (n_samples,), default=None
        Initial clusters, numbered 0, 1, ... None makes each row a cluster.

    Returns
    -------
    tree : Tree
        Merges, and the criterion after each.

    Notes
    -----
    Equations (93) to (97) of docs/theory.md; Fraley, SIAM J. Sci. Comput. 20 (1998).

    Examples
    --------
    >>> import numpy as np
    >>> from gmmx import reference
    >>> reference.hierarchical_clustering(np.array([[0.0], [0.1], [5.0]])).merges.tolist()
    [[0, 1], [0, 2]]
    """
    X = X - X.mean(axis=0)
    numbers = np.arange(len(X)) if groups is None else groups
    held = {int(k): _Group.of(X[numbers == k]) for k in np.unique(numbers)}
    measure = CRITERIA[criterion](X)
    merges: list[Pair] = []
    values: list[float] = []
    while len(held) > 1:
        a, b = measure.best_pair(held)
        held[a] = held[a] | held.pop(b)
        merges.append((a, b))
        values.append(measure.value(held))
    return Tree(np.array(merges, dtype=np.int64).reshape(-1, 2), np.array(values))
