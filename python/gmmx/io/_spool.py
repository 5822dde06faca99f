"""Batches that are slow to make, kept in a temporary file for the next passes over them."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
import threading
from collections.abc import Generator, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Generic, TypeAlias, TypeVar, cast

import numpy as np
import numpy.typing as npt

__all__ = ["Spool"]

Batch = TypeVar("Batch", bound="npt.NDArray[Any] | tuple[npt.NDArray[Any], ...]")
Files: TypeAlias = tuple[tuple[int, ...], ...]

_SHARE_OF_FREE_SPACE = 2  # at most a half is taken
_MOST_IN_MEMORY = 64 << 20  # bytes, if no folder for temporary files is on a disk
_FOR_LARGE_FILES = "/var/tmp"
_IN_MEMORY = {"tmpfs", "ramfs"}


class Spool(Generic[Batch]):
    """Iterable of batches whose first complete pass stores them in a temporary file, from which later passes read.

    The batches are those of `source`, bit for bit. Each pass compares the identity, size and times of `files` with
    those of the stored pass; if one changed, the pass iterates over `source` and stores its batches again. If the
    temporary file cannot be created, exceeds the limit, or cannot be written or read, this and all later passes iterate
    over `source`. The file has no name, or is deleted when it is closed. A forked process makes its own.

    Parameters
    ----------
    source : iterable
        Arrays or tuples of arrays. Each call of `iter` yields all of them.
    files : sequence of path-like
        Files that `source` reads.

    Examples
    --------
    >>> passes = []
    >>> class Slow:
    ...     def __iter__(self):
    ...         passes.append("slow")
    ...         yield np.arange(3.0)
    >>> with contextlib.closing(Spool(Slow(), [])) as batches:
    ...     [[batch.tolist() for batch in batches] for _ in range(3)]
    [[[0.0, 1.0, 2.0]], [[0.0, 1.0, 2.0]], [[0.0, 1.0, 2.0]]]
    >>> passes
    ['slow']
    """

    def __init__(self, source: Iterable[Batch], files: Sequence[str | os.PathLike[str]]) -> None:
        self._source = source
        self._files = tuple(files)
        self._kept: _TemporaryBatches[Batch] | None = None
        self._is_wanted = True

    def __iter__(self) -> Generator[Batch, None, None]:
        """Yield all batches, from the temporary file if it has them."""
        files, kept, n_read = _state_of(self._files), self._kept, 0
        if kept is not None and kept.files == files:
            with contextlib.suppress(OSError):
                for batch in kept:
                    yield batch
                    n_read += 1
                return
            self._is_wanted = self._is_wanted and not kept.is_own  # a forked process may have a file of its own
        batches = iter(self._source)
        with contextlib.ExitStack() as at_end:
            if hasattr(batches, "close"):
                at_end.callback(batches.close)
            if files is None or n_read or not self._is_wanted:
                yield from islice(batches, n_read, None)
            else:
                yield from self._storing(batches, files)

    def close(self) -> None:
        """Delete the temporary file; later passes iterate over the source."""
        self._is_wanted = False
        self._keep(None)

    def _storing(self, batches: Iterator[Batch], files: Files) -> Generator[Batch, None, None]:
        """Yield batches that come from the files in this state, and keep them once all are stored."""
        with contextlib.ExitStack() as at_end:
            stored: _TemporaryBatches[Batch] | None = None
            with contextlib.suppress(OSError):
                stored = at_end.enter_context(contextlib.closing(_TemporaryBatches(files)))
            for batch in batches:
                if stored is not None and not stored.append(batch):
                    at_end.close()
                    stored = None
                yield batch
            if stored is None:
                self._is_wanted = False
            elif self._is_wanted and _state_of(self._files) == files:
                at_end.pop_all()
                self._keep(stored)

    def _keep(self, stored: _TemporaryBatches[Batch] | None) -> None:
        kept, self._kept = self._kept, stored
        if kept is not None:
            kept.close()


class _TemporaryBatches(Generic[Batch]):
    """Batches in a temporary file, made from files in the state `files`; OSError if there can be none."""

    def __init__(self, files: Files) -> None:
        self.files = files
        folder, self._room = _place()
        self._file = tempfile.TemporaryFile(buffering=0, prefix="gmmx-", dir=folder)
        self._arrays: list[list[tuple[tuple[int, ...], np.dtype[Any]]]] = []  # in each batch: shapes and types
        self._process = os.getpid()
        self._lock = threading.Lock()  # of the position in the file

    @property
    def is_own(self) -> bool:
        """Whether this process made the file: a forked one shares the position in it with its parent."""
        return self._process == os.getpid()

    def append(self, batch: Batch) -> bool:
        """Return whether a batch was written; there may be too little room."""
        arrays = batch if isinstance(batch, tuple) else (batch,)
        self._room -= sum(array.nbytes for array in arrays)
        if self._room < 0 or not self.is_own:
            return False
        try:
            for array in arrays:
                rest = _bytes_of(np.ascontiguousarray(array))
                while rest:
                    rest = rest[self._file.write(rest) :]
        except OSError:
            return False
        self._arrays.append([(array.shape, array.dtype) for array in arrays])
        return True

    def __iter__(self) -> Iterator[Batch]:
        """Read the batches; OSError if this fails."""
        begin = 0
        for layout in self._arrays:
            arrays = tuple(np.empty(shape, dtype) for shape, dtype in layout)
            if not self.is_own:
                raise OSError(errno.EBADF, "the temporary file belongs to another process")
            with self._lock:
                self._read(begin, arrays)
            begin += sum(array.nbytes for array in arrays)
            yield cast("Batch", arrays if len(arrays) > 1 else arrays[0])

    def _read(self, begin: int, arrays: Sequence[npt.NDArray[Any]]) -> None:
        if self._file.closed:
            raise OSError(errno.EBADF, "the temporary file is closed")
        self._file.seek(begin)
        for array in arrays:
            rest = _bytes_of(array)
            while rest:
                n_bytes = self._file.readinto(rest)
                if not n_bytes:
                    raise OSError(errno.EIO, "the temporary file was cut off")
                rest = rest[n_bytes:]

    def close(self) -> None:
        """Delete the file."""
        with self._lock if self.is_own else contextlib.nullcontext():
            self._file.close()


def _bytes_of(array: npt.NDArray[Any]) -> memoryview:
    return array.reshape(-1).view(np.uint8).data


def _state_of(files: Sequence[str | os.PathLike[str]]) -> Files | None:
    """Return what changes when files do; None if one cannot be found."""
    try:
        found = [os.stat(file) for file in files]
    except OSError:
        return None
    return tuple((one.st_dev, one.st_ino, one.st_size, one.st_mtime_ns, one.st_ctime_ns) for one in found)


def _place() -> tuple[str, int]:
    """Return a folder for a temporary file and how many bytes the file may have; OSError if there is none.

    A folder in memory would take the memory that reading in batches saves, so one on a disk is preferred.
    """
    usual = tempfile.gettempdir()
    for folder in (usual, _FOR_LARGE_FILES):
        if os.access(folder, os.W_OK) and not _lies_in_memory(folder):
            return folder, shutil.disk_usage(folder).free // _SHARE_OF_FREE_SPACE
    return usual, min(_MOST_IN_MEMORY, shutil.disk_usage(usual).free // _SHARE_OF_FREE_SPACE)


def _lies_in_memory(folder: str) -> bool:
    """Return whether the file system of a folder is known to have no disk."""
    device = os.stat(folder).st_dev
    try:
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:  # only Linux has it
        return False
    number = f"{os.major(device)}:{os.minor(device)}"
    lines = [line.partition(" - ") for line in mounts.splitlines()]
    return any(head.split()[2] == number and tail.split()[0] in _IN_MEMORY for head, _, tail in lines)
