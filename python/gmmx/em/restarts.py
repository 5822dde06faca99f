"""EM from several starts over rows in memory: in turn, or in whatever way is quickest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from gmmx import _core
from gmmx.em import criteria
from gmmx.em.config import EMConfig, InitConfig
from gmmx.em.initialization import LastFit, Starts, fresh_starts
from gmmx.em.monitor import Monitor
from gmmx.em.priors import prior_of_rows
from gmmx.em.result import FailedStart, Fit, Run, beats, failure_message, result_of_start, stronger_prior
from gmmx.em.weight_scale import at_common_scale
from gmmx.validation import FitFailedError, Rows

__all__ = ["best_of", "fit_rows"]

# Restarts run in batches of this size, between which an interrupt is noticed.
_BATCH_OF_STARTS = 16


Results = Iterator[Run | FailedStart]


def fit_rows(em: EMConfig, init: InitConfig, rows: Rows, last: LastFit | None, remedy: Callable[[str], str]) -> Fit:
    """Fit a mixture to rows in memory, from fresh starts or from the last fit.

    Parameters
    ----------
    em, init : EMConfig, InitConfig
        Configuration of the fit.
    rows : Rows
        Checked rows.
    last : LastFit or None
        Parameters to continue from.
    remedy : callable
        Returns the remedy if every start collapses, given the one for rows without faults.

    Raises
    ------
    FitFailedError
        If every start ended in a collapsed component.
    ValueError
        If parameters do not fit the rows, or squares of these overflow.
    """
    prior = prior_of_rows(em, rows)
    scaled = rows if prior is not None else at_common_scale(rows)  # to a prior, the scale of weights matters
    n_features = int(rows.X.shape[1])
    starts = fresh_starts(em, init, scaled, prior) if last is None else last.warm_start(em, n_features, prior)
    best, failed = best_of(em, starts, scaled)
    if best is None or best.overflows(rows.X.dtype):
        rows.refuse_scale()
    if best is None and last is None and init.init_params == "stream":  # a row outside the sample may be far away
        return fit_rows(em, replace(init, init_params="kmeans"), rows, None, remedy)
    if best is None:
        raise FitFailedError(failure_message(failed, rows.X.dtype, remedy(stronger_prior(em.prior))))
    return Fit(best, failed, rows.X.dtype, rows.total_weight, partial(criteria.log_likelihood, rows))


def best_of(
    em: EMConfig,
    starts: Starts,
    rows: Rows,
    is_sound: Callable[[Run], bool] = lambda run: True,
) -> tuple[Run | None, list[FailedStart]]:
    """Run the starts; return the best run, None if there is none, and those that failed.

    A sound run is better than one that is not, whatever their likelihoods; it is asked for where there are several.
    """
    best: Run | None = None
    best_score, best_is_sound = -np.inf, False
    failed: list[FailedStart] = []
    for run in _way_to_run(em, starts, rows)(em, starts, rows):
        if isinstance(run, FailedStart):
            failed.append(run)
            continue
        score = run.lower_bound
        if em.max_iter == 0 and starts.count > 1:
            score = criteria.log_likelihood(rows, run.mixture)
        sound = starts.count == 1 or is_sound(run)
        if best is None or sound > best_is_sound or (sound == best_is_sound and beats(score, best_score, rows.X.dtype)):
            best, best_score, best_is_sound = run, score, sound
        if run.stopped:
            break
    return best, failed


def _way_to_run(em: EMConfig, starts: Starts, rows: Rows) -> Callable[..., Results]:
    """Return the quickest way to run the starts; in turn if somebody watches them."""
    n_samples, n_features = rows.X.shape
    plan = _core.plan_starts(
        n_samples,
        n_features,
        em.n_components,
        em.covariance_type,
        starts.count,
        from_kmeans=starts.random is not None,
        watched=bool(em.max_iter == 0 or em.verbose or em.callback or starts.lower_bound > -np.inf),
    )
    return {"side_by_side": _side_by_side, "together": _together, "in_turn": _in_turn}[plan]


def _side_by_side(em: EMConfig, starts: Starts, rows: Rows) -> Results:
    """Yield what becomes of each start, a batch of them at once on all threads, from k-means on.

    Starts whose clusters an earlier one has found are left out: they would end where it did.
    """
    random = starts.random
    assert random is not None
    for first in range(0, starts.count, _BATCH_OF_STARTS):
        size = min(_BATCH_OF_STARTS, starts.count - first)
        try:
            results = _core.em_from_kmeans(
                rows.X,
                em.n_components,
                em.covariance_type,
                random.uniform((size, _core.kmeans_draws(em.n_components))),
                rows.sample_weight,
                n_threads=rows.n_threads,
                **em.native_options(starts.prior),
            )
        except ValueError:
            rows.refuse_scale()
            raise
        for i, result in enumerate(results, first):
            if not isinstance(result, int):
                yield result_of_start(i, result)


def _together(em: EMConfig, starts: Starts, rows: Rows) -> Results:
    """Yield what becomes of each start, several of them going through the rows in one pass."""
    mixtures: dict[int, _core.Mixture] = {}
    result_of: dict[int, Run | FailedStart] = {}
    try:
        for i in range(starts.count):
            try:
                mixtures[i] = starts.make()
            except _core.CollapsedComponentError as error:
                result_of[i] = FailedStart(i, 0, error.component)
        results = _core.em_from_mixtures(
            rows.X,
            list(mixtures.values()),
            rows.sample_weight,
            n_threads=rows.n_threads,
            **em.native_options(starts.prior),
        )
    except ValueError:
        rows.refuse_scale()
        raise
    for i, result in zip(mixtures, results, strict=True):
        result_of[i] = result_of_start(i, result)
    for i in range(starts.count):
        yield result_of[i]


def _in_turn(em: EMConfig, starts: Starts, rows: Rows) -> Results:
    """Yield what becomes of each start, one after another, all threads on its rows."""
    monitor = Monitor(em.verbose, em.verbose_interval, em.callback, rows.total_weight)
    for i in range(starts.count):
        monitor.begin(i, starts.lower_bound)
        try:
            run = _run(em, starts.make(), starts, rows, monitor)
        except _core.CollapsedComponentError as error:
            monitor.end("failed")
            yield FailedStart(i, monitor.iteration, error.component)
            continue
        except ValueError:
            rows.refuse_scale()
            raise
        monitor.end("converged" if run.converged else "did not converge")
        yield run


def _run(em: EMConfig, mixture: _core.Mixture, starts: Starts, rows: Rows, monitor: Monitor) -> Run:
    """Run EM from one mixture."""
    if em.max_iter == 0:
        return Run.of_start(mixture)
    monitor.is_initializing = False
    result = _core.em(
        rows.X,
        mixture,
        rows.sample_weight,
        previous_lower_bound=starts.lower_bound,
        callback=monitor.interrupt_callback,
        n_threads=rows.n_threads,
        **em.native_options(starts.prior),
    )
    return Run.of(result)
