"""Arrays in NumPy's own files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from gmmx.data._arrays import OpenArrays, reader_of_arrays
from gmmx.data._npy_file import opened_npy
from gmmx.data._reader import Paths, Reader, files_of

_SUFFIXES = (".npy",)


@contextmanager
def _opened(file: Path) -> Iterator[OpenArrays]:
    """Open the array of one file."""
    with ExitStack() as stack:
        try:
            array = stack.enter_context(opened_npy(file))
        except ValueError as error:
            raise ValueError(
                f"path names {str(file)!r}, which cannot be read as NumPy's ({error}): give a whole .npy file of "
                "numbers"
            ) from error
        yield OpenArrays(array, None)


def from_npy(
    path: Paths,
    *,
    columns: Sequence[int] | None = None,
    weight_column: int | None = None,
    batch_size: int | None = None,
) -> Reader:
    """Read the rows of NumPy's files, batch by batch.

    Parameters
    ----------
    path : path-like or sequence of path-like
        A file that `numpy.save` wrote, a folder (all files in it, and in the folders in it, that end in .npy, sorted by
        their paths), or several of them. Their arrays have shape (n_samples, n_features).

    columns : sequence of int, default=None
        Columns to fit, the first being 0, in this order. None: all but that of the weights.

    weight_column : int, default=None
        Column that holds the rows' weights. None: they have none.

    batch_size : int, default=None
        Rows of a batch. None: as many as 8 MiB hold, at most 131,072.

    Returns
    -------
    reader : Reader
        The rows, read anew in each iteration. Arrays in Fortran order are read from many places of the file at once.
        The files are not mapped into memory: one that is cut off in the meantime is an error, not a crash.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError, TypeError
        If a file is none of NumPy, an array is of another shape or no numbers, or an argument is not as described; in
        an iteration: if a number is not finite or a weight negative.

    Examples
    --------
    >>> import gmmx, numpy
    >>> numpy.save("measurements.npy", numpy.array([[1.4, 0.2], [5.9, 1.8], [5.1, 1.5]]))
    >>> reader = gmmx.data.from_npy("measurements.npy", batch_size=2)
    >>> [X.tolist() for X in reader]
    [[[1.4, 0.2], [5.9, 1.8]], [[5.1, 1.5]]]
    """
    return reader_of_arrays("NPY", files_of(path, _SUFFIXES), _opened, columns, weight_column, None, batch_size)
