"""Regular files, opened for reading: a pipe or a device would block, or never end."""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader

__all__ = ["open_regular"]


def open_regular(path: str | os.PathLike[str]) -> BufferedReader:
    """Open a regular file for reading, and refuse everything else at once.

    What is judged is what was opened, so that nothing can take its place in between. Opening a pipe without
    `O_NONBLOCK` would wait for a writer.

    Parameters
    ----------
    path : path-like
        The file. A symbolic link is followed.

    Returns
    -------
    binary file
        Open at its first byte.

    Raises
    ------
    OSError
        If there is no such file, it may not be read, or it is a folder, a pipe, a socket or a device.
    ValueError
        If the path holds a null character.

    Examples
    --------
    >>> import os
    >>> open_regular(os.devnull)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    OSError: ... is not a regular file, but a device. Give the path of a regular file.
    """
    return open(path, "rb", opener=_open_at_once)


def _open_at_once(path: str | os.PathLike[str], flags: int) -> int:
    descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
        kind = _kind_of(mode)
        if kind is not None:
            raise OSError(f"{os.fspath(path)!r} is not a regular file, but a {kind}. Give the path of a regular file.")
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _kind_of(mode: int) -> str | None:
    """Return what a file is that is not regular."""
    if stat.S_ISREG(mode):
        return None
    if stat.S_ISFIFO(mode):
        return "pipe"
    return "socket" if stat.S_ISSOCK(mode) else "device"
