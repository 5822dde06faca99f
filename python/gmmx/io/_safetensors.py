"""The safetensors container: tensors and texts by name. Knows no mixtures.

Model files come from unknown hands. What is a whole file is defined here and in cpp/files/safetensors.hpp, not by a
version of the package safetensors, so that both readers accept the same files (docs/model_files.md).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from gmmx.io._strict_json import parse_json, whole_number

__all__ = ["LARGEST_HEADER", "Container", "Tensor", "read_container"]

# The header takes at most these bytes, enough for the bounds of 800,000 iterations or as many names of features.
LARGEST_HEADER = 1 << 24

_LENGTH_BYTES = 8
_MOST_DIMENSIONS = 8  # a model needs three
_LARGEST_SIZE = 2**63 - 1
_METADATA = "__metadata__"
_DTYPES: dict[str, np.dtype[Any]] = {"F32": np.dtype("<f4"), "F64": np.dtype("<f8")}


@dataclass(frozen=True)
class Tensor:
    """Type, shape and bytes of one tensor; the type is "F32" or "F64"."""

    type: str
    shape: tuple[int, ...]
    content: memoryview

    def array(self) -> npt.NDArray[Any]:
        """Return the numbers in the machine's byte order."""
        dtype = _DTYPES[self.type]
        numbers: npt.NDArray[Any] = np.frombuffer(self.content, dtype).reshape(self.shape)
        return numbers.astype(dtype.newbyteorder("="))


@dataclass(frozen=True)
class Container:
    """Metadata and tensors of a file, by name."""

    metadata: Mapping[str, str]
    tensors: Mapping[str, Tensor]


@dataclass(frozen=True)
class _Entry:
    name: str
    type: str
    shape: tuple[int, ...]
    begin: int
    end: int

    def __str__(self) -> str:
        return f"the tensor {self.name[:80]!r}"


def read_container(stream: IO[bytes]) -> Container:
    """Read a whole file; nothing is read of one whose header does not fit its size.

    Parameters
    ----------
    stream : binary file
        A regular file at its first byte, or one in memory.

    Raises
    ------
    ValueError
        If it is not exactly a header and tensors that follow each other without gap or overlap.
    """
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    entries = _entries_in(_header_of(stream, size))
    begin = stream.tell()
    metadata = _metadata_in(entries.pop(_METADATA, {}))
    extents = [_entry_in(name, entry, size - begin) for name, entry in entries.items()]
    _check_tiling(extents, size - begin)
    content = memoryview(stream.read(size - begin))
    if len(content) != size - begin:
        raise ValueError("it was cut off while it was read")
    return Container(metadata, {one.name: Tensor(one.type, one.shape, content[one.begin : one.end]) for one in extents})


def _header_of(stream: IO[bytes], size: int) -> str:
    """Return the text that is the header, without its padding."""
    if size < _LENGTH_BYTES:
        raise ValueError(f"it has {size} bytes, fewer than the {_LENGTH_BYTES} of a header's length")
    length = int.from_bytes(stream.read(_LENGTH_BYTES), "little")
    if length > LARGEST_HEADER:
        raise ValueError(f"its header would have {length} bytes, but may have at most {LARGEST_HEADER}")
    if length > size - _LENGTH_BYTES:
        raise ValueError(f"its header has {length} bytes, but the file ends after {size - _LENGTH_BYTES} of them")
    header = stream.read(length)
    if not header.startswith(b"{"):
        raise ValueError("its header does not begin with {")
    header = header.rstrip(b" ")
    if not header.endswith(b"}"):
        raise ValueError("its header does not end with } and spaces")
    try:
        return header.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"its header is not UTF-8 ({error.reason} at byte {error.start})") from error


def _entries_in(header: str) -> dict[str, Any]:
    try:
        entries: dict[str, Any] = parse_json(header)
    except ValueError as error:
        raise ValueError(f"its header {error}") from error
    return entries


def _metadata_in(entries: Any) -> dict[str, str]:
    if not isinstance(entries, dict):
        raise ValueError(f"its {_METADATA} is not an object")
    for name, value in entries.items():
        if not isinstance(value, str):
            raise ValueError(f"its metadata entry {name[:80]!r} is not a string")
    return entries


def _entry_in(name: str, entry: Any, n_bytes: int) -> _Entry:
    which = f"the tensor {name[:80]!r}"
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"{which} does not have exactly dtype, shape and data_offsets")
    dtype, sizes, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in _DTYPES:
        raise ValueError(f"{which} has the type {_shown(dtype)}, but all must be F32 or all F64")
    if not isinstance(sizes, list):
        raise ValueError(f"{which} has a shape that is not an array")
    if len(sizes) > _MOST_DIMENSIONS:
        raise ValueError(f"{which} has a shape of more than {_MOST_DIMENSIONS} dimensions")
    shape = [number for size in sizes if (number := whole_number(size)) is not None and number <= _LARGEST_SIZE]
    if len(shape) < len(sizes):
        raise ValueError(f"{which} has a shape with something else than whole numbers from 0 to {_LARGEST_SIZE}")
    bounds = [whole_number(offset) for offset in offsets] if isinstance(offsets, list) else []
    if len(bounds) != 2 or bounds[0] is None or bounds[1] is None:
        raise ValueError(f"{which} has data_offsets that are not two whole numbers")
    begin, end = bounds[0], bounds[1]
    if not begin <= end <= n_bytes:
        raise ValueError(
            f"{which} has data_offsets [{begin}, {end}], but the file has {n_bytes} bytes after its header"
        )
    needed = _bytes_needed(_DTYPES[dtype].itemsize, shape, which)
    if end - begin != needed:
        raise ValueError(f"{which} has data_offsets [{begin}, {end}], but its shape and type take {needed} bytes")
    return _Entry(name, dtype, tuple(shape), begin, end)


def _shown(value: Any) -> str:
    return repr(value)[:80] if isinstance(value, str) else "of none"


def _bytes_needed(n_bytes: int, shape: list[int], which: str) -> int:
    for size in shape:
        if size and n_bytes > (2**64 - 1) // size:
            raise ValueError(f"{which} has a shape of more than 2^64 bytes")
        n_bytes *= size
    return n_bytes


def _check_tiling(entries: list[_Entry], n_bytes: int) -> None:
    """Check that tensors follow each other from the first byte after the header to the last of the file."""
    at = 0
    for entry in sorted(entries, key=lambda entry: (entry.begin, entry.end)):
        if entry.begin < at:
            raise ValueError(f"{entry} overlaps the one before it")
        if entry.begin > at:
            raise ValueError(f"{entry.begin - at} bytes before {entry} belong to none")
        at = entry.end
    if at != n_bytes:
        raise ValueError(f"{n_bytes - at} bytes after the last tensor belong to none")
