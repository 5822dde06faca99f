"""The volume-and-shape step: variances along known axes, for each pair of letters in a model's name.

Every step takes the variances v_kj of the components along their axes and the weights N_k of the components, and
returns the variances L_kj = lambda_k a_kj, prod_j a_kj = 1, of the model that minimise sum_k N_k sum_j (log L_kj + v_kj
/ L_kj), equation (74) of docs/theory.md. Components with weight 0 do not affect what is shared. The first letter of a
name refers to the volumes lambda_k, the second to the shapes a_k: E equal, V variable.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gmmx.reference.checks import EPSILON, FloatArray
from gmmx.reference.covariance.precisions import NOISE, SHARED, require_positive
from gmmx.reference.errors import CollapsedComponentError

MAX_ITERATIONS = 1000
TOLERANCE = 1e-13  # of the logarithms of the volumes: the objective stands still long before


def geometric_means(variances: FloatArray) -> FloatArray:
    """Return the d-th root of the product of each row."""
    return np.asarray(np.exp(np.mean(np.log(variances), axis=-1)))


def equal_volume_equal_shape(variances: FloatArray, counts: FloatArray) -> FloatArray:
    """EE: one set of variances for all."""
    common = counts @ variances / counts.sum()  # (75)
    require_positive(common[np.newaxis], shared=True)
    return np.tile(common, (len(variances), 1))


def variable_volume_equal_shape(variances: FloatArray, counts: FloatArray) -> FloatArray:
    """VE: optimise the volumes for the shape and the shape for the volumes in turn."""
    used = counts > 0
    volumes = variances.mean(axis=1)
    require_positive(volumes)
    for _ in range(MAX_ITERATIONS):
        shape = (counts / volumes) @ variances
        if not np.all(np.isfinite(shape) & (shape > 0)):
            raise CollapsedComponentError(SHARED)
        shape /= geometric_means(shape)  # (77)
        previous, volumes = volumes, (variances / shape).mean(axis=1)  # (76)
        if np.max(np.abs(np.log(volumes[used] / previous[used]))) <= TOLERANCE:
            break
    else:
        flat = flatness(variances, counts)[used] <= NOISE * variances.shape[1]
        if np.any(flat) and have_run_away(volumes[used]):
            raise CollapsedComponentError(SHARED)
    return np.asarray(volumes[:, np.newaxis] * shape)


def have_run_away(volumes: FloatArray) -> bool:
    """Return whether volumes that did not converge are further apart than at any maximum."""
    return bool(volumes.min() < EPSILON**0.5 * volumes.max())


def flatness(variances: FloatArray, counts: FloatArray) -> FloatArray:
    """Return the ratio of smallest to largest variance of each component, in units of the mean over components."""
    relative = variances / (counts @ variances)
    return np.asarray(relative.min(axis=1) / relative.max(axis=1))


def common_volume(own_volumes: FloatArray, counts: FloatArray, variances: FloatArray) -> float:
    """Return the common volume, unless a component without extent along an axis would become unbounded."""
    volume = float(counts @ own_volumes / counts.sum())  # (78)
    flat = flatness(variances, counts) < EPSILON
    collapsed = (own_volumes < EPSILON**0.5 * volume) & flat & (counts > 0)
    if collapsed.any():
        raise CollapsedComponentError(int(np.argmax(collapsed)))
    return volume


def equal_volume_variable_shape(variances: FloatArray, counts: FloatArray) -> FloatArray:
    """EV: separate shapes, scaled to a common volume."""
    require_positive(variances)
    own_volumes = geometric_means(variances)
    return np.asarray(variances * (common_volume(own_volumes, counts, variances) / own_volumes)[:, np.newaxis])


def variable_volume_variable_shape(variances: FloatArray, counts: FloatArray) -> FloatArray:
    """VV: the variances without change."""
    require_positive(variances)
    return variances


VOLUME_AND_SHAPE: dict[str, Callable[[FloatArray, FloatArray], FloatArray]] = {
    "EE": equal_volume_equal_shape,
    "VE": variable_volume_equal_shape,
    "EV": equal_volume_variable_shape,
    "VV": variable_volume_variable_shape,
}
