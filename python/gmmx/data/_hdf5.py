"""Arrays in HDF5 files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gmmx._optional import import_optional
from gmmx._text import printable
from gmmx.data._arrays import OpenArrays, find_array, reader_of_arrays
from gmmx.data._reader import Paths, Reader, files_of

_SUFFIXES = (".h5", ".hdf5", ".hdf", ".he5")
_PURPOSE = "Reading HDF5 files"


@dataclass(frozen=True)
class _Hdf5:
    """Opens the arrays of HDF5 files."""

    dataset: str | None
    weights: str | None

    @contextmanager
    def __call__(self, file: Path) -> Iterator[OpenArrays]:
        """Open those of one file."""
        h5py = import_optional("h5py", _PURPOSE, "data")
        try:
            opened = h5py.File(file, "r")
        except OSError as error:
            raise ValueError(
                f"path names {str(file)!r}, which cannot be read as HDF5 ({error}): give a whole HDF5 file"
            ) from error
        with opened:
            arrays = dict(_arrays(opened, h5py))
            yield OpenArrays(
                find_array(arrays, self.dataset, 2, "dataset", printable(file)),
                None if self.weights is None else find_array(arrays, self.weights, 1, "weights", printable(file)),
            )


def from_hdf5(
    path: Paths,
    dataset: str | None = None,
    *,
    columns: Sequence[int] | None = None,
    weight_column: int | None = None,
    weights: str | None = None,
    batch_size: int | None = None,
) -> Reader:
    """Read an array of HDF5 files in batches.

    Parameters
    ----------
    path : path-like or sequence of path-like
        One or several files or folders. A folder stands for all files below it that end in .h5, .hdf5, .hdf or .he5,
        sorted by path.

    dataset : str, default=None
        Name of the array of shape (n_samples, n_features), such as "measurements/X". None selects the only
        two-dimensional array.

    columns : sequence of int, default=None
        Columns of the array to fit, counted from 0, in this order. None selects all except the weights.

    weight_column : int, default=None
        Column of the array that contains the sample weights. None, without `weights`, gives every row the weight 1.

    weights : str, default=None
        Name of an array of shape (n_samples,) that contains the sample weights. None, without `weight_column`, gives
        every row the weight 1.

    batch_size : int, default=None
        Number of rows in a batch, at least 1. None uses as many as fit in 8 MiB, at most 131,072, rounded to whole
        chunks of the file.

    Returns
    -------
    reader : Reader
        Batches of rows, read from the files in each iteration. At least one chunk is in memory; if the chunks are whole
        columns, that is a whole column.

    Raises
    ------
    ImportError
        If h5py is not installed.
    FileNotFoundError
        If a file does not exist.
    ValueError, TypeError
        If a file is not an HDF5 file, an array is missing, not numeric or has the wrong shape, or an argument is not as
        described. While iterating: if a number is not finite or a weight is negative.

    Examples
    --------
    >>> import gmmx, h5py
    >>> with h5py.File("measurements.h5", "w") as file:
    ...     file["X"] = [[1.4, 0.2], [5.9, 1.8], [5.1, 1.5]]
    >>> batches = gmmx.data.from_hdf5("measurements.h5", "X", batch_size=2)
    >>> [X.tolist() for X in batches]
    [[[1.4, 0.2], [5.9, 1.8]], [[5.1, 1.5]]]
    """
    import_optional("h5py", _PURPOSE, "data")
    return reader_of_arrays(
        "HDF5", files_of(path, _SUFFIXES), _Hdf5(dataset, weights), columns, weight_column, weights, batch_size
    )


def _arrays(file: Any, h5py: Any) -> list[tuple[str, Any]]:
    """List all arrays of a file with their names."""
    found: list[tuple[str, Any]] = []
    file.visititems(lambda name, item: found.append((name, item)) if isinstance(item, h5py.Dataset) else None)
    return found
