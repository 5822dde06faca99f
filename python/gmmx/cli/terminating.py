"""Signals that ask the program to end: it first removes what it was writing, as after Ctrl-C."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from typing import NoReturn

__all__ = ["unwinding_on_termination"]

_SIGNALS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


class _TerminatedError(BaseException):
    """A signal asked the program to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def _unwind(number: int, _: object) -> NoReturn:
    signal.signal(number, signal.SIG_DFL)  # the second one ends it on the spot
    raise _TerminatedError(number)


@contextlib.contextmanager
def unwinding_on_termination() -> Iterator[None]:
    """Let SIGTERM and SIGHUP leave the block by an exception, and then end the process.

    The process ends by the signal itself, so that its parent sees which one. Signals that the parent had ignored, as
    nohup does, stay ignored, and other handlers stay in place. Outside of the main thread nothing changes.
    """
    handled = []
    if threading.current_thread() is threading.main_thread():
        handled = [number for number in _SIGNALS if signal.getsignal(number) == signal.SIG_DFL]
    for number in handled:
        signal.signal(number, _unwind)
    try:
        yield
    except _TerminatedError as error:
        os.kill(os.getpid(), error.number)
        raise SystemExit(128 + error.number) from error  # where signals do not end a process
    finally:
        for number in handled:
            signal.signal(number, signal.SIG_DFL)
