"""Text tables in files: their names, and how they are unpacked."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import lzma
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Any

from gmmx.io._regular_file import open_regular

__all__ = ["DELIMITERS", "PACKINGS", "UNPACKING_ERRORS", "delimiter_of", "plain_name", "unpacked"]

# Each ending of text tables has its usual delimiter; None where it is detected, runs of blanks included.
DELIMITERS: dict[str, str | None] = {".csv": ",", ".tsv": "\t", ".tab": "\t", ".txt": None}

# Damaged compressed files raise these; bz2 raises OSError without a number.
UNPACKING_ERRORS = (EOFError, zlib.error, gzip.BadGzipFile, lzma.LZMAError, zipfile.BadZipFile)


def plain_name(path: str | os.PathLike[str]) -> str:
    """Return the name of a file in lower case, without the ending of a packed one."""
    name = os.path.basename(os.fspath(path)).lower()
    root, ending = os.path.splitext(name)
    return root if ending in PACKINGS else name


def delimiter_of(path: str | os.PathLike[str]) -> str | None:
    """Return the delimiter that goes with a file's name; a comma for unknown ones, None for .txt."""
    return DELIMITERS.get(os.path.splitext(plain_name(path))[1], ",")


@contextlib.contextmanager
def unpacked(path: str | os.PathLike[str], *, again: bool) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """Open a file, and unpack it by the ending of its name.

    Parameters
    ----------
    path : path-like
        The file.
    again : bool
        Whether it is read more than once, so that it must be a regular file.

    Yields
    ------
    stream, raw : binary file
        What it holds, and the file as it lies there.
    """
    with open_regular(path) if again else open(path, "rb") as raw, contextlib.ExitStack() as stack:
        unpack = PACKINGS.get(os.path.splitext(os.fspath(path))[1].lower())
        yield (raw if unpack is None else stack.enter_context(unpack(raw))), raw


@contextlib.contextmanager
def _only_member(raw: IO[bytes]) -> Iterator[IO[bytes]]:
    """Open the only file in a zip archive, apart from what macOS adds."""
    with zipfile.ZipFile(raw) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX/")]
        if len(names) != 1:
            raise zipfile.BadZipFile(f"it holds {len(names)} files, but must hold one table")
        with archive.open(names[0]) as member:
            yield member


# Each ending of compressed files has the function that decompresses them.
PACKINGS: dict[str, Callable[[IO[bytes]], contextlib.AbstractContextManager[Any]]] = {
    ".gz": lambda raw: gzip.GzipFile(fileobj=raw),
    ".bz2": lambda raw: bz2.BZ2File(raw),
    ".xz": lambda raw: lzma.LZMAFile(raw),
    ".zip": _only_member,
}
