"""Diagonal covariances, stored as their diagonals: VVI (diag), EEI, VEI and EVI."""

from __future__ import annotations

import numpy as np

from gmmx.reference.checks import LOG_2_PI, FloatArray
from gmmx.reference.covariance.family import CovarianceFamily
from gmmx.reference.covariance.precisions import require_positive
from gmmx.reference.covariance.volume_and_shape import VOLUME_AND_SHAPE


def log_prob_of_axes(X: FloatArray, means: FloatArray, inverse_deviations: FloatArray) -> FloatArray:
    """Return log N(x_n | mu_k, Sigma_k) for covariances whose axes are the features."""
    n_features = means.shape[1]
    result = np.empty((len(X), len(means)))
    for k, (mean, u) in enumerate(zip(means, inverse_deviations, strict=True)):
        y = (X - mean) * u
        result[:, k] = np.log(u).sum() - 0.5 * n_features * LOG_2_PI - 0.5 * np.sum(y**2, axis=1)  # (53)
    return result


class Diagonal(CovarianceFamily):
    """Each component has a diagonal covariance matrix: the axes are the features."""

    second_moment_form = "diagonal"

    def covariance_shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        return (n_components, n_features)

    def second_moments(self, X: FloatArray, weighted_resp: FloatArray, shifts: FloatArray) -> FloatArray:
        return np.stack([r @ (X - shift) ** 2 for r, shift in zip(weighted_resp.T, shifts, strict=True)])  # (50)

    def m_step(
        self, scatter: FloatArray, counts: FloatArray, n_features: int, previous: FloatArray | None
    ) -> FloatArray:
        return VOLUME_AND_SHAPE[self.model[:2]](scatter, counts)  # (32), (75) to (78)

    def prior_exponent(self, dof: float, n_features: int) -> float:
        return dof + 2  # (89)

    def prior_rows(self, scale: FloatArray, n_features: int) -> FloatArray:
        if scale.shape not in ((), (n_features,)) or not np.all(scale > 0):
            raise ValueError(
                f"the scale of a prior for {self.name!r} must be a positive number or {n_features} of them, one a"
                f" feature, got shape {scale.shape}: {scale}"
            )
        return np.diag(np.sqrt(np.broadcast_to(scale, n_features)))

    def precisions_cholesky(self, covariances: FloatArray) -> FloatArray:
        require_positive(covariances)
        return np.asarray(1.0 / np.sqrt(covariances))  # (52)

    def log_prob(self, X: FloatArray, means: FloatArray, precisions_cholesky: FloatArray) -> FloatArray:
        return log_prob_of_axes(X, means, precisions_cholesky)

    def principal_axes(
        self, covariances: FloatArray, n_components: int, n_features: int
    ) -> tuple[FloatArray, FloatArray]:
        return covariances, np.tile(np.eye(n_features), (n_components, 1, 1))


FAMILIES = (
    Diagonal("diag", "VVI"),
    Diagonal("EEI", "EEI"),
    Diagonal("VEI", "VEI"),
    Diagonal("EVI", "EVI"),
    Diagonal("VVI", "VVI"),
)
