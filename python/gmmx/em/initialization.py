"""Initialization of EM: an assignment of the rows becomes statistics, and these the first mixture.

Random numbers are drawn here, in scikit-learn's order, and handed to the native code as arguments: the same
`random_state` gives the initialization of scikit-learn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gmmx import _core
from gmmx._covariance_shapes import public_shape
from gmmx.em.agglomerative import MAX_ROWS, MergeTree, tree_of_rows
from gmmx.em.config import EMConfig, InitConfig
from gmmx.em.priors import NativePrior
from gmmx.em.quantiles import quantile_assignments
from gmmx.em.random import RandomSource, as_random_source
from gmmx.em.stream import statistics_of_sample
from gmmx.validation import (
    F64,
    I32,
    RowArray,
    Rows,
    check_assignment,
    check_means,
    check_precisions,
    check_weights,
)

# These are the defaults of scikit-learn's k-means.
KMEANS_MAX_ITER, KMEANS_TOL = 300, 1e-4

# Multiples of the golden ratio modulo 1 cover [0, 1) evenly.
_GOLDEN = (5.0**0.5 - 1.0) / 2.0

# Responsibilities are made in chunks of this many numbers, to bound memory.
CHUNK_NUMBERS = 1 << 18


@dataclass(frozen=True)
class Starts:
    """Initial mixtures of the restarts.

    Attributes
    ----------
    make : callable
        Returns the next initial mixture, `count` times.
    count : int
        Number of restarts.
    lower_bound : float
        Of the fit that EM continues; -inf for fresh starts.
    random : RandomSource or None
        Source for k-means of the rows alone, where the native code may run several restarts at once.
    prior : NativePrior or None
        Prior of the fit.
    """

    make: Callable[[], _core.Mixture]
    count: int
    lower_bound: float = -np.inf
    random: RandomSource | None = None
    prior: NativePrior | None = None


@dataclass(frozen=True)
class LastFit:
    """Parameters that a fit continues from.

    Attributes
    ----------
    make : callable
        Returns the mixture.
    n_components, n_features : int
        Shape of its means.
    factors_shape : tuple of int
        Public shape of the factors of its precisions.
    lower_bound : float
        Mean log-likelihood that its last E-step saw.
    dtype : dtype
        Type of the parameters.
    weight : float or None
        Total weight of the rows that it was fitted to; None if it was not fitted here.
    """

    make: Callable[[], _core.Mixture]
    n_components: int
    n_features: int
    factors_shape: tuple[int, ...]
    lower_bound: float
    dtype: npt.DTypeLike
    weight: float | None

    def check_shape(self, em: EMConfig, n_features: int, who: str, remedy: str) -> None:
        """Refuse to continue with parameters of another shape than is asked for now."""
        now, then = (em.n_components, n_features), (self.n_components, self.n_features)
        if now != then or self.factors_shape != public_shape(em.covariance_type, *now):
            raise ValueError(
                f"{who}, with (n_components, n_features) = {then} and covariances of shape {self.factors_shape}, but "
                f"now these are {now} and covariance_type={em.covariance_type!r}. "
                f"{remedy} or fit a new estimator (sklearn.base.clone)."
            )

    def warm_start(self, em: EMConfig, n_features: int, prior: NativePrior | None) -> Starts:
        """Return the mixture as the only start, after checking its shape."""
        self.check_shape(em, n_features, "warm_start=True goes on from the last fit", "Set warm_start=False")
        mixture = self.make()
        return Starts(lambda: mixture, 1, self.lower_bound, prior=prior)


def fresh_starts(em: EMConfig, init: InitConfig, rows: Rows, prior: NativePrior | None) -> Starts:
    """Return the starts that a configuration asks for, after checking the parameters that it gives.

    Raises
    ------
    ValueError, TypeError
        If given parameters or responsibilities are not as described.
    """
    given = _checked_parameters(em, init, int(rows.X.shape[1]))
    random = as_random_source(init.random_state)
    makers = initial_assignments(init.init_params, rows, em, random, init.n_init)
    make = partial(initial_mixture, given, em, prior)
    if init.responsibilities_init is not None:
        if init.is_complete:
            raise ValueError(
                "responsibilities_init is given, but so are weights_init, means_init and "
                "precisions_init, which leave nothing to estimate from it: drop one or the other."
            )
        checked = check_assignment(init.responsibilities_init, rows, em.n_components)
        assignment = partial(given_assignment, checked, rows, em.n_components, em.covariance_type)
        return Starts(partial(make, assignment), 1, prior=prior)
    each = iter(makers)
    from_kmeans = init.init_params == "kmeans" and all(parameter is None for parameter in given)
    return Starts(lambda: make(lambda: next(each)()), len(makers), random=random if from_kmeans else None, prior=prior)


class GivenParameters(NamedTuple):
    """Checked `weights_init`, `means_init` and the factors of `precisions_init`; None where not given."""

    weights: F64 | None
    means: F64 | None
    precisions_cholesky: F64 | None


def _checked_parameters(em: EMConfig, init: InitConfig, n_features: int) -> GivenParameters:
    shape = em.n_components, n_features
    return GivenParameters(
        None if init.weights_init is None else check_weights(init.weights_init, em.n_components),
        None if init.means_init is None else check_means(init.means_init, *shape),
        None if init.precisions_init is None else check_precisions(init.precisions_init, em.covariance_type, *shape),
    )


def initial_mixture(
    given: GivenParameters,
    em: EMConfig,
    prior: Any,
    assignment: Callable[[], _core.SufficientStatistics],
) -> _core.Mixture:
    """Return the first mixture: the given parameters, and for the others the M-step of an assignment.

    The assignment is made only if it is needed, and its covariances are estimated only if they are.
    """
    weights, means, factors = given
    if weights is not None and means is not None and factors is not None:
        return _core.Mixture(weights, means, em.covariance_type, precisions_cholesky=factors)
    statistics = assignment()
    if factors is None:
        estimated = _core.m_step(statistics, em.covariance_type, em.reg_covar, prior=prior, n_threads=em.n_threads)
        if weights is None and means is None:
            return estimated
        return _core.Mixture(
            estimated.weights if weights is None else weights,
            estimated.means if means is None else means,
            em.covariance_type,
            covariances=estimated.covariances,
            precisions_cholesky=estimated.precisions_cholesky,
        )
    counts = statistics.counts
    if weights is None:
        weights = counts / counts.sum()
    if means is None:
        held = np.maximum(counts, np.finfo(np.float64).tiny)  # an empty component stays at its shift
        means = statistics.shifts + statistics.first_moments / held[:, np.newaxis]
    return _core.Mixture(weights, means, em.covariance_type, precisions_cholesky=factors)


def _of_labels(rows: Rows, labels: I32, n_components: int, covariance_type: str) -> _core.SufficientStatistics:
    """Return the statistics of rows that are assigned by labels."""
    X: Any = rows.X
    return _core.statistics_from_labels(X, labels, n_components, covariance_type, rows.sample_weight, rows.n_threads)


def given_assignment(
    assignment: I32 | RowArray, rows: Rows, n_components: int, covariance_type: str
) -> _core.SufficientStatistics:
    """Return the statistics of labels or responsibilities that the user gave."""
    given: Any = assignment
    if given.ndim == 1:
        return _of_labels(rows, given, n_components, covariance_type)
    return _core.statistics_from_responsibilities(rows.X, given, covariance_type, rows.sample_weight, rows.n_threads)


def _kmeans(rows: Rows, em: EMConfig, random: RandomSource) -> _core.SufficientStatistics:
    """Assign the rows by Lloyd's algorithm."""
    uniforms = random.uniform(_core.kmeans_draws(em.n_components))
    return _kmeans_from(rows, em.n_components, em.covariance_type, uniforms)


def _kmeans_from(rows: Rows, n_components: int, covariance_type: str, uniforms: F64) -> _core.SufficientStatistics:
    """Assign the rows by Lloyd's algorithm, from seeds that these numbers in [0, 1) choose."""
    clusters = _core.kmeans(
        rows.X,
        n_components,
        uniforms,
        rows.sample_weight,
        max_iter=KMEANS_MAX_ITER,
        tol=KMEANS_TOL,
        n_threads=rows.n_threads,
    )
    return _of_labels(rows, clusters.labels, n_components, covariance_type)


def _from_seeds(rows: Rows, indices: npt.NDArray[np.int64], covariance_type: str) -> _core.SufficientStatistics:
    """Give each component one row, which counts once whatever its weight is; the other rows have no part."""
    seeds: Any = rows.X[indices]
    labels = np.arange(len(indices), dtype=np.int32)
    return _core.statistics_from_labels(seeds, labels, len(indices), covariance_type, None, 1)


def _stream(rows: Rows, em: EMConfig, random: RandomSource) -> _core.SufficientStatistics:
    """Begin where EM of a sample ends, or with k-means of all rows where a sample is of no use."""
    return statistics_of_sample(rows, em, random) or _kmeans(rows, em, random)


def _kmeans_plus_plus(rows: Rows, em: EMConfig, random: RandomSource) -> _core.SufficientStatistics:
    """Start each component at a row, far from the others'."""
    uniforms = random.uniform(_core.kmeans_draws(em.n_components))
    indices = _core.kmeans_plus_plus(rows.X, em.n_components, uniforms, rows.sample_weight, rows.n_threads)
    return _from_seeds(rows, indices, em.covariance_type)


def _random_from_data(rows: Rows, em: EMConfig, random: RandomSource) -> _core.SufficientStatistics:
    """Start each component at a row, all rows of positive weight being equally likely."""
    if rows.sample_weight is None:
        return _from_seeds(rows, random.choose(len(rows.X), em.n_components), em.covariance_type)
    present = np.flatnonzero(rows.sample_weight)
    return _from_seeds(rows, present[random.choose(len(present), em.n_components)], em.covariance_type)


def _random(rows: Rows, em: EMConfig, random: RandomSource) -> _core.SufficientStatistics:
    """Give each row random responsibilities, chunk by chunk: they never stand in memory all at once."""
    n_components, covariance_type = em.n_components, em.covariance_type
    chunk = max(1, CHUNK_NUMBERS // n_components)
    total: _core.SufficientStatistics | None = None
    present = None if rows.sample_weight is None else np.flatnonzero(rows.sample_weight)
    for begin in range(0, rows.n_present, chunk):
        which: Any = slice(begin, begin + chunk)
        part = rows[which if present is None else present[which]]  # an absent row draws no numbers either
        responsibilities: npt.NDArray[Any] = random.uniform((len(part), n_components))
        responsibilities = responsibilities.astype(part.X.dtype, copy=False)
        responsibilities /= responsibilities.sum(axis=1, keepdims=True)
        statistics = given_assignment(responsibilities, part, n_components, covariance_type)
        total = statistics if total is None else total + statistics
    assert total is not None  # X has rows
    return total


def assignment_by_tree(
    tree: MergeTree, rows: Rows, n_components: int, covariance_type: str
) -> _core.SufficientStatistics:
    """Return the statistics of an assignment by a tree; rows outside the tree do not contribute.

    Parameters
    ----------
    tree : MergeTree
        Built of these rows, or some of them. It serves any number of components.
    rows : Rows
        The rows with their weights.
    n_components : int
        Number of components, at most ``tree.n_rows``.
    covariance_type : str
        Model whose M-step the statistics are for.
    """
    return _of_labels(rows[tree.rows], tree.labels(n_components), n_components, covariance_type)


def _hc(rows: Rows, em: EMConfig, random: RandomSource) -> _core.SufficientStatistics:
    """Assign the rows, or some of many, by model-based agglomerative clustering."""
    tree = tree_of_rows(rows, max_rows=max(MAX_ROWS, em.n_components), random=random)
    return assignment_by_tree(tree, rows, em.n_components, em.covariance_type)


def assignments_of_one_feature(
    rows: Rows, n_components: int, covariance_type: str
) -> list[Callable[[], _core.SufficientStatistics]]:
    """Return functions that make the assignments besides a tree that EM starts from, for rows of one feature.

    Trees and k-means give a heavy tail single rows, which then collapse; quantiles give it as many as the rest. Each of
    them leads to the best mixture of some data.

    Parameters
    ----------
    rows : Rows
        Rows of one feature.
    n_components : int
        Number of components.
    covariance_type : str
        Model whose M-step the statistics are for.
    """
    quantiles = quantile_assignments(rows.X[:, 0], rows.sample_weight, n_components)
    by_quantiles = [partial(_of_labels, rows, labels, n_components, covariance_type) for labels in quantiles]
    evenly: F64 = np.arange(0.5, _core.kmeans_draws(n_components)) * _GOLDEN % 1.0  # whatever the random state is
    return [*by_quantiles, partial(_kmeans_from, rows, n_components, covariance_type, evenly)]


def initial_assignments(
    init_params: str, rows: Rows, em: EMConfig, random: RandomSource, n_init: int
) -> list[Callable[[], _core.SufficientStatistics]]:
    """Return functions that make the initial assignments: `n_init` of them, and more for 'hc' of one feature.

    Parameters
    ----------
    init_params : str
        Key of `INITIALIZERS`.
    rows : Rows
        The rows with their weights.
    em : EMConfig
        Model whose M-step the statistics are for.
    random : RandomSource
        Source of random numbers.
    n_init : int
        Number of starts.
    """
    make = partial(INITIALIZERS[init_params], rows, em, random)
    more = init_params == "hc" and rows.X.shape[1] == 1
    return [make] * n_init + (assignments_of_one_feature(rows, em.n_components, em.covariance_type) if more else [])


# Values of `init_params` and their functions.
INITIALIZERS: dict[str, Callable[[Rows, EMConfig, RandomSource], _core.SufficientStatistics]] = {
    "kmeans": _kmeans,
    "stream": _stream,
    "hc": _hc,
    "k-means++": _kmeans_plus_plus,
    "random": _random,
    "random_from_data": _random_from_data,
}
