"""Many small fits, in threads.

Each fit has its own random generator, spawned from one seed, and runs on one thread, so results do not depend on the
number of threads.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import islice
from typing import Any, TypeVar

import numpy as np

from gmmx import _core
from gmmx._waiting import LOOK_EVERY
from gmmx.em.random import as_random_source

__all__ = ["map_fits", "map_in_threads", "seeds_from"]

# Items of a thread that are submitted ahead of the one that is waited for: enough for threads that meet short ones.
_SUBMITTED = 64

Given = TypeVar("Given")
Result = TypeVar("Result")


def map_in_threads(
    function: Callable[[Given], Result], items: Iterable[Given], n_threads: int
) -> Generator[Result, None, None]:
    """Map on several threads, in order.

    A caller that stops iterating, or is interrupted, does not wait for running fits: native code ends after the current
    iteration of each.
    """
    if n_threads == 1:
        yield from map(function, items)  # in the thread that asks, where native code heeds Ctrl-C
        return
    stop = _core.StopFlag()
    pool = ThreadPoolExecutor(n_threads, initializer=_core.heed, initargs=(stop,))
    try:
        waiting = iter(items)
        futures = deque(pool.submit(function, item) for item in islice(waiting, _SUBMITTED * n_threads))
        while futures:
            future = futures.popleft()
            while not future.done():
                wait([future], timeout=LOOK_EVERY)
            futures.extend(pool.submit(function, item) for item in islice(waiting, 1))
            yield future.result()
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)


def map_fits(
    task: Callable[[int], Result],
    total: int,
    n_threads: int,
    callback: Callable[[int, int], Any] | None,
) -> list[Result]:
    """Run tasks 0, 1, ... in threads; return the results in order, fewer if the callback stops."""
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
