"""Many small fits, in threads.

Each has a random generator of its own, spawned from one seed, and runs on one thread: results do not depend on how many
threads there are.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np

from gmmx import _core
from gmmx.em.random import draws_from

__all__ = ["in_threads", "mapped", "seeds_from"]

Given = TypeVar("Given")
Outcome = TypeVar("Outcome")


def mapped(
    function: Callable[[Given], Outcome], items: Iterable[Given], n_threads: int
) -> Generator[Outcome, None, None]:
    """Map on several threads, in order.

    Whoever stops asking, or is interrupted, does not wait for fits that are under way: native code ends at the next
    iteration of each.
    """
    if n_threads == 1:
        yield from map(function, items)  # in the thread that asks, where native code heeds Ctrl-C
        return
    stop = _core.StopFlag()
    pool = ThreadPoolExecutor(n_threads, initializer=_core.heed, initargs=(stop,))
    try:
        yield from pool.map(function, items)
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)


def in_threads(
    task: Callable[[int], Outcome],
    total: int,
    n_threads: int,
    callback: Callable[[int, int], Any] | None,
) -> list[Outcome]:
    """Run tasks 0, 1, ... in threads; return their outcomes in order, fewer if the callback stops."""
    outcomes: list[Outcome] = []
    with contextlib.closing(mapped(task, range(total), min(n_threads, total))) as ended:
        for outcome in ended:
            outcomes.append(outcome)
            if callback is not None and callback(len(outcomes), total):
                break
    return outcomes


def seeds_from(random_state: Any) -> np.random.SeedSequence:
    """Return the seed that all others of a run descend from."""
    return np.random.SeedSequence(draws_from(random_state).seed())
