"""Progress of EM over its iterations: verbose output, the user's callback, and the bounds so far."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

import numpy as np

__all__ = ["Monitor"]


class Monitor:
    """Print each iteration as scikit-learn does, call the user's callback, and record the bounds."""

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
        self.bounds: dict[int, float] = {}  # of the current start, by iteration
        self.is_initializing = True
        self.lower_bound = -np.inf

    @property
    def interrupt_callback(self) -> Callable[[int, float], Any]:
        """The callback of the native loop; without output or a user's callback, the cheapest one."""
        return self if self.verbose or self.callback else self.bounds.__setitem__

    @property
    def iteration(self) -> int:
        """Number of the current iteration; 0 during initialization."""
        return 0 if self.is_initializing else len(self.bounds) + 1

    def begin(self, start: int, lower_bound: float, lower_bounds: Sequence[float] = ()) -> None:
        """Begin a start of EM, or resume one after iterations with these bounds."""
        self.bounds.clear()
        self.bounds.update(enumerate(lower_bounds, 1))
        self.is_initializing, self.lower_bound = True, lower_bound
        self.began = self.previous = perf_counter()
        if self.verbose:
            print(f"Initialization {start}")

    def __call__(self, iteration: int, lower_bound: float) -> bool:
        """Record an iteration; return whether to stop."""
        change = lower_bound - self.lower_bound
        self.bounds[iteration] = self.lower_bound = lower_bound
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

    def end(self, result: str) -> None:
        """End a start of EM."""
        if not self.verbose:
            return
        line = f"Initialization {result}."
        if self.verbose > 1:
            line += f" time lapse {perf_counter() - self.began:.5f}s\t lower bound {self.lower_bound:.5f}."
        print(line)
