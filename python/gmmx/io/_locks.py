"""Locks on files that one process at a time may write; they end with the process, however it ends."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # not a POSIX system, which has no such locks
    fcntl = None  # type: ignore[assignment]

__all__ = ["FileLock", "LockedError"]

_UNSUPPORTED = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}
_MOST_OF_A_HOLDER = 300


class LockedError(OSError):
    """A file is locked; `holder` says by whom, such as "process 4711 on host node-3"."""

    def __init__(self, path: Path, holder: str) -> None:
        super().__init__(f"{str(path)!r} is in use by {holder}")
        self.holder = holder


class FileLock:
    """The system's lock (flock) on a file of its own, which names its holder and is removed with the lock.

    What is locked is an open file, not a name: a lock file that a killed process left behind locks nobody out. Systems
    and file systems without such locks are not protected.

    Parameters
    ----------
    path : Path
        The lock file; its folder exists.

    Raises
    ------
    LockedError
        If another process, or another lock of this one, holds the file.
    OSError
        If the file cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None
        if fcntl is None:
            return
        while self._descriptor is None:
            self._descriptor = self._locked(self._opened())

    def release(self) -> None:
        """Let others have the file; a second call does nothing."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        try:
            self._path.unlink(
                missing_ok=True
            )  # while it is held, so that a process that has opened it meanwhile sees that it is gone
            with _tolerating_systems_without_locks():
                fcntl.flock(descriptor, fcntl.LOCK_UN)  # for copies of the descriptor in other processes, too
        finally:
            os.close(descriptor)

    def _opened(self) -> int:
        return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)

    def _locked(self, descriptor: int) -> int | None:
        """Lock an open file; None if another process removed it in the meantime."""
        try:
            with _tolerating_systems_without_locks():
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not self._is_at_path(descriptor):
                os.close(descriptor)
                return None
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"process {os.getpid()} on host {socket.gethostname()}".encode(), 0)
        except BlockingIOError as error:
            holder = os.pread(descriptor, _MOST_OF_A_HOLDER, 0).decode("utf-8", "replace")
            os.close(descriptor)
            raise LockedError(self._path, holder or "another process") from error
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def _is_at_path(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.stat(self._path), os.fstat(descriptor))
        except FileNotFoundError:
            return False


@contextlib.contextmanager
def _tolerating_systems_without_locks() -> Iterator[None]:
    try:
        yield
    except BlockingIOError:
        raise
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
