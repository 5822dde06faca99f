"""When a fitted mixture is no sound description of its rows, however high its likelihood.

The likelihood has no upper bound: a component that closes in on a few rows drives it up without end (equation (42) of
docs/theory.md). EM ends with an error once a covariance is singular; what stops just short of that is found here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gmmx import _core
from gmmx.covariances import as_matrices, letters
from gmmx.validation import F64, WeightedRows

__all__ = ["DataScale", "flaw_of", "rows_needed"]


@dataclass(frozen=True)
class DataScale:
    """How wide the data are, and how fine their numbers.

    Attributes
    ----------
    variances : ndarray of shape (n_features,)
        Of the features over all rows; 0 for a constant.
    epsilon : float
        Relative rounding of the type of the rows.
    """

    variances: F64
    epsilon: float

    @classmethod
    def of(cls, rows: WeightedRows) -> DataScale:
        """Measure rows."""
        X: Any = rows.X
        one = np.zeros(len(X), dtype=np.int32)
        statistics = _core.statistics_from_labels(X, one, 1, "diag", rows.sample_weight, rows.n_threads)
        epsilon = float(np.finfo(X.dtype).eps)
        variances = statistics.second_moments[0] / statistics.counts[0]
        rounding = (10 * epsilon * statistics.shifts[0]) ** 2
        return cls(np.where(variances > rounding, variances, 0.0), epsilon)

    def relative(self, covariances: F64) -> F64:
        """Return covariance matrices of shape (..., d, d) in units of the data, constant features left out."""
        varying = self.variances > 0.0
        deviations = np.sqrt(self.variances[varying])
        relative: F64 = covariances[..., varying, :][..., varying] / np.outer(deviations, deviations)
        return relative


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
    volume, shape, orientation = tuple(letters(covariance_type))
    if shape == orientation == "V":
        return n_features + 1
    return 2 if "V" in (volume, shape) else 1


def flaw_of(
    mixture: _core.Mixture, total_weight: float, reg_covar: float, scale: DataScale, *, has_prior: bool = False
) -> str:
    """Say what makes a fitted mixture degenerate.

    Parameters
    ----------
    mixture : Mixture
        The mixture.
    total_weight : float
        Sum of the weights of the rows that it was fitted to.
    reg_covar : float
        What was added to its variances: a component that only this keeps from collapse counts as collapsed.
    scale : DataScale
        The scale of the rows.
    has_prior : bool, default=False
        Whether it was fitted with a prior, which stands in for rows.

    Returns
    -------
    flaw : str
        The worst component and what is wrong with it; empty if nothing is.
    """
    if mixture.n_parameters >= total_weight * mixture.n_features:
        return f"it has {mixture.n_parameters} parameters for {total_weight:g} rows of {mixture.n_features}"
    counts = mixture.weights * total_weight
    smallest = int(np.argmin(counts))
    needed = 1 if has_prior else rows_needed(mixture.covariance_type, mixture.n_features)
    if counts[smallest] < needed * (1.0 - 1e-6):  # one row that belongs to no other component may lack a trace of it
        return f"component {smallest} holds {counts[smallest]:.3g} rows, of {needed} that its covariance needs"
    variances = smallest_variances(mixture, reg_covar, scale)
    narrowest = int(np.argmin(variances))
    if variances[narrowest] < 10 * mixture.n_features * scale.epsilon:
        return f"the covariance of component {narrowest} is singular to working precision"
    return ""


def smallest_variances(mixture: _core.Mixture, reg_covar: float, scale: DataScale) -> F64:
    """Return the variance of each component in its narrowest direction, in units of the data, without `reg_covar`."""
    K, d = mixture.n_components, mixture.n_features
    matrices = as_matrices(mixture.covariances, mixture.covariance_type, K, d) - reg_covar * np.eye(d)
    relative = scale.relative(matrices)
    if relative.shape[-1] == 0:  # all rows are equal
        return np.zeros(mixture.n_components)
    smallest: F64 = np.linalg.eigvalsh(relative).astype(np.float64)[..., 0]
    return smallest
