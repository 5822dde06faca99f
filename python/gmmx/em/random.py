"""Random numbers, from whatever the caller hands in as a random state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from gmmx import _sklearn
from gmmx.validation import F64


class RandomSource(Protocol):
    """The three kinds of randomness that a fit and a sample need."""

    def uniform(self, shape: int | tuple[int, ...]) -> F64:
        """Return numbers in [0, 1)."""

    def choose(self, n: int, size: int) -> npt.NDArray[np.int64]:
        """Return `size` different numbers below n."""

    def seed(self) -> int:
        """Return a number below 2**63 for the native generator."""


@dataclass(frozen=True)
class _RandomStateSource:
    """Numbers from NumPy's RandomState, drawn as scikit-learn does."""

    state: np.random.RandomState

    def uniform(self, shape: int | tuple[int, ...]) -> F64:
        return self.state.random_sample(shape)

    def choose(self, n: int, size: int) -> npt.NDArray[np.int64]:
        return self.state.choice(n, size=size, replace=False).astype(np.int64)

    def seed(self) -> int:
        return int(self.state.randint(np.iinfo(np.int64).max, dtype=np.int64))


class _SeededSource(_RandomStateSource):
    """Numbers from np.random.RandomState(seed), a state used again: making one takes longer than EM of iris.

    The states that nobody uses are shared by all threads. `pop` and `append` of a list are atomic, with a global
    interpreter lock and without, so that no two sources ever hold the same state.
    """

    _unused: ClassVar[list[np.random.RandomState]] = []

    def __init__(self, seed: int) -> None:
        try:
            state = self._unused.pop()
        except IndexError:
            state = np.random.RandomState(0)
        super().__init__(state)
        state.seed(seed)

    def __del__(self) -> None:
        if "state" in vars(self):  # an interrupt may come before
            self._unused.append(self.state)


@dataclass(frozen=True)
class _GeneratorSource:
    """Numbers from NumPy's newer Generator."""

    generator: np.random.Generator

    def uniform(self, shape: int | tuple[int, ...]) -> F64:
        return self.generator.random(shape)

    def choose(self, n: int, size: int) -> npt.NDArray[np.int64]:
        return self.generator.choice(n, size=size, replace=False).astype(np.int64)

    def seed(self) -> int:
        return int(self.generator.integers(np.iinfo(np.int64).max))


def as_random_source(random_state: Any) -> RandomSource:
    """Return a source of randomness.

    Parameters
    ----------
    random_state : int, RandomState, Generator or None
        A seed gives the same numbers each time, an instance continues, None uses NumPy's global state.
    """
    if isinstance(random_state, np.random.Generator):
        return _GeneratorSource(random_state)
    if type(random_state) is int:
        return _SeededSource(random_state)
    return _RandomStateSource(_sklearn.check_random_state(random_state))
