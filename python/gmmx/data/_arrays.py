"""Arrays in files, read in slices of rows: those with names in HDF5 files and zarr stores, NumPy's, and open ones."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmx._docstrings import with_fragments
from gmmx._optional import import_optional
from gmmx._text import printable
from gmmx.data._reader import (
    BATCH_SIZE,
    COLUMNS_BY_NUMBER,
    Paths,
    Piece,
    Reader,
    checked,
    described,
    files_of,
    listed,
    rows_of_bytes,
    unreadable,
)
from gmmx.io._data_errors import Fault, FaultError
from gmmx.io._file_formats import FORMATS
from gmmx.io._memory_maps import refuse_cut_off
from gmmx.io._npy_file import opened_npy

__all__ = ["from_hdf5", "from_npy", "from_zarr", "reader_of_array", "reader_of_arrays"]

# Opens the rows of a file and their weights: arrays of h5py, zarr or NumPy.
Opener = Callable[[Path], AbstractContextManager[tuple[Any, Any]]]

_h5py = partial(import_optional, "h5py", "Reading HDF5 files", "data")
_zarr = partial(import_optional, "zarr", "Reading zarr stores", "data")

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


@with_fragments(columns=COLUMNS_BY_NUMBER, batch_size=BATCH_SIZE, raises=_RAISES)
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
    {raises}

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


def reader_of_arrays(
    kind: str,
    files: list[Path],
    opener: Opener,
    columns: Sequence[int] | None,
    weight_column: int | None,
    weights: str | None,
    batch_size: int | None,
    *,
    keep_missing: bool = False,
) -> Reader:
    """Look at the arrays of all files and return their rows as batches.

    `opener` opens the arrays of one file; columns, weights and batch size are those of `from_hdf5`. `keep_missing`
    accepts NaN, which stands for missing values.
    """
    if weights is not None and weight_column is not None:
        raise ValueError("weights and weight_column both say where the weights are: leave one out")
    dtypes, widths, chunks = set(), set(), [1]
    n_rows = 0
    for file in files:
        with opener(file) as (array, sample_weight):
            _check(array, sample_weight, printable(file))
            dtypes.add(np.dtype(array.dtype))
            widths.add(array.shape[1])
            chunks.append((getattr(array, "chunks", None) or [1])[0])
            n_rows += array.shape[0]
    if len(widths) > 1:
        raise ValueError(f"path names arrays of {sorted(widths)} columns, but all must have the same ones")
    if not n_rows:
        raise FaultError(Fault("no rows", "path", value=described(f"{kind} files", files)))
    width = widths.pop()
    chosen = _chosen(columns, weight_column, width)
    dtype = np.dtype(np.float32 if dtypes == {np.dtype(np.float32)} else np.float64)
    n_features = width if chosen is None else len(chosen)
    size = rows_of_bytes(batch_size, n_features, dtype)
    chunk = max(chunks)
    at_once = chunk * max(1, size // chunk)  # whole chunks: a part of one would unpack all of it
    named = weight_column if weights is None else weights
    return Reader(
        described(kind, files),
        [_ArrayFile(file, opener, chosen, weight_column, dtype, at_once, named, keep_missing) for file in files],
        feature_names=None,
        n_features=n_features,
        dtype=dtype,
        batch_size=at_once if batch_size is None else size,
    )


def reader_of_array(array: Any, batch_size: int | None, sample_weight: Any = None, *, name: str = "source") -> Reader:
    """Return the rows of an open array of NumPy, h5py or zarr, and their weights, as batches; `name` is for errors."""
    opener = partial(_given, array, sample_weight)
    weights = None if sample_weight is None else "sample_weight"
    return reader_of_arrays(type(array).__name__, [Path(name)], opener, None, None, weights, batch_size)


def _given(array: Any, sample_weight: Any, file: Path) -> AbstractContextManager[tuple[Any, Any]]:
    """Return arrays that are open, whatever the file."""
    return nullcontext((array, sample_weight))


def _release(array: Any) -> None:
    """Let the system take back the memory of a mapped file; what was read stays in its cache while there is room.

    Of a private map ("copy-on-write") changes would be lost: it is left alone.
    """
    mapped = getattr(array, "_mmap", None)
    if mapped is not None and array.mode != "c" and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)


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
        X = _find_array(arrays, name, 2, argument, where)
        yield X, None if weights is None else _find_array(arrays, weights, 1, "weights", where)


def _find_array(arrays: Mapping[str, Any], name: str | None, n_dimensions: int, argument: str, where: str) -> Any:
    """Return the array of a name, or the only one with this number of dimensions."""
    if name is not None and name.strip("/") in arrays:
        return arrays[name.strip("/")]
    candidates = [known for known, array in arrays.items() if len(array.shape or ()) == n_dimensions]
    dimensions = f"{n_dimensions} dimension{'s' if n_dimensions > 1 else ''}"
    if name is not None:
        raise ValueError(
            f"{argument} is {name!r}, but {where!r} has no array of this name; of {dimensions} it has "
            f"{listed(candidates)}"
        )
    if len(candidates) != 1:
        raise ValueError(
            f"{argument} is not given, but {where!r} has {len(candidates)} arrays of {dimensions}: name the one to "
            f"fit, of {listed(candidates)}"
        )
    return arrays[candidates[0]]


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


@dataclass(frozen=True)
class _ArrayFile:
    """Columns of an array in a file that was looked at."""

    file: Path
    opener: Opener
    columns: list[int] | None
    weight_column: int | None
    dtype: np.dtype[Any]
    rows_at_once: int
    weights: str | int | None
    keep_missing: bool

    def __iter__(self) -> Iterator[Piece]:
        """Read from the first row on."""
        with self.opener(self.file) as (array, sample_weight):
            for begin in range(0, array.shape[0], self.rows_at_once):
                yield checked(
                    self._piece(array, sample_weight, slice(begin, begin + self.rows_at_once)),
                    printable(self.file),
                    begin,
                    feature_names=self.columns,
                    weights=self.weights,
                    keep_missing=self.keep_missing,
                )
                _release(array)

    def _piece(self, array: Any, sample_weight: Any, span: slice) -> Piece:
        refuse_cut_off(array, "source")
        read = np.array if isinstance(array, np.memmap) else np.asarray  # a view of a map has read nothing
        rows: npt.NDArray[Any] = read(array[span])
        X = rows if self.columns is None else rows[:, self.columns]
        weights = None
        if self.weight_column is not None:
            weights = rows[:, self.weight_column].astype(np.float64)
        elif sample_weight is not None:
            weights = np.asarray(sample_weight[span]).astype(np.float64)
        return Piece(np.ascontiguousarray(X, dtype=self.dtype), weights)


def _check(X: Any, sample_weight: Any, where: str) -> None:
    """Refuse arrays that are not numeric matrices, and weights that do not match them."""
    if len(X.shape) != 2 or 0 in X.shape[1:]:
        raise ValueError(f"{where} holds an array of shape {X.shape}, but must hold one of (n_samples, n_features)")
    if np.dtype(X.dtype).kind not in "fiub":
        raise ValueError(f"{where} holds an array of dtype {X.dtype}, but it must hold real numbers")
    if sample_weight is None:
        return
    if sample_weight.shape != X.shape[:1] or np.dtype(sample_weight.dtype).kind not in "fiub":
        raise ValueError(
            f"{where} holds weights of shape {sample_weight.shape} and dtype {sample_weight.dtype}, but they must be "
            f"numbers of shape {X.shape[:1]}: one for each row"
        )


def _chosen(columns: Sequence[int] | None, weight_column: int | None, width: int) -> list[int] | None:
    """Return the indices of the columns that are features; None: all of them."""
    if weight_column is not None:
        _check_index("weight_column", weight_column, width)
    if columns is None:
        if weight_column is None:
            return None
        chosen = [column for column in range(width) if column != weight_column]
    elif isinstance(columns, str) or not isinstance(columns, Sequence):
        raise TypeError(f"columns is {columns!r}, but must be a list of column numbers, such as [0, 1]")
    else:
        for column in columns:
            _check_index("columns", column, width)
        chosen = [int(column) for column in columns]
    if not chosen:
        raise ValueError("columns leaves no column to fit: name at least one")
    if len(set(chosen)) < len(chosen) or weight_column in chosen:
        raise ValueError(f"columns is {chosen} and weight_column {weight_column}: no column may stand there twice")
    return chosen


def _check_index(argument: str, column: Any, width: int) -> None:
    if isinstance(column, bool) or not isinstance(column, Integral):
        raise TypeError(f"{argument} holds {column!r}, but columns of an array have numbers, the first 0")
    if not 0 <= int(column) < width:
        raise ValueError(f"{argument} holds {column}, but the columns of the array are 0 to {width - 1}")
