"""Arrays in NumPy's own files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from gmmx._docstrings import with_fragments
from gmmx.data._arrays import OpenArrays, reader_of_arrays
from gmmx.data._npy_file import opened_npy
from gmmx.data._reader import BATCH_SIZE, COLUMNS_BY_NUMBER, Paths, Reader, files_of
from gmmx.io._file_formats import FORMATS


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


@with_fragments(columns=COLUMNS_BY_NUMBER, batch_size=BATCH_SIZE)
def from_npy(
    path: Paths,
    *,
    columns: Sequence[int] | None = None,
    weight_column: int | None = None,
    batch_size: int | None = None,
) -> Reader:
    """Read the rows of .npy files in batches.

    Parameters
    ----------
    path : path-like or sequence of path-like
        One or several files written by `numpy.save`, or folders. A folder stands for all files below it that end in
        .npy, sorted by path. The arrays have shape (n_samples, n_features).

    {columns}

    weight_column : int, default=None
        Column that contains the sample weights. None gives every row the weight 1.

    {batch_size}

    Returns
    -------
    reader : Reader
        Batches of rows, read from the files in each iteration. A batch of a Fortran-ordered array is read from many
        places of the file. Files are not mapped into memory, so truncation during a fit is an error, not a crash.

    Raises
    ------
    FileNotFoundError
        If a file does not exist.
    ValueError, TypeError
        If a file is not a .npy file, an array is not numeric or has the wrong shape, or an argument is not as
        described. While iterating: if a number is not finite or a weight is negative.

    Examples
    --------
    >>> import gmmx, numpy
    >>> numpy.save("measurements.npy", numpy.array([[1.4, 0.2], [5.9, 1.8], [5.1, 1.5]]))
    >>> reader = gmmx.data.from_npy("measurements.npy", batch_size=2)
    >>> [X.tolist() for X in reader]
    [[[1.4, 0.2], [5.9, 1.8]], [[5.1, 1.5]]]
    """
    return reader_of_arrays(
        "NPY", files_of(path, FORMATS["npy"].endings), _opened, columns, weight_column, None, batch_size
    )
