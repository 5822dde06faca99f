"""The kind of a file that is not a model file, by its first bytes."""

from __future__ import annotations

import codecs
from typing import IO

from gmmx.io._file_formats import FORMATS

__all__ = ["kind_of_other_file"]

_FIRST = 1024
_LEAST_TEXT = 8  # fewer bytes may be the beginning of anything
_MARKS = (
    *((known.magic, known.described) for known in FORMATS.values() if known.magic),
    (b"\x1f\x8b", "a gzip file"),
    (b"\x80\x04", "a pickle"),
    (b"\x80\x05", "a pickle"),
)


def kind_of_other_file(stream: IO[bytes]) -> str | None:
    r"""Return what a file is, with its article; None if that does not show.

    Examples
    --------
    >>> import io
    >>> kind_of_other_file(io.BytesIO(b"x,y\n1.5,2\n")), kind_of_other_file(io.BytesIO(bytes(20)))
    ('text', None)
    """
    stream.seek(0)
    first = stream.read(_FIRST)
    for mark, kind in _MARKS:
        if first.startswith(mark):
            return kind
    return "text" if len(first) >= _LEAST_TEXT and _is_text(first) else None


def _is_text(first: bytes) -> bool:
    """Return whether bytes are UTF-8 without controls; the last character may be cut."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(first)
    except UnicodeDecodeError:
        return False
    return not any(byte < 0x20 and byte not in b"\t\n\r\f" for byte in first)
