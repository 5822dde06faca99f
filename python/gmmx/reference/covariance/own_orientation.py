"""Each component has its own axes: VVV (full), EEV, VEV and EVV."""

from __future__ import annotations

import numpy as np

from gmmx.reference.checks import FloatArray
from gmmx.reference.covariance.axes import along_axes, own_axes
from gmmx.reference.covariance.matrices import OneEach
from gmmx.reference.covariance.volume_and_shape import VOLUME_AND_SHAPE, common_volume


class Unrestricted(OneEach):
    """Each component has its own covariance matrix."""

    def m_step(
        self, scatter: FloatArray, counts: FloatArray, n_features: int, previous: FloatArray | None
    ) -> FloatArray:
        return scatter  # (26)


class EqualVolume(OneEach):
    """Each component has its own covariance matrix, all with the same volume."""

    def m_step(
        self, scatter: FloatArray, counts: FloatArray, n_features: int, previous: FloatArray | None
    ) -> FloatArray:
        log_diagonals = np.log(np.einsum("kii->ki", self.precisions_cholesky(scatter)))
        own_volumes = np.exp(-2.0 * np.mean(log_diagonals, axis=1))  # |C_k|^(1/d)
        volume = common_volume(own_volumes, counts, np.einsum("kii->ki", scatter))
        return np.asarray(scatter * (volume / own_volumes)[:, np.newaxis, np.newaxis])


class EqualShape(OneEach):
    """The axes of each component are those of its scatter; the shape is shared."""

    def m_step(
        self, scatter: FloatArray, counts: FloatArray, n_features: int, previous: FloatArray | None
    ) -> FloatArray:
        variances, axes = own_axes(scatter)
        axes[counts == 0] = np.eye(n_features)  # an empty component has no axes: any will do
        return along_axes(VOLUME_AND_SHAPE[self.model[:2]](variances, counts), axes)  # (79)


FAMILIES = (
    Unrestricted("full", "VVV"),
    EqualShape("EEV", "EEV"),
    EqualShape("VEV", "VEV"),
    EqualVolume("EVV", "EVV"),
    Unrestricted("VVV", "VVV"),
)
