"""What to keep of a fit that a cluster does not finish."""

from __future__ import annotations

import math
from typing import Any

from gmmx import _core
from gmmx.estimators import GaussianMixture
from gmmx.partitions import Facts, PartitionedRows, Sample
from gmmx.partitions.fitting import StartingPoint, run_em
from gmmx.starts import Monitor, Run


class LastGood:
    """Rows in parts that remember the parameters at which a pass of EM was finished last.

    Parameters
    ----------
    rows : PartitionedRows
        The rows.
    keeps_best : bool
        Whether to remember those of the highest likelihood instead: an accelerated EM jumps, and not always upwards.
    """

    def __init__(self, rows: PartitionedRows, *, keeps_best: bool) -> None:
        self._rows = rows
        self._keeps_best = keeps_best
        self.mixture: _core.Mixture | None = None
        self.log_likelihood = math.nan

    def facts(self) -> Facts:
        """Check all rows and tell what they are."""
        return self._rows.facts()

    def sample(self, size: int, seed: int) -> Sample:
        """Draw rows."""
        return self._rows.sample(size, seed)

    def statistics(self, mixture: _core.Mixture) -> _core.SufficientStatistics:
        """Run an E-step, and take note once it is finished."""
        statistics = self._rows.statistics(mixture)
        if not (self._keeps_best and statistics.log_likelihood < self.log_likelihood):
            self.mixture, self.log_likelihood = mixture, statistics.log_likelihood
        return statistics

    def run_em(
        self, model: GaussianMixture, rows: PartitionedRows, start: StartingPoint, prior: Any, monitor: Monitor
    ) -> Run:
        """Run EM over all rows from one start, watched."""
        self.mixture, self.log_likelihood = start.mixture, math.nan
        run = run_em(model, self, start, prior, monitor)
        self.mixture, self.log_likelihood = run.mixture, math.nan
        return run
