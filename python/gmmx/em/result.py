"""Results of EM from one start, and the errors of starts that failed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import ConvergenceWarning

from gmmx import _core
from gmmx._text import first_few
from gmmx._warnings import warn
from gmmx.em.config import EMConfig
from gmmx.em.equal_components import warn_of_equal_components

__all__ = [
    "NOT_CONVERGED",
    "FailedStart",
    "Fit",
    "Run",
    "beats",
    "failure_message",
    "result_of_start",
    "stronger_prior",
    "unchanged_on_failure",
]

_ALL_FAILED = (
    "Fitting the mixture model failed because some components have ill-defined empirical covariance (for "
    "instance caused by singleton or collapsed samples). Try to decrease the number of components, "
    "increase reg_covar, or scale the input data."
)
NOT_CONVERGED = (
    "Best performing initialization did not converge. Try different init parameters, or increase max_iter, "
    "tol, or check for degenerate data."
)
# Rounding lets a log-likelihood per row fall by less, unless it has hardly any correct digits.
_ROUNDING = 1e-6
_IN_FLOAT32 = " The numerical accuracy can also be improved by passing float64 data instead of float32."


class FailedStart(NamedTuple):
    """A start that ended in a collapsed component.

    Attributes
    ----------
    start : int
        Which of `n_init`, from 0.
    iteration : int
        Whose M-step failed, from 1; 0: that of the initialization.
    component : int
        Which component; -1: the covariance that all share.
    """

    start: int
    iteration: int
    component: int

    def __str__(self) -> str:
        """Describe it in words."""
        who = "the shared covariance" if self.component < 0 else f"component {self.component}"
        when = f"in iteration {self.iteration}" if self.iteration else "in the initialization"
        return f"{who} collapsed {when} of start {self.start}"


@dataclass(frozen=True)
class Run:
    """Result of EM from one start."""

    mixture: _core.Mixture
    lower_bounds: list[float]
    converged: bool
    stopped: bool
    empty_components: list[int]

    @classmethod
    def of(cls, result: _core.EMResult) -> Run:
        """Convert the result of the native loop."""
        return cls(result.mixture, result.lower_bounds, result.converged, result.stopped, result.empty_components)

    @classmethod
    def of_start(cls, mixture: _core.Mixture) -> Run:
        """Return the result of no EM: the start itself."""
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

    def steepest_fall(self) -> float:
        """Return by how much the mean log-likelihood fell in one iteration, at most; 0 if it never did."""
        return max(0.0, max((before - after for before, after in pairwise(self.lower_bounds)), default=0.0))


class Fit(NamedTuple):
    """Result of a fit: what an estimator shows of it.

    Attributes
    ----------
    run : Run
        Result of the best start.
    failed : list of FailedStart
        Starts that ended in a collapsed component.
    dtype : dtype
        Type of the rows.
    total_weight : float
        Sum of the weights of the rows.
    log_likelihood : callable
        Returns the log-likelihood of the rows under a mixture, in one more pass.
    """

    run: Run
    failed: list[FailedStart]
    dtype: npt.DTypeLike
    total_weight: float
    log_likelihood: Callable[[_core.Mixture], float]

    def warn(self, n_components: int, max_iter: int) -> None:
        """Warn if the best run did not converge, left components empty or has equal ones."""
        run = self.run
        if not (run.converged or run.stopped) and max_iter > 0:
            warn(NOT_CONVERGED, ConvergenceWarning)
        if run.empty_components:
            warn(
                f"No row belongs to the components {run.empty_components}. Lower n_components (now {n_components}) or "
                "start elsewhere, by init_params, means_init or responsibilities_init.",
                ConvergenceWarning,
            )
        warn_of_equal_components(run.mixture)

    def warn_of_falls(self, em: EMConfig, remedy: Callable[[str], str]) -> None:
        """Warn if the log-likelihood fell by more than rounding, which it never does without `reg_covar` and `prior`.

        Parameters
        ----------
        em : EMConfig
            What was fitted.
        remedy : callable
            Returns the remedy, given the one for rows without faults.
        """
        if em.reg_covar != 0.0 or em.prior is not None or self.dtype != np.float64:
            return
        fall = self.run.steepest_fall()
        if fall > _ROUNDING:
            warn(
                f"The log-likelihood per row fell by {fall:.1g} in one iteration, and is right to about as much: "
                f"covariances are close to singular. To prevent this, {remedy('increase reg_covar')}.",
                ConvergenceWarning,
            )


def result_of_start(start: int, result: _core.EMResult | tuple[int, int]) -> Run | FailedStart:
    """Convert the result of one of several starts, or its failure."""
    return FailedStart(start, *result) if isinstance(result, tuple) else Run.of(result)


def beats(score: float, best: float, dtype: npt.DTypeLike) -> bool:
    """Return whether a start beats the best by more than rounding error; ties keep the earlier start."""
    return score - best > 100 * float(np.finfo(dtype).eps) * max(1.0, abs(score))


class _Restoring:
    """Restore the attributes of an estimator if the body raises; a generator would be slower."""

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def __enter__(self) -> None:
        self.before = dict(vars(self.estimator))

    def __exit__(self, kind: type[BaseException] | None, error: object, traceback: object) -> None:
        if kind is not None:
            vars(self.estimator).clear()
            vars(self.estimator).update(self.before)


def unchanged_on_failure(estimator: Any) -> contextlib.AbstractContextManager[None]:
    """Restore the attributes of an estimator if the body raises, even on an interrupt."""
    return _Restoring(estimator)


def stronger_prior(prior: object) -> str:
    """Return the remedy of a collapse that lies in the prior, as the end of a sentence that begins with "To"."""
    if prior is None:
        return 'set prior="default"'
    return "give a prior of a larger scale (gmmx.ConjugatePrior)"


def failure_message(failed: list[FailedStart], dtype: npt.DTypeLike, remedy: str) -> str:
    """Return the error for a fit without a result: the first failed starts and the remedy."""
    problem = f"{_ALL_FAILED}{_IN_FLOAT32 if dtype == np.float32 else ''} Here {first_few(failed, separator='; ')}."
    return f"{problem} To prevent this, {remedy}."
