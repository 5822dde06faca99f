"""Factored precisions, and the test for a collapse."""

from __future__ import annotations

import numpy as np

from gmmx.reference.checks import EPSILON, FloatArray
from gmmx.reference.errors import CollapsedComponentError

# A collapse of a covariance that all components share is reported with this index.
SHARED = -1

NOISE = 4 * EPSILON  # of d features: the share of a feature's variance that rounding may leave unexplained by others

LEAST_VARIANCE = 2.0**-1000  # of rows that differ by numbers that have no squares


def cholesky_of_precision(covariance: FloatArray, component: int) -> FloatArray:
    """Return the upper triangular U = L^-T of one covariance Sigma = L L^T."""
    try:
        L = np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError:
        raise CollapsedComponentError(component) from None
    if not np.all(np.isfinite(L)):
        raise CollapsedComponentError(component)
    inverse: FloatArray = np.eye(len(L))
    for i in range(len(L)):  # forward substitution, row by row: L @ inverse = identity
        inverse[i] = (inverse[i] - L[i, :i] @ inverse[:i]) / L[i, i]
    upper: FloatArray = inverse.T  # (52)
    if not np.all(unexplained_shares(covariance, upper) > NOISE * len(L)) or not np.all(
        np.diag(covariance) >= LEAST_VARIANCE
    ):
        raise CollapsedComponentError(component)
    return upper


def unexplained_shares(covariance: FloatArray, U: FloatArray) -> FloatArray:
    """Return each feature's variance given all others, as a share of its own; the precision is U U^T (section 12)."""
    return np.asarray(1.0 / (np.diag(covariance) * np.sum(U**2, axis=1)))


def is_collapsed(covariance: FloatArray) -> bool:
    """Return whether the matrix is singular to working precision."""
    try:
        cholesky_of_precision(covariance, SHARED)
    except CollapsedComponentError:
        return True
    return False


def require_positive(variances: FloatArray, shared: bool = False) -> None:
    """Raise CollapsedComponentError unless all variances, whose first axis is the component, are positive."""
    collapsed = ~(np.isfinite(variances) & (variances >= LEAST_VARIANCE)).reshape(len(variances), -1).all(axis=1)
    if collapsed.any():
        raise CollapsedComponentError(SHARED if shared else int(np.argmax(collapsed)))
