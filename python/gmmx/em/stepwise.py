"""Stepwise EM: the state that `partial_fit` keeps between two calls, and the step that it takes in each.

Section 25 of docs/theory.md. States are values: a call makes a new one, so that a failed call leaves the old one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import ConvergenceWarning

from gmmx import _core
from gmmx._warnings import warn
from gmmx.em.config import EMConfig, InitConfig
from gmmx.em.equal_components import warn_of_equal_components
from gmmx.em.initialization import LastFit, Starts, fresh_starts
from gmmx.em.priors import NativePrior, prior_of_rows
from gmmx.em.result import stronger_prior
from gmmx.validation import FitFailedError, Rows
from gmmx.validation.outweighing_rows import without_outweighing, without_outweighing_of_start

__all__ = ["StepwiseConfig", "StepwiseState", "WarmUp", "after_batch", "rows_to_start"]

# Rows per component and per feature plus one: later batches cannot repair a start from too few rows.
_ROWS_A_PARAMETER = 5

# At most this many numbers are gathered, to bound memory for rows with many features.
_NUMBERS_GATHERED = 1 << 22

# If every start collapses, the number of rows to gather doubles up to this many times.
_MOST_DOUBLINGS = 4

# No component falls below this share of the weight, so that it can recover when its rows come back.
_LEAST_SHARE = 1e-10

# Below this mean log-density, a batch is searched for rows that outweigh all others.
_HOPELESS = -1e6


@dataclass(frozen=True)
class StepwiseConfig:
    """Configuration of stepwise EM.

    Attributes
    ----------
    em, init : EMConfig, InitConfig
        Configuration of the M-step and of the start.
    learning_decay, learning_offset : float
        alpha and t_0 of equation (108).
    average : bool
        Whether users see the mixture of the averaged statistics (111).
    last : LastFit or None
        Parameters to continue from.
    """

    em: EMConfig
    init: InitConfig
    learning_decay: float = 0.6
    learning_offset: float = 1.0
    average: bool = False
    last: LastFit | None = None

    def step_length(self, n_steps: int, weight: float, total_weight: float) -> float:
        """Return the share of a batch in the running statistics, of `n_steps` batches of so much weight in all."""
        decayed: float = (n_steps + self.learning_offset) ** -self.learning_decay
        return min(1.0, weight / total_weight * n_steps * decayed)  # (108)


def rows_to_start(n_components: int, n_features: int) -> int:
    """Return how many rows are gathered before a start is made of them.

    Parameters
    ----------
    n_components, n_features : int
        Of the mixture.

    Examples
    --------
    >>> rows_to_start(n_components=3, n_features=4)
    75
    """
    wanted = _ROWS_A_PARAMETER * n_components * (n_features + 1)
    return max(2 * n_components, min(wanted, _NUMBERS_GATHERED // n_features))


def _distinct(rows: Rows) -> Rows:
    """Return the different rows, in the order in which they came first, with the weights of their repetitions."""
    _, first, which = np.unique(rows.X, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first)
    weights = np.bincount(which.ravel(), weights=rows.sample_weight)[order].astype(np.float64)
    return Rows(rows.X[first[order]], weights, rows.n_threads)


@dataclass(frozen=True)
class WarmUp:
    """Rows that wait until there are enough of them to start from: bounded by that and one batch.

    Attributes
    ----------
    parts : tuple of Rows
        Rows of positive weight.
    n_samples : int
        Rows of positive weight that came so far.
    n_failures : int
        How often all starts collapsed.
    """

    parts: tuple[Rows, ...] = ()
    n_samples: int = 0
    n_failures: int = 0

    n_steps = 0

    def updated(self, rows: Rows, config: StepwiseConfig) -> WarmUp | StepwiseState:
        """Return the state after one more batch of positive weight.

        Raises
        ------
        FitFailedError
            If starts collapse, however many rows there are.
        """
        present = np.arange(len(rows)) if rows.sample_weight is None else np.flatnonzero(rows.sample_weight)
        batch = rows[present]  # a copy: the caller may use the array again
        grown = replace(self, parts=(*self.parts, batch), n_samples=self.n_samples + len(batch))
        wanted = self.rows_wanted(config.em.n_components, rows.X.shape[1])
        return grown if sum(len(part) for part in grown.parts) < wanted else grown.started(config)

    def rows_wanted(self, n_components: int, n_features: int) -> int:
        """Return how many rows are gathered before the next attempt at a start."""
        return rows_to_start(n_components, n_features) << self.n_failures

    def started(self, config: StepwiseConfig) -> WarmUp | StepwiseState:
        """Return the state after a start from the gathered rows, or the same with more rows to wait for."""
        gathered = without_outweighing_of_start(self._joined())
        distinct = _distinct(gathered)
        if len(distinct) < config.em.n_components:
            return replace(self, parts=(distinct,))
        state = _state_of_start(gathered, config)
        if state is not None:
            return replace(state.updated(gathered, config), n_samples=self.n_samples)
        if self.n_failures == _MOST_DOUBLINGS:
            raise FitFailedError(
                f"No start can be made of the {len(gathered)} rows that partial_fit has gathered: a component "
                f"collapsed in each. Increase reg_covar, {stronger_prior(config.em.prior)}, lower n_components, or "
                "scale the data."
            )
        return replace(self, parts=(gathered,), n_failures=self.n_failures + 1)

    def _joined(self) -> Rows:
        """Return all rows in one array; rows of both precisions become float64."""
        X: Any = np.concatenate([part.X for part in self.parts])
        weights = None
        if any(part.sample_weight is not None for part in self.parts):
            each = [np.ones(len(p.X)) if p.sample_weight is None else p.sample_weight for p in self.parts]
            weights = np.concatenate(each)
        return Rows(X, weights, self.parts[-1].n_threads)


def _statistics(rows: Rows, mixture: _core.Mixture) -> _core.SufficientStatistics:
    statistics = _core.e_step(rows.X, mixture, rows.sample_weight, rows.n_threads)
    sums = (statistics.counts, statistics.first_moments, statistics.second_moments)
    if not all(np.isfinite(each).all() for each in sums):
        rows.refuse_scale()
        raise ValueError("X holds numbers too large to square and add, together with sample_weight: scale them down.")
    return statistics


@dataclass(frozen=True)
class StepwiseState:
    """Where stepwise EM stands.

    Attributes
    ----------
    mixture : Mixture
        Under which the next batch is seen.
    estimate : Mixture
        What users see: the same, or that of the averaged statistics.
    running : SufficientStatistics
        s_t of equation (107), of total weight 1.
    dtype : dtype
        Of the parameters that users see.
    prior : NativePrior or None
        For the M-step.
    n_steps : int
        Batches so far; an earlier fit counts as one.
    n_samples : int
        Their rows of positive weight, without those of an earlier fit.
    total_weight : float
        Of the batches and the earlier fit; 0 before the first step of a fresh start.
    lower_bound : float
        Mean log-likelihood of the rows of the last batch, before its step.
    averaged : SufficientStatistics or None
        Mean of the running statistics (111).
    averaged_weight : float
        Sum of the weights in that mean.
    """

    mixture: _core.Mixture
    estimate: _core.Mixture
    running: _core.SufficientStatistics
    dtype: npt.DTypeLike
    prior: NativePrior | None
    n_steps: int = 0
    n_samples: int = 0
    total_weight: float = 0.0
    lower_bound: float = -np.inf
    averaged: _core.SufficientStatistics | None = None
    averaged_weight: float = 0.0

    @classmethod
    def at(cls, mixture: _core.Mixture, dtype: npt.DTypeLike, prior: NativePrior | None) -> StepwiseState:
        """Return the state before the first batch, which then decides alone."""
        return cls(mixture, mixture, _core.expected_statistics(mixture), dtype, prior)

    def counted_as(self, weight: float) -> StepwiseState:
        """Return the state in which the mixture itself counts as a batch of some weight."""
        return replace(self, n_steps=1, total_weight=weight)

    def check_covariance_type(self, covariance_type: str) -> None:
        """Refuse to go on with another model: its M-step may need other statistics than were kept."""
        begun = self.mixture.covariance_type
        if covariance_type != begun:
            raise ValueError(
                f"covariance_type is {covariance_type!r}, but partial_fit began with {begun!r} and keeps statistics "
                "for that only. Set it back, or start afresh with a new estimator (sklearn.base.clone)."
            )

    def updated(self, rows: Rows, config: StepwiseConfig) -> StepwiseState:
        """Return the state after one more batch of positive weight.

        Warns
        -----
        ConvergenceWarning
            If a component collapses: the mixture then stays as it is, and the statistics alone go on.
        RuntimeWarning
            If a row outweighs all others and is left out: what it took from the statistics would never come back.
        """
        statistics = _statistics(rows, self.mixture)
        weight = statistics.total_weight
        if statistics.log_likelihood < _HOPELESS * weight:
            kept = without_outweighing(rows, self.mixture)
            if kept.n_present < rows.n_present:
                return self.updated(kept, config) if kept.n_present else self
        total, n_steps = self.total_weight + weight, self.n_steps + 1
        length = config.step_length(n_steps, weight, total) if self.n_steps else 1.0
        running = _core.blend(self.running, _core.rescaled(statistics, 1.0), length)  # (107)
        running = _core.with_least_counts(running, _LEAST_SHARE)
        grown = replace(
            self,
            running=running,
            n_steps=n_steps,
            n_samples=self.n_samples + statistics.n_samples,
            total_weight=total,
            lower_bound=statistics.log_likelihood / weight,
        )
        grown = grown.averaging(n_steps * weight) if config.average else replace(grown, averaged=None)
        return grown.maximised(config)

    def averaging(self, weight: float) -> StepwiseState:
        """Return the state with the running statistics in their mean, with so much weight."""
        if self.averaged is None:
            return replace(self, averaged=self.running, averaged_weight=weight)
        total = self.averaged_weight + weight
        return replace(
            self,
            averaged=_core.blend(self.averaged, self.running, weight / total),  # (111)
            averaged_weight=total,
        )

    def maximised(self, config: StepwiseConfig) -> StepwiseState:
        """Return the state with the mixtures of its statistics."""
        try:
            mixture = self._m_step(self.running, self.mixture, config)
            estimate = mixture if self.averaged is None else self._m_step(self.averaged, self.estimate, config)
        except _core.CollapsedComponentError as error:
            who = "The shared covariance" if error.component < 0 else f"Component {error.component}"
            warn(
                f"{who} collapsed in step {self.n_steps} of partial_fit. The mixture stays as it was before, and the "
                f"step goes into the statistics alone. Increase reg_covar, {stronger_prior(self.prior)}, or give "
                "larger batches.",
                ConvergenceWarning,
            )
            return self
        return replace(self, mixture=mixture, estimate=estimate)

    def _m_step(
        self, statistics: _core.SufficientStatistics, previous: _core.Mixture, config: StepwiseConfig
    ) -> _core.Mixture:
        # A prior counts as rows do, so the statistics must stand for all that came.
        scaled = statistics if self.prior is None else _core.rescaled(statistics, self.total_weight)
        em = config.em
        return _core.m_step(
            scaled, self.mixture.covariance_type, em.reg_covar, previous, self.prior, n_threads=em.n_threads
        )


def after_batch(
    state: WarmUp | StepwiseState | None, rows: Rows, config: StepwiseConfig
) -> WarmUp | StepwiseState | None:
    """Return the state after one more batch; None if parameters stay all that there is.

    A batch without rows of positive weight changes nothing.

    Parameters
    ----------
    state : WarmUp, StepwiseState or None
        State after the last batch; None before the first.
    rows : Rows
        The batch.
    config : StepwiseConfig
        Configuration.

    Raises
    ------
    FitFailedError
        If all starts collapse, however many rows were gathered.
    ValueError
        If parameters are not accepted or do not fit what came before, or the rows are too large.
    """
    if rows.n_present == 0:
        return state if state is not None or config.last is not None else WarmUp()
    return _state_before(state, rows, config).updated(rows, config)


def _state_before(state: WarmUp | StepwiseState | None, rows: Rows, config: StepwiseConfig) -> WarmUp | StepwiseState:
    """Return what the last batch left, or where the first one begins."""
    if config.last is not None:
        config.last.check_shape(config.em, rows.X.shape[1], "partial_fit goes on from what is fitted", "Set them back")
    if isinstance(state, StepwiseState):
        state.check_covariance_type(config.em.covariance_type)
    if state is not None:
        return state
    if config.last is None:
        _check_start(rows, config)
    elif config.em.prior != "default":
        return _state_at_parameters(config.last, rows, config)
    return WarmUp()


def _check_start(rows: Rows, config: StepwiseConfig) -> None:
    """Check what the start will be made by now, not once enough rows are gathered."""
    if config.init.responsibilities_init is not None:
        raise ValueError(
            "responsibilities_init is given, but partial_fit cannot tell which rows of a stream it is for. Give "
            "means_init, weights_init and precisions_init, or fit the rows that it is for and go on from there."
        )
    fresh_starts(config.em, config.init, rows, None if config.em.prior == "default" else prior_of_rows(config.em, rows))


def _state_of_start(gathered: Rows, config: StepwiseConfig) -> StepwiseState | None:
    """Return the state before the first step from gathered rows; None if no start can be made of them."""
    if config.last is not None:
        return _state_at_parameters(config.last, gathered, config)
    prior = prior_of_rows(config.em, gathered)
    mixture = _best_of(fresh_starts(config.em, config.init, gathered, prior), gathered)
    if mixture is None:
        return None
    warn_of_equal_components(mixture)
    return StepwiseState.at(mixture, gathered.X.dtype, prior)


def _state_at_parameters(last: LastFit, rows: Rows, config: StepwiseConfig) -> StepwiseState:
    """Return the state that continues a fit to known rows, or parameters that count as one batch."""
    weight = rows.total_weight if last.weight is None else last.weight
    return StepwiseState.at(last.make(), last.dtype, prior_of_rows(config.em, rows)).counted_as(weight)


def _best_of(starts: Starts, rows: Rows) -> _core.Mixture | None:
    """Return the start under which the rows are likeliest, or None if all collapse."""
    best, highest = None, -np.inf
    for _ in range(starts.count):
        try:
            mixture = starts.make()
        except _core.CollapsedComponentError:
            continue
        log_likelihood = 0.0 if starts.count == 1 else _statistics(rows, mixture).log_likelihood
        if best is None or log_likelihood > highest:
            best, highest = mixture, log_likelihood
    return best
