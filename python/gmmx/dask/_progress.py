"""The last good parameters of a fit that a cluster does not finish."""

from __future__ import annotations

import math
from collections.abc import Callable

from gmmx import _core
from gmmx.distributed import PartitionedRows
from gmmx.distributed.checkpoints import StartingPoint
from gmmx.distributed.em import run_em
from gmmx.em.config import EMConfig
from gmmx.em.monitor import Monitor
from gmmx.em.priors import NativePrior
from gmmx.em.result import Run


class LastGood:
    """Parameters of the last completed pass of EM, and their log-likelihood.

    Parameters
    ----------
    keeps_best : bool
        Whether to keep the parameters with the highest likelihood instead, because accelerated EM is not monotone.
    """

    def __init__(self, *, keeps_best: bool) -> None:
        self._keeps_best = keeps_best
        self.mixture: _core.Mixture | None = None
        self.log_likelihood = math.nan

    def run_em(
        self, em: EMConfig, rows: PartitionedRows, start: StartingPoint, prior: NativePrior | None, monitor: Monitor
    ) -> Run:
        """Run EM over all rows from one start, watched."""
        self.mixture, self.log_likelihood = start.mixture, math.nan
        run = run_em(em, _Watched(rows, self._note), start, prior, monitor)
        self.mixture, self.log_likelihood = run.mixture, math.nan
        return run

    def _note(self, mixture: _core.Mixture, log_likelihood: float) -> None:
        if not (self._keeps_best and log_likelihood < self.log_likelihood):
            self.mixture, self.log_likelihood = mixture, log_likelihood


class _Watched:
    """Rows in parts that report each completed pass."""

    def __init__(self, rows: PartitionedRows, note: Callable[[_core.Mixture, float], None]) -> None:
        self.summary, self.sample = rows.summary, rows.sample
        self._statistics = rows.statistics
        self._note = note

    def statistics(self, mixture: _core.Mixture) -> _core.SufficientStatistics:
        """Make a pass."""
        statistics = self._statistics(mixture)
        self._note(mixture, statistics.log_likelihood)
        return statistics
