"""How long a thread waits for another before it looks whether Ctrl-C was pressed."""

from __future__ import annotations

__all__ = ["LOOK_EVERY"]

# Seconds. Ctrl-C ends a wait at once, unless another library, such as polars, has asked the system to go on with waits
# after a signal: one without an end is deaf then.
LOOK_EVERY = 0.1
