"""Arrays that are maps of files."""

from __future__ import annotations

import mmap
from typing import Any

import numpy as np

__all__ = ["refuse_cut_off"]


def refuse_cut_off(array: Any, argument: str) -> None:
    """Refuse a memory map whose file has become shorter since it was mapped.

    The system kills a process that reads a map beyond the end of its file (SIGBUS). A file that is cut off after this
    check, and before the rows are read, still does that.

    Parameters
    ----------
    array : object
        A `numpy.memmap` or a view of one is checked; everything else passes.
    argument : str
        What the user calls it.

    Raises
    ------
    ValueError
        If the file is shorter than its map.
    """
    mapped = getattr(array, "_mmap", None)
    if not isinstance(array, np.memmap) or not isinstance(mapped, mmap.mmap):
        return
    try:
        size = mapped.size()
    except OSError:  # the map of a file that was deleted on some systems, or of no file
        return
    needed = array.offset // mmap.ALLOCATIONGRANULARITY * mmap.ALLOCATIONGRANULARITY + len(mapped)
    if size < needed:
        raise ValueError(
            f"{argument} maps the file {array.filename}, which was cut off: it has {size} bytes, but had {needed} when "
            "it was mapped. Write the file again and reopen the memory map."
        )
