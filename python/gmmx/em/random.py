"""Random numbers, from whatever the caller hands in as a random state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from gmmx import _sklearn
from gmmx.validation import F64


class Draws(Protocol):
    """The three kinds of randomness that a fit and a sample need."""

    def uniform(self, shape: int | tuple[int, ...]) -> F64:
        """Return numbers in [0, 1)."""

    def choose(self, n: int, size: int) -> npt.NDArray[np.int64]:
        """Return `size` different numbers below n."""

    def seed(self) -> int:
        """Return a number below 2**63 for the native generator."""


@dataclass(frozen=True)
class _StateDraws:
    """Draws from NumPy's RandomState, as scikit-learn makes them."""

    state: np.random.RandomState

    def uniform(self, shape: int | tuple[int, ...]) -> F64:
        return self.state.random_sample(shape)

    def choose(self, n: int, size: int) -> npt.NDArray[np.int64]:
        return self.state.choice(n, size=size, replace=False).astype(np.int64)

    def seed(self) -> int:
        return int(self.state.randint(np.iinfo(np.int64).max, dtype=np.int64))


class _SeededDraws(_StateDraws):
    """Draws from np.random.RandomState(seed), a state used again: to make one takes as long as EM of few rows."""

    _spare: ClassVar[list[np.random.RandomState]] = []

    def __init__(self, seed: int) -> None:
        try:
            state = self._spare.pop()
        except IndexError:
            state = np.random.RandomState(0)
        super().__init__(state)
        state.seed(seed)

    def __del__(self) -> None:
        self._spare.append(self.state)


@dataclass(frozen=True)
class _GeneratorDraws:
    """Draws from NumPy's newer Generator."""

    generator: np.random.Generator

    def uniform(self, shape: int | tuple[int, ...]) -> F64:
        return self.generator.random(shape)

    def choose(self, n: int, size: int) -> npt.NDArray[np.int64]:
        return self.generator.choice(n, size=size, replace=False).astype(np.int64)

    def seed(self) -> int:
        return int(self.generator.integers(np.iinfo(np.int64).max))


def draws_from(random_state: Any) -> Draws:
    """Return a source of randomness.

    Parameters
    ----------
    random_state : int, RandomState, Generator or None
        A seed starts the same draws each time, an instance goes on, None takes NumPy's global state.
    """
    if isinstance(random_state, np.random.Generator):
        return _GeneratorDraws(random_state)
    if type(random_state) is int:
        return _SeededDraws(random_state)
    return _StateDraws(_sklearn.check_random_state(random_state))
