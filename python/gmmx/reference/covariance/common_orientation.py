"""All components have the same axes: EEE (tied), VEE, EVE and VVE."""

from __future__ import annotations

import numpy as np

from gmmx.reference.checks import FloatArray
from gmmx.reference.covariance.axes import (
    FIRST_SWEEPS,
    along_axes,
    joint_axes,
    own_axes,
    rotate_to_minimum,
    variances_along,
)
from gmmx.reference.covariance.matrices import OneEach, OneForAll
from gmmx.reference.covariance.precisions import (
    NOISE,
    SHARED,
    cholesky_of_precision,
    is_collapsed,
    require_positive,
    unexplained_shares,
)
from gmmx.reference.covariance.volume_and_shape import (
    MAX_ITERATIONS,
    TOLERANCE,
    VOLUME_AND_SHAPE,
    flatness,
    have_run_away,
)
from gmmx.reference.errors import CollapsedComponentError

SAFETY = 64  # by how much a matrix is further from singular than what has collapsed


class Tied(OneForAll):
    """All components share one covariance matrix."""

    def m_step(
        self, scatter: FloatArray, counts: FloatArray, n_features: int, previous: FloatArray | None
    ) -> FloatArray:
        return scatter  # (31)


class Proportional(OneEach):
    """The covariance matrices differ only in volume."""

    def m_step(
        self, scatter: FloatArray, counts: FloatArray, n_features: int, previous: FloatArray | None
    ) -> FloatArray:
        used = counts > 0
        volumes = np.trace(scatter, axis1=1, axis2=2) / n_features
        require_positive(volumes)
        for _ in range(MAX_ITERATIONS):
            B = np.einsum("k,kij->ij", counts / volumes, scatter)
            U = cholesky_of_precision(B, SHARED)
            if is_nearly_singular(B, U) and any(is_collapsed(C) for C in scatter[used]):
                raise CollapsedComponentError(SHARED)
            scale = np.exp(-2.0 * np.mean(np.log(np.diag(U))))  # |B|^(1/d)
            B, U = B / scale, U * np.sqrt(scale)  # (81)
            previous_volumes, volumes = volumes, np.sum((scatter @ U) * U, axis=(1, 2)) / n_features  # (80)
            if np.max(np.abs(np.log(volumes[used] / previous_volumes[used]))) <= TOLERANCE:
                break
        else:
            if have_run_away(volumes[used]) and any(is_collapsed(C) for C in scatter[used]):
                raise CollapsedComponentError(SHARED)
        return np.asarray(volumes[:, np.newaxis, np.newaxis] * B)


def is_nearly_singular(matrix: FloatArray, U: FloatArray) -> bool:
    """Return whether a matrix with precision U U^T is so close to singular that rounding could soon stop a search."""
    return bool(unexplained_shares(matrix, U).min() <= SAFETY * NOISE * len(matrix))


class CommonAxes(OneEach):
    """The axes are shared; the axes and the variances along them are optimised in turn."""

    def m_step(
        self, scatter: FloatArray, counts: FloatArray, n_features: int, previous: FloatArray | None
    ) -> FloatArray:
        step = VOLUME_AND_SHAPE[self.model[:2]]

        def objective(axes: FloatArray) -> float:
            return float(counts @ np.sum(np.log(step(variances_along(scatter, axes), counts)), axis=1))  # (82)

        if previous is not None:
            start = joint_axes(previous)
        else:
            starts = (rotate_to_minimum(scatter, counts, axes, step, FIRST_SWEEPS) for axes in _starts(scatter, counts))
            start = min(starts, key=objective)
        axes = rotate_to_minimum(scatter, counts, start, step)
        variances = variances_along(scatter, axes)
        require_axes_to_show(variances, counts)
        return along_axes(step(variances, counts), axes)


def require_axes_to_show(variances: FloatArray, counts: FloatArray) -> None:
    """Raise CollapsedComponentError if a component is flatter than the accuracy of the axes allows."""
    flat = (flatness(variances, counts) < (NOISE * variances.shape[1]) ** 2) & (counts > 0)
    if flat.any():
        raise CollapsedComponentError(int(np.argmax(flat)))


def _starts(scatter: FloatArray, counts: FloatArray) -> list[FloatArray]:
    """Return the initial axes: those of the features, of the pooled scatter and of each component."""
    traces = np.trace(scatter, axis1=1, axis2=2)
    shares = np.where(traces > 0, counts, 0.0) / np.where(traces > 0, traces, 1.0)
    pooled = np.einsum("k,kij->ij", shares, scatter)[np.newaxis]
    return [np.eye(scatter.shape[1]), *own_axes(np.concatenate([pooled, scatter[counts > 0]]))[1]]


FAMILIES = (
    Tied("tied", "EEE"),
    Tied("EEE", "EEE"),
    Proportional("VEE", "VEE"),
    CommonAxes("EVE", "EVE"),
    CommonAxes("VVE", "VVE"),
)
