"""The mixture behind a picture: marginals with full covariances, densities and regions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from gmmx._covariance_shapes import as_matrices

FloatArray = npt.NDArray[np.float64]

_POINTS_PER_COMPONENT = 4_000
_GOLDEN_ANGLE = np.pi * (3.0 - np.sqrt(5.0))


class FittedMixture(Protocol):
    """Interface of a fitted estimator that pictures need, of gmmx or scikit-learn."""

    covariance_type: str
    weights_: Any
    means_: Any
    covariances_: Any

    def predict_proba(self, X: Any, /) -> Any: ...


@dataclass(frozen=True)
class FullMixture:
    """Weights (n_components,), means (n_components, n_features) and full covariances of a mixture."""

    weights: FloatArray
    means: FloatArray
    covariances: FloatArray

    @classmethod
    def of(cls, model: FittedMixture) -> FullMixture:
        """Return a fitted model's parameters."""
        means = np.asarray(model.means_, dtype=np.float64)
        covariances = as_matrices(np.asarray(model.covariances_, dtype=np.float64), model.covariance_type, *means.shape)
        return cls(np.asarray(model.weights_, dtype=np.float64), means, covariances)

    def marginal(self, columns: Sequence[int]) -> FullMixture:
        """Keep some columns."""
        index = np.asarray(columns, dtype=np.intp)
        return FullMixture(self.weights, self.means[:, index], self.covariances[:, index[:, np.newaxis], index])

    def deviations(self) -> FloatArray:
        """Return the standard deviation of each component in each column, (n_components, n_features)."""
        return np.sqrt(np.diagonal(self.covariances, axis1=1, axis2=2))

    def weighted_log_prob(self, points: FloatArray) -> FloatArray:
        """Return the log-density of each component times its weight, (n_components, n_points); (1) of the theory."""
        n_features = points.shape[1]
        result = np.full((len(self.weights), len(points)), -np.inf)
        for k in np.flatnonzero(self.weights > 0):
            cholesky = np.linalg.cholesky(self.covariances[k])
            whitened = np.linalg.solve(cholesky, (points - self.means[k]).T)
            log_scale = 0.5 * n_features * np.log(2 * np.pi) + np.log(np.diag(cholesky)).sum()
            result[k] = np.log(self.weights[k]) - log_scale - 0.5 * (whitened**2).sum(axis=0)
        return result

    def log_density(self, points: FloatArray) -> FloatArray:
        """Return the log-density of the mixture, (n_points,)."""
        return np.asarray(np.logaddexp.reduce(self.weighted_log_prob(points), axis=0))

    def log_density_on(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """Return the log-density of a mixture of two columns on a grid, (len(y), len(x))."""
        return self.log_density(np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)).reshape(len(y), len(x))


def coverage_radius(coverage: float) -> float:
    """Return the Mahalanobis radius of an ellipse with given coverage.

    Parameters
    ----------
    coverage : float
        Fraction of the mass of a two-dimensional normal distribution in the ellipse, from 0 to less than 1.

    Returns
    -------
    float
        The square root of the chi-square quantile with two degrees of freedom, sqrt(-2 log(1 - coverage)).

    Raises
    ------
    ValueError
        If `coverage` is not a number from 0 to less than 1.

    Examples
    --------
    >>> from gmmx.plot import coverage_radius
    >>> round(coverage_radius(0.9), 4)
    2.146
    """
    if not (isinstance(coverage, Real) and 0.0 <= coverage < 1.0):
        raise ValueError(f"coverage is {coverage!r}, but must be a number from 0 to less than 1. Give 0.95.")
    return float(np.sqrt(-2.0 * np.log1p(-coverage)))


def region_log_levels(mixture: FullMixture, coverage: Sequence[float]) -> FloatArray:
    """Return the log-densities that bound regions with given parts of the mass of a mixture of two columns.

    Points of equal mass on a spiral represent each component instead of random rows, so the levels do not depend on a
    seed.
    """
    index = np.arange(_POINTS_PER_COMPONENT)
    radius = np.sqrt(-2.0 * np.log1p(-(index + 0.5) / _POINTS_PER_COMPONENT))
    angle = index * _GOLDEN_ANGLE
    disc = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)
    factors = np.linalg.cholesky(mixture.covariances)
    points = mixture.means[:, np.newaxis] + disc @ np.swapaxes(factors, 1, 2)
    log_density = mixture.log_density(points.reshape(-1, 2))
    falling = np.argsort(-log_density)
    mass = np.cumsum(np.repeat(mixture.weights, _POINTS_PER_COMPONENT)[falling])
    where = np.searchsorted(mass, np.asarray(coverage) * mass[-1])
    levels: FloatArray = log_density[falling][np.minimum(where, len(falling) - 1)]
    return levels


def separations(mixture: FullMixture) -> FloatArray:
    """Return the separation of the components in each column, from 0 (equal) to 1.

    This is the squared Hellinger distance of the marginals of two different components, averaged over pairs drawn
    independently by the weights. A mixture with one component has zeros.
    """
    weights, means, variances = mixture.weights, mixture.means, mixture.deviations() ** 2
    total, of_pairs = np.zeros(means.shape[1]), 0.0
    for k in range(1, len(weights)):
        both = variances[:k] + variances[k]
        affinity = np.sqrt(2.0 * np.sqrt(variances[:k] * variances[k]) / both)
        affinity *= np.exp(-((means[:k] - means[k]) ** 2) / (4.0 * both))
        total += weights[k] * (weights[:k] @ (1.0 - affinity))
        of_pairs += weights[k] * weights[:k].sum()
    return total / of_pairs if of_pairs > 0.0 else total


def separating_columns(mixture: FullMixture, rows: npt.NDArray[Any], most: int) -> list[int]:
    """Return at most this many columns, in ascending order, those that separate the components most.

    Constant columns are excluded, unless all columns are constant.
    """
    n_features = mixture.means.shape[1]
    varies = np.ptp(rows, axis=0) > 0.0 if len(rows) else np.ones(n_features, dtype=bool)
    if n_features <= 2 or not varies.any():
        return list(range(min(n_features, most)))
    candidates = np.flatnonzero(varies)
    order = np.argsort(-separations(mixture)[candidates], kind="stable")
    return sorted(int(column) for column in candidates[order[:most]])
