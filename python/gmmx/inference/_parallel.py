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
from gmmx.em.random import as_random_source

__all__ = ["map_fits", "map_in_threads", "seeds_from"]

Given = TypeVar("Given")
Result = TypeVar("Result")


def map_in_threads(
    function: Callable[[Given], Result], items: Iterable[Given], n_threads: int
) -> Generator[Result, None, None]:
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


def map_fits(
    task: Callable[[int], Result],
    total: int,
    n_threads: int,
    callback: Callable[[int, int], Any] | None,
) -> list[Result]:
    """Run tasks 0, 1, ... in threads; return their results in order, fewer if the callback stops."""
    results: list[Result] = []
    with contextlib.closing(map_in_threads(task, range(total), min(n_threads, total))) as ended:
        for result in ended:
            results.append(result)
            if callback is not None and callback(len(results), total):
                break
    return results


def seeds_from(random_state: Any) -> np.random.SeedSequence:
    """Return the seed that all others of a run descend from."""
    return np.random.SeedSequence(as_random_source(random_state).seed())
