"""A checksum of what a model file says; cpp/files/checksum.hpp computes the same."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

from gmmx.io._safetensors import Container

__all__ = ["CHECKSUM_ENTRY", "CHECKSUM_TEXT", "checksum_of"]

CHECKSUM_ENTRY = "checksum"
CHECKSUM_TEXT = re.compile(r"crc32:[0-9a-f]{8}", re.ASCII)

_COVERED = (
    "checkpoint",
    "class",
    "converged",
    "covariance_type",
    "feature_names",
    "format",
    "format_version",
    "log_likelihood",
    "lower_bound",
    "lower_bounds",
    "n_iter",
    "params",
    "total_weight",
)  # in the order of their names


def checksum_of(container: Container) -> str:
    """Return "crc32:" and eight hexadecimal digits.

    The CRC-32 (zlib's) runs over the entries of the metadata that gmmx reads, each as its name, a zero byte, its text
    and a zero byte, and over each tensor as its name, its type and the numbers of its shape joined by commas, each with
    a zero byte, and its bytes; both in the order of their names.
    """
    crc = 0
    for part in _parts(container):
        crc = zlib.crc32(part, crc)
    return f"crc32:{crc:08x}"


def _parts(container: Container) -> Iterator[bytes | memoryview]:
    for name in _COVERED:
        if name in container.metadata:
            yield f"{name}\0{container.metadata[name]}\0".encode()
    for name in sorted(container.tensors, key=str.encode):
        tensor = container.tensors[name]
        yield f"{name}\0{tensor.type}\0{','.join(map(str, tensor.shape))}\0".encode()
        yield tensor.content
