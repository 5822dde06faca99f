"""Arrays in files: those with names in HDF5 files and zarr stores, and NumPy's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from gmmx._docstrings import with_fragments
from gmmx._optional import import_optional
from gmmx._text import printable
from gmmx.data._arrays import find_array, reader_of_arrays
from gmmx.data._npy_file import opened_npy
from gmmx.data._reader import BATCH_SIZE, COLUMNS_BY_NUMBER, Paths, Reader, files_of, unreadable
from gmmx.io._data_errors import FaultError
from gmmx.io._file_formats import FORMATS

_PARAMETERS = f"""\
{COLUMNS_BY_NUMBER}

weight_column : int, default=None
    Column of the array that contains the sample weights. None, without `weights`, gives every row the weight 1.

weights : str, default=None
    Name of an array of shape (n_samples,) that contains the sample weights. None, without `weight_column`, gives every
    row the weight 1.

{BATCH_SIZE[:-1]}, rounded to whole chunks.

Returns
-------
reader : Reader
    Batches of rows, read from the files in each iteration. At least one chunk is in memory; if the chunks are whole
    columns, that is a whole column."""

_RAISES = """\
FileNotFoundError
    If a path does not exist.
ValueError, TypeError
    If a path is of another format, an array is missing, not numeric or has the wrong shape, or an argument is not as
    described. While iterating: if a number is not finite or a weight is negative."""


@contextmanager
def _opened_by_name(
    opened: Callable[[Path], AbstractContextManager[Mapping[str, Any]]],
    argument: str,
    name: str | None,
    weights: str | None,
    file: Path,
) -> Iterator[tuple[Any, Any]]:
    """Open an array of a file by its name, and that of the weights."""
    where = printable(file)
    with opened(file) as arrays:
        X = find_array(arrays, name, 2, argument, where)
        yield X, None if weights is None else find_array(arrays, weights, 1, "weights", where)


@with_fragments(parameters=_PARAMETERS, raises=_RAISES)
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

    {parameters}

    Raises
    ------
    ImportError
        If h5py is not installed.
    {raises}

    Examples
    --------
    >>> import gmmx, h5py
    >>> with h5py.File("measurements.h5", "w") as file:
    ...     file["X"] = [[1.4, 0.2], [5.9, 1.8], [5.1, 1.5]]
    >>> batches = gmmx.data.from_hdf5("measurements.h5", "X", batch_size=2)
    >>> [X.tolist() for X in batches]
    [[[1.4, 0.2], [5.9, 1.8]], [[5.1, 1.5]]]
    """
    _h5py()
    opener = partial(_opened_by_name, _of_hdf5, "dataset", dataset, weights)
    files = files_of(path, FORMATS["hdf5"].endings)
    return reader_of_arrays("HDF5", files, opener, columns, weight_column, weights, batch_size)


@with_fragments(parameters=_PARAMETERS, raises=_RAISES)
def from_zarr(
    path: Paths,
    array: str | None = None,
    *,
    columns: Sequence[int] | None = None,
    weight_column: int | None = None,
    weights: str | None = None,
    batch_size: int | None = None,
) -> Reader:
    """Read an array of zarr stores in batches.

    Parameters
    ----------
    path : path-like or sequence of path-like
        One or several stores: a folder, or a .zip of one.

    array : str, default=None
        Name of the array of shape (n_samples, n_features) in a group, such as "measurements/X". None selects the store
        itself, or its only two-dimensional array.

    {parameters}

    Raises
    ------
    ImportError
        If zarr is not installed.
    {raises}

    Examples
    --------
    >>> import gmmx, numpy, zarr
    >>> _ = zarr.save("measurements.zarr", numpy.array([[1.4, 0.2], [5.9, 1.8], [5.1, 1.5]]))
    >>> batches = gmmx.data.from_zarr("measurements.zarr", batch_size=2)
    >>> [X.tolist() for X in batches]
    [[[1.4, 0.2], [5.9, 1.8]], [[5.1, 1.5]]]
    """
    _zarr()
    opener = partial(_opened_by_name, _of_zarr, "array", array, weights)
    files = files_of(path, (), folders=False)
    return reader_of_arrays("zarr", files, opener, columns, weight_column, weights, batch_size)


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
        "NPY", files_of(path, FORMATS["npy"].endings), _of_npy, columns, weight_column, None, batch_size
    )


def _h5py() -> Any:
    return import_optional("h5py", "Reading HDF5 files", "data")


def _zarr() -> Any:
    return import_optional("zarr", "Reading zarr stores", "data")


@contextmanager
def _of_hdf5(file: Path) -> Iterator[Mapping[str, Any]]:
    """Open all arrays of a file, by name."""
    h5py, found = _h5py(), {}
    try:
        opened = h5py.File(file, "r")
    except OSError as error:
        raise FaultError(unreadable(file, "HDF5", error, "file")) from error
    with opened:
        opened.visititems(lambda name, item: found.update({name: item} if isinstance(item, h5py.Dataset) else {}))
        yield found


@contextmanager
def _of_zarr(store: Path) -> Iterator[Mapping[str, Any]]:
    """Open all arrays of a store, by name; a store that is an array has the name ''."""
    try:
        opened = _zarr().open(str(store), mode="r")
    except (OSError, ValueError, KeyError) as error:
        raise FaultError(unreadable(store, "zarr", error, "store")) from error
    yield {"": opened} if hasattr(opened, "shape") else dict(_arrays_below(opened, ""))


def _arrays_below(group: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    """Yield all arrays of a group, and of the groups in it, with their names."""
    for name, array in group.arrays():
        yield prefix + name, array
    for name, inner in group.groups():
        yield from _arrays_below(inner, f"{prefix}{name}/")


@contextmanager
def _of_npy(file: Path) -> Iterator[tuple[Any, Any]]:
    """Open the array of a file, without weights."""
    with ExitStack() as stack:
        try:
            array = stack.enter_context(opened_npy(file))
        except ValueError as error:
            raise ValueError(
                f"path names {str(file)!r}, which cannot be read as NumPy's ({error}): give a whole .npy file of "
                "numbers"
            ) from error
        yield array, None
