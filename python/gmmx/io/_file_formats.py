"""The formats of data files: the endings of their names, and what files begin with."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import NamedTuple

from gmmx.io._text_files import plain_name

__all__ = ["FORMATS", "FileFormat", "format_of"]


class FileFormat(NamedTuple):
    """A format of data files.

    Attributes
    ----------
    endings : tuple of str
        Endings of their names.
    described : str
        What a file of this format is, with its article.
    magic : bytes
        What a file begins with; empty for text and folders.
    delimiter : str
        What usually stands between two cells; empty if it is not text.
    """

    endings: tuple[str, ...]
    described: str
    magic: bytes = b""
    delimiter: str = ""


FORMATS = {
    "csv": FileFormat((".csv", ".txt"), "text", delimiter=","),
    "tsv": FileFormat((".tsv", ".tab"), "text", delimiter="\t"),
    "parquet": FileFormat((".parquet", ".parq", ".pq"), "a Parquet file", b"PAR1"),
    "npy": FileFormat((".npy",), "a NumPy array (.npy)", b"\x93NUMPY"),
    "npz": FileFormat((".npz",), "a zip archive, as .npz files are", b"PK\x03\x04"),
    "hdf5": FileFormat((".h5", ".hdf5", ".hdf", ".he5"), "an HDF5 file", b"\x89HDF\r\n"),
    "zarr": FileFormat((".zarr",), "a zarr store"),
}


def format_of(path: str | os.PathLike[str], among: Iterable[str] = FORMATS) -> str | None:
    """Return the format of a file by its name's ending, None if that is unknown; those of text may be packed.

    Examples
    --------
    >>> format_of("flowers.CSV.gz"), format_of("flowers.parquet.gz"), format_of("flowers")
    ('csv', None, None)
    """
    name = os.path.basename(os.fspath(path)).lower()
    plain = plain_name(name)
    for known in among:
        if plain.endswith(FORMATS[known].endings) and (plain == name or FORMATS[known].delimiter):
            return known
    return None
