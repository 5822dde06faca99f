"""Fit to rows in parts: a summary, a start, and EM with one pass over all parts per iteration."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache, partial
from typing import Protocol

import numpy as np

from gmmx import _core
from gmmx.distributed.checkpoints import CheckpointWriter, StartingPoint
from gmmx.distributed.sampling import Sample
from gmmx.distributed.summary import DataSummary, check_same_rows
from gmmx.em.config import EMConfig, InitConfig
from gmmx.em.initialization import LastFit, Starts, fresh_starts
from gmmx.em.monitor import Monitor
from gmmx.em.priors import NativePrior, prior_of
from gmmx.em.random import as_random_source
from gmmx.em.result import FailedStart, Fit, Run, failure_message, stronger_prior
from gmmx.validation import FitFailedError, Rows, check_enough_rows, refuse_scale

__all__ = ["PartitionedRows", "Watched", "default_init_size", "fit_partitions", "run_em"]

_MOST_ROWS, _MOST_BYTES, _LEAST_ROWS_OF_EACH = 50_000, 32 << 20, 10


class PartitionedRows(Protocol):
    """Interface of an engine with rows in parts.

    Each call is a pass over all parts, which must yield the same rows each time.
    """

    def summary(self) -> DataSummary:
        """Check all rows and summarize them, by `summarize` and `merge_summaries`."""

    def sample(self, size: int, seed: int) -> Sample:
        """Draw rows, by `sample_of` and `merge_samples`."""

    def statistics(self, mixture: _core.Mixture) -> _core.SufficientStatistics:
        """Add the statistics of all parts, by `statistics_of` and `pairwise_sum`."""


class Watched:
    """Rows that are summarized once, and call functions before each pass and after it.

    `before` is called with the mixture, `after` also with the statistics.
    """

    def __init__(
        self,
        rows: PartitionedRows,
        *,
        before: Callable[[_core.Mixture], None] = lambda _: None,
        after: Callable[[_core.Mixture, _core.SufficientStatistics], None] = lambda *_: None,
    ) -> None:
        self.summary, self.sample = cache(rows.summary), rows.sample
        self._statistics, self._before, self._after = rows.statistics, before, after

    def statistics(self, mixture: _core.Mixture) -> _core.SufficientStatistics:
        """Make a pass."""
        self._before(mixture)
        statistics = self._statistics(mixture)
        self._after(mixture, statistics)
        return statistics


def default_init_size(summary: DataSummary, n_components: int) -> int:
    """Return the number of rows to start from: 50,000, or as many as 32 MiB hold."""
    row = summary.n_features * np.dtype(summary.dtype).itemsize
    return max(_LEAST_ROWS_OF_EACH * n_components, min(_MOST_ROWS, _MOST_BYTES // row))


def fit_partitions(
    em: EMConfig,
    init: InitConfig,
    rows: PartitionedRows,
    *,
    last: LastFit | None = None,
    init_size: int | None = None,
    loop: Loop | None = None,
    checkpoints: CheckpointWriter | None = None,
) -> tuple[Fit, DataSummary]:
    """Fit a mixture to rows in parts, as `GaussianMixture.fit_partitions` does.

    Parameters
    ----------
    em, init : EMConfig, InitConfig
        Configuration of the fit.
    rows : PartitionedRows
        The rows.
    last : LastFit, optional
        Parameters to continue from.
    init_size : int, optional
        Number of rows to start from; see `default_init_size`.
    loop : callable, optional
        Runs EM, as `run_em` does: for engines that watch it.
    checkpoints : CheckpointWriter, optional
        Writes how far EM got, for a later fit to resume from.

    Returns
    -------
    fit : Fit
        Result of the best start.
    summary : DataSummary
        Summary of the rows.

    Raises
    ------
    FitFailedError
        A ValueError: every start ended in a collapsed component.
    ValueError
        If parameters or rows are not accepted.
    """
    rows = Watched(rows, after=lambda _, statistics: check_same_rows(statistics, summary))
    summary = rows.summary()
    check_enough_rows(summary, em.n_components)
    summary.faults.warn()
    _refuse_partition(init)
    prior = prior_of(em, summary.n_features, partial(_one_component, rows, summary))
    monitor = Monitor(em.verbose, em.verbose_interval, em.callback, summary.total_weight)
    best: Run | None = None
    failed: list[FailedStart] = []
    try:
        begin = partial(_starting_points, em, init, rows, summary, prior, last, init_size)
        resumed = None if checkpoints is None else checkpoints.begin(summary)
        for start in _attempts(resumed, begin, failed):
            monitor.begin(start.number, start.lower_bound, start.lower_bounds)
            record = partial(_record, checkpoints, monitor, start.number, failed)
            try:
                best = (loop or run_em)(em, Watched(rows, before=record), start, prior, monitor)
            except _core.CollapsedComponentError as error:
                monitor.end("failed")
                failed.append(FailedStart(start.number, monitor.iteration, error.component))
                continue
            monitor.end("converged" if best.converged else "did not converge")
            record(best.mixture, ended=True, converged=best.converged)
            break
    except ValueError:
        refuse_scale(summary.largest, summary.n_rows, summary.dtype)
        raise
    if best is None or best.overflows(summary.dtype):
        refuse_scale(summary.largest, summary.n_rows, summary.dtype)
    if best is None:
        remedy = summary.faults.remedy(stronger_prior(em.prior))
        raise FitFailedError(failure_message(failed, summary.dtype, remedy))
    fit = Fit(best, failed, np.dtype(summary.dtype), summary.total_weight, partial(_log_likelihood, rows))
    return fit, summary


def _record(
    checkpoints: CheckpointWriter | None,
    monitor: Monitor,
    number: int,
    failed: list[FailedStart],
    mixture: _core.Mixture,
    *,
    ended: bool = False,
    converged: bool = False,
) -> None:
    """Write a checkpoint of where EM is, if there are to be any; the start itself is not worth one."""
    bounds = tuple(monitor.bounds.values())
    if checkpoints is not None and bounds:
        checkpoints.keep(StartingPoint(number, mixture, bounds[-1], bounds, tuple(failed), converged), ended=ended)


class Loop(Protocol):
    """Runs EM over all rows."""

    def __call__(
        self, em: EMConfig, rows: PartitionedRows, start: StartingPoint, prior: NativePrior | None, monitor: Monitor
    ) -> Run:
        """Return where it led."""


def run_em(
    em: EMConfig, rows: PartitionedRows, start: StartingPoint, prior: NativePrior | None, monitor: Monitor
) -> Run:
    """Run EM over all rows from one start, in the loop of rows in memory."""
    before = list(start.lower_bounds)
    options = em.native_options(prior)
    options["max_iter"] -= len(before)
    if start.converged or options["max_iter"] <= 0:
        return replace(Run.of_start(start.mixture), lower_bounds=before, converged=start.converged)
    monitor.is_initializing = False
    interrupt_callback = monitor.interrupt_callback
    result = _core.em_over(
        rows.statistics,
        start.mixture,
        previous_lower_bound=start.lower_bound,
        callback=lambda iteration, bound: interrupt_callback(iteration + len(before), bound),
        rows_are_float=rows.summary().dtype == "float32",
        n_threads=em.n_threads,
        **options,
    )
    run = Run.of(result)
    return replace(run, lower_bounds=before + run.lower_bounds)


def _attempts(
    last: StartingPoint | None, begin: Callable[[list[FailedStart]], list[StartingPoint]], failed: list[FailedStart]
) -> Iterator[StartingPoint]:
    """Yield where EM may begin, first of all where it got to; starts that fail by themselves go to `failed`."""
    if last is not None:
        failed += last.failed
        yield last
    known = {start.start for start in failed}
    fresh: list[FailedStart] = []
    points = begin(fresh)
    failed += [start for start in fresh if start.start not in known]
    yield from (point for point in points if point.number not in known)


def _starting_points(
    em: EMConfig,
    init: InitConfig,
    rows: PartitionedRows,
    summary: DataSummary,
    prior: NativePrior | None,
    last: LastFit | None,
    init_size: int | None,
    failed: list[FailedStart],
) -> list[StartingPoint]:
    """Return where EM may begin, the most promising first; starts that fail by themselves go to `failed`."""
    if last is not None:
        continued = last.warm_start(em, summary.n_features, prior)
        return [StartingPoint(0, continued.make(), continued.lower_bound)]
    if init.is_complete:
        nothing = Rows(np.empty((0, summary.n_features)), None, 1)  # nothing is left to estimate
        given = fresh_starts(em, init, nothing, prior)
        return [StartingPoint(0, given.make(), given.lower_bound)]
    drawn = _drawn_rows(em, init, rows, summary, init_size)
    starts = fresh_starts(em, init, drawn, prior)
    points: list[tuple[float, StartingPoint]] = []
    for i in range(starts.count):
        try:
            mixture = starts.make()
            score = _score_on(drawn, mixture, em, starts) if starts.count > 1 else 0.0
        except _core.CollapsedComponentError as error:
            failed.append(FailedStart(i, 0, error.component))
        else:
            points.append((score, StartingPoint(i, mixture, starts.lower_bound)))
    return [point for _, point in sorted(points, key=lambda scored: -scored[0])]


def _drawn_rows(
    em: EMConfig, init: InitConfig, rows: PartitionedRows, summary: DataSummary, init_size: int | None
) -> Rows:
    """Return the rows to start from: all of few, a random sample of many."""
    size = default_init_size(summary, em.n_components) if init_size is None else init_size
    if size < max(2, em.n_components):
        raise ValueError(
            f"init_size is {size}, but a start of n_components={em.n_components} needs at least "
            f"{max(2, em.n_components)} rows."
        )
    takes_all = summary.n_present <= size
    sample = rows.sample(size, 0 if takes_all else as_random_source(init.random_state).seed())
    # Weights have had their part in the drawing, unless there was no choice.
    return Rows(sample.X, sample.sample_weight if takes_all else None, em.n_threads)


def _score_on(drawn: Rows, mixture: _core.Mixture, em: EMConfig, starts: Starts) -> float:
    """Return the mean log-likelihood to which EM on the drawn rows leads."""
    if em.max_iter == 0:
        return _core.log_likelihood(drawn.X, mixture, drawn.sample_weight, drawn.n_threads) / drawn.total_weight
    result = _core.em(
        drawn.X,
        mixture,
        drawn.sample_weight,
        previous_lower_bound=-np.inf,
        callback=None,
        n_threads=drawn.n_threads,
        **em.native_options(starts.prior),
    )
    return result.lower_bounds[-1]


def _one_component(rows: PartitionedRows, summary: DataSummary) -> _core.SufficientStatistics:
    """Return the statistics of all rows as one component, about a mean of some of them."""
    some = rows.sample(_LEAST_ROWS_OF_EACH, 0).X.astype(np.float64)
    unit = max(summary.largest, 1.0) ** 2 * np.eye(summary.n_features)[np.newaxis]
    return rows.statistics(_core.Mixture(np.ones(1), some.mean(axis=0)[np.newaxis], "full", covariances=unit))


def _log_likelihood(rows: PartitionedRows, mixture: _core.Mixture) -> float:
    return rows.statistics(mixture).log_likelihood


def _refuse_partition(init: InitConfig) -> None:
    if init.responsibilities_init is not None:
        raise ValueError(
            "responsibilities_init is given, but rows in parts have no common order that it could follow. Give "
            "means_init, weights_init and precisions_init instead, for instance those of "
            "gmmx.m_step(gmmx.SufficientStatistics.from_responsibilities(...))."
        )
