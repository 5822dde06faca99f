"""Many small fits, in threads.

Each has a random generator of its own, spawned from one seed, and runs on one thread: results do not depend on how many
threads there are.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np

from gmmx.draws import draws_from
from gmmx.validation import Rows

__all__ = ["in_threads", "listener_for", "seeds_from"]

Outcome = TypeVar("Outcome")

_NUMBERS_WORTH_A_LOOK = 10_000
"""Rows times features from which a fit looks after each iteration whether the run was interrupted."""


class _Interrupted(Exception):
    """The run was interrupted, and this fit need not go on."""


def in_threads(
    task: Callable[[int, Callable[..., None]], Outcome],
    total: int,
    n_threads: int,
    callback: Callable[[int, int], Any] | None,
) -> list[Outcome]:
    """Run tasks 0, 1, ... in threads; return their outcomes in order, fewer if the callback stops.

    A task gets, besides its number, a function to call now and then, which raises once the run was interrupted.
    """
    interrupted = threading.Event()

    def look(*_: Any) -> None:
        if interrupted.is_set():
            raise _Interrupted

    outcomes: list[Outcome] = []
    n_threads = min(n_threads, total)
    with ThreadPoolExecutor(n_threads) if n_threads > 1 else contextlib.nullcontext() as pool:
        try:
            for outcome in (pool or _HERE).map(lambda number: task(number, look), range(total)):
                outcomes.append(outcome)
                if callback is not None and callback(len(outcomes), total):
                    break
        finally:
            interrupted.set()
            if pool is not None:
                pool.shutdown(cancel_futures=True)
    return outcomes


class _Here:
    """Stands for a pool of one thread: the one that asks, where the native code itself heeds Ctrl-C."""

    map = staticmethod(map)


_HERE = _Here()


def seeds_from(random_state: Any) -> np.random.SeedSequence:
    """Return the seed that all others of a run descend from."""
    return np.random.SeedSequence(draws_from(random_state).seed())


def listener_for(X: Rows, look: Callable[..., None]) -> Callable[..., None] | None:
    """Return what EM calls after each iteration: of few rows, nothing, as the call takes longer than they do."""
    return look if X.size > _NUMBERS_WORTH_A_LOOK else None
