"""Starts of EM: where they begin, who watches them, where they led, and how they fail."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gmmx import _core
from gmmx.em.priors import NativePrior
from gmmx.em.random import Draws

__all__ = [
    "FailedStart",
    "Monitor",
    "Run",
    "Starts",
    "beats",
    "ended",
    "failure_message",
    "stronger_prior",
    "unchanged_on_failure",
]

_ALL_FAILED = (
    "Fitting the mixture model failed because some components have ill-defined empirical covariance (for "
    "instance caused by singleton or collapsed samples). Try to decrease the number of components, "
    "increase reg_covar, or scale the input data."
)
_IN_FLOAT32 = " The numerical accuracy can also be improved by passing float64 data instead of float32."


class FailedStart(NamedTuple):
    """A start that ended in a collapsed component.

    Attributes
    ----------
    start : int
        Which of `n_init`, from 0.
    iteration : int
        Whose M-step failed, from 1; 0: that of the initial partition.
    component : int
        Which component; -1: the covariance that all share.
    """

    start: int
    iteration: int
    component: int

    def __str__(self) -> str:
        """Tell it in words."""
        who = "the shared covariance" if self.component < 0 else f"component {self.component}"
        when = f"in iteration {self.iteration}" if self.iteration else "in the initial partition"
        return f"{who} collapsed {when} of start {self.start}"


@dataclass(frozen=True)
class Run:
    """Where one start of EM led."""

    mixture: _core.Mixture
    lower_bounds: list[float]
    converged: bool
    stopped: bool
    empty_components: list[int]

    @classmethod
    def of(cls, result: _core.EMResult) -> Run:
        """Take over what the native loop returned."""
        return cls(result.mixture, result.lower_bounds, result.converged, result.stopped, result.empty_components)

    @classmethod
    def of_start(cls, mixture: _core.Mixture) -> Run:
        """Stay at a start: no EM ran."""
        empty: list[int] = np.flatnonzero(mixture.weights == 0.0).tolist()
        return cls(mixture, [], False, False, empty)

    def overflows(self, dtype: npt.DTypeLike) -> bool:
        """Return whether the likelihood overflowed, or a precision cannot hold the covariances."""
        if self.lower_bounds and self.lower_bound == -np.inf:
            return True
        # A mixture holds finite numbers of float64.
        return dtype != np.float64 and float(np.abs(self.mixture.covariances).max()) > float(np.finfo(dtype).max)

    @property
    def lower_bound(self) -> float:
        """Mean log-likelihood that the last E-step saw."""
        return self.lower_bounds[-1] if self.lower_bounds else -np.inf


def ended(start: int, outcome: _core.EMResult | tuple[int, int]) -> Run | FailedStart:
    """Name what the native code returned for one of several starts."""
    return FailedStart(start, *outcome) if isinstance(outcome, tuple) else Run.of(outcome)


def beats(score: float, best: float, dtype: npt.DTypeLike) -> bool:
    """Tell whether a start is better by more than rounding: of equal ones the first is kept, however they ran."""
    return score - best > 100 * float(np.finfo(dtype).eps) * max(1.0, abs(score))


@dataclass(frozen=True)
class Starts:
    """Where to start from: `make` returns the next initial mixture, `count` times.

    `draws`: of starts that k-means makes of the rows alone, where the native code may run several at once.
    """

    make: Callable[[], _core.Mixture]
    count: int
    lower_bound: float
    draws: Draws | None = None
    prior: NativePrior | None = None


class Monitor:
    """Told of each iteration: prints as scikit-learn does, asks the user's callback, knows how far EM got."""

    def __init__(
        self,
        verbose: int,
        verbose_interval: int,
        callback: Callable[[int, float], Any] | None,
        total_weight: float,
    ) -> None:
        self.verbose = int(verbose)
        self.verbose_interval = verbose_interval
        self.callback = callback
        self.total_weight = total_weight
        self.seen: dict[int, float] = {}  # lower bounds by iteration, of the start under way
        self.makes_start = True
        self.lower_bound = -np.inf

    @property
    def listener(self) -> Callable[[int, float], Any]:
        """What the native loop calls: where nobody wants to know, the cheapest thing that keeps count."""
        return self if self.verbose or self.callback else self.seen.__setitem__

    @property
    def under_way(self) -> int:
        """The iteration; 0: making the start."""
        return 0 if self.makes_start else len(self.seen) + 1

    def begin(self, start: int, lower_bound: float, lower_bounds: Sequence[float] = ()) -> None:
        """Begin a start of EM, or go on with one after the iterations of these bounds."""
        self.seen.clear()
        self.seen.update(enumerate(lower_bounds, 1))
        self.makes_start, self.lower_bound = True, lower_bound
        self.began = self.previous = perf_counter()
        if self.verbose:
            print(f"Initialization {start}")

    def __call__(self, iteration: int, lower_bound: float) -> bool:
        """Take note of an iteration; return whether to stop."""
        change = lower_bound - self.lower_bound
        self.seen[iteration] = self.lower_bound = lower_bound
        if self.verbose and iteration % self.verbose_interval == 0:
            self._print_iteration(iteration, change)
        if self.callback is None:
            return False
        return bool(self.callback(iteration, lower_bound * self.total_weight))

    def _print_iteration(self, iteration: int, change: float) -> None:
        line = f"  Iteration {iteration}"
        if self.verbose > 1:
            now = perf_counter()
            line += f"\t time lapse {now - self.previous:.5f}s\t ll change {change:.5f}"
            self.previous = now
        print(line)

    def end(self, outcome: str) -> None:
        """End a start of EM."""
        if not self.verbose:
            return
        line = f"Initialization {outcome}."
        if self.verbose > 1:
            line += f" time lapse {perf_counter() - self.began:.5f}s\t lower bound {self.lower_bound:.5f}."
        print(line)


class _Restoring:
    """Gives an estimator its attributes back if the body raises; a generator would take longer than some checks."""

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def __enter__(self) -> None:
        self.before = dict(vars(self.estimator))

    def __exit__(self, kind: type[BaseException] | None, error: object, traceback: object) -> None:
        if kind is not None:
            vars(self.estimator).clear()
            vars(self.estimator).update(self.before)


def unchanged_on_failure(estimator: Any) -> contextlib.AbstractContextManager[None]:
    """Give an estimator its attributes back if the body raises, be it an interrupt."""
    return _Restoring(estimator)


def stronger_prior(prior: object) -> str:
    """Return the remedy of a collapse that lies in the prior, as the end of a sentence that begins with "To"."""
    if prior is None:
        return 'set prior="default"'
    return "give a prior of a larger scale (gmmx.ConjugatePrior)"


def failure_message(failed: list[FailedStart], dtype: npt.DTypeLike, remedy: str) -> str:
    """Tell why no start could be fitted: the first few of those that failed, and the remedy."""
    shown = "; ".join(map(str, failed[:5])) + (f"; and {len(failed) - 5} more" if len(failed) > 5 else "")
    problem = f"{_ALL_FAILED}{_IN_FLOAT32 if dtype == np.float32 else ''} Here {shown}."
    return f"{problem} To prevent this, {remedy}."
