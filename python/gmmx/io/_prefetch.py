"""Reading that overlaps computing."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Generator, Iterable
from typing import Any, TypeAlias, TypeVar

from gmmx._waiting import LOOK_EVERY

__all__ = ["read_ahead"]

Item = TypeVar("Item")
Fetched: TypeAlias = tuple[Any, BaseException | None]

_END = object()
_PATIENCE = 5.0  # seconds that a reader has to end in; one that hangs must not hold up Ctrl-C


def _next_of(fetched: queue.SimpleQueue[Fetched]) -> Fetched:
    """Return what is fetched next; Ctrl-C ends the wait."""
    while True:
        with contextlib.suppress(queue.Empty):
            return fetched.get(timeout=LOOK_EVERY)


def read_ahead(begin: Callable[[], Iterable[Item]]) -> Generator[Item, None, None]:
    """Yield what an iterable yields, while a thread of its own fetches the next item.

    Parameters
    ----------
    begin : callable
        Returns the iterable; called in that thread, as all of its iteration.

    Yields
    ------
    item
        The items in order. One more is held at a time. If the iteration fails, its error is raised here, after the
        items before. When this generator is closed, the thread ends after the item that it is fetching.
    """
    fetched: queue.SimpleQueue[Fetched] = queue.SimpleQueue()
    wanted = threading.Semaphore(1)
    closed = threading.Event()

    def fetch() -> None:
        try:
            items = begin()
            with contextlib.ExitStack() as at_end:
                iterator = iter(items)
                if hasattr(iterator, "close"):
                    at_end.callback(iterator.close)
                while wanted.acquire() and not closed.is_set():
                    fetched.put((next(iterator, _END), None))
        except BaseException as error:
            fetched.put((_END, error))

    thread = threading.Thread(target=fetch, name="gmmx-read-ahead", daemon=True)
    thread.start()
    try:
        while True:
            item, error = _next_of(fetched)
            if error is not None:
                raise error
            if item is _END:
                return
            wanted.release()
            yield item
    finally:
        closed.set()
        wanted.release()
        thread.join(_PATIENCE)
