"""Checks and conversion of the arguments that functions share."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

EPSILON = float(np.finfo(np.float64).eps)
LOG_2_PI = float(np.log(2.0 * np.pi))


def checked_rows(X: ArrayLike, n_features: int | None = None) -> FloatArray:
    """Return X as a float64 matrix, or raise an error."""
    rows = np.asarray(X, dtype=np.float64)
    if rows.ndim != 2:
        raise ValueError(f"X must have shape (n_samples, n_features), got {rows.shape}")
    if n_features is not None and rows.shape[1] != n_features:
        raise ValueError(f"X has {rows.shape[1]} features, the mixture has {n_features}")
    return rows


def checked_weights(sample_weight: ArrayLike | None, n_samples: int) -> FloatArray:
    """Return the sample weights as a float64 vector, ones for None."""
    if sample_weight is None:
        return np.ones(n_samples)
    w = np.asarray(sample_weight, dtype=np.float64)
    if w.shape != (n_samples,):
        raise ValueError(f"sample_weight must have shape ({n_samples},), one number a row, got {w.shape}")
    if not np.all(np.isfinite(w)) or np.any(w < 0):
        raise ValueError("sample_weight must be finite and not negative")
    return w
