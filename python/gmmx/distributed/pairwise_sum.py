"""The E-step of one part of the rows, and the sum over all parts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmx import _core
from gmmx.distributed.part import part_of

__all__ = ["PairwiseSum", "pairwise_sum", "statistics_of"]


def statistics_of(
    X: Any,
    sample_weight: Any,
    mixture: _core.Mixture,
    *,
    dtype: npt.DTypeLike | None = None,
    n_threads: int = 1,
) -> _core.SufficientStatistics:
    """Compute the sufficient statistics of one part of the rows.

    `summarize` must have checked the part, which may be empty.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmx import Mixture
    >>> mixture = Mixture(np.ones(1), np.zeros((1, 1)), "full", covariances=np.ones((1, 1, 1)))
    >>> statistics_of([[1.0], [3.0]], None, mixture).counts
    array([2.])
    """
    if np.ndim(X) == 1 and len(X) == 0:
        X, sample_weight = np.empty((0, mixture.n_features)), None
    rows, weights, _ = part_of(X, sample_weight, dtype=dtype, is_checked=True)
    return _core.e_step(rows, mixture, weights, n_threads)


def pairwise_sum(statistics: Iterable[_core.SufficientStatistics]) -> _core.SufficientStatistics:
    """Add the statistics of parts in an order fixed by their number.

    Neighbours are added, then neighbouring sums, and so on. The result is bitwise identical wherever and whenever the
    parts were computed, and rounding grows with the logarithm of their number.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmx import Mixture
    >>> mixture = Mixture(np.ones(1), np.zeros((1, 1)), "full", covariances=np.ones((1, 1, 1)))
    >>> parts = [statistics_of([[x]], None, mixture) for x in (1.0, 2.0, 4.0)]
    >>> pairwise_sum(parts).first_moments
    array([[7.]])
    """
    total = PairwiseSum()
    for part in statistics:
        total.add(part)
    return total.total()


class PairwiseSum:
    """Incremental `pairwise_sum`, with logarithmic memory."""

    def __init__(self) -> None:
        self._sums: list[tuple[int, _core.SufficientStatistics]] = []  # (number of parts, their sum), shrinking

    def add(self, part: _core.SufficientStatistics) -> None:
        """Add the next part."""
        size, total = 1, part
        while self._sums and self._sums[-1][0] == size:
            total = self._sums.pop()[1] + total
            size *= 2
        self._sums.append((size, total))

    def total(self) -> _core.SufficientStatistics:
        """Return the sum of the parts so far, at least one."""
        if not self._sums:
            raise ValueError("statistics is empty, but there must be at least one part to add.")
        *others, (_, total) = self._sums
        for _, left in reversed(others):
            total = left + total
        return total
