"""A bar that shows how far a long fit has got."""

from __future__ import annotations

import sys
from time import monotonic
from typing import Any

from gmmx._optional import import_optional

__all__ = ["Progress"]

# Shorter fits show a bar only if the user asks for one.
_SECONDS = 2.0


class Progress:
    """Shows the passes of a fit over its rows, by tqdm: the rows of each, how many a second, the log-likelihood so far.

    Parameters
    ----------
    shown : bool or None
        Whether to show it. None: if standard error is a terminal, tqdm is installed and the fit takes two seconds.

    Raises
    ------
    ImportError
        If a bar is asked for and tqdm is not installed.
    """

    def __init__(self, shown: bool | None) -> None:
        self._make: Any = None
        self._patience = 0.0 if shown else _SECONDS
        if shown or (shown is None and sys.stderr.isatty()):
            try:
                self._make = import_optional("tqdm", "progress=True", "data").tqdm
            except ImportError:
                if shown:
                    raise
        self._bar: Any = None
        self._began = monotonic()
        self._name, self._n_done = "", 0
        self._total: int | None = None
        self._known = ""

    def begin_pass(self, name: str, n_rows: int | None) -> None:
        """Begin a pass over this many rows, None if unknown."""
        self._name, self._total, self._n_done = name, n_rows, 0
        if self._bar is not None:
            self._bar.set_description(self._name + self._known, refresh=False)
            self._bar.initial = 0
            self._bar.reset(n_rows)

    def advance(self, n_rows: int) -> None:
        """Take note of a batch."""
        self._n_done += n_rows
        if self._bar is not None:
            self._bar.update(n_rows)
        elif self._make is not None and monotonic() - self._began >= self._patience:
            description = self._name + self._known
            self._bar = self._make(
                desc=description, total=self._total, initial=self._n_done, unit=" rows", unit_scale=True
            )

    def tell(self, log_likelihood: float) -> None:
        """Take note of the mean log-likelihood of a row."""
        self._known = f", log-likelihood {log_likelihood:.6g} a row"

    def close(self) -> None:
        """Leave the bar as it is."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
