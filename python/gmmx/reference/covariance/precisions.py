"""Factored precisions, and the test for a collapse."""

from __future__ import annotations

import numpy as np

from gmmx.reference.errors import CollapsedComponentError
from gmmx.reference.inputs import FloatArray

SHARED = -1
"""The index that a collapse of what all components share is reported with."""


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
    return upper


def require_positive(variances: FloatArray, shared: bool = False) -> None:
    """Raise the error of a collapse unless all variances, whose first axis is the component, are positive."""
    collapsed = ~(np.isfinite(variances) & (variances > 0)).reshape(len(variances), -1).all(axis=1)
    if collapsed.any():
        raise CollapsedComponentError(SHARED if shared else int(np.argmax(collapsed)))
