"""Which columns show the components of a mixture apart."""

from __future__ import annotations

import numpy as np

from gmmx.plot._mixtures import FloatArray, FullMixture
from gmmx.validation import Rows

__all__ = ["separating_columns", "separations"]


def separations(mixture: FullMixture) -> FloatArray:
    """Return how far the components lie apart in each column: 0 where all are alike, at most 1.

    Parameters
    ----------
    mixture : FullMixture
        The mixture.

    Returns
    -------
    separations : ndarray of shape (n_features,)
        The squared Hellinger distance of the marginals of two components, averaged over the pairs of different ones
        that two independent draws from the weights give. A mixture of one component has zeros.

    Examples
    --------
    >>> import numpy as np
    >>> means = np.array([[0.0, 0.0], [3.0, 0.0]])
    >>> separations(FullMixture(np.array([0.5, 0.5]), means, np.stack([np.eye(2)] * 2))).round(3).tolist()
    [0.675, 0.0]
    """
    weights, means, variances = mixture.weights, mixture.means, mixture.deviations() ** 2
    total, of_pairs = np.zeros(means.shape[1]), 0.0
    for k in range(1, len(weights)):
        both = variances[:k] + variances[k]
        affinity = np.sqrt(2.0 * np.sqrt(variances[:k] * variances[k]) / both)
        affinity *= np.exp(-((means[:k] - means[k]) ** 2) / (4.0 * both))
        total += weights[k] * (weights[:k] @ (1.0 - affinity))
        of_pairs += weights[k] * weights[:k].sum()
    return total / of_pairs if of_pairs > 0.0 else total


def separating_columns(mixture: FullMixture, rows: Rows, most: int) -> list[int]:
    """Return the columns to draw of more than two: those that vary and separate the components most.

    Parameters
    ----------
    mixture : FullMixture
        The mixture of all columns.
    rows : ndarray of shape (n_rows, n_features)
        Its rows; there may be none. A column in which they are all equal is left out, unless all columns are.
    most : int
        How many columns at most.

    Returns
    -------
    columns : list of int
        In ascending order.
    """
    n_features = mixture.means.shape[1]
    varies = np.ptp(rows, axis=0) > 0.0 if len(rows) else np.ones(n_features, dtype=bool)
    if n_features <= 2 or not varies.any():
        return list(range(min(n_features, most)))
    candidates = np.flatnonzero(varies)
    order = np.argsort(-separations(mixture)[candidates], kind="stable")
    return sorted(int(column) for column in candidates[order[:most]])
