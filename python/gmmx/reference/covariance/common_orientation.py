"""All components have the same axes: EEE (tied), VEE, EVE and VVE."""

from __future__ import annotations

import numpy as np

from gmmx.reference.covariance.axes import along_axes, joint_axes, own_axes, rotate_to_minimum, variances_along
from gmmx.reference.covariance.matrices import OneEach, OneForAll
from gmmx.reference.covariance.precisions import SHARED, cholesky_of_precision, require_positive
from gmmx.reference.covariance.volume_and_shape import MAX_ITERATIONS, TOLERANCE, VOLUME_AND_SHAPE
from gmmx.reference.inputs import FloatArray


class Tied(OneForAll):
    """All components share one covariance matrix."""

    def m_step(
        self, scatter: FloatArray, counts: FloatArray, n_features: int, previous: FloatArray | None
    ) -> FloatArray:
        return scatter  # (31)


class Proportional(OneEach):
    """The covariance matrices differ in volume alone."""

    def m_step(
        self, scatter: FloatArray, counts: FloatArray, n_features: int, previous: FloatArray | None
    ) -> FloatArray:
        used = counts > 0
        volumes = np.trace(scatter, axis1=1, axis2=2) / n_features
        require_positive(volumes)
        for _ in range(MAX_ITERATIONS):
            B = np.einsum("k,kij->ij", counts / volumes, scatter)
            U = cholesky_of_precision(B, SHARED)
            scale = np.exp(-2.0 * np.mean(np.log(np.diag(U))))  # |B|^(1/d)
            B, U = B / scale, U * np.sqrt(scale)  # (81)
            previous_volumes, volumes = volumes, np.sum((scatter @ U) * U, axis=(1, 2)) / n_features  # (80)
            if np.max(np.abs(np.log(volumes[used] / previous_volumes[used]))) <= TOLERANCE:
                break
        return np.asarray(volumes[:, np.newaxis, np.newaxis] * B)


class CommonAxes(OneEach):
    """The axes are shared; they and the variances along them are found in turn."""

    def m_step(
        self, scatter: FloatArray, counts: FloatArray, n_features: int, previous: FloatArray | None
    ) -> FloatArray:
        step = VOLUME_AND_SHAPE[self.model[:2]]
        best, least = None, np.inf
        for start in self._starts(scatter, counts, previous):
            axes = rotate_to_minimum(scatter, counts, start, step)
            variances = step(variances_along(scatter, axes), counts)
            objective = counts @ np.sum(np.log(variances), axis=1)  # (82)
            if best is None or objective < least:
                best, least = along_axes(variances, axes), objective
        assert best is not None
        return best

    @staticmethod
    def _starts(scatter: FloatArray, counts: FloatArray, previous: FloatArray | None) -> list[FloatArray]:
        """Return the axes to begin at: the previous ones, or those of the pooled scatter and of each component."""
        if previous is not None:
            return [joint_axes(previous)]
        pooled = np.einsum("k,kij->ij", counts, scatter)[np.newaxis]
        return list(own_axes(np.concatenate([pooled, scatter[counts > 0]]))[1])


FAMILIES = (
    Tied("tied", "EEE"),
    Tied("EEE", "EEE"),
    Proportional("VEE", "VEE"),
    CommonAxes("EVE", "EVE"),
    CommonAxes("VVE", "VVE"),
)
