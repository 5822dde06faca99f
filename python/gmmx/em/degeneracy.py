"""Detection of fitted mixtures that do not describe their rows, in spite of a high likelihood.

The likelihood has no upper bound: a component that closes in on a few rows drives it up without end (equation (42) of
docs/theory.md). EM ends with an error once a covariance is singular; what stops just short of that is found here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmx import _core
from gmmx._covariance_shapes import as_matrices, feature_variances, has_axes, mclust_name
from gmmx.validation import F64, Rows

__all__ = ["Resolution", "degenerate_reason", "relative_widths", "rows_needed"]

# A deviation of this many spacings of floating-point numbers is rounding error.
_SPACINGS = 4


@dataclass(frozen=True)
class Resolution:
    """Which features of rows vary at all, and how fine their numbers are.

    Attributes
    ----------
    varies : ndarray of bool of shape (n_features,)
        Whether a feature is more than a constant and its rounding.
    epsilon : float
        Relative rounding of the type of the rows.
    """

    varies: npt.NDArray[np.bool_]
    epsilon: float

    @classmethod
    def of(cls, rows: Rows) -> Resolution:
        """Measure rows."""
        X: Any = rows.X
        one = np.zeros(len(X), dtype=np.int32)
        statistics = _core.statistics_from_labels(X, one, 1, "diag", rows.sample_weight, rows.n_threads)
        epsilon = float(np.finfo(X.dtype).eps)
        variances = statistics.second_moments[0] / statistics.counts[0]
        with np.errstate(over="ignore"):  # squares that overflow are refused later
            return cls(variances > (10 * epsilon * statistics.shifts[0]) ** 2, epsilon)


def rows_needed(covariance_type: str, n_features: int) -> int:
    """Return how many rows make the covariance of a component, where others do not help.

    Parameters
    ----------
    covariance_type : str
        Model of the covariances.
    n_features : int
        Number of features.

    Returns
    -------
    n_rows : int
        With fewer rows the covariance of a component is singular, or it has none of its own and is an outlier.

    Examples
    --------
    >>> rows_needed("VVV", 4), rows_needed("diag", 4), rows_needed("EEE", 4)
    (5, 2, 1)
    """
    volume, shape, orientation = tuple(mclust_name(covariance_type))
    if shape == orientation == "V":
        return n_features + 1
    return 2 if "V" in (volume, shape) else 1


def degenerate_reason(
    mixture: _core.Mixture,
    total_weight: float,
    reg_covar: float,
    resolution: Resolution,
    *,
    has_prior: bool = False,
    has_weights: bool = False,
) -> str:
    """Return what makes a fitted mixture degenerate, in words.

    Parameters
    ----------
    mixture : Mixture
        The mixture.
    total_weight : float
        Sum of the weights of the rows that it was fitted to.
    reg_covar : float
        What was added to its variances: a component that only this keeps from collapse counts as collapsed.
    resolution : Resolution
        That of the rows.
    has_prior : bool, default=False
        Whether it was fitted with a prior, which stands in for rows.
    has_weights : bool, default=False
        Whether rows have weights, which then count, not the rows.

    Returns
    -------
    reason : str
        The worst component and what is wrong with it; empty if nothing is.
    """
    if mixture.n_parameters >= total_weight * mixture.n_features:
        rows = "" if has_weights else f"{total_weight:g} "
        weights = f", whose weights sum to {total_weight:g}" if has_weights else ""
        return f"it has {mixture.n_parameters} parameters for {rows}rows of {mixture.n_features}{weights}"
    counts = mixture.weights * total_weight
    smallest = int(np.argmin(counts))
    needed = 1 if has_prior else rows_needed(mixture.covariance_type, mixture.n_features)
    if counts[smallest] < needed * (1.0 - 1e-6):  # one row that belongs to no other component may lack a trace of it
        amount = "of sample_weight" if has_weights else "rows"
        held = f"{counts[smallest]:.3g}"
        if float(held) >= needed:  # rounded up
            held = f"{counts[smallest]:.7g}"
        return f"component {smallest} holds {held} {amount}, of {needed} that its covariance needs"
    widths = relative_widths(mixture, reg_covar, resolution)
    narrowest = int(np.argmin(widths))
    if widths[narrowest] < 10 * mixture.n_features * resolution.epsilon:
        return f"the covariance of component {narrowest} is singular to working precision"
    return ""


def relative_widths(mixture: _core.Mixture, reg_covar: float, resolution: Resolution) -> F64:
    """Return how far each component is from singular: the least eigenvalue of its correlations, without `reg_covar`.

    A component is judged by itself, so that it may be as narrow beside others as the numbers of its own rows can tell.
    Constant features are left out.

    Parameters
    ----------
    mixture : Mixture
        The mixture.
    reg_covar : float
        What was added to its variances. Where they are little more, the widths are as much less.
    resolution : Resolution
        That of the rows it was fitted to.

    Returns
    -------
    widths : ndarray of float64 of shape (n_components,)
        At most 1. 0: in some feature the component is a single value and its rounding.
    """
    varies = resolution.varies
    if not varies.any():  # all rows are equal
        return np.zeros(mixture.n_components)
    shape = mixture.covariance_type, mixture.n_components, mixture.n_features
    regularised = feature_variances(mixture.covariances, *shape)[:, varies]
    variances = regularised - reg_covar
    is_point = variances <= (_SPACINGS * _spacings(mixture, resolution)) ** 2
    deviations = np.sqrt(np.where(is_point, np.inf, variances))
    share = (1.0 - reg_covar / np.where(is_point, 1.0, regularised)).min(axis=1)
    if not has_axes(mixture.covariance_type):
        return np.where(is_point.any(axis=1), 0.0, share)
    matrices = as_matrices(mixture.covariances, *shape)[:, varies, :][:, :, varies]
    correlations = matrices / deviations[:, :, np.newaxis] / deviations[:, np.newaxis, :]
    diagonal = np.arange(correlations.shape[1])
    correlations[:, diagonal, diagonal] = 1.0
    return np.where(is_point.any(axis=1), 0.0, np.linalg.eigvalsh(correlations)[:, 0] * share)


def _spacings(mixture: _core.Mixture, resolution: Resolution) -> F64:
    """Return the spacing of floating-point numbers near each component, in the features that vary."""
    magnitudes = np.abs(mixture.means[:, resolution.varies])
    if rows_needed(mixture.covariance_type, mixture.n_features) == 1:  # variances come of all components
        magnitudes = magnitudes.min(axis=0, keepdims=True)
    return resolution.epsilon * magnitudes
