"""Arrays in zarr stores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gmmx._optional import import_optional
from gmmx.data._arrays import OpenArrays, find_array, reader_of_arrays
from gmmx.data._reader import Paths, Reader, files_of

_PURPOSE = "Reading zarr stores"


@dataclass(frozen=True)
class _Zarr:
    """Opens the arrays of zarr stores."""

    array: str | None
    weights: str | None

    @contextmanager
    def __call__(self, store: Path) -> Iterator[OpenArrays]:
        """Open those of one store."""
        zarr = import_optional("zarr", _PURPOSE, "data")
        try:
            opened = zarr.open(str(store), mode="r")
        except (OSError, ValueError, KeyError) as error:
            raise ValueError(
                f"path names {str(store)!r}, which cannot be read as zarr ({error}): give a whole store"
            ) from error
        arrays = {"": opened} if hasattr(opened, "shape") else dict(_arrays(opened, ""))
        yield OpenArrays(
            find_array(arrays, self.array, 2, "array", str(store)),
            None if self.weights is None else find_array(arrays, self.weights, 1, "weights", str(store)),
        )


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

    columns : sequence of int, default=None
        Columns of the array to fit, counted from 0, in this order. None selects all except the weights.

    weight_column : int, default=None
        Column of the array that contains the sample weights. None, without `weights`, gives every row the weight 1.

    weights : str, default=None
        Name of an array of shape (n_samples,) that contains the sample weights. None, without `weight_column`, gives
        every row the weight 1.

    batch_size : int, default=None
        Number of rows in a batch, at least 1. None uses as many as fit in 8 MiB, at most 131,072, rounded to whole
        chunks of the store.

    Returns
    -------
    reader : Reader
        Batches of rows, read from the files in each iteration. At least one chunk is in memory; if the chunks are whole
        columns, that is a whole column.

    Raises
    ------
    ImportError
        If zarr is not installed.
    FileNotFoundError
        If a store does not exist.
    ValueError, TypeError
        If a path is not a store, an array is missing, not numeric or has the wrong shape, or an argument is not as
        described. While iterating: if a number is not finite or a weight is negative.

    Examples
    --------
    >>> import gmmx, numpy, zarr
    >>> _ = zarr.save("measurements.zarr", numpy.array([[1.4, 0.2], [5.9, 1.8], [5.1, 1.5]]))
    >>> batches = gmmx.data.from_zarr("measurements.zarr", batch_size=2)
    >>> [X.tolist() for X in batches]
    [[[1.4, 0.2], [5.9, 1.8]], [[5.1, 1.5]]]
    """
    import_optional("zarr", _PURPOSE, "data")
    return reader_of_arrays(
        "zarr", files_of(path, (), folders=False), _Zarr(array, weights), columns, weight_column, weights, batch_size
    )


def _arrays(group: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    """List all arrays of a group, and of the groups in it, with their names."""
    for name, array in group.arrays():
        yield prefix + name, array
    for name, inner in group.groups():
        yield from _arrays(inner, f"{prefix}{name}/")
