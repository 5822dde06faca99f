"""The fit to rows that lie in parts: summary, a start, and EM with one pass over all parts an iteration."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from gmmx import _core
from gmmx.distributed.sampling import Sample
from gmmx.distributed.summary import DataSummary, check_same_rows
from gmmx.em.initialization import Starts
from gmmx.em.monitor import Monitor
from gmmx.em.random import as_random_source
from gmmx.em.result import FailedStart, Run, failure_message, stronger_prior, unchanged_on_failure
from gmmx.validation import FitFailedError, WeightedRows, check_enough_rows, refuse_overflow, thread_count
from gmmx.validation.outweighing_rows import OutweighingRowWarning

if TYPE_CHECKING:
    from gmmx.mixture._gaussian_mixture import GaussianMixture

__all__ = ["CheckpointWriter", "PartitionedRows", "StartingPoint", "fit_partitions", "usual_init_size"]

_MOST_ROWS, _MOST_BYTES, _LEAST_ROWS_OF_EACH = 50_000, 32 << 20, 10


class PartitionedRows(Protocol):
    """Rows in parts, as an engine offers them; each call is a pass over all parts, which returns the same each time."""

    def summary(self) -> DataSummary:
        """Check all rows and summarize them, by `summarize` and `merge_summaries`."""

    def sample(self, size: int, seed: int) -> Sample:
        """Draw rows, by `sample_of` and `merge_samples`."""

    def statistics(self, mixture: _core.Mixture) -> _core.SufficientStatistics:
        """Add up the statistics of all parts, by `statistics_of` and `pairwise_sum`."""


def usual_init_size(summary: DataSummary, n_components: int) -> int:
    """Return how many rows a start is made of, if the user does not say: 50,000, or what 32 MiB hold."""
    row = summary.n_features * np.dtype(summary.dtype).itemsize
    return max(_LEAST_ROWS_OF_EACH * n_components, min(_MOST_ROWS, _MOST_BYTES // row))


def fit_partitions(
    model: GaussianMixture,
    rows: PartitionedRows,
    *,
    init_size: int | None = None,
    loop: Loop | None = None,
    checkpoints: CheckpointWriter | None = None,
) -> GaussianMixture:
    """Fit a model to rows in parts.

    The start is what `model` would take for rows in memory, made of a random sample of the rows: of all of them if
    they are no more than `init_size`, and then the fit is that of `GaussianMixture.fit` but for rounding. From it EM
    runs over all rows. Of several starts (`n_init`) the one whose EM on the sample ends highest goes on.

    Parameters
    ----------
    model : GaussianMixture
        The estimator; its attributes are set at the end, all at once, or stay as they were.
    rows : PartitionedRows
        The rows.
    init_size : int, optional
        Rows to start from; see `usual_init_size`.
    loop : callable, optional
        Runs EM, as `run_em` does: for engines that watch it.
    checkpoints : CheckpointWriter, optional
        Keeps how far EM got, for a later fit to go on from.

    Returns
    -------
    model : GaussianMixture
        The same.

    Raises
    ------
    FitFailedError
        A ValueError: every start ended in a collapsed component.
    ValueError
        If parameters or rows are not accepted.
    """
    with unchanged_on_failure(model):
        model._validate_params()
        summary = rows.summary()
        check_enough_rows(summary, model.n_components)
        if outweighing := summary.outweighing_row:
            warnings.warn(OutweighingRowWarning(outweighing, summary.feature_names), stacklevel=4)
        rows = _Checked(rows, summary)
        _set_features(model, summary)
        _refuse_partition(model)
        prior = model._prior(summary.n_features, partial(_one_component, rows, summary))
        monitor = Monitor(model.verbose, model.verbose_interval, model.callback, summary.total_weight)
        best: Run | None = None
        failed: list[FailedStart] = []
        try:
            begin = partial(_starting_points, model, rows, summary, prior, init_size)
            for start in _attempts(None if checkpoints is None else checkpoints.begin(model, summary), begin, failed):
                monitor.begin(start.number, start.lower_bound, start.lower_bounds)
                record = partial(_record, checkpoints, monitor, start.number, failed)
                try:
                    best = (loop or run_em)(model, _Recorded(rows, record), start, prior, monitor)
                except _core.CollapsedComponentError as error:
                    monitor.end("failed")
                    failed.append(FailedStart(start.number, monitor.iteration, error.component))
                    continue
                monitor.end("converged" if best.converged else "did not converge")
                if not best.converged:
                    record(best.mixture, ended=True)
                break
        except ValueError:
            refuse_overflow(summary.largest, summary.n_rows, summary.dtype)
            raise
        if best is not None and best.overflows(summary.dtype):
            refuse_overflow(summary.largest, summary.n_rows, summary.dtype)
        if best is None:
            raise FitFailedError(
                failure_message(failed, summary.dtype, summary.faults.remedy(stronger_prior(model.prior)))
            )
        model._warn_of(best)
        model._set_run(best, failed, np.dtype(summary.dtype), summary.total_weight, partial(_log_likelihood, rows))
    return model


class StartingPoint(NamedTuple):
    """Where a run of EM begins, or goes on: between two passes over the rows, this is all that it consists of.

    Attributes
    ----------
    number : int
        Which of `n_init`.
    mixture : Mixture
        Where the next E-step is.
    lower_bound : float
        That of the iteration before, or of the fit that this one goes on from; -inf of a fresh start.
    lower_bounds : tuple of float
        Those of all iterations of this run before.
    failed : tuple of FailedStart
        Starts that were given up before.
    """

    number: int
    mixture: _core.Mixture
    lower_bound: float
    lower_bounds: tuple[float, ...] = ()
    failed: tuple[FailedStart, ...] = ()


class CheckpointWriter(Protocol):
    """Keeps how far EM got."""

    def begin(self, model: GaussianMixture, summary: DataSummary) -> StartingPoint | None:
        """Return where to go on, if an earlier fit of this model to these rows left something.

        Raises
        ------
        ValueError
            If it was another model, or there were other rows.
        """

    def keep(self, point: StartingPoint, *, ended: bool) -> None:
        """Take note of where EM is, after each iteration; `ended`: there will be no further one."""


def _record(
    checkpoints: CheckpointWriter | None,
    monitor: Monitor,
    number: int,
    failed: list[FailedStart],
    mixture: _core.Mixture,
    *,
    ended: bool = False,
) -> None:
    """Write a checkpoint of where EM is, if there are to be any; the start itself is not worth one."""
    bounds = tuple(monitor.bounds.values())
    if checkpoints is not None and bounds:
        checkpoints.keep(StartingPoint(number, mixture, bounds[-1], bounds, tuple(failed)), ended=ended)


class Loop(Protocol):
    """Runs EM over all rows."""

    def __call__(
        self, model: GaussianMixture, rows: PartitionedRows, start: StartingPoint, prior: Any, monitor: Monitor
    ) -> Run:
        """Return where it led."""


def run_em(model: GaussianMixture, rows: PartitionedRows, start: StartingPoint, prior: Any, monitor: Monitor) -> Run:
    """Run EM over all rows from one start, in the loop that rows in memory run in."""
    before = list(start.lower_bounds)
    options = model._em_options(prior)
    options["max_iter"] -= len(before)
    if options["max_iter"] <= 0:
        return replace(Run.of_start(start.mixture), lower_bounds=before)
    monitor.is_initializing = False
    interrupt_callback = monitor.interrupt_callback
    result = _core.em_over(
        rows.statistics,
        start.mixture,
        previous_lower_bound=start.lower_bound,
        callback=lambda iteration, bound: interrupt_callback(iteration + len(before), bound),
        rows_are_float=rows.summary().dtype == "float32",
        **options,
    )
    run = Run.of(result)
    return replace(run, lower_bounds=before + run.lower_bounds)


class _Recorded:
    """Rows that record the mixture of each pass: from there EM can resume."""

    def __init__(self, rows: PartitionedRows, record: Callable[[_core.Mixture], None]) -> None:
        self.summary, self.sample = rows.summary, rows.sample
        self._statistics = rows.statistics
        self._record = record

    def statistics(self, mixture: _core.Mixture) -> _core.SufficientStatistics:
        """Make a pass."""
        self._record(mixture)
        return self._statistics(mixture)


class _Checked:
    """Rows whose passes are seen to be over the same rows as the first."""

    def __init__(self, rows: PartitionedRows, summary: DataSummary) -> None:
        self._summary = summary
        self._statistics, self.sample = rows.statistics, rows.sample

    def summary(self) -> DataSummary:
        """Return what the first pass found."""
        return self._summary

    def statistics(self, mixture: _core.Mixture) -> _core.SufficientStatistics:
        """Make a pass."""
        statistics = self._statistics(mixture)
        check_same_rows(statistics, self._summary)
        return statistics


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
    model: GaussianMixture,
    rows: PartitionedRows,
    summary: DataSummary,
    prior: Any,
    init_size: int | None,
    failed: list[FailedStart],
) -> list[StartingPoint]:
    """Return where EM may begin, the most promising first; starts that fail by themselves go to `failed`."""
    if model._goes_on():
        last = model._continuation(summary.n_features, prior)
        return [StartingPoint(0, last.make(), last.lower_bound)]
    if _is_given(model):
        nothing = WeightedRows(np.empty((0, summary.n_features)), None, 1)  # nothing is left to estimate
        given = model._starts(nothing, prior)
        return [StartingPoint(0, given.make(), given.lower_bound)]
    drawn = _drawn_rows(model, rows, summary, init_size)
    starts = model._starts(drawn, prior)
    points: list[tuple[float, StartingPoint]] = []
    for i in range(starts.count):
        try:
            mixture = starts.make()
            score = _score_on(drawn, mixture, model, starts) if starts.count > 1 else 0.0
        except _core.CollapsedComponentError as error:
            failed.append(FailedStart(i, 0, error.component))
        else:
            points.append((score, StartingPoint(i, mixture, starts.lower_bound)))
    return [point for _, point in sorted(points, key=lambda scored: -scored[0])]


def _drawn_rows(
    model: GaussianMixture, rows: PartitionedRows, summary: DataSummary, init_size: int | None
) -> WeightedRows:
    """Return the rows to start from: all of few, drawn at random of many."""
    size = usual_init_size(summary, model.n_components) if init_size is None else init_size
    if size < max(2, model.n_components):
        raise ValueError(
            f"init_size is {size}, but a start of n_components={model.n_components} needs at least "
            f"{max(2, model.n_components)} rows."
        )
    takes_all = summary.n_present <= size
    sample = rows.sample(size, 0 if takes_all else as_random_source(model.random_state).seed())
    # Weights have had their part in the drawing, unless there was no choice.
    return WeightedRows(sample.X, sample.sample_weight if takes_all else None, thread_count(model.n_jobs))


def _is_given(model: GaussianMixture) -> bool:
    given = (model.weights_init, model.means_init, model.precisions_init)
    return all(parameter is not None for parameter in given)


def _score_on(drawn: WeightedRows, mixture: _core.Mixture, model: GaussianMixture, starts: Starts) -> float:
    """Return the mean log-likelihood to which EM on the drawn rows leads."""
    if model.max_iter == 0:
        return _core.log_likelihood(drawn.X, mixture, drawn.sample_weight, drawn.n_threads) / drawn.total_weight
    result = _core.em(
        drawn.X,
        mixture,
        drawn.sample_weight,
        previous_lower_bound=-np.inf,
        callback=None,
        n_threads=drawn.n_threads,
        **model._em_options(starts.prior),
    )
    return result.lower_bounds[-1]


def _one_component(rows: PartitionedRows, summary: DataSummary) -> _core.SufficientStatistics:
    """Return the statistics of all rows as one component, about a mean of some of them."""
    some = rows.sample(_LEAST_ROWS_OF_EACH, 0).X.astype(np.float64)
    unit = max(summary.largest, 1.0) ** 2 * np.eye(summary.n_features)[np.newaxis]
    return rows.statistics(_core.Mixture(np.ones(1), some.mean(axis=0)[np.newaxis], "full", covariances=unit))


def _log_likelihood(rows: PartitionedRows, mixture: _core.Mixture) -> float:
    return rows.statistics(mixture).log_likelihood


def _set_features(model: GaussianMixture, summary: DataSummary) -> None:
    model.n_features_in_ = summary.n_features
    if summary.feature_names is not None:
        model.feature_names_in_ = np.array(summary.feature_names, dtype=object)
    elif hasattr(model, "feature_names_in_"):
        del model.feature_names_in_


def _refuse_partition(model: GaussianMixture) -> None:
    if model.responsibilities_init is not None:
        raise ValueError(
            "responsibilities_init is given, but rows in parts have no common order that it could follow. Give "
            "means_init, weights_init and precisions_init instead, for instance those of "
            "gmmx.m_step(gmmx.SufficientStatistics.from_responsibilities(...))."
        )
