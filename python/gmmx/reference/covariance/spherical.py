"""Spherical covariances, lambda_k I, stored as one variance per component: VII (spherical, V) and EII (E)."""

from __future__ import annotations

import numpy as np

from gmmx.reference.checks import FloatArray
from gmmx.reference.covariance.diagonal import log_prob_of_axes
from gmmx.reference.covariance.family import CovarianceFamily
from gmmx.reference.covariance.precisions import require_positive
from gmmx.reference.covariance.volume_and_shape import VOLUME_AND_SHAPE


class Spherical(CovarianceFamily):
    """Each component has one variance, the same in all directions."""

    second_moment_form = "trace"

    def covariance_shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        return (n_components,)

    def second_moments(self, X: FloatArray, weighted_resp: FloatArray, shifts: FloatArray) -> FloatArray:
        return np.array(  # (50)
            [r @ np.sum((X - shift) ** 2, axis=1) for r, shift in zip(weighted_resp.T, shifts, strict=True)]
        )

    def m_step(
        self, scatter: FloatArray, counts: FloatArray, n_features: int, previous: FloatArray | None
    ) -> FloatArray:
        step = VOLUME_AND_SHAPE[2 * self.model[0]]  # one variance a component is one axis
        return step(scatter[:, np.newaxis] / n_features, counts)[:, 0]  # (33), (75)

    def prior_exponent(self, dof: float, n_features: int) -> float:
        return (dof + 2) / n_features  # (89)

    def prior_rows(self, scale: FloatArray, n_features: int) -> FloatArray:
        if scale.shape != () or not scale > 0:
            raise ValueError(f"the scale of a prior for {self.name!r} must be one positive number, got {scale}")
        rows: FloatArray = np.zeros((1, n_features))
        rows[0, 0] = np.sqrt(scale)
        return rows

    def precisions_cholesky(self, covariances: FloatArray) -> FloatArray:
        require_positive(covariances)
        return np.asarray(1.0 / np.sqrt(covariances))  # (52)

    def log_prob(self, X: FloatArray, means: FloatArray, precisions_cholesky: FloatArray) -> FloatArray:
        return log_prob_of_axes(X, means, np.tile(precisions_cholesky[:, np.newaxis], means.shape[1]))

    def principal_axes(
        self, covariances: FloatArray, n_components: int, n_features: int
    ) -> tuple[FloatArray, FloatArray]:
        variances = np.tile(covariances[:, np.newaxis], n_features)
        return variances, np.tile(np.eye(n_features), (n_components, 1, 1))


class OneFeature(Spherical):
    """The variances of a single feature."""

    one_feature_only = True


FAMILIES = (
    Spherical("spherical", "VII"),
    Spherical("EII", "EII"),
    Spherical("VII", "VII"),
    OneFeature("E", "EII"),
    OneFeature("V", "VII"),
)
