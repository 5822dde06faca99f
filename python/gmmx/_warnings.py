"""Warnings that point at the user's line, however deep in the package they arise."""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from types import FrameType

__all__ = ["collecting", "ignoring", "warn"]

_OWN_FOLDER = str(Path(__file__).parent)
_SKIPPED_PACKAGES = ("sklearn", "joblib", "dask", "distributed", "pyspark")
_ignored: ContextVar[type[Warning] | tuple[()]] = ContextVar("_ignored", default=())
_collected: ContextVar[list[Warning] | None] = ContextVar("_collected", default=None)


def _is_skipped(frame: FrameType) -> bool:
    module = str(frame.f_globals.get("__name__", ""))
    return frame.f_code.co_filename.startswith(_OWN_FOLDER) or module.partition(".")[0] in _SKIPPED_PACKAGES


def warn(message: str | Warning, category: type[Warning] | None = None) -> None:
    """Warn as `warnings.warn` does, at the first line outside this package and those that call it for the user.

    Parameters
    ----------
    message : str or Warning
        Text of the warning, or the warning itself.
    category : type, optional
        Its class, if it is a text.
    """
    if issubclass(category or type(message), _ignored.get()):
        return
    collected = _collected.get()
    if collected is not None:
        collected.append(message if isinstance(message, Warning) else (category or UserWarning)(message))
        return
    frame, stacklevel = sys._getframe(1), 2
    while frame.f_back is not None and _is_skipped(frame):
        frame, stacklevel = frame.f_back, stacklevel + 1
    warnings.warn(message, category, stacklevel=stacklevel)


@contextlib.contextmanager
def ignoring(category: type[Warning]) -> Iterator[None]:
    """Let `warn` ignore a category within, in this thread alone.

    `warnings.catch_warnings` changes the filters of all threads: two that overlap leave the filters of one behind.
    """
    token = _ignored.set(category)
    try:
        yield
    finally:
        _ignored.reset(token)


@contextlib.contextmanager
def collecting() -> Iterator[list[Warning]]:
    """Let `warn` add to a list within, in this thread alone; return the list.

    Examples
    --------
    >>> from gmmx._warnings import collecting, warn
    >>> with collecting() as collected:
    ...     warn("Column 1 of X is constant.", UserWarning)
    >>> collected
    [UserWarning('Column 1 of X is constant.')]
    """
    collected: list[Warning] = []
    token = _collected.set(collected)
    try:
        yield collected
    finally:
        _collected.reset(token)
