"""Sample weights so small or so large that sums over them would not be numbers: a common scale changes no fit."""

from __future__ import annotations

import numpy as np

from gmmx.validation import Rows

__all__ = ["at_common_scale"]

# Weights between 2**-900 and 2**900 are left unchanged.
_LARGEST_EXPONENT = 900


def at_common_scale(rows: Rows) -> Rows:
    """Return rows whose weights are multiplied by a power of two, where their products would underflow or overflow.

    Parameters
    ----------
    rows : Rows
        Rows with weights or without.

    Returns
    -------
    Rows
        The same rows if the largest weight is between 2**-900 and 2**900; otherwise it is between 0.5 and 1.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmx.validation import Rows
    >>> from gmmx.em.weight_scale import at_common_scale
    >>> at_common_scale(Rows(np.zeros((2, 1)), np.array([5e-324, 1e-323]), 1)).sample_weight.tolist()
    [0.25, 0.5]
    """
    weights = rows.sample_weight
    if weights is None or len(weights) == 0:
        return rows
    exponent = int(np.frexp(weights.max())[1])
    if abs(exponent) <= _LARGEST_EXPONENT:
        return rows
    return Rows(rows.X, np.ldexp(weights, -exponent), rows.n_threads)
