"""Arrays in NumPy's files, read slice by slice without a memory map.

Truncating a mapped file while it is read kills the process (SIGBUS); a short read raises an error instead.
"""

from __future__ import annotations

import contextlib
import math
import os
import struct
import tokenize
import zipfile
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
from numpy.lib import format as npy_format

from gmmx.io._regular_file import open_regular
from gmmx.io._text_files import UNPACKING_ERRORS

__all__ = ["ArrayInFile", "NpzFile", "opened_npy", "opened_npz"]

_HEADER_ERRORS = (SyntaxError, tokenize.TokenError, TypeError, KeyError, OverflowError, MemoryError, RecursionError)
_ZIP_ERRORS = (*UNPACKING_ERRORS, struct.error, NotImplementedError, OverflowError, RuntimeError)


class ArrayInFile:
    """An array in an open .npy file, from which slices of rows are read.

    A file with Python objects, or with fewer bytes than its shape requires, is a ValueError.
    """

    def __init__(self, stream: BufferedReader) -> None:
        self.shape, self._is_fortran, self.dtype = _header_of(stream)
        self._stream = stream
        self._begin = stream.tell()
        _check_size(self.shape, self.dtype, os.fstat(stream.fileno()).st_size - self._begin)

    @property
    def nbytes(self) -> int:
        """Bytes of all numbers."""
        return math.prod(self.shape) * self.dtype.itemsize

    def as_matrix(self) -> ArrayInFile:
        """Turn an array of one dimension into a column; leave others unchanged."""
        if len(self.shape) == 1:
            self.shape, self._is_fortran = (*self.shape, 1), False
        return self

    def __getitem__(self, rows: slice) -> npt.NDArray[Any]:
        """Read rows of a matrix; a file that was truncated since it was opened is a ValueError."""
        n_rows, n_columns = self.shape
        begin, end, _ = rows.indices(n_rows)
        if not self._is_fortran:
            return self._read(begin * n_columns, (end - begin) * n_columns).reshape(end - begin, n_columns)
        out = np.empty((end - begin, n_columns), self.dtype)
        for column in range(n_columns):
            out[:, column] = self._read(column * n_rows + begin, end - begin)
        return out

    def _read(self, first: int, count: int) -> npt.NDArray[Any]:
        """Read numbers that lie side by side."""
        self._stream.seek(self._begin + first * self.dtype.itemsize)
        numbers = np.empty(count, self.dtype)
        if self._stream.readinto(numbers.view(np.uint8).data) != numbers.nbytes:
            raise ValueError(
                f"{self._stream.name} was cut off while it was read: it has "
                f"{os.fstat(self._stream.fileno()).st_size} bytes, but its array of shape {self.shape} and dtype "
                f"{self.dtype} takes {self._begin + self.nbytes}. Write it again."
            )
        return numbers


class NpzFile:
    """The arrays in an open .npz file, each decompressed on access."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._members: dict[str, zipfile.ZipInfo] = {}
        self.shapes: dict[str, tuple[int, ...]] = {}  # by the names of arrays; other members are excluded
        for member in archive.infolist():
            with contextlib.suppress(ValueError), _unpacking(archive, member) as stream:
                name = member.filename.removesuffix(".npy")
                self.shapes[name] = _header_of(stream)[0]
                self._members[name] = member

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        """Decompress an array; Python objects or damage are a ValueError."""
        member = self._members[name]
        with _unpacking(self._archive, member) as stream:
            shape, _, dtype = _header_of(stream)
            _check_size(shape, dtype, member.file_size - stream.tell())
        with _unpacking(self._archive, member) as stream:
            return npy_format.read_array(stream, allow_pickle=False)


@contextlib.contextmanager
def opened_npy(file: Path) -> Iterator[ArrayInFile]:
    """Open a .npy file; see `ArrayInFile`. A pipe or a device is an OSError."""
    with open_regular(file) as stream:
        yield ArrayInFile(stream)


@contextlib.contextmanager
def opened_npz(file: Path) -> Iterator[NpzFile]:
    """Open a .npz file; see `NpzFile`. A pipe or a device is an OSError."""
    with open_regular(file) as stream:
        try:
            archive = zipfile.ZipFile(stream)
        except _ZIP_ERRORS as error:
            raise ValueError(str(error)) from error
        with archive:
            yield NpzFile(archive)


@contextlib.contextmanager
def _unpacking(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[IO[bytes]]:
    """Open a member of an archive; any defect is a ValueError."""
    try:
        with archive.open(member) as stream:
            yield stream
    except _ZIP_ERRORS as error:
        raise ValueError(f"{member.filename!r} cannot be unpacked: {error}") from error


def _header_of(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Read what stands before the numbers: shape, whether columns lie side by side, and type."""
    try:
        version = npy_format.read_magic(stream)
        readers = {(1, 0): npy_format.read_array_header_1_0, (2, 0): npy_format.read_array_header_2_0}
        if version not in readers:  # 3.0 is for records with names beyond Latin-1
            raise ValueError(f"it is of version {version} of NumPy's format, but arrays of numbers are of (1, 0)")
        shape, is_fortran, dtype = readers[version](stream)
    except _HEADER_ERRORS as error:
        raise ValueError(f"its header is damaged: {error}") from error
    if min(shape, default=0) < 0:
        raise ValueError(f"its header is damaged: it names the shape {shape}")
    return shape, is_fortran, dtype


def _check_size(shape: tuple[int, ...], dtype: np.dtype[Any], n_bytes: int) -> None:
    """Refuse numbers that are more than the bytes that follow, and Python objects, which take any number of them."""
    if dtype.hasobject:
        raise ValueError("it holds Python objects")
    needed = math.prod(shape) * dtype.itemsize
    if needed > n_bytes:
        raise ValueError(
            f"it is cut off or damaged: an array of shape {shape} and dtype {dtype} takes {needed} bytes, but "
            f"{n_bytes} follow"
        )
