"""Stored covariance matrices: one per component, or one for all."""

from __future__ import annotations

import numpy as np

from gmmx.reference.checks import LOG_2_PI, FloatArray
from gmmx.reference.covariance.axes import descending, joint_axes, own_axes, variances_along, with_fixed_signs
from gmmx.reference.covariance.family import CovarianceFamily
from gmmx.reference.covariance.precisions import SHARED, cholesky_of_precision


def log_prob_of_matrices(X: FloatArray, means: FloatArray, precisions_cholesky: FloatArray) -> FloatArray:
    """Return log N(x_n | mu_k, Sigma_k), given U of shape (K, d, d)."""
    n_features = means.shape[1]
    result = np.empty((len(X), len(means)))
    for k, (mean, U) in enumerate(zip(means, precisions_cholesky, strict=True)):
        y = (X - mean) @ U
        result[:, k] = (  # (53)
            np.log(np.diag(U)).sum() - 0.5 * n_features * LOG_2_PI - 0.5 * np.sum(y**2, axis=1)
        )
    return result


def second_moment_matrices(X: FloatArray, weighted_resp: FloatArray, shifts: FloatArray) -> FloatArray:
    """Return S_k of shape (K, d, d)."""
    K, d = shifts.shape
    moments = np.empty((K, d, d))
    for k in range(K):  # (46); the root on both sides makes the product exactly symmetric
        scaled = np.sqrt(weighted_resp[:, k, np.newaxis]) * (X - shifts[k])
        moments[k] = scaled.T @ scaled
    return moments


def axes_in_common(matrices: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the variances of matrices along their common axes, and the axes of each."""
    axes = joint_axes(matrices)
    variances = variances_along(matrices, axes)
    order = descending(np.mean(np.log(variances), axis=0))
    return variances[:, order], np.tile(with_fixed_signs(axes[:, order]), (len(matrices), 1, 1))


class Matrices(CovarianceFamily):
    """Covariance matrices whose axes are not the features."""

    def prior_exponent(self, dof: float, n_features: int) -> float:
        return dof + n_features + 1  # (89)

    def prior_rows(self, scale: FloatArray, n_features: int) -> FloatArray:
        scale = scale * np.eye(n_features) if scale.shape == () else scale
        wanted = f"a positive number or a positive definite matrix of shape {(n_features, n_features)}"
        if scale.shape != (n_features, n_features) or not np.array_equal(scale, scale.T):
            raise ValueError(
                f"the scale of a prior for {self.name!r} must be {wanted}, got shape {scale.shape}: {scale}"
            )
        try:
            return np.asarray(np.linalg.cholesky(scale).T)
        except np.linalg.LinAlgError:
            raise ValueError(f"the scale of a prior for {self.name!r} must be {wanted}, got {scale}") from None


class OneForAll(Matrices):
    """All components have the same covariance matrix."""

    second_moment_form = "pooled"

    def covariance_shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        return (n_features, n_features)

    def second_moments(self, X: FloatArray, weighted_resp: FloatArray, shifts: FloatArray) -> FloatArray:
        return np.asarray(second_moment_matrices(X, weighted_resp, shifts).sum(axis=0))  # (50)

    def precisions_cholesky(self, covariances: FloatArray) -> FloatArray:
        return cholesky_of_precision(covariances, SHARED)

    def log_prob(self, X: FloatArray, means: FloatArray, precisions_cholesky: FloatArray) -> FloatArray:
        return log_prob_of_matrices(X, means, np.tile(precisions_cholesky, (len(means), 1, 1)))

    def principal_axes(
        self, covariances: FloatArray, n_components: int, n_features: int
    ) -> tuple[FloatArray, FloatArray]:
        return axes_in_common(np.tile(covariances, (n_components, 1, 1)))


class OneEach(Matrices):
    """Each component has a covariance matrix."""

    second_moment_form = "full"

    def covariance_shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        return (n_components, n_features, n_features)

    def second_moments(self, X: FloatArray, weighted_resp: FloatArray, shifts: FloatArray) -> FloatArray:
        return second_moment_matrices(X, weighted_resp, shifts)

    def precisions_cholesky(self, covariances: FloatArray) -> FloatArray:
        return np.stack([cholesky_of_precision(sigma, k) for k, sigma in enumerate(covariances)])

    def log_prob(self, X: FloatArray, means: FloatArray, precisions_cholesky: FloatArray) -> FloatArray:
        return log_prob_of_matrices(X, means, precisions_cholesky)

    def principal_axes(
        self, covariances: FloatArray, n_components: int, n_features: int
    ) -> tuple[FloatArray, FloatArray]:
        if self.model[2] == "E":
            return axes_in_common(covariances)
        variances, axes = own_axes(covariances)
        return variances, np.stack([with_fixed_signs(a) for a in axes])
