"""Rows in parts with a progress bar of passes."""

from __future__ import annotations

from gmmx import _core
from gmmx.distributed.em import PartitionedRows
from gmmx.distributed.sampling import Sample
from gmmx.distributed.summary import DataSummary
from gmmx.em.progress import Progress

__all__ = ["RowsWithProgress"]


class RowsWithProgress:
    """Rows in parts that report each completed pass, for engines that do not report single parts.

    Parameters
    ----------
    rows : PartitionedRows
        The rows.
    progress : Progress
        What shows them.
    """

    def __init__(self, rows: PartitionedRows, progress: Progress) -> None:
        self._rows, self._progress = rows, progress
        self._n_rows: int | None = None
        self._n_sums = 0

    def summary(self) -> DataSummary:
        """Make the first pass."""
        self._progress.begin_pass("checking rows", None)
        summary = self._rows.summary()
        self._n_rows = summary.n_rows
        self._progress.advance(summary.n_rows)
        return summary

    def sample(self, size: int, seed: int) -> Sample:
        """Make a pass that draws rows."""
        self._progress.begin_pass("drawing rows to start from", self._n_rows)
        sample = self._rows.sample(size, seed)
        self._progress.advance(self._n_rows or 0)
        return sample

    def statistics(self, mixture: _core.Mixture) -> _core.SufficientStatistics:
        """Make a pass that adds up."""
        self._n_sums += 1
        self._progress.begin_pass(f"pass {self._n_sums} of EM", self._n_rows)
        statistics = self._rows.statistics(mixture)
        self._progress.tell(statistics.log_likelihood / statistics.total_weight)
        self._progress.advance(self._n_rows or 0)
        return statistics
